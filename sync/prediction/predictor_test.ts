import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  angle,
  bits,
  bool,
  bytes,
  choice,
  f32,
  f64,
  type Fields,
  float,
  i16,
  int,
  quat,
  u32,
  u64,
  vec2,
  vec3,
} from "../../protocol/mod.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { bitSet, setBit } from "../world/bit_set.ts";
import type { EntityId } from "../world/entity_id.ts";
import { EntityStore } from "../world/entity_store.ts";
import { Predictor, type PredictorOptions } from "./predictor.ts";

const shot = defineEntity({
  position: vec2({ min: -1000, max: 1000, step: 1 / 256 }),
  speed: float({ min: -100, max: 100, step: 1 / 16 }),
  token: bits(12),
}, { maxEntities: 8 });
const world = defineWorld({ shot });
const type = world.types[0]!;

/** All move along the first axis. */
function fly(values: Float64Array, capacity: number, dt: number): void {
  for (let i = 0; i < capacity; i++) {
    values[i]! += values[2 * capacity + i]! * dt;
  }
}

class Game {
  readonly store = new EntityStore(world);
  readonly predictor: Predictor<number>;
  readonly ticks: EntityTable[] = [];
  readonly pushes = new Map<number, number>();
  readonly seen: number[] = [];
  tick = 0;

  constructor(options: Partial<PredictorOptions<number>> = {}) {
    this.predictor = new Predictor<number>(type, {
      tickRate: 16,
      maxEntities: 4,
      step: (state, input, dt) => {
        this.seen.push(input);
        const { values, capacity } = state;
        values[2 * capacity]! += input;
        fly(values, capacity, dt);
      },
      token: "token",
      spawnTicks: 4,
      ...options,
    });
    this.spawn(0, 0, 0);
    this.keep();
  }

  spawn(x: number, speed: number, token: number): EntityId {
    return this.store.spawn("shot", { position: { x, y: 0 }, speed, token })!;
  }

  keep(): EntityTable {
    const table = new EntityTable(shot);
    table.copyFrom(this.store.tables[0]!);
    this.ticks[this.tick] = table;
    return table;
  }

  /** The server's tick: its first entity takes the inputs, all fly. */
  serve(input: number): EntityTable {
    this.tick++;
    let isFirst = true;
    for (const id of this.store.ids("shot")) {
      const { position, speed } = this.store.get(id, "shot")!;
      const now = speed + (isFirst ? input : 0);
      isFirst = false;
      this.store.set(id, "shot", {
        position: { x: position.x + now / 16, y: position.y },
        speed: now,
      });
    }
    return this.keep();
  }

  get me(): EntityId {
    return [...this.store.ids("shot")][0]!;
  }
}

Deno.test("Predictor applies nothing again as long as the server agrees", () => {
  const game = new Game();
  const { predictor } = game;
  assertEquals(predictor.add(game.me, 0, game.ticks[0]!), 0);
  for (let tick = 1; tick <= 300; tick++) {
    predictor.apply(tick, tick % 3 - 1);
    game.serve(tick % 3 - 1);
    if (tick > 20) {
      const from = tick - 20;
      assertEquals(predictor.reconcile(from, game.ticks[from]!), false);
    }
  }
  const { compared, mispredicted, replayed } = predictor.counts;
  assertEquals([compared, mispredicted, replayed, game.seen.length], [
    280,
    0,
    0,
    300,
  ]);
  const { position } = game.store.get(game.me, "shot")!;
  assertEquals(predictor.state.values[0], position.x);
  assertEquals([predictor.isCorrecting, predictor.tick], [false, 300]);
});

