// This module is browser compatible.

// Rotations between two rotations, lane by lane: `lane` is where x begins, and y, z and
// w follow at distances of `capacity`.
//
// Slerp is a·sin((1 - t)θ)/sin θ + b·sin(tθ)/sin θ with cos θ = a·b. For a given t, which
// is that of all entities of a frame, both factors are smooth functions of the cosine
// alone, so that a polynomial of it does without a sine: David Eberly, "A Fast and
// Accurate Algorithm for Computing SLERP" (2011), has the series
// sin(tθ)/sin θ = t·Σ Π (k² - t²)/(k(2k + 1)) · (1 - cos θ)^i. Here it is brought down to
// degree 4 by Chebyshev economisation (Cornelius Lanczos, "Applied Analysis", 1956), once
// for each frame. What that does to the length is mended by a step of Newton's for 1/√ at
// 1, which takes neither a root nor a division. What turns by less than 51°, as nearly all
// does from one snapshot to the next, has polynomials of its own of degree 3, over so
// short a range that no length is to be mended. Over all blends and angles it is at most
// 0.04 mrad of rotation from slerp, and of length 1 to 4e-8. That a normalised lerp can
// make up for its uneven speed by a polynomial of t and the cosine is from Arseny
// Kapoulkine, "Approximating slerp" (2015).

/** The degree of the polynomials. */
const DEGREE = 4;
/** Up to which 1 - cosine there are others, and their degree. */
const SMALL = 0.1;
const SMALL_DEGREE = 3;
/** How many terms of the series are taken into account; more change nothing. */
const TERMS = 17;
/** Sines below this are those of rotations that are the same to a double. */
const SMALLEST_SINE = 1e-9;

/** Where the weights of small turns begin. */
const SMALL_WEIGHTS = 2 * (DEGREE + 1);

/** How many numbers {@linkcode fillWeights} gives. */
export const WEIGHT_COUNT: number = SMALL_WEIGHTS + 2 * (SMALL_DEGREE + 1);

/** What a power, by its number, is as a polynomial of the lower degree. */
const REDUCED = reducedPowers(DEGREE, 1);
const SMALL_REDUCED = reducedPowers(SMALL_DEGREE, SMALL);

/**
 * Computes the polynomials of a blend.
 *
 * @param blend At 0, from 0 to 1.
 * @param into Takes the coefficients of the first rotation's factor, then those of the
 * second's; then the same of small turns.
 */
export function fillWeights(
  blend: Float64Array,
  into: Float64Array,
): void {
  into.fill(0);
  let t = 1 - blend[0]!;
  for (let factor = 0; factor < 2; factor++) {
    const at = factor * (DEGREE + 1);
    const smallAt = SMALL_WEIGHTS + factor * (SMALL_DEGREE + 1);
    let term = t;
    for (let k = 0; k < TERMS; k++) {
      if (k > 0) term *= (k * k - t * t) / (k * (2 * k + 1));
      for (let i = 0; i <= DEGREE; i++) {
        into[at + i]! += term * REDUCED[k * (DEGREE + 1) + i]!;
      }
      for (let i = 0; i <= SMALL_DEGREE; i++) {
        into[smallAt + i]! += term * SMALL_REDUCED[k * (SMALL_DEGREE + 1) + i]!;
      }
    }
    t = blend[0]!;
  }
  // So that what does not turn is as it was: there, the factors make 1 together.
  const sum = into[0]! + into[DEGREE + 1]!;
  const smallSum = into[SMALL_WEIGHTS]! +
    into[SMALL_WEIGHTS + SMALL_DEGREE + 1]!;
  for (let i = 0; i < SMALL_WEIGHTS; i++) into[i]! /= sum;
  for (let i = SMALL_WEIGHTS; i < WEIGHT_COUNT; i++) into[i]! /= smallSum;
}

