// This module is browser compatible.
import { BASE_MTU } from "../constants.ts";
import type { AckSample, CongestionControl } from "./congestion_control.ts";

const STARTUP = 0;
const DRAIN = 1;
const CRUISE = 2;
const PROBE_UP = 3;
const PROBE_DOWN = 4;
const PROBE_RTT = 5;
const PHASES: readonly string[] = [
  "startup",
  "drain",
  "cruise",
  "probeUp",
  "probeDown",
  "probeRtt",
];

/** RFC 6928: ten packets. */
const INITIAL_WINDOW = 10 * BASE_MTU;
/** As many as keep acknowledgements flowing after a loss. */
const MIN_WINDOW = 4 * BASE_MTU;
/**
 * What is sent unasked is sent no oftener than this: a peer that lies about its delay can
 * make any RTT out to be none.
 */
const MIN_FLOOR_RTT_MS = 1;
/** The rate is doubled each round trip. */
const STARTUP_GAIN = 1.7;
/** The window in terms of what the path holds: no limit while the rate is right, but when it is not. */
const WINDOW_GAIN = 2;
const DRAIN_GAIN = 0.35;
const PROBE_RTT_GAIN = 0.5;
const PROBE_UP_GAIN = 1.15;
const PROBE_DOWN_GAIN = 0.75;
/** Round trips between two probes, at least. */
const MIN_CRUISE_ROUNDS = 4;
/** A maximum of rates is a little above the path's: so much of it lets queues drain. */
const CRUISE_GAIN = 0.97;
/** The least while a queue stays without anybody else to blame. */
const RELIEF_GAIN = 0.85;
/** How long a queue is, in terms of the target, where that begins and where it is reached. */
const RELIEF_FROM = 0.4;
const RELIEF_TO = 1.5;
/** A rise of less is no growth (BBR, "BBRCheckFullBWReached"). */
const GROWTH = 1.25;
/** The shortest delay that counts as a queue; less is noise of the ends. */
const MIN_QUEUE_MS = 4;
/** A delay of so many samples in a row is no jitter; each more is more overshoot of a start. */
const RUN_LENGTH = 4;
/** How long the least RTT holds: it lives for one to two of these. */
const MIN_RTT_INTERVAL_MS = 5000;
/** A queue of so many times the longest-known least RTT is not one of this kind's own. */
const FLOOD = 4;
/** How fast that RTT rises, for each look at an emptied queue. */
const FLOOR_RISE = 0.1;
/** With a queue, a loss of more says that it is too long. */
const QUEUE_LOSS = 0.02;
/** Without one, a loss of more is not the radio's but the path's: a policer, or a queue too short to be seen. */
const PLAIN_LOSS = 0.15;
/** Loss is judged by so many packets at least. */
const LOSS_PACKETS = 64;
/** How much such a sample counts in the average: chance makes them uneven. */
const LOSS_ALPHA = 0.25;
const LOSS_CUT = 0.85;
/** How fast a cut wears off, for each round trip. */
const RECOVERY = 1.1;
/** A game that looks once a frame sends that much at once. */
const FRAME_MS = 17;
/** The most that is put down to the ends' polling. */
const MAX_GAP_MS = 40;
/** How much one of them counts: the average settles where a fifth is shorter. */
const GAP_RISE = 0.05;
const GAP_FALL = 0.2;

/**
 * The default congestion control: it models the path by its bandwidth and its least
 * delay, sends at the bandwidth, and keeps queues short. Random loss does not slow
 * it down.
 *
 * After BBR (Cardwell et al., draft-ietf-ccwg-bbr): delivery rates through a maximum
 * filter, RTTs through a minimum filter, a gain that probes for more each few round
 * trips and drains what that has queued. Unlike it:
 *
 * - the start ends with the first round trip that queues and does not bring growth;
 * - between probes it sends a little less than the path can do, the less the longer the
 *   queue, so that a stream beside a bulk transfer has short RTTs. If draining does not
 *   help, or the queue is far longer than it makes them, somebody else fills it: then it
 *   holds its share;
 * - loss counts with a queue (above 2 %) or if there is very much of it (above 15 %);
 * - a probe that finds room is followed at once by a larger one;
 * - what the ends' polling adds to RTTs (acknowledgements that come in bunches) is
 *   measured and given to the window.
 *
 * @example Nothing is known yet
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BandwidthDelayControl } from "@tickwire/net/transport";
 *
 * const control = new BandwidthDelayControl();
 * assertEquals(control.phase, "startup");
 * assertEquals(control.windowBytes, 12_000);
 * ```
 */
