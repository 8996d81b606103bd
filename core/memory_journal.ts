// This module is browser compatible.
import { JournalEntries } from "./_journal_entries.ts";
import {
  checkBytes,
  checkId,
  checkMaxBytes,
  checkRoom,
  closedError,
  nextId,
  resolveLimits,
} from "./_journal_limits.ts";
import type { Journal, JournalEntry, JournalLimits } from "./journal.ts";

/**
 * A {@linkcode Journal} that lives as long as the object: for tests, and where
 * nothing has to survive a restart.
 *
 * @example Deliver, then remove
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryJournal } from "@tickwire/net/core";
 *
 * await using journal = new MemoryJournal();
 * await journal.append(new Uint8Array([1, 2, 3]));
 * const [entry] = await journal.read(0, 65_536);
 * assertEquals(entry?.bytes, new Uint8Array([1, 2, 3]));
 * await journal.remove(entry!.id);
 * assertEquals(await journal.read(0, 65_536), []);
 * ```
 */
export class MemoryJournal implements Journal {
  readonly #limits: Required<JournalLimits>;
  readonly #entries = new JournalEntries();
  #lastId = 0;
  #closed = false;

  /**
   * Creates an empty journal.
   *
   * @param limits How much it holds.
   * @throws {RangeError} If a limit is not an integer of 1 or more.
   */
  constructor(limits: JournalLimits = {}) {
    this.#limits = resolveLimits(limits);
  }

  /**
   * Adds an entry at the end. See {@linkcode Journal.append}.
   *
   * @param bytes The entry, which is copied.
   * @returns A promise of the entry's id.
   * @throws {JournalError} With code `"full"` or `"closed"`.
   */
  append(bytes: Uint8Array): Promise<number> {
    return this.#settle(() => {
      checkBytes(bytes);
      const { size, bytes: held } = this.#entries;
      checkRoom(this.#limits, held, size, bytes.length);
      const id = nextId(this.#lastId);
      this.#entries.push({ id, bytes: bytes.slice() });
      this.#lastId = id;
      return id;
    });
  }

  /**
   * Reads the oldest entries after a given one. See {@linkcode Journal.read}.
   *
   * @param afterId The id after which to begin; 0 for the start.
   * @param maxBytes How many bytes the entries may have together.
   * @returns A promise of copies of the entries.
   * @throws {JournalError} With code `"closed"`.
   */
  read(afterId: number, maxBytes: number): Promise<readonly JournalEntry[]> {
    return this.#settle(() => {
      checkId("read", "afterId", afterId);
      checkMaxBytes(maxBytes);
      return this.#entries.read(afterId, maxBytes);
    });
  }

  /**
   * Removes all entries up to a given one. See {@linkcode Journal.remove}.
   *
   * @param upToId The id of the last entry to remove.
   * @throws {JournalError} With code `"closed"`.
   */
  remove(upToId: number): Promise<void> {
    return this.#settle(() => {
      checkId("remove from", "upToId", upToId);
      this.#entries.remove(upToId);
    });
  }

  /** Makes every further call but this one reject. */
  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  /** Closes the journal at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #settle<T>(call: () => T): Promise<T> {
    // What the executor throws is what the promise rejects with.
    return new Promise((resolve) => {
      if (this.#closed) throw closedError();
      resolve(call());
    });
  }
}
