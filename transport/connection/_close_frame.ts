// This module is browser compatible.
import { isUtf8, MAX_CLOSE_REASON_BYTES } from "../../protocol/mod.ts";
import { putVarint, varintBytes, varintValue } from "./_varint.ts";

const CLOSE = 0x02;

/** What a CLOSE frame says. */
export interface CloseFrame {
  readonly code: number;
  readonly reason: string;
}

/** Writes a CLOSE frame: 129 bytes at most. Returns the offset after it. */
export function writeClose(
  out: Uint8Array,
  offset: number,
  code: number,
  reason: string,
): number {
  out[offset] = CLOSE;
  const lengthAt = putVarint(out, offset + 1, code);
  const start = lengthAt + 1;
  const { written } = new TextEncoder().encodeInto(
    reason,
    out.subarray(start, start + MAX_CLOSE_REASON_BYTES),
  );
  out[lengthAt] = written;
  return start + written;
}

/** Reads one after its first byte, up to the packet's end; `undefined` if it is malformed. */
export function readClose(
  packet: Uint8Array,
  offset: number,
  end: number,
): CloseFrame | undefined {
  const codeBytes = varintBytes(packet, offset, end);
  const lengthAt = offset + codeBytes;
  if (codeBytes === 0 || lengthAt >= end) return undefined;
  const length = packet[lengthAt]!;
  const start = lengthAt + 1;
  if (length > MAX_CLOSE_REASON_BYTES || start + length !== end) {
    return undefined;
  }
  // Asked first, as the decoder's exception takes 50 times as long.
  if (!isUtf8(packet, start, end)) return undefined;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    code: varintValue(packet, offset, codeBytes),
    reason: decoder.decode(packet.subarray(start, end)),
  };
}

/** Whether everything up to the end is 0. */
export function isZero(
  packet: Uint8Array,
  offset: number,
  end: number,
): boolean {
  while (offset < end) if (packet[offset++] !== 0) return false;
  return true;
}
