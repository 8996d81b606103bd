// This module is browser compatible.
import { type Random, SeededRandom } from "../../../core/mod.ts";
import type { RedundancyPolicy } from "../redundancy_policy.ts";

// A small model of two connections: enough of their sending, acknowledging and
// loss detection to choose plans of copies by, and fast.

/** What the path does, and what is sent. */
export interface EchoOptions {
  /** Each way, in milliseconds. */
  readonly delayMs: number;
  /** Up to so much more, by chance, for each packet. @default {0} */
  readonly jitterMs?: number;
  /** Share of packets lost. */
  readonly loss: number;
  /** How many packets in a row are lost at once. @default {1} */
  readonly burst?: number;
  /** Whether the length of a burst is by chance, that on average. @default {false} */
  readonly isGeometric?: boolean;
  /** How often each end looks, in milliseconds. @default {1} */
  readonly pollMs?: number;
  /** Messages per second. @default {60} */
  readonly rate?: number;
  /** @default {30} */
  readonly seconds?: number;
  readonly seed: number;
  /** A policy for each end. */
  readonly policy: () => RedundancyPolicy;
}

/** What came of it. */
export interface EchoResult {
  /** Round trip of each message, in milliseconds, in order. */
  readonly rttMs: number[];
  /** Bytes of payloads both ways. */
  readonly bytes: number;
  readonly packets: number;
  /** Copies for each message, on average. */
  readonly copies: number;
}

const MESSAGE_BYTES = 100;
const FRAME_BYTES = 3;
const HEADER_BYTES = 11;

interface SimMessage {
  id: number;
  firstMs: number;
  copies: number;
  /** How many have left beyond the first. */
  sent: number;
  delays: number[];
  isDue: boolean;
  underWay: number;
  lastMs: number;
}

interface SimPacket {
  number: number;
  sentMs: number;
  messages: number[];
  isEliciting: boolean;
  acks: number[];
  bytes: number;
}

class Path {
  readonly #random: Random;
  readonly #options: EchoOptions;
  #burstLeft = 0;
  readonly #under: { ms: number; packet: SimPacket }[] = [];

  constructor(options: EchoOptions, seed: number) {
    this.#random = new SeededRandom(seed);
    this.#options = options;
  }

  send(packet: SimPacket, nowMs: number): void {
    const { loss, burst = 1, delayMs, jitterMs = 0, isGeometric } =
      this.#options;
    const ms = nowMs + delayMs + jitterMs * this.#random.nextFloat();
    if (this.#burstLeft > 0) {
      this.#burstLeft -= 1;
      return;
    }
    if (this.#random.nextFloat() < loss / burst) {
      if (isGeometric) {
        while (this.#random.nextFloat() >= 1 / burst) this.#burstLeft += 1;
      } else {
        this.#burstLeft = burst - 1;
      }
      return;
    }
    let at = this.#under.length;
    while (at > 0 && this.#under[at - 1]!.ms > ms) at -= 1;
    this.#under.splice(at, 0, { ms, packet });
  }

  take(nowMs: number): SimPacket | undefined {
    const first = this.#under[0];
    if (first === undefined || first.ms > nowMs) return undefined;
    return this.#under.shift()!.packet;
  }
}

class End {
  readonly policy: RedundancyPolicy;
  readonly #path: Path;
  bytes = 0;
  packets = 0;
  copies = 0;
  messages = 0;
  #nextId = 0;
  #nextNumber = 0;
  readonly #unacked = new Map<number, SimMessage>();
  readonly #under = new Map<number, SimPacket>();
  readonly #held = new Set<number>();
  readonly #seen = new Set<number>();
  #expected = 0;
  #recent: number[] = [];
  #ackFromMs = Infinity;
  #eliciting = 0;
  #largestAcked = -1;
  #smoothedMs = 0;
  #variationMs = 0;
  #minMs = Infinity;
  #lastSentMs = 0;
  #threshold = 3;
  /** How much later than the RTT a packet may come before it counts as lost. */
  #slackMs = 0;
  readonly #lost = new Map<number, SimPacket>();

  constructor(policy: RedundancyPolicy, path: Path) {
    this.policy = policy;
    this.#path = path;
  }

  send(nowMs: number): void {
    const id = this.#nextId++;
    const copies = this.policy.copies(MESSAGE_BYTES, nowMs);
    const delays: number[] = [];
    for (let i = 0; i < copies; i++) delays.push(this.policy.delayMs(i));
    this.messages += 1;
    this.#unacked.set(id, {
      id,
      firstMs: -1,
      copies,
      sent: 0,
      delays,
      isDue: true,
      underWay: 0,
      lastMs: 0,
    });
  }

