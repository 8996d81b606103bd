// Wrong messages, at either end: nothing may throw, grow, or get in unchecked.
import { assert, assertEquals } from "@std/assert";
import { type Random, SeededRandom } from "../../core/mod.ts";
import { BitReader, Channel } from "../../protocol/mod.ts";
import { CODERS, EndsWorld, metricOf, mixed } from "../_testing/ends_world.ts";
import { CoderSets } from "../coder/sync_coders.ts";
import { fieldColumnsOf } from "../schema/define_entity.ts";
import type { EntityTable } from "../snapshot/entity_table.ts";
import { ShownTables } from "./_shown_tables.ts";
import { type DecodeResult, SnapshotDecoder } from "./_snapshot_decoder.ts";
import { SnapshotRing } from "./world_snapshot.ts";
import { SYNC_FAULTS } from "../wire/packet_kind.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") !== undefined;
const MUTANTS = IS_SOAK ? 1_000_000 : 6_000;
/** Behind a kind, a number, a tick of one byte, and an age. */
const FLAGS_AT = 5;
const STRONG_FLAG = 16;
/** A receiver that has taken so many wrong messages is replaced. */
const MUTANTS_PER_CLIENT = 50;

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let mutant = bytes.slice();
  const at = (): number => random.nextU32() % Math.max(1, mutant.length);
  for (let i = 1 + random.nextU32() % 3; i > 0; i--) {
    switch (random.nextU32() % 6) {
      case 0:
        mutant = mutant.slice(0, at());
        break;
      case 1: {
        const longer = new Uint8Array(mutant.length + 1 + random.nextU32() % 4);
        longer.set(mutant);
        mutant = longer;
        break;
      }
      case 2:
        mutant[at()] = random.nextU32();
        break;
      case 3:
        mutant.copyWithin(at(), at(), at());
        break;
      default:
        mutant[at()]! ^= 1 << random.nextU32() % 8;
    }
  }
  return mutant;
}

/** Whether every number, rotation and text of a view is one. */
function check(tables: readonly EntityTable[], message: string): void {
  for (const { schema, number } of mixed.types) {
    const table = tables[number]!;
    const { capacity, values, blobs } = table;
    for (let at = 0; at < capacity; at++) {
      const isAlive = table.isAlive(at);
      for (const { index, max } of schema.columns) {
        const value = values[index * capacity + at]! >>> 0;
        assert(isAlive ? value <= max : value === 0, message);
      }
      if (!isAlive) continue;
      for (const columns of fieldColumnsOf(schema).values()) {
        const first = columns.first * capacity + at;
        assert(columns.isValid(values, first, capacity), message);
      }
      schema.blobs.forEach((name, i) => {
        const reader = new BitReader(blobs[i * capacity + at]!);
        schema.fields[name]!.read(reader);
        assert(reader.atEnd, message);
      });
    }
    for (let at = capacity; at < table.alive.length * 32; at++) {
      assert(!table.isAlive(at), message);
    }
  }
}

/** What a server sends a client, one message after the other. */
function record(seed: number, coder: "fast" | "strong"): Uint8Array[] {
  const world = new EndsWorld({
    seed,
    owns: true,
    // Half of them have more than fits, so that messages have lists of what is stale.
    server: { checksumEvery: 3, messageBytes: seed % 2 === 0 ? 128 : 1_100 },
  });
  if (seed % 2 === 0) world.activity = 60;
  const messages: Uint8Array[] = [];
  for (let i = 0; i < 30; i++) world.spawn();
  world.connect({ coder }).links.a.onSend = (bytes): void => {
    if (bytes[0] === 1) messages.push(bytes.slice());
  };
  world.run(24);
  return messages;
}

/** Whether what is stale is there at all. */
function checkStale(
  { stale, tables }: {
    stale: readonly Uint32Array[];
    tables: readonly EntityTable[];
  },
  message: string,
): void {
  stale.forEach((places, type) => {
    const { alive } = tables[type]!;
    for (let i = 0; i < places.length; i++) {
      assertEquals(places[i]! & ~alive[i]!, 0, message);
    }
  });
}

/** All of a client but the link. */
class Receiver {
  readonly ring = new SnapshotRing(mixed.types);
  readonly shown = new ShownTables(mixed.types);
  readonly #decoder: SnapshotDecoder;

  constructor(coders: CoderSets) {
    this.#decoder = new SnapshotDecoder(mixed.types, coders, this.ring);
  }

  read(bytes: Uint8Array): DecodeResult {
    const result = this.#decoder.read(bytes);
    if (result === "decoded") {
      this.shown.show(this.ring.newest!);
    }
    return result;
  }
}

