// This module is browser compatible.
import { type Random, SeededRandom } from "../../../core/mod.ts";
import type { AckSample, CongestionControl } from "../congestion_control.ts";
import { Pacer } from "../pacer.ts";

/** A path with one bottleneck, shared by all flows. */
export interface BottleneckOptions {
  /** Bytes per millisecond; `Infinity` for none. */
  readonly rate: number;
  /** Bytes that queue before more are dropped. */
  readonly queueBytes: number;
  /** RTT without the queue, in milliseconds. */
  readonly rttMs: number;
  /** Up to so much more each way, in milliseconds; order is kept. @default {0} */
  readonly jitterMs?: number;
  /** Share of packets lost at random. @default {0} */
  readonly loss?: number;
  readonly seed?: number;
}

/** One sender and its receiver. */
export interface FlowOptions {
  readonly control: CongestionControl;
  /** How often each end looks, in milliseconds. @default {1} */
  readonly pollMs?: number;
  /** From when to when it has bulk to send, in milliseconds. @default {0} to the end */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** If given, it has no bulk but so many bytes each 16.7 ms. */
  readonly bytesPerFrame?: number;
  /** Whether it has a stream of 60 × 130 bytes/s, sent first. */
  readonly hasStream?: boolean;
}

/** What came of a flow. */
export interface FlowResult {
  /** Bytes that arrived in each whole second. */
  readonly bytesBySecond: number[];
  /** RTTs of the stream, from when it wanted to be sent, in milliseconds. */
  readonly streamRttMs: number[];
  /** Of packets. */
  readonly sent: number;
  readonly lost: number;
}

interface PacketState {
  bytes: number;
  sentMs: number;
  delivered: number;
  deliveredMs: number;
  firstSentMs: number;
  isAppLimited: boolean;
  bornMs: number;
  isLost: boolean;
}

interface Arrival {
  number: number;
  ms: number;
}

const PACKET_BYTES = 1200;
const STREAM_BYTES = 130;
const FRAME_MS = 1000 / 60;

