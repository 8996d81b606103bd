// This module is browser compatible.
import { BitReader, ByteReader, type ReadError } from "../../protocol/mod.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import { RpcPacketKind, TargetTag } from "./packet_kind.ts";

/** The most calls of a packet. */
export const MAX_CALLS = 4_096;

/** A call that was read: a record of the reader's, which the next packet overwrites. */
export interface ReceivedCall {
  /** Which. */
  rpc: Rpc;
  /** Its sequence on its link. */
  sequence: number;
  /** A client's call: the tag of its target. A server's: 0. */
  tag: number;
  /** A client's call: the client or team of its target. A server's: the caller, 0 for the server. */
  id: number;
  /** Of a call that is answered, 1 to 2^53 - 1; else 0. */
  ticket: number;
  /** What it carries: the receiver's own. */
  params: Readonly<Record<string, unknown>>;
}

/** Why a packet was refused. */
export type CallFault = ReadError | "kind" | "trailing" | "count" | "target";

/** Takes packets apart: a whole packet, or nothing of it. */
export class CallReader {
  readonly #rpcs: readonly (Rpc | undefined)[];
  readonly #reader = new ByteReader();
  readonly #bits = new BitReader(this.#reader);
  readonly #calls: ReceivedCall[] = [];
  #count = 0;
  #unknown = 0;

  /**
   * Creates a reader.
   *
   * @param rpcs The calls by the number that the other end gives them; what this end does not know is `undefined`.
   */
  constructor(rpcs: readonly (Rpc | undefined)[]) {
    this.#rpcs = rpcs;
  }

  /** How many calls the last packet had, without the unknown ones. */
  get count(): number {
    return this.#count;
  }

  /** How many runs of unknown calls the last packet had. */
  get unknownRuns(): number {
    return this.#unknown;
  }

  /**
   * One of the calls of the last packet.
   *
   * @param index 0 to `count - 1`.
   * @returns The record.
   */
  at(index: number): ReceivedCall {
    return this.#calls[index]!;
  }

  /**
   * Reads a packet of calls.
   *
   * @param packet All of it.
   * @param kind `ClientCalls` or `ServerCalls`: what the other end may send.
   * @returns What is wrong with it; `undefined` if nothing is.
   */
  read(packet: Uint8Array, kind: RpcPacketKind): CallFault | undefined {
    this.#count = 0;
    this.#unknown = 0;
    const reader = this.#reader;
    reader.reset(packet);
    if (reader.u8() !== kind) return this.#refuse("kind");
    let sequence = reader.varint();
    while (!reader.atEnd && reader.ok) {
      const head = reader.varint();
      const count = head % 2 === 1 ? reader.varint() + 2 : 1;
      const length = reader.varint();
      if (!reader.ok) break;
      if (length > reader.remaining) return this.#refuse("truncated");
      if (this.#count + count > MAX_CALLS) return this.#refuse("count");
      const end = reader.position + length;
      const rpc = this.#rpcs[(head - head % 2) / 2];
      if (rpc === undefined) {
        this.#unknown++;
        reader.skip(length);
        sequence += count;
        continue;
      }
      for (let i = 0; i < count; i++) {
        const fault = this.#readCall(rpc, sequence++, kind);
        if (fault !== undefined) return this.#refuse(fault);
      }
      if (reader.position !== end) return this.#refuse("trailing");
    }
    return reader.error === undefined ? undefined : this.#refuse(reader.error);
  }

  #readCall(rpc: Rpc, sequence: number, kind: number): CallFault | undefined {
    const reader = this.#reader;
    const target = reader.varint();
    const tag = kind === RpcPacketKind.ClientCalls ? target % 8 : 0;
    const id = kind === RpcPacketKind.ClientCalls ? (target - tag) / 8 : target;
    if (!isTarget(tag, id, kind)) return "target";
    const ticket = rpc.definition.reply === undefined ? 0 : reader.varint();
    if (rpc.definition.reply !== undefined && ticket === 0) return "range";
    const params = rpc.params.read(this.#bits);
    this.#bits.align();
    if (reader.error !== undefined) return reader.error;
    const call = this.#calls[this.#count];
    if (call === undefined) {
      this.#calls.push({ rpc, sequence, tag, id, ticket, params });
    } else {
      call.rpc = rpc;
      call.sequence = sequence;
      call.tag = tag;
      call.id = id;
      call.ticket = ticket;
      call.params = params;
    }
    this.#count++;
    return undefined;
  }

  #refuse(fault: CallFault): CallFault {
    this.#count = 0;
    return fault;
  }
}

function isTarget(tag: number, id: number, kind: number): boolean {
  if (kind !== RpcPacketKind.ClientCalls) return true;
  switch (tag) {
    case TargetTag.All:
    case TargetTag.Server:
      return id === 0;
    case TargetTag.Client:
    case TargetTag.AllExcept:
      return id > 0;
    case TargetTag.Team:
      return id <= 0xffff;
    default:
      return false;
  }
}
