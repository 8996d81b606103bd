import { assert, assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import {
  EnvelopeReader,
  type EnvelopeSink,
  EnvelopeWriter,
} from "./_envelope.ts";

const HUB = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const MUTANTS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 10_000_000 : 20_000;

/** Each record once, and its bytes. */
const RECORDS: readonly [
  write: (writer: EnvelopeWriter) => void,
  hex: string,
  read: readonly unknown[],
][] = [
  [
    (writer) => writer.message("ab", new Uint8Array([7, 8]), true),
    "01" + "026162" + "01" + "020708",
    ["message", "ab", [7, 8], true],
  ],
  [
    (writer) => writer.joined("é", { playerId: "ada", displayName: "A" }),
    "02" + "02c3a9" + "03616461" + "0141",
    ["joined", "é", { playerId: "ada", displayName: "A" }],
  ],
  [
    (writer) => writer.left("a", "bob"),
    "03" + "0161" + "03626f62",
    ["left", "a", "bob"],
  ],
  [
    (writer) => writer.ask(HUB),
    "04" + "0102030405060708090a0b0c0d0e0f10",
    ["ask", [...HUB]],
  ],
  [(writer) => writer.stateBegins(), "05", ["stateBegins"]],
  [(writer) => writer.stateEnds(), "06", ["stateEnds"]],
  [(writer) => writer.bye(), "07", ["bye"]],
];
const HEADER = "01" + "0102030405060708090a0b0c0d0e0f10" + "ac02";

function collect(): { sink: EnvelopeSink; got: unknown[][] } {
  const got: unknown[][] = [];
  const sink: EnvelopeSink = {
    message: (channel, bytes, isText) =>
      got.push(["message", channel, [...bytes], isText]),
    joined: (channel, member) => got.push(["joined", channel, member]),
    left: (channel, playerId) => got.push(["left", channel, playerId]),
    ask: (hub) => got.push(["ask", [...hub]]),
    stateBegins: () => got.push(["stateBegins"]),
    stateEnds: () => got.push(["stateEnds"]),
    bye: () => got.push(["bye"]),
  };
  return { sink, got };
}

function whole(): Uint8Array {
  const writer = new EnvelopeWriter(10_000);
  writer.begin(HUB, 300);
  for (const [write] of RECORDS) write(writer);
  return writer.view().slice();
}

Deno.test("EnvelopeWriter and EnvelopeReader agree on the bytes of each record", () => {
  for (const [write, hex, expected] of RECORDS) {
    const writer = new EnvelopeWriter(10_000);
    writer.begin(HUB, 300);
    write(writer);
    assertEquals(encodeHex(writer.view()), HEADER + hex);
    const reader = new EnvelopeReader();
    assert(reader.open(decodeHex(HEADER + hex)));
    assertEquals([[...reader.hub], reader.number], [[...HUB], 300]);
    const { sink, got } = collect();
    reader.read(sink);
    assertEquals(got, [expected]);
  }
});

Deno.test("EnvelopeReader gives out the records in their order", () => {
  const reader = new EnvelopeReader();
  assert(reader.open(whole()));
  const { sink, got } = collect();
  reader.read(sink);
  assertEquals(got, RECORDS.map(([, , expected]) => [...expected]));
});

Deno.test("EnvelopeReader.open() refuses what no hub writes", () => {
  const reader = new EnvelopeReader();
  for (
    const hex of [
      "",
      "02" + HEADER.slice(2), // another version
      HEADER.slice(0, -4) + "00", // number 0
      HEADER.slice(0, -2), // cut
      HEADER + "00", // no such record
      HEADER + "08",
      HEADER + "01" + "00" + "00" + "00", // no channel
      HEADER + "01" + "8101" + "61".repeat(129) + "00" + "00",
      HEADER + "01" + "0161" + "02" + "00", // no flag
      HEADER + "01" + "0161" + "00" + "05" + "01", // fewer bytes
      HEADER + "02" + "0161" + "00" + "00", // no player
      HEADER + "02" + "0161" + "010a" + "00", // a control character
      HEADER + "02" + "0161" + "0161" + "8101" + "61".repeat(129),
      HEADER + "02" + "01ff" + "0161" + "00", // no UTF-8
      HEADER + "04" + "01",
      HEADER + "07" + "05", // more after the end
    ]
  ) assertEquals(reader.open(decodeHex(hex)), false, hex);
});

Deno.test("EnvelopeReader.open() takes of a cut envelope whole records alone", () => {
  const bytes = whole();
  const reader = new EnvelopeReader();
  const ends = new Set<number>();
  let end = HEADER.length / 2;
  ends.add(end);
  for (const [, hex] of RECORDS) ends.add(end += hex.length / 2);
  for (let length = 0; length <= bytes.length; length++) {
    const isWhole = reader.open(bytes.subarray(0, length));
    assertEquals(isWhole, ends.has(length), `${length}`);
  }
});

Deno.test("EnvelopeReader reads mutants without a throw, all of them or nothing", () => {
  const random = new SeededRandom(1);
  const original = whole();
  const reader = new EnvelopeReader();
  let opened = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const bytes = original.slice();
    for (let flips = random.nextU32() % 4; flips >= 0; flips--) {
      bytes[random.nextU32() % bytes.length] = random.nextU32();
    }
    if (!reader.open(bytes)) continue;
    opened += 1;
    const { sink, got } = collect();
    reader.read(sink);
    // What was read, written again, is the same.
    const writer = new EnvelopeWriter(10_000);
    writer.begin(reader.hub, reader.number);
    for (const [method, ...args] of got) {
      if (method === "message") args[1] = new Uint8Array(args[1] as number[]);
      if (method === "ask") args[0] = new Uint8Array(args[0] as number[]);
      (writer[method as keyof EnvelopeSink] as (...args: unknown[]) => void)
        .apply(writer, args);
    }
    assertEquals(encodeHex(writer.view()), encodeHex(bytes), `mutant ${i}`);
  }
  assert(opened > 0);
});