export class BandwidthDelayControl implements CongestionControl {
  #windowBytes = INITIAL_WINDOW;
  #pacingRate = Infinity;
  #burstBytes = INITIAL_WINDOW;
  #phase = STARTUP;
  #gain = STARTUP_GAIN;

  // Bandwidth: the most of this and the last cycle, in bytes per millisecond.
  #bandwidth = 0;
  #cycleBandwidth = 0;
  #lastCycleBandwidth = 0;
  #rateCap = Infinity;
  // The least RTT of this and the last interval, in milliseconds.
  #minRttMs = Infinity;
  #intervalRttMs = Infinity;
  #intervalEndMs = -Infinity;
  /** The least RTT over a long time: where a queue always stands the one above is not the path's. */
  #floorRttMs = Infinity;

  // Round trips.
  #roundEndBytes = 0;
  #roundRttMs = Infinity;
  #queueMs = 0;
  #runRttMs = Infinity;
  #runLength = 0;
  /** How far apart bunches of acknowledgements come: the ends' polling, mostly. */
  #gapMs = 0;
  #lastAckMs = -Infinity;

  // Phases.
  #phaseRounds = 0;
  #cruiseRounds = MIN_CRUISE_ROUNDS;
  #referenceBandwidth = 0;
  #flatRounds = 0;
  #upGain = PROBE_UP_GAIN;
  /** How many cycles in a row draining has left a queue. */
  #contestedCycles = 0;
  #probeRttMs = Infinity;

  // Loss.
  #lossPackets = 0;
  #lostPackets = 0;
  #lossAverage = 0;
  #isStalled = false;

  /** The most bytes of datagrams in flight. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** How fast datagrams leave, in bytes per millisecond; `Infinity` until the RTT is known. */
  get pacingRate(): number {
    return this.#pacingRate;
  }

  /** The most bytes that may leave in one go, after a pause. */
  get burstBytes(): number {
    return this.#burstBytes;
  }

