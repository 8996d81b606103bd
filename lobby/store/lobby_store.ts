// This module is browser compatible.

/** What a record is: a lobby, a player's place in a queue, or something of the server's own. */
export type LobbyRecordKind = "lobby" | "ticket" | "server";

/** Names a record. */
export interface LobbyRecordKey {
  /** What it is. */
  readonly kind: LobbyRecordKind;
  /** Which: 1 to 256 bytes of UTF-8, well-formed and without U+0000, compared as it is. */
  readonly key: string;
}

/** Something that outlives the process. */
export interface LobbyRecord extends LobbyRecordKey {
  /** What the server wrote: well-formed text without U+0000, JSON in fact, which is none of the store's business. */
  readonly value: string;
}

/** What changes together. No key is named twice in one. */
export interface LobbyBatch {
  /** Records that are new, or have another value from now on. */
  readonly changed: readonly LobbyRecord[];
  /** Records that are gone. That one of them is not there is no mistake. */
  readonly removed: readonly LobbyRecordKey[];
}

/**
 * Where a `LobbyServer` keeps what has to outlive it. One server writes to it at a time, which saves one batch after the
 * other; {@linkcode MemoryLobbyStore} keeps nothing longer than the process, `SqliteLobbyStore` of
 * `@tickwire/net/lobby/sqlite` writes a file.
 *
 * A store rejects with a {@linkcode LobbyStoreError}, and then has taken nothing of the batch, or may have taken all of it;
 * never a part. To save it again is right in either case.
 */
export interface LobbyStore {
  /**
   * Reads all that is there.
   *
   * @returns A promise of the records, in no order.
   */
  load(): Promise<readonly LobbyRecord[]>;
  /**
   * Saves a batch: all of it or nothing. When the promise resolves it is there after a crash, as far as this store promises
   * anything of the kind.
   *
   * @param batch What changes. It does not change while it is saved.
   * @returns A promise that resolves when it is saved.
   */
  save(batch: LobbyBatch): Promise<void>;
  /**
   * Closes the store, after what is being saved. Other calls reject from then on (`"closed"`); another `close` does nothing.
   *
   * @returns A promise that resolves when it is closed.
   */
  close(): Promise<void>;
}

/** Why a store failed: `"closed"`, `close()` was called before; `"storeFailed"`, the storage failed, as `cause` says. */
export type LobbyStoreErrorCode = "closed" | "storeFailed";

/**
 * What the methods of stores reject with.
 *
 * @example A store that is closed
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { LobbyStoreError, MemoryLobbyStore } from "@tickwire/net/lobby";
 *
 * const store = new MemoryLobbyStore();
 * await store.close();
 * const error = await assertRejects(() => store.load(), LobbyStoreError);
 * assertEquals(error.code, "closed");
 * ```
 */
export class LobbyStoreError extends Error {
  /** Why the call was rejected. */
  readonly code: LobbyStoreErrorCode;

  /**
   * Creates an error, for implementations of stores.
   *
   * @param code Why the call is rejected.
   * @param message What is wrong, for people.
   * @param options The `cause`, where there is one.
   */
  constructor(
    code: LobbyStoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "LobbyStoreError";
    this.code = code;
  }
}
