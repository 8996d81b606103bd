// This module is browser compatible.
import { utf8Length } from "../../protocol/mod.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import { MAX_FAILURE_TEXT_BYTES, MAX_RESULTS } from "./_limits.ts";
import { planOf } from "./_plan.ts";
import { FULL, PlanWriter, RANGE } from "./_plan_writer.ts";
import { putVarint, varintBytes } from "./_varint.ts";
import { excessOf, MAX_EXCESS } from "./_weight.ts";
import { RpcPacketKind } from "./packet_kind.ts";
import { LAST_RESULT_STATUS, ResultStatus } from "./result_status.ts";

const MAX_TICKET_BYTES = 8;
/** The length of most results, with the bit that tells whether they failed. */
const HEAD_BYTES = 1;
const MAX_HEAD_BYTES = 4;
const MAX_CODE = 0xffff;
const INITIAL_BYTES = 256;

/**
 * Puts what calls were answered with into packets. `WIRE.md` in the folder above says
 * what it writes.
 */
export class ResultWriter {
  readonly #values: PlanWriter;
  readonly #limitBytes: number;
  readonly #encoder = new TextEncoder();
  #count = 0;
  #end = 1;
  /** By how much its values weigh more than their bytes allow for. */
  #excess = 0;
  #error: "full" | "range" | undefined;

  /**
   * Creates a writer.
   *
   * @param limitBytes The most bytes of a packet: an integer, 64 or more.
   */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#values = new PlanWriter(
      INITIAL_BYTES,
      limitBytes + MAX_TICKET_BYTES + MAX_HEAD_BYTES,
    );
    this.begin();
  }

  /** How many results the packet has. */
  get count(): number {
    return this.#count;
  }

  /**
   * Why the last result was refused: the packet is full, by its bytes, by what they
   * weigh or by the number of its results; or something is not allowed.
   */
  get error(): "full" | "range" | undefined {
    return this.#error;
  }

  /** Begins a packet. */
  begin(): void {
    this.#values.bytes[0] = RpcPacketKind.Results;
    this.#end = 1;
    this.#count = 0;
    this.#excess = 0;
    this.#error = undefined;
  }

  /**
   * Adds what a handler returned.
   *
   * @param rpc What was called.
   * @param ticket Of the call: 1 to 2^53 - 1.
   * @param value A value of the rpc's reply.
   * @returns `false` if it was not added, and the packet is as before: see `error`.
   */
  addValue(rpc: Rpc, ticket: number, value: unknown): boolean {
    const reply = rpc.definition.reply;
    if (reply === undefined || !isTicket(ticket)) return this.#refuse(RANGE);
    if (this.#count === MAX_RESULTS) return this.#refuse(FULL);
    const plan = planOf(reply);
    for (;;) {
      const at = this.#begin(ticket);
      const end = at < 0 ? at : this.#values.write(plan, value, at);
      if (end >= 0) {
        const added = plan.isLight
          ? 0
          : excessOf(this.#values.weight, end - at);
        if (this.#excess + added > MAX_EXCESS) return this.#refuse(FULL);
        if (!this.#commit(at, end, 0)) return false;
        this.#excess += added;
        return true;
      }
      if (end !== FULL || !this.#values.grow()) return this.#refuse(end);
    }
  }

  /**
   * Adds why a call has no value.
   *
   * @param ticket Of the call: 1 to 2^53 - 1.
   * @param status Why: any but `Value`.
   * @param code Of a `Failure`, 0 to 65535; else 0.
   * @param text Of a `Failure`, at most 256 bytes of UTF-8; else none.
   * @returns `false` if it was not added, and the packet is as before: see `error`.
   */
  addStatus(
    ticket: number,
    status: ResultStatus,
    code = 0,
    text = "",
  ): boolean {
    const isFailure = status === ResultStatus.Failure;
    if (
      !isTicket(ticket) || !isFailed(status) || (code & MAX_CODE) !== code ||
      !isFailure && (code !== 0 || text !== "")
    ) return this.#refuse(RANGE);
    const textBytes = utf8Length(text);
    if (textBytes > MAX_FAILURE_TEXT_BYTES) return this.#refuse(RANGE);
    if (this.#count === MAX_RESULTS) return this.#refuse(FULL);
    const needed = MAX_TICKET_BYTES + MAX_HEAD_BYTES + 4 + textBytes;
    while (this.#end + needed > this.#values.bytes.length) {
      if (!this.#values.grow()) return this.#refuse(FULL);
    }
    const at = this.#begin(ticket);
    const { bytes } = this.#values;
    bytes[at] = status;
    let end = at + 1;
    if (isFailure) {
      end = putVarint(bytes, end, code);
      end += this.#encoder.encodeInto(text, bytes.subarray(end)).written;
    }
    return this.#commit(at, end, 1);
  }

  /**
   * Ends the packet. One without results is not for sending: it is refused.
   *
   * @returns Its bytes, the writer's own until the next `begin()`.
   */
  end(): Uint8Array {
    return this.#values.bytes.subarray(0, this.#end);
  }

  /** Writes the ticket; returns where the value goes, or that there is no room. */
  #begin(ticket: number): number {
    const { bytes } = this.#values;
    const room = MAX_TICKET_BYTES + MAX_HEAD_BYTES;
    if (this.#end + room > bytes.length) return FULL;
    return putVarint(bytes, this.#end, ticket) + HEAD_BYTES;
  }

  /** Puts the head between ticket and body, which moves if the head is longer. */
  #commit(at: number, end: number, failed: number): boolean {
    const { bytes } = this.#values;
    const head = (end - at) * 2 + failed;
    const more = varintBytes(head) - HEAD_BYTES;
    if (end + more > this.#limitBytes) return this.#refuse(FULL);
    if (more > 0) bytes.copyWithin(at + more, at, end);
    putVarint(bytes, at - HEAD_BYTES, head);
    this.#end = end + more;
    this.#count++;
    this.#error = undefined;
    return true;
  }

  #refuse(fault: number): false {
    this.#error = fault === FULL ? "full" : "range";
    return false;
  }
}

function isTicket(ticket: number): boolean {
  return Number.isSafeInteger(ticket) && ticket > 0;
}

function isFailed(status: number): boolean {
  return Number.isInteger(status) && status > ResultStatus.Value &&
    status <= LAST_RESULT_STATUS;
}
