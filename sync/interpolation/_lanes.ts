// This module is browser compatible.

// Loops over the places of lanes, from `from` to `to - 1`, without a branch on what an
// entity is: places that are not to be blended are mended afterwards. Numbers that are
// the same for all places come at 0 of an array, as the engine puts a float that is
// passed by itself onto the heap.

const TURN = 2 * Math.PI;

/** Blends along a line. What is the same in both stays the same to the bit. */
export function blendLine(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  from: number,
  to: number,
  blend: Float64Array,
): void {
  const t = blend[0]!;
  for (let i = from; i < to; i++) {
    const start = a[i]!;
    out[i] = start + (b[i]! - start) * t;
  }
}

/** Blends angles the short way round; `blend` may be beyond 1. */
export function blendAngles(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  from: number,
  to: number,
  blend: Float64Array,
): void {
  const t = blend[0]!;
  for (let i = from; i < to; i++) {
    const start = a[i]!;
    out[i] = wrapAngle(start + shortWay(b[i]! - start) * t);
  }
}

/** The same difference of angles, from -π to π. */
export function shortWay(radians: number): number {
  return radians - Math.round(radians / TURN) * TURN;
}

/** The same angle from 0 (included) to 2π (excluded). */
export function wrapAngle(radians: number): number {
  const wrapped = radians - Math.floor(radians / TURN) * TURN;
  // A tiny negative angle is rounded to a whole turn.
  return wrapped < TURN ? wrapped : 0;
}

/** Blends along a curve of weighted steps between four snapshots. */
export function blendCurve(
  earlier: Float64Array,
  before: Float64Array,
  after: Float64Array,
  later: Float64Array,
  out: Float64Array,
  from: number,
  to: number,
  weights: Float64Array,
  at: number,
): void {
  const w0 = weights[at]!;
  const w1 = weights[at + 1]!;
  const w2 = weights[at + 2]!;
  for (let i = from; i < to; i++) {
    const p1 = before[i]!;
    const p2 = after[i]!;
    out[i] = p1 + w0 * (p1 - earlier[i]!) + w1 * (p2 - p1) +
      w2 * (later[i]! - p2);
  }
}

/**
 * Blends along a curve with given velocities.
 *
 * @param velocity How far from a point its velocity is.
 * @param weights At 0, 1 and 2: those of the way and of the velocities at its ends.
 */
export function blendVelocities(
  before: Float64Array,
  after: Float64Array,
  out: Float64Array,
  from: number,
  to: number,
  velocity: number,
  weights: Float64Array,
): void {
  const way = weights[0]!;
  const w1 = weights[1]!;
  const w2 = weights[2]!;
  for (let i = from; i < to; i++) {
    const start = before[i]!;
    out[i] = start + way * (after[i]! - start) +
      w1 * before[i + velocity | 0]! +
      w2 * after[i + velocity | 0]!;
  }
}

/** Moves on by a velocity, which is `velocity` away from its point. */
export function moveOn(
  last: Float64Array,
  out: Float64Array,
  from: number,
  to: number,
  velocity: number,
  seconds: Float64Array,
): void {
  const dt = seconds[0]!;
  for (let i = from; i < to; i++) {
    out[i] = last[i]! + last[i + velocity | 0]! * dt;
  }
}
