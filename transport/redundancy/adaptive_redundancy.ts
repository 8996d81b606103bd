// This module is browser compatible.
import type { RedundancyPolicy } from "./redundancy_policy.ts";

/** Options for {@linkcode AdaptiveRedundancy}. */
export interface AdaptiveRedundancyOptions {
  /**
   * The most bytes of copies for each byte that is sent the first time: 0 to 7.
   *
   * @default {2.5}
   */
  readonly maxOverhead?: number;
  /**
   * The most bytes of copies per second: 0 or more. Who sends so much that copies of it
   * would exceed this gets fewer of them, or none: there is always a next packet soon.
   *
   * @default {65_536}
   */
  readonly maxBytesPerSecond?: number;
}

const DEFAULT_MAX_OVERHEAD = 2.5;
const DEFAULT_MAX_BYTES_PER_SECOND = 65_536;
/** The most copies: beyond them a path is not worth playing on. */
const MAX_COPIES = 5;
/** Larger messages are bulk, of which nobody waits for a single one. */
const MAX_MESSAGE_BYTES = 600;
/** The share of messages that may be late as all their sendings were lost, or as they wait for one that was. */
const LATE_SHARE = 0.003;
/** So many copies are made also if the loss may be less than it seems. */
const DOUBTFUL_COPIES = 2;
/** Below this loss there are no copies: what they would spare is not seen. */
const MIN_LOSS = 0.003;
/** How many packets the measured loss looks back. */
const SLOW_PACKETS = 1024;
/** Before so many packets' fates are known there are some copies: the first losses should not be seen either. */
const UNKNOWN_PACKETS = 200;
const UNKNOWN_COPIES = 2;
/** A path that turns bad is noticed by so many packets, */
const FAST_PACKETS = 64;
/** if so many of them were lost (both decay), */
const FAST_LOSSES = 1.5;
/** but it is not thought worse than this before the slow average says so. */
const FAST_MAX_LOSS = 0.04;
/** How long copies stay after they seemed necessary. */
const HOLD_MS = 5000;
/** Longer bursts are counted as that long. */
const MAX_BURST = 16;
/** Runs of losses are forgotten: by half for each so many. */
const RUNS_HALF_LIFE = 32;
/** A copy is put so far that it shares a burst with the message in at most this share of losses. */
const SHARED_BURST = 0.15;
/** How often first sendings are taken to be, in milliseconds. */
const MIN_INTERVAL_MS = 2;
const MAX_INTERVAL_MS = 34;
/** A longer gap is a pause, and says nothing of how often. */
const PAUSE_MS = 136;
/** What may be saved up of the budget, and a second's worth. */
const SAVED_BYTES = 2400;
/** When there should have been an acknowledgement, in RTTs: so a last copy then leaves but seldom. */
const LAST_RTT = 1.1;
/** Copies are not spread further than that. */
const MAX_DELAY_MS = 150;

/**
 * The default policy: as many copies as the measured loss asks for, none on a clean
 * path, spread so that one burst of losses does not take all of them.
 *
 * With a loss of p the sendings of a message are all lost with p^(copies + 1), and
 * on an ordered channel all that come within the next round trip wait for it: the
 * number of copies is the least that makes this rare. Copies leave in packets of
 * their own between the game's ticks: these cost little more than their headers,
 * and the burst is over sooner the more packets there are. The first of them comes
 * as many packets after the message as a burst takes, and so on.
 *
 * It grows within a round trip of two losses, and shrinks after 5 s of less. Before
 * anything is known it expects a loss of 1 %.
 *
 * @example A path that loses every tenth packet
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { AdaptiveRedundancy } from "@tickwire/net/transport";
 *
 * const redundancy = new AdaptiveRedundancy();
 * redundancy.onRtt(100, 1, 100);
 * for (let i = 0; i < 300; i++) {
 *   redundancy.onSent(100, false, i * 16);
 *   redundancy.onFate(i, i * 16, i % 10 === 0, i * 16 + 100);
 * }
 * assert(redundancy.copies(100, 4800) >= 2);
 * assertEquals(redundancy.copies(1100, 4800), 0);
 * ```
 */
