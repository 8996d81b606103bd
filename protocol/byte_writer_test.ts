import { Buffer } from "node:buffer";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ByteReader, ByteWriter, ProtocolError } from "./mod.ts";

const INTEGER_LIMITS = [
  ["u8", 0, 0xff],
  ["u16", 0, 0xffff],
  ["u32", 0, 0xffff_ffff],
  ["i8", -0x80, 0x7f],
  ["i16", -0x8000, 0x7fff],
  ["i32", -0x8000_0000, 0x7fff_ffff],
  ["varint", 0, Number.MAX_SAFE_INTEGER],
  ["zigzag", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
] as const;

Deno.test("ByteWriter refuses what an integer type cannot hold", () => {
  for (const [type, min, max] of INTEGER_LIMITS) {
    for (
      const value of [min - 1, max + 1, 0.5, -0.5, NaN, Infinity, -Infinity]
    ) {
      const writer = new ByteWriter();
      writer[type](value);
      assertEquals([type, value, writer.error, writer.length], [
        type,
        value,
        "range",
        0,
      ]);
    }
    for (const value of [min, max, -0]) {
      const writer = new ByteWriter();
      writer[type](value);
      assertEquals([type, value, writer.ok], [type, value, true]);
    }
  }
  for (const [low, high] of [[-1, 0], [0, 2 ** 32], [0.5, 0], [0, NaN]]) {
    const writer = new ByteWriter();
    writer.u64(low!, high!);
    assertEquals(writer.error, "range");
  }
});

Deno.test("ByteWriter writes nothing after an error until reset()", () => {
  const writer = new ByteWriter();
  writer.u8(1);
  writer.u8(256);
  writer.u8(2);
  writer.string("never");
  writer.varint(2 ** 40);
  writer.raw(new Uint8Array(9));
  writer.fail("full");
  assertEquals([writer.error, writer.length, writer.ok], ["range", 1, false]);
  assertEquals(writer.reserve(0), false);
  assertThrows(() => writer.toBytes(), ProtocolError, "out of its range");
  writer.reset();
  writer.u8(3);
  assertEquals(writer.toBytes(), new Uint8Array([3]));
});

Deno.test("ByteWriter.reset() may set a lower limit until the next time", () => {
  const writer = new ByteWriter({ initialBytes: 4, maxBytes: 16 });
  for (
    const [limit, fits] of [[3, 3], [10, 10], [99, 16], [4, 4], [
      undefined,
      16,
    ], [0, 0]] as const
  ) {
    writer.reset(limit);
    for (let i = 0; writer.ok; i++) writer.u8(i);
    assertEquals([limit, writer.length, writer.error], [limit, fits, "full"]);
    writer.rewind(Math.min(1, fits));
    writer.raw(new Uint8Array(fits));
    assertEquals(writer.ok, fits === 0);
  }
  for (const limit of [-1, NaN]) {
    assertThrows(() => writer.reset(limit), RangeError, "limitBytes");
  }
});

Deno.test("ByteWriter.rewind() takes back what did not fit, and its error", () => {
  const writer = new ByteWriter({ maxBytes: 8 });
  const lengths: number[] = [];
  for (const text of ["one", "two", "three"]) {
    const { length } = writer;
    writer.string(text);
    if (writer.ok) lengths.push(writer.length);
    else writer.rewind(length);
  }
  assertEquals([lengths, writer.ok, writer.length], [[4, 8], true, 8]);
  writer.rewind(4);
  writer.u8(255);
  writer.u8(256);
  assertEquals([writer.error, writer.length], ["range", 5]);
  writer.rewind(5);
  assertEquals(writer.toBytes(), new Uint8Array([3, 111, 110, 101, 255]));
  for (const length of [-1, 6, 1.5, NaN]) {
    assertThrows(() => writer.rewind(length), RangeError, "from 0 to 5");
  }
});

Deno.test("ByteWriter grows up to maxBytes and not beyond", () => {
  const writer = new ByteWriter({ initialBytes: 1, maxBytes: 1000 });
  for (let i = 0; i < 1000; i++) writer.u8(i & 0xff);
  assertEquals([writer.ok, writer.length], [true, 1000]);
  assertEquals(
    writer.toBytes(),
    Uint8Array.from({ length: 1000 }, (_, i) => i),
  );
  writer.u8(0);
  assertEquals([writer.error, writer.buffer.length], ["full", 1000]);
  const error = assertThrows(
    () => writer.toBytes(),
    ProtocolError,
    "at most 1000 bytes",
  );
  assertEquals(error.code, "encodeError");
});

Deno.test("ByteWriter refuses a length beyond every buffer at once", () => {
  const writer = new ByteWriter({ initialBytes: 4, maxBytes: 8 });
  assertEquals(writer.reserve(2 ** 53), false);
  assertEquals([writer.error, writer.buffer.length], ["full", 4]);
});

Deno.test("ByteWriter.over() stays within the caller's bytes", () => {
  const outer = new Uint8Array(8).fill(0xee);
  const writer = ByteWriter.over(outer.subarray(2, 6));
  writer.u32(1);
  writer.u8(7);
  assertEquals(writer.error, "full");
  assertEquals(
    outer,
    new Uint8Array([0xee, 0xee, 1, 0, 0, 0, 0xee, 0xee]),
  );
});

Deno.test("ByteWriter.toBytes() copies out of a Buffer of Node's, too", () => {
  const target = Buffer.alloc(4);
  const writer = ByteWriter.over(target);
  writer.u16(513);
  const copy = writer.toBytes();
  target.fill(0xee);
  assertEquals(copy, new Uint8Array([1, 2]));
});

Deno.test("ByteWriter.raw() takes nothing that has no length", () => {
  const writer = new ByteWriter();
  writer.u8(1);
  writer.raw(new ArrayBuffer(4) as unknown as Uint8Array);
  assertEquals([writer.error, writer.length], ["full", 1]);
});

Deno.test("ByteWriter.view() shares its bytes, toBytes() does not", () => {
  const writer = new ByteWriter();
  writer.u8(1);
  const view = writer.view();
  const copy = writer.toBytes();
  writer.reset();
  writer.u8(9);
  assertEquals([view[0], copy[0]], [9, 1]);
});

Deno.test("ByteWriter writes unpaired surrogates as U+FFFD, like TextEncoder", () => {
  const texts = [
    "\ud800",
    "\udc00",
    "a\ud800b",
    "\udc00\ud800",
    "\ud83d\ud83d\ude00",
    "\ud800".repeat(100),
    "x".repeat(80) + "\udfff",
  ];
  for (const text of texts) {
    const writer = new ByteWriter();
    writer.string(text);
    const reader = new ByteReader(writer.view());
    assertEquals(
      reader.string(),
      new TextDecoder().decode(new TextEncoder().encode(text)),
    );
    assert(reader.atEnd);
  }
});

Deno.test("ByteWriter turns every NaN into the one that may be sent", () => {
  // A sign and a payload, which arithmetic passes on.
  const odd = new Float64Array(new Uint32Array([1, 0xfff80000]).buffer)[0]!;
  const writer = new ByteWriter();
  writer.f32(odd);
  writer.f64(odd);
  assertEquals(
    writer.toBytes(),
    new Uint8Array([0, 0, 0xc0, 0x7f, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f]),
  );
});

Deno.test("ByteWriter refuses options out of range", () => {
  for (
    const options of [
      { maxBytes: 0 },
      { maxBytes: 2 ** 30 + 1 },
      { maxBytes: 1.5 },
      { initialBytes: 0 },
      { initialBytes: 10, maxBytes: 9 },
    ]
  ) {
    assertThrows(() => new ByteWriter(options), RangeError, "Cannot create");
  }
});
