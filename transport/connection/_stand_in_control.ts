// This module is browser compatible.
import type { RedundancyPolicy } from "../redundancy/redundancy_policy.ts";

/** No copies. */
export class NoCopies implements RedundancyPolicy {
  readonly lossRate: number = 0;
  readonly burstLength: number = 1;
  copies(): number {
    return 0;
  }
  delayMs(): number {
    return 0;
  }
  onSent(): void {}
  onFate(): void {}
  onSpuriousLoss(): void {}
  onRtt(): void {}
}
