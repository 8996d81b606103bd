// This module is browser compatible.

/** Rotations as quaternions, with + - × ÷ and √ alone. */
export class RotationMath {
  /** What the rotation is expected to be. */
  readonly guess: Float64Array = new Float64Array(4);
  /** Sine of half the angle by which it turned, along the axis. */
  readonly turned: Float64Array = new Float64Array(3);
  /** A turn, in the same way. It lies here as floats that are passed go to the heap. */
  readonly turn: Float64Array = new Float64Array(3);
  /** The turn of what rolls. */
  readonly rolled: Float64Array = new Float64Array(3);
  readonly #base: Float64Array = new Float64Array(4);
  readonly #by: Float64Array = new Float64Array(4);

  /** Takes the rotation that is turned. */
  begin(values: Int32Array, from: number, stride: number, limit: number): void {
    const base = this.#base;
    const { guess } = this;
    load(values, from, stride, limit, base);
    for (let k = 0; k < 4; k++) guess[k] = base[k]!;
  }

  /** Expects the turn of {@linkcode RotationMath.turn}. */
  expect(): void {
    const { turn } = this;
    const x = turn[0]!, y = turn[1]!, z = turn[2]!;
    let square = x * x + y * y + z * z;
    if (square === 0) return;
    const by = this.#by;
    let scale = 1;
    if (square > 0.98) {
      scale = Math.sqrt(0.98 / square);
      square = 0.98;
    }
    by[0] = x * scale;
    by[1] = y * scale;
    by[2] = z * scale;
    by[3] = Math.sqrt(1 - square);
    multiply(by, this.#base, this.guess);
  }

  /**
   * Tells how it turns if its turn changes as its way does, which is what rolling is:
   * in the same proportion, and by the same angle.
   */
  roll(was: Float64Array, now: Float64Array): void {
    const { rolled, turn } = this;
    const x = turn[0]!, y = turn[1]!, z = turn[2]!;
    const ax = was[0]!, ay = was[1]!, az = was[2]!;
    const bx = now[0]!, by = now[1]!, bz = now[2]!;
    const a = Math.sqrt(ax * ax + ay * ay + az * az);
    const b = Math.sqrt(bx * bx + by * by + bz * bz);
    const dot = ax * bx + ay * by + az * bz;
    const square = a * b;
    if (square + dot < 0.01 * square || square === 0 || b > 4 * a) {
      rolled[0] = rolled[1] = rolled[2] = 0;
      return;
    }
    const unit = 1 / square;
    const cos = dot * unit;
    const cx = (ay * bz - az * by) * unit;
    const cy = (az * bx - ax * bz) * unit;
    const cz = (ax * by - ay * bx) * unit;
    const along = (cx * x + cy * y + cz * z) / (1 + cos);
    const scale = b / a;
    rolled[0] = (x * cos + cy * z - cz * y + cx * along) * scale;
    rolled[1] = (y * cos + cz * x - cx * z + cy * along) * scale;
    rolled[2] = (z * cos + cx * y - cy * x + cz * along) * scale;
  }

  /** Takes the rotation that it became. */
  end(values: Int32Array, from: number, stride: number, limit: number): void {
    const base = this.#base;
    const by = this.#by;
    load(values, from, stride, limit, this.guess);
    base[0] = -base[0]!;
    base[1] = -base[1]!;
    base[2] = -base[2]!;
    multiply(this.guess, base, by);
    const sign = by[3]! < 0 ? -1 : 1;
    for (let k = 0; k < 3; k++) {
      const w = by[k]! * sign;
      this.turned[k] = w > 1 ? 1 : w < -1 ? -1 : w;
    }
  }
}

function load(
  values: Int32Array,
  from: number,
  stride: number,
  limit: number,
  into: Float64Array,
): void {
  const largest = values[from]!;
  const unit = Math.SQRT1_2 / limit;
  const a = (2 * values[from + stride | 0]! - limit) * unit;
  const b = (2 * values[from + 2 * stride | 0]! - limit) * unit;
  const c = (2 * values[from + 3 * stride | 0]! - limit) * unit;
  const left = 1 - a * a - b * b - c * c;
  // The others go where there is room, without a branch that nobody could foretell.
  into[largest - 1 >>> 31] = a;
  into[1 + (largest - 2 >>> 31)] = b;
  into[2 + (largest - 3 >>> 31)] = c;
  into[largest] = Math.sqrt(left > 0 ? left : 0);
}

function multiply(p: Float64Array, q: Float64Array, into: Float64Array): void {
  const px = p[0]!, py = p[1]!, pz = p[2]!, pw = p[3]!;
  const x = q[0]!, y = q[1]!, z = q[2]!, w = q[3]!;
  into[0] = pw * x + px * w + py * z - pz * y;
  into[1] = pw * y - px * z + py * w + pz * x;
  into[2] = pw * z + px * y - py * x + pz * w;
  into[3] = pw * w - px * x - py * y - pz * z;
}
