import { assert, assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { ByteReader, ByteWriter, string, u8 } from "../../protocol/mod.ts";
import { FastCoder } from "../coder/fast/fast_coder.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { bitSet, setBit } from "../world/bit_set.ts";
import { readBody, type ReadPart, writeBody } from "./body.ts";
import type { EntityId } from "../world/entity_id.ts";
import type { SyncFault } from "./packet_kind.ts";
import { readPlaces, writePlaces } from "./place_list.ts";
import { Report } from "./report.ts";
import { SnapshotHeader } from "./snapshot_header.ts";
import { StampEcho } from "./stamp_echo.ts";
import { viewChecksum } from "./view_checksum.ts";

/** Reads the bytes of a hexadecimal text that may have spaces. */
function hex(text: string): Uint8Array {
  return decodeHex(text.replaceAll(" ", ""));
}

type Fields<T> = Partial<{ [K in keyof T]: T[K] }>;

const HEADERS: readonly [string, Fields<SnapshotHeader>][] = [
  ["01 0000 00 00 00 00000000", {}],
  [
    "01 feff ac02 3f 10 04030201",
    {
      sequence: 0xfffe,
      tick: 300,
      baseAge: 63,
      isStrong: true,
      sentStamp: 0x0102_0304,
    },
  ],
  [
    "01 0500 09 02 20 03000000",
    { sequence: 5, tick: 9, baseAge: 2, isPartial: true, sentStamp: 3 },
  ],
  [
    "01 0600 0a 03 40 04000000 02 03000100 040000c0",
    {
      sequence: 6,
      tick: 10,
      baseAge: 3,
      sentStamp: 4,
      hasOwned: true,
      owned: [0x0001_0003, 0xc000_0004] as EntityId[],
    },
  ],
  [
    "01 0600 0a 03 40 04000000 01 03000100",
    {
      sequence: 6,
      tick: 10,
      baseAge: 3,
      sentStamp: 4,
      hasOwned: true,
      owned: [0x0001_0003] as EntityId[],
    },
  ],
  [
    "01 0700 0b 01 40 05000000 00",
    { sequence: 7, tick: 11, baseAge: 1, sentStamp: 5, hasOwned: true },
  ],
  [
    "01 0100 ffffffff0f 01 2f ffffffff 05000000 0600 07 00ff 0d0c0b0a",
    {
      sequence: 1,
      tick: 0xffff_ffff,
      baseAge: 1,
      isPartial: true,
      sentStamp: 0xffff_ffff,
      hasEcho: true,
      echoStamp: 5,
      echoHeld: 6,
      hasFeedback: true,
      inputTick: 7,
      inputLead: -256,
      hasChecksum: true,
      checksum: 0x0a0b_0c0d,
      hasForgotten: true,
    },
  ],
];

Deno.test("SnapshotHeader is written and read byte for byte", () => {
  for (const [bytes, values] of HEADERS) {
    const header = Object.assign(new SnapshotHeader(), values);
    const writer = new ByteWriter();
    header.write(writer);
    assertEquals(encodeHex(writer.view()), bytes.replaceAll(" ", ""));
    const read = new SnapshotHeader();
    const reader = new ByteReader(hex(bytes));
    assertEquals(read.read(reader), undefined);
    assert(reader.atEnd);
    assertEquals({ ...read }, { ...header });
    for (let end = 1; end < writer.length; end++) {
      const cut = new ByteReader(hex(bytes).subarray(0, end));
      assertEquals(new SnapshotHeader().read(cut), "truncated");
    }
  }
});

Deno.test("SnapshotHeader.read() refuses what no server writes", () => {
  const wrong: readonly [string, SyncFault][] = [
    ["01 0000 8080808010 00 00 00000000", "range"],
    ["01 0000 8000 00 00 00000000", "notCanonical"],
    ["01 0000 00 40 00 00000000", "range"],
    ["01 0000 00 00 80 00000000", "range"],
    ["01 0000 00 00 02 00000000 8080808010 0000", "range"],
    ["01 0000 00 00 40 00000000 11" + "00000000".repeat(17), "range"],
    ["01 0000 00 00 40 00000000 02 04000000 03000000", "notCanonical"],
    ["01 0000 00 00 40 00000000 02 04000000 04000000", "notCanonical"],
    ["01 0000 00 00 40 00000000 02 04000000 040000", "truncated"],
  ];
  for (const [bytes, fault] of wrong) {
    const reader = new ByteReader(hex(bytes));
    assertEquals(new SnapshotHeader().read(reader), fault, bytes);
  }
});

const REPORTS: readonly [string, Fields<Report>][] = [
  ["02 00 01000000", { sentStamp: 1 }],
  [
    "02 03 ffff 01000080 02000000 03000000 ffff",
    {
      hasAcks: true,
      newest: 0xffff,
      mask: 0x8000_0001,
      sentStamp: 2,
      hasEcho: true,
      echoStamp: 3,
      echoHeld: 0xffff,
    },
  ],
];

Deno.test("Report is written and read byte for byte", () => {
  for (const [bytes, values] of REPORTS) {
    const report = Object.assign(new Report(), values);
    const writer = new ByteWriter();
    report.write(writer);
    assertEquals(encodeHex(writer.view()), bytes.replaceAll(" ", ""));
    const read = new Report();
    assertEquals(read.read(new ByteReader(hex(bytes))), undefined);
    assertEquals({ ...read }, { ...report });
    for (let end = 1; end < writer.length; end++) {
      const cut = new ByteReader(hex(bytes).subarray(0, end));
      assertEquals(new Report().read(cut), "truncated");
    }
  }
});

Deno.test("Report.read() refuses what no client writes", () => {
  const wrong: readonly [string, SyncFault | undefined][] = [
    ["02 08 00000000", "range"],
    ["02 00 00000000 00", "trailing"],
    ["02 04 00000000", "truncated"],
    ["02 04 00000000 " + "00".repeat(1_024), undefined],
    ["02 04 00000000 " + "00".repeat(1_025), "range"],
  ];
  for (const [bytes, fault] of wrong) {
    assertEquals(new Report().read(new ByteReader(hex(bytes))), fault, bytes);
  }
});

Deno.test("readPlaces() reads what writePlaces() writes, and nothing else", () => {
  const lists = [bitSet(40), bitSet(10)];
  for (const at of [0, 1, 33]) setBit(lists[0]!, at);
  const writer = new ByteWriter();
  writePlaces(lists, writer);
  assertEquals(encodeHex(writer.view()), "0300001f00");
  const within = [{ alive: bitSet(40).fill(-1) }, { alive: bitSet(10) }];
  const read = (bytes: string): [SyncFault | undefined, Uint32Array[]] => {
    const into = [bitSet(40).fill(7), bitSet(10).fill(7)];
    return [readPlaces(new ByteReader(hex(bytes)), within, into), into];
  };
  assertEquals(read("0300001f00"), [undefined, lists]);
  const wrong: readonly [string, SyncFault][] = [
    ["0000", "notCanonical"],
    ["0300001f", "truncated"],
    ["030000", "truncated"],
    ["01 40 00", "range"],
    ["01 00 01 00", "range"],
    ["ffffffffffffff0f 00", "truncated"],
    ["01 ffffffffffffff0f 00", "range"],
  ];
  for (const [bytes, fault] of wrong) {
    assertEquals(read(bytes)[0], fault, bytes);
  }
});

const world = defineWorld({
  thing: defineEntity({ level: u8, name: string({ maxBytes: 4 }) }, {
    maxEntities: 40,
  }),
});
const [type] = world.types;
const coders = [new FastCoder(type!.schema)];

function table(...entities: readonly [number, number, string][]): EntityTable {
  const made = new EntityTable(type!.schema);
  for (const [at, level, name] of entities) {
    made.place(at, 0);
    made.values[at] = level;
    made.blobs[at] = new Uint8Array([
      name.length,
      ...new TextEncoder().encode(name),
    ]);
  }
  return made;
}

function write(base: EntityTable, current: EntityTable): Uint8Array {
  const writer = new ByteWriter();
  const written = bitSet(40).fill(-1);
  written[1] = 0xff;
  const part = { baseState: undefined, state: undefined, written };
  writeBody(coders, [{ ...part, base, current }], writer);
  return writer.toBytes();
}

function read(
  bytes: Uint8Array,
  base: EntityTable,
): [SyncFault | undefined, EntityTable, Uint32Array] {
  const current = new EntityTable(type!.schema);
  current.copyFrom(base);
  const changed = bitSet(40);
  const part: ReadPart = {
    base,
    baseState: undefined,
    current,
    state: undefined,
    changed,
  };
  const fault = readBody(new ByteReader(bytes), world.types, coders, [part]);
  return [fault, current, changed];
}

Deno.test("readBody() takes over bytes that alone have changed", () => {
  const base = table([2, 1, "a"], [3, 1, "b"]);
  const current = table([2, 1, "a"], [3, 1, "c"], [39, 5, "new"]);
  const [fault, got, changed] = read(write(base, current), base);
  assertEquals(fault, undefined);
  assertEquals(got, current);
  assertEquals([...changed], [1 << 3, 1 << 7]);
  // An entity in another's place has nothing of it.
  const other = table([2, 1, "a"]);
  other.generations[2] = 1;
  const [, replaced] = read(write(base, other), base);
  assertEquals(replaced.alive, other.alive);
  assertEquals(replaced.blobs, other.blobs);
});

Deno.test("readBody() refuses bytes that are not what their field allows", () => {
  const base = table([2, 1, "a"]);
  const good = write(base, table([2, 1, "b"]));
  // The coder's part has nothing: a count of 0 in whole bytes.
  const start = encodeHex(good).indexOf("01020201") / 2;
  assert(start > 0 && start + 5 === good.length, encodeHex(good));
  const head = good.subarray(0, start);
  const blobs = (tail: string): SyncFault | undefined =>
    read(new Uint8Array([...head, ...hex(tail)]), base)[0];
  assertEquals(blobs("01 02 02 0162"), undefined);
  assertEquals(blobs("00"), undefined);
  assertEquals(blobs("01 02 02 0161"), "notCanonical");
  assertEquals(blobs("01 02 02 01ff"), "value");
  assertEquals(blobs("01 02 03 0162 63"), "value");
  assertEquals(blobs("01 02 01 01"), "value");
  assertEquals(blobs("01 02 06 056162636465"), "value");
  assertEquals(blobs("01 02 07 06616263646566"), "range");
  assertEquals(blobs("01 03 02 0162"), "range");
  assertEquals(blobs("01 7f 02 0162"), "range");
  assertEquals(blobs("02 02 02 0162 7f 02 0162"), "range");
  assertEquals(blobs("01 02 02 01"), "truncated");
  assertEquals(blobs("01 02 02 0162 00"), "trailing");
  // A new entity without its name.
  const fresh = write(new EntityTable(type!.schema), base);
  const cut = fresh.subarray(0, fresh.length - 4);
  const nothing = new EntityTable(type!.schema);
  const bytes = new Uint8Array([...cut.subarray(0, -1), 0]);
  assert(read(fresh, nothing)[0] === undefined);
  assert(read(bytes, nothing)[0] !== undefined);
});

Deno.test("readBody() refuses bits of types that there are not", () => {
  const base = table();
  assertEquals(read(hex("00"), base)[0], undefined);
  assertEquals(read(hex("02"), base)[0], "notCanonical");
  assertEquals(read(hex(""), base)[0], "truncated");
  assertEquals(read(hex("0000"), base)[0], "trailing");
});

Deno.test("viewChecksum() tells any difference that is to be seen", () => {
  const base = table([2, 1, "a"], [3, 1, "b"]);
  const sum = viewChecksum([base]);
  assertEquals(sum, viewChecksum([table([2, 1, "a"], [3, 1, "b"])]));
  const others = [
    table([2, 1, "a"]),
    table([2, 2, "a"], [3, 1, "b"]),
    table([2, 1, "a"], [3, 1, "c"]),
    table([2, 1, "a"], [4, 1, "b"]),
    table([2, 1, "b"], [3, 1, "a"]),
  ];
  const older = table([2, 1, "a"], [3, 1, "b"]);
  older.generations[3] = 4;
  for (const other of [...others, older]) assert(viewChecksum([other]) !== sum);
  // Of a stale place, nothing counts but that it holds an entity.
  const stale = [bitSet(40)];
  setBit(stale[0]!, 3);
  const part = viewChecksum([base], stale);
  assert(part !== sum);
  assertEquals(viewChecksum([others[2]!], stale), part);
  assertEquals(viewChecksum([older], stale), part);
  for (const i of [0, 1, 3, 4]) {
    assert(viewChecksum([others[i]!], stale) !== part, `${i}`);
  }
  // What once was in an empty place is not to be seen.
  const emptied = table([2, 1, "a"], [3, 1, "b"]);
  emptied.generations[9] = 4;
  assertEquals(viewChecksum([emptied]), sum);
});

Deno.test("StampEcho holds the newest, across the wrap", () => {
  const echo = new StampEcho();
  assertEquals(echo.held(0), -1);
  echo.receive(0xffff_fff0, 10);
  echo.receive(5, 20);
  echo.receive(0xffff_fff8, 30);
  assertEquals([echo.stamp, echo.held(21)], [5, 64]);
  assertEquals(echo.held(20 + 1_023), 1_023 * 64);
  assertEquals(echo.held(20 + 1_024), -1);
});
