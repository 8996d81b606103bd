import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { angle, bits, quat, vec2 } from "../../protocol/mod.ts";
import { viewStamp } from "../input/view_stamp.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { bitSet, setBit } from "../world/bit_set.ts";
import {
  frameOf,
  randomTable,
  THING_LAYOUT,
  writeRandom,
} from "./_testing/random_tables.ts";
import { Frame } from "./frame.ts";
import { frameLayout } from "./frame_layout.ts";
import { interpolate } from "./interpolate.ts";
import { SnapshotPlayer } from "./snapshot_player.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 20_000 : 120;

const ship = defineEntity({
  at: vec2({ min: -1024, max: 1023, step: 1 }),
  heading: angle({ bits: 8 }),
  turn: quat,
  jumps: bits(2),
}, { maxEntities: 40 });
const layout = frameLayout(ship, { teleport: "jumps", tickRate: 20 });
const [X, Y, HEADING, LARGEST, , , TURN_Z, JUMPS] = ship.columns.map((it) =>
  it.index * ship.maxEntities
) as [number, number, number, number, number, number, number, number];

/** Ships by their place: x, heading and generation, at rest otherwise. */
function ships(
  entries: readonly [slot: number, x: number, generation?: number][],
): EntityTable {
  const table = new EntityTable(ship);
  for (const [slot, x, generation = 0] of entries) {
    table.place(slot, generation);
    table.values[X + slot] = x + 1024;
    table.values[Y + slot] = 1024;
    table.values[HEADING + slot] = x & 255;
    table.values[LARGEST + slot] = 3;
    for (let part = 4; part < 7; part++) {
      table.values[part * ship.maxEntities + slot] = 511;
    }
  }
  return table;
}

function xOf(player: SnapshotPlayer, slot = 0): number {
  return player.frame.values[slot]!;
}

Deno.test("SnapshotPlayer tells what a frame is made of", () => {
  const player = new SnapshotPlayer(layout, { maxExtrapolationMs: 200 });
  assertEquals(player.update(5, 0), "waiting");
  assertEquals([player.newestTick, player.frame.extent], [-1, 0]);
  assert(player.push(10, ships([[0, 100]])));
  assertEquals(player.update(8, 0), "early");
  assertEquals(xOf(player), 100);
  assert(player.push(12, ships([[0, 104]])));
  assert(!player.push(12, ships([[0, 0]])));
  const made: [number, string, number][] = [
    [10, "interpolated", 100],
    [10.5, "interpolated", 101],
    [12, "interpolated", 104],
    [13, "extrapolated", 106],
    [16, "extrapolated", 112],
    [17, "stalled", 112],
    [1e9, "stalled", 112],
    [11, "interpolated", 102],
  ];
  for (const [tick, state, x] of made) {
    assertEquals([player.update(tick, 0), xOf(player)], [state, x], `${tick}`);
    assertEquals(player.state, state);
  }
  assertEquals(
    [player.beforeTick, player.afterTick, player.blend, player.size],
    [10, 12, 0.5, 2],
  );
});

