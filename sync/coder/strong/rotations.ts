// This module is browser compatible.
import { type Group, INNER, LEVELS, SIGNS, TREES } from "./layout.ts";
import { addSize, levelOf, lg, toShort } from "./numbers.ts";
import type { Pass } from "./pass.ts";
import type { RotationMath } from "./rotation_math.ts";

// How much of a turn goes on.
const LASTING = 0.94;
// A sine in a record.
const UNIT = 32_767;
// Of a group's counters: which component is left out.
const SAME = 32;
const SECOND = 48;
const HIGHER = 49;

/**
 * Codes a rotation of an entity that is still there: the component that is left out, and
 * the three others. Its record has the turn, how much it changed, how far off the
 * numbers were, and by how much rolling has told the turn better than going on has.
 *
 * @returns 1 if it has changed, otherwise 0.
 */
export function codeRotation(
  pass: Pass,
  slot: number,
  group: Group,
  math: RotationMath,
): number {
  const { coder, before, after, old, words, capacity } = pass;
  const { decoding } = coder;
  const { first, max, counters, record } = group;
  const at = pass.at < 0 ? -1 : pass.at + record;
  const to = pass.to < 0 ? -1 : pass.to + record;
  const from = first * capacity + slot;
  let differ = 0;
  if (!decoding) {
    for (let c = 0, i = from; c < 4; c++, i = i + capacity | 0) {
      differ |= before[i]! ^ after[i]!;
    }
    differ = differ === 0 ? 0 : 1;
  }
  const lgMoved = lg(pass.moved);
  const movedClass = lgMoved >> 2;
  differ = coder.bit(
    differ,
    counters + (at < 0 ? 0 : 16) + (movedClass > 15 ? 15 : movedClass),
  );
  if (differ === 0) {
    if (to >= 0) { for (let i = 0; i < 6; i++) words[to + i] = 0; }
    return 0;
  }
  const limit = max[1]!;
  const scale = pass.pace * 0.25;
  math.begin(before, from, capacity, limit);
  const { guess, rolled, turned, turn: by } = math;
  let lgTurn = 0;
  let score = 0;
  let lgBend = 0;
  let error = 0;
  if (at >= 0) {
    const x = old[at]! << 16 >> 16;
    const y = old[at + 1 | 0]! << 16 >> 16;
    const z = old[at + 2 | 0]! << 16 >> 16;
    const k = scale / UNIT;
    score = old[at + 5 | 0]! << 16 >> 16;
    by[0] = x * k;
    by[1] = y * k;
    by[2] = z * k;
    math.roll(pass.was, pass.now);
    if (score > 0) {
      by[0] = rolled[0]!;
      by[1] = rolled[1]!;
      by[2] = rolled[2]!;
    } else {
      by[0] = x * k * LASTING;
      by[1] = y * k * LASTING;
      by[2] = z * k * LASTING;
    }
    math.expect();
    const turn = Math.abs(x) + Math.abs(y) + Math.abs(z);
    lgTurn = lg(turn * limit / 32_768 | 0);
    lgBend = old[at + 3 | 0]!;
    error = old[at + 4 | 0]!;
  }
  const largest = codeLargest(pass, from, counters, guess);
  if (decoding) after[from] = largest;
  const isSame = largest === before[from];
  if (!isSame) differ = 2;
  const unit = (guess[largest]! < 0 ? -1 : 1) * Math.SQRT2 * limit;
  const trees = counters + TREES + (at < 0 ? 0 : LEVELS * 16);
  const lgMissed = lg(pass.missed);
  let known = 0;
  let ratio = 0;
  let norm = 0;
  for (let c = 0, i = from; c < 3; c++) {
    // Skips the largest.
    const k = c + (largest - c - 1 >>> 31) | 0;
    i = i + capacity | 0;
    const start = before[i]!;
    const exact = (guess[k]! * unit + limit) * 0.5;
    const path = isSame ? exact - start : 0;
    const whole =
      Math.floor(exact + 0.45 * ratio * path / (norm + 2500) + 0.5) | 0;
    const expected = whole < 0 ? 0 : whole > limit ? limit : whole;
    const lgKnown = c === 0 ? 0 : lg(c === 1 ? known : known >> 1);
    let sum: number;
    if (at < 0) {
      sum = c === 0
        ? 12 * lgMoved - 48
        : c === 1
        ? 14 * lgMoved - 3 * lgKnown
        : 12 * lgMoved - 6 * lgKnown + 16;
    } else {
      sum = c === 0
        ? 5 * error + 6 * lgMissed - 48
        : c === 1
        ? 3 * error + 5 * lgMissed + 6 * lgKnown - 128
        : 2 * lgTurn + lgBend + 2 * error + 4 * lgMissed + 14 * lgKnown - 448;
    }
    const off = coder.number(
      after[i]! - expected | 0,
      trees + levelOf(sum) * 16,
      counters + SIGNS + c * 2 + (expected * 2 > limit ? 1 : 0),
      counters + INNER,
    );
    if (decoding) {
      const value = expected + off | 0;
      if (value < 0 || value > limit) {
        pass.fault = "range";
        return 1;
      }
      after[i] = value;
      if (start !== value) differ = 2;
    }
    known = addSize(known, Math.abs(off));
    ratio += off * path;
    norm += path * path;
  }
  if (decoding && differ !== 2) pass.fault = "notCanonical";
  math.end(after, from, capacity, limit);
  let turn = 0;
  let bend = 0;
  let straight = 0;
  let rolling = 0;
  for (let k = 0; k < 3; k++) {
    const w = turned[k]! * UNIT;
    const rounded = Math.floor(w + 0.5) | 0;
    turn += Math.abs(turned[k]!);
    const last = at < 0 ? 0 : old[at + k | 0]! << 16 >> 16;
    bend += Math.abs(rounded - last);
    straight += Math.abs(w - last * scale * LASTING);
    rolling += Math.abs(w - rolled[k]! * UNIT);
    if (to >= 0) words[to + k | 0] = rounded;
  }
  if (to >= 0) {
    words[to + 3] = lg(bend * limit / 32_768 | 0);
    words[to + 4] = lg(known);
    words[to + 5] = at < 0 ? 0 : toShort(
      score - (score >> 1) + (Math.floor((straight - rolling) / 8) | 0),
    );
  }
  pass.moved = addSize(pass.moved, turn * limit | 0);
  return 1;
}

