// This module is browser compatible.
import {
  type Channel,
  isReliable,
  type MessageLink,
} from "../../protocol/mod.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import { CallWriter } from "../wire/call_writer.ts";
import type { RpcPacketKind } from "../wire/packet_kind.ts";
import type { EndpointCounters } from "./_counters.ts";

/** Why a call was not queued: no room now, no room in any packet, or a value is not allowed. */
export type OutboxError = "full" | "tooLarge" | "range";

/** A packet that waits for the link to take it. */
interface SealedPacket {
  readonly bytes: Uint8Array;
  readonly channel: Channel;
  readonly count: number;
}

/** What is fixed for an outbox. */
export interface OutboxLimits {
  /** What its packets are. */
  readonly kind: RpcPacketKind;
  /** The most bytes of a packet. */
  readonly packetBytes: number;
  /** The most bytes that wait. */
  readonly queuedBytes: number;
}

const CHANNELS = 4;

/**
 * What waits to be sent over a link. Calls are written when they are queued, so that
 * what they carry may change afterwards; packets keep the order of their channel.
 */
export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #counters: EndpointCounters;
  readonly #writers: (CallWriter | undefined)[] = new Array(CHANNELS);
  /** The next call of each channel. */
  readonly #sequences = new Float64Array(CHANNELS);
  #sealed: SealedPacket[] = [];
  #sealedBytes = 0;

  constructor(limits: OutboxLimits, counters: EndpointCounters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  /** How many bytes wait in whole packets. */
  get queuedBytes(): number {
    return this.#sealedBytes;
  }

  /** Queues a call; what is wrong if it cannot. */
  add(
    rpc: Rpc,
    tag: number,
    id: number,
    ticket: number,
    params: Readonly<Record<string, unknown>>,
  ): OutboxError | undefined {
    const { channel } = rpc;
    let writer = this.#writers[channel];
    if (writer === undefined) {
      writer = new CallWriter(this.#limits.packetBytes);
      this.#writers[channel] = writer;
      writer.begin(this.#limits.kind, this.#sequences[channel]!);
    }
    if (!writer.add(rpc, tag, id, ticket, params)) {
      if (writer.error === "range") return "range";
      if (writer.count === 0) return "tooLarge";
      if (!this.#hasRoom()) return "full";
      this.#seal(writer, channel);
      if (!writer.add(rpc, tag, id, ticket, params)) return "tooLarge";
    }
    this.#sequences[channel]!++;
    return undefined;
  }

  /** Ends the packets that are begun, so that they go out with the next flush. */
  seal(): void {
    for (let channel = 0; channel < CHANNELS; channel++) {
      const writer = this.#writers[channel];
      if (writer === undefined || writer.count === 0) continue;
      // While the link takes nothing they fill up, so that no small ones pile up.
      if (this.#sealed.some((packet) => packet.channel === channel)) continue;
      if (this.#hasRoom()) this.#seal(writer, channel as Channel);
    }
  }

  /** Sends what was sealed, as far as the link takes it. */
  flush(link: MessageLink): void {
    const packets = this.#sealed;
    if (packets.length === 0) return;
    let blocked = 0;
    let kept = 0;
    for (const packet of packets) {
      const { bytes, channel } = packet;
      const bit = 1 << channel;
      if ((blocked & bit) === 0 && link.send(bytes, channel)) {
        this.#counters.packetsOut++;
        this.#counters.bytesOut += bytes.length;
        this.#counters.callsOut += packet.count;
      } else if (isReliable(channel)) {
        blocked |= bit;
        packets[kept++] = packet;
        continue;
      } else this.#counters.packetsDropped++;
      this.#sealedBytes -= bytes.length;
    }
    packets.length = kept;
  }

  /** Drops everything. */
  clear(): void {
    this.#counters.packetsDropped += this.#sealed.length;
    this.#sealed = [];
    this.#sealedBytes = 0;
    this.#writers.fill(undefined);
  }

  #hasRoom(): boolean {
    const { packetBytes, queuedBytes } = this.#limits;
    return this.#sealedBytes + packetBytes <= queuedBytes;
  }

  #seal(writer: CallWriter, channel: Channel): void {
    const { count } = writer;
    const bytes = new Uint8Array(writer.end());
    this.#sealed.push({ bytes, channel, count });
    this.#sealedBytes += bytes.length;
    writer.begin(this.#limits.kind, this.#sequences[channel]!);
  }
}
