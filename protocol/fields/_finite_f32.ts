// This module is browser compatible.
import type { ByteReader } from "../byte_reader.ts";
import type { ByteWriter } from "../byte_writer.ts";

/** Writes a float, but no NaN and nothing that would be rounded to an infinity. */
export function writeFiniteF32(
  writer: ByteWriter,
  value: number | undefined,
): void {
  if (value !== undefined && Number.isFinite(Math.fround(value))) {
    writer.f32(value);
  } else {
    writer.fail("range");
  }
}

/** Reads a float, but no NaN and no infinity. */
export function readFiniteF32(reader: ByteReader): number {
  const value = reader.f32();
  if (Number.isFinite(value)) return value;
  reader.fail("range");
  return 0;
}
