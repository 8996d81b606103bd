// The bits of section 2 of WIRE.md, both ways.
import { assert, assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { fieldOf } from "./_testing/field_of.ts";
import { BitReader } from "./bit_reader.ts";
import { BitWriter } from "./bit_writer.ts";
import { ByteWriter } from "./byte_writer.ts";
import vectors from "./vectors/fields.json" with { type: "json" };

/** The value of a vector as the library has it. */
function fromJson(descriptor: string, value: unknown): unknown {
  if (descriptor.startsWith("bytes(")) return decodeHex(value as string);
  return value === null ? undefined : value;
}

Deno.test("Field.write() writes the bits of every vector", () => {
  for (const { field, value, bytes, ...rest } of vectors.values) {
    const given = fromJson(field, "from" in rest ? rest.from : value);
    const writer = new BitWriter();
    fieldOf(field).write(writer, given);
    assertEquals([field, value, encodeHex(writer.toBytes())], [
      field,
      value,
      bytes,
    ]);
  }
});

Deno.test("Field.read() reads the value of every vector, which writes the same", () => {
  for (const { field, value, bytes } of vectors.values) {
    const reader = new BitReader(decodeHex(bytes));
    const got = fieldOf(field).read(reader);
    assertEquals([field, got], [field, fromJson(field, value)]);
    assert(reader.atEnd, field);
    const writer = new BitWriter();
    fieldOf(field).write(writer, got);
    assertEquals([field, encodeHex(writer.toBytes())], [field, bytes]);
  }
});

Deno.test("Field.descriptor is the text that the vectors have", () => {
  for (const { field } of vectors.values) {
    assertEquals(fieldOf(field).descriptor, field);
  }
});

Deno.test("Field.read() calls every vector truncated that is cut anywhere", () => {
  for (const { field, bytes } of vectors.values) {
    const whole = decodeHex(bytes);
    for (let end = 0; end < whole.length; end++) {
      const reader = new BitReader();
      // What follows the end must not be looked at.
      reader.reset(whole, 0, end);
      fieldOf(field).read(reader);
      assertEquals([field, end, reader.error], [field, end, "truncated"]);
    }
  }
});

Deno.test("Field.write() fills just the bytes that a vector has", () => {
  for (const { field, value, bytes } of vectors.values) {
    if (bytes.length === 0) continue;
    const target = ByteWriter.over(new Uint8Array(bytes.length / 2 - 1));
    const writer = new BitWriter(target);
    fieldOf(field).write(writer, fromJson(field, value));
    writer.align();
    assertEquals([field, target.error], [field, "full"]);
  }
});

Deno.test("Field.read() refuses every refused vector with its error", () => {
  for (const { name, field, bytes, error } of vectors.refused) {
    const reader = new BitReader(decodeHex(bytes));
    fieldOf(field).read(reader);
    const wanted = error === "trailing" ? undefined : error;
    assertEquals([name, reader.align().error, reader.atEnd], [
      name,
      wanted,
      false,
    ]);
  }
});

Deno.test("Field.read() takes no bit flip of a vector for the same bits", () => {
  for (const { field, bytes } of vectors.values) {
    const whole = decodeHex(bytes);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      whole[bit >>> 3]! ^= 1 << (bit & 7);
      const reader = new BitReader(whole);
      const got = fieldOf(field).read(reader);
      if (reader.atEnd) {
        const writer = new BitWriter();
        fieldOf(field).write(writer, got);
        assertEquals(
          [field, bit, encodeHex(writer.toBytes())],
          [field, bit, encodeHex(whole)],
        );
      }
      whole[bit >>> 3]! ^= 1 << (bit & 7);
    }
  }
});

Deno.test("Field.write() takes the nearest of what it can say", () => {
  for (const { field, value, units, bytes } of vectors.encoded) {
    const given = units === undefined ? value : String.fromCharCode(...units);
    const writer = new BitWriter();
    fieldOf(field).write(writer, given);
    assertEquals([field, given, encodeHex(writer.toBytes())], [
      field,
      given,
      bytes,
    ]);
  }
});

Deno.test("Field.descriptor is never a text that describes no field", () => {
  for (const text of vectors.refusedDescriptors) {
    let descriptor: string | undefined;
    try {
      ({ descriptor } = fieldOf(text));
    } catch (error) {
      assert(error instanceof RangeError, text);
    }
    assert(descriptor !== text, text);
  }
});
