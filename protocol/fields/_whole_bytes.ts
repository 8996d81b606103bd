// This module is browser compatible.
import type { BitReader } from "../bit_reader.ts";
import type { BitWriter } from "../bit_writer.ts";
import type { ByteReader } from "../byte_reader.ts";
import type { ByteWriter } from "../byte_writer.ts";
import type { Field } from "./field.ts";

/** What may lie before a value that begins a byte. */
const PADDING_BITS = 7;

/** Makes a field of whole bytes from what the byte writer and reader can do. */
export function wholeBytes<T, N extends string>(
  type: N,
  descriptor: string,
  minBytes: number,
  maxBytes: number,
  write: (writer: ByteWriter, value: T) => void,
  read: (reader: ByteReader) => T,
): Field<T> & { readonly type: N } {
  return Object.freeze({
    type,
    descriptor,
    minBits: 8 * minBytes,
    maxBits: 8 * maxBytes + PADDING_BITS,
    write: (writer: BitWriter, value: T): void => write(writer.align(), value),
    read: (reader: BitReader): T => read(reader.align()),
  });
}
