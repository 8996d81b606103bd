// This module is browser compatible.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { AckAccumulator } from "./ack_accumulator.ts";
import { expandNumber, PacketHeader, writeHeader } from "./_packet_header.ts";

/** Where numbers outgrow their bytes, and where integers outgrow theirs in engines. */
const EDGES = [8, 16, 24, 30, 31, 32, 33, 52].map((bits) => 2 ** bits);

/** A header of a sender that has received `numbers`, for a receiver that has sent up to `next`. */
function headerOf(numbers: readonly number[], first = 0): Uint8Array {
  const acks = new AckAccumulator(first);
  for (const number of numbers) acks.record(number, 0, 0);
  const out = new Uint8Array(64);
  return out.slice(0, writeHeader(out, 7, 3, acks, 2));
}

function rangesOf(header: PacketHeader): number[] {
  return [...header.ranges.subarray(0, 2 * header.rangeCount)];
}

Deno.test("writeHeader() writes what PROTOCOL.md says", () => {
  const rows: [numbers: number[], bytes: number[]][] = [
    [[], [0x01, 7, 0]],
    // All from number 0 on: a window.
    [[0, 1, 2], [0x05, 7, 0, 2, 0, 8]],
    [[0, 1, 2, 4], [0x09, 7, 0, 4, 0, 8, 1, 0, 0, 2]],
    [[300, 301], [0x09, 7, 0, 0x2d, 1, 8, 0, 1]],
    [[0, 300], [0x09, 7, 0, 0x2c, 1, 8, 1, 0, 0xaa, 2, 0]],
  ];
  for (const [numbers, bytes] of rows) {
    assertEquals([...headerOf(numbers)], bytes, `of ${numbers}`);
    const header = new PacketHeader();
    const end = bytes.length;
    assertEquals(header.read(headerOf(numbers), end, 7, 0, 0, 400), end);
    assertEquals(header.number, 7);
    for (let number = 0; number < 310; number++) {
      assertEquals(header.acknowledges(number), numbers.includes(number));
    }
  }
});

Deno.test("PacketHeader reads each number a sender may use, next to every edge", () => {
  const random = new SeededRandom(1);
  const out = new Uint8Array(64);
  const header = new PacketHeader();
  const none = new AckAccumulator();
  for (const edge of EDGES) {
    for (let i = 0; i < 2000; i++) {
      const number = Math.max(0, edge + random.nextU32() % 200 - 100);
      const behind = 1 + random.nextU32() % 2 ** (random.nextU32() % 24);
      const acked = Math.max(-1, number - behind);
      const end = writeHeader(out, number, acked, none, 0);
      // The receiver has got something from the acknowledged one up to later packets.
      const ahead = random.nextU32() % (behind * 2);
      const expected = Math.max(0, acked + 1 + ahead);
      assertEquals(header.read(out, end, expected, 0, 0, 0), end);
      assertEquals(
        header.number,
        acked < 0 && edge > 2 ** 32 ? header.number : number,
        `${number} after ${acked}, expecting ${expected}`,
      );
    }
  }
});

Deno.test("expandNumber() takes the closest number", () => {
  assertEquals(expandNumber(0x9b32, 2, 0xa82f30eb), 0xa82f9b32);
  assertEquals(expandNumber(0xff, 1, 2 ** 32 + 1), 2 ** 32 - 1);
  assertEquals(expandNumber(2, 1, 2 ** 32 - 3), 2 ** 32 + 2);
  assertEquals(expandNumber(0, 4, 2 ** 32 - 1), 2 ** 32);
  assertEquals(expandNumber(-1, 4, 2 ** 40), 2 ** 40 - 1);
});

Deno.test("PacketHeader refuses acknowledgements of what was never sent", () => {
  const header = new PacketHeader();
  function read(packet: Uint8Array, first: number, next: number): number {
    return header.read(packet, packet.length, 7, 0, first, next);
  }
  // Nothing was sent at all.
  assertEquals(read(headerOf([0]), 0, 0), -1);
  assertEquals(read(headerOf([0]), 0, 1), 6);
  assertEquals(read(headerOf([1]), 0, 1), -1);
  // A range that goes below the first.
  assertEquals(read(headerOf([0, 1, 2, 4]), 1, 10), -1);
  assertEquals(read(headerOf([300, 301, 302]), 301, 400), -1);
});

Deno.test("PacketHeader refuses each cut, and reads each flipped bit or refuses it", () => {
  const random = new SeededRandom(2);
  for (let round = 0; round < 300; round++) {
    const numbers: number[] = [];
    let number = random.nextU32() % 50;
    for (let i = random.nextU32() % 50; i >= 0; i--) {
      numbers.push(number);
      number += 1 + random.nextU32() % (1 + random.nextU32() % 400);
    }
    const packet = headerOf(numbers);
    const header = new PacketHeader();
    const end = packet.length;
    assertEquals(header.read(packet, end, 7, 0, 0, number), end);
    for (let cut = 0; cut < end; cut++) {
      assertEquals(header.read(packet, cut, 7, 0, 0, number), -1);
    }
    for (let bit = 0; bit < end * 8; bit++) {
      packet[bit >> 3]! ^= 1 << (bit & 7);
      const offset = header.read(packet, end, 7, 0, 0, number);
      if (offset >= 0) {
        assert(offset <= end && header.number >= 0);
        let above = number;
        for (const edge of rangesOf(header)) {
          assert(edge >= 0 && edge <= above && edge < number);
          above = edge;
        }
      }
      packet[bit >> 3]! ^= 1 << (bit & 7);
    }
  }
});

Deno.test("PacketHeader reads any bytes without a fault", () => {
  const random = new SeededRandom(3);
  const bytes = new Uint8Array(80);
  const header = new PacketHeader();
  for (let i = 0; i < 50_000; i++) {
    random.fill(bytes);
    bytes[0]! &= 0x0f;
    const end = random.nextU32() % 80;
    const next = random.nextU32() % 2 ** 20;
    const offset = header.read(bytes, end, 2 ** 32, 0, 0, next);
    assert(offset === -1 || (offset > 0 && offset <= end));
    if (offset < 0) continue;
    let above = next;
    for (const edge of rangesOf(header)) {
      assert(edge >= 0 && edge <= above && edge < next);
      above = edge;
    }
  }
});
