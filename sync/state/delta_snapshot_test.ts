import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import { ProtocolError } from "../../protocol/mod.ts";
import { DeltaSnapshot } from "./delta_snapshot.ts";
import { EntitySnapshot } from "./entity_snapshot.ts";
import { GameStateSnapshot } from "./game_state_snapshot.ts";

const HERE = { x: 1, y: 2, z: 3 };

function randomEntity(random: SeededRandom, id: number): EntitySnapshot {
  const number = (): number => [0, -0, 1.5, -3e38, 0.1][random.nextU32() % 5]!;
  const vector = () => ({ x: number(), y: number(), z: number() });
  return new EntitySnapshot({
    id,
    generation: random.nextU32() % 2,
    position: vector(),
    velocity: vector(),
    rotation: number(),
    health: number(),
    stateFlags: random.nextU32() % 8,
    custom: new Uint8Array(random.nextU32() % 3).fill(random.nextU32() % 2),
  });
}

function randomSnapshot(random: SeededRandom, tick: number): GameStateSnapshot {
  const entities: EntitySnapshot[] = [];
  for (let id = 0; id < 12; id++) {
    if (random.nextU32() % 3 > 0) entities.push(randomEntity(random, id));
  }
  return new GameStateSnapshot(tick, tick * 10, entities);
}

/** Every number as its bits, so that -0 is not 0. */
function bitsOf(snapshot: GameStateSnapshot): unknown {
  return [...snapshot.entities.values()].sort((a, b) => a.id - b.id).map((
    it,
  ) => [
    it.id,
    it.generation,
    ...[it.position, it.velocity].flatMap(({ x, y, z }) => [x, y, z]).map(sign),
    sign(it.rotation),
    sign(it.health),
    it.stateFlags,
    [...it.custom],
  ]);
}

