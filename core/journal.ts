// This module is browser compatible.

/** A record of a {@linkcode Journal}. */
export interface JournalEntry {
  /** Ascending, never reused: a safe integer of 1 or more. */
  readonly id: number;
  /** The record's bytes, which belong to the receiver. */
  readonly bytes: Uint8Array;
}

/** A bounded, durable first-in first-out queue of records. */
export interface Journal {
  /** Adds a record; resolves with its id when it is durable, rejects with a `JournalError` if it is full. */
  append(bytes: Uint8Array): Promise<number>;
  /** Reads records with ids above `afterId`, at least one if there is one, about `maxBytes` at the most. */
  read(afterId: number, maxBytes: number): Promise<readonly JournalEntry[]>;
  /** Removes all records with ids up to and including `upToId`. */
  remove(upToId: number): Promise<void>;
  /** Closes it; everything appended stays. */
  close(): Promise<void>;
}
