// This module is browser compatible.
import { BitWriter, ByteWriter, type Field } from "../../protocol/mod.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import { ownValue } from "../wire/_own_value.ts";
import { CallWriter } from "../wire/call_writer.ts";
import type { RpcPacketKind } from "../wire/packet_kind.ts";

/** Of a packet of one call: its kind, a sequence of 0, and up to five bytes of a run. */
const HEADER_BYTES = 1 + 1 + 2 + 3;
const KIND_AND_SEQUENCE_BYTES = 2;
/** More than any id or length of a run has. */
const MAX_VARINT_BYTES = 4;
const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The parameters whose values tell coalesced calls apart. */
interface Key {
  readonly names: readonly string[];
  readonly fields: readonly Field<unknown>[];
}

const NO_BYTES = new Uint8Array(0);

/**
 * Turns a call into its bytes, as they will lie in a packet, when it is made: what the
 * caller does to its parameters afterwards changes nothing, and a call to many is
 * encoded once. It holds one call at a time.
 */
export class CallEncoder {
  /** Which call it holds. */
  rpc: Rpc | undefined;
  /** Where its bytes are: target or caller, ticket and parameters. */
  bytes: Uint8Array = NO_BYTES;
  /** Where they begin. */
  start = 0;
  /** Where they end. */
  end = 0;
  /** By how much it weighs more than its bytes allow for: see `WIRE.md`. */
  excess = 0;
  /** What tells it apart from other calls of its kind, if it is coalesced. */
  keyBytes: Uint8Array = NO_BYTES;
  /** How many bytes that is; 0 if it is not coalesced. */
  keyLength = 0;
  /** A hash of these and of the call. */
  keyHash = 0;

  readonly #kind: RpcPacketKind;
  readonly #writer: CallWriter;
  readonly #keyWriter: ByteWriter;
  readonly #keyBits: BitWriter;
  readonly #keys: (Key | undefined)[] = [];

  /**
   * Creates an encoder.
   *
   * @param kind Whose calls: `ClientCalls` or `ServerCalls`.
   * @param maxBytes The most bytes of a call: an integer, 64 or more.
   */
  constructor(kind: RpcPacketKind, maxBytes: number) {
    this.#kind = kind;
    this.#writer = new CallWriter(HEADER_BYTES + maxBytes);
    this.#keyWriter = new ByteWriter({ maxBytes: maxBytes + 16 });
    this.#keyBits = new BitWriter(this.#keyWriter);
  }

  /**
   * Encodes a call.
   *
   * @param rpc Which.
   * @param tag A client's call: the tag of its target. A server's: 0.
   * @param id A client's call: the client or team of its target. A server's: the caller,
   * 0 for the server.
   * @param ticket Of a call that is answered, 1 to 2^53 - 1; else 0.
   * @param params What it carries. Nothing of it is kept.
   * @returns What is wrong: it is too large, or a value is not allowed. `undefined` if
   * the encoder holds the call now; else it holds none.
   */
  encode(
    rpc: Rpc,
    tag: number,
    id: number,
    ticket: number,
    params: Readonly<Record<string, unknown>>,
  ): "tooLarge" | "range" | undefined {
    this.rpc = undefined;
    const writer = this.#writer;
    writer.begin(this.#kind, 0);
    if (!writer.add(rpc, tag, id, ticket, params)) {
      return writer.error === "full" ? "tooLarge" : "range";
    }
    this.end = writer.finish();
    this.excess = writer.excess;
    const packet = writer.buffer;
    const start = skipVarint(packet, KIND_AND_SEQUENCE_BYTES);
    this.bytes = packet;
    this.start = skipVarint(packet, start);
    this.keyLength = 0;
    if (
      rpc.definition.coalesce !== undefined &&
      !this.#writeKey(rpc, tag, id, params)
    ) return "tooLarge";
    this.rpc = rpc;
    return undefined;
  }

  #writeKey(
    rpc: Rpc,
    tag: number,
    id: number,
    params: Readonly<Record<string, unknown>>,
  ): boolean {
    const key = this.#keys[rpc.id] ??= keyOf(rpc);
    this.#keyBits.reset();
    this.#keyWriter.u8(tag);
    this.#keyWriter.varint(id);
    for (let i = 0; i < key.names.length; i++) {
      key.fields[i]!.write(this.#keyBits, ownValue(params, key.names[i]!));
    }
    this.#keyBits.align();
    if (!this.#keyBits.ok) return false;
    const { buffer, length } = this.#keyWriter;
    let hash = (FNV_BASIS ^ rpc.id) | 0;
    for (let i = 0; i < length; i++) {
      hash = Math.imul(hash ^ buffer[i]!, FNV_PRIME);
    }
    this.keyBytes = buffer;
    this.keyLength = length;
    this.keyHash = hash;
    return true;
  }
}

function keyOf({ definition: { params, coalesce = [] } }: Rpc): Key {
  return { names: coalesce, fields: coalesce.map((name) => params[name]!) };
}

function skipVarint(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < start + MAX_VARINT_BYTES && bytes[at]! > 0x7f) at++;
  return at + 1;
}
