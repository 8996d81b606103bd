// This module is browser compatible.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { AckAccumulator, AckForm } from "./ack_accumulator.ts";
import { PacketHeader, writeHeader } from "./_packet_header.ts";

Deno.test("AckAccumulator drops duplicates and what is older than its window", () => {
  for (const first of [0, 2 ** 16 - 3, 2 ** 31 - 3, 2 ** 32 - 3]) {
    const acks = new AckAccumulator(first);
    assertEquals(acks.isNew(first - 1), false);
    assert(acks.isNew(first));
    acks.record(first, 0, 0);
    assertEquals(acks.isNew(first), false);
    acks.record(first + 1023, 0, 0);
    assertEquals(acks.isNew(first), false);
    assert(acks.isNew(first + 1));
    acks.record(first + 5000, 0, 0);
    assertEquals(acks.isNew(first + 1), false);
    assert(acks.isNew(first + 5000 - 1024));
    acks.record(first + 2 ** 33, 0, 0);
    assert(acks.isNew(first + 2 ** 33 - 1024));
  }
});

Deno.test("AckAccumulator uses a window where all 32 have arrived, or all there are", () => {
  for (const first of [0, 5, 2 ** 32 - 20]) {
    const acks = new AckAccumulator(first);
    assertEquals(acks.form, AckForm.None);
    for (let i = 0; i < 32; i++) {
      acks.record(first + i, 0, 0);
      assertEquals(acks.form, AckForm.Window);
    }
    // The 33 of them are more than a window tells of, until some are told.
    acks.record(first + 32, 0, 0);
    assertEquals(acks.form, AckForm.Ranges);
    acks.onTold(0, first + 20, first);
    assertEquals(acks.form, AckForm.Window);
    acks.record(first + 34, 0, 1);
    assertEquals(acks.form, AckForm.Ranges);
    acks.onTold(1, first + 34, first);
    assertEquals(acks.form, AckForm.None);
  }
});

Deno.test("AckAccumulator forgets nothing that came after the packet that told", () => {
  const acks = new AckAccumulator();
  for (const number of [0, 1, 5, 6, 9]) acks.record(number, 0, 10);
  // Packet 10 tells of all this; before it is acknowledged, 2 comes late.
  assertEquals(acks.record(2, 0, 11), false);
  acks.onTold(10, 9, 0);
  assertEquals(acks.rangeCount, 1);
  const out = new Uint8Array(64);
  const end = writeHeader(out, 11, 10, acks, 0);
  const header = new PacketHeader();
  assertEquals(header.read(out, end, 11, 0, 0, 20), end);
  assert(header.acknowledges(2) && header.acknowledges(9));
  assert(!header.acknowledges(3) && !header.acknowledges(8));
});

Deno.test("AckAccumulator is bounded to 32 ranges and 64 bytes", () => {
  const acks = new AckAccumulator();
  const out = new Uint8Array(64);
  for (let i = 0; i < 100; i++) acks.record(i * 300, 0, 0);
  assertEquals(acks.rangeCount, 32);
  const end = writeHeader(out, 2 ** 31, 0, acks, 0);
  assert(end <= 64);
  const header = new PacketHeader();
  assertEquals(header.read(out, end, 2 ** 31, 0, 0, 40_000), end);
  // It knows how far down it told.
  assertEquals(
    header.ranges[2 * header.rangeCount - 1],
    acks.toldFrom,
  );
  acks.onTold(1, acks.largest, acks.toldFrom);
  assertEquals(acks.rangeCount, 32 - header.rangeCount);
});

Deno.test("AckAccumulator tells of everything, and never of what did not arrive", () => {
  for (let seed = 0; seed < 24; seed++) {
    const random = new SeededRandom(seed);
    const first = [0, 2 ** 16 - 300, 2 ** 31 - 300, 2 ** 32 - 300][seed % 4]!;
    const acks = new AckAccumulator(first);
    const header = new PacketHeader();
    const out = new Uint8Array(64);
    const arrived = new Set<number>();
    const known = new Set<number>();
    const told: [number: number, largest: number, from: number][] = [];
    const loss = random.nextFloat() * 0.3;
    let own = 0;
    let next = first;
    for (let round = 0; round < 1500; round++) {
      // A packet, perhaps one of the last forty.
      const late = random.nextFloat() < 0.2 ? random.nextU32() % 40 : 0;
      if (random.nextFloat() < loss) next++;
      const number = Math.max(first, (late > 0 ? next : next++) - late);
      next = Math.max(next, number + 1);
      assertEquals(acks.isNew(number), !arrived.has(number), `seed ${seed}`);
      if (acks.isNew(number)) acks.record(number, round, own);
      arrived.add(number);
      // An answer, which may be lost, and whose acknowledgement may be lost or late.
      if (random.nextFloat() < 0.5) continue;
      const end = writeHeader(out, own, -1, acks, round);
      const read = header.read(out, end, own, 0, first, next);
      assertEquals(read, end, `seed ${seed}`);
      if (random.nextFloat() > loss) {
        for (let i = 0; i < header.rangeCount; i++) {
          const bottom = header.ranges[2 * i + 1]!;
          for (let n = header.ranges[2 * i]!; n >= bottom; n--) {
            assert(arrived.has(n), `seed ${seed}: ${n}`);
            known.add(n);
          }
        }
        if (header.rangeCount > 0) {
          told.push([own, acks.largest, acks.toldFrom]);
        }
      }
      own++;
      if (told.length > 0 && random.nextFloat() < 0.3) {
        const i = random.nextU32() % told.length;
        acks.onTold(...told.splice(i, 1)[0]!);
      }
    }
    // What is not told of any more is known to the other end, unless 32 ranges lie above.
    const end = writeHeader(out, own, -1, acks, 2000);
    header.read(out, end, own, 0, first, next);
    let missing = 0;
    for (const n of arrived) {
      if (!known.has(n) && !header.acknowledges(n)) missing++;
    }
    if (acks.rangeCount < 20) assertEquals(missing, 0, `seed ${seed}`);
  }
});