class Flow {
  readonly options: FlowOptions;
  readonly result: FlowResult & { sent: number; lost: number } = {
    bytesBySecond: [],
    streamRttMs: [],
    sent: 0,
    lost: 0,
  };
  readonly #control: CongestionControl;
  readonly #pacer = new Pacer();
  readonly #packets: (PacketState | undefined)[] = [];
  readonly toReceiver: Arrival[] = [];
  readonly toSender: { ms: number; numbers: number[] }[] = [];
  nextSenderMs = 0;
  nextReceiverMs: number;
  lastArrivalMs = 0;
  lastAckMs = 0;
  #oldest = 0;
  #inFlight = 0;
  #delivered = 0;
  #deliveredMs = 0;
  #firstSentMs = 0;
  #minRttMs = Infinity;
  #smoothedMs = -1;
  #nextFrameMs = 0;
  #stream: number[] = [];
  #waiting = 0;
  #lastProgressMs = 0;
  readonly #sample: AckSample = {
    nowMs: 0,
    ackedBytes: 0,
    lostBytes: 0,
    ackedPackets: 0,
    lostPackets: 0,
    inFlightBytes: 0,
    rttMs: -1,
    smoothedRttMs: 0,
    minRttMs: 0,
    deliveryRate: 0,
    isAppLimited: false,
    priorDeliveredBytes: 0,
    deliveredBytes: 0,
  };

  constructor(options: FlowOptions) {
    this.options = options;
    this.#control = options.control;
    this.nextReceiverMs = (options.pollMs ?? 1) / 3;
  }

  /** Takes acknowledgements that have come, then sends what it may. */
  poll(nowMs: number, send: (bytes: number, number: number) => void): void {
    while (this.toSender.length > 0 && this.toSender[0]!.ms <= nowMs) {
      this.#acknowledge(this.toSender.shift()!.numbers, nowMs);
    }
    this.#checkTimer(nowMs);
    const { fromMs = 0, toMs = Infinity, bytesPerFrame, hasStream } =
      this.options;
    const isOn = nowMs >= fromMs && nowMs < toMs;
    while (this.#nextFrameMs <= nowMs) {
      if (hasStream) this.#stream.push(this.#nextFrameMs);
      if (isOn && bytesPerFrame !== undefined) this.#waiting += bytesPerFrame;
      this.#nextFrameMs += FRAME_MS;
    }
    if (bytesPerFrame === undefined) this.#waiting = isOn ? Infinity : 0;
    const control = this.#control;
    while (this.#stream.length > 0 || this.#waiting > 0) {
      if (this.#inFlight >= control.windowBytes) break;
      this.#pacer.setRate(control.pacingRate, control.burstBytes);
      if (this.#pacer.waitMs(nowMs) > 0) break;
      let bytes = STREAM_BYTES;
      let bornMs = -1;
      if (this.#stream.length > 0) {
        bornMs = this.#stream.shift()!;
      } else {
        bytes = Math.min(PACKET_BYTES, this.#waiting);
        this.#waiting -= bytes;
      }
      this.#send(bytes, bornMs, nowMs, send);
    }
  }

  #send(
    bytes: number,
    bornMs: number,
    nowMs: number,
    send: (bytes: number, number: number) => void,
  ): void {
    if (this.#inFlight === 0) {
      this.#firstSentMs = nowMs;
      this.#deliveredMs = nowMs;
      this.#lastProgressMs = nowMs;
    }
    this.#inFlight += bytes;
    const isAppLimited = this.#stream.length === 0 && this.#waiting === 0;
    const number = this.#packets.push({
      bytes,
      sentMs: nowMs,
      delivered: this.#delivered,
      deliveredMs: this.#deliveredMs,
      firstSentMs: this.#firstSentMs,
      isAppLimited,
      bornMs,
      isLost: false,
    }) - 1;
    this.result.sent += 1;
    this.#pacer.onSent(bytes, nowMs);
    this.#control.onSent(bytes, this.#inFlight, isAppLimited, nowMs);
    send(bytes, number);
  }

  #acknowledge(numbers: number[], nowMs: number): void {
    const sample = this.#sample;
    this.#clear(nowMs);
    let newest: PacketState | undefined;
    for (const number of numbers) {
      const packet = this.#packets[number];
      if (packet === undefined) continue;
      this.#packets[number] = undefined;
      this.#delivered += packet.bytes;
      const second = Math.floor(nowMs / 1000);
      const { bytesBySecond } = this.result;
      while (bytesBySecond.length <= second) bytesBySecond.push(0);
      bytesBySecond[second]! += packet.bytes;
      if (packet.bornMs >= 0) {
        this.result.streamRttMs.push(nowMs - packet.bornMs);
      }
      if (packet.isLost) continue;
      sample.ackedBytes += packet.bytes;
      sample.ackedPackets += 1;
      this.#inFlight -= packet.bytes;
      newest = packet;
    }
    if (newest === undefined) return;
    this.#lastProgressMs = nowMs;
    const rttMs = nowMs - newest.sentMs;
    this.#minRttMs = Math.min(this.#minRttMs, rttMs);
    this.#smoothedMs = this.#smoothedMs < 0
      ? rttMs
      : 0.875 * this.#smoothedMs + 0.125 * rttMs;
    const last = numbers[numbers.length - 1]!;
    for (let i = this.#oldest; i < last - 2; i++) this.#lose(i);
    this.#oldest = Math.max(this.#oldest, last - 2);
    this.#deliveredMs = nowMs;
    this.#firstSentMs = newest.sentMs;
    const elapsedMs = Math.max(
      newest.sentMs - newest.firstSentMs,
      nowMs - newest.deliveredMs,
    );
    sample.rttMs = rttMs;
    sample.deliveryRate = elapsedMs >= this.#minRttMs && elapsedMs > 0
      ? (this.#delivered - newest.delivered) / elapsedMs
      : 0;
    sample.isAppLimited = newest.isAppLimited;
    sample.priorDeliveredBytes = newest.delivered;
    this.#finish();
  }

  /** Everything is lost after three RTTs without an answer. */
  #checkTimer(nowMs: number): void {
    if (this.#inFlight === 0) return;
    const timeoutMs = this.#smoothedMs < 0 ? 500 : 3 * this.#smoothedMs + 50;
    if (nowMs - this.#lastProgressMs < timeoutMs) return;
    this.#lastProgressMs = nowMs;
    this.#clear(nowMs);
    for (let i = this.#oldest; i < this.#packets.length; i++) this.#lose(i);
    this.#oldest = this.#packets.length;
    this.#finish();
  }

  #lose(number: number): void {
    const packet = this.#packets[number];
    if (packet === undefined || packet.isLost) return;
    packet.isLost = true;
    this.#inFlight -= packet.bytes;
    this.#sample.lostBytes += packet.bytes;
    this.#sample.lostPackets += 1;
    this.result.lost += 1;
    if (packet.bornMs >= 0) {
      this.#stream.push(packet.bornMs);
      this.#packets[number] = undefined;
    }
  }

  #clear(nowMs: number): void {
    const sample = this.#sample;
    sample.nowMs = nowMs;
    sample.ackedBytes = 0;
    sample.ackedPackets = 0;
    sample.lostBytes = 0;
    sample.lostPackets = 0;
    sample.rttMs = -1;
    sample.deliveryRate = 0;
  }

  #finish(): void {
    const sample = this.#sample;
    sample.smoothedRttMs = Math.max(0, this.#smoothedMs);
    sample.minRttMs = this.#minRttMs;
    sample.inFlightBytes = this.#inFlight;
    sample.deliveredBytes = this.#delivered;
    this.#control.onAck(sample);
  }
}