/**
 * Takes the powers of x, which is from 0 to `most`, down to a lower degree: as long as a
 * polynomial is of a higher one, a multiple of the Chebyshev polynomial of that degree
 * is taken away, which is small everywhere.
 */
function reducedPowers(degree: number, most: number): Float64Array {
  // T(n + 1) = (4x / most - 2)·T(n) - T(n - 1) over 0 to `most`.
  const chebyshev = [[1], [-1, 2 / most]];
  for (let n = 1; n < TERMS; n++) {
    const next = new Array<number>(n + 2).fill(0);
    chebyshev[n]!.forEach((it, i) => {
      next[i]! -= 2 * it;
      next[i + 1]! += 4 / most * it;
    });
    chebyshev[n - 1]!.forEach((it, i) => next[i]! -= it);
    chebyshev.push(next);
  }
  const reduced = new Float64Array(TERMS * (degree + 1));
  for (let power = 0; power < TERMS; power++) {
    const rest = new Array<number>(TERMS).fill(0);
    rest[power] = 1;
    for (let n = power; n > degree; n--) {
      const factor = rest[n]! / chebyshev[n]![n]!;
      chebyshev[n]!.forEach((it, i) => rest[i]! -= factor * it);
    }
    reduced.set(rest.slice(0, degree + 1), power * (degree + 1));
  }
  return reduced;
}

/**
 * Blends the places from 0 to `extent - 1` by polynomials of `fillWeights`.
 *
 * Written so that as little as can be waits for something else: sums by pairs,
 * polynomials by their halves, and indices that are known not to overflow.
 */
export function blendRotations(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  lane: number,
  capacity: number,
  extent: number,
  weights: Float64Array,
): void {
  const p0 = weights[0]!, p1 = weights[1]!, p2 = weights[2]!;
  const p3 = weights[3]!, p4 = weights[4]!;
  const q0 = weights[5]!, q1 = weights[6]!, q2 = weights[7]!;
  const q3 = weights[8]!, q4 = weights[9]!;
  const r0 = weights[10]!, r1 = weights[11]!;
  const r2 = weights[12]!, r3 = weights[13]!;
  const s0 = weights[14]!, s1 = weights[15]!;
  const s2 = weights[16]!, s3 = weights[17]!;
  const end = lane + extent | 0;
  for (let x = lane | 0; x < end; x = x + 1 | 0) {
    const y = x + capacity | 0;
    const z = y + capacity | 0;
    const w = z + capacity | 0;
    const ax = a[x]!, ay = a[y]!, az = a[z]!, aw = a[w]!;
    const bx = b[x]!, by = b[y]!, bz = b[z]!, bw = b[w]!;
    const dot = (ax * bx + ay * by) + (az * bz + aw * bw);
    const c = 1 - Math.abs(dot);
    const c2 = c * c;
    let u: number;
    let v: number;
    if (c < SMALL) {
      u = (r0 + c * r1) + c2 * (r2 + c * r3);
      v = (s0 + c * s1) + c2 * (s2 + c * s3);
    } else {
      u = (p0 + c * p1) + c2 * (p2 + c * p3 + c2 * p4);
      v = (q0 + c * q1) + c2 * (q2 + c * q3 + c2 * q4);
      // The square of the length is u² + v² + 2uv(1 - c).
      const sum = u + v;
      const scale = 1.5 - 0.5 * (sum * sum - (c + c) * (u * v));
      u *= scale;
      v *= scale;
    }
    if (dot < 0) v = -v;
    out[x] = ax * u + bx * v;
    out[y] = ay * u + by * v;
    out[z] = az * u + bz * v;
    out[w] = aw * u + bw * v;
  }
}

