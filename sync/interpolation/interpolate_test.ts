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
import {
  between,
  frameOf,
  randomTable,
  THING_LAYOUT,
} from "./_testing/random_tables.ts";
import { Frame } from "./frame.ts";
import { frameLayout } from "./frame_layout.ts";
import { interpolate, type RotationBlend } from "./interpolate.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 20_000 : 30;
const TURN = 2 * Math.PI;

type Numbers = number[];

/** What is at a place of a frame, as an object for each field. */
function read(frame: Frame, slot: number): Record<string, Numbers> {
  return Object.fromEntries(
    frame.layout.fields.map(({ field, first, count }) => [
      field,
      Array.from(
        { length: count },
        (_, i) => frame.values[(first + i) * frame.capacity + slot]!,
      ),
    ]),
  );
}

function dot(a: Numbers, b: Numbers): number {
  return a.reduce((sum, it, i) => sum + it * b[i]!, 0);
}

/** Slerp as the textbook has it. */
function slerp(a: Numbers, b: Numbers, t: number): Numbers {
  const cosine = dot(a, b);
  const near = cosine < 0 ? b.map((it) => -it) : b;
  const angle = Math.acos(Math.min(1, Math.abs(cosine)));
  if (angle < 1e-6) return near;
  return a.map((it, i) =>
    (it * Math.sin((1 - t) * angle) + near[i]! * Math.sin(t * angle)) /
    Math.sin(angle)
  );
}

/** The angle between two rotations, exact for small ones too. */
function angleBetween(a: Numbers, b: Numbers): number {
  const sign = dot(a, b) < 0 ? -1 : 1;
  const half = Math.hypot(...a.map((it, i) => it - sign * b[i]!)) / 2;
  return 4 * Math.asin(Math.min(1, half));
}

function assertBlended(
  before: Record<string, Numbers>,
  after: Record<string, Numbers>,
  t: number,
  is: Record<string, Numbers>,
  rotations: RotationBlend,
  message: string,
): void {
  for (const { field, kind } of THING_LAYOUT.fields) {
    const a = before[field]!;
    const b = after[field]!;
    const c = is[field]!;
    if (kind === "rotation") {
      const limit = rotations === "exact" ? 1e-7 : 1e-4;
      assert(angleBetween(slerp(a, b, t), c) <= limit, message);
      assertAlmostEquals(Math.hypot(...c), 1, 4e-8, message);
    } else if (kind === "angle") {
      const all = b[0]! - a[0]!;
      // Of half a turn, either way is as short.
      const ways = [all, all - TURN, all + TURN].filter((way) =>
        Math.abs(way) <= Math.PI + 1e-9
      );
      const offs = ways.map((way) => (a[0]! + way * t - c[0]!) / TURN);
      const isOn = offs.some((off) => Math.abs(off - Math.round(off)) <= 1e-12);
      assert(ways.length > 0 && isOn, message);
      assert(c[0]! >= 0 && c[0]! < TURN, message);
    } else {
      a.forEach((it, i) =>
        assertAlmostEquals(c[i]!, it * (1 - t) + b[i]! * t, 1e-12, message)
      );
    }
  }
}

for (const rotations of ["corrected", "exact"] as const) {
  Deno.test(`interpolate() is as objects would be, ${rotations}`, () => {
    const seed = 5;
    const random = new SeededRandom(seed);
    const out = new Frame(THING_LAYOUT);
    let blended = 0;
    let held = 0;
    for (let run = 0; run < RUNS; run++) {
      const message = `seed ${seed}, run ${run}`;
      const before = frameOf(randomTable(random, between(random, 0, 1), 2), 8);
      const after = frameOf(randomTable(random, between(random, 0, 1), 2), 12);
      const t = between(random, 0.001, 0.999);
      interpolate(before, after, t, out, rotations);
      assertEquals(out.alive, before.alive, message);
      assertAlmostEquals(out.tick, 8 + 4 * t, 1e-9, message);
      for (let slot = 0; slot < out.capacity; slot++) {
        if (!before.isAlive(slot)) continue;
        assertEquals(out.generation(slot), before.generation(slot), message);
        const isSame = after.isAlive(slot) &&
          before.marks[slot] === after.marks[slot];
        assertEquals(
          (out.blended[slot >>> 5]! >>> (slot & 31) & 1) === 1,
          isSame,
          message,
        );
        if (isSame) {
          blended++;
          const a = read(before, slot);
          const b = read(after, slot);
          assertBlended(a, b, t, read(out, slot), rotations, message);
        } else {
          held++;
          assertEquals(read(out, slot), read(before, slot), message);
        }
      }
    }
    assert(blended > RUNS && held > RUNS);
  });
}