  /** `"startup"`, `"drain"`, `"cruise"`, `"probeUp"`, `"probeDown"` or `"probeRtt"`. */
  get phase(): string {
    return PHASES[this.#phase]!;
  }

  /** Does nothing: all that it needs comes with acknowledgements. */
  onSent(
    _bytes: number,
    _inFlightBytes: number,
    _isAppLimited: boolean,
    _nowMs: number,
  ): void {}

  /**
   * Takes what an acknowledgement, or a timer, has told.
   *
   * @param sample What it has told. Not kept.
   */
  onAck(sample: Readonly<AckSample>): void {
    const { nowMs } = sample;
    this.#lostPackets += sample.lostPackets;
    this.#lossPackets += sample.lostPackets + sample.ackedPackets;
    if (sample.ackedBytes === 0) {
      // Nothing but loss, and no answer for long: the path is gone or much worse.
      if (nowMs - this.#lastAckMs > Math.max(3 * sample.smoothedRttMs, 300)) {
        this.#isStalled = true;
      }
      this.#update(sample);
      return;
    }
    this.#isStalled = false;
    this.#measureGap(sample);
    if (sample.rttMs >= 0) this.#measureRtt(sample.rttMs, nowMs);
    this.#measureBandwidth(sample);
    if (sample.priorDeliveredBytes >= this.#roundEndBytes) {
      this.#roundEndBytes = sample.deliveredBytes;
      this.#endRound(sample);
    }
    this.#checkPhase(sample);
    this.#update(sample);
  }

  /**
   * Notes that losses were none.
   *
   * @param bytes How many bytes had arrived after all.
   * @param _nowMs The time in milliseconds.
   */
  onSpuriousLoss(bytes: number, _nowMs: number): void {
    const packets = Math.ceil(bytes / BASE_MTU);
    this.#lostPackets = Math.max(0, this.#lostPackets - packets);
  }

  /**
   * Forgets the path.
   *
   * @param _nowMs The time in milliseconds.
   */
  onPathChange(_nowMs: number): void {
    this.#windowBytes = INITIAL_WINDOW;
    this.#pacingRate = Infinity;
    this.#burstBytes = INITIAL_WINDOW;
    this.#phase = STARTUP;
    this.#gain = STARTUP_GAIN;
    this.#bandwidth = 0;
    this.#cycleBandwidth = 0;
    this.#lastCycleBandwidth = 0;
    this.#rateCap = Infinity;
    this.#minRttMs = Infinity;
    this.#intervalRttMs = Infinity;
    this.#intervalEndMs = -Infinity;
    this.#floorRttMs = Infinity;
    this.#roundEndBytes = 0;
    this.#roundRttMs = Infinity;
    this.#queueMs = 0;
    this.#runRttMs = Infinity;
    this.#runLength = 0;
    this.#gapMs = 0;
    this.#lastAckMs = -Infinity;
    this.#phaseRounds = 0;
    this.#cruiseRounds = MIN_CRUISE_ROUNDS;
    this.#referenceBandwidth = 0;
    this.#flatRounds = 0;
    this.#upGain = PROBE_UP_GAIN;
    this.#contestedCycles = 0;
    this.#probeRttMs = Infinity;
    this.#lossPackets = 0;
    this.#lostPackets = 0;
    this.#lossAverage = 0;
    this.#isStalled = false;
  }

  /** How far apart acknowledgements come where they come close together: more is for want of packets. */
  #measureGap(sample: Readonly<AckSample>): void {
    const { nowMs } = sample;
    const gapMs = Math.min(nowMs - this.#lastAckMs, MAX_GAP_MS);
    const isFirst = this.#lastAckMs === -Infinity;
    this.#lastAckMs = nowMs;
    if (isFirst || gapMs === 0 || sample.isAppLimited) return;
    const change = gapMs - this.#gapMs;
    this.#gapMs += (change > 0 ? GAP_RISE : GAP_FALL) * change;
  }

  #measureRtt(rttMs: number, nowMs: number): void {
    if (rttMs < this.#roundRttMs) this.#roundRttMs = rttMs;
    if (rttMs < this.#intervalRttMs) this.#intervalRttMs = rttMs;
    if (this.#intervalEndMs === -Infinity) {
      this.#intervalEndMs = nowMs + MIN_RTT_INTERVAL_MS;
    }
    if (rttMs <= this.#minRttMs) this.#minRttMs = rttMs;
    if (rttMs <= this.#floorRttMs) this.#floorRttMs = rttMs;
    if (this.#phase === PROBE_RTT && rttMs < this.#probeRttMs) {
      this.#probeRttMs = rttMs;
    }
    if (this.#runLength === 0 || rttMs < this.#runRttMs) this.#runRttMs = rttMs;
    this.#runLength += 1;
  }

  #measureBandwidth(sample: Readonly<AckSample>): void {
    const rate = sample.deliveryRate;
    if (rate <= this.#cycleBandwidth) return;
    // What was held down by the game says only that the path can do at least so much.
    if (sample.isAppLimited && rate <= this.#bandwidth) return;
    this.#cycleBandwidth = rate;
    if (rate > this.#bandwidth) this.#bandwidth = rate;
  }

  #endRound(sample: Readonly<AckSample>): void {
    if (this.#roundRttMs !== Infinity) {
      this.#queueMs = this.#roundRttMs - this.#minRttMs;
    }
    this.#roundRttMs = Infinity;
    this.#phaseRounds += 1;
    if (!sample.isAppLimited) this.#judgeLoss();
    if (sample.nowMs >= this.#intervalEndMs) this.#endInterval(sample);
    switch (this.#phase) {
      case STARTUP:
        this.#endStartupRound(sample);
        break;
      case CRUISE:
        this.#endCruiseRound(sample);
        break;
      case PROBE_UP:
        this.#enter(PROBE_DOWN, PROBE_DOWN_GAIN);
        break;
    }
  }

  #endStartupRound(sample: Readonly<AckSample>): void {
    if (sample.isAppLimited) return;
    if (this.#bandwidth >= GROWTH * this.#referenceBandwidth) {
      this.#referenceBandwidth = this.#bandwidth;
      this.#flatRounds = 0;
      return;
    }
    this.#flatRounds += 1;
    if (this.#flatRounds >= 3 || this.#isQueueing()) {
      this.#enter(DRAIN, DRAIN_GAIN);
    }
  }

  #endCruiseRound(sample: Readonly<AckSample>): void {
    // Whether draining has emptied the queue shows a round trip later.
    if (this.#phaseRounds === 2) {
      this.#contestedCycles = this.#isQueueing()
        ? this.#contestedCycles + 1
        : 0;
    } else if (!this.#isQueueing()) {
      this.#contestedCycles = 0;
    }
    this.#gain = this.#cruiseGain();
    if (sample.isAppLimited || this.#phaseRounds < this.#cruiseRounds) return;
    this.#rotateBandwidth();
    this.#upGain = PROBE_UP_GAIN;
    this.#probeUp(sample);
  }

  #probeUp(sample: Readonly<AckSample>): void {
    this.#referenceBandwidth = this.#bandwidth;
    // Flows that share a path should not all probe at the same time.
    this.#cruiseRounds = MIN_CRUISE_ROUNDS + sample.deliveredBytes % 4;
    this.#enter(PROBE_UP, this.#upGain);
  }

  /** What may change within a round trip. */
  #checkPhase(sample: Readonly<AckSample>): void {
    const isRun = this.#runLength >= RUN_LENGTH;
    const runMs = this.#runRttMs - this.#minRttMs;
    if (isRun) this.#runLength = 0;
    const { inFlightBytes } = sample;
    const pathBytes = this.#bandwidth * (this.#minRttMs + this.#gapMs);
    switch (this.#phase) {
      case STARTUP:
        if (
          isRun && !sample.isAppLimited &&
          runMs > this.#queueTargetMs()
        ) {
          this.#enter(DRAIN, DRAIN_GAIN);
        }
        break;
      case DRAIN:
        if (inFlightBytes <= pathBytes || this.#phaseRounds >= 3) {
          this.#rotateBandwidth();
          this.#enter(CRUISE, 1);
        }
        break;
      case PROBE_UP:
        if (isRun && runMs > 2 * this.#queueTargetMs()) {
          this.#enter(PROBE_DOWN, PROBE_DOWN_GAIN);
        }
        break;
      case PROBE_DOWN:
        if (this.#phaseRounds >= 1 && inFlightBytes <= pathBytes) {
          this.#endProbe(sample);
        } else if (this.#phaseRounds >= 3) {
          this.#enter(CRUISE, 1);
        }
        break;
      case PROBE_RTT:
        if (this.#phaseRounds >= 3) {
          this.#minRttMs = this.#probeRttMs;
          this.#floorRttMs += FLOOR_RISE * (this.#minRttMs - this.#floorRttMs);
          this.#intervalRttMs = this.#probeRttMs;
          this.#intervalEndMs = sample.nowMs + MIN_RTT_INTERVAL_MS;
          this.#enter(CRUISE, 1);
        }
        break;
    }
  }

  /** If the probe has found room it asks for more at once. */
  #endProbe(sample: Readonly<AckSample>): void {
    if (
      !this.#isQueueing() &&
      this.#bandwidth > 0.9 * this.#upGain * this.#referenceBandwidth
    ) {
      this.#upGain = Math.min(STARTUP_GAIN, 1.25 * this.#upGain);
      this.#probeUp(sample);
    } else {
      this.#enter(CRUISE, 1);
    }
  }

  #enter(phase: number, gain: number): void {
    this.#phase = phase;
    this.#gain = gain;
    this.#phaseRounds = 0;
    this.#runLength = 0;
    if (phase === PROBE_RTT) this.#probeRttMs = Infinity;
  }

  #rotateBandwidth(): void {
    this.#lastCycleBandwidth = this.#cycleBandwidth;
    this.#cycleBandwidth = 0;
    this.#bandwidth = this.#lastCycleBandwidth;
  }

  /** The least RTT of the interval becomes the path's, but if there may be a queue in all of it. */
  #endInterval(sample: Readonly<AckSample>): void {
    const isSettled = this.#phase !== STARTUP && this.#phase !== DRAIN;
    if (
      isSettled && this.#phase !== PROBE_RTT && !sample.isAppLimited &&
      this.#intervalRttMs > 1.02 * this.#minRttMs + 1
    ) {
      this.#enter(PROBE_RTT, PROBE_RTT_GAIN);
    } else {
      this.#minRttMs = this.#intervalRttMs;
    }
    this.#intervalRttMs = Infinity;
    this.#intervalEndMs = sample.nowMs + MIN_RTT_INTERVAL_MS;
  }

