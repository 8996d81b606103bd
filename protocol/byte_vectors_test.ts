// The bytes of section 1 of WIRE.md, both ways.
import { assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { ByteReader, ByteWriter } from "./mod.ts";
import vectors from "./vectors/primitives.json" with { type: "json" };

function write(writer: ByteWriter, type: string, value: unknown): void {
  switch (type) {
    case "u8":
    case "u16":
    case "u32":
    case "i8":
    case "i16":
    case "i32":
    case "varint":
    case "zigzag":
    case "f32":
    case "f64":
      return writer[type](Number(value));
    case "u64": {
      const [low, high] = value as [number, number];
      return writer.u64(low, high);
    }
    case "bytes":
      return writer.bytes(decodeHex(value as string));
    case "string":
      return writer.string(value as string);
  }
  throw new TypeError(`Cannot write a vector of type "${type}"`);
}

function read(reader: ByteReader, type: string): unknown {
  switch (type) {
    case "u8":
    case "u16":
    case "u32":
    case "i8":
    case "i16":
    case "i32":
    case "varint":
    case "zigzag":
      return reader[type]();
    case "f32":
    case "f64": {
      const value = reader[type]();
      return Object.is(value, -0) ? "-0" : String(value);
    }
    case "u64": {
      const { low, high } = reader.u64({ low: 1, high: 1 });
      return [low, high];
    }
    case "bytes":
      return encodeHex(reader.bytes());
    case "string":
      return reader.string();
  }
  throw new TypeError(`Cannot read a vector of type "${type}"`);
}

/** What a read gives after an error. */
function nothing(type: string): unknown {
  if (type === "u64") return [0, 0];
  if (type === "f32" || type === "f64") return "0";
  return type === "bytes" || type === "string" ? "" : 0;
}

Deno.test("ByteWriter writes the bytes of every vector", () => {
  const writer = new ByteWriter({ initialBytes: 1 });
  for (const { type, value, bytes } of vectors.values) {
    writer.reset();
    write(writer, type, value);
    assertEquals(
      [type, value, writer.error, encodeHex(writer.view())],
      [type, value, undefined, bytes],
    );
  }
});

Deno.test("ByteWriter.over() holds each vector in just its bytes", () => {
  for (const { type, value, bytes } of vectors.values) {
    const target = new Uint8Array(bytes.length / 2);
    const exact = ByteWriter.over(target);
    write(exact, type, value);
    assertEquals([type, exact.error, encodeHex(target)], [
      type,
      undefined,
      bytes,
    ]);
    if (target.length === 0) continue;
    const short = ByteWriter.over(target.subarray(1));
    write(short, type, value);
    assertEquals([type, value, short.error], [type, value, "full"]);
  }
});

Deno.test("ByteReader reads the value of every vector", () => {
  for (const { type, value, bytes } of vectors.values) {
    const reader = new ByteReader(decodeHex(bytes));
    assertEquals([type, read(reader, type)], [
      type,
      type === "f32" || type === "f64" ? String(value) : value,
    ]);
    assertEquals([type, value, reader.atEnd], [type, value, true]);
  }
});

Deno.test("ByteReader reads the same amid other bytes", () => {
  for (const filling of [0x00, 0x5a, 0xff]) {
    for (const { type, value, bytes } of vectors.values) {
      const inner = decodeHex(bytes);
      const outer = new Uint8Array(inner.length + 20).fill(filling);
      outer.set(inner, 10);
      const reader = new ByteReader();
      reader.reset(outer, 10, 10 + inner.length);
      assertEquals(read(reader, type), value);
      assertEquals(reader.position, 10 + inner.length);
    }
  }
});

Deno.test("ByteReader calls every vector truncated that is cut anywhere", () => {
  for (const { type, bytes } of vectors.values) {
    const whole = decodeHex(bytes);
    for (let end = 0; end < whole.length; end++) {
      const reader = new ByteReader();
      // What follows the end must not be looked at.
      reader.reset(whole, 0, end);
      assertEquals(read(reader, type), nothing(type));
      assertEquals([type, end, reader.error, reader.position], [
        type,
        end,
        "truncated",
        0,
      ]);
    }
  }
});

Deno.test("ByteReader refuses every refused vector with its error", () => {
  for (const { name, type, bytes, error } of vectors.refused) {
    const reader = new ByteReader(decodeHex(bytes));
    assertEquals([name, read(reader, type)], [name, nothing(type)]);
    assertEquals([name, reader.error, reader.position, reader.remaining], [
      name,
      error,
      0,
      0,
    ]);
  }
});

Deno.test("ByteReader reads no bit flip of a vector as the same value", () => {
  for (const { type, value, bytes } of vectors.values) {
    const whole = decodeHex(bytes);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      whole[bit >>> 3]! ^= 1 << (bit & 7);
      const reader = new ByteReader(whole);
      const got = read(reader, type);
      if (reader.atEnd && type !== "u64") {
        assertEquals(got === value, false, `${type} ${value} bit ${bit}`);
      }
      whole[bit >>> 3]! ^= 1 << (bit & 7);
    }
  }
});
