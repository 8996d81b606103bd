// What messages make an end allocate, counted in bytes of typed arrays: a length that lies costs nothing, and nothing adds up.
import { assert, assertEquals } from "@std/assert";
import { type Random, SeededRandom } from "../../core/mod.ts";
import { ByteReader, ByteWriter, u8 } from "../../protocol/mod.ts";
import { CODERS, EndsWorld, mixed } from "../_testing/ends_world.ts";
import { CoderSets } from "../coder/sync_coders.ts";
import { InputQueue } from "../input/input_queue.ts";
import { InputSender } from "../input/input_sender.ts";
import { Report } from "../wire/report.ts";
import { SnapshotDecoder } from "./_snapshot_decoder.ts";
import { SnapshotRing } from "./world_snapshot.ts";

const MUTANTS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 500_000 : 1_500;
/** What an end may make once and use again for all that follows: mostly what the strong coder learns of each type, twice. */
const ONCE_BYTES = 131_072;
const KINDS = [
  "Uint8Array",
  "Uint16Array",
  "Uint32Array",
  "Int32Array",
  "Float64Array",
  "ArrayBuffer",
] as const;

/** Counts the bytes of what is made by `new` while it runs. */
function bytesMadeBy(run: () => void): number {
  const globals = globalThis as unknown as Record<
    string,
    new (...args: unknown[]) => { readonly byteLength: number }
  >;
  let bytes = 0;
  const before = KINDS.map((kind) => globals[kind]!);
  try {
    KINDS.forEach((kind, i) => {
      globals[kind] = new Proxy(before[i]!, {
        construct(target, args): object {
          const made = new target(...args);
          // A view of what is there already makes nothing.
          if (!(args[0] instanceof ArrayBuffer)) bytes += made.byteLength;
          return made;
        },
      });
    });
    run();
  } finally {
    KINDS.forEach((kind, i) => globals[kind] = before[i]!);
  }
  return bytes;
}

/** A message with something else in it: bits, a length that is the longest there is, or an end that comes early. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.nextU32() % bytes.length;
  switch (random.nextU32() % 4) {
    case 0:
      return bytes.slice(0, at);
    case 1: {
      const lie = [255, 255, 255, 255, 255, 255, 255, 15];
      return Uint8Array.from([
        ...bytes.subarray(0, at),
        ...lie,
        ...bytes.subarray(at + random.nextU32() % 3),
      ]);
    }
    default: {
      const mutant = bytes.slice();
      for (let i = random.nextU32() % 3; i >= 0; i--) {
        mutant[random.nextU32() % mutant.length]! ^= 1 << random.nextU32() % 8;
      }
      return mutant;
    }
  }
}

Deno.test("bytesMadeBy() counts", () => {
  const buffer = new ArrayBuffer(8);
  const made = bytesMadeBy(() => {
    new Uint8Array(3);
    new Int32Array([1, 2]);
    new Uint16Array(buffer);
  });
  assertEquals(made, 3 + 8);
});

for (const coder of ["fast", "strong"] as const) {
  Deno.test(`SnapshotDecoder makes no more than what a message has (${coder})`, () => {
    const seed = 41;
    const random = new SeededRandom(seed);
    const world = new EndsWorld({ seed, server: { messageBytes: 256 } });
    world.activity = 50;
    const messages: Uint8Array[] = [];
    world.connect({ coder }).links.a.onSend = (bytes): void => {
      if (bytes[0] === 1) messages.push(bytes.slice());
    };
    world.run(40);
    const coders = new CoderSets(mixed.types, CODERS);
    let once = 0;
    let mutants = 0;
    let decoded = 0;
    while (mutants < MUTANTS / 2) {
      const ring = new SnapshotRing(mixed.types);
      const decoder = new SnapshotDecoder(mixed.types, coders, ring);
      const had = random.nextU32() % (messages.length - 2);
      for (const message of messages.slice(0, had)) decoder.read(message);
      // What is made at first is used again from here on.
      let left = ONCE_BYTES;
      for (let i = 0; i < 100; i++, mutants++) {
        const genuine = messages[had + random.nextU32() % 2]!;
        const mutant = mutate(genuine, random);
        let result = "";
        const made = bytesMadeBy(() => result = decoder.read(mutant));
        const message = `seed ${seed}, mutant ${mutants}: ${result}`;
        if (result === "decoded") {
          // It is in the ring now, which has another one for the next.
          decoded++;
          break;
        }
        const beyond = Math.max(0, made - mutant.length);
        left -= beyond;
        once = Math.max(once, ONCE_BYTES - left);
        assert(left >= 0, `${message}: ${made} bytes`);
      }
    }
    assert(decoded > 2, `${decoded}`);
    assert(once < ONCE_BYTES, `${once}`);
  });
}

Deno.test("SnapshotRing has no more than 64 snapshots, whatever comes", () => {
  const world = new EndsWorld({ seed: 42 });
  const messages: Uint8Array[] = [];
  world.connect().links.a.onSend = (bytes): void => {
    if (bytes[0] === 1) messages.push(bytes.slice());
  };
  world.run(300);
  const ring = new SnapshotRing(mixed.types);
  const decoder = new SnapshotDecoder(
    mixed.types,
    new CoderSets(mixed.types, CODERS),
    ring,
  );
  const half = messages.length >> 1;
  const read = (some: Uint8Array[]): number =>
    bytesMadeBy(() => {
      for (const message of some) {
        assertEquals(decoder.read(message), "decoded");
      }
    });
  assert(half > 70);
  read(messages.slice(0, half));
  const later = messages.slice(half);
  const total = later.reduce((sum, { length }) => sum + length, 0);
  const made = read(later);
  assert(made <= total, `${made} bytes of ${total}`);
});

Deno.test("Report and InputQueue make nothing of what clients say", () => {
  const seed = 43;
  const random = new SeededRandom(seed);
  const sender = new InputSender(u8);
  const writer = new ByteWriter();
  const report = new Report();
  report.hasAcks = true;
  report.hasInputs = true;
  for (let tick = 1; tick < 30; tick++) sender.push(tick, tick);
  report.write(writer);
  sender.write(writer);
  const genuine = writer.toBytes();
  const queue = new InputQueue(u8, { tickRate: 60 });
  const reader = new ByteReader();
  const read = new Report();
  let taken = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const mutant = mutate(genuine, random);
    const made = bytesMadeBy(() => {
      reader.reset(mutant);
      if (read.read(reader) !== undefined || !read.hasInputs) return;
      queue.read(reader.raw(reader.remaining), i);
      taken++;
    });
    assertEquals(made, 0, `seed ${seed}, mutant ${i}`);
  }
  assert(taken > MUTANTS / 10, `${taken}`);
});
