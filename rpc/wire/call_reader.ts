// This module is browser compatible.
import { MAX_RPCS, type Rpc } from "../contract/define_rpc.ts";
import { MAX_CALLS } from "./_limits.ts";
import { CallPlan } from "./_plan.ts";
import { PlanReader } from "./_plan_reader.ts";
import type { CallFault } from "./call_fault.ts";
import { RpcPacketKind, TargetTag } from "./packet_kind.ts";

export { MAX_CALLS } from "./_limits.ts";
export type { CallFault } from "./call_fault.ts";

/** More records than a few packets need are not kept from one packet to the next. */
const KEPT_RECORDS = 128;
const NO_PARAMS: ReceivedCall["params"] = Object.freeze({});
const LAST_TEAM = 0xffff;
/** What is above the four low bits of an id, which has 53. */
const ID_REST_END = 2 ** 49;

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
  /** What it carries: the receiver's own, unless it has no parameters. */
  params: Readonly<Record<string, unknown>>;
}

/**
 * Takes packets of calls apart, which may come from anybody: a whole packet, or nothing
 * of it. `WIRE.md` in the folder above says what it takes for one.
 */
export class CallReader {
  readonly #rpcs: readonly (Rpc | undefined)[];
  /** The plans of what was read, by the numbers of the other end. */
  readonly #plans: (CallPlan | undefined)[] = [];
  readonly #values = new PlanReader();
  readonly #calls: ReceivedCall[] = [];
  #count = 0;
  #unknownRuns = 0;
  #unknownCalls = 0;

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
    return this.#unknownRuns;
  }

  /** How many unknown calls the last packet had. */
  get unknownCalls(): number {
    return this.#unknownCalls;
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
    this.release();
    const values = this.#values;
    values.reset(packet);
    const fault = this.#read(kind, packet.length);
    values.release();
    // Nor is anything kept of what was refused.
    if (fault !== undefined) this.release();
    return fault;
  }

  /**
   * Lets go of the last packet's calls, so that nothing of it is kept until the next one
   * comes, which may be long.
   */
  release(): void {
    const calls = this.#calls;
    if (calls.length > KEPT_RECORDS) calls.length = KEPT_RECORDS;
    for (let i = Math.min(this.#count, calls.length) - 1; i >= 0; i--) {
      calls[i]!.params = NO_PARAMS;
    }
    this.#count = 0;
    this.#unknownRuns = 0;
    this.#unknownCalls = 0;
  }

  #read(kind: RpcPacketKind, length: number): CallFault | undefined {
    const values = this.#values;
    if (values.u8() !== kind) return "kind";
    let sequence = values.varint();
    if (sequence < 0) return values.error;
    if (values.at === length) return "empty";
    let total = 0;
    let last = -1;
    while (values.at < length) {
      values.end = length;
      const head = values.varint();
      if (head < 0) return values.error;
      const isMany = head % 2 === 1;
      const id = (head - head % 2) / 2;
      if (id >= MAX_RPCS) return "id";
      if (id === last) return "merge";
      last = id;
      let count = 1;
      if (isMany) {
        const more = values.varint();
        if (more < 0) return values.error;
        count = more + 2;
      }
      if (count > MAX_CALLS - total) return "count";
      total += count;
      if (sequence > Number.MAX_SAFE_INTEGER - (count - 1)) return "sequence";
      const bodyBytes = values.varint();
      if (bodyBytes < 0) return values.error;
      if (bodyBytes > length - values.at) return "truncated";
      // Each call takes a byte at least.
      if (bodyBytes < count) return "length";
      const end = values.at + bodyBytes;
      const rpc = this.#rpcs[id];
      if (rpc === undefined) {
        this.#unknownRuns++;
        this.#unknownCalls += count;
        values.at = end;
      } else {
        values.end = end;
        const plan = this.#planOf(id, rpc);
        for (let i = 0; i < count; i++) {
          const fault = this.#readCall(plan, sequence + i, kind);
          if (fault !== undefined) return fault;
        }
        if (values.at !== end) return "trailing";
      }
      sequence += count;
    }
    return undefined;
  }

  #readCall(
    { rpc, plan, isAnswered }: CallPlan,
    sequence: number,
    kind: RpcPacketKind,
  ): CallFault | undefined {
    const values = this.#values;
    let tag = 0;
    let id: number;
    if (kind === RpcPacketKind.ClientCalls) {
      const first = values.u8();
      if (first < 0) return "length";
      tag = first & 7;
      id = (first >>> 3) & 15;
      if (first > 0x7f) {
        const rest = values.varint();
        if (rest < 0) return this.#bodyFault();
        if (rest === 0) return "overlong";
        if (rest >= ID_REST_END) return "range";
        id += rest * 16;
      }
      if (!isTarget(tag, id)) return "target";
    } else {
      id = values.varint();
      if (id < 0) return this.#bodyFault();
    }
    let ticket = 0;
    if (isAnswered) {
      ticket = values.varint();
      if (ticket < 0) return this.#bodyFault();
      if (ticket === 0) return "ticket";
    }
    const params = values.read(plan) as ReceivedCall["params"];
    if (values.error !== undefined) return this.#bodyFault();
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

  /** The packet has as many bytes as the run claims: what is cut is the run. */
  #bodyFault(): CallFault {
    const { error } = this.#values;
    return error === "truncated" ? "length" : error!;
  }

  #planOf(id: number, rpc: Rpc): CallPlan {
    return this.#plans[id] ??= new CallPlan(rpc);
  }
}

function isTarget(tag: number, id: number): boolean {
  switch (tag) {
    case TargetTag.All:
    case TargetTag.Server:
      return id === 0;
    case TargetTag.Client:
    case TargetTag.AllExcept:
      return id > 0;
    case TargetTag.Team:
      return id <= LAST_TEAM;
    default:
      return false;
  }
}