Deno.test("Predictor goes back to what differs, and applies just the inputs since", () => {
  const game = new Game({ smoothed: { position: 5 } });
  const { predictor } = game;
  predictor.add(game.me, 0, game.ticks[0]!);
  for (let tick = 1; tick <= 10; tick++) predictor.apply(tick, tick);
  game.seen.length = 0;
  for (let tick = 1; tick <= 4; tick++) game.serve(tick);
  // The server moves it by itself.
  game.store.set(game.me, "shot", { position: { x: 3, y: 1 } });
  const table = game.keep();
  const before = predictor.state.values.slice();
  assert(predictor.reconcile(4, table));
  assertEquals(game.seen, [5, 6, 7, 8, 9, 10]);
  assertEquals([...predictor.shown], [...before]);
  for (let tick = 5; tick <= 10; tick++) {
    assertEquals(predictor.reconcile(tick, game.serve(tick)), false);
  }
  const { position, speed } = game.store.get(game.me, "shot")!;
  const { values, capacity } = predictor.state;
  assertEquals([values[0], values[capacity], values[2 * capacity]], [
    position.x,
    position.y,
    speed,
  ]);
  const errors = predictor.errors.get("position")!;
  assertEquals([errors.count, errors.maxSteps], [
    1,
    Math.max(256, (3 - 1 / 16 - 3 / 16 - 6 / 16 - 10 / 16) * 256),
  ]);
  assertEquals(predictor.errors.get("speed")!.count, 0);
  // Two time constants later 14 % is left, and after many nothing.
  const off = predictor.shown[capacity]! - values[capacity]!;
  predictor.tickCorrection(0.2);
  const left = predictor.shown[capacity]! - values[capacity]!;
  assertAlmostEquals(left / off, Math.exp(-2), 1e-9);
  for (let i = 0; i < 60; i++) predictor.tickCorrection(0.02);
  assertEquals([predictor.isCorrecting, predictor.shown], [false, values]);
});

Deno.test("Predictor draws a large correction at once", () => {
  const game = new Game();
  const { predictor } = game;
  predictor.add(game.me, 0, game.ticks[0]!);
  predictor.apply(1, 0);
  game.tick = 1;
  game.store.set(game.me, "shot", { position: { x: 5.01, y: 0 } });
  predictor.reconcile(1, game.keep());
  assertEquals([predictor.isCorrecting, predictor.counts.snapped], [false, 1]);
});

Deno.test("Predictor lets what the server rounds pass, and no more", () => {
  const cases = [[0, true, false], [1, true, true], [1, false, false], [
    2,
    false,
    true,
  ]] as const;
  for (const [steps, isRounded, isWrong] of cases) {
    const game = new Game({ isRounded });
    const { predictor } = game;
    predictor.add(game.me, 0, game.ticks[0]!);
    predictor.apply(1, 0);
    game.store.set(game.me, "shot", { position: { x: steps / 256, y: 0 } });
    assertEquals(predictor.reconcile(1, game.keep()), isWrong, `${steps}`);
  }
  const game = new Game({ tolerances: { position: 1 } });
  game.predictor.add(game.me, 0, game.ticks[0]!);
  game.predictor.apply(1, 0);
  game.store.set(game.me, "shot", { position: { x: 1, y: 0 }, token: 0 });
  assertEquals(game.predictor.reconcile(1, game.keep()), false);
  // A whole number may not differ at all.
  game.predictor.apply(2, 0);
  game.store.set(game.me, "shot", { token: 1 });
  assertEquals(game.predictor.reconcile(2, game.keep()), true);
});

