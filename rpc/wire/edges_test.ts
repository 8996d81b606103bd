// Every kind of field at its edges: what is allowed comes back as it should, in calls and in results, and what lies one step
// beyond is refused by the writer.
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  angle,
  type AnyField,
  bits,
  bool,
  bytes,
  choice,
  f32,
  f64,
  type Field,
  float,
  i16,
  i32,
  i8,
  int,
  list,
  optional,
  type Quat,
  quat,
  string,
  struct,
  u16,
  u32,
  u64,
  u8,
  varint,
  vec2,
  vec3,
  zigzag,
} from "../../protocol/mod.ts";
import { defineRpc } from "../contract/define_rpc.ts";
import { CallReader } from "./call_reader.ts";
import { CallWriter } from "./call_writer.ts";
import { RpcPacketKind } from "./packet_kind.ts";
import { ResultReader } from "./result_reader.ts";
import { ResultWriter } from "./result_writer.ts";

const SAFE = Number.MAX_SAFE_INTEGER;
const MAX_F32 = 3.4028234663852886e38;
const MIN_F32 = 1.401298464324817e-45;
const RANGE = { min: -10, max: 10, step: 0.5 };
const KIND = RpcPacketKind.ServerCalls;

/** Values, or pairs of what is written and what is read where that is another; and what is refused. */
interface Edges {
  readonly field: Field<never>;
  readonly same?: readonly unknown[];
  readonly changed?: readonly (readonly [unknown, unknown])[];
  readonly refused: readonly unknown[];
}

const TEXT = string({ maxBytes: 12 });
const EDGES: readonly Edges[] = [
  {
    field: bool,
    same: [false, true],
    // What counts as true in TypeScript does so here.
    changed: [[0, false], [1, true], [undefined, false]],
    refused: [],
  },
  { field: u8, same: [0, 0xff], refused: [-1, 0x100, 0.5, NaN, "1"] },
  { field: u16, same: [0, 0xffff], refused: [-1, 0x1_0000, 1.5] },
  { field: u32, same: [0, 0xffff_ffff], refused: [-1, 2 ** 32, 1e-9] },
  { field: i8, same: [-0x80, 0x7f], refused: [-0x81, 0x80] },
  { field: i16, same: [-0x8000, 0x7fff], refused: [-0x8001, 0x8000] },
  { field: i32, same: [-(2 ** 31), 2 ** 31 - 1], refused: [2 ** 31] },
  {
    field: u64,
    same: [{ low: 0, high: 0 }, { low: 0xffff_ffff, high: 0xffff_ffff }],
    refused: [{ low: 2 ** 32, high: 0 }, { low: 0, high: -1 }, 1, undefined],
  },
  {
    field: varint,
    same: [0, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 49, SAFE],
    refused: [-1, SAFE + 1, 0.5, Infinity],
  },
  {
    field: zigzag,
    same: [0, -64, 63, 64, -65, 2 ** 31, -(2 ** 31) - 1, SAFE, -SAFE],
    refused: [SAFE + 1, -SAFE - 1, NaN],
  },
  {
    field: f32,
    same: [0, -0, MAX_F32, -MAX_F32, MIN_F32, -MIN_F32, 0.5],
    changed: [[0.1, Math.fround(0.1)], [MIN_F32 / 4, 0], [-MIN_F32 / 4, -0]],
    refused: [Infinity, -Infinity, NaN, 3.5e38, 1e300],
  },
  {
    field: f64,
    same: [0, -0, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 0.1],
    refused: [Infinity, -Infinity, NaN, "0"],
  },
  {
    field: vec2,
    same: [{ x: -0, y: MAX_F32 }],
    refused: [{ x: 0, y: NaN }, { x: 0 }, undefined],
  },
  {
    field: vec3,
    same: [{ x: -0, y: MIN_F32, z: -MAX_F32 }],
    refused: [{ x: 0, y: 0, z: Infinity }, { x: 0, y: 0 }, null],
  },
  {
    field: vec3(RANGE),
    same: [{ x: -10, y: 10, z: 0.5 }],
    changed: [[{ x: -99, y: 99, z: 0.3 }, { x: -10, y: 10, z: 0.5 }]],
    refused: [{ x: 0, y: 0, z: NaN }, undefined],
  },
  { field: int({ min: -3, max: 3 }), same: [-3, 0, 3], refused: [-4, 4, 0.5] },
  {
    field: int({ min: SAFE - 1, max: SAFE }),
    same: [SAFE - 1, SAFE],
    refused: [SAFE - 2],
  },
  { field: bits(1), same: [0, 1], refused: [-1, 2] },
  { field: bits(32), same: [0, 2 ** 32 - 1], refused: [-1, 2 ** 32] },
  {
    field: float(RANGE),
    same: [-10, 0, 10],
    changed: [[11, 10], [-Infinity, -10], [0.2, 0], [0.3, 0.5]],
    refused: [NaN, "0"],
  },
  {
    field: angle({ bits: 2 }),
    same: [0, Math.PI / 2],
    changed: [[2 * Math.PI, 0], [0.1, 0]],
    refused: [NaN, Infinity],
  },
  {
    field: quat,
    same: [{ x: 0, y: 0, z: 0, w: 1 }],
    changed: [
      [{ x: 0, y: 0, z: 0, w: -5 }, { x: 0, y: 0, z: 0, w: 1 }],
      [{ x: -3, y: 0, z: 0, w: 0 }, { x: 1, y: 0, z: 0, w: 0 }],
    ],
    refused: [{ x: 0, y: 0, z: 0, w: 0 }, { x: NaN, y: 0, z: 0, w: 1 }],
  },
  { field: choice("a", "b", "c"), same: ["a", "c"], refused: ["d", "", 0] },
  {
    field: TEXT,
    same: [
      ...["", "\0", "a".repeat(12), "\u007f\u0080", "\u07ff\u0800", "\uffff"],
      ...["\ufeffa", "😀😀😀", "\u{10000}\u{10ffff}", "é".repeat(6)],
    ],
    // Half of a character is none: it is read as U+FFFD.
    changed: [
      ["\ud800", "\ufffd"],
      ["\udfff", "\ufffd"],
      ["a\ud83d", "a\ufffd"],
      ["\ude00\ud83d", "\ufffd\ufffd"],
      ["\ud83d\ud83d\ude00", "\ufffd😀"],
    ],
    refused: ["a".repeat(13), "😀😀😀a", "\ud800".repeat(5), 1, undefined],
  },
  {
    field: bytes({ maxBytes: 3 }),
    same: [Uint8Array.of(), Uint8Array.of(0, 255, 128)],
    refused: [new Uint8Array(4), [1], "a"],
  },
  {
    field: optional(varint),
    same: [undefined, 0, SAFE],
    refused: [-1, null],
  },
  {
    field: list(int({ min: 0, max: 4 }), { maxLength: 3 }),
    same: [[], [0, 4, 0]],
    refused: [[0, 0, 0, 0], [5], {}, "ab"],
  },
  {
    field: list(list(string, { maxLength: 2 }), { maxLength: 2 }),
    same: [[[], ["😀", ""]]],
    refused: [[[], [], []], [["", "", ""]], [undefined]],
  },
  {
    field: struct({ a: u8, b: optional(struct({ c: bool })) }),
    same: [{ a: 255, b: undefined }, { a: 0, b: { c: true } }],
    refused: [{ a: 256, b: undefined }, { b: undefined }, undefined],
  },
  { field: struct({}), same: [{}], refused: [] },
].map((edges) => edges as unknown as Edges);

