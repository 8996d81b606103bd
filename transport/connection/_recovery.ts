// This module is browser compatible.
import type {
  AckSample,
  CongestionControl,
} from "../congestion/congestion_control.ts";
import {
  MAX_RETRANSMIT,
  RETRANSMIT_BASE_MS,
  RETRANSMIT_MAX_MS,
} from "../constants.ts";
import type { RedundancyPolicy } from "../redundancy/redundancy_policy.ts";
import type { PathMtu } from "../path_mtu/path_mtu.ts";
import type { Outbox } from "../message/outbox.ts";
import { MAX_ACK_DELAY_MS, MAX_RIDE_MS } from "./_ack_timer.ts";
import type { AckAccumulator } from "./ack_accumulator.ts";
import type { PacketHeader } from "./_packet_header.ts";
import { RttEstimator } from "./rtt_estimator.ts";
import {
  APP_LIMITED,
  bytesOf,
  DELIVERED,
  DELIVERED_MS,
  ELICITING,
  FIRST_REF,
  FIRST_SENT_MS,
  META,
  MTU_PROBE,
  PacketState,
  packMeta,
  refsOf,
  SENT_MS,
  SentPackets,
  stateOf,
  TOLD,
  TOLD_FROM,
  withState,
} from "./_sent_packets.ts";

/** RFC 9002, section 6.1.1. */
const PACKET_THRESHOLD = 3;
/** However badly packets are reordered, at most so many later ones are waited for. */
const MAX_PACKET_THRESHOLD = 128;
/** RFC 9002, section 6.1.2. */
const TIME_THRESHOLD = 9 / 8;
const GRANULARITY_MS = 1;
/** After so many RTTs without a spurious loss, patience with reordering is halved. */
const PATIENCE_RTTS = 32;
/** For so many RTTs it is known of a lost packet that it was sent: it may come yet. */
const KEPT_RTTS = 3;
const MIN_KEPT_MS = 50;
/** More records than these are not kept for that, nor for packets that ask for no answer. */
const KEPT_PACKETS = 4096;

/** Over so many packets the share of lost ones is smoothed. */
const FATES = 256;

/** What recovery speaks to. */
export interface RecoveryPorts {
  readonly outbox: Outbox;
  readonly congestion: CongestionControl;
  readonly redundancy: RedundancyPolicy;
  readonly pathMtu: PathMtu;
  readonly acks: AckAccumulator;
  /** Filled and consumed within each call: others may use it between. */
  readonly sample: AckSample;
}

/**
 * Finds out what became of the packets that were sent: acknowledged, lost (RFC 9002,
 * section 6, with thresholds that adapt to reordering), or lost by mistake; measures the
 * RTT and the rate of delivery; and tells everybody.
 */
export class Recovery {
  readonly rtt: RttEstimator = new RttEstimator();
  readonly #ports: RecoveryPorts;
  readonly #sent: SentPackets;
  readonly #maxProbeMs: number;
  readonly #sample: AckSample;
  /** Everything below it is acknowledged, lost or nothing, and the redundancy policy knows. */
  #unresolved: number;
  #largestAcked = -1;
  /** A number that was left out: an end that acknowledges it lies (RFC 9000, section 21.4). */
  #skipped = -1;
  #inFlightBytes = 0;
  #inFlightPackets = 0;
  #lastElicitingMs = 0;
  /** How long the peer waits until it acknowledges: more than at most, if it has shown so. */
  #ackDelayMs = MAX_ACK_DELAY_MS;
  #lossAtMs = Infinity;
  #probeCount = 0;
  #firstProbeMs = Infinity;
  #packetThreshold = PACKET_THRESHOLD;
  #reorderMs = 0;
  #calmFromMs = 0;
  #deliveredBytes = 0;
  #deliveredMs = 0;
  #firstSentMs = 0;
  #appLimitedUntil = 0;
  #packetsLost = 0;
  #packetsAcked = 0;
  #spuriousLosses = 0;
  #lossShare = 0;
  #fates = 0;

