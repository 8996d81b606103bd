import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { rayBox, rayCapsule, rayOrientedBox, raySphere } from "./hit_tests.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const RAYS = IS_SOAK ? 200_000 : 2_000;

type Point = [number, number, number];

/** How far a point is from a shape: 0 or less inside. */
type Distance = (x: number, y: number, z: number) => number;

/**
 * Walks along the ray by what the distance allows, which cannot step over the shape
 * (Hart, "Sphere Tracing", 1996): an answer that shares nothing with the formulas.
 */
function march(o: Point, d: Point, distance: Distance): number {
  const length = Math.hypot(...d);
  let t = 0;
  for (let i = 0; i < 4_000 && t < 200; i++) {
    const away = distance(
      o[0] + d[0] / length * t,
      o[1] + d[1] / length * t,
      o[2] + d[2] / length * t,
    );
    if (away <= 1e-7) return t / length;
    t += away;
  }
  return Infinity;
}

function rotate(q: readonly number[], v: Point): Point {
  const [x, y, z, w] = q as [number, number, number, number];
  const tx = 2 * (y * v[2] - z * v[1]);
  const ty = 2 * (z * v[0] - x * v[2]);
  const tz = 2 * (x * v[1] - y * v[0]);
  return [
    v[0] + w * tx + y * tz - z * ty,
    v[1] + w * ty + z * tx - x * tz,
    v[2] + w * tz + x * ty - y * tx,
  ];
}

function boxDistance(x: number, y: number, z: number, h: Point): number {
  const dx = Math.abs(x) - h[0];
  const dy = Math.abs(y) - h[1];
  const dz = Math.abs(z) - h[2];
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0), Math.max(dz, 0)) +
    Math.min(Math.max(dx, dy, dz), 0);
}

/** Whether both say the same, where a graze may be either. */
function assertSame(
  formula: number,
  walked: number,
  o: Point,
  d: Point,
  distance: Distance,
  what: string,
): void {
  if (formula === Infinity && walked === Infinity) return;
  // What the formula hits is the surface, and nothing lies before it.
  const t = formula === Infinity ? walked : formula;
  const gap = distance(o[0] + d[0] * t, o[1] + d[1] * t, o[2] + d[2] * t);
  if (formula === Infinity) {
    // It walked onto a graze: no point of the ray is well inside.
    const length = Math.hypot(...d);
    for (let s = -0.01; s <= 0.01; s += 0.0005) {
      const u = t + s / length;
      if (u < 0) continue;
      const depth = distance(o[0] + d[0] * u, o[1] + d[1] * u, o[2] + d[2] * u);
      assert(depth > -1e-5, `${what}: missed by ${depth}`);
    }
    return;
  }
  assert(gap <= 1e-6, `${what}: ${formula} is ${gap} off the shape`);
  if (walked === Infinity) return;
  const near = Math.abs(formula - walked) * Math.hypot(...d);
  assert(near <= 2e-3, `${what}: ${formula}, walked ${walked}`);
}

Deno.test("raySphere(), rayBox(), rayOrientedBox() and rayCapsule() find what walking along the ray finds", () => {
  const seed = 41;
  const random = new SeededRandom(seed);
  const at = (size: number): number => (random.nextFloat() * 2 - 1) * size;
  const point = (size: number): Point => [at(size), at(size), at(size)];
  let hits = 0;
  for (let i = 0; i < RAYS; i++) {
    const o = point(6);
    const c = point(5);
    const d = point(2);
    // Most are aimed, some along an axis.
    if (i % 4 > 0) { for (let k = 0; k < 3; k++) d[k]! += c[k]! - o[k]!; }

    if (i % 7 === 0) d[i % 3] = 0;
    if (i % 21 === 0) d[(i + 1) % 3] = 0;
    if (Math.hypot(...d) < 0.01) continue;
    const e = i % 13 === 0 ? c : point(5);
    const h: Point = [Math.abs(at(2)), Math.abs(at(2)), Math.abs(at(2))];
    const r = Math.abs(at(2));
    const raw = [at(1), at(1), at(1), at(1)];
    const size = Math.hypot(...raw);
    const q = raw.map((part) => part / size);
    const back = [-q[0]!, -q[1]!, -q[2]!, q[3]!];
    const capsule: Distance = (x, y, z) => {
      const l = [e[0] - c[0], e[1] - c[1], e[2] - c[2]] as Point;
      const m = [x - c[0], y - c[1], z - c[2]] as Point;
      const line = l[0] ** 2 + l[1] ** 2 + l[2] ** 2;
      const dot = l[0] * m[0] + l[1] * m[1] + l[2] * m[2];
      const s = line === 0 ? 0 : Math.min(1, Math.max(0, dot / line));
      return Math.hypot(m[0] - l[0] * s, m[1] - l[1] * s, m[2] - l[2] * s) - r;
    };
    const shapes: [string, number, Distance][] = [
      [
        "sphere",
        raySphere(...o, ...d, ...c, r),
        (x, y, z) => Math.hypot(x - c[0], y - c[1], z - c[2]) - r,
      ],
      [
        "box",
        rayBox(...o, ...d, ...c, ...h),
        (x, y, z) => boxDistance(x - c[0], y - c[1], z - c[2], h),
      ],
      [
        "oriented box",
        rayOrientedBox(
          ...o,
          ...d,
          ...c,
          ...h,
          q[0]!,
          q[1]!,
          q[2]!,
          q[3]!,
        ),
        (x, y, z) =>
          boxDistance(
            ...rotate(back, [x - c[0], y - c[1], z - c[2]]),
            h,
          ),
      ],
      ["capsule", rayCapsule(...o, ...d, ...c, ...e, r), capsule],
    ];
    for (const [name, formula, distance] of shapes) {
      const what = `seed ${seed}, ray ${i}, ${name}`;
      assert(formula >= 0, what);
      if (distance(...o) < 0) assertEquals(formula, 0, what);
      if (formula < Infinity) hits++;
      assertSame(formula, march(o, d, distance), o, d, distance, what);
    }
  }
  assert(hits > RAYS, `${hits}`);
});

Deno.test("rayBox() is right along its sides", () => {
  assertEquals(rayBox(0, 1, 0, 1, 0, 0, 5, 0, 0, 1, 1, 1), 4);
  assertEquals(rayBox(0, 1.001, 0, 1, 0, 0, 5, 0, 0, 1, 1, 1), Infinity);
  assertEquals(rayBox(0, 0, 0, -1, 0, 0, 5, 0, 0, 1, 1, 1), Infinity);
  assertEquals(rayBox(5, 0, 0, 0, 1, 0, 5, 0, 0, 1, 1, 1), 0);
  assertEquals(rayBox(4, -3, 0, 0, 1, 0, 5, 0, 0, 1, 1, 0), 2);
});

Deno.test("hit tests miss what is no number", () => {
  for (let bad = 0; bad < 10; bad++) {
    const n = [0, 0, 0, 1, 0, 0, 5, 0, 0, 2];
    n[bad] = NaN;
    const [a, b, c, d, e, f, x, y, z, r] = n as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    assertEquals(raySphere(a, b, c, d, e, f, x, y, z, r), Infinity, `${bad}`);
    assertEquals(
      rayBox(a, b, c, d, e, f, x, y, z, r, r, r),
      Infinity,
      `${bad}`,
    );
    assertEquals(
      rayCapsule(a, b, c, d, e, f, x, y, z, x + 1, y, z, r),
      Infinity,
      `${bad}`,
    );
  }
});
