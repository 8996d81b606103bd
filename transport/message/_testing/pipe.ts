// This module is browser compatible.
import type { SeededRandom } from "../../../core/mod.ts";
import type { RedundancyPolicy } from "../../redundancy/redundancy_policy.ts";
import type { ChannelConfig } from "../channel_config.ts";
import { Inbox } from "../inbox.ts";
import type { MessageLimits } from "../message_limits.ts";
import { NORMAL, Outbox } from "../outbox.ts";
import { resolveMessageLimits } from "../resolve_limits.ts";
import { FixedRedundancy } from "./fixed_redundancy.ts";

/** What a {@linkcode Pipe} is made of. */
export interface PipeOptions {
  readonly channels: readonly ChannelConfig[];
  readonly limits?: MessageLimits;
  readonly redundancy?: RedundancyPolicy;
  readonly firstMessageId?: number;
  readonly packetBytes?: number;
}

/** A packet that is under way. */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly ref: number;
  readonly count: number;
  readonly isReliable: boolean;
  isResolved: boolean;
}

/** An outbox and an inbox with nothing between them but what a test does with the packets. */
export class Pipe {
  nowMs = 1000;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  /** Messages that were handed out, by channel. */
  readonly received: Uint8Array[][];
  /** The most that the inbox held. */
  mostHeldBytes = 0;
  readonly #packetBytes: number;
  readonly #buffer = new Uint8Array(1400);
  readonly #unreleased: Packet[] = [];

  constructor(options: PipeOptions) {
    const { channels } = options;
    const limits = resolveMessageLimits(options.limits);
    const firstMessageId = options.firstMessageId ?? 0;
    this.outbox = new Outbox({
      channels,
      limits,
      firstMessageId,
      redundancy: options.redundancy ?? new FixedRedundancy(),
    });
    this.inbox = new Inbox({ channels, limits, firstMessageId });
    this.received = channels.map(() => []);
    this.#packetBytes = options.packetBytes ?? 1190;
  }

  send(channel: number, ...bytes: number[]): boolean {
    return this.outbox.send(channel, new Uint8Array(bytes), this.nowMs);
  }

  /** Whether something may leave now. */
  get isDue(): boolean {
    return this.outbox.nextDueMs(this.nowMs) <= this.nowMs;
  }

  /** Makes one packet, if there is anything to put in. */
  pack(mode = NORMAL, bytes = this.#packetBytes): Packet | undefined {
    const { outbox } = this;
    const end = outbox.writeFrames(
      this.#buffer,
      3,
      3 + bytes,
      this.nowMs,
      mode,
    );
    const packet = {
      bytes: this.#buffer.slice(3, end),
      ref: outbox.lastRef,
      count: outbox.lastRefCount,
      isReliable: outbox.lastIsReliable,
      isResolved: false,
    };
    if (end === 3) return undefined;
    this.#unreleased.push(packet);
    return packet;
  }

  /** Makes packets of all that is due. */
  packAll(): Packet[] {
    const packets: Packet[] = [];
    while (this.isDue) {
      const packet = this.pack();
      if (packet === undefined) break;
      packets.push(packet);
    }
    return packets;
  }

  /** Lets a packet arrive. Returns whether it was taken. */
  arrive(packet: Packet): boolean {
    return this.arriveBytes(packet.bytes) === packet.bytes.length;
  }

  /** Lets bytes arrive. Returns how far they made sense, or what `check()` said. */
  arriveBytes(bytes: Uint8Array): number {
    const { inbox } = this;
    const end = bytes.length;
    inbox.beginPacket();
    for (let at = 0; at < end;) {
      at = inbox.check(bytes, at, end);
      if (at < 0) return at;
    }
    let at = 0;
    while (at < end) at = inbox.receive(bytes, at, end, this.nowMs);
    this.mostHeldBytes = Math.max(this.mostHeldBytes, inbox.heldBytes);
    return at;
  }

  acknowledge(packet: Packet): void {
    this.outbox.onAcked(packet.ref, packet.count, this.nowMs);
    this.#resolve(packet);
  }

  /** Takes a packet for lost, which still may be acknowledged if `isFinal` is false. */
  lose(packet: Packet, isFinal = true): void {
    this.outbox.onLost(packet.ref, packet.count, this.nowMs);
    if (isFinal) this.#resolve(packet);
  }

  poll(): void {
    this.inbox.poll((bytes, channel) => {
      this.received[channel]!.push(bytes.slice());
    });
  }

  /** Everything that is due arrives, is acknowledged and taken out. */
  deliver(): void {
    for (const packet of this.packAll()) {
      this.arrive(packet);
      this.acknowledge(packet);
    }
    this.poll();
  }

  #resolve(packet: Packet): void {
    packet.isResolved = true;
    const waiting = this.#unreleased;
    while (waiting.length > 0 && waiting[0]!.isResolved) {
      const { ref, count } = waiting.shift()!;
      this.outbox.releaseRefs(ref, count);
    }
  }
}

/** A message of which every byte follows from its number. */
export function numbered(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, number, true);
  for (let i = 4; i < size; i++) bytes[i] = number * 7 + i * 13;
  return bytes;
}

/** The number of a message; throws if a byte of it is wrong. */
export function numberOf(bytes: Uint8Array): number {
  const number = bytes[0]! | bytes[1]! << 8 | bytes[2]! << 16 | bytes[3]! << 24;
  for (let i = 4; i < bytes.length; i++) {
    if (bytes[i] !== ((number * 7 + i * 13) & 0xff)) {
      throw new Error(`Message ${number} is not what was sent: at byte ${i}`);
    }
  }
  return number;
}

/** An integer from 0 to `below` - 1. */
export function pick(random: SeededRandom, below: number): number {
  return random.nextU32() % below;
}
