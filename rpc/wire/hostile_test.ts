// What packets of attackers may cost: memory and steps in proportion to their bytes. Memory is counted as V8 has it, by
// `heldBytes`; with TICKWIRE_SOAK=1 it is measured as well.
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  bits,
  bool,
  bytes,
  choice,
  f32,
  float,
  list,
  optional,
  quat,
  string,
  struct,
  u8,
  varint,
  vec3,
} from "../../protocol/mod.ts";
import { watch } from "../../protocol/_testing/fuzz_checks.ts";
import { heapBytes } from "../_testing/heap_bytes.ts";
import { heldBytes } from "../_testing/held_bytes.ts";
import { defineRpc } from "../contract/define_rpc.ts";
import { bytesOf, varintOf } from "./_testing/reference_packet.ts";
import { MAX_CALLS, MAX_RESULTS } from "./_limits.ts";
import { CallReader } from "./call_reader.ts";
import { CallWriter } from "./call_writer.ts";
import { RpcPacketKind } from "./packet_kind.ts";
import { ResultReader } from "./result_reader.ts";
import { ResultWriter } from "./result_writer.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const KIND = RpcPacketKind.ServerCalls;
const MOST = { maxLength: 65_535 };
const MAX_PACKET_BYTES = 65_535;
/** What `WIRE.md` allows the values of a packet beyond 16 times its bytes. */
const ALLOWANCE = 65_536;

/** Params of 64 flags: 8 bytes, and a table in memory. */
const flags64 = Object.fromEntries(
  Array.from({ length: 64 }, (_, i) => [`f${i}`, bool]),
);
const ALL_FLAGS = Object.fromEntries(
  Object.keys(flags64).map((name) => [name, true]),
);
const deepField = optional(struct({
  a: optional(
    struct({ b: optional(list(optional(struct({ c: bool })), MOST)) }),
  ),
}));

const { rpcs, byName } = defineRpc({
  blob: { params: { data: bytes({ maxBytes: 65_535 }) }, from: "any" },
  blobs: { params: { all: list(bytes, MOST) }, from: "any" },
  deep: { params: { a: deepField }, from: "any" },
  flags: { params: { all: list(bool, MOST) }, from: "any" },
  flags64: { params: flags64, from: "any" },
  flat: { params: { all: list(f32, MOST) }, from: "any" },
  halves: {
    params: { all: list(list(bool, { maxLength: 1 }), MOST) },
    from: "any",
  },
  kinds: { params: { all: list(choice("a", "b"), MOST) }, from: "any" },
  motes: { params: { all: list(struct({ on: bool }), MOST) }, from: "any" },
  nested: {
    params: { all: list(list(list(u8, MOST), MOST), MOST) },
    from: "any",
  },
  one: { params: { on: bool }, from: "any" },
  perhaps: { params: { all: list(optional(varint), MOST) }, from: "any" },
  ping: { params: {}, from: "any" },
  places: {
    params: { all: list(vec3({ min: 0, max: 1, step: 1 }), MOST) },
    from: "any",
  },
  reals: {
    params: { all: list(optional(float({ min: 0, max: 1, step: 1 })), MOST) },
    from: "any",
  },
  text: { params: { say: string({ maxBytes: 65_535 }) }, from: "any" },
  texts: { params: { all: list(string, MOST) }, from: "any" },
  tree: {
    params: { all: list(struct({ on: bool, at: varint }), MOST) },
    from: "any",
  },
  turns: { params: { all: list(quat({ bits: 4 }), MOST) }, from: "any" },
  words: { params: { all: list(bits(1), MOST) }, from: "any" },
});

/** A packet of one run of a call, with a body that claims what it likes. */
function packetOf(name: string, body: readonly number[], length?: number) {
  const { id } = byName.get(name)!;
  const head = [
    KIND,
    0,
    ...varintOf(id * 2),
    ...varintOf(length ?? body.length),
  ];
  const packet = new Uint8Array(head.length + body.length);
  packet.set(head);
  packet.set(body, head.length);
  return packet;
}

/** As many times the same call as a packet has room for. */
function repeated(name: string, params: Record<string, unknown>, most: number) {
  const rpc = byName.get(name)!;
  const body = [0, ...bytesOf(rpc.params, params)!];
  const count = Math.min(most, Math.floor(65_500 / body.length));
  return Uint8Array.from([
    KIND,
    0,
    ...varintOf(rpc.id * 2 + 1),
    ...varintOf(count - 2),
    ...varintOf(count * body.length),
    ...new Array(count).fill(body).flat(),
  ]);
}

