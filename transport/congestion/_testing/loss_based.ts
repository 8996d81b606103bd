// This module is browser compatible.
import type { AckSample, CongestionControl } from "../congestion_control.ts";

const SEGMENT = 1200;

/**
 * What most of the Internet's traffic does: Reno (RFC 5681) or CUBIC (RFC 9438), to
 * compete with in tests. Neither paces.
 */
export class LossBased implements CongestionControl {
  windowBytes = 10 * SEGMENT;
  readonly pacingRate = Infinity;
  readonly burstBytes = Infinity;
  readonly #isCubic: boolean;
  #thresholdBytes = Infinity;
  #recoveryEndBytes = 0;
  #epochMs = -1;
  #originSegments = 0;
  #kSeconds = 0;

  constructor(kind: "reno" | "cubic") {
    this.#isCubic = kind === "cubic";
  }

  get phase(): string {
    return this.windowBytes < this.#thresholdBytes ? "slowStart" : "avoidance";
  }

  onSent(): void {}

  onAck(sample: Readonly<AckSample>): void {
    if (sample.lostBytes > 0) {
      if (sample.ackedBytes === 0) {
        this.#reduce(sample);
        this.windowBytes = 2 * SEGMENT;
        return;
      }
      // Once for each round trip.
      if (sample.priorDeliveredBytes >= this.#recoveryEndBytes) {
        this.#reduce(sample);
      }
      return;
    }
    if (this.windowBytes < this.#thresholdBytes) {
      this.windowBytes += sample.ackedBytes;
    } else if (this.#isCubic) {
      this.#growCubic(sample);
    } else {
      this.windowBytes += SEGMENT * sample.ackedBytes / this.windowBytes;
    }
  }

  onSpuriousLoss(): void {}
  onPathChange(): void {}

  #reduce(sample: Readonly<AckSample>): void {
    this.#recoveryEndBytes = sample.deliveredBytes;
    this.#originSegments = this.windowBytes / SEGMENT;
    const factor = this.#isCubic ? 0.7 : 0.5;
    this.windowBytes = Math.max(2 * SEGMENT, factor * this.windowBytes);
    this.#thresholdBytes = this.windowBytes;
    this.#epochMs = sample.nowMs;
    this.#kSeconds = Math.cbrt(this.#originSegments * 0.3 / 0.4);
  }

  #growCubic(sample: Readonly<AckSample>): void {
    const seconds = (sample.nowMs - this.#epochMs + sample.smoothedRttMs) /
      1000;
    const segments = 0.4 * (seconds - this.#kSeconds) ** 3 +
      this.#originSegments;
    const target = segments * SEGMENT;
    const step = SEGMENT * sample.ackedBytes / this.windowBytes;
    // As fast as Reno at least.
    this.windowBytes += target > this.windowBytes
      ? Math.max(
        step * 0.53,
        (target - this.windowBytes) * sample.ackedBytes / this.windowBytes,
      )
      : step * 0.53;
  }
}
