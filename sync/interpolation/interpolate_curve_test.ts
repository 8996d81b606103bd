import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { hasBit } from "../world/bit_set.ts";
import {
  between,
  frameOf,
  randomTable,
  THING,
  THING_LAYOUT,
} from "./_testing/random_tables.ts";
import { Frame } from "./frame.ts";
import { frameLayout } from "./frame_layout.ts";
import { interpolate } from "./interpolate.ts";
import { interpolateCurve } from "./interpolate_curve.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 10_000 : 25;

/** The speed at `at` of the parabola through three points. */
function parabolaSpeed(
  at: number,
  [t0, t1, t2]: [number, number, number],
  [p0, p1, p2]: [number, number, number],
): number {
  return p0 * (2 * at - t1 - t2) / ((t0 - t1) * (t0 - t2)) +
    p1 * (2 * at - t0 - t2) / ((t1 - t0) * (t1 - t2)) +
    p2 * (2 * at - t0 - t1) / ((t2 - t0) * (t2 - t1));
}

/** Hermite's cubic as the textbook has it. */
function hermite(
  u: number,
  h: number,
  p1: number,
  m1: number,
  p2: number,
  m2: number,
): number {
  return (2 * u ** 3 - 3 * u ** 2 + 1) * p1 +
    (u ** 3 - 2 * u ** 2 + u) * h * m1 +
    (3 * u ** 2 - 2 * u ** 3) * p2 + (u ** 3 - u ** 2) * h * m2;
}

function isSteady(a: Frame | undefined, b: Frame, slot: number): boolean {
  return a !== undefined && a.isAlive(slot) && b.isAlive(slot) &&
    a.marks[slot] === b.marks[slot];
}

Deno.test("interpolateCurve() is as objects would be, with and without neighbours", () => {
  const seed = 9;
  const random = new SeededRandom(seed);
  const out = new Frame(THING_LAYOUT);
  const line = new Frame(THING_LAYOUT);
  const seen = new Map<string, number>();
  for (let run = 0; run < RUNS; run++) {
    const message = `seed ${seed}, run ${run}`;
    const ticks = [8, 0, 0, 0];
    for (let i = 1; i < 4; i++) {
      ticks[i] = ticks[i - 1]! + 1 + random.nextU32() % 3;
    }
    const frames = ticks.map((tick) =>
      frameOf(randomTable(random, between(random, 0.4, 1), 2), tick)
    );
    const t = ticks as [number, number, number, number];
    const before = frames[1]!;
    const after = frames[2]!;
    const earlier = random.nextU32() % 4 === 0 ? undefined : frames[0];
    const later = random.nextU32() % 3 === 0 ? undefined : frames[3];
    const u = between(random, 0.001, 0.999);
    interpolateCurve(earlier, before, after, later, u, out);
    interpolate(before, after, u, line);
    assertEquals(out.alive, line.alive, message);
    assertEquals(out.blended, line.blended, message);
    const h = t[2] - t[1];
    for (const { kind, first, count } of THING_LAYOUT.fields) {
      for (let lane = first; lane < first + count; lane++) {
        for (let slot = 0; slot < out.capacity; slot++) {
          if (!out.isAlive(slot)) continue;
          const at = lane * out.capacity + slot;
          const is = out.values[at]!;
          if (kind !== "point" || !hasBit(out.blended, slot)) {
            assertEquals(is, line.values[at], message);
            continue;
          }
          const [p0, p1, p2, p3] = frames.map(({ values }) => values[at]!) as [
            number,
            number,
            number,
            number,
          ];
          const hasEarlier = isSteady(earlier, before, slot);
          const hasLater = isSteady(later, after, slot);
          const key = `${hasEarlier} ${hasLater}`;
          seen.set(key, (seen.get(key) ?? 0) + 1);
          const slope = (p2 - p1) / h;
          let m1 = slope;
          let m2 = slope;
          if (hasEarlier) {
            m1 = parabolaSpeed(t[1], [t[0], t[1], t[2]], [p0, p1, p2]);
            m2 = parabolaSpeed(t[2], [t[0], t[1], t[2]], [p0, p1, p2]);
          }
          if (hasLater) {
            m2 = parabolaSpeed(t[2], [t[1], t[2], t[3]], [p1, p2, p3]);
            if (!hasEarlier) {
              m1 = parabolaSpeed(t[1], [t[1], t[2], t[3]], [p1, p2, p3]);
            }
          }
          assertAlmostEquals(is, hermite(u, h, p1, m1, p2, m2), 1e-9, message);
        }
      }
    }
  }
  assertEquals(seen.size, 4);
  for (const [, count] of seen) assert(count > RUNS);
});