export class AdaptiveRedundancy implements RedundancyPolicy {
  readonly #maxOverhead: number;
  readonly #maxRate: number;

  // Loss: sums that decay with each packet.
  #slowLosses = 0;
  #slowPackets = 0;
  #fastLosses = 0;
  // Runs of losses, by their length - 1, decaying.
  readonly #runs = new Float32Array(MAX_BURST);
  #runCount = 0;
  #runLength = 0;
  #lastLost = -2;
  #spread = 1;
  // What is sent.
  #intervalMs = 1000 / 60;
  #lastFirstMs = -Infinity;
  #firstRate = 0;
  #rateBytes = 0;
  #rateFromMs = -Infinity;
  #budgetBytes = 0;
  // The plan.
  #rttMs = 100;
  #wanted = 0;
  #heldUntilMs = -Infinity;
  #isStale = true;
  #slotMs = 5;
  #planSpread = 1;
  /** How many copies come by their slots; the one after them if there is still no acknowledgement. */
  #planned = 0;
  #isPlanOld = true;

  /**
   * Creates a policy that knows nothing yet.
   *
   * @param options Its limits.
   * @throws {RangeError} If a limit is out of its range.
   */
  constructor(options: AdaptiveRedundancyOptions = {}) {
    const {
      maxOverhead = DEFAULT_MAX_OVERHEAD,
      maxBytesPerSecond = DEFAULT_MAX_BYTES_PER_SECOND,
    } = options;
    if (!(maxOverhead >= 0 && maxOverhead <= 7)) {
      throw new RangeError(
        `Cannot create an AdaptiveRedundancy as maxOverhead must be from 0 to 7: current value is ${maxOverhead}`,
      );
    }
    if (!(maxBytesPerSecond >= 0)) {
      throw new RangeError(
        `Cannot create an AdaptiveRedundancy as maxBytesPerSecond must be >= 0: current value is ${maxBytesPerSecond}`,
      );
    }
    this.#maxOverhead = maxOverhead;
    this.#maxRate = maxBytesPerSecond / 1000;
    // Three out of four alone, else four at once: until it is known better.
    this.#runs[0] = 0.75;
    this.#runs[3] = 0.25;
    this.#spread = this.#burstSpread();
  }

  /** The share of packets lost, 0 to 1, over about the last thousand. */
  get lossRate(): number {
    return this.#slowPackets === 0 ? 0 : this.#slowLosses / this.#slowPackets;
  }

  /** How many packets a burst of losses takes on average, 1 or more. */
  get burstLength(): number {
    let runs = 0;
    let losses = 0;
    for (let i = 0; i < MAX_BURST; i++) {
      runs += this.#runs[i]!;
      losses += (i + 1) * this.#runs[i]!;
    }
    return runs > 0 ? losses / runs : 1;
  }