Deno.test("SnapshotPlayer finds the bracket among snapshots that come in any order", () => {
  const seed = 16;
  const random = new SeededRandom(seed);
  const player = new SnapshotPlayer(THING_LAYOUT, {
    capacity: 8,
    smoothingMs: 0,
  });
  const model = new Map<number, Frame>();
  const tables = new Map<number, EntityTable>();
  const out = new Frame(THING_LAYOUT);
  const table = randomTable(random);
  let newest = 100;
  for (let run = 0; run < RUNS; run++) {
    const message = `seed ${seed}, run ${run}`;
    const tick = Math.max(0, newest - 12 + random.nextU32() % 20);
    // Only some places differ from a snapshot, which may have gone already.
    const base = [...tables.keys()].at(-1 - random.nextU32() % 12) ?? 0;
    const changed = bitSet(table.capacity);
    const copy = new EntityTable(table.form);
    copy.copyFrom(tables.get(base) ?? table);
    for (let i = 0; i < 10; i++) {
      const slot = random.nextU32() % table.capacity;
      setBit(changed, slot);
      if (random.nextU32() % 3 === 0) copy.clear(slot);
      else {
        copy.place(slot, random.nextU32() & 1);
        writeRandom(copy, slot, random);
      }
    }
    const oldest = Math.min(...model.keys());
    const isTaken = !model.has(tick) && (model.size < 8 || tick > oldest);
    const isPushed = player.push(tick, copy, undefined, changed, base);
    assertEquals(isPushed, isTaken, message);
    if (isTaken) {
      if (model.size === 8) model.delete(oldest);
      model.set(tick, frameOf(copy, tick));
      tables.set(tick, copy);
    }
    newest = Math.max(...model.keys());
    assertEquals(player.newestTick, newest, message);
    const ticks = [...model.keys()].sort((a, b) => a - b);
    const wanted = ticks[0]! + random.nextFloat() * (newest - ticks[0]!);
    const moment = Math.round(wanted * 1024) / 1024;
    const at = ticks.findLastIndex((it) => it <= moment);
    if (at < 0 || at + 1 >= ticks.length) continue;
    const [before, after] = [ticks[at]!, ticks[at + 1]!];
    assertEquals(player.update(wanted, 0.01), "interpolated", message);
    assertEquals([player.beforeTick, player.afterTick], [before, after]);
    assertEquals(player.view, viewStamp(before, after, wanted));
    const blend = (moment - before) / (after - before);
    interpolate(model.get(before)!, model.get(after)!, blend, out);
    assertEquals(player.frame.alive, out.alive, message);
    for (let slot = 0; slot < out.capacity; slot++) {
      if (!out.isAlive(slot)) continue;
      for (let lane = 0; lane < THING_LAYOUT.laneCount; lane++) {
        const i = lane * out.capacity + slot;
        assertEquals(player.frame.values[i], out.values[i], message);
      }
    }
  }
});
Deno.test("SnapshotPlayer says who appeared and who disappeared", () => {
  const player = new SnapshotPlayer(layout);
  player.push(1, ships([[0, 0], [35, 0]]));
  player.push(2, ships([[1, 0], [35, 0, 1]]));
  const sets = (): number[][] =>
    [player.appeared, player.disappeared].map((set) => [...set]);
  player.update(1, 0);
  assertEquals(sets(), [[1, 8], [0, 0]]);
  // Those of the second are there when it is reached.
  player.update(1.9, 0);
  assertEquals(sets(), [[0, 0], [0, 0]]);
  player.update(2, 0);
  assertEquals(sets(), [[2, 8], [1, 8]]);
  player.update(2, 0);
  assertEquals(sets(), [[0, 0], [0, 0]]);
  player.clear();
  assertEquals(sets(), [[0, 0], [2, 8]]);
  assertEquals(player.update(2, 0), "waiting");
  assertEquals(sets(), [[0, 0], [0, 0]]);
});

Deno.test("SnapshotPlayer does not blend over a jump, whatever was lost", () => {
  const player = new SnapshotPlayer(layout);
  const far = ships([[0, 500], [1, 10]]);
  far.values[JUMPS] = 1;
  player.push(1, ships([[0, 0], [1, 0]]));
  // The snapshot of the jump itself never came.
  player.push(9, far);
  player.update(5, 0);
  assertEquals([xOf(player, 0), xOf(player, 1)], [0, 5]);
  player.update(9, 0);
  assertEquals([xOf(player, 0), xOf(player, 1)], [500, 10]);
  // And it does not fly on.
  player.update(10, 0);
  assertEquals([xOf(player, 0), xOf(player, 1)], [500, 11.25]);
});

