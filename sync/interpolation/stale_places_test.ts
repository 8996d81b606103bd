// Entities that a partial snapshot had nothing new of.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import { angle, bits, MemoryLinkPair, quat, vec2 } from "../../protocol/mod.ts";
import { SyncClient } from "../client/sync_client.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { SyncServer } from "../server/sync_server.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { bitSet, setBit } from "../world/bit_set.ts";
import { EntityStore } from "../world/entity_store.ts";
import { frameLayout } from "./frame_layout.ts";
import { SnapshotPlayer } from "./snapshot_player.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 2_000 : 15;
const DT = 1 / 60;

const ship = defineEntity({
  at: vec2,
  heading: angle({ bits: 12 }),
  turn: quat,
  jumps: bits(2),
}, { maxEntities: 40 });
const world = defineWorld({ ship });
const layout = frameLayout(ship, { teleport: "jumps", tickRate: 20 });

/** A ship's way is a line, its turns are steady. */
interface Ship {
  readonly x: number;
  readonly jumps?: number;
}

function tableOf(entries: Readonly<Record<number, Ship>>): EntityTable {
  const store = new EntityStore(world);
  const table = new EntityTable(ship);
  for (const [slot, { x, jumps = 0 }] of Object.entries(entries)) {
    const half = x / 200;
    const id = store.spawn("ship", {
      at: { x, y: -x },
      heading: ((x / 50) % (2 * Math.PI) + 2 * Math.PI) % (2 * Math.PI),
      turn: { x: 0, y: 0, z: Math.sin(half), w: Math.cos(half) },
      jumps,
    })!;
    const from = store.tables[0]!;
    const at = Number(slot);
    table.place(at, 0);
    for (let c = 0; c < ship.columns.length; c++) {
      table.values[c * 40 + at] = from.values[c * 40 + (id & 0xffff)]!;
    }
  }
  return table;
}

function places(...slots: number[]): Uint32Array {
  const set = bitSet(40);
  for (const slot of slots) setBit(set, slot);
  return set;
}

function expectAt(player: SnapshotPlayer, x: number, slot = 0): void {
  const { values, capacity } = player.frame;
  const lane = (field: string, n = 0): number =>
    values[(layout.lanes(field).first + n) * capacity + slot]!;
  assertAlmostEquals(lane("at"), x, 1e-9);
  assertAlmostEquals(lane("at", 1), -x, 1e-9);
  assertAlmostEquals(lane("heading"), x / 50, 2e-3);
  assertAlmostEquals(lane("turn", 2), Math.sin(x / 200), 5e-3);
  assertAlmostEquals(lane("turn", 3), Math.cos(x / 200), 5e-3);
}

Deno.test("SnapshotPlayer fills what was stale once there is a sample", () => {
  for (const slot of [0, 37]) {
    const player = new SnapshotPlayer(layout, { smoothingMs: 0 });
    const stale = places(slot);
    player.push(0, tableOf({ [slot]: { x: 10 } }));
    // Its value in a table may be any older one.
    for (const tick of [2, 4, 6]) {
      player.push(tick, tableOf({ [slot]: { x: 9 } }), stale);
    }
    player.update(5, 0);
    expectAt(player, 10, slot);
    player.push(8, tableOf({ [slot]: { x: 90 } }));
    for (const tick of [0, 1, 2, 3.5, 4, 5, 6, 7.25, 8]) {
      player.update(tick, 0);
      expectAt(player, 10 + tick * 10, slot);
    }
  }
});

Deno.test("SnapshotPlayer moves what is stale on as it moved", () => {
  const player = new SnapshotPlayer(layout, {
    smoothingMs: 0,
    maxExtrapolationMs: 400,
  });
  const stale = places(0);
  player.push(0, tableOf({ 0: { x: 10 } }));
  player.push(2, tableOf({ 0: { x: 10 } }), stale);
  player.push(4, tableOf({ 0: { x: 50 } }));
  for (const tick of [6, 8, 10, 12, 14]) {
    player.push(tick, tableOf({ 0: { x: 50 } }), stale);
  }
  for (const [tick, x] of [[6, 70], [9, 100], [12, 130], [14, 130]]) {
    player.update(tick!, 0);
    expectAt(player, x!);
  }
});

Deno.test("SnapshotPlayer blends no stale place into a jump, or another entity", () => {
  for (const kind of ["jump", "generation", "gone"]) {
    const player = new SnapshotPlayer(layout, { smoothingMs: 0 });
    const stale = places(0);
    const after = tableOf(
      kind === "gone" ? {} : {
        0: { x: 90, jumps: +(kind === "jump") },
      },
    );
    if (kind === "generation") after.generations[0] = 1;
    player.push(0, tableOf({ 0: { x: 10 } }));
    player.push(2, tableOf({ 0: { x: 10 } }), stale);
    player.push(4, after);
    for (const tick of [1, 2, 3]) {
      player.update(tick, 0);
      expectAt(player, 10);
    }
    player.update(4, 0);
    if (kind === "gone") assertEquals(player.frame.extent, 0);
    else expectAt(player, 90);
    // Nor does it move on from there.
    if (kind === "gone") continue;
    player.push(6, after, stale);
    player.update(6, 0);
    expectAt(player, 90);
  }
});