Deno.test("Predictor takes over what the server spawned of what it has spawned itself", () => {
  const game = new Game();
  const { predictor } = game;
  predictor.add(game.me, 0, game.ticks[0]!);
  for (let tick = 1; tick <= 6; tick++) {
    predictor.apply(tick, 1);
    if (tick !== 3) continue;
    const place = predictor.spawn((state, place) => {
      state.values[state.at("position") + place] = 10;
      state.values[state.at("speed") + place] = 32;
      state.values[state.at("token") + place] = 77;
    });
    assertEquals([place, predictor.state.idOf(place)], [1, undefined]);
  }
  assertEquals(predictor.state.values[1], 10 + 3 * 2);
  for (let tick = 1; tick <= 3; tick++) {
    game.serve(1);
    // Before it is spawned it is kept, through a divergence too.
    if (tick === 2) {
      game.store.set(game.me, "shot", { position: { x: 1, y: 0 } });
      assert(predictor.reconcile(2, game.keep()));
      assertEquals(predictor.state.values[1], 10 + 3 * 2);
    }
  }
  const id = game.spawn(10, 32, 77);
  assertEquals(predictor.reconcile(3, game.keep()), false);
  assertEquals([predictor.state.idOf(1), predictor.state.placeOf(id)], [id, 1]);
  for (let tick = 4; tick <= 6; tick++) {
    assertEquals(predictor.reconcile(tick, game.serve(1)), false);
  }
  const { spawned, matched, unmatched } = predictor.counts;
  assertEquals([spawned, matched, unmatched], [1, 1, 0]);
  assertEquals(
    predictor.state.values[1],
    game.store.get(id, "shot")!.position.x,
  );
  // What goes at the server goes here.
  game.store.despawn(id);
  predictor.reconcile(7, game.serve(1));
  assertEquals(predictor.state.isAlive(1), false);
});

Deno.test("Predictor takes an entity of the server for one of its own only", () => {
  const game = new Game();
  const { predictor } = game;
  predictor.add(game.me, 0, game.ticks[0]!);
  predictor.apply(1, 0);
  for (let i = 0; i < 2; i++) {
    predictor.spawn((state, place) => {
      state.values[state.at("token") + place] = 9;
    });
  }
  game.serve(0);
  const id = game.spawn(0, 0, 9);
  predictor.reconcile(1, game.keep());
  assertEquals([1, 2].map((it) => predictor.state.idOf(it)), [id, undefined]);
  assertEquals(predictor.counts.matched, 1);
});

Deno.test("Predictor removes what the server did not spawn in time", () => {
  const game = new Game();
  const { predictor } = game;
  predictor.add(game.me, 0, game.ticks[0]!);
  predictor.apply(1, 0);
  predictor.spawn((state, place) => {
    state.values[state.at("token") + place] = 9;
  });
  for (let tick = 1; tick <= 5; tick++) {
    if (tick > 1) predictor.apply(tick, 0);
    assert(predictor.state.isAlive(1));
    predictor.reconcile(tick, game.serve(0));
  }
  assertEquals(predictor.state.isAlive(1), false);
  assertEquals(predictor.counts.unmatched, 1);
});

Deno.test("Predictor corrects an entity that the server spawned elsewhere and earlier", () => {
  const game = new Game();
  const { predictor } = game;
  predictor.add(game.me, 0, game.ticks[0]!);
  for (let tick = 1; tick <= 4; tick++) predictor.apply(tick, 0);
  predictor.spawn((state, place) => {
    state.values[place] = 10;
    state.values[state.at("speed") + place] = 32;
    state.values[state.at("token") + place] = 5;
  });
  game.serve(0);
  game.serve(0);
  const id = game.spawn(11, 32, 5);
  assert(predictor.reconcile(2, game.keep()));
  assertEquals(predictor.state.placeOf(id), 1);
  assertEquals(predictor.state.values[1], 11 + 2 * 2);
  // It was drawn at 10, and comes smoothly.
  assertEquals(predictor.shown[1], 10);
  predictor.apply(5, 0);
  for (let tick = 3; tick <= 5; tick++) {
    assertEquals(predictor.reconcile(tick, game.serve(0)), false);
  }
});

