// This module is browser compatible.

/** One entry of a {@linkcode Journal}. */
export interface JournalEntry {
  /** The id that `append()` gave it: 1 or more, ascending. */
  readonly id: number;
  /** What was appended; it belongs to the reader. */
  readonly bytes: Uint8Array;
}

/**
 * A bounded queue of byte strings that outlives the program: what was accepted
 * but not yet delivered waits here over a crash or a restart. A producer appends;
 * a consumer reads from the front, delivers, and then removes, so that an entry
 * is delivered at least once.
 *
 * Calls take effect in the order they are made, without waiting for the promise
 * of the one before. Every call of a closed journal but `close()` rejects with
 * code `"closed"`.
 */
export interface Journal {
  /**
   * Adds an entry at the end.
   *
   * @param bytes The entry, which may be empty. It is copied before the call
   * returns.
   * @returns A promise of the entry's id, which resolves when the entry will
   * survive what the implementation promises. Ids are safe integers, start at 1,
   * ascend (not always by one) and are never given twice, not even after a
   * restart with all entries removed.
   * @throws {JournalError} With code `"full"` if the entry would exceed
   * `maxBytes` or `maxEntries`, or the storage has no room; with `"storage"` if
   * the storage failed. The journal is unchanged then.
   */
  append(bytes: Uint8Array): Promise<number>;
  /**
   * Reads the oldest entries after a given one. They stay in the journal.
   *
   * @param afterId The id after which to begin; 0 for the start.
   * @param maxBytes How many bytes the entries may have together: 0 or more. The
   * first entry is returned even if it alone has more.
   * @returns A promise of the entries, in ascending order of their ids; empty if
   * there is none after `afterId`.
   * @throws {JournalError} With code `"storage"` if the storage failed.
   */
  read(afterId: number, maxBytes: number): Promise<readonly JournalEntry[]>;
  /**
   * Removes all entries up to a given one.
   *
   * @param upToId The id of the last entry to remove. It need not exist: ids
   * that were not given yet are not affected.
   * @throws {JournalError} With code `"full"` or `"storage"` if the storage
   * failed. The entries are still there then.
   */
  remove(upToId: number): Promise<void>;
  /**
   * Finishes what is under way and gives the storage back. The entries stay.
   * Closing twice has no effect.
   */
  close(): Promise<void>;
}

/** How much a {@linkcode Journal} holds. */
export interface JournalLimits {
  /**
   * How many bytes all entries may have together: an integer, 1 or more.
   *
   * @default {4194304}
   */
  readonly maxBytes?: number;
  /**
   * How many entries there may be: an integer, 1 or more.
   *
   * @default {10000}
   */
  readonly maxEntries?: number;
}

/**
 * Why a journal refused or failed: `"full"`, it or its storage has no room;
 * `"closed"`, `close()` was called before; `"locked"`, it is open elsewhere;
 * `"storage"`, the storage failed, as `cause` says.
 */
export type JournalErrorCode = "full" | "closed" | "locked" | "storage";

/**
 * What the methods of a {@linkcode Journal} reject with.
 *
 * @example Refuse work that cannot be stored
 * ```ts
 * import { assertEquals, assertInstanceOf } from "@std/assert";
 * import { JournalError, MemoryJournal } from "@tickwire/net/core";
 *
 * const journal = new MemoryJournal({ maxBytes: 8 });
 * try {
 *   await journal.append(new Uint8Array(9));
 * } catch (error) {
 *   assertInstanceOf(error, JournalError);
 *   assertEquals(error.code, "full");
 * }
 * ```
 */
export class JournalError extends Error {
  /** Why the call was rejected. */
  readonly code: JournalErrorCode;

  /**
   * Creates an error, for implementations of {@linkcode Journal}.
   *
   * @param code Why the call is rejected.
   * @param message What is wrong, for people.
   * @param options The `cause`, where there is one.
   */
  constructor(code: JournalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "JournalError";
    this.code = code;
  }
}
