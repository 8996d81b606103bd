// This module is browser compatible.
import type { CongestionControl } from "../congestion/congestion_control.ts";
import type { RedundancyPolicy } from "../redundancy/redundancy_policy.ts";

/** A window that never changes. */
export class FixedWindow implements CongestionControl {
  readonly windowBytes: number = 4_000_000;
  readonly pacingRate: number = Infinity;
  readonly burstBytes: number = Infinity;
  readonly phase: string = "fixed";
  onSent(): void {}
  onAck(): void {}
  onSpuriousLoss(): void {}
  onPathChange(): void {}
}

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