Deno.test("Predictor leaves stale places alone, and begins in the middle", () => {
  const game = new Game();
  const { predictor } = game;
  const other = game.spawn(20, 16, 0);
  game.serve(0);
  predictor.add(game.me, 1, game.ticks[1]!);
  for (let tick = 2; tick <= 5; tick++) {
    predictor.apply(tick, 1);
    game.serve(1);
  }
  const stale = bitSet(8);
  setBit(stale, other & 0xffff);
  assertEquals(predictor.add(other, 3, game.ticks[3]!, stale), -1);
  const place = predictor.add(other, 3, game.ticks[3]!);
  assertEquals(predictor.add(other, 4, game.ticks[4]!), place);
  assertEquals(
    predictor.state.values[place],
    game.store.get(other, "shot")!.position.x,
  );
  assertEquals(predictor.isCorrecting, false);
  // What is older than the view may say anything.
  game.store.set(other, "shot", { position: { x: 0, y: 0 } });
  assertEquals(predictor.reconcile(5, game.keep(), stale), false);
  assertEquals(predictor.reconcile(5, game.keep()), false);
  predictor.apply(6, 1);
  const older = game.serve(1);
  older.clear(other & 0xffff);
  assertEquals(predictor.reconcile(6, older, stale), false);
  assert(predictor.state.isAlive(place));
  assertEquals(predictor.reconcile(7, game.serve(1)), true);
  assertEquals(predictor.tick, 7);
});

Deno.test("Predictor follows the server where it knows nothing itself", () => {
  const game = new Game({ smoothed: {} });
  const { predictor } = game;
  predictor.add(game.me, 0, game.ticks[0]!);
  predictor.apply(1, 1);
  // A jump of the clock leaves ticks out.
  predictor.apply(10, 1);
  for (let tick = 1; tick <= 6; tick++) game.serve(1);
  assert(predictor.reconcile(6, game.ticks[6]!));
  assertEquals(predictor.counts.mispredicted, 0);
  assertEquals(predictor.state.values[2 * 4], 7);
  // The server is far ahead, and then far behind.
  game.tick = 1_000;
  assert(predictor.reconcile(1_000, game.keep()));
  assertEquals([predictor.tick, predictor.state.values[8]], [1_000, 6]);
  for (let tick = 1_001; tick <= 1_300; tick++) predictor.apply(tick, 0);
  game.seen.length = 0;
  assert(predictor.reconcile(1_001, game.keep()));
  assertEquals(game.seen.length, 128);
});

Deno.test("Predictor holds as many entities as it may", () => {
  const game = new Game();
  const { predictor } = game;
  const ids = [game.me, ...[1, 2, 3, 4].map((x) => game.spawn(x, 0, 0))];
  const table = game.keep();
  assertEquals(ids.map((id) => predictor.add(id, 0, table)), [0, 1, 2, 3, -1]);
  assertEquals(predictor.spawn(() => {}), -1);
  assertEquals([predictor.remove(2), predictor.remove(2)], [true, false]);
  assertEquals(predictor.add(ids[4]!, 0, table), 2);
  assertEquals(predictor.isCorrecting, false);
  assertEquals(predictor.state.values[2], 4);
  assertEquals(predictor.add(123 as EntityId, 0, table), -1);
});

const ALL: Fields = {
  position: vec3({ min: -10, max: 10, step: 0.25 }),
  free: vec2,
  speed: float({ min: 0, max: 10, step: 0.5 }),
  heading: angle({ bits: 8 }),
  turn: quat({ bits: 9 }),
  raw: f32,
  exact: f64,
  held: bool,
  level: int({ min: -3, max: 9 }),
  count: u32,
  height: i16,
  team: choice("red", "blue", "green"),
  name: bytes({ maxBytes: 4 }),
  wide: u64,
};