/** Codes which component is left out: mostly that of what is expected. */
function codeLargest(
  pass: Pass,
  from: number,
  counters: number,
  guess: Float64Array,
): number {
  const { coder } = pass;
  const largest = pass.after[from]!;
  // Mostly it is what it was, by far.
  let one = pass.before[from]!;
  let most = Math.abs(guess[one]!);
  let two = -1;
  let next = -1;
  for (let k = 0; k < 4; k++) {
    if (k === one) continue;
    const size = Math.abs(guess[k]!);
    if (size > next) {
      two = k;
      next = size;
    }
  }
  if (next >= most) {
    one = 0;
    most = Math.abs(guess[0]!);
    two = 1;
    next = -1;
    for (let k = 1; k < 4; k++) {
      const size = Math.abs(guess[k]!);
      if (size > most) {
        two = one;
        next = most;
        one = k;
        most = size;
      } else if (size > next) {
        two = k;
        next = size;
      }
    }
  }
  const gap = (most - next) * 64 | 0;
  const at = counters + SAME + (gap > 15 ? 15 : gap);
  if (coder.bit(largest === one ? 1 : 0, at) === 1) return one;
  if (coder.bit(largest === two ? 1 : 0, counters + SECOND) === 1) return two;
  let low = 0;
  while (low === one || low === two) low++;
  const high = 6 - one - two - low;
  const isHigh = coder.bit(largest === high ? 1 : 0, counters + HIGHER);
  return isHigh === 1 ? high : low;
}
