// This module is browser compatible.

// Rotations between two rotations, lane by lane: `lane` is where x begins, and y, z and
// w follow at distances of `capacity`.
//
// Slerp is a·sin((1 - t)θ)/sin θ + b·sin(tθ)/sin θ with cos θ = a·b. For a fixed t, which
// is that of all entities of a frame, both factors are smooth functions of the cosine
// alone, so a polynomial of it does without a sine, as in David Eberly, "A Fast and
// Accurate Algorithm for Computing SLERP" (2011): from the series
// sin(tθ)/sin θ = t·Σ Π (t² - k²)/(k(2k + 1)) · (cos θ - 1)^i, with the last term enlarged
// for those that are left out. What that does to the length is mended by a step of
// Newton's for 1/√ at 1, which takes neither a root nor a division. The idea to make up
// for the uneven speed of a normalised lerp by a polynomial of t and the cosine is in
// Arseny Kapoulkine, "Approximating slerp" (2015).

/** The degree of the polynomials. */
const DEGREE = 6;
/**
 * What the last term is enlarged by: of steps of 0.005, that with the smallest error over
 * all blends and angles, which is 0.08 mrad of rotation, with a length of 1 to 5e-8.
 */
const LAST_TERM = 1.835;
/** Sines below this are those of rotations that are the same to a double. */
const SMALLEST_SINE = 1e-9;

/** How many numbers {@linkcode fillWeights} gives. */
export const WEIGHT_COUNT = 2 * (DEGREE + 1);

/**
 * Computes the polynomials of a blend.
 *
 * @param blend From 0 to 1.
 * @param into Takes the coefficients of the first rotation's factor, then those of the
 * second's.
 */
export function fillWeights(blend: number, into: Float64Array): void {
  let t = 1 - blend;
  for (let at = 0; at < WEIGHT_COUNT; at += DEGREE + 1) {
    let term = t;
    into[at] = term;
    for (let k = 1; k <= DEGREE; k++) {
      term *= (t * t - k * k) / (k * (2 * k + 1));
      into[at + k] = k === DEGREE ? term * LAST_TERM : term;
    }
    t = blend;
  }
}

/** Blends the places from 0 to `extent - 1` by polynomials of `fillWeights`. */
export function blendRotations(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  lane: number,
  capacity: number,
  extent: number,
  weights: Float64Array,
): void {
  const p0 = weights[0]!, p1 = weights[1]!, p2 = weights[2]!, p3 = weights[3]!;
  const p4 = weights[4]!, p5 = weights[5]!, p6 = weights[6]!;
  const q0 = weights[7]!, q1 = weights[8]!, q2 = weights[9]!, q3 = weights[10]!;
  const q4 = weights[11]!, q5 = weights[12]!, q6 = weights[13]!;
  const end = lane + extent;
  const y = capacity;
  const z = 2 * capacity;
  const w = 3 * capacity;
  for (let i = lane; i < end; i++) {
    const ax = a[i]!, ay = a[i + y]!, az = a[i + z]!, aw = a[i + w]!;
    const bx = b[i]!, by = b[i + y]!, bz = b[i + z]!, bw = b[i + w]!;
    const dot = ax * bx + ay * by + az * bz + aw * bw;
    const cosine = Math.abs(dot);
    const c = cosine - 1;
    let u = p0 +
      c * (p1 + c * (p2 + c * (p3 + c * (p4 + c * (p5 + c * p6)))));
    let v = q0 +
      c * (q1 + c * (q2 + c * (q3 + c * (q4 + c * (q5 + c * q6)))));
    const scale = 1.5 - 0.5 * (u * u + v * v + 2 * u * v * cosine);
    u *= scale;
    v *= dot < 0 ? -scale : scale;
    out[i] = ax * u + bx * v;
    out[i + y] = ay * u + by * v;
    out[i + z] = az * u + bz * v;
    out[i + w] = aw * u + bw * v;
  }
}

/** Blends the places from 0 to `extent - 1` by sines. */
export function slerpRotations(
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  lane: number,
  capacity: number,
  extent: number,
  blend: number,
): void {
  const end = lane + extent;
  const y = capacity;
  const z = 2 * capacity;
  const w = 3 * capacity;
  for (let i = lane; i < end; i++) {
    const ax = a[i]!, ay = a[i + y]!, az = a[i + z]!, aw = a[i + w]!;
    const bx = b[i]!, by = b[i + y]!, bz = b[i + z]!, bw = b[i + w]!;
    const dot = ax * bx + ay * by + az * bz + aw * bw;
    const angle = Math.acos(Math.min(1, Math.abs(dot)));
    const sine = Math.sin(angle);
    let u = 1 - blend;
    let v = blend;
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
  const y = capacity;
  const z = 2 * capacity;
  const w = 3 * capacity;
  const end = lane + extent;
  for (let i = lane; i < end; i++) {
    const bx = b[i]!, by = b[i + y]!, bz = b[i + z]!, bw = b[i + w]!;
    let ax = a[i]!, ay = a[i + y]!, az = a[i + z]!, aw = a[i + w]!;
    let dot = ax * bx + ay * by + az * bz + aw * bw;
    if (dot < 0) {
      ax = -ax;
      ay = -ay;
      az = -az;
      aw = -aw;
      dot = -dot;
    }
    // The factors of a and b in the last two of the row.
    let a0 = 1, b0 = 0, a1 = 0, b1 = 1;
    for (let step = 0; step <= steps; step++) {
      const a2 = 2 * dot * a1 - a0;
      const b2 = 2 * dot * b1 - b0;
      a0 = a1;
      b0 = b1;
      a1 = a2;
      b1 = b2;
    }
    const c = dot - 1;
    let u = weights[DEGREE]!;
    let v = weights[WEIGHT_COUNT - 1]!;
    for (let k = DEGREE - 1; k >= 0; k--) {
      u = u * c + weights[k]!;
      v = v * c + weights[k + DEGREE + 1]!;
    }
    const scale = 1.5 - 0.5 * (u * u + v * v + 2 * u * v * dot);
    u *= scale;
    v *= scale;
    const fa = u * a0 + v * a1;
    const fb = u * b0 + v * b1;
    out[i] = ax * fa + bx * fb;
    out[i + y] = ay * fa + by * fb;
    out[i + z] = az * fa + bz * fb;
    out[i + w] = aw * fa + bw * fb;
  }
}
