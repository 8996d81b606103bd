// This module is browser compatible.
import type { Channel, MessageLink } from "../../protocol/mod.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import type { EndpointCounters } from "./_counters.ts";
import { type ResultStatus, ResultWriter } from "./_result_codec.ts";

/** Why an answer was not queued: see `Outbox`. */
export type ResultError = "full" | "tooLarge" | "range";

/** The answers of calls of one channel, in whole packets. */
interface Lane {
  readonly channel: Channel;
  readonly writer: ResultWriter;
  /** Packets that the link did not take, oldest first. */
  waiting: Uint8Array[];
}

/**
 * The answers that wait to be sent over a link. They go by the channel of their calls, so
 * that those of ordered calls are ordered.
 */
export class ResultOutbox {
  readonly #packetBytes: number;
  readonly #queuedBytes: number;
  readonly #counters: EndpointCounters;
  readonly #lanes: Lane[] = [];
  #waitingBytes = 0;

  constructor(
    packetBytes: number,
    queuedBytes: number,
    counters: EndpointCounters,
  ) {
    this.#packetBytes = packetBytes;
    this.#queuedBytes = queuedBytes;
    this.#counters = counters;
  }

  /** How many bytes wait in whole packets. */
  get queuedBytes(): number {
    return this.#waitingBytes;
  }

  addValue(rpc: Rpc, ticket: number, value: unknown): ResultError | undefined {
    const lane = this.#lane(rpc.channel);
    if (lane.writer.addValue(rpc, ticket, value)) return undefined;
    const error = this.#makeRoom(lane);
    if (error !== undefined) return error;
    if (lane.writer.addValue(rpc, ticket, value)) return undefined;
    return lane.writer.error === "range" ? "range" : "tooLarge";
  }

  addStatus(
    rpc: Rpc,
    ticket: number,
    status: ResultStatus,
    code: number,
    text: string,
  ): ResultError | undefined {
    const lane = this.#lane(rpc.channel);
    if (lane.writer.addStatus(ticket, status, code, text)) return undefined;
    const error = this.#makeRoom(lane);
    if (error !== undefined) return error;
    return lane.writer.addStatus(ticket, status, code, text)
      ? undefined
      : "tooLarge";
  }

  /** Sends everything, as far as the link takes it. */
  flush(link: MessageLink): void {
    for (const lane of this.#lanes) {
      let sent = 0;
      while (sent < lane.waiting.length) {
        const bytes = lane.waiting[sent]!;
        if (!this.#send(link, bytes, lane.channel)) break;
        this.#waitingBytes -= bytes.length;
        sent++;
      }
      if (sent > 0) lane.waiting.splice(0, sent);
      if (lane.writer.count === 0 || lane.waiting.length > 0) continue;
      if (this.#send(link, lane.writer.end(), lane.channel)) {
        lane.writer.begin();
      }
    }
  }

  /** Drops everything. */
  clear(): void {
    this.#lanes.length = 0;
    this.#waitingBytes = 0;
  }

  #send(link: MessageLink, bytes: Uint8Array, channel: Channel): boolean {
    if (!link.send(bytes, channel)) return false;
    this.#counters.packetsOut++;
    this.#counters.bytesOut += bytes.length;
    return true;
  }

  #makeRoom(lane: Lane): ResultError | undefined {
    const { writer } = lane;
    if (writer.error === "range") return "range";
    if (writer.count === 0) return "tooLarge";
    if (this.#waitingBytes + this.#packetBytes > this.#queuedBytes) {
      return "full";
    }
    const bytes = new Uint8Array(writer.end());
    lane.waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    writer.begin();
    return undefined;
  }

  #lane(channel: Channel): Lane {
    for (const lane of this.#lanes) {
      if (lane.channel === channel) return lane;
    }
    const writer = new ResultWriter(this.#packetBytes);
    writer.begin();
    const lane = { channel, writer, waiting: [] };
    this.#lanes.push(lane);
    return lane;
  }
}
