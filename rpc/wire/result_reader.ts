// This module is browser compatible.
import type { Rpc } from "../contract/define_rpc.ts";
import { MAX_FAILURE_TEXT_BYTES, MAX_RESULTS } from "./_limits.ts";
import { planOf } from "./_plan.ts";
import { PlanReader } from "./_plan_reader.ts";
import type { CallFault } from "./call_fault.ts";
import { RpcPacketKind } from "./packet_kind.ts";
import { LAST_RESULT_STATUS, ResultStatus } from "./result_status.ts";

/** More records than a few packets need are not kept from one packet to the next. */
const KEPT_RECORDS = 128;
const MAX_CODE = 0xffff;

/** A result that was read: a record of the reader's, which the next packet overwrites. */
export interface ReceivedResult {
  /** Of which call: 1 to 2^53 - 1. */
  ticket: number;
  /** Whether there is a value, and if not, why. */
  status: ResultStatus;
  /** Of a `Failure`: the game's code, 0 to 65535; else 0. */
  code: number;
  /** Of a `Failure`: the game's text; else none. */
  text: string;
  /** Of a `Value`: what the handler returned, the receiver's own. */
  value: unknown;
}

/**
 * Takes packets of results apart, which may come from anybody: a whole packet, or
 * nothing of it. `WIRE.md` in the folder above says what it takes for one.
 */
export class ResultReader {
  readonly #values = new PlanReader();
  readonly #results: ReceivedResult[] = [];
  #count = 0;
  #unknown = 0;

  /** How many results the last packet had, without the unknown ones. */
  get count(): number {
    return this.#count;
  }

  /** How many results the last packet had whose tickets are unknown. */
  get unknown(): number {
    return this.#unknown;
  }

  /**
   * One of the results of the last packet.
   *
   * @param index 0 to `count - 1`.
   * @returns The record.
   */
  at(index: number): ReceivedResult {
    return this.#results[index]!;
  }

  /**
   * Reads a packet of results.
   *
   * @param packet All of it.
   * @param rpcOf Tells what was called with a ticket; `undefined` if nothing was that
   * still waits. It is asked for each result, of a packet that is refused too.
   * @returns What is wrong with it; `undefined` if nothing is.
   */
  read(
    packet: Uint8Array,
    rpcOf: (ticket: number) => Rpc | undefined,
  ): CallFault | undefined {
    this.release();
    const values = this.#values;
    values.reset(packet);
    const fault = this.#read(packet.length, rpcOf);
    values.release();
    // Nor is anything kept of what was refused.
    if (fault !== undefined) this.release();
    return fault;
  }

  /**
   * Lets go of the last packet's results, so that nothing of it is kept until the next
   * one comes, which may be long.
   */
  release(): void {
    const results = this.#results;
    if (results.length > KEPT_RECORDS) results.length = KEPT_RECORDS;
    for (let i = Math.min(this.#count, results.length) - 1; i >= 0; i--) {
      results[i]!.value = undefined;
      results[i]!.text = "";
    }
    this.#count = 0;
    this.#unknown = 0;
  }

  #read(
    length: number,
    rpcOf: (ticket: number) => Rpc | undefined,
  ): CallFault | undefined {
    const values = this.#values;
    if (values.u8() !== RpcPacketKind.Results) return "kind";
    if (values.at === length) return "empty";
    while (values.at < length) {
      values.end = length;
      const ticket = values.varint();
      if (ticket < 0) return values.error;
      if (ticket === 0) return "ticket";
      const head = values.varint();
      if (head < 0) return values.error;
      const isFailed = head % 2 === 1;
      const bodyBytes = (head - head % 2) / 2;
      if (bodyBytes > length - values.at) return "truncated";
      if (this.#count + this.#unknown === MAX_RESULTS) return "count";
      const end = values.at + bodyBytes;
      values.end = end;
      const rpc = rpcOf(ticket);
      const reply = rpc?.definition.reply;
      if (isFailed) {
        const fault = this.#readFailure(ticket, reply === undefined);
        if (fault !== undefined) return fault;
      } else if (reply === undefined) {
        this.#unknown++;
        values.at = end;
      } else {
        const value = values.read(planOf(reply));
        if (values.error !== undefined) return this.#bodyFault();
        this.#add(ticket, ResultStatus.Value, 0, "", value);
      }
      if (values.at !== end) return "trailing";
    }
    return undefined;
  }

  #readFailure(ticket: number, isUnknown: boolean): CallFault | undefined {
    const values = this.#values;
    const status = values.u8();
    if (status < 0) return "length";
    if (status === ResultStatus.Value || status > LAST_RESULT_STATUS) {
      return "status";
    }
    let code = 0;
    let text = "";
    if (status === ResultStatus.Failure) {
      code = values.varint();
      if (code < 0) return this.#bodyFault();
      const textBytes = values.end - values.at;
      if (code > MAX_CODE || textBytes > MAX_FAILURE_TEXT_BYTES) return "range";
      text = values.text(textBytes);
      if (values.error !== undefined) return values.error;
    }
    if (isUnknown) this.#unknown++;
    else this.#add(ticket, status as ResultStatus, code, text, undefined);
    return undefined;
  }

  #add(
    ticket: number,
    status: ResultStatus,
    code: number,
    text: string,
    value: unknown,
  ): void {
    const result = this.#results[this.#count];
    if (result === undefined) {
      this.#results.push({ ticket, status, code, text, value });
    } else {
      result.ticket = ticket;
      result.status = status;
      result.code = code;
      result.text = text;
      result.value = value;
    }
    this.#count++;
  }

  /** The packet has as many bytes as the result claims: what is cut is the result. */
  #bodyFault(): CallFault {
    const { error } = this.#values;
    return error === "truncated" ? "length" : error!;
  }
}