Deno.test("SnapshotPlayer mends what was drawn without a jump", () => {
  const player = new SnapshotPlayer(layout, { smoothingMs: 100 });
  const stale = places(0);
  player.push(0, tableOf({ 0: { x: 10 } }));
  for (const tick of [2, 4]) {
    player.push(tick, tableOf({ 0: { x: 10 } }), stale);
  }
  player.update(2, 0);
  expectAt(player, 10);
  player.push(6, tableOf({ 0: { x: 40 } }));
  player.update(2, 0);
  expectAt(player, 10);
  player.update(2, 0.1);
  expectAt(player, 20 - 10 / Math.E);
  player.update(3, 2);
  expectAt(player, 25);
});

Deno.test("SnapshotPlayer fills the same in whatever order snapshots come", () => {
  const seed = 61;
  const random = new SeededRandom(seed);
  for (let run = 0; run < RUNS; run++) {
    const message = `seed ${seed}, run ${run}`;
    const slots = [0, 1, 33, 39];
    const snapshots = Array.from({ length: 8 }, (_, i) => {
      const isWhole = i === 0 || i === 7;
      const there = slots.filter(() => isWhole || random.nextU32() % 8 > 0);
      const table = tableOf(Object.fromEntries(
        there.map((slot) => [slot, { x: random.nextU32() % 100 }]),
      ));
      const stale = isWhole
        ? places()
        : places(...there.filter(() => random.nextU32() % 3 > 0));
      return {
        tick: i * 2 + (i === 0 ? 0 : random.nextU32() % 2),
        table,
        stale,
      };
    });
    const [first, ...others] = snapshots;
    const draw = (order: typeof snapshots): SnapshotPlayer => {
      const player = new SnapshotPlayer(layout, { smoothingMs: 0 });
      for (const { tick, table, stale } of order) {
        player.push(tick, table, stale);
      }
      return player;
    };
    const shuffled = [...others].sort(() => random.nextFloat() - 0.5);
    const a = draw([first!, ...others]);
    const b = draw([first!, ...shuffled]);
    for (let tick = 0; tick <= snapshots[7]!.tick; tick += 0.5) {
      a.update(tick, 0);
      b.update(tick, 0);
      assertEquals(a.frame.alive, b.frame.alive, message);
      for (const slot of slots) {
        // One that comes and goes moves on from where it was last.
        const isAlways = snapshots.every(({ table }) => table.isAlive(slot));
        if (!isAlways || !a.frame.isAlive(slot)) continue;
        assertAlmostEquals(
          a.frame.values[slot]!,
          b.frame.values[slot]!,
          1e-9,
          message,
        );
      }
    }
  }
});

Deno.test("SnapshotPlayer draws an overloaded client's entities near to where they are", () => {
  const clock = new ManualClock();
  const links = new MemoryLinkPair({ latencyMs: 40 });
  // Seven messages for all of them.
  const server = new SyncServer(world, {
    clock,
    messageBytes: 192,
    sendRate: 30,
  });
  const wide = frameLayout(ship, { teleport: "jumps", tickRate: 60 });
  const [told, untold] = [new SnapshotPlayer(wide), new SnapshotPlayer(wide)];
  let partial = 0;
  const client = new SyncClient(world, links.b, {
    clock,
    onSnapshot({ tick, stale, isPartial }, tables) {
      if (isPartial) partial++;
      told.push(tick, tables[0]!, stale[0]!);
      untold.push(tick, tables[0]!);
    },
  });
  server.connect(links.a);
  const at = (slot: number, tick: number): number =>
    Math.sin(tick / 90 + slot) * 100;
  const still = { heading: 0, turn: { x: 0, y: 0, z: 0, w: 1 }, jumps: 0 };
  const ids = Array.from(
    { length: 40 },
    (_, slot) =>
      server.entities.spawn("ship", {
        ...still,
        at: { x: at(slot, 0), y: slot },
      })!,
  );
  const sums = [0, 0];
  let count = 0;
  for (let frame = 0; frame < 600; frame++) {
    clock.advance(DT * 1_000);
    links.tick(DT);
    server.tick(DT, (tick) => {
      ids.forEach((id, slot) =>
        server.entities.set(id, "ship", {
          at: { x: at(slot, tick), y: slot },
        })
      );
    });
    client.tick(DT);
    // What a game with this jitter draws: 1.7 intervals and the way before now.
    const moment = server.history.newest! - 6;
    told.update(moment, DT);
    untold.update(moment, DT);
    if (frame < 120) continue;
    [told, untold].forEach((player, i) => {
      for (let slot = 0; slot < 40; slot++) {
        assert(player.frame.isAlive(slot));
        sums[i]! += Math.abs(player.frame.values[slot]! - at(slot, moment));
      }
    });
    count += 40;
  }
  assert(partial > 200, `${partial}`);
  const [near, far] = sums.map((sum) => sum / count) as [number, number];
  assert(near * 5 < far, `${near}, ${far}`);
});
