import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import protobuf from "protobufjs/minimal.js";
import { ByteReader, ByteWriter } from "./mod.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 100_000 : 2_000;

/** Numbers around every power of two, where lengths and halves change. */
const edges: readonly number[] = Array.from({ length: 54 }, (_, i) => 2 ** i)
  .flatMap((power) => [power - 1, power, power + 1])
  .filter(Number.isSafeInteger);

Deno.test("ByteReader.varint() and zigzag() return every edge that was written", () => {
  const writer = new ByteWriter();
  const reader = new ByteReader();
  for (const edge of edges) {
    for (const value of [edge, -edge]) {
      writer.reset();
      if (value >= 0) writer.varint(value);
      writer.zigzag(value);
      reader.reset(writer.buffer, 0, writer.length);
      if (value >= 0) assertEquals(reader.varint(), value);
      assertEquals(reader.zigzag(), value === 0 ? 0 : value);
      assert(reader.atEnd, `${value}`);
    }
  }
});

Deno.test("ByteWriter.varint() and zigzag() write what protobufjs writes", () => {
  const number = fc.oneof(
    fc.constantFrom(...edges),
    fc.nat(),
    fc.maxSafeNat(),
  );
  fc.assert(
    fc.property(number, fc.boolean(), (magnitude, isNegative) => {
      const value = isNegative ? -magnitude : magnitude;
      const ours = new ByteWriter();
      const theirs = protobuf.Writer.create();
      ours.varint(magnitude);
      theirs.uint64(magnitude);
      // Its sint64 goes through 64-bit halves, which ours never does.
      ours.zigzag(value);
      theirs.sint64(value);
      const bytes = ours.toBytes();
      assertEquals(bytes, new Uint8Array(theirs.finish()));
      const reader = protobuf.Reader.create(bytes);
      assertEquals(Number(reader.uint64()), magnitude);
      assertEquals(Number(reader.sint64()) + 0, value + 0);
    }),
    { numRuns: RUNS },
  );
});

Deno.test("ByteReader reads protobufjs' 32-bit varints", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
      const bytes = protobuf.Writer.create().uint32(value).finish();
      const reader = new ByteReader(bytes);
      assertEquals(reader.varint(), value);
      assert(reader.atEnd);
    }),
    { numRuns: RUNS },
  );
});

const step = fc.oneof(
  fc.record({
    type: fc.constant("u8" as const),
    value: fc.integer({ min: 0, max: 0xff }),
  }),
  fc.record({
    type: fc.constant("u16" as const),
    value: fc.integer({ min: 0, max: 0xffff }),
  }),
  fc.record({
    type: fc.constant("u32" as const),
    value: fc.integer({ min: 0, max: 0xffff_ffff }),
  }),
  fc.record({
    type: fc.constant("i8" as const),
    value: fc.integer({ min: -0x80, max: 0x7f }),
  }),
  fc.record({
    type: fc.constant("i16" as const),
    value: fc.integer({ min: -0x8000, max: 0x7fff }),
  }),
  fc.record({ type: fc.constant("i32" as const), value: fc.integer() }),
  fc.record({ type: fc.constant("f32" as const), value: fc.float() }),
  fc.record({ type: fc.constant("f64" as const), value: fc.double() }),
  fc.record({ type: fc.constant("varint" as const), value: fc.maxSafeNat() }),
  fc.record({
    type: fc.constant("zigzag" as const),
    value: fc.maxSafeInteger(),
  }),
  fc.record({
    type: fc.constant("bytes" as const),
    value: fc.uint8Array({ maxLength: 300 }),
  }),
  fc.record({
    type: fc.constant("string" as const),
    value: fc.string({ unit: "grapheme", maxLength: 200 }),
  }),
);

