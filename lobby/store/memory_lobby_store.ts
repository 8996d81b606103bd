// This module is browser compatible.
import {
  type LobbyBatch,
  type LobbyRecord,
  type LobbyRecordKey,
  type LobbyStore,
  LobbyStoreError,
} from "./lobby_store.ts";

/**
 * A {@linkcode LobbyStore} in memory: what it has saved is gone with the process. For tests, and for servers whose lobbies
 * need not outlive them.
 *
 * @example Save, and load again
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryLobbyStore } from "@tickwire/net/lobby";
 *
 * const store = new MemoryLobbyStore();
 * await store.save({ changed: [{ kind: "lobby", key: "a", value: "{}" }], removed: [] });
 * assertEquals(await store.load(), [{ kind: "lobby", key: "a", value: "{}" }]);
 * await store.close();
 * ```
 */
export class MemoryLobbyStore implements LobbyStore {
  readonly #records = new Map<string, LobbyRecord>();
  #isClosed = false;

  /** How many records there are. */
  get size(): number {
    return this.#records.size;
  }

  /**
   * Reads all that is there. See {@linkcode LobbyStore.load}.
   *
   * @returns A promise of the records, the one that was new first first.
   */
  load(): Promise<readonly LobbyRecord[]> {
    if (this.#isClosed) return Promise.reject(closed("load"));
    return Promise.resolve([...this.#records.values()]);
  }

  /**
   * Saves a batch. See {@linkcode LobbyStore.save}.
   *
   * @param batch What changes.
   * @returns A promise that resolves when it is saved: in the turn after the call.
   */
  save(batch: LobbyBatch): Promise<void> {
    if (this.#isClosed) return Promise.reject(closed("save"));
    for (const { kind, key, value } of batch.changed) {
      this.#records.set(nameOf({ kind, key }), { kind, key, value });
    }
    for (const record of batch.removed) this.#records.delete(nameOf(record));
    return Promise.resolve();
  }

  /**
   * Closes the store, and forgets what it had.
   *
   * @returns A promise that has resolved.
   */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#records.clear();
    return Promise.resolve();
  }
}

/** No kind has a colon. */
function nameOf({ kind, key }: LobbyRecordKey): string {
  return `${kind}:${key}`;
}

function closed(action: string): LobbyStoreError {
  return new LobbyStoreError(
    "closed",
    `Cannot ${action} as the store is closed`,
  );
}
