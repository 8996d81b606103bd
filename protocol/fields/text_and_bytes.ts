// This module is browser compatible.
import { utf8Length } from "../utf8.ts";
import { varintLength32 } from "../_varint.ts";
import { wholeBytes } from "./_whole_bytes.ts";
import { withOptions } from "./_with_options.ts";
import type { Field } from "./field.ts";

/** The options of {@linkcode string} and {@linkcode bytes}. */
export interface LengthOptions {
  /** The most bytes, those of the length apart: an integer from 1 to 65535. */
  readonly maxBytes: number;
}

/** A field for text. */
export interface StringField extends Field<string>, LengthOptions {
  /** Tells this kind of field from others. */
  readonly type: "string";
}

/** A field for bytes. */
export interface BytesField extends Field<Uint8Array>, LengthOptions {
  /** Tells this kind of field from others. */
  readonly type: "bytes";
}

const DEFAULT_MAX_BYTES = 1024;
const LARGEST_MAX_BYTES = 65_535;
/** The most bytes of UTF-8 that a unit of UTF-16 can take. */
const MAX_BYTES_OF_A_UNIT = 3;

/**
 * Text, as UTF-8 behind its length: without options at most 1024 bytes. Longer text is
 * refused, on either end; an unpaired surrogate is sent as U+FFFD.
 *
 * @param options How long it may be.
 * @returns The field.
 * @throws {RangeError} If `maxBytes` is not an integer from 1 to 65535.
 *
 * @example Names of at most 32 bytes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { string } from "@tickwire/net/protocol";
 *
 * assertEquals(string({ maxBytes: 32 }).descriptor, "string(32)");
 * ```
 */
export const string:
  & StringField
  & ((options: LengthOptions) => StringField) = withOptions(
    stringField(DEFAULT_MAX_BYTES),
    (options: LengthOptions): StringField => stringField(options.maxBytes),
  );

/**
 * Bytes behind their length: without options at most 1024. More are refused, on either
 * end. What is read is a copy.
 *
 * @param options How many they may be.
 * @returns The field.
 * @throws {RangeError} If `maxBytes` is not an integer from 1 to 65535.
 *
 * @example Thumbnails of at most 4 KiB
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bytes } from "@tickwire/net/protocol";
 *
 * assertEquals(bytes({ maxBytes: 4096 }).descriptor, "bytes(4096)");
 * ```
 */
export const bytes:
  & BytesField
  & ((options: LengthOptions) => BytesField) = withOptions(
    bytesField(DEFAULT_MAX_BYTES),
    (options: LengthOptions): BytesField => bytesField(options.maxBytes),
  );

function stringField(maxBytes: number): StringField {
  checkMaxBytes(maxBytes);
  const field = wholeBytes<string, "string">(
    "string",
    `string(${maxBytes})`,
    1,
    varintLength32(maxBytes) + maxBytes,
    (writer, value) => {
      if (fits(value, maxBytes)) writer.string(value);
      else writer.fail("range");
    },
    (reader) => reader.string(maxBytes),
  );
  return Object.freeze({ ...field, maxBytes });
}

function bytesField(maxBytes: number): BytesField {
  checkMaxBytes(maxBytes);
  const field = wholeBytes<Uint8Array, "bytes">(
    "bytes",
    `bytes(${maxBytes})`,
    1,
    varintLength32(maxBytes) + maxBytes,
    (writer, value) => {
      if (value instanceof Uint8Array && value.length <= maxBytes) {
        writer.bytes(value);
      } else {
        writer.fail("range");
      }
    },
    // A Buffer of Node's gives views by slice().
    (reader) => new Uint8Array(reader.bytes(maxBytes)),
  );
  return Object.freeze({ ...field, maxBytes });
}

/** Whether it is text of so many bytes, which are counted only where it may be too long. */
function fits(value: string | undefined, maxBytes: number): boolean {
  return typeof value === "string" &&
    (value.length * MAX_BYTES_OF_A_UNIT <= maxBytes ||
      utf8Length(value) <= maxBytes);
}

function checkMaxBytes(maxBytes: number): void {
  if (
    Number.isInteger(maxBytes) && maxBytes >= 1 && maxBytes <= LARGEST_MAX_BYTES
  ) return;
  throw new RangeError(
    `Cannot describe a field as maxBytes must be an integer from 1 to ${LARGEST_MAX_BYTES}: current value is ${maxBytes}`,
  );
}