  constructor(ports: RecoveryPorts, first: number, peerTimeoutMs: number) {
    this.#ports = ports;
    this.#sample = ports.sample;
    this.#unresolved = first;
    this.#sent = new SentPackets(first);
    // So that a silent peer was asked often enough before it is given up: where half of all
    // is lost each way, one question in four is answered.
    this.#maxProbeMs = Math.min(
      RETRANSMIT_MAX_MS,
      peerTimeoutMs / (2 * MAX_RETRANSMIT),
    );
  }

  /** The number of the next packet. */
  get next(): number {
    return this.#sent.next;
  }

  /** The largest number acknowledged; -1 before any was. */
  get largestAcked(): number {
    return this.#largestAcked;
  }

  /** Bytes of datagrams in flight. */
  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  get packetsLost(): number {
    return this.#packetsLost - this.#spuriousLosses;
  }

  get packetsAcked(): number {
    return this.#packetsAcked;
  }

  get spuriousLosses(): number {
    return this.#spuriousLosses;
  }

  get packetThreshold(): number {
    return this.#packetThreshold;
  }

  /** When packets are declared lost if nothing is heard of them; `Infinity` for not. */
  get lossAtMs(): number {
    return this.#lossAtMs;
  }

  /** Of the packets whose fate became known lately, the share that was lost: 0 to 1. */
  get lossShare(): number {
    return this.#lossShare;
  }

  /** Whether the peer was asked for an acknowledgement as often as it is asked. */
  get isForsaken(): boolean {
    return this.#probeCount >= MAX_RETRANSMIT;
  }

  /** Since when nothing was acknowledged though it was asked for; `Infinity` if it was not. */
  get firstProbeMs(): number {
    return this.#firstProbeMs;
  }

  /** How long to wait for an acknowledgement before it is asked for, the first time (RFC 9002, section 6.2.1). */
  get probeMs(): number {
    const rtt = this.rtt;
    if (!rtt.isKnown) return RETRANSMIT_BASE_MS;
    const deviationMs = 4 * rtt.variationMs;
    return rtt.smoothedMs + this.#ackDelayMs +
      (deviationMs > GRANULARITY_MS ? deviationMs : GRANULARITY_MS);
  }

  /** When to ask for an acknowledgement; `Infinity` if nothing is in flight. */
  get probeAtMs(): number {
    if (this.#inFlightPackets === 0) return Infinity;
    let waitMs = this.probeMs;
    if (this.#probeCount > 0) {
      const mostMs = Math.max(waitMs, this.#maxProbeMs);
      waitMs = Math.min(waitMs * 2 ** this.#probeCount, mostMs);
    }
    return this.#lastElicitingMs + waitMs;
  }

  /** Bytes of its records. */
  get capacityBytes(): number {
    return this.#sent.data.byteLength;
  }

  /** Lets go of what busier times needed. */
  rest(): void {
    this.#sent.rest();
  }

  /** Leaves a number out. */
  skip(): void {
    this.#makeRoom();
    this.#skipped = this.#sent.next;
    const at = this.#sent.append(0, PacketState.None);
    this.#sent.data[at + TOLD] = -1;
  }

  /** Notes that there is nothing to send though there would be room. */
  markAppLimited(): void {
    this.#appLimitedUntil = this.#deliveredBytes + this.#inFlightBytes + 1;
  }

  /** Notes a packet that has left: it has the number {@linkcode Recovery.next}. */
  onSent(
    bytes: number,
    flags: number,
    firstRef: number,
    refs: number,
    told: number,
    toldFrom: number,
    nowMs: number,
  ): void {
    this.#makeRoom();
    if (this.#appLimitedUntil > 0) flags |= APP_LIMITED;
    if ((flags & ELICITING) !== 0) {
      if (this.#inFlightPackets++ === 0) {
        this.#firstSentMs = nowMs;
        this.#deliveredMs = nowMs;
      }
      this.#inFlightBytes += bytes;
      this.#lastElicitingMs = nowMs;
    }
    const at = this.#sent.append(nowMs, packMeta(flags, bytes, refs));
    const data = this.#sent.data;
    data[at + FIRST_REF] = firstRef;
    data[at + TOLD] = told;
    data[at + TOLD_FROM] = toldFrom;
    data[at + DELIVERED] = this.#deliveredBytes;
    data[at + DELIVERED_MS] = this.#deliveredMs;
    data[at + FIRST_SENT_MS] = this.#firstSentMs;
    if ((flags & ELICITING) !== 0) {
      this.#ports.congestion.onSent(
        bytes,
        this.#inFlightBytes,
        this.#appLimitedUntil > 0,
        nowMs,
      );
    }
  }

  /** A tail probe leaves. */
  onProbe(nowMs: number): void {
    if (this.#probeCount++ === 0) this.#firstProbeMs = nowMs;
  }

  /**
   * The peer is there: what was sent before may have come to an end that did not know of
   * the connection yet. It is asked at once, and has as long to answer as if now were the
   * beginning.
   */
  onFirstHeard(): void {
    this.#probeCount = 0;
    this.#firstProbeMs = Infinity;
  }

  /** The peer has so much longer to answer probes: this end was asleep. */
  forgive(ms: number): void {
    this.#firstProbeMs += ms;
  }

  /** Whether an acknowledgement claims what was never sent. */
  isForged(header: PacketHeader): boolean {
    return this.#skipped >= 0 && header.acknowledges(this.#skipped);
  }

  /**
   * Takes an acknowledgement that is sound.
   *
   * @param header What it was in.
   * @param nowMs The time.
   * @param isCalm Whether nothing that the peer sends was lost lately.
   */
  onAck(header: PacketHeader, nowMs: number, isCalm: boolean): void {
    const { ranges, rangeCount } = header;
    const sample = this.#sample;
    const largest = ranges[0]!;
    const { data, oldest } = this.#sent;
    this.#beginSample(nowMs);
    let newestAt = -1;
    let oldestMs = nowMs;
    let told = -1;
    let toldFrom = 0;
    let toldBy = 0;
    let isLargestNew = false;
    for (let i = 0; i < rangeCount; i++) {
      const top = ranges[2 * i]!;
      if (top < oldest) break;
      const bottom = ranges[2 * i + 1]!;
      const start = bottom > oldest ? bottom : oldest;
      let number = top;
      while (number >= start) {
        const at = this.#sent.offsetOf(number);
        const meta = data[at + META]!;
        const state = stateOf(meta);
        if (state === PacketState.Acked) {
          // Over the whole run that is known already.
          number = data[at + DELIVERED]! - 1;
          continue;
        }
        if (state !== PacketState.None) {
          if (told < 0 && data[at + TOLD]! >= 0) {
            told = data[at + TOLD]!;
            toldFrom = data[at + TOLD_FROM]!;
            toldBy = number;
          }
          if (state === PacketState.Lost) {
            this.#onLate(number, at, meta, largest, nowMs);
          } else {
            if (number === largest) isLargestNew = true;
            if ((meta & ELICITING) !== 0) {
              oldestMs = data[at + SENT_MS]!;
              if (newestAt < 0) {
                newestAt = at;
                this.#takeRate(at, meta, nowMs);
              }
            }
          }
          this.#onAcked(number, at, meta, nowMs);
        }
        number--;
      }
      const topAt = this.#sent.offsetOf(top);
      if (
        stateOf(data[topAt + META]!) === PacketState.Acked &&
        data[topAt + DELIVERED]! > start
      ) {
        data[topAt + DELIVERED] = start;
      }
    }
    if (largest > this.#largestAcked) this.#largestAcked = largest;
    if (told >= 0) this.#ports.acks.onTold(toldBy, told, toldFrom);
    if (newestAt >= 0) {
      const wasProbed = this.#probeCount > 0;
      this.#probeCount = 0;
      this.#firstProbeMs = Infinity;
      // What was asked for without need had come, and the peer waited.
      const waitedMs = wasProbed && isCalm
        ? nowMs - oldestMs - this.rtt.smoothedMs
        : header.delayMs;
      this.#noteDelay(waitedMs);
      // A delay that was cut says too little, and the RTT would be taken for longer.
      if (isLargestNew && !(header.isDelayCut && this.rtt.isKnown)) {
        const sentMs = data[this.#sent.offsetOf(largest) + SENT_MS]!;
        this.rtt.sample(nowMs - sentMs, header.delayMs, nowMs);
        sample.rttMs = this.rtt.latestMs;
        const { smoothedMs, variationMs, minMs } = this.rtt;
        this.#ports.redundancy.onRtt(smoothedMs, variationMs, minMs);
        this.#ports.outbox.setRtt(smoothedMs, variationMs);
      }
    }
    this.#detectLosses(nowMs);
    this.#endSample(newestAt >= 0);
    this.#release(nowMs);
  }

  /** The longest counts, and is forgotten slowly. */
  #noteDelay(waitedMs: number): void {
    const mostMs = this.#ackDelayMs;
    if (waitedMs > mostMs) {
      this.#ackDelayMs = waitedMs < MAX_RIDE_MS ? waitedMs : MAX_RIDE_MS;
    } else if (mostMs > MAX_ACK_DELAY_MS) {
      const leastMs = waitedMs > MAX_ACK_DELAY_MS ? waitedMs : MAX_ACK_DELAY_MS;
      this.#ackDelayMs = mostMs + (leastMs - mostMs) / 64;
    }
  }

  /** The time {@linkcode Recovery.lossAtMs} has come. */
  onLossTimer(nowMs: number): void {
    this.#beginSample(nowMs);
    this.#detectLosses(nowMs);
    this.#endSample(false);
    this.#release(nowMs);
  }

  /** The path is another one: what was learnt about it does not hold. */
  onPathChange(nowMs: number): void {
    this.rtt.reset();
    this.#probeCount = 0;
    this.#firstProbeMs = Infinity;
    // What is in flight went to where nobody is: asked for at once, not when that is noticed.
    this.#lastElicitingMs = nowMs - RETRANSMIT_BASE_MS;
    this.#packetThreshold = PACKET_THRESHOLD;
    this.#reorderMs = 0;
  }

  #beginSample(nowMs: number): void {
    const sample = this.#sample;
    sample.nowMs = nowMs;
    sample.ackedBytes = 0;
    sample.lostBytes = 0;
    sample.ackedPackets = 0;
    sample.lostPackets = 0;
    sample.rttMs = -1;
    sample.deliveryRate = 0;
    sample.isAppLimited = false;
    sample.priorDeliveredBytes = this.#deliveredBytes;
  }

  #endSample(hasRate: boolean): void {
    const sample = this.#sample;
    if (sample.ackedPackets === 0 && sample.lostPackets === 0) return;
    if (hasRate) {
      // It was the time of the sample; what was delivered in it is known by now.
      const intervalMs = sample.deliveryRate;
      const bytes = this.#deliveredBytes - sample.priorDeliveredBytes;
      // Faster than the path is deep: acknowledgements came in a bunch.
      const isSample = intervalMs > 0 && intervalMs >= this.rtt.minMs;
      sample.deliveryRate = isSample ? bytes / intervalMs : 0;
    }
    if (this.#deliveredBytes >= this.#appLimitedUntil) {
      this.#appLimitedUntil = 0;
    }
    sample.inFlightBytes = this.#inFlightBytes;
    sample.smoothedRttMs = this.rtt.smoothedMs;
    sample.minRttMs = this.rtt.minMs;
    sample.deliveredBytes = this.#deliveredBytes;
    this.#ports.congestion.onAck(sample);
  }

  /** Of the newest packet of an acknowledgement: draft-ietf-ccwg-bbr, "delivery rate samples". */
  #takeRate(at: number, meta: number, nowMs: number): void {
    const data = this.#sent.data;
    const sample = this.#sample;
    const sentMs = data[at + SENT_MS]!;
    const sendMs = sentMs - data[at + FIRST_SENT_MS]!;
    const ackMs = nowMs - data[at + DELIVERED_MS]!;
    sample.deliveryRate = sendMs > ackMs ? sendMs : ackMs;
    sample.isAppLimited = (meta & APP_LIMITED) !== 0;
    sample.priorDeliveredBytes = data[at + DELIVERED]!;
    this.#firstSentMs = sentMs;
    this.#deliveredMs = nowMs;
  }

  #onAcked(number: number, at: number, meta: number, nowMs: number): void {
    const { outbox, pathMtu } = this.#ports;
    const data = this.#sent.data;
    const bytes = bytesOf(meta);
    const refs = refsOf(meta);
    if ((meta & ELICITING) !== 0) {
      if (stateOf(meta) === PacketState.UnderWay) {
        this.#inFlightBytes -= bytes;
        this.#inFlightPackets--;
      }
      this.#deliveredBytes += bytes;
      this.#sample.ackedBytes += bytes;
      this.#sample.ackedPackets++;
    }
    this.#packetsAcked++;
    data[at + META] = withState(meta, PacketState.Acked);
    data[at + DELIVERED] = number;
    if (refs > 0) outbox.onAcked(data[at + FIRST_REF]!, refs, nowMs);
    if ((meta & MTU_PROBE) !== 0) pathMtu.onProbeAcked(nowMs);
    else pathMtu.onPacketAcked(bytes, nowMs);
  }

  /** A packet that was declared lost had arrived: loss detection becomes more patient. */
  #onLate(
    number: number,
    at: number,
    meta: number,
    largest: number,
    nowMs: number,
  ): void {
    const { congestion, redundancy } = this.#ports;
    const sentMs = this.#sent.data[at + SENT_MS]!;
    this.#spuriousLosses++;
    this.#lossShare = Math.max(0, this.#lossShare - 1 / this.#fates);
    redundancy.onSpuriousLoss(number, sentMs);
    if ((meta & (ELICITING | MTU_PROBE)) === ELICITING) {
      congestion.onSpuriousLoss(bytesOf(meta), nowMs);
    }
    const distance = Math.max(largest, this.#largestAcked) - number;
    if (distance >= this.#packetThreshold) {
      this.#packetThreshold = Math.min(distance + 1, MAX_PACKET_THRESHOLD);
    }
    const lateMs = nowMs - sentMs - this.#timeThresholdMs();
    if (lateMs > this.#reorderMs) {
      this.#reorderMs = Math.min(lateMs, this.rtt.smoothedMs);
    }
    this.#calmFromMs = nowMs;
  }

  #timeThresholdMs(): number {
    const { smoothedMs, latestMs } = this.rtt;
    const rttMs = smoothedMs > latestMs ? smoothedMs : latestMs;
    const waitMs = rttMs * TIME_THRESHOLD;
    return waitMs > GRANULARITY_MS ? waitMs : GRANULARITY_MS;
  }

  #detectLosses(nowMs: number): void {
    const sent = this.#sent;
    const data = sent.data;
    const { redundancy } = this.#ports;
    const largestAcked = this.#largestAcked;
    const waitMs = this.#timeThresholdMs() + this.#reorderMs;
    let number = this.#unresolved;
    this.#lossAtMs = Infinity;
    for (; number < sent.next; number++) {
      const at = sent.offsetOf(number);
      const meta = data[at + META]!;
      const state = stateOf(meta);
      if (state === PacketState.None) continue;
      const sentMs = data[at + SENT_MS]!;
      if (state === PacketState.UnderWay) {
        if (number > largestAcked) break;
        if (
          largestAcked - number < this.#packetThreshold &&
          sentMs + waitMs > nowMs
        ) {
          // Those after it were sent later: they are not lost either.
          this.#lossAtMs = sentMs + waitMs;
          break;
        }
        this.#onLost(at, meta, nowMs);
      }
      const isLost = state !== PacketState.Acked;
      if (this.#fates < FATES) this.#fates++;
      this.#lossShare += ((isLost ? 1 : 0) - this.#lossShare) / this.#fates;
      redundancy.onFate(number, sentMs, isLost, nowMs);
    }
    this.#unresolved = number;
    this.#calmDown(nowMs);
  }

  #onLost(at: number, meta: number, nowMs: number): void {
    const { outbox, pathMtu } = this.#ports;
    const data = this.#sent.data;
    const bytes = bytesOf(meta);
    const refs = refsOf(meta);
    data[at + META] = withState(meta, PacketState.Lost);
    this.#packetsLost++;
    if ((meta & ELICITING) === 0) return;
    this.#inFlightBytes -= bytes;
    this.#inFlightPackets--;
    if ((meta & MTU_PROBE) !== 0) {
      pathMtu.onProbeLost(nowMs);
      return;
    }
    this.#sample.lostBytes += bytes;
    this.#sample.lostPackets++;
    pathMtu.onPacketLost(bytes, nowMs);
    if (refs > 0) {
      outbox.onLost(data[at + FIRST_REF]!, refs, nowMs);
    }
  }

  /** Patience that reordering has taught wears off. */
  #calmDown(nowMs: number): void {
    if (this.#packetThreshold === PACKET_THRESHOLD && this.#reorderMs === 0) {
      return;
    }
    const calmMs = PATIENCE_RTTS * this.rtt.smoothedMs;
    if (nowMs - this.#calmFromMs < calmMs) return;
    this.#calmFromMs = nowMs;
    this.#packetThreshold = Math.max(
      PACKET_THRESHOLD,
      this.#packetThreshold >> 1,
    );
    this.#reorderMs = this.#reorderMs > GRANULARITY_MS
      ? this.#reorderMs / 2
      : 0;
  }

  /** Forgets packets of which nothing more is to be known, in order. */
  #release(nowMs: number): void {
    const sent = this.#sent;
    const keptMs = Math.max(MIN_KEPT_MS, KEPT_RTTS * this.rtt.smoothedMs);
    while (sent.oldest < this.#unresolved) {
      const at = sent.offsetOf(sent.oldest);
      const meta = sent.data[at + META]!;
      if (
        stateOf(meta) === PacketState.Lost &&
        sent.data[at + SENT_MS]! + keptMs > nowMs &&
        sent.next - sent.oldest < KEPT_PACKETS
      ) {
        return;
      }
      this.#forget(at, meta);
    }
  }

  #forget(at: number, meta: number): void {
    this.#sent.oldest++;
    const refs = refsOf(meta);
    if (refs === 0) return;
    this.#ports.outbox.releaseRefs(this.#sent.data[at + FIRST_REF]!, refs);
  }

  /** Keeps the records bounded, whatever the peer does not acknowledge. */
  #makeRoom(): void {
    const sent = this.#sent;
    while (sent.isTight) {
      const at = sent.offsetOf(sent.oldest);
      const meta = sent.data[at + META]!;
      const isUnderWay = stateOf(meta) === PacketState.UnderWay;
      if (isUnderWay && (meta & ELICITING) !== 0) {
        if (!sent.isFull) return;
        this.#onLost(at, meta, sent.data[at + SENT_MS]!);
      } else if (
        sent.next - sent.oldest < KEPT_PACKETS &&
        (!isUnderWay || sent.next - sent.oldest < 64)
      ) {
        return;
      }
      if (this.#unresolved === sent.oldest) this.#unresolved++;
      this.#forget(at, meta);
    }
  }
}
