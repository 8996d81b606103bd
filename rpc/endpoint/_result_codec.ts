// This module is browser compatible.
import {
  BitReader,
  BitWriter,
  ByteReader,
  ByteWriter,
} from "../../protocol/mod.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import type { CallFault } from "../wire/call_reader.ts";
import { RpcPacketKind } from "../wire/packet_kind.ts";
import { MAX_FAILURE_TEXT_BYTES } from "./rpc_failure.ts";

/** What an answer is. */
export const ResultStatus = {
  Value: 0,
  Failure: 1,
  HandlerFailed: 2,
  NoHandler: 3,
  Unauthorised: 4,
  RateLimited: 5,
  TooManyOutstanding: 6,
} as const;

/** One of them. */
export type ResultStatus = typeof ResultStatus[keyof typeof ResultStatus];

const LAST_STATUS = ResultStatus.TooManyOutstanding;
/** The most answers of a packet. */
const MAX_RESULTS = 4_096;

/** An answer that was read: a record of the reader's. */
export interface ReceivedResult {
  /** Of which call. */
  ticket: number;
  /** What it is. */
  status: ResultStatus;
  /** Of a failure: the game's code. */
  code: number;
  /** Of a failure: the game's text. */
  text: string;
  /** Of a value: the value. */
  value: unknown;
}

/** Puts answers into packets. */
export class ResultWriter {
  readonly #packet: ByteWriter;
  readonly #body: ByteWriter;
  readonly #bits: BitWriter;
  #count = 0;
  #error: "full" | "range" | undefined;

  constructor(limitBytes: number) {
    this.#packet = new ByteWriter({ maxBytes: limitBytes });
    this.#body = new ByteWriter({ maxBytes: limitBytes });
    this.#bits = new BitWriter(this.#body);
  }

  /** How many answers the packet has. */
  get count(): number {
    return this.#count;
  }

  /** Why the last `add` was refused. */
  get error(): "full" | "range" | undefined {
    return this.#error;
  }

  begin(): void {
    this.#count = 0;
    this.#packet.reset();
    this.#packet.u8(RpcPacketKind.Results);
  }

  addValue(rpc: Rpc, ticket: number, value: unknown): boolean {
    this.#bits.reset();
    rpc.definition.reply!.write(this.#bits, value);
    this.#bits.align();
    return this.#add(ticket, ResultStatus.Value);
  }

  addStatus(
    ticket: number,
    status: ResultStatus,
    code: number,
    text: string,
  ): boolean {
    this.#bits.reset();
    if (status === ResultStatus.Failure) {
      this.#body.u16(code);
      this.#body.string(text);
    }
    return this.#add(ticket, status);
  }

  end(): Uint8Array {
    return this.#packet.view();
  }

  #add(ticket: number, status: ResultStatus): boolean {
    this.#error = this.#body.error;
    if (this.#error !== undefined) return false;
    const packet = this.#packet;
    const before = packet.length;
    packet.varint(ticket);
    packet.u8(status);
    packet.bytes(this.#body.view());
    if (packet.error !== undefined) {
      this.#error = packet.error;
      packet.rewind(before);
      return false;
    }
    this.#count++;
    return true;
  }
}

/** Takes packets of answers apart: a whole packet, or nothing of it. */
export class ResultReader {
  readonly #reader = new ByteReader();
  readonly #bits = new BitReader(this.#reader);
  readonly #results: ReceivedResult[] = [];
  #count = 0;
  #unknown = 0;

  /** How many answers the last packet had, of calls that wait for theirs. */
  get count(): number {
    return this.#count;
  }

  /** How many answers the last packet had of other calls. */
  get unknown(): number {
    return this.#unknown;
  }

  at(index: number): ReceivedResult {
    return this.#results[index]!;
  }

  /**
   * Reads a packet of answers.
   *
   * @param packet All of it.
   * @param rpcOf Which call waits under a ticket.
   */
  read(
    packet: Uint8Array,
    rpcOf: (ticket: number) => Rpc | undefined,
  ): CallFault | undefined {
    this.#count = 0;
    this.#unknown = 0;
    const reader = this.#reader;
    reader.reset(packet);
    if (reader.u8() !== RpcPacketKind.Results) return this.#refuse("kind");
    while (!reader.atEnd && reader.ok) {
      const ticket = reader.varint();
      const status = reader.u8();
      const length = reader.varint();
      if (!reader.ok) break;
      if (status > LAST_STATUS || ticket === 0) return this.#refuse("range");
      if (length > reader.remaining) return this.#refuse("truncated");
      if (this.#count + this.#unknown === MAX_RESULTS) {
        return this.#refuse("count");
      }
      const end = reader.position + length;
      const rpc = rpcOf(ticket);
      if (rpc === undefined) {
        this.#unknown++;
        reader.skip(length);
        continue;
      }
      this.#readBody(rpc, ticket, status as ResultStatus);
      if (reader.ok && reader.position !== end) {
        return this.#refuse("trailing");
      }
    }
    return reader.error === undefined ? undefined : this.#refuse(reader.error);
  }

  #readBody(rpc: Rpc, ticket: number, status: ResultStatus): void {
    const reader = this.#reader;
    let code = 0;
    let text = "";
    let value: unknown;
    if (status === ResultStatus.Value) {
      value = rpc.definition.reply!.read(this.#bits);
      this.#bits.align();
    } else if (status === ResultStatus.Failure) {
      code = reader.u16();
      text = reader.string(MAX_FAILURE_TEXT_BYTES);
    }
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

  #refuse(fault: CallFault): CallFault {
    this.#count = 0;
    this.#unknown = 0;
    return fault;
  }
}