function sign(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

Deno.test("DeltaSnapshot on its base is the current snapshot, to the bit", () => {
  const seed = 5;
  const random = new SeededRandom(seed);
  for (let i = 0; i < 400; i++) {
    const base = randomSnapshot(random, 1);
    const current = randomSnapshot(random, 2);
    const delta = DeltaSnapshot.build(base, current);
    const applied = delta.apply(base)!;
    assertEquals(bitsOf(applied), bitsOf(current), `seed ${seed}, round ${i}`);
    assertEquals([applied.tick, applied.timestamp], [2, 20]);
    assertEquals(DeltaSnapshot.build(current, current).changeCount, 0);
    assertEquals(DeltaSnapshot.build(applied, current).changeCount, 0);
  }
});

Deno.test("DeltaSnapshot is refused by what it was not built from", () => {
  const one = new EntitySnapshot({ id: 1, position: HERE });
  const base = new GameStateSnapshot(1, 10, [one]);
  const hurt = new GameStateSnapshot(2, 20, [one.with({ health: 1 })]);
  const delta = DeltaSnapshot.build(base, hurt);
  assertEquals(delta.apply(hurt), undefined);
  assertEquals(delta.apply(new GameStateSnapshot(1, 10)), undefined);
  const gone = DeltaSnapshot.build(base, new GameStateSnapshot(2, 20));
  assertEquals(gone.apply(new GameStateSnapshot(1, 10)), undefined);
  const came = DeltaSnapshot.build(new GameStateSnapshot(1, 10), hurt);
  assertEquals(came.apply(base), undefined);
});

Deno.test("DeltaSnapshot lets an id that another entity has now go and come", () => {
  const first = new EntitySnapshot({ id: 1, position: HERE, health: 5 });
  const second = new EntitySnapshot({ id: 1, generation: 1, position: HERE });
  const base = new GameStateSnapshot(1, 10, [first]);
  const current = new GameStateSnapshot(2, 20, [second]);
  const delta = DeltaSnapshot.build(base, current);
  assertEquals([delta.despawned, delta.spawned, delta.changed], [
    [1],
    [second],
    [],
  ]);
  assertEquals(delta.apply(base)?.entities.get(1), second);
});

Deno.test("DeltaSnapshot.serialize() is byte for byte what is documented", () => {
  const one = new EntitySnapshot({ id: 300, position: HERE });
  const two = one.with({
    id: 2,
    generation: 65_535,
    custom: new Uint8Array(2),
  });
  const base = new GameStateSnapshot(1, 0, [one, one.with({ id: 3 })]);
  const current = new GameStateSnapshot(2, 0.5, [
    one.with({ rotation: -0, health: 1.5, stateFlags: 7 }),
    two,
  ]);
  assertEquals(
    encodeHex(DeltaSnapshot.build(base, current).serialize()),
    "01" + "02" + "000000000000e03f" +
      "01" + "03" +
      "01" + "02" + "ffff03" + "21" + "0000803f" + "00000040" + "00004040" +
      "02" + "0000" +
      "01" + "ac02" + "1c" + "00000080" + "0000c03f" + "07000000",
  );
});

Deno.test("DeltaSnapshot from its bytes is the same, to the bit", () => {
  const seed = 6;
  const random = new SeededRandom(seed);
  for (let i = 0; i < 400; i++) {
    const base = randomSnapshot(random, 1);
    const current = randomSnapshot(random, 2);
    const delta = DeltaSnapshot.build(base, current);
    const read = DeltaSnapshot.deserialize(delta.serialize());
    assertEquals(read, delta, `seed ${seed}, round ${i}`);
    assertEquals(bitsOf(read.apply(base)!), bitsOf(current));
  }
});

Deno.test("DeltaSnapshot has entities come and go whatever is lost", () => {
  const seed = 7;
  const random = new SeededRandom(seed);
  const empty = new GameStateSnapshot(0, 0);
  const server = new Map([[0, empty]]);
  const client = new Map([[0, empty]]);
  let acked = 0;
  let arrived = 0;
  for (let tick = 1; tick <= 500; tick++) {
    const current = randomSnapshot(random, tick);
    server.set(tick, current);
    const bytes = DeltaSnapshot.build(server.get(acked)!, current).serialize();
    if (random.nextU32() % 2 === 0) continue; // lost
    const delta = DeltaSnapshot.deserialize(bytes);
    const applied = delta.apply(client.get(delta.baseTick)!)!;
    assertEquals(
      bitsOf(applied),
      bitsOf(current),
      `seed ${seed}, tick ${tick}`,
    );
    client.set(tick, applied);
    arrived++;
    if (random.nextU32() % 2 === 0) acked = tick; // else its acknowledgement is
  }
  assert(arrived > 100);
});

Deno.test("DeltaSnapshot.tryDeserialize() refuses what serialize() does not write", () => {
  const seed = 8;
  const random = new SeededRandom(seed);
  const base = randomSnapshot(random, 1);
  const bytes = DeltaSnapshot.build(base, randomSnapshot(random, 2))
    .serialize();
  for (let end = 0; end < bytes.length; end++) {
    const cut = bytes.subarray(0, end);
    assertEquals(DeltaSnapshot.tryDeserialize(cut), "bufferTooShort", `${end}`);
  }
  const longer = new Uint8Array([...bytes, 0]);
  assertEquals(DeltaSnapshot.tryDeserialize(longer), "trailingBytes");
  assertThrows(() => DeltaSnapshot.deserialize(longer), ProtocolError);
  let taken = 0;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >>> 3]! ^= 1 << (bit & 7);
    const read = DeltaSnapshot.tryDeserialize(flipped);
    if (typeof read === "string") continue;
    // What is taken is whole, and does not throw when it is put onto a snapshot.
    assertEquals(read.serialize(), flipped, `seed ${seed}, bit ${bit}`);
    read.apply(base);
    taken++;
  }
  assert(taken > bytes.length);
  const wrong = [
    "8080808010" + "02" + "0000000000000000" + "000000", // a tick of 2^32
    "01" + "02" + "000000000000f07f" + "000000", // a time without an end
    "01" + "02" + "0000000000000000" + "818004" + "0000", // 65,537 entities
    "01" + "02" + "0000000000000000" + "0000" + "01" + "0500", // no change
    "01" + "02" + "0000000000000000" + "0000" + "01" + "0540", // no such field
    "01" + "02" + "0000000000000000" + "0000" + "01" + "05040000c07f", // NaN
    "01" + "02" + "0000000000000000" + "00" + "01" + "0580800400" + "00",
  ];
  for (const hex of wrong) {
    const read = DeltaSnapshot.tryDeserialize(decodeHex(hex));
    assertEquals(read, "nonCanonical", hex);
  }
});

Deno.test("DeltaSnapshot.apply() makes no more entities than a snapshot has", () => {
  const many = Array.from(
    { length: 65_536 },
    (_, id) => new EntitySnapshot({ id, position: HERE }),
  );
  const full = new GameStateSnapshot(0, 0, many);
  const other = new EntitySnapshot({ id: 65_536, position: HERE });
  const delta = DeltaSnapshot.build(
    new GameStateSnapshot(0, 0),
    new GameStateSnapshot(1, 0, [other]),
  );
  assertEquals(delta.apply(full), undefined);
});
