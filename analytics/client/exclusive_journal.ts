// This module is browser compatible.
import { type Journal, JournalError } from "../../core/mod.ts";

/** What {@linkcode exclusiveJournal} needs of the web's `LockManager`. */
export interface LocksLike {
  /**
   * Asks for a lock, and holds it until what the callback gives is settled.
   *
   * @param name Its name.
   * @param options Whether the callback is to be called at once, with `null` where somebody else has it.
   * @param callback Called with the lock.
   * @returns A promise of what the callback gives.
   */
  request(
    name: string,
    options: { readonly ifAvailable: boolean },
    callback: (lock: unknown) => Promise<void> | undefined,
  ): Promise<unknown>;
}

/**
 * Lets one page at a time have a journal. `IndexedDbJournal` and `LocalStorageJournal` are the same one in every page of a
 * site, and each would take the session of another for one that a crash has ended. Pages that come later keep what waits
 * in memory; a `FileJournal` is locked by itself.
 *
 * @param name The name of the lock, the same in every page.
 * @param open Opens the journal.
 * @param locks Where locks are: `navigator.locks` by default.
 * @returns What the option `journal` takes. It rejects with a `JournalError`: `"locked"` where another page has the lock,
 * `"storage"` where there are no locks.
 *
 * @example In a page
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { IndexedDbJournal } from "@tickwire/net/core";
 * import { Analytics, exclusiveJournal } from "@tickwire/net/analytics";
 *
 * const analytics = new Analytics("1.2.0", "web", {
 *   journal: exclusiveJournal("analytics", () => IndexedDbJournal.open("analytics")),
 * });
 * assertEquals(analytics.consent, "unset"); // nothing is locked or opened yet
 * ```
 */
export function exclusiveJournal(
  name: string,
  open: () => Journal | Promise<Journal>,
  locks: LocksLike | undefined = locksOfPage(),
): () => Promise<Journal> {
  return () =>
    new Promise((resolve, reject) => {
      if (locks === undefined) {
        throw new JournalError(
          "storage",
          "Cannot open the journal as the runtime has no locks",
        );
      }
      locks.request(name, { ifAvailable: true }, (lock) => {
        if (lock !== null) return hold(open, resolve, reject);
        reject(
          new JournalError(
            "locked",
            `Cannot open the journal as another page has it: "${name}"`,
          ),
        );
        return undefined;
      }).catch(reject);
    });
}

function locksOfPage(): LocksLike | undefined {
  const { navigator } = globalThis as { navigator?: { locks?: LocksLike } };
  return navigator?.locks;
}

/** Opens the journal. What it gives is settled when the journal is closed, or was not opened. */
async function hold(
  open: () => Journal | Promise<Journal>,
  resolve: (journal: Journal) => void,
  reject: (error: unknown) => void,
): Promise<void> {
  try {
    const journal = await open();
    await new Promise<void>((release) => resolve(closing(journal, release)));
  } catch (error) {
    reject(error);
  }
}

/** The journal, which tells when it is closed. */
function closing(journal: Journal, onClosed: () => void): Journal {
  return {
    append: (bytes) => journal.append(bytes),
    read: (afterId, maxBytes) => journal.read(afterId, maxBytes),
    remove: (upToId) => journal.remove(upToId),
    close: () => journal.close().finally(onClosed),
  };
}
