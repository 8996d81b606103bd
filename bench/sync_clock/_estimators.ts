// Those that tell the offset from the same messages.
import { NetworkClock } from "../../sync/mod.ts";
import type { Arrival } from "../../sync/clock/_testing/simulate_exchange.ts";

export interface Estimator {
  take(arrival: Arrival): void;
  /** What the server's clock is ahead of the client's; NaN while nothing is known. */
  readonly offset: number;
}

export const OURS = "tickwire NetworkClock";

export function makeEstimators(): ReadonlyMap<string, Estimator> {
  return new Map<string, Estimator>([
    [OURS, new Ours()],
    ["NTP, best of 64", new BestOf64()],
    ["smoothed pings (lightyear-like)", new Smoothed()],
    ["last ping", new LastPing()],
  ]);
}

export class Ours implements Estimator {
  readonly clock = new NetworkClock();

  take(arrival: Arrival): void {
    if (arrival.hasUp) {
      this.clock.recordUp(arrival.upSentMs, arrival.upReceivedMs);
    }
    this.clock.recordDown(arrival.sentMs, arrival.atMs);
  }

  get offset(): number {
    return this.clock.isSynced ? this.clock.offset : NaN;
  }
}

/** Of the last 64 exchanges the one with the lowest round trip (RFC 5905 has 8). */
class BestOf64 implements Estimator {
  readonly #delays = new Float64Array(64).fill(Infinity);
  readonly #offsets = new Float64Array(64).fill(NaN);
  #next = 0;

  take(arrival: Arrival): void {
    if (!arrival.hasUp) return;
    const place = this.#next++ % 64;
    this.#delays[place] = roundTripOf(arrival);
    this.#offsets[place] = offsetOf(arrival);
  }

  get offset(): number {
    let best = 0;
    for (let i = 1; i < 64; i++) {
      if (this.#delays[i]! < this.#delays[best]!) best = i;
    }
    return this.#offsets[best]!;
  }
}

/** Each ping moves the offset by an eighth. */
class Smoothed implements Estimator {
  offset = NaN;

  take(arrival: Arrival): void {
    if (!arrival.hasUp) return;
    const offset = offsetOf(arrival);
    this.offset = Number.isNaN(this.offset)
      ? offset
      : this.offset + (offset - this.offset) / 8;
  }
}

class LastPing implements Estimator {
  offset = NaN;

  take(arrival: Arrival): void {
    if (arrival.hasUp) this.offset = offsetOf(arrival);
  }
}

function offsetOf({ upSentMs, upReceivedMs, sentMs, atMs }: Arrival): number {
  return (upReceivedMs - upSentMs + sentMs - atMs) / 2;
}

function roundTripOf(arrival: Arrival): number {
  const { upSentMs, upReceivedMs, sentMs, atMs } = arrival;
  return atMs - upSentMs - (sentMs - upReceivedMs);
}
