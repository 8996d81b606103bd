// This module is browser compatible.
import type { Channel, MessageLink } from "../../protocol/mod.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import type { ResultStatus } from "../wire/result_status.ts";
import { ResultWriter } from "../wire/result_writer.ts";
import type { EndpointCounters } from "./_counters.ts";

/** Why an answer was not queued: no room now, no room in any message, or not allowed. */
export type ResultError = "full" | "tooLarge" | "range";

/** What is fixed for the answers of a link. */
export interface ResultLimits {
  /** Not to be exceeded by putting several into a packet. */
  readonly packetBytes: number;
  /** The most bytes of a packet. */
  readonly messageBytes: number;
  /** The most bytes that wait in whole packets. */
  readonly queuedBytes: number;
}

/** The answers of calls of one channel. */
interface Lane {
  readonly channel: Channel;
  readonly writer: ResultWriter;
  /** Whole packets, oldest first. */
  readonly waiting: Uint8Array[];
}

/** How an answer gets into a packet. */
type Put = (writer: ResultWriter) => boolean;

/**
 * The answers that wait to be sent over a link. They go by the channel of their calls, so
 * that those of ordered calls are ordered.
 */
export class ResultOutbox {
  readonly #limits: ResultLimits;
  readonly #counters: EndpointCounters;
  readonly #lanes: Lane[] = [];
  /** For what is too large for a packet of several. */
  #large: ResultWriter | undefined;
  #waitingBytes = 0;

  constructor(limits: ResultLimits, counters: EndpointCounters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  /** How many bytes wait in whole packets. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  addValue(rpc: Rpc, ticket: number, value: unknown): ResultError | undefined {
    const lane = this.#lane(rpc.channel);
    if (lane.writer.addValue(rpc, ticket, value)) return undefined;
    return this.#retry(lane, (writer) => writer.addValue(rpc, ticket, value));
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
    return this.#retry(
      lane,
      (writer) => writer.addStatus(ticket, status, code, text),
    );
  }

  /** Sends everything, as far as the link takes it. */
  flush(link: MessageLink): void {
    for (const { channel, waiting, writer } of this.#lanes) {
      let sent = 0;
      for (const bytes of waiting) {
        if (!this.#send(link, bytes, channel)) break;
        this.#waitingBytes -= bytes.length;
        sent++;
      }
      if (sent > 0) waiting.splice(0, sent);
      if (writer.count === 0 || waiting.length > 0) continue;
      if (this.#send(link, writer.end(), channel)) writer.begin();
    }
  }

  /** Drops everything. */
  clear(): void {
    this.#lanes.length = 0;
    this.#waitingBytes = 0;
  }

  #send(link: MessageLink, bytes: Uint8Array, channel: Channel): boolean {
    if (!link.send(bytes, channel)) {
      if (bytes.length <= link.maxMessageBytes) return false;
      // It takes less than it said when the answer was made, and never this.
      this.#counters.resultsDropped++;
      return true;
    }
    this.#counters.packetsOut++;
    this.#counters.bytesOut += bytes.length;
    return true;
  }

  /** What the packet that is begun has not taken goes into the next, or into one of its own. */
  #retry(lane: Lane, put: Put): ResultError | undefined {
    const { writer } = lane;
    if (writer.error === "range") return "range";
    if (writer.count > 0) {
      if (!this.#queue(lane, writer)) return "full";
      writer.begin();
      if (put(writer)) return undefined;
    }
    const large = this.#large ??= new ResultWriter(this.#limits.messageBytes);
    large.begin();
    if (!put(large)) return "tooLarge";
    return this.#queue(lane, large) ? undefined : "full";
  }

  #queue({ waiting }: Lane, writer: ResultWriter): boolean {
    const bytes = new Uint8Array(writer.end());
    const waitingBytes = this.#waitingBytes + bytes.length;
    if (waitingBytes > this.#limits.queuedBytes) return false;
    this.#waitingBytes = waitingBytes;
    waiting.push(bytes);
    return true;
  }

  #lane(channel: Channel): Lane {
    for (const lane of this.#lanes) {
      if (lane.channel === channel) return lane;
    }
    const writer = new ResultWriter(this.#limits.packetBytes);
    const lane = { channel, writer, waiting: [] };
    this.#lanes.push(lane);
    return lane;
  }
}
