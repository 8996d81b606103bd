import { assert, assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import { ByteReader, ByteWriter } from "../../protocol/mod.ts";
import { bitSet, setBit } from "../world/bit_set.ts";
import type { SyncFault } from "./packet_kind.ts";
import { readStale, type StalePart, writeStale } from "./stale_list.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") !== undefined ? 100_000 : 500;

function set(capacity: number, places: Iterable<number>): Uint32Array {
  const into = bitSet(capacity);
  for (const place of places) setBit(into, place);
  return into;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** 40 places: 0 to 31 hold an entity, 0 to 3 are written, 4 to 7 stale before. */
function part(stale: Iterable<number>): StalePart {
  return {
    alive: set(40, range(0, 32)),
    written: set(40, range(0, 4)),
    before: set(40, range(4, 8)),
    stale: set(40, stale),
  };
}

function bytesOf(...parts: StalePart[]): string {
  const writer = new ByteWriter();
  writeStale(parts, Infinity, writer);
  return encodeHex(writer.view());
}

function read(
  bytes: string,
  ...parts: StalePart[]
): [SyncFault | undefined, boolean] {
  const reader = new ByteReader(decodeHex(bytes.replaceAll(" ", "")));
  return [readStale(parts, reader), reader.atEnd];
}

Deno.test("writeStale() is byte for byte what the format says", () => {
  // Of 24 fresh places that may turn and four stale ones.
  const cases: readonly [number[], string][] = [
    [[4, 5, 6, 7], "00"], // all as in the base: a bit each
    [[4, 5, 6, 7, 8], "0100"], // 1, not most, 1 in four bits, gaps of 4 bits: 0
    [[4, 5, 6, 7, 31], "4107"],
    [[4, 5, 6, 7, ...range(8, 32)], "03"], // all: most, none that does not
    [[4, 5, 6, 7, ...range(9, 32)], "0700"],
    [[5, 6, 7], "02"],
    [[], "06"],
  ];
  for (const [stale, bytes] of cases) {
    assertEquals(bytesOf(part(stale)), bytes, `${stale}`);
    const got = part([]);
    got.stale.fill(0xffff_ffff);
    assertEquals(read(bytes, got), [undefined, true], `${stale}`);
    assertEquals(got.stale, part(stale).stale, `${stale}`);
  }
});

Deno.test("writeStale() writes the example of the format", () => {
  const it = { ...part([4, 5, 6, 7, 31]), written: bitSet(40) };
  assertEquals(bytesOf(it), "410b");
  const got = { ...it, stale: bitSet(40) };
  assertEquals(read("410b", got), [undefined, true]);
  assertEquals(got.stale, it.stale);
});

Deno.test("readStale() reads what writeStale() writes, of any sets", () => {
  const seed = 31;
  const random = new SeededRandom(seed);
  const sets = (capacity: number, likely: number): Uint32Array =>
    set(capacity, range(0, capacity).filter(() => random.nextFloat() < likely));
  for (let run = 0; run < RUNS; run++) {
    const message = `seed ${seed}, run ${run}`;
    const parts = Array.from({ length: 1 + random.nextU32() % 3 }, () => {
      const capacity = 1 + random.nextU32() % 300;
      const alive = sets(capacity, random.nextU32() % 4 / 3);
      const before = sets(capacity, random.nextFloat());
      const written = sets(capacity, random.nextFloat() ** 2);
      const turned = sets(capacity, random.nextFloat() ** 2);
      const stale = bitSet(capacity);
      for (let i = 0; i < stale.length; i++) {
        before[i]! &= alive[i]!;
        stale[i] = (before[i]! ^ turned[i]!) & alive[i]! & ~written[i]!;
      }
      return { alive, before, written, stale };
    });
    const bytes = bytesOf(...parts);
    const got = parts.map((it) => ({ ...it, stale: it.stale.slice().fill(5) }));
    assertEquals(read(bytes, ...got), [undefined, true], message);
    got.forEach(({ stale }, i) =>
      assertEquals(stale, parts[i]!.stale, message)
    );
    // No list is much longer than a bit for each place that may turn.
    const places = parts.reduce((sum, it) => sum + it.stale.length * 32, 0);
    assert(bytes.length / 2 <= places / 8 + 16, message);
  }
});

Deno.test("writeStale() tells of more than what is stale where that takes too much", () => {
  const seed = 33;
  const random = new SeededRandom(seed);
  const parts = [5_000, 40].map((capacity): StalePart => {
    const places = range(0, capacity);
    const chosen = (): Uint32Array =>
      set(capacity, places.filter(() => random.nextU32() % 2 === 0));
    return {
      alive: set(capacity, places),
      written: set(capacity, [3]),
      before: bitSet(capacity),
      stale: chosen(),
    };
  });
  for (const { stale } of parts) stale[0]! &= ~8;
  const exact = parts[1]!.stale.slice();
  const writer = new ByteWriter();
  writeStale(parts, 60, writer);
  assert(writer.length <= 10, `${writer.length}`);
  assertEquals(parts[1]!.stale, exact);
  const { alive, written, stale } = parts[0]!;
  assertEquals(stale, alive.map((word, i) => word & ~written[i]!));
  const got = parts.map((it) => ({ ...it, stale: it.stale.slice().fill(1) }));
  assertEquals(read(encodeHex(writer.view()), ...got), [undefined, true]);
  assertEquals(got, parts);
});

Deno.test("readStale() refuses what writeStale() does not write", () => {
  const seed = 32;
  const random = new SeededRandom(seed);
  const results = new Set<string | undefined>();
  let same = 0;
  for (let run = 0; run < RUNS * 4; run++) {
    const bytes = new Uint8Array(1 + random.nextU32() % 8);
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.nextU32();
    const got = part([]);
    const reader = new ByteReader(bytes);
    const fault = readStale([got], reader);
    results.add(fault);
    if (fault !== undefined) continue;
    // Whatever is taken is what a writer makes of it.
    const taken = encodeHex(bytes.subarray(0, bytes.length - reader.remaining));
    assertEquals(bytesOf(got), taken, `seed ${seed}, run ${run}`);
    for (let i = 0; i < got.stale.length; i++) {
      const { stale, alive, written } = got;
      assertEquals(stale[i]! & ~(alive[i]! & ~written[i]!), 0);
    }
    same++;
  }
  assert(same > 100, `${same}`);
  assertEquals(
    results,
    new Set([undefined, "range", "truncated", "notCanonical"]),
  );
});

Deno.test("readStale() refuses a list of one place in place of its bit", () => {
  const lone = (): StalePart => ({
    alive: set(1, [0]),
    written: set(1, []),
    before: set(1, []),
    stale: set(1, []),
  });
  assertEquals(read("03", lone()), [undefined, true]);
  assertEquals(read("01", lone())[0], "notCanonical");
  assertEquals(read("07", lone())[0], "notCanonical");
  assertEquals(read("", lone())[0], "truncated");
  // Where nothing can turn, there is nothing to read.
  const none = { ...lone(), written: set(1, [0]) };
  assertEquals(read("", none), [undefined, true]);
});