  #judgeLoss(): void {
    if (this.#lossPackets < LOSS_PACKETS) return;
    const loss = this.#lostPackets / this.#lossPackets;
    this.#lossPackets = 0;
    this.#lostPackets = 0;
    this.#lossAverage += LOSS_ALPHA * (loss - this.#lossAverage);
    if (
      this.#lossAverage > PLAIN_LOSS ||
      (loss > QUEUE_LOSS && this.#isQueueing())
    ) {
      this.#rateCap = LOSS_CUT * Math.min(this.#rateCap, this.#bandwidth);
      if (this.#phase === STARTUP) this.#enter(DRAIN, DRAIN_GAIN);
    } else if (this.#rateCap !== Infinity) {
      this.#rateCap *= RECOVERY;
      if (this.#rateCap > 2 * this.#bandwidth) this.#rateCap = Infinity;
    }
  }

  #queueTargetMs(): number {
    return this.#gapMs + Math.max(MIN_QUEUE_MS, 0.1 * this.#minRttMs);
  }

  /** Whether somebody else fills the queue: at once if it is a long one, else only if patience does not help. */
  #isContested(): boolean {
    const targetMs = this.#queueTargetMs();
    const isLong = this.#queueMs > 3 * targetMs;
    const floodMs = this.#queueMs + this.#minRttMs - this.#floorRttMs;
    if (floodMs > FLOOD * Math.max(targetMs, this.#floorRttMs)) return true;
    return this.#contestedCycles >= (isLong ? 2 : 6);
  }

  /** The longer the queue, the less: it settles where it is short. */
  #cruiseGain(): number {
    if (this.#isContested()) return 1;
    const length = this.#queueMs / this.#queueTargetMs();
    const relief = (length - RELIEF_FROM) / (RELIEF_TO - RELIEF_FROM);
    return CRUISE_GAIN -
      (CRUISE_GAIN - RELIEF_GAIN) * Math.min(Math.max(relief, 0), 1);
  }

  #isQueueing(): boolean {
    return this.#queueMs > this.#queueTargetMs();
  }

  #update(sample: Readonly<AckSample>): void {
    if (this.#isStalled) {
      this.#windowBytes = MIN_WINDOW;
      return;
    }
    if (this.#minRttMs === Infinity) return;
    const rttMs = Math.max(this.#minRttMs, 0.01);
    // Before anything is known, and for who sends little, the initial window each RTT.
    const floorMs = Math.max(
      rttMs,
      sample.smoothedRttMs,
      this.#gapMs,
      MIN_FLOOR_RTT_MS,
    );
    const floor = this.#phase === STARTUP
      ? INITIAL_WINDOW / floorMs
      : MIN_WINDOW / floorMs;
    const bandwidth = Math.max(
      Math.min(this.#bandwidth, this.#rateCap),
      floor,
    );
    this.#pacingRate = this.#gain * bandwidth;
    const slackMs = 1.5 * this.#gapMs + 2;
    this.#windowBytes = Math.max(
      this.#phase === STARTUP ? INITIAL_WINDOW : MIN_WINDOW,
      bandwidth * (WINDOW_GAIN * rttMs + slackMs) + 2 * BASE_MTU,
    );
    this.#burstBytes = Math.max(INITIAL_WINDOW, bandwidth * FRAME_MS);
  }
}
