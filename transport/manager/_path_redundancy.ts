// This module is browser compatible.
import { AdaptiveRedundancy } from "../redundancy/adaptive_redundancy.ts";
import { NoRedundancy } from "../redundancy/no_redundancy.ts";
import type { RedundancyPolicy } from "../redundancy/redundancy_policy.ts";

/** What a peer's path wants if nobody says otherwise: copies, and none where nothing is lost. */
export class PathRedundancy implements RedundancyPolicy {
  #isLossless: boolean;
  #policy: RedundancyPolicy;

  constructor(isLossless: boolean) {
    this.#isLossless = isLossless;
    this.#policy = makePolicy(isLossless);
  }

  get lossRate(): number {
    return this.#policy.lossRate;
  }

  get burstLength(): number {
    return this.#policy.burstLength;
  }

  /** The peer is somewhere else. */
  onPathChange(isLossless: boolean): void {
    if (isLossless === this.#isLossless) return;
    this.#isLossless = isLossless;
    this.#policy = makePolicy(isLossless);
  }

  copies(messageBytes: number, nowMs: number): number {
    return this.#policy.copies(messageBytes, nowMs);
  }

  delayMs(index: number): number {
    return this.#policy.delayMs(index);
  }

  onSent(bytes: number, isCopy: boolean, nowMs: number): void {
    this.#policy.onSent(bytes, isCopy, nowMs);
  }

  onFate(number: number, sentMs: number, isLost: boolean, nowMs: number): void {
    this.#policy.onFate(number, sentMs, isLost, nowMs);
  }

  onSpuriousLoss(number: number, sentMs: number): void {
    this.#policy.onSpuriousLoss(number, sentMs);
  }

  onRtt(smoothedMs: number, variationMs: number, minMs: number): void {
    this.#policy.onRtt(smoothedMs, variationMs, minMs);
  }
}

function makePolicy(isLossless: boolean): RedundancyPolicy {
  return isLossless ? new NoRedundancy() : new AdaptiveRedundancy();
}