Deno.test("Predictor has every field as the schema rounds it", () => {
  const seed = 81;
  const random = new SeededRandom(seed);
  const at = (size: number): number => (random.nextFloat() * 2 - 1) * size;
  const all = defineWorld({ all: defineEntity(ALL, { maxEntities: 4 }) });
  const store = new EntityStore(all);
  const predictor = new Predictor<number>(all.types[0]!, {
    tickRate: 60,
    // A little off, so that all is rounded.
    step: ({ values }) => values.forEach((it, i) => values[i] = it + 1e-9),
  });
  assertEquals(
    predictor.state.fields.map(({ field, count }) => `${field} ${count}`),
    [
      "position 3",
      "free 2",
      "speed 1",
      "heading 1",
      "turn 4",
      "raw 1",
      "exact 1",
      "held 1",
      "level 1",
      "count 1",
      "height 1",
      "team 1",
    ],
  );
  const id = store.spawn("all", {
    position: { x: 0, y: 0, z: 0 },
    free: { x: 0, y: 0 },
    speed: 0,
    heading: 0,
    turn: { x: 0, y: 0, z: 0, w: 1 },
    raw: 0,
    exact: 0,
    held: false,
    level: 0,
    count: 0,
    height: 0,
    team: "red",
    name: new Uint8Array(1),
    wide: { low: 0, high: 0 },
  })!;
  for (let tick = 0; tick < 200; tick++) {
    store.set(id, "all", {
      position: { x: at(10), y: at(10), z: at(10) },
      free: { x: at(10), y: at(10) },
      speed: at(10),
      heading: at(10),
      turn: { x: at(1), y: at(1), z: at(1), w: at(1) },
      raw: at(10),
      exact: at(10),
      held: random.nextU32() % 2 === 1,
      level: random.nextU32() % 13 - 3,
      count: random.nextU32(),
      height: random.nextU32() % 65_536 - 32_768,
      team: ["red", "blue", "green"][random.nextU32() % 3]!,
    });
    const table = store.tables[0]!;
    if (tick === 0) predictor.add(id, 0, table);
    else assert(predictor.reconcile(tick, table));
    const it = store.get(id, "all") as Record<string, never>;
    const vector = (v: Record<string, number>): number[] => Object.values(v);
    const team = ["red", "blue", "green"].indexOf(it.team!);
    const wanted = [
      ...vector(it.position!),
      ...vector(it.free!),
      it.speed,
      it.heading,
      ...vector(it.turn!),
      it.raw,
      it.exact,
      +it.held!,
      it.level,
      it.count,
      it.height,
      team,
    ] as number[];
    const { values, capacity } = predictor.state;
    const lanes = (): number[] => wanted.map((_, i) => values[i * capacity]!);
    assertEquals(lanes(), wanted, `seed ${seed}, tick ${tick}`);
    // The same after a step, but for what is not rounded or so little.
    predictor.apply(tick + 1, 0);
    lanes().forEach((value, i) => {
      assertAlmostEquals(value, wanted[i]!, 1e-5, `seed ${seed}, lane ${i}`);
    });
    assertEquals(predictor.reconcile(tick + 1, table), false, `tick ${tick}`);
    predictor.apply(tick + 2, 0);
    tick++;
  }
});

Deno.test("Predictor draws turns the short way round, and ends them", () => {
  const turning = defineWorld({
    it: defineEntity(
      { heading: angle({ bits: 16 }), turn: quat({ bits: 14 }) },
      {
        maxEntities: 1,
      },
    ),
  });
  const store = new EntityStore(turning);
  const about = (radians: number) => ({
    x: 0,
    y: Math.sin(radians / 2),
    z: 0,
    w: Math.cos(radians / 2),
  });
  const id = store.spawn("it", { heading: 0.1, turn: about(0.1) })!;
  const predictor = new Predictor<number>(turning.types[0]!, {
    tickRate: 60,
    maxEntities: 1,
    step: () => {},
  });
  predictor.add(id, 0, store.tables[0]!);
  predictor.apply(1, 0);
  store.set(id, "it", { heading: -0.3, turn: about(-0.3) });
  assert(predictor.reconcile(1, store.tables[0]!));
  const shown = (): [number, number] => {
    const [heading, , y, , w] = predictor.shown as unknown as number[];
    const turn = 2 * Math.atan2(y!, w!);
    return [Math.atan2(Math.sin(heading!), Math.cos(heading!)), turn];
  };
  let last = 0.1;
  for (const part of shown()) assertAlmostEquals(part, 0.1, 1e-3);
  for (let i = 0; i < 5; i++) {
    predictor.tickCorrection(0.05);
    const [heading, turn] = shown();
    assert(heading < last && heading > -0.3);
    assertAlmostEquals(turn, heading, 3e-3);
    last = heading;
  }
  predictor.tickCorrection(5);
  assertEquals(predictor.isCorrecting, false);
  for (const part of shown()) assertAlmostEquals(part, -0.3, 1e-3);
});