/** What comes back of a call and of a result; `undefined` if the writers refuse. */
function sent(
  field: Field<never>,
  value: unknown,
): { read: unknown } | undefined {
  const { rpcs: [rpc] } = defineRpc({
    // Bits before it, and bytes behind it.
    it: {
      params: { before: bool, value: field, after: u8 },
      from: "any",
      reply: field,
    },
  });
  const writer = new CallWriter(1_024);
  writer.begin(KIND, 0);
  const params = { before: true, value, after: 200 };
  const isWritten = writer.add(rpc!, 0, 0, 1, params);
  const results = new ResultWriter(1_024);
  assertEquals(results.addValue(rpc!, 1, value), isWritten);
  if (!isWritten) {
    assertEquals([writer.error, results.error], ["range", "range"]);
    return undefined;
  }
  const reader = new CallReader([rpc]);
  assertEquals(reader.read(writer.end(), KIND), undefined);
  const { before, value: read, after } = reader.at(0).params;
  assertEquals([before, after], [true, 200]);
  const resultReader = new ResultReader();
  assertEquals(resultReader.read(results.end(), () => rpc), undefined);
  assertSame(resultReader.at(0).value, read);
  return { read };
}

/** The same but for what a quaternion's bits and floats are not exact in. */
function assertRotation(actual: unknown, { x, y, z, w }: Quat): void {
  const to = actual as Quat;
  const off = Math.hypot(to.x - x, to.y - y, to.z - z, to.w - w);
  assert(off < 1e-9, `${JSON.stringify(actual)} is off by ${off}`);
}

/** Equal, with the sign of zero. */
function assertSame(actual: unknown, expected: unknown): void {
  if (typeof expected !== "object" || expected === null) {
    assertStrictEquals(actual, expected);
    return;
  }
  if ("w" in expected) return assertRotation(actual, expected as Quat);
  assertEquals(actual, expected);
  for (const [key, part] of Object.entries(expected)) {
    assertSame((actual as Record<string, unknown>)[key], part);
  }
}

for (const { field, same = [], changed = [], refused } of EDGES) {
  Deno.test(`${field.descriptor} comes back as it was at its edges, and is refused beyond`, () => {
    for (const value of same) {
      const back = sent(field, value);
      assert(back !== undefined, `${value} is refused`);
      assertSame(back.read, value);
    }
    for (const [value, expected] of changed) {
      const back = sent(field, value);
      assert(back !== undefined, `${value} is refused`);
      assertSame(back.read, expected);
    }
    for (const value of refused) {
      const shown = JSON.stringify(value);
      assertEquals([shown, sent(field, value)], [shown, undefined]);
    }
  });
}

Deno.test("every kind of field has edges here", () => {
  const kinds: Record<AnyField["type"], true> = {
    angle: true,
    bits: true,
    bool: true,
    bytes: true,
    choice: true,
    f32: true,
    f64: true,
    float: true,
    i16: true,
    i32: true,
    i8: true,
    int: true,
    list: true,
    optional: true,
    quat: true,
    string: true,
    struct: true,
    u16: true,
    u32: true,
    u64: true,
    u8: true,
    varint: true,
    vec2: true,
    vec3: true,
    zigzag: true,
  };
  const tested = new Set(EDGES.map(({ field }) => field.type));
  assertEquals(Object.keys(kinds).filter((kind) => !tested.has(kind)), []);
});
