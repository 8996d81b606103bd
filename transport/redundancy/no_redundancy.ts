// This module is browser compatible.
import type { RedundancyPolicy } from "./redundancy_policy.ts";

/**
 * No copies ever: what is lost is sent again when that is known. For a LAN, and to
 * compare with.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NoRedundancy } from "@tickwire/net/transport";
 *
 * assertEquals(new NoRedundancy().copies(100, 0), 0);
 * ```
 */
export class NoRedundancy implements RedundancyPolicy {
  /** Not measured: 0. */
  readonly lossRate: number = 0;
  /** Not measured: 1. */
  readonly burstLength: number = 1;

  /** Always 0. */
  copies(_messageBytes: number, _nowMs: number): number {
    return 0;
  }

  /** Never asked for: 0. */
  delayMs(_index: number): number {
    return 0;
  }

  /** Does nothing. */
  onSent(_bytes: number, _isCopy: boolean, _nowMs: number): void {}

  /** Does nothing. */
  onFate(
    _number: number,
    _sentMs: number,
    _isLost: boolean,
    _nowMs: number,
  ): void {}

  /** Does nothing. */
  onSpuriousLoss(_number: number, _sentMs: number): void {}

  /** Does nothing. */
  onRtt(_smoothedMs: number, _variationMs: number, _minMs: number): void {}
}
