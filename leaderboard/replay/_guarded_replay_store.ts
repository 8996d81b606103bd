// This module is browser compatible.
import { StoreGuard } from "../store/store_guard.ts";
import type {
  ReplayAppendResult,
  ReplayBeginResult,
  ReplayStore,
  ReplayUpload,
  ReplayUploadRequest,
  StoredReplay,
} from "./replay_store.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A store whose failures are counted and told, and are all `LeaderboardError`s, whatever it throws. */
export class GuardedReplayStore implements ReplayStore {
  readonly #store: ReplayStore;
  readonly #guard: StoreGuard;

  constructor(store: ReplayStore, onError: (error: unknown) => void) {
    this.#store = store;
    this.#guard = new StoreGuard("replay store", onError);
  }

  /** How many calls have failed. */
  get failures(): number {
    return this.#guard.failures;
  }

  begin(request: ReplayUploadRequest): Promise<ReplayBeginResult> {
    return this.#guard.run(() => this.#store.begin(request));
  }

  upload(id: string): Promise<ReplayUpload | undefined> {
    return this.#guard.run(() => this.#store.upload(id));
  }

  append(
    id: string,
    offset: number,
    bytes: Uint8Array,
    expiresMs: number,
  ): Promise<ReplayAppendResult> {
    return this.#guard.run(() =>
      this.#store.append(id, offset, bytes, expiresMs)
    );
  }

  readUpload(
    id: string,
    offset: number,
    maxBytes: number,
  ): Promise<Bytes | undefined> {
    return this.#guard.run(() => this.#store.readUpload(id, offset, maxBytes));
  }

  complete(id: string, nowMs: number): Promise<StoredReplay | undefined> {
    return this.#guard.run(() => this.#store.complete(id, nowMs));
  }

  abort(id: string): Promise<boolean> {
    return this.#guard.run(() => this.#store.abort(id));
  }

  removeExpired(nowMs: number, limit: number): Promise<number> {
    return this.#guard.run(() => this.#store.removeExpired(nowMs, limit));
  }

  replay(sha256: string): Promise<StoredReplay | undefined> {
    return this.#guard.run(() => this.#store.replay(sha256));
  }

  read(
    sha256: string,
    offset: number,
    maxBytes: number,
  ): Promise<Bytes | undefined> {
    return this.#guard.run(() => this.#store.read(sha256, offset, maxBytes));
  }

  touch(
    sha256: string,
    nowMs: number,
    isLinked?: boolean,
  ): Promise<StoredReplay | undefined> {
    return this.#guard.run(() => this.#store.touch(sha256, nowMs, isLinked));
  }

  unused(beforeMs: number, limit: number): Promise<readonly StoredReplay[]> {
    return this.#guard.run(() => this.#store.unused(beforeMs, limit));
  }

  remove(sha256: string, usedMs: number): Promise<boolean> {
    return this.#guard.run(() => this.#store.remove(sha256, usedMs));
  }

  /** Does nothing: the store is its owner's. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