  /**
   * Plans for a message that is sent now, the first time. Called for each of them.
   *
   * @param messageBytes Its length, 0 or more.
   * @param nowMs The time in milliseconds.
   * @returns How many copies it gets: 0 to 6, the last of them only seldom needed.
   */
  copies(messageBytes: number, nowMs: number): number {
    if (messageBytes > MAX_MESSAGE_BYTES) return 0;
    // An empty message is one too, and its frame costs something.
    if (messageBytes < 1) messageBytes = 1;
    this.#rateBytes += messageBytes;
    if (nowMs > this.#lastFirstMs) this.#measureInterval(nowMs);
    if (this.#isStale) this.#plan(nowMs);
    if (this.#wanted === 0) return 0;
    this.#budgetBytes = Math.min(
      this.#budgetBytes + this.#maxOverhead * messageBytes,
      SAVED_BYTES + 1000 * this.#firstRate,
    );
    let copies = Math.min(
      this.#wanted,
      Math.floor(this.#budgetBytes / Math.max(1, messageBytes)),
    );
    if (copies * this.#firstRate > this.#maxRate) {
      copies = Math.floor(this.#maxRate / this.#firstRate);
    }
    if (copies <= 0) return 0;
    if (copies !== this.#planned || this.#isPlanOld) {
      this.#isPlanOld = false;
      this.#planned = copies;
      this.#planSpread = coprimeFrom(this.#spread, copies + 1);
    }
    this.#slotMs = this.#intervalMs / (copies + 1);
    return copies + 1;
  }

  /**
   * Tells when a copy is due.
   *
   * @param index Which: 0 for the first.
   * @returns Milliseconds after the first sending.
   */
  delayMs(index: number): number {
    const delayMs = Math.min(
      MAX_DELAY_MS,
      (index + 1) * this.#planSpread * this.#slotMs,
    );
    return index < this.#planned
      ? delayMs
      : Math.max(delayMs, LAST_RTT * this.#rttMs + 2 * this.#slotMs);
  }

  /**
   * Notes what was sent. Of first sendings it knows by then.
   *
   * @param bytes The bytes of one or more messages.
   * @param isCopy Whether they left before.
   * @param _nowMs The time in milliseconds.
   */
  onSent(bytes: number, isCopy: boolean, _nowMs: number): void {
    if (isCopy) this.#budgetBytes -= bytes;
  }

  /**
   * Notes what became of a packet.
   *
   * @param number Its number.
   * @param _sentMs When it was sent.
   * @param isLost Whether it was declared lost.
   * @param _nowMs The time in milliseconds.
   */
  onFate(
    number: number,
    _sentMs: number,
    isLost: boolean,
    _nowMs: number,
  ): void {
    const lost = isLost ? 1 : 0;
    this.#slowLosses += lost - this.#slowLosses / SLOW_PACKETS;
    this.#slowPackets += 1 - this.#slowPackets / SLOW_PACKETS;
    this.#fastLosses += lost - this.#fastLosses / FAST_PACKETS;
    this.#isStale = true;
    if (isLost) this.#measureRun(number);
  }

  /**
   * Notes that a packet declared lost had arrived.
   *
   * @param number Its number.
   * @param _sentMs When it was sent.
   */
  onSpuriousLoss(number: number, _sentMs: number): void {
    this.#slowLosses = Math.max(0, this.#slowLosses - 1);
    this.#fastLosses = Math.max(0, this.#fastLosses - 1);
    if (
      number <= this.#lastLost && number > this.#lastLost - this.#runLength
    ) {
      this.#shiftRun(this.#runLength, -1);
      this.#runLength -= 1;
      if (this.#runLength === 0) this.#runCount -= 1;
      this.#spread = this.#burstSpread();
      this.#isPlanOld = true;
    }
    this.#isStale = true;
  }

  /**
   * Notes the RTT.
   *
   * @param smoothedMs Smoothed, in milliseconds.
   * @param _variationMs Its variation.
   * @param _minMs The least.
   */
  onRtt(smoothedMs: number, _variationMs: number, _minMs: number): void {
    this.#rttMs = smoothedMs;
  }

  /** How often, and how much, is sent the first time. */
  #measureInterval(nowMs: number): void {
    const gapMs = nowMs - this.#lastFirstMs;
    this.#lastFirstMs = nowMs;
    if (gapMs <= PAUSE_MS) {
      const intervalMs = Math.max(
        MIN_INTERVAL_MS,
        Math.min(gapMs, MAX_INTERVAL_MS),
      );
      this.#intervalMs += 0.05 * (intervalMs - this.#intervalMs);
    }
    const elapsedMs = nowMs - this.#rateFromMs;
    if (elapsedMs < 100) return;
    if (elapsedMs < 1000) {
      this.#firstRate += 0.5 * (this.#rateBytes / elapsedMs - this.#firstRate);
    } else if (elapsedMs < Infinity) {
      this.#firstRate = this.#rateBytes / elapsedMs;
    }
    this.#rateBytes = 0;
    this.#rateFromMs = nowMs;
  }

  #measureRun(number: number): void {
    if (number === this.#lastLost + 1) {
      this.#runLength += 1;
      this.#shiftRun(this.#runLength, 1);
    } else {
      this.#runLength = 1;
      this.#runs[0]! += 1;
      this.#runCount += 1;
      if (this.#runCount === RUNS_HALF_LIFE) {
        this.#runCount = 0;
        for (let i = 0; i < MAX_BURST; i++) this.#runs[i]! /= 2;
      }
    }
    this.#lastLost = number;
    this.#spread = this.#burstSpread();
    this.#isPlanOld = true;
  }

  /** A run that was counted as shorter by one is now that long, or is not any more. */
  #shiftRun(length: number, sign: number): void {
    if (length > MAX_BURST) return;
    const runs = this.#runs;
    runs[length - 1] = Math.max(0, runs[length - 1]! + sign);
    if (length > 1) runs[length - 2] = Math.max(0, runs[length - 2]! - sign);
  }

  /** How many packets after a lost one another is lost of the same burst only seldom. */
  #burstSpread(): number {
    let losses = 0;
    for (let i = 0; i < MAX_BURST; i++) losses += (i + 1) * this.#runs[i]!;
    for (let spread = 1; spread < MAX_BURST; spread++) {
      let shared = 0;
      for (let i = spread; i < MAX_BURST; i++) {
        shared += (i + 1 - spread) * this.#runs[i]!;
      }
      if (shared <= SHARED_BURST * losses) return spread;
    }
    return MAX_BURST;
  }

  /** The least number of copies that makes late messages rare enough. */
  #copiesFor(loss: number): number {
    const behind = Math.min(20, 1 + 1.25 * this.#rttMs / this.#intervalMs);
    let copies = 0;
    let late = loss * behind;
    while (late > LATE_SHARE && copies < MAX_COPIES) {
      copies += 1;
      late *= loss;
    }
    return copies;
  }

  #plan(nowMs: number): void {
    this.#isStale = false;
    let loss = this.lossRate;
    if (this.#fastLosses >= FAST_LOSSES) {
      const fast = this.#fastLosses / FAST_PACKETS;
      loss = Math.max(loss, Math.min(fast, FAST_MAX_LOSS));
    }
    let wanted = 0;
    if (loss > MIN_LOSS) {
      // Few bursts say little: the first copies come in doubt, more only without.
      const doubt = loss / Math.sqrt(1 + this.#slowLosses / this.burstLength);
      wanted = this.#copiesFor(loss + doubt);
      if (wanted > DOUBTFUL_COPIES) {
        wanted = Math.max(DOUBTFUL_COPIES, this.#copiesFor(loss - doubt));
      }
    }
    if (this.#slowPackets < UNKNOWN_PACKETS && wanted < UNKNOWN_COPIES) {
      wanted = UNKNOWN_COPIES;
    }
    if (wanted >= this.#wanted) {
      this.#wanted = wanted;
      this.#heldUntilMs = nowMs + (this.#fastLosses > 0.05 ? HOLD_MS : 0);
    } else if (nowMs >= this.#heldUntilMs) {
      this.#wanted -= 1;
      this.#heldUntilMs = nowMs + (wanted === 0 ? 0 : HOLD_MS);
    }
  }
}

/**
 * The least number from `from` on that has no factor in common with `slots`: so the
 * copies of one message and those around it each have a packet to themselves.
 */
function coprimeFrom(from: number, slots: number): number {
  let number = from;
  while (greatestDivisor(number, slots) > 1) number += 1;
  return number;
}

function greatestDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return x;
}
