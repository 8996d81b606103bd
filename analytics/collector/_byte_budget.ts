// This module is browser compatible.
import { unavailable } from "../../http/server/mod.ts";

/** Bounds how many bytes are held of all batches that are under way. */
export class ByteBudget {
  readonly #maxBytes: number;
  #bytes = 0;
  #refused = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How often there was no room. */
  get refused(): number {
    return this.#refused;
  }

  /** Begins to hold something, of 0 bytes at first. */
  open(): ByteLease {
    let held = 0;
    return {
      set: (bytes) => {
        if (this.#bytes - held + bytes > this.#maxBytes) {
          this.#refused += 1;
          throw unavailable();
        }
        this.#bytes += bytes - held;
        held = bytes;
      },
      release: () => {
        this.#bytes -= held;
        held = 0;
      },
    };
  }
}

/** What is held of one batch. */
export interface ByteLease {
  /**
   * Changes how many bytes are held.
   *
   * @throws {HttpProblem} `unavailable` if there is no room for them.
   */
  set(bytes: number): void;

  /** Ends it. */
  release(): void;
}