  /** Takes a packet; returns how many messages it makes deliverable. */
  receive(packet: SimPacket, nowMs: number): number {
    for (const number of packet.acks) this.#onAck(number, nowMs);
    this.#detectLoss(nowMs);
    if (this.#seen.has(packet.number)) return 0;
    this.#seen.add(packet.number);
    this.#recent.push(packet.number);
    if (this.#recent.length > 40) this.#recent.shift();
    if (packet.isEliciting) {
      this.#ackFromMs = Math.min(this.#ackFromMs, nowMs);
      this.#eliciting += 1;
    }
    for (const id of packet.messages) {
      if (id >= this.#expected) this.#held.add(id);
    }
    let count = 0;
    while (this.#held.delete(this.#expected)) {
      this.#expected += 1;
      count += 1;
    }
    return count;
  }

  flush(nowMs: number): void {
    this.#detectLoss(nowMs);
    const messages: number[] = [];
    for (const message of this.#unacked.values()) {
      const isFirst = message.firstMs < 0;
      const isCopy = !message.isDue && message.sent < message.copies &&
        nowMs >= dueMs(message);
      if (!message.isDue && !isCopy) continue;
      if (isFirst) message.firstMs = nowMs;
      if (isCopy) {
        message.sent += 1;
        this.copies += 1;
      }
      message.isDue = false;
      message.lastMs = nowMs;
      message.underWay += 1;
      messages.push(message.id);
      this.policy.onSent(MESSAGE_BYTES, !isFirst, nowMs);
    }
    if (messages.length === 0) {
      const isProbe = this.#under.size > 0 &&
        nowMs - this.#lastSentMs >
          this.#smoothedMs + Math.max(1, 4 * this.#variationMs) + 10;
      if (isProbe) {
        const oldest = this.#unacked.values().next().value;
        if (oldest !== undefined) {
          messages.push(oldest.id);
          oldest.underWay += 1;
        }
      } else if (nowMs - this.#ackFromMs < 10) return;
      if (messages.length === 0 && this.#ackFromMs === Infinity) return;
    }
    const bytes = HEADER_BYTES +
      messages.length * (MESSAGE_BYTES + FRAME_BYTES);
    const packet: SimPacket = {
      number: this.#nextNumber++,
      sentMs: nowMs,
      messages,
      isEliciting: messages.length > 0,
      acks: this.#recent.slice(),
      bytes,
    };
    this.#ackFromMs = Infinity;
    this.#eliciting = 0;
    this.bytes += bytes;
    this.packets += 1;
    this.#under.set(packet.number, packet);
    if (packet.isEliciting) this.#lastSentMs = nowMs;
    this.#path.send(packet, nowMs);
  }

  #onAck(number: number, nowMs: number): void {
    const packet = this.#under.get(number);
    if (packet === undefined) {
      const lost = this.#lost.get(number);
      if (lost === undefined) return;
      this.#lost.delete(number);
      this.#threshold = Math.min(
        20,
        Math.max(this.#threshold, this.#largestAcked - number + 1),
      );
      this.#slackMs = Math.max(
        this.#slackMs,
        Math.min(30, nowMs - lost.sentMs - this.#smoothedMs),
      );
      for (const id of lost.messages) this.#unacked.delete(id);
      this.policy.onSpuriousLoss(number, lost.sentMs);
      return;
    }
    this.#under.delete(number);
    if (number > this.#largestAcked) {
      this.#largestAcked = number;
      if (packet.isEliciting) this.#onRtt(nowMs - packet.sentMs);
    }
    for (const id of packet.messages) this.#unacked.delete(id);
    this.policy.onFate(number, packet.sentMs, false, nowMs);
  }

  #onRtt(rttMs: number): void {
    this.#minMs = Math.min(this.#minMs, rttMs);
    if (this.#smoothedMs === 0) {
      this.#smoothedMs = rttMs;
      this.#variationMs = rttMs / 2;
    } else {
      this.#variationMs += 0.25 *
        (Math.abs(this.#smoothedMs - rttMs) - this.#variationMs);
      this.#smoothedMs += 0.125 * (rttMs - this.#smoothedMs);
    }
    this.policy.onRtt(this.#smoothedMs, this.#variationMs, this.#minMs);
  }

  #detectLoss(nowMs: number): void {
    const lateMs = this.#smoothedMs +
      Math.max(0.125 * this.#smoothedMs, this.#slackMs) + 1;
    for (const packet of this.#under.values()) {
      if (packet.number > this.#largestAcked) break;
      if (
        packet.number > this.#largestAcked - this.#threshold &&
        nowMs - packet.sentMs < lateMs
      ) continue;
      this.#under.delete(packet.number);
      this.#lost.set(packet.number, packet);
      this.policy.onFate(packet.number, packet.sentMs, true, nowMs);
      for (const id of packet.messages) {
        const message = this.#unacked.get(id);
        if (message === undefined) continue;
        message.underWay -= 1;
        if (message.underWay === 0) message.isDue = true;
      }
    }
  }
}

/** When the next copy is due: also if the last one was late, they stay apart. */
function dueMs(message: SimMessage): number {
  const { sent, delays } = message;
  const delayMs = delays[sent]!;
  const gapMs = sent === 0 ? delayMs : delayMs - delays[sent - 1]!;
  return Math.max(message.firstMs + delayMs, message.lastMs + gapMs / 2);
}

/** Sends messages from one end to the other, which echoes each at once. */
export function simulateEcho(options: EchoOptions): EchoResult {
  const { pollMs = 1, rate = 60, seconds = 30, seed } = options;
  const there = new Path(options, 2 * seed + 1);
  const back = new Path(options, 2 * seed + 2);
  const client = new End(options.policy(), there);
  const server = new End(options.policy(), back);
  const bornMs: number[] = [];
  const rttMs: number[] = [];
  const total = rate * seconds;
  const stepMs = 0.5;
  let clientAtMs = 0;
  let serverAtMs = stepMs;
  const endMs = seconds * 1000 + 2000;
  for (let nowMs = 0; nowMs < endMs; nowMs += stepMs) {
    if (nowMs >= clientAtMs) {
      clientAtMs += pollMs;
      for (let p = back.take(nowMs); p; p = back.take(nowMs)) {
        for (let n = client.receive(p, nowMs); n > 0; n--) {
          rttMs.push(nowMs - bornMs[rttMs.length]!);
        }
      }
      while (
        bornMs.length < total && nowMs >= bornMs.length * 1000 / rate
      ) {
        bornMs.push(nowMs);
        client.send(nowMs);
      }
      client.flush(nowMs);
    }
    if (nowMs >= serverAtMs) {
      serverAtMs += pollMs;
      for (let p = there.take(nowMs); p; p = there.take(nowMs)) {
        for (let n = server.receive(p, nowMs); n > 0; n--) server.send(nowMs);
      }
      server.flush(nowMs);
    }
  }
  return {
    rttMs,
    bytes: client.bytes + server.bytes,
    packets: client.packets + server.packets,
    copies: (client.copies + server.copies) /
      (client.messages + server.messages),
  };
}