for (const coder of ["fast", "strong"] as const) {
  Deno.test(`SnapshotDecoder takes nothing unchecked out of wrong messages (${coder})`, () => {
    const seed = 20;
    const random = new SeededRandom(seed);
    const recordings = [1, 2, 3, 4].map((it) => record(it, coder));
    // Some of them tell which entities are the client's own.
    assert(recordings.flat().some((bytes) => (bytes[5]! & 64) !== 0));
    const coders = new CoderSets(mixed.types, CODERS);
    const results = new Set<string>();
    let decoded = 0;
    let partial = 0;
    let left = 0;
    let receiver = new Receiver(coders);
    let next: Uint8Array[] = [];
    for (let i = 0; i < MUTANTS / 2; i++) {
      if (left-- === 0) {
        const messages = recordings[random.nextU32() % recordings.length]!;
        const had = random.nextU32() % 5;
        receiver = new Receiver(coders);
        for (const message of messages.slice(0, had)) {
          assertEquals(receiver.read(message), "decoded");
        }
        next = messages.slice(had, had + 2);
        left = MUTANTS_PER_CLIENT;
      }
      const genuine = next[random.nextU32() % next.length]!;
      const mutant = i % 50 === 0 ? genuine.slice() : mutate(genuine, random);
      // Chance alone seldom has it be of the other coder and nothing else.
      if (i % 50 === 0) mutant[FLAGS_AT]! ^= STRONG_FLAG;
      const result = receiver.read(mutant);
      results.add(result);
      if (result !== "decoded") continue;
      const message = `seed ${seed}, mutant ${i}`;
      decoded++;
      const newest = receiver.ring.newest!;
      if (newest.isPartial) partial++;
      check(newest.tables, message);
      checkStale(newest, message);
      check(receiver.shown.tables, message);
      left = 0;
    }
    assert(decoded > 10 && partial > 3, `${decoded}, ${partial}`);
    // They came as far as what is looked at last.
    for (
      const result of [
        "truncated",
        "trailing",
        "range",
        "notCanonical",
        "unknownBase",
        "stale",
        "desync",
        "value",
        "coder",
      ]
    ) assert(results.has(result), `${result} of ${[...results]}`);
  });
}

Deno.test("SyncClient drops and counts wrong messages", () => {
  const seed = 23;
  const random = new SeededRandom(seed);
  const world = new EndsWorld({ seed });
  for (let i = 0; i < 30; i++) world.spawn();
  const { client, links } = world.connect();
  let genuine: Uint8Array | undefined;
  links.a.onSend = (bytes): void => {
    if (bytes[0] === 1) genuine = bytes.slice();
  };
  world.run(30);
  for (let i = 0; i < 200; i++) {
    const mutant = mutate(genuine!, random);
    // What counts as new could be taken for the server's.
    mutant[1] = genuine![1]!;
    mutant[2] = genuine![2]!;
    links.b.inject(mutant, Channel.Unreliable);
    world.run(1);
  }
  let dropped = 0;
  for (const reason of [...SYNC_FAULTS, "stale", "unknownBase"]) {
    dropped += metricOf(client, "client_snapshots_dropped", reason);
  }
  assertEquals(dropped, 200);
  world.settle(60);
});

Deno.test("SyncServer takes nothing amiss that clients report", () => {
  const seed = 21;
  const random = new SeededRandom(seed);
  const world = new EndsWorld({ seed });
  for (let i = 0; i < 20; i++) world.spawn();
  const honest = world.connect();
  const genuine: Uint8Array[] = [];
  honest.links.b.onSend = (bytes): void => {
    if (bytes[0] === 2) genuine.push(bytes.slice());
    if (genuine.length > 16) genuine.shift();
  };
  world.run(20);
  let attacker = world.connect();
  let kicked = 0;
  for (let i = 0; i < MUTANTS / 60; i++) {
    if (attacker.peer.isClosed) {
      world.clients.pop();
      attacker = world.connect();
      kicked++;
    }
    for (let k = 0; k < 2; k++) {
      const report = genuine[random.nextU32() % genuine.length]!;
      attacker.links.a.inject(mutate(report, random), Channel.Unreliable);
    }
    world.run(1);
    for (const _ of world.server.drainEvents());
  }
  assert(kicked > 0);
  assertEquals(world.server.size, 2);
  world.clients.pop();
  world.settle(60);
});

Deno.test("SyncServer and SyncClient end a link whose handshake is wrong", () => {
  const seed = 22;
  const random = new SeededRandom(seed);
  for (let i = 0; i < (IS_SOAK ? 2_000 : 15); i++) {
    const world = new EndsWorld({ seed: i });
    const { links, client } = world.connect();
    const bytes = new Uint8Array(random.nextU32() % 12);
    for (let k = 0; k < bytes.length; k++) bytes[k] = random.nextU32();
    bytes[0] = 0;
    links.a.inject(bytes, Channel.ReliableOrdered);
    links.b.inject(bytes, Channel.ReliableOrdered);
    links.b.inject(new Uint8Array([1, 2, 3]), Channel.Unreliable);
    world.run(10);
    assert(client.newest === undefined || world.server.size === 1);
  }
});