/** Runs flows over a bottleneck for so long, in steps of a quarter of a millisecond. */
export function runBottleneck(
  path: BottleneckOptions,
  flows: readonly FlowOptions[],
  durationMs: number,
): FlowResult[] {
  const random: Random = new SeededRandom(path.seed ?? 1);
  const { loss = 0, jitterMs = 0, rate } = path;
  const running = flows.map((options) => new Flow(options));
  let busyUntilMs = 0;
  for (let nowMs = 0; nowMs < durationMs; nowMs += 0.25) {
    for (const flow of running) {
      const pollMs = flow.options.pollMs ?? 1;
      if (nowMs >= flow.nextReceiverMs) {
        flow.nextReceiverMs += pollMs;
        const numbers: number[] = [];
        while (
          flow.toReceiver.length > 0 && flow.toReceiver[0]!.ms <= nowMs
        ) {
          numbers.push(flow.toReceiver.shift()!.number);
        }
        if (numbers.length > 0 && random.nextFloat() >= loss) {
          const ms = nowMs + path.rttMs / 2 + jitterMs * random.nextFloat();
          flow.lastAckMs = Math.max(flow.lastAckMs, ms);
          flow.toSender.push({ ms: flow.lastAckMs, numbers });
        } else if (numbers.length > 0) {
          // A later acknowledgement tells of these too.
          for (let i = numbers.length - 1; i >= 0; i--) {
            flow.toReceiver.unshift({ number: numbers[i]!, ms: nowMs });
          }
        }
      }
      if (nowMs >= flow.nextSenderMs) {
        flow.nextSenderMs += pollMs;
        flow.poll(nowMs, (bytes, number) => {
          const waitingBytes = Math.max(0, busyUntilMs - nowMs) * rate;
          if (rate !== Infinity && waitingBytes + bytes > path.queueBytes) {
            return;
          }
          busyUntilMs = Math.max(busyUntilMs, nowMs) + bytes / rate;
          if (random.nextFloat() < loss) return;
          const ms = busyUntilMs + path.rttMs / 2 +
            jitterMs * random.nextFloat();
          flow.lastArrivalMs = Math.max(flow.lastArrivalMs, ms);
          flow.toReceiver.push({ number, ms: flow.lastArrivalMs });
        });
      }
    }
  }
  return running.map((flow) => flow.result);
}
