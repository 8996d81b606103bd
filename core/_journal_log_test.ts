import { assert, assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import {
  concat,
  type DecodedLog,
  decodeLog,
  encodeEntry,
  encodeLog,
  encodeState,
} from "./_journal_log.ts";
import type { JournalEntry } from "./journal.ts";
import { SeededRandom } from "./random.ts";

/** Frames of all kinds: short, empty, long, full of zeros, without any. */
function sampleFrames(): { entries: JournalEntry[]; frames: Uint8Array[] } {
  const contents = [
    new Uint8Array([1, 2, 3]),
    new Uint8Array(0),
    new Uint8Array(40),
    new Uint8Array(300).fill(0xff),
    Uint8Array.from({ length: 20 }, (_, i) => i),
  ];
  const entries = contents.map((bytes, i) => ({ id: 3 + 2 * i, bytes }));
  const state = encodeState(0, 2);
  return { entries, frames: [state, state, ...entries.map(encodeEntry)] };
}

/** Checks that `decoded` has entries of `entries` alone, as they were. */
function assertGenuine(
  decoded: DecodedLog,
  entries: readonly JournalEntry[],
  where: string,
): void {
  const byId = new Map(entries.map(({ id, bytes }) => [id, encodeHex(bytes)]));
  let last = 0;
  for (const { id, bytes } of decoded.entries) {
    assert(id > last, where);
    assertEquals(encodeHex(bytes), byId.get(id), where);
    last = id;
  }
  assert(decoded.lastId >= last, where);
}

function idsOf(decoded: DecodedLog): number[] {
  return decoded.entries.map(({ id }) => id);
}

Deno.test("encodeEntry() makes the bytes that are documented", () => {
  // The checksum is that of 01 0700000000000000 68690a.
  const frame = encodeEntry({ id: 7, bytes: new Uint8Array([104, 105, 10]) });
  assertEquals(
    encodeHex(frame),
    "0007eb3c65db0107" + "010101010101" + "0468690a00",
  );
});

Deno.test("decodeLog() reads what encodeLog() wrote", () => {
  const { entries } = sampleFrames();
  const log = encodeLog(entries, 2, 50);
  assertEquals(decodeLog(log), {
    entries,
    removedId: 2,
    lastId: 50,
    corrupt: 0,
    end: log.length,
  });
});

Deno.test("decodeLog() applies removals in between", () => {
  const { entries, frames } = sampleFrames();
  const log = concat([...frames, encodeState(entries[2]!.id, 11)]);
  const decoded = decodeLog(log);
  assertEquals(idsOf(decoded), [9, 11]);
  assertEquals([decoded.removedId, decoded.lastId], [7, 11]);
});

Deno.test("decodeLog() keeps ids up to the largest safe integer", () => {
  for (const id of [2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, 2 ** 53 - 1]) {
    const entry = { id, bytes: new Uint8Array([1]) };
    assertEquals(decodeLog(encodeEntry(entry)).entries, [entry]);
    assertEquals(decodeLog(encodeState(1, id)).lastId, id);
  }
});

Deno.test("decodeLog() of nothing is an empty log", () => {
  const empty = { entries: [], removedId: 0, lastId: 0, corrupt: 0 };
  assertEquals(decodeLog(new Uint8Array(0)), { ...empty, end: 0 });
  // What some file systems leave behind after a power failure.
  assertEquals(decodeLog(new Uint8Array(4096)), { ...empty, end: 4096 });
});

Deno.test("decodeLog() loses only the frame that a cut goes through", () => {
  const { entries, frames } = sampleFrames();
  const log = concat(frames);
  for (let length = 0; length <= log.length; length++) {
    const decoded = decodeLog(log.subarray(0, length));
    const where = `length ${length}`;
    assertGenuine(decoded, entries, where);
    const whole = framesWithin(frames, 0, length);
    assertEquals(
      idsOf(decoded),
      entries.map(({ id }) => id).slice(0, Math.max(0, whole - 2)),
      where,
    );
    // A cut just before the last zero leaves a torn frame, never a corrupt one.
    assertEquals(decoded.corrupt, 0, where);
    assert(decoded.end <= length, where);
  }
});

Deno.test("decodeLog() loses only the frame in which a byte is changed", () => {
  const { entries, frames } = sampleFrames();
  const log = concat(frames);
  const allIds = entries.map(({ id }) => id);
  for (let at = 0; at < log.length; at++) {
    const frame = framesWithin(frames, 0, at);
    const survivors = allIds.filter((_, i) => i + 2 !== frame);
    for (const flip of flips(log[at]!)) {
      const damaged = log.slice();
      damaged[at]! ^= flip;
      const decoded = decodeLog(damaged);
      const where = `byte ${at} ^ ${flip}`;
      assertGenuine(decoded, entries, where);
      for (const id of survivors) assert(idsOf(decoded).includes(id), where);
      assert(decoded.lastId >= allIds.at(-1)!, where);
    }
  }
});

Deno.test("decodeLog() never gives an id again because its frame is damaged", () => {
  const entry = { id: 41, bytes: new Uint8Array(8) };
  const log = encodeLog([entry], 40, 40);
  for (let at = 0; at < log.length; at++) {
    const damaged = log.slice();
    damaged[at]! ^= 0x55;
    assert(decodeLog(damaged).lastId >= 41, `byte ${at}`);
  }
  // Nothing but the state says which ids were given, so it comes twice.
  const empty = encodeLog([], 40, 40);
  for (let at = 0; at < empty.length; at++) {
    const damaged = empty.slice();
    damaged[at]! ^= 0x55;
    assert(decodeLog(damaged).lastId >= 40, `byte ${at}`);
  }
});

Deno.test("decodeLog() finds its way after bytes were lost or added", () => {
  const { entries, frames } = sampleFrames();
  const log = concat(frames);
  const random = new SeededRandom(7);
  for (let i = 0; i < 3000; i++) {
    const at = random.nextU32() % log.length;
    const length = Math.min(1 + random.nextU32() % 60, log.length - at);
    const inserted = new Uint8Array(random.nextU32() % 60);
    random.fill(inserted);
    const damaged = concat([
      log.subarray(0, at),
      inserted,
      log.subarray(at + length),
    ]);
    const decoded = decodeLog(damaged);
    assertGenuine(decoded, entries, `case ${i}`);
    const first = framesWithin(frames, 0, at);
    const after = framesWithin(frames, 0, at + length - 1);
    entries.forEach(({ id }, i) => {
      const touched = i + 2 >= first && i + 2 <= after;
      assert(touched || idsOf(decoded).includes(id), `case ${i}, id ${id}`);
    });
  }
});

Deno.test("decodeLog() takes anything", () => {
  const random = new SeededRandom(8);
  for (let i = 0; i < 5000; i++) {
    const log = new Uint8Array(random.nextU32() % 400);
    random.fill(log);
    for (let zeros = random.nextU32() % 8; zeros > 0; zeros--) {
      if (log.length > 0) log[random.nextU32() % log.length] = 0;
    }
    assertEquals(decodeLog(log).entries, []);
  }
});

Deno.test("decodeLog() does not believe bytes that look like frames", () => {
  // The payload is a frame of its own: damage around it must not set it free.
  const inner = encodeEntry({ id: 9, bytes: new Uint8Array([6, 6, 6]) });
  const outer = { id: 5, bytes: concat([inner, inner]) };
  const log = encodeEntry(outer);
  for (let at = 0; at < log.length; at++) {
    for (let length = 1; length <= 20; length++) {
      const cut = concat([log.subarray(0, at), log.subarray(at + length)]);
      assertGenuine(decodeLog(cut), [outer], `byte ${at}, ${length} lost`);
    }
  }
});

Deno.test("decodeLog() counts frames out of order and of unknown kinds", () => {
  const one = encodeEntry({ id: 1, bytes: new Uint8Array([1]) });
  const two = encodeEntry({ id: 2, bytes: new Uint8Array([2]) });
  const decoded = decodeLog(concat([two, one, two]));
  assertEquals(idsOf(decoded), [2]);
  assertEquals(decoded.corrupt, 2);
});

/** The changes of a byte that matter most: single bits, all bits, and to 0. */
function flips(byte: number): number[] {
  const all = [1, 2, 4, 8, 16, 32, 64, 128, 255];
  return byte === 0 ? all : [...all, byte];
}

/** How many of the frames end within the bytes before `end`. */
function framesWithin(
  frames: readonly Uint8Array[],
  from: number,
  end: number,
): number {
  let at = from;
  return frames.filter((frame) => (at += frame.length) <= end).length;
}
