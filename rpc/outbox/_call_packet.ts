// This module is browser compatible.
import type { RpcPacketKind } from "../wire/packet_kind.ts";

const TWO_28 = 2 ** 28;
/** Kind, and the longest varint of a sequence. */
export const MAX_PACKET_HEADER_BYTES: number = 1 + 8;
/** Number, count and length of a run. */
export const MAX_RUN_HEADER_BYTES: number = 2 + 2 + 4;

/**
 * A packet of calls whose bytes are known: what `CallWriter` makes of the same calls, to
 * the byte.
 */
export class CallPacket {
  /** The bytes, of which the first `length` are written. */
  buffer: Uint8Array = new Uint8Array(512);
  /** How many bytes it has. */
  length = 0;

  /** Begins it anew. */
  begin(kind: RpcPacketKind, sequence: number): void {
    this.length = 0;
    this.reserve(MAX_PACKET_HEADER_BYTES);
    this.buffer[this.length++] = kind;
    this.#varint(sequence);
  }

  /** Begins a run of calls, whose bytes follow by `call()`. */
  beginRun(id: number, count: number, byteLength: number): void {
    this.reserve(MAX_RUN_HEADER_BYTES + byteLength);
    this.#varint(id * 2 + (count > 1 ? 1 : 0));
    if (count > 1) this.#varint(count - 2);
    this.#varint(byteLength);
  }

  /** Adds the bytes of a call of the run. */
  call(bytes: Uint8Array, start: number, length: number): void {
    const { buffer } = this;
    const at = this.length;
    if (length > 64) buffer.set(bytes.subarray(start, start + length), at);
    else for (let i = 0; i < length; i++) buffer[at + i] = bytes[start + i]!;
    this.length = at + length;
  }

  /** Makes room for more bytes. */
  reserve(byteCount: number): void {
    const needed = this.length + byteCount;
    if (needed <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.buffer.length));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= TWO_28) {
      this.buffer[this.length++] = 0x80 | (rest % 128);
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      this.buffer[this.length++] = 0x80 | (rest & 0x7f);
      rest >>>= 7;
    }
    this.buffer[this.length++] = rest;
  }
}

/** The bytes of what stands before a run. */
export function runHeaderBytes(
  id: number,
  count: number,
  byteLength: number,
): number {
  return (id < 64 ? 1 : 2) + (count > 1 ? varintBytes(count - 2) : 0) +
    varintBytes(byteLength);
}

/** The bytes of an integer below 2^28. */
function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}