Deno.test("interpolate() gives the snapshots themselves at 0 and 1", () => {
  const seed = 6;
  const random = new SeededRandom(seed);
  const before = frameOf(randomTable(random, 0.7, 2), 8);
  const after = frameOf(randomTable(random, 0.7, 2), 12);
  const out = new Frame(THING_LAYOUT);
  for (const [blend, whole] of [[0, before], [1, after]] as const) {
    for (const rotations of ["corrected", "exact"] as const) {
      interpolate(before, after, blend, out, rotations);
      assertEquals(out.values, whole.values);
      assertEquals(out.alive, whole.alive);
      assertEquals(out.marks, whole.marks);
      assertEquals(out.tick, whole.tick);
    }
  }
});

Deno.test("interpolate() leaves what does not move as it is", () => {
  const table = randomTable(new SeededRandom(7), 1);
  const out = new Frame(THING_LAYOUT);
  interpolate(frameOf(table), frameOf(table), 0.3, out);
  const { first } = THING_LAYOUT.lanes("turn");
  const still = frameOf(table).values;
  out.values.forEach((value, at) => {
    const lane = Math.floor(at / out.capacity);
    if (lane < first || lane >= first + 4) assertEquals(value, still[at]);
    else assertAlmostEquals(value, still[at]!, 1e-15);
  });
});

const spin = frameLayout(defineEntity({ turn: quat }, { maxEntities: 512 }));

function fillRotation(frame: Frame, slot: number, q: Numbers): void {
  const length = Math.hypot(...q);
  q.forEach((it, i) => frame.values[i * frame.capacity + slot] = it / length);
  setBit(frame.alive, slot);
}

function worstRotation(rotations: RotationBlend): [number, number] {
  const random = new SeededRandom(8);
  const before = new Frame(spin);
  const after = new Frame(spin);
  const out = new Frame(spin);
  let worst = 0;
  let worstLength = 0;
  for (let run = 0; run < RUNS / 2; run++) {
    for (let slot = 0; slot < spin.capacity; slot++) {
      const one = (): number => between(random, -1, 1);
      const a = [one(), one(), one(), one()];
      // All sizes of turns, down to none, and both signs.
      const size = 10 ** between(random, -8, 1);
      const sign = random.nextU32() % 2 === 0 ? -1 : 1;
      fillRotation(before, slot, a);
      fillRotation(after, slot, a.map((it) => sign * (it + size * one())));
    }
    const t = run === 0 ? 1e-12 : random.nextFloat();
    interpolate(before, after, t, out, rotations);
    for (let slot = 0; slot < spin.capacity; slot++) {
      const is = read(out, slot).turn!;
      const exact = slerp(read(before, slot).turn!, read(after, slot).turn!, t);
      worst = Math.max(worst, angleBetween(is, exact));
      worstLength = Math.max(worstLength, Math.abs(1 - Math.hypot(...is)));
    }
  }
  return [worst, worstLength];
}

Deno.test("interpolate() turns within 0.04 mrad of slerp, and keeps the length", () => {
  const [corrected, length] = worstRotation("corrected");
  assert(corrected < 4e-5, `${corrected}`);
  assert(length < 4e-8, `${length}`);
  // What is measured is there at all.
  assert(corrected > 1e-6, `${corrected}`);
  const [exact, exactLength] = worstRotation("exact");
  assert(exact < 1e-5, `${exact}`);
  assert(exactLength < 1e-9, `${exactLength}`);
});

Deno.test("interpolate() refuses a blend out of range and frames of others", () => {
  const [a, b, out] = [1, 2, 3].map(() => new Frame(spin)) as [
    Frame,
    Frame,
    Frame,
  ];
  for (const blend of [-0.1, 1.1, NaN]) {
    assertThrows(() => interpolate(a, b, blend, out), RangeError, "blend");
  }
  assertThrows(() => interpolate(a, b, 0.5, a), TypeError, "own");
  assertThrows(() => interpolate(a, b, 0.5, b), TypeError, "own");
  const other = new Frame(THING_LAYOUT);
  assertThrows(() => interpolate(a, other, 0.5, out), TypeError, "layout");
  assertThrows(() => interpolate(a, b, 0.5, other), TypeError, "layout");
});