Deno.test("interpolateCurve() takes velocities from their field", () => {
  const seed = 10;
  const random = new SeededRandom(seed);
  const layout = frameLayout(THING, {
    velocities: { position: "velocity" },
    tickRate: 20,
  });
  const before = frameOf(randomTable(random, 1), 10, layout);
  const after = frameOf(randomTable(random, 1), 13, layout);
  // They have what neighbours say, which is not looked at.
  const other = frameOf(randomTable(random, 1), 14, layout);
  const out = new Frame(layout);
  const position = layout.lanes("position").first;
  const velocity = layout.lanes("velocity").first;
  for (const later of [undefined, other]) {
    interpolateCurve(undefined, before, after, later, 0.25, out);
    for (let i = 0; i < 3; i++) {
      for (let slot = 0; slot < out.capacity; slot++) {
        if (!hasBit(out.blended, slot)) continue;
        const p = (position + i) * out.capacity + slot;
        const v = (velocity + i) * out.capacity + slot;
        const wanted = hermite(
          0.25,
          3 / 20,
          before.values[p]!,
          before.values[v]!,
          after.values[p]!,
          after.values[v]!,
        );
        assertAlmostEquals(out.values[p]!, wanted, 1e-9, `seed ${seed}`);
      }
    }
  }
});

Deno.test("interpolateCurve() is on a line after a long loss", () => {
  const random = new SeededRandom(11);
  const [a, b, c] = [8, 9, 14].map((tick) => {
    const frame = frameOf(randomTable(random, 1), tick);
    frame.marks.fill(0);
    return frame;
  }) as [Frame, Frame, Frame];
  const out = new Frame(THING_LAYOUT);
  const line = new Frame(THING_LAYOUT);
  interpolateCurve(a, b, c, undefined, 0.4, out);
  interpolate(b, c, 0.4, line);
  assertEquals(out.values, line.values);
});

Deno.test("interpolateCurve() gives the snapshots themselves at 0 and 1", () => {
  const random = new SeededRandom(12);
  const [a, b, c, d] = [1, 2, 3, 4].map((tick) =>
    frameOf(randomTable(random), tick)
  ) as [Frame, Frame, Frame, Frame];
  const out = new Frame(THING_LAYOUT);
  for (const [blend, whole] of [[0, b], [1, c]] as const) {
    interpolateCurve(a, b, c, d, blend, out);
    assertEquals(out.values, whole.values);
    assertEquals(out.alive, whole.alive);
  }
});

Deno.test("interpolateCurve() refuses frames out of order", () => {
  const [a, b, c, out] = [1, 2, 2, 0].map((tick) =>
    frameOf(randomTable(new SeededRandom(1)), tick)
  ) as [Frame, Frame, Frame, Frame];
  assertThrows(
    () => interpolateCurve(a, b, c, undefined, 0.5, out),
    RangeError,
    "rise",
  );
  assertThrows(
    () => interpolateCurve(b, a, b, undefined, 0.5, out),
    RangeError,
    "rise",
  );
  assertThrows(() => interpolateCurve(out, a, b, out, 0.5, out), TypeError);
});
