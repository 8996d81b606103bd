// This module is browser compatible.

// 65536 / (1 + e^-x) at x = -8, -7.5 … 8, since engines differ in exp.
const KNOTS = [
  22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625,
  24743, 32768, 40793, 47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816,
  65097, 65269, 65374, 65438, 65476, 65500, 65514,
];

/**
 * The chance, in 1/65536, for a logit: `SQUASH[logit + 2048]`, the logit in 1/256 from
 * -2048 to 2047.
 */
export const SQUASH: Uint16Array = squash();
/** The logit, in 1/256, of a chance in 1/4096. */
export const STRETCH: Int16Array = stretch();

function squash(): Uint16Array {
  const table = new Uint16Array(4096);
  for (let i = 0; i < 4096; i++) {
    const knot = i >> 7;
    const part = i & 127;
    table[i] = (KNOTS[knot]! * (128 - part) + KNOTS[knot + 1]! * part + 64) >> 7;
  }
  return table;
}

function stretch(): Int16Array {
  const table = new Int16Array(4096);
  let logit = 0;
  for (let i = 0; i < 4096; i++) {
    while (logit < 4095 && SQUASH[logit]! < i * 16 + 8) logit += 1;
    table[i] = logit - 2048;
  }
  return table;
}
