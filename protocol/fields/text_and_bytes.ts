// This module is browser compatible.
import { utf8Length } from "../_utf8.ts";
import { varintLength32 } from "../_varint.ts";
import { type Field, wholeBytes, withOptions } from "./field.ts";

/** The options of {@linkcode string} and {@linkcode bytes}. */
export interface LengthOptions {
  /** The most bytes, those of the length apart: an integer from 1 to 65535. */
  readonly maxBytes: number;
}

const DEFAULT_MAX_BYTES = 1024;
const LARGEST_MAX_BYTES = 65_535;

/**
 * Text, as UTF-8 behind its length: as it stands at most 1024 bytes. Longer text is
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
  & Field<string>
  & ((options: LengthOptions) => Field<string>) = withOptions(
    stringField(DEFAULT_MAX_BYTES),
    (options: LengthOptions): Field<string> => stringField(options.maxBytes),
  );

/**
 * Bytes behind their length: as it stands at most 1024. More are refused, on either
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
  & Field<Uint8Array>
  & ((options: LengthOptions) => Field<Uint8Array>) = withOptions(
    bytesField(DEFAULT_MAX_BYTES),
    (options: LengthOptions): Field<Uint8Array> => bytesField(options.maxBytes),
  );

function stringField(maxBytes: number): Field<string> {
  checkMaxBytes(maxBytes);
  return wholeBytes<string>(
    "string",
    `string(${maxBytes})`,
    1,
    varintLength32(maxBytes) + maxBytes,
    (writer, value) => {
      // Counted only where it may be too long: three bytes are the most a unit takes.
      if (value.length * 3 > maxBytes && utf8Length(value) > maxBytes) {
        writer.fail("range");
      } else {
        writer.string(value);
      }
    },
    (reader) => reader.string(maxBytes),
  );
}

function bytesField(maxBytes: number): Field<Uint8Array> {
  checkMaxBytes(maxBytes);
  return wholeBytes<Uint8Array>(
    "bytes",
    `bytes(${maxBytes})`,
    1,
    varintLength32(maxBytes) + maxBytes,
    (writer, value) => {
      if (value.length > maxBytes) writer.fail("range");
      else writer.bytes(value);
    },
    (reader) => reader.bytes(maxBytes).slice(),
  );
}

function checkMaxBytes(maxBytes: number): void {
  if (
    Number.isInteger(maxBytes) && maxBytes >= 1 && maxBytes <= LARGEST_MAX_BYTES
  ) return;
  throw new RangeError(
    `Cannot describe a field as maxBytes must be an integer from 1 to ${LARGEST_MAX_BYTES}: current value is ${maxBytes}`,
  );
}
