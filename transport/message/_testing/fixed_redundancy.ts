// This module is browser compatible.
import type { RedundancyPolicy } from "../../redundancy/redundancy_policy.ts";

/** Always the same copies: none, or one after each of the delays. */
export class FixedRedundancy implements RedundancyPolicy {
  readonly lossRate = 0;
  readonly burstLength = 1;
  /** Bytes that it was told of: first sendings and copies. */
  readonly sentBytes: [number, number] = [0, 0];
  readonly #delaysMs: readonly number[];

  constructor(...delaysMs: number[]) {
    this.#delaysMs = delaysMs;
  }

  copies(): number {
    return this.#delaysMs.length;
  }

  delayMs(index: number): number {
    return this.#delaysMs[index]!;
  }

  onSent(bytes: number, isCopy: boolean): void {
    this.sentBytes[isCopy ? 1 : 0] += bytes;
  }

  onFate(): void {}
  onSpuriousLoss(): void {}
  onRtt(): void {}
}