Deno.test("SnapshotPlayer reports how far off it was, and blends back without a jump", () => {
  const player = new SnapshotPlayer(layout, { smoothingMs: 100 });
  player.push(0, ships([[0, 0], [1, 50]]));
  player.push(2, ships([[0, 20], [1, 50]]));
  player.update(3, 0.05);
  assertEquals([player.state, xOf(player)], ["extrapolated", 30]);
  assertEquals(player.extrapolationError.count, 0);
  // It has turned back instead.
  const table = ships([[0, 12], [1, 50]]);
  table.values[TURN_Z] = 700;
  player.push(4, table);
  const turn = layout.lanes("turn").first * layout.capacity;
  const heading = layout.lanes("heading").first * layout.capacity;
  const shown = player.frame.values.slice();
  assertEquals(player.update(3, 0), "interpolated");
  for (const at of [0, 1, heading, turn, turn + 2 * layout.capacity]) {
    assertAlmostEquals(player.frame.values[at]!, shown[at]!, 1e-9);
  }
  const { count, ticks, entities, max, mean } = player.extrapolationError;
  // At tick 3 it is at 16, and was shown at 30.
  assertEquals([count, ticks, entities, max, mean], [1, 1, 2, 14, 7]);
  assertEquals([...player.errors.subarray(0, 3)], [14, 0, -1]);
  player.update(3, 0.1);
  assertAlmostEquals(xOf(player), 16 + 14 / Math.E, 1e-9);
  player.update(3, 0.1);
  assertAlmostEquals(xOf(player), 16 + 14 / Math.E ** 2, 1e-9);
  const [z, w] = [2, 3].map((i) =>
    player.frame.values[turn + i * layout.capacity]!
  ) as [number, number];
  assertAlmostEquals(z * z + w * w, 1, 1e-7);
  player.update(3, 2);
  assertEquals(xOf(player), 16);
  assertEquals(xOf(player, 1), 50);
  assertEquals(player.extrapolationError.count, 1);
});

Deno.test("SnapshotPlayer compares at the snapshot if it was beyond it", () => {
  const player = new SnapshotPlayer(layout, { maxExtrapolationMs: 100 });
  player.push(0, ships([[0, 0]]));
  player.push(2, ships([[0, 20]]));
  player.update(40, 0);
  assertEquals([player.state, xOf(player)], ["stalled", 40]);
  player.push(8, ships([[0, 100]]));
  player.update(40, 0);
  // At tick 8 it stood at 40 still, as only two ticks are guessed.
  const { ticks, max } = player.extrapolationError;
  assertEquals([ticks, max], [2, 60]);
  assertAlmostEquals(xOf(player), 40, 1e-9);
});

Deno.test("SnapshotPlayer takes no correction over to another entity or a jump", () => {
  for (const kind of ["generation", "jump", "gone"]) {
    const player = new SnapshotPlayer(layout);
    player.push(0, ships([[0, 0]]));
    player.push(2, ships([[0, 20]]));
    player.update(4, 0);
    player.push(3, ships([[0, 0]]));
    player.update(3, 0);
    assert(xOf(player) > 0);
    const other = ships(
      kind === "gone" ? [] : [[0, 200, +(kind === "generation")]],
    );
    if (kind === "jump") other.values[JUMPS] = 1;
    player.push(4, other);
    player.update(4, 0);
    if (kind === "gone") assertEquals(player.frame.extent, 0);
    else assertEquals(xOf(player), 200, kind);
  }
});

Deno.test("SnapshotPlayer on a curve does not jump when the next snapshot comes", () => {
  const player = new SnapshotPlayer(layout, { path: "curve" });
  [0, 4, 16].forEach((x, i) => player.push(2 * i, ships([[0, x]])));
  player.update(3, 0);
  assertEquals(xOf(player), 9); // the parabola of x = tick²
  player.push(6, ships([[0, 16]]));
  player.update(3, 0);
  assertAlmostEquals(xOf(player), 9, 1e-9);
  player.update(3, 10);
  assertEquals(xOf(player), 10 + (4 / 2 + 12 / 2 - (12 / 2 + 0)) / 8);
  assertEquals(player.extrapolationError.count, 0);
});

Deno.test("SnapshotPlayer refuses what it cannot use", () => {
  for (const capacity of [3, 1025, 4.5]) {
    assertThrows(
      () => new SnapshotPlayer(layout, { capacity }),
      RangeError,
      "capacity",
    );
  }
  for (const bad of [-1, NaN]) {
    assertThrows(() => new SnapshotPlayer(layout, { smoothingMs: bad }));
    assertThrows(() => new SnapshotPlayer(layout, { maxExtrapolationMs: bad }));
    assertThrows(() => new SnapshotPlayer(layout).update(0, bad), RangeError);
  }
  for (const bad of [NaN, Infinity]) {
    assertThrows(() => new SnapshotPlayer(layout).update(bad, 0), RangeError);
  }
  const player = new SnapshotPlayer(layout);
  for (const tick of [NaN, Infinity, -1, 0.5, 2 ** 32]) {
    assertThrows(() => player.push(tick, ships([])), RangeError, "tick");
  }
  assertEquals(player.size, 0);
});
