import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { quat } from "../../protocol/mod.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { setBit } from "../world/bit_set.ts";
import { extrapolate } from "./extrapolate.ts";
import {
  frameOf,
  randomTable,
  THING,
  THING_LAYOUT,
} from "./_testing/random_tables.ts";
import { Frame } from "./frame.ts";
import { frameLayout } from "./frame_layout.ts";

const TURN = 2 * Math.PI;

Deno.test("extrapolate() moves points and angles on, and leaves scalars", () => {
  const seed = 13;
  const random = new SeededRandom(seed);
  const earlier = frameOf(randomTable(random, 0.8, 2), 6);
  const last = frameOf(randomTable(random, 0.8, 2), 10);
  const out = new Frame(THING_LAYOUT);
  extrapolate(earlier, last, 6, out);
  assertEquals(out.alive, last.alive);
  assertEquals(out.tick, 16);
  let moved = 0;
  for (const { kind, first, count } of THING_LAYOUT.fields) {
    for (let lane = first; lane < first + count; lane++) {
      for (let slot = 0; slot < out.capacity; slot++) {
        if (!out.isAlive(slot)) continue;
        const at = lane * out.capacity + slot;
        const from = earlier.values[at]!;
        const to = last.values[at]!;
        const is = out.values[at]!;
        const isSame = earlier.isAlive(slot) &&
          earlier.marks[slot] === last.marks[slot];
        if (!isSame || kind === "scalar") {
          assertEquals(is, to, `seed ${seed}`);
        } else if (kind === "point") {
          moved++;
          assertAlmostEquals(is, to + (to - from) * 1.5, 1e-9);
        } else if (kind === "angle") {
          const short = to - from - Math.round((to - from) / TURN) * TURN;
          const turns = (to + short * 1.5 - is) / TURN;
          assertAlmostEquals(turns, Math.round(turns), 1e-12);
        }
      }
    }
  }
  assert(moved > 100);
});

Deno.test("extrapolate() turns on as fast as before, the short way", () => {
  const layout = frameLayout(defineEntity({ turn: quat }, { maxEntities: 64 }));
  const [earlier, last, out] = [0, 1, 2].map(() => new Frame(layout)) as [
    Frame,
    Frame,
    Frame,
  ];
  earlier.tick = 4;
  last.tick = 8;
  for (let slot = 0; slot < 64; slot++) {
    // Turns about z, from none to half a turn.
    const turn = slot / 64 * Math.PI;
    const sign = slot % 2 === 0 ? 1 : -1;
    for (const [frame, angle] of [[earlier, 1], [last, 1 + turn]] as const) {
      const s = frame === last ? sign : 1;
      frame.values[2 * 64 + slot] = s * Math.sin(angle / 2);
      frame.values[3 * 64 + slot] = s * Math.cos(angle / 2);
      setBit(frame.alive, slot);
    }
  }
  for (const ticks of [0, 1, 4, 5, 27]) {
    extrapolate(earlier, last, ticks, out);
    for (let slot = 0; slot < 64; slot++) {
      const angle = 1 + slot / 64 * Math.PI * (1 + ticks / 4);
      const dot = out.values[2 * 64 + slot]! * Math.sin(angle / 2) +
        out.values[3 * 64 + slot]! * Math.cos(angle / 2);
      assertAlmostEquals(Math.abs(dot), 1, 1e-7, `${slot} after ${ticks}`);
    }
  }
});

Deno.test("extrapolate() goes by velocities, without an earlier snapshot too", () => {
  const layout = frameLayout(THING, {
    velocities: { position: "velocity" },
    tickRate: 20,
  });
  const last = frameOf(randomTable(new SeededRandom(14)), 10, layout);
  const earlier = frameOf(randomTable(new SeededRandom(15), 0.1), 9, layout);
  const out = new Frame(layout);
  const position = layout.lanes("position").first;
  const velocity = layout.lanes("velocity").first;
  for (const before of [last, earlier]) {
    extrapolate(before, last, 5, out);
    for (let i = 0; i < 3; i++) {
      for (let slot = 0; slot < out.capacity; slot++) {
        if (!out.isAlive(slot)) continue;
        const p = (position + i) * out.capacity + slot;
        const v = (velocity + i) * out.capacity + slot;
        const wanted = last.values[p]! + last.values[v]! * 5 / 20;
        assertAlmostEquals(out.values[p]!, wanted, 1e-9);
      }
    }
  }
});

Deno.test("extrapolate() refuses to go back, and frames out of order", () => {
  const [a, b, out] = [1, 2, 0].map((tick) =>
    frameOf(randomTable(new SeededRandom(1)), tick)
  ) as [Frame, Frame, Frame];
  for (const ticks of [-1, NaN, Infinity]) {
    assertThrows(() => extrapolate(a, b, ticks, out), RangeError, "ticks");
  }
  assertThrows(() => extrapolate(b, a, 1, out), RangeError, "rise");
  assertThrows(() => extrapolate(a, out, 1, out), TypeError, "own");
});