const LENGTHS = IS_SOAK
  ? [1, 16, 200, 1_000, 4_000, 8_000, 16_000, 32_000, 65_535]
  : [1, 16, 200, 2_000, 16_000];

/** Lists of the smallest elements that there are, of so many, as long as they fit a packet. */
const SMALLEST: Readonly<Record<string, unknown>> = {
  blobs: new Uint8Array(0),
  flags: true,
  flat: 0.5,
  halves: [],
  kinds: "b",
  motes: { on: true },
  nested: [],
  perhaps: undefined,
  places: { x: 1, y: 1, z: 0 },
  reals: 1,
  texts: "",
  tree: { on: false, at: 0 },
  turns: { x: 0, y: 0, z: 0, w: 1 },
  words: 1,
};

Deno.test("CallReader refuses lies about lengths and counts before it believes them", () => {
  const reader = new CallReader(rpcs);
  const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
  const lies: readonly (readonly [Uint8Array, string])[] = [
    // Text, bytes and lists that claim more than there is.
    [packetOf("text", [0, 0xff, 0xff, 3]), "length"],
    [packetOf("blob", [0, 0xff, 0xff, 3]), "length"],
    [packetOf("text", [0, 0x80, 0x80, 0x04]), "range"],
    [packetOf("text", [0, ...huge]), "range"],
    [packetOf("blob", [0, ...huge]), "range"],
    [packetOf("text", [0, ...huge, 0xff]), "range"],
    [packetOf("flat", [0, 0xff, 0xff]), "length"],
    [packetOf("texts", [0, 2, 0, 0x7f, 0]), "length"],
    [packetOf("blobs", [0, 2, 0, 0x7f, 0]), "length"],
    [packetOf("nested", [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), "length"],
    [packetOf("nested", [0, 1, 0, 1, 0, 0xff, 0xff]), "length"],
    // Optional upon optional, and then a list that is not there.
    [packetOf("deep", [0, 0xff, 0xff, 0x0f]), "length"],
    // A run that claims more than the packet, or more calls than bytes.
    [packetOf("ping", [0], 2 ** 50), "truncated"],
    [packetOf("ping", [0], 2 ** 53 - 1), "truncated"],
    [Uint8Array.from([KIND, 0, ...varintOf(2 ** 53 - 1), 1, 0]), "id"],
    // Of what nobody knows, too.
    [Uint8Array.from([KIND, 0, ...varintOf(1_023 * 2), ...huge]), "truncated"],
    [
      Uint8Array.from([KIND, 0, ...varintOf(1_023 * 2 + 1), ...huge, 1, 0]),
      "count",
    ],
    [Uint8Array.from([KIND, ...huge, ...varintOf(2_046), 1, 0]), ""],
    [
      Uint8Array.from([KIND, ...huge, ...varintOf(2_047), 0, 2, 0, 0]),
      "sequence",
    ],
  ];
  for (const [packet, fault] of lies) {
    const watched = watch(packet);
    assertEquals(reader.read(watched.bytes, KIND) ?? "", fault);
    assertEquals([reader.count, watched.faults], [0, []]);
    assert(watched.reads <= 2 * packet.length + 8);
  }
});

Deno.test("ResultReader refuses lies, and makes nothing of results that nobody waits for", () => {
  const reader = new ResultReader();
  const { rpcs: [asked] } = defineRpc({
    ask: { params: {}, from: "any", reply: list(list(bool, MOST), MOST) },
  });
  const lies: readonly (readonly [number[], string])[] = [
    [[1, ...varintOf(2 ** 53 - 1)], "truncated"],
    [[1, 4, 0xff, 0xff], "length"],
    [[1, 8, 0x01, 0x00, 0xff, 0xff], "length"],
    [[...varintOf(2 ** 53 - 1), 4, 0xff, 0xff], ""],
    [[1, 3, 9], "status"],
    [
      [1, ...varintOf(2 * 259 + 1), 1, 0, ...new Array(257).fill(0x61)],
      "range",
    ],
    [[1, 0x80, 0], "overlong"],
  ];
  for (const [body, fault] of lies) {
    const watched = watch(Uint8Array.from([3, ...body]));
    const read = reader.read(
      watched.bytes,
      (ticket) => ticket === 1 ? asked : undefined,
    );
    assertEquals([read ?? "", watched.faults], [fault, []]);
    assertEquals(reader.count, 0);
  }
  // A whole packet of them, of values and of failures.
  for (const [head, ...body] of [[0], [3, 2]]) {
    const unknown = new Array(MAX_RESULTS).fill([7, head!, ...body]).flat();
    assertEquals(
      reader.read(Uint8Array.from([3, ...unknown]), () => undefined),
      undefined,
    );
    assertEquals([reader.count, reader.unknown], [0, MAX_RESULTS]);
    assertStrictEquals(reader.at(0), undefined);
  }
});

Deno.test("CallReader takes no packet whose values are much larger than it, nor does CallWriter make one", () => {
  const reader = new CallReader(rpcs);
  const writer = new CallWriter(MAX_PACKET_BYTES);
  const outcomes = new Map<string, number>();
  for (const [name, element] of Object.entries(SMALLEST)) {
    const rpc = byName.get(name)!;
    for (const count of LENGTHS) {
      const params = { all: new Array(count).fill(element) };
      const packet = packetOf(name, [0, ...bytesOf(rpc.params, params)!]);
      if (packet.length > MAX_PACKET_BYTES) continue;
      const fault = reader.read(packet, KIND);
      writer.begin(KIND, 0);
      const isWritten = writer.add(rpc, 0, 0, 0, params);
      assertEquals([name, count, fault === undefined], [
        name,
        count,
        isWritten,
      ]);
      outcomes.set(fault ?? "", (outcomes.get(fault ?? "") ?? 0) + 1);
      if (fault !== undefined) {
        assertEquals([fault, writer.error, reader.count], [
          "memory",
          "full",
          0,
        ]);
        continue;
      }
      const held = heldBytes(reader.at(0).params);
      assert(
        held <= 16 * packet.length + ALLOWANCE,
        `${name} × ${count}: ${held} bytes of ${packet.length}`,
      );
      // It is not for want of room that others are refused.
      assert(count > 16 || held < 8_000);
    }
  }
  assert(outcomes.get("")! > 40 && outcomes.get("memory")! > 10);
});

Deno.test("CallReader takes no packet of many calls whose values are much larger than it", () => {
  const reader = new CallReader(rpcs);
  const bombs: readonly (readonly [string, Record<string, unknown>])[] = [
    ["ping", {}],
    ["one", { on: true }],
    ["flags64", ALL_FLAGS],
    ["flags", { all: [] }],
    ["flags", { all: new Array(64).fill(true) }],
    ["motes", { all: new Array(15).fill({ on: false }) }],
    ["halves", { all: new Array(40).fill([]) }],
    ["deep", { a: undefined }],
    ["deep", { a: { a: { b: new Array(20).fill({ c: true }) } } }],
    ["text", { say: "" }],
    ["blob", { data: new Uint8Array(0) }],
  ];
  for (const [name, params] of bombs) {
    const rpc = byName.get(name)!;
    // The most of them that are read, which are as many as a writer puts into one packet.
    const writer = new CallWriter(MAX_PACKET_BYTES);
    writer.begin(KIND, 0);
    while (writer.add(rpc, 0, 0, 0, params));
    assertEquals(writer.error, "full");
    const { count } = writer;
    const packet = writer.end();
    assertEquals(reader.read(packet, KIND), undefined);
    let held = 0;
    for (let i = 0; i < count; i++) held += heldBytes(reader.at(i).params);
    assert(
      held <= 16 * packet.length + ALLOWANCE,
      `${name} × ${count}: ${held} bytes of ${packet.length}`,
    );
    const all = repeated(name, params, MAX_CALLS);
    const isMore = all.length > packet.length + 8;
    assertEquals([name, reader.read(all, KIND)], [
      name,
      isMore ? "memory" : undefined,
    ]);
  }
});

Deno.test("ResultReader takes no packet whose values are much larger than it, nor does ResultWriter make one", () => {
  const { rpcs: [flags, motes] } = defineRpc({
    flags: { params: {}, from: "any", reply: list(bool, MOST) },
    motes: { params: {}, from: "any", reply: list(struct({ on: bool }), MOST) },
  });
  const reader = new ResultReader();
  for (
    const [rpc, element] of [[flags!, true], [motes!, { on: true }]] as const
  ) {
    for (const length of [1, 50, 1_000, 65_535]) {
      const writer = new ResultWriter(MAX_PACKET_BYTES);
      const value = new Array(length).fill(element);
      while (writer.addValue(rpc, 1 + writer.count, value));
      assertEquals(writer.error, "full");
      const { count } = writer;
      assertEquals(count === 0, length === 65_535);
      const body = bytesOf(rpc.definition.reply!, value)!;
      const result = [1, ...varintOf(body.length * 2), ...body];
      const over = new Array(count + 1).fill(result).flat();
      const isOver = over.length <= MAX_PACKET_BYTES && count < MAX_RESULTS;
      if (isOver) {
        const fault = reader.read(Uint8Array.from([3, ...over]), () => rpc);
        assertEquals([fault, reader.count], ["memory", 0]);
      }
      if (count === 0) continue;
      const packet = writer.end();
      assertEquals(reader.read(packet, () => rpc), undefined);
      let held = 0;
      for (let i = 0; i < count; i++) held += heldBytes(reader.at(i).value);
      assert(
        held <= 16 * packet.length + ALLOWANCE,
        `${length}: ${held} bytes of ${packet.length}`,
      );
    }
  }
});

Deno.test("CallReader and ResultReader keep nothing of a packet that was handled or refused", () => {
  const reader = new CallReader(rpcs);
  const pings = repeated("ping", {}, MAX_CALLS);
  const texts = repeated("text", { say: "hello" }, 1_000);
  // One byte too many at the end of the last.
  const refused = repeated("text", { say: "hello" }, 1_000);
  refused[refused.length - 6] = 4;
  const kept = (): unknown[] => {
    const records: unknown[] = [];
    for (let i = 0; reader.at(i) !== undefined; i++) records.push(reader.at(i));
    return records;
  };
  for (const packet of [pings, texts, refused]) {
    const fault = reader.read(packet, KIND);
    if (packet === refused) assertEquals(fault, "trailing");
    else {
      assertEquals(fault, undefined);
      assert(kept().length >= 1_000);
    }
    reader.release();
    assertEquals(reader.count, 0);
    // Records for the next packets, with nothing in them.
    assertEquals(kept().length, 128);
    for (let i = 0; i < 128; i++) {
      assertEquals(heldBytes(reader.at(i).params), 0);
    }
  }
  const results = new ResultReader();
  const { rpcs: [ask] } = defineRpc({
    ask: { params: {}, from: "any", reply: string },
  });
  const writer = new ResultWriter(MAX_PACKET_BYTES);
  while (writer.count < 1_000) {
    const ticket = 1 + writer.count;
    assert(
      writer.count % 2 === 0
        ? writer.addValue(ask!, ticket, "some gold")
        : writer.addStatus(ticket, 1, 7, "no gold"),
    );
  }
  assertEquals(results.read(writer.end(), () => ask), undefined);
  assertEquals(results.at(999).text, "no gold");
  results.release();
  assertEquals([results.count, results.at(128)], [0, undefined]);
  for (let i = 0; i < 128; i++) {
    assertEquals([results.at(i).value, results.at(i).text], [undefined, ""]);
  }
});

Deno.test("CallReader reads each byte a few times, however many there are", () => {
  const reader = new CallReader(rpcs);
  const packets = [
    ...[250, 4_000].map((count) =>
      repeated("text", { say: "€".repeat(20) }, count)
    ),
    repeated("ping", {}, MAX_CALLS),
    repeated("flags64", ALL_FLAGS, 20),
    packetOf("text", [0, ...varintOf(60_000), ...new Array(60_000).fill(0x61)]),
    // Runs of one call each, of what is known and what is not.
    Uint8Array.from([
      ...[KIND, 0],
      ...new Array(MAX_CALLS / 2).fill([
        ...[byName.get("ping")!.id * 2, 1, 0],
        ...[126, 1, 0],
      ]).flat(),
    ]),
    ...["nested", "motes", "tree"].map((name) =>
      packetOf(name, [
        0,
        ...bytesOf(byName.get(name)!.params, {
          all: new Array(900).fill(SMALLEST[name]),
        })!,
      ])
    ),
  ];
  for (const [i, packet] of packets.entries()) {
    const watched = watch(packet);
    assertEquals([i, reader.read(watched.bytes, KIND)], [i, undefined]);
    assertEquals(watched.faults, []);
    assert(
      watched.reads <= 3 * packet.length,
      `packet ${i}: ${watched.reads} reads of ${packet.length} bytes`,
    );
  }
});

if (IS_SOAK) {
  Deno.test("heldBytes() counts no less than V8 takes", () => {
    const reader = new CallReader(rpcs);
    for (const [name, element] of Object.entries(SMALLEST)) {
      const rpc = byName.get(name)!;
      const params = { all: new Array(100).fill(element) };
      const packet = packetOf(name, [0, ...bytesOf(rpc.params, params)!]);
      const counted = (): number => {
        assertEquals(reader.read(packet, KIND), undefined);
        return heldBytes(reader.at(0).params);
      };
      const each = counted();
      const measured = heapBytes(1_000, () => {
        reader.read(packet, KIND);
        return reader.at(0).params;
      });
      assert(
        measured <= 1.1 * each + 64,
        `${name}: ${measured} bytes measured, ${each} counted`,
      );
    }
  });
}
