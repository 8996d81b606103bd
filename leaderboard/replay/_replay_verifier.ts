// This module is browser compatible.
import { decodeReplay } from "./read_replay.ts";
import type { ReplayStore, ReplayUpload } from "./replay_store.ts";

/** Each holds a replay whole. */
const MAX_RUNNING = 2;
/** Each of these holds nothing but a request. */
const MAX_WAITING = 256;

/**
 * What an upload turned out to be; `"gone"` if it was completed or given up meanwhile, `"busy"` if there was no room to
 * find out.
 */
export type ReplayVerdict = "right" | "wrong" | "gone" | "busy";

/** Finds out whether uploads are what they were said to be: a few at a time, and each once at a time. */
export class ReplayVerifier {
  readonly #store: ReplayStore;
  readonly #verdicts = new Map<string, Promise<ReplayVerdict>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(store: ReplayStore) {
    this.#store = store;
  }

  /** Verifies an upload of which every byte is there. */
  verify(upload: ReplayUpload): Promise<ReplayVerdict> {
    const { id } = upload;
    const known = this.#verdicts.get(id);
    if (known !== undefined) return known;
    if (this.#waiting.length >= MAX_WAITING) return Promise.resolve("busy");
    const verdict = this.#verify(upload).finally(() =>
      this.#verdicts.delete(id)
    );
    this.#verdicts.set(id, verdict);
    return verdict;
  }

  async #verify(upload: ReplayUpload): Promise<ReplayVerdict> {
    if (this.#running >= MAX_RUNNING) {
      // Who ends hands its place on.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
    try {
      let isGone = false;
      const decoded = await decodeReplay(upload, async (offset, maxBytes) => {
        const bytes = await this.#store.readUpload(upload.id, offset, maxBytes);
        isGone ||= bytes === undefined;
        return bytes;
      });
      if (isGone) return "gone";
      return decoded === undefined ? "wrong" : "right";
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