Deno.test("Predictor takes a rotation with other signs for the same", () => {
  const turning = defineWorld({
    it: defineEntity({ turn: quat({ bits: 14 }) }, { maxEntities: 1 }),
  });
  const store = new EntityStore(turning);
  const turn = { x: 0, y: Math.sin(0.1), z: 0, w: Math.cos(0.1) };
  const id = store.spawn("it", { turn })!;
  const predictor = new Predictor<number>(turning.types[0]!, {
    tickRate: 60,
    maxEntities: 1,
    isRounded: false,
    step: ({ values }) => values.forEach((it, i) => values[i] = -it),
  });
  predictor.add(id, 0, store.tables[0]!);
  predictor.apply(1, 0);
  assertEquals(predictor.reconcile(1, store.tables[0]!), false);
  for (const tick of [2, 3, 4]) predictor.apply(tick, 0);
  store.set(id, "it", {
    turn: { x: 0, y: Math.sin(0.2), z: 0, w: Math.cos(0.2) },
  });
  // It is restored, with the other signs than it was drawn with.
  assertEquals(predictor.reconcile(3, store.tables[0]!), true);
  for (let i = 0; i < 8; i++) {
    const [, y, , w] = predictor.shown as unknown as number[];
    const angle = Math.abs(2 * Math.atan(y! / w!));
    assert(angle > 0.19 && angle < 0.41, `${angle}`);
    predictor.tickCorrection(0.05);
  }
});

Deno.test("Predictor refuses what it cannot predict", () => {
  const all = defineWorld({ all: defineEntity(ALL) }).types[0]!;
  const wrong: Partial<PredictorOptions<number>>[] = [
    { fields: ["name"] },
    { fields: ["wide"] },
    { fields: ["nothing"] },
    { fields: [] },
    { fields: ["speed"], tolerances: { raw: 1 } },
    { tolerances: { speed: 0 } },
    { smoothed: { level: 1 } },
    { smoothed: { position: -1 } },
    { token: "speed" },
    { token: "nothing" },
    { maxEntities: 0 },
    { correctionMs: 0 },
    { spawnTicks: -1 },
    { tickRate: 0 },
  ];
  for (const options of wrong) {
    assertThrows(
      () => new Predictor(all, { tickRate: 60, step: () => {}, ...options }),
      RangeError,
      undefined,
      JSON.stringify(options),
    );
  }
  const predictor = new Predictor(all, { tickRate: 60, step: () => {} });
  assertThrows(() => predictor.spawn(() => {}), TypeError, "token");
  assertThrows(() => predictor.state.at("name"), RangeError, "name");
  predictor.apply(4, 0);
  assertThrows(() => predictor.apply(4, 0), RangeError, "tick");
  const table = new EntityTable(all.schema);
  // Ticks that a loop could not count to.
  for (const tick of [Infinity, 2 ** 53, NaN, -1, 0.5]) {
    assertThrows(() => predictor.reconcile(tick, table), RangeError, "tick");
  }
  for (const dt of [-1, NaN]) {
    assertThrows(() => predictor.tickCorrection(dt), RangeError, "dt");
  }
});