Deno.test("ByteReader reads whatever sequence a ByteWriter wrote", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const writer = new ByteWriter({ initialBytes: 1 });
      for (const { type, value } of steps) {
        (writer[type] as (value: unknown) => void)(value);
      }
      const bytes = writer.toBytes();
      const reader = new ByteReader(bytes);
      for (const { type, value } of steps) {
        const got = reader[type]();
        assert(
          typeof got === "object"
            ? got.toString() === value.toString()
            : Object.is(
              got,
              Object.is(value, -0) && type !== "f32" && type !== "f64"
                ? 0
                : value,
            ),
          `${type}: ${value} became ${got}`,
        );
      }
      assert(reader.atEnd && reader.ok);
      // One byte less, and the last one that has bytes fails.
      if (bytes.length === 0) return;
      reader.reset(bytes, 0, bytes.length - 1);
      for (const { type } of steps) reader[type]();
      assert(!reader.ok);
    }),
    { numRuns: RUNS / 10 },
  );
});

Deno.test("ByteReader.string() accepts just what a fatal TextDecoder accepts", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const part = fc.oneof(
    fc.constantFrom(0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0),
    fc.constantFrom(0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff),
    fc.integer({ min: 0, max: 255 }),
  );
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 12 }),
      fc.constantFrom(0, 100),
      (parts, ascii) => {
        const text = Uint8Array.from([
          ...new Array(ascii).fill(0x61),
          ...parts,
        ]);
        let expected: string | undefined;
        try {
          expected = decoder.decode(text);
        } catch {
          expected = undefined;
        }
        const writer = new ByteWriter();
        writer.bytes(text);
        const reader = new ByteReader(writer.view());
        const got = reader.string();
        assertEquals(
          [got, reader.error],
          expected === undefined ? ["", "utf8"] : [expected, undefined],
        );
      },
    ),
    { numRuns: RUNS * 5 },
  );
});

Deno.test("ByteReader.bytes() and string() refuse more than their limit", () => {
  const bytes = new Uint8Array([3, 97, 98, 99]);
  for (const read of ["bytes", "string"] as const) {
    const reader = new ByteReader(bytes);
    assertEquals(reader[read](2).length, 0);
    assertEquals([reader.error, reader.position], ["range", 0]);
    reader.reset(bytes);
    assertEquals(reader[read](3).length, 3);
    assert(reader.atEnd);
  }
});

Deno.test("ByteReader keeps its first error until reset()", () => {
  const reader = new ByteReader(new Uint8Array([0x80, 0x00, 1]));
  assertEquals(reader.varint(), 0);
  assertEquals(reader.error, "overlong");
  assertEquals([reader.u8(), reader.raw(1).length, reader.string()], [
    0,
    0,
    "",
  ]);
  reader.skip(1);
  reader.fail("range");
  assertEquals([reader.error, reader.position, reader.atEnd], [
    "overlong",
    0,
    false,
  ]);
  reader.reset(new Uint8Array([5]));
  assertEquals([reader.u8(), reader.atEnd, reader.ok], [5, true, true]);
});

Deno.test("ByteReader.raw() and skip() refuse what is no length within", () => {
  for (const count of [-1, 4, 1.5, 2 ** 53, Infinity, NaN]) {
    const reader = new ByteReader(new Uint8Array(3));
    assertEquals(reader.raw(count).length, 0);
    assertEquals([count, reader.error], [count, "truncated"]);
    const skipper = new ByteReader(new Uint8Array(3));
    skipper.skip(count);
    assertEquals([count, skipper.error, skipper.position], [
      count,
      "truncated",
      0,
    ]);
  }
});

Deno.test("ByteReader.reset() refuses a range outside of the bytes", () => {
  const reader = new ByteReader();
  for (
    const [start, end] of [[-1, 2], [2, 1], [0, 4], [NaN, 2], [0, NaN], [
      0.5,
      2,
    ]]
  ) {
    assertThrows(
      () => reader.reset(new Uint8Array(3), start, end),
      RangeError,
      "Cannot read bytes",
    );
  }
});

Deno.test("ByteReader.bytes() takes NaN for a limit that nothing meets", () => {
  const reader = new ByteReader(new Uint8Array([1, 97]));
  assertEquals([reader.bytes(NaN).length, reader.error], [0, "range"]);
});
