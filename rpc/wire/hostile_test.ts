// What packets of attackers may cost: memory and time in proportion to their bytes.
import { assert, assertEquals } from "@std/assert";
import {
  bool,
  bytes,
  f32,
  list,
  string,
  struct,
  u8,
  varint,
} from "../../protocol/mod.ts";
import { defineRpc } from "../contract/define_rpc.ts";
import { varintOf } from "./_testing/reference_packet.ts";
import { CallReader } from "./call_reader.ts";
import { CallWriter } from "./call_writer.ts";
import { MAX_CALLS } from "./_limits.ts";
import { RpcPacketKind } from "./packet_kind.ts";

const { rpcs, byName } = defineRpc({
  blob: { params: { data: bytes({ maxBytes: 65_535 }) }, from: "any" },
  flat: { params: { all: list(f32, { maxLength: 65_535 }) }, from: "any" },
  nested: {
    params: {
      all: list(list(list(u8, { maxLength: 65_535 }), { maxLength: 65_535 }), {
        maxLength: 65_535,
      }),
    },
    from: "any",
  },
  ping: { params: {}, from: "any" },
  text: { params: { say: string({ maxBytes: 65_535 }) }, from: "any" },
  tree: {
    params: {
      all: list(struct({ on: bool, at: varint }), { maxLength: 1_000 }),
    },
    from: "any",
  },
});

const KIND = RpcPacketKind.ServerCalls;
const WORD_BYTES = 8;

/** A packet of one run of a call, with a body that claims what it likes. */
function packetOf(name: string, body: readonly number[], length?: number) {
  const { id } = byName.get(name)!;
  return Uint8Array.from([
    KIND,
    0,
    ...varintOf(id * 2),
    ...varintOf(length ?? body.length),
    ...body,
  ]);
}

/** About what a value takes in memory: a word for each property and element, and headers. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return 2 * WORD_BYTES + 2 * value.length;
  if (typeof value === "number") {
    return Number.isInteger(value) ? 0 : 2 * WORD_BYTES;
  }
  if (typeof value !== "object" || value === null) return 0;
  if (value instanceof Uint8Array) return 12 * WORD_BYTES + value.length;
  const parts = Object.values(value);
  return parts.reduce(
    (sum: number, part) => sum + WORD_BYTES + sizeOf(part),
    4 * WORD_BYTES,
  );
}

Deno.test("CallReader refuses lies about lengths and counts before it believes them", () => {
  const reader = new CallReader(rpcs);
  const lies: readonly (readonly [Uint8Array, string])[] = [
    // Text, bytes and lists that claim more than there is.
    [packetOf("text", [0, 0xff, 0xff, 3]), "length"],
    [packetOf("blob", [0, 0xff, 0xff, 3]), "length"],
    [packetOf("text", [0, 0x80, 0x80, 0x04]), "range"],
    [packetOf("flat", [0, 0xff, 0xff]), "length"],
    [packetOf("nested", [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), "length"],
    // A run that claims more than the packet, or more calls than bytes.
    [packetOf("ping", [0], 2 ** 50), "truncated"],
    [packetOf("ping", [0], 2 ** 53 - 1), "truncated"],
  ];
  for (const [packet, fault] of lies) {
    assertEquals(reader.read(packet, KIND), fault);
    assertEquals(reader.count, 0);
  }
});

Deno.test("CallReader holds little more than it was sent, whatever the contract allows", () => {
  const reader = new CallReader(rpcs);
  const size = 20_000;
  const many = (byte: number): number[] => new Array(size).fill(byte);
  // Each with how many times its bytes it may hold: an empty list of two bytes is an
  // object in memory.
  const bombs: readonly (readonly [Uint8Array, number])[] = [
    [packetOf("text", [0, ...varintOf(size), ...many(0x61)]), 2],
    [packetOf("blob", [0, ...varintOf(size), ...many(1)]), 2],
    [packetOf("flat", [0, size / 4 & 0xff, size / 4 >> 8, ...many(1)]), 16],
    [packetOf("nested", [0, size / 2 & 0xff, size / 2 >> 8, ...many(0)]), 24],
  ];
  for (const [packet, times] of bombs) {
    assertEquals(reader.read(packet, KIND), undefined);
    const held = sizeOf(reader.at(0).params);
    assert(
      held <= times * packet.length + 256,
      `${reader.at(0).rpc.name}: ${held} bytes of ${packet.length}`,
    );
  }
});

Deno.test("CallReader keeps few records when the packets get small again", () => {
  const reader = new CallReader(rpcs);
  const writer = new CallWriter(65_536);
  const ping = byName.get("ping")!;
  writer.begin(KIND, 0);
  while (writer.add(ping, 0, 0, 0, {}));
  assertEquals([writer.count, writer.error], [MAX_CALLS, "full"]);
  assertEquals(reader.read(writer.end(), KIND), undefined);
  assertEquals(reader.count, MAX_CALLS);
  const last = reader.at(MAX_CALLS - 1);
  writer.begin(KIND, 0);
  writer.add(ping, 0, 0, 0, {});
  assertEquals(reader.read(writer.end(), KIND), undefined);
  assertEquals(reader.at(MAX_CALLS - 1), undefined);
  assertEquals(last.sequence, MAX_CALLS - 1);
});

Deno.test("CallReader takes time in proportion to the packet", () => {
  const reader = new CallReader(rpcs);
  const packetOfTexts = (count: number): Uint8Array => {
    const writer = new CallWriter(2 ** 20);
    writer.begin(KIND, 0);
    for (let i = 0; i < count; i++) {
      writer.add(byName.get("text")!, 0, 0, 0, { say: "€".repeat(20) });
    }
    return writer.end().slice();
  };
  const readsPerByte = (packet: Uint8Array): number => {
    const counted = new CountedBytes(packet);
    assertEquals(reader.read(counted.bytes, KIND), undefined);
    return counted.reads / packet.length;
  };
  const small = readsPerByte(packetOfTexts(250));
  const large = readsPerByte(packetOfTexts(2_000));
  assert(small >= 1, `${small}`);
  // Eight times the bytes: with their square it would be eight times as many of each.
  assert(large < 1.1 * small, `${small} and ${large} reads of a byte`);
});

/** Counts how often bytes are read, one by one or as a part. */
class CountedBytes {
  reads = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = new Proxy(bytes, {
      get: (target, key) => {
        if (key === "subarray" || key === "slice") {
          return (start: number, end: number): Uint8Array => {
            const part = target[key](start, end);
            this.reads += part.length;
            return part;
          };
        }
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value === "function") {
          throw new Error(`Reads by ${String(key)} are not counted`);
        }
        if (key !== "length") this.reads++;
        return value;
      },
    });
  }
}
