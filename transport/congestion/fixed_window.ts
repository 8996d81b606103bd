// This module is browser compatible.
import type { AckSample, CongestionControl } from "./congestion_control.ts";

/**
 * No control at all: a fixed number of bytes in flight, sent at once. For a LAN that
 * is the game's own, and for tests; on the Internet it harms others, and itself.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FixedWindow } from "@tickwire/net/transport";
 *
 * const control = new FixedWindow(65_536);
 * assertEquals(control.windowBytes, 65_536);
 * assertEquals(control.pacingRate, Infinity);
 * ```
 */
export class FixedWindow implements CongestionControl {
  /** The most bytes of datagrams in flight: what it was created with. */
  readonly windowBytes: number;
  /** At once. */
  readonly pacingRate: number = Infinity;
  /** The whole window. */
  readonly burstBytes: number;
  /** Always the same. */
  readonly phase: string = "fixed";

  /**
   * Creates a window.
   *
   * @param windowBytes The most bytes of datagrams in flight: 1200 or more, `Infinity` allowed.
   * @throws {RangeError} If `windowBytes` is below 1200 or not a number.
   */
  constructor(windowBytes: number) {
    if (!(windowBytes >= 1200)) {
      throw new RangeError(
        `Cannot create a FixedWindow as windowBytes must be >= 1200: current value is ${windowBytes}`,
      );
    }
    this.windowBytes = windowBytes;
    this.burstBytes = windowBytes;
  }

  /** Does nothing. */
  onSent(
    _bytes: number,
    _inFlightBytes: number,
    _isAppLimited: boolean,
    _nowMs: number,
  ): void {}

  /** Does nothing. */
  onAck(_sample: Readonly<AckSample>): void {}

  /** Does nothing. */
  onSpuriousLoss(_bytes: number, _nowMs: number): void {}

  /** Does nothing. */
  onPathChange(_nowMs: number): void {}
}