/** Blends the places from 0 to `extent - 1` by sines; `blend` is at 0. */
export function slerpRotations(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  lane: number,
  capacity: number,
  extent: number,
  blend: Float64Array,
): void {
  const end = lane + extent;
  const t = blend[0]!;
  const y = capacity;
  const z = 2 * capacity;
  const w = 3 * capacity;
  for (let i = lane; i < end; i++) {
    const ax = a[i]!, ay = a[i + y]!, az = a[i + z]!, aw = a[i + w]!;
    const bx = b[i]!, by = b[i + y]!, bz = b[i + z]!, bw = b[i + w]!;
    const dot = ax * bx + ay * by + az * bz + aw * bw;
    const angle = Math.acos(Math.min(1, Math.abs(dot)));
    const sine = Math.sin(angle);
    let u = 1 - t;
    let v = t;
    if (sine > SMALLEST_SINE) {
      u = Math.sin(u * angle) / sine;
      v = Math.sin(v * angle) / sine;
    }
    if (dot < 0) v = -v;
    out[i] = ax * u + bx * v;
    out[i + y] = ay * u + by * v;
    out[i + z] = az * u + bz * v;
    out[i + w] = aw * u + bw * v;
  }
}

/**
 * Turns on from `b`, as from `a` to `b`, in the places from 0 to `extent - 1`.
 *
 * @param steps How many whole turns from `a` to `b` go on top, 0 or more. Each is one
 * step of the recurrence of cosines: what follows a and b is 2·(a·b)·b - a.
 * @param weights Those of the fraction of a turn after them.
 */
export function turnRotations(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  lane: number,
  capacity: number,
  extent: number,
  steps: number,
  weights: Float64Array,
): void {
  const p0 = weights[0]!, p1 = weights[1]!, p2 = weights[2]!;
  const p3 = weights[3]!, p4 = weights[4]!;
  const q0 = weights[5]!, q1 = weights[6]!, q2 = weights[7]!;
  const q3 = weights[8]!, q4 = weights[9]!;
  const r0 = weights[10]!, r1 = weights[11]!;
  const r2 = weights[12]!, r3 = weights[13]!;
  const s0 = weights[14]!, s1 = weights[15]!;
  const s2 = weights[16]!, s3 = weights[17]!;
  const end = lane + extent | 0;
  for (let x = lane | 0; x < end; x = x + 1 | 0) {
    const y = x + capacity | 0;
    const z = y + capacity | 0;
    const w = z + capacity | 0;
    const ax = a[x]!, ay = a[y]!, az = a[z]!, aw = a[w]!;
    const bx = b[x]!, by = b[y]!, bz = b[z]!, bw = b[w]!;
    const dot = (ax * bx + ay * by) + (az * bz + aw * bw);
    const cosine = Math.abs(dot);
    const c = 1 - cosine;
    const c2 = c * c;
    let u: number;
    let v: number;
    if (c < SMALL) {
      u = (r0 + c * r1) + c2 * (r2 + c * r3);
      v = (s0 + c * s1) + c2 * (s2 + c * s3);
    } else {
      u = (p0 + c * p1) + c2 * (p2 + c * p3 + c2 * p4);
      v = (q0 + c * q1) + c2 * (q2 + c * q3 + c2 * q4);
      const sum = u + v;
      const scale = 1.5 - 0.5 * (sum * sum - (c + c) * (u * v));
      u *= scale;
      v *= scale;
    }
    // The factors of a and b in the last two of the row.
    const twice = cosine + cosine;
    let a0 = 0, b0 = 1, a1 = -1, b1 = twice;
    for (let step = 0; step < steps; step++) {
      const a2 = twice * a1 - a0;
      const b2 = twice * b1 - b0;
      a0 = a1;
      b0 = b1;
      a1 = a2;
      b1 = b2;
    }
    let fa = u * a0 + v * a1;
    if (dot < 0) fa = -fa;
    const fb = u * b0 + v * b1;
    out[x] = ax * fa + bx * fb;
    out[y] = ay * fa + by * fb;
    out[z] = az * fa + bz * fb;
    out[w] = aw * fa + bw * fb;
  }
}
