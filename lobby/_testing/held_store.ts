import type {
  LobbyBatch,
  LobbyRecord,
  LobbyStore,
} from "../store/lobby_store.ts";
import { MemoryLobbyStore } from "../store/memory_lobby_store.ts";

/** A store in memory that answers when a test wants, or fails. */
export class HeldStore implements LobbyStore {
  readonly inner = new MemoryLobbyStore();
  readonly batches: LobbyBatch[] = [];
  /** Whether it answers by itself. */
  isHeld = false;
  /** What it rejects with, as long as that is there. */
  error: Error | undefined;
  #waiting: (() => void)[] = [];

  load(): Promise<readonly LobbyRecord[]> {
    return this.inner.load();
  }

  async save(batch: LobbyBatch): Promise<void> {
    this.batches.push(batch);
    if (this.isHeld) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.error !== undefined) throw this.error;
    await this.inner.save(batch);
  }

  /** Lets it answer from now on. */
  release(): void {
    this.isHeld = false;
    for (const answer of this.#waiting.splice(0)) answer();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
