// This module is browser compatible.
import { SeededRandom } from "../../../core/mod.ts";
import { Connection, type ConnectionOptions, NoRedundancy } from "../../mod.ts";

/** What the wire between two connections does to packets. */
export interface WireOptions {
  readonly delayMs?: number;
  readonly jitterMs?: number;
  readonly loss?: number;
  readonly duplicates?: number;
  /** Larger payloads vanish. */
  readonly maxBytes?: number;
}

interface Flight {
  readonly atMs: number;
  readonly order: number;
  readonly to: number;
  readonly packet: Uint8Array;
}

/** Two connections over a wire in virtual time. Same seed and calls, same bytes. */
export class LossyPair {
  readonly ends: readonly [Connection, Connection];
  readonly random: SeededRandom;
  /** Each packet that was sent is shown here first; `false` loses it. */
  tap: (packet: Uint8Array, from: number) => boolean = () => true;
  wire: WireOptions;
  nowMs: number;
  packets = 0;
  bytes = 0;
  flushes = 0;
  #flights: Flight[] = [];
  #order = 0;

  constructor(
    seed: number,
    wire: WireOptions = {},
    options: ConnectionOptions = {},
    startMs = 0,
  ) {
    this.random = new SeededRandom(seed);
    this.wire = wire;
    this.nowMs = startMs;
    // Copies hide what tests are about, unless they ask for them.
    const redundancy = () => new NoRedundancy();
    const [a, b] = [1, 2].map((i) =>
      new Connection({
        random: new SeededRandom(seed + i),
        redundancy,
        ...options,
      })
    );
    this.ends = [a!, b!];
  }

  flush(end: number): void {
    this.flushes++;
    this.ends[end]!.flush(this.nowMs, (packet) => {
      this.packets++;
      this.bytes += packet.length;
      if (!this.tap(packet, end)) return true;
      const { loss = 0, duplicates = 0, maxBytes = Infinity } = this.wire;
      if (packet.length > maxBytes) return true;
      if (this.random.nextFloat() >= loss) this.#fly(packet, 1 - end);
      if (this.random.nextFloat() < duplicates) this.#fly(packet, 1 - end);
      return true;
    });
  }

  /**
   * Lets time pass, up to what comes next or `untilMs`: flushes an end when it wants to be.
   * Returns whether anything was left to do.
   */
  step(untilMs: number): boolean {
    const [a, b] = this.ends;
    const next = this.#flights[0]?.atMs ?? Infinity;
    const atMs = Math.min(next, a.nextWakeMs, b.nextWakeMs);
    if (atMs > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs);
      return false;
    }
    this.nowMs = Math.max(this.nowMs, atMs);
    while (this.#flights.length > 0 && this.#flights[0]!.atMs <= this.nowMs) {
      const { to, packet } = this.#flights.shift()!;
      this.ends[to]!.receive(packet, this.nowMs);
    }
    for (let end = 0; end < 2; end++) {
      if (this.ends[end]!.nextWakeMs <= this.nowMs) this.flush(end);
    }
    return true;
  }

  /** Lets time pass until `untilMs`, polling both ends after each step. */
  run(
    untilMs: number,
    sink: (end: number, bytes: Uint8Array, channel: number) => void = () => {},
  ): void {
    for (;;) {
      const hasMore = this.step(untilMs);
      for (let end = 0; end < 2; end++) {
        this.ends[end]!.poll((bytes, channel) => sink(end, bytes, channel));
      }
      if (!hasMore) return;
    }
  }

  #fly(packet: Uint8Array, to: number): void {
    const { delayMs = 10, jitterMs = 0 } = this.wire;
    const flight = {
      atMs: this.nowMs + delayMs + this.random.nextFloat() * jitterMs,
      order: this.#order++,
      to,
      packet: packet.slice(),
    };
    let at = this.#flights.length;
    while (at > 0 && this.#flights[at - 1]!.atMs > flight.atMs) at--;
    this.#flights.splice(at, 0, flight);
  }
}
