// This module is browser compatible.
import { type Group, INNER, LEVELS, SIGNS, TREES } from "./layout.ts";
import { addSize, levelOf, lg, MOST_SIZE, toShort } from "./numbers.ts";
import type { Pass } from "./pass.ts";

// What an entity's last step, the one before, its neighbours' misses and their changes of
// way count for in its next step, by how long that will be: below 4, 16, 64, and longer.
// The second four are those without neighbours.
const KV = Float64Array.of(0.35, 0.4, 0.75, 1.42, 0.25, 0.05, 0.75, 1.5);
const KB = Float64Array.of(-0.1, -0.13, -0.2, -0.44, -0.1, -0.03, -0.15, -0.52);
const KN = Float64Array.of(0.4, 0.2, 0.3, 1.16);
const KD = Float64Array.of(0, 0.4, 0.7, 0);
const ALONE = 4;
/** What neighbours would be off by if there were any, by `lg`. */
const USUAL_SIZE = 32;
const ROUND = 1 << 30;

/**
 * Codes numbers that move, of an entity that is still there. Its record has its last
 * step, the one before, and how far off the last was.
 *
 * @param isPlace Whether they say where the entity is, as its neighbours do.
 * @returns 1 if any has changed, otherwise 0.
 */
export function codeVector(
  pass: Pass,
  slot: number,
  group: Group,
  isPlace: boolean,
): number {
  const { coder, near, before, after, old, words, capacity, pace } = pass;
  const { decoding, isThorough } = coder;
  const { first, count, max, spare, counters, record } = group;
  const at = pass.at < 0 ? -1 : pass.at + record;
  const to = pass.to < 0 ? -1 : pass.to + record;
  const from = first * capacity + slot;
  let lgSpeed = 0;
  let lgBend = 0;
  let error = 0;
  if (at >= 0) {
    let speed = 0;
    let bend = 0;
    for (let c = 0; c < count; c++) {
      const v1 = old[at + c | 0]! << 16 >> 16;
      const v0 = old[at + count + c | 0]! << 16 >> 16;
      speed += Math.abs(v1);
      bend += Math.abs(v1 - v0);
    }
    lgSpeed = lg(speed);
    lgBend = lg(bend);
    error = old[at + 2 * count]!;
  }
  let differ = 0;
  if (!decoding) {
    for (let c = 0, i = from; c < count; c++, i = i + capacity | 0) {
      differ |= before[i]! ^ after[i]!;
    }
    differ = differ === 0 ? 0 : 1;
  }
  const speedClass = lgSpeed >> 2;
  differ = coder.bit(
    differ,
    counters + (at < 0 ? 0 : 1 + (speedClass > 14 ? 14 : speedClass)),
  );
  const hasNear = isPlace && near.most > 0;
  if (differ === 0) {
    if (hasNear) {
      const { missed, bent } = near;
      for (let c = 0; c < count; c++) {
        const v1 = at < 0 ? 0 : old[at + c | 0]! << 16 >> 16;
        missed[c] = -v1;
        bent[c] = -0.5 * v1;
      }
      near.add(before, from, capacity, count);
    }
    if (to >= 0) { for (let i = 0; i <= 2 * count; i++) words[to + i] = 0; }
    return 0;
  }
  let lgNear = isPlace && !hasNear ? USUAL_SIZE : 0;
  let lgWeight = 0;
  if (hasNear) {
    near.look(before, from, capacity, count);
    lgNear = near.lgSize;
    lgWeight = near.lgWeight;
  }
  const { miss, bend } = near;
  const beforeAll = at < 0
    ? lgNear
    : 2 * lgSpeed - 2 * lgBend + lgNear - 2 * lgWeight;
  const trees = counters + TREES + (at < 0 ? 0 : LEVELS * 16);
  const scale = pace * 0.25;
  let known = 0;
  let ratio = 0;
  let norm = 0;
  let moved = 0;
  for (let c = 0, i = from; c < count; c++, i = i + capacity | 0) {
    const start = before[i]!;
    let v1 = 0;
    let own = 0;
    let help: number;
    if (at < 0) help = hasNear ? miss[c]! : 0;
    else {
      v1 = (old[at + c | 0]! << 16 >> 16) * scale;
      const v0 = (old[at + count + c | 0]! << 16 >> 16) * scale;
      own = v1 + 0.35 * (v1 - v0);
      const near1 = hasNear ? miss[c]! : 0;
      const size = Math.abs(own + near1);
      const k = size < 4 ? 0 : size < 16 ? 1 : size < 64 ? 2 : 3;
      if (hasNear) {
        help = KV[k]! * v1 + KB[k]! * v0 + KN[k]! * near1 - own +
          KD[k]! * bend[c]!;
      } else help = KV[ALONE + k]! * v1 + KB[ALONE + k]! * v0 - own;
    }
    const path = own + help;
    if (c === 1) help += 0.25 * ratio * path / (norm + 2500);
    else if (c === 2) help += 0.45 * ratio * path / (norm + 25);
    const limit = max[c]!;
    let by = own + help;
    by = by > ROUND ? ROUND : by < -ROUND ? -ROUND : by;
    let guess: number;
    if (spare < 0 && limit < ROUND) {
      const whole = Math.floor(start + by + 0.5) | 0;
      guess = whole < 0 ? 0 : whole > limit ? limit : whole;
    } else if (spare < 0) {
      const exact = Math.floor((start >>> 0) + by + 0.5);
      guess = exact < 0 ? 0 : exact > limit ? limit | 0 : exact | 0;
    } else guess = start + Math.floor(by + 0.5) | 0;
    const far = Math.abs(help);
    const lgHelp = lg(far > MOST_SIZE ? MOST_SIZE : far | 0);
    const lgKnown = c === 0
      ? 0
      : lg(c === 1 ? known : c === 2 ? known >> 1 : known / c | 0);
    let sum: number;
    if (at < 0) {
      sum = c === 0
        ? 7 * lgNear + lgWeight + 7 * lgHelp - 80
        : c === 1
        ? 3 * lgNear + 7 * lgHelp + 6 * lgKnown - 88
        : lgNear - lgWeight + 6 * lgHelp + 13 * lgKnown - 152;
    } else {
      sum = c === 0
        ? beforeAll + 8 * error + 3 * lgHelp + 48
        : c === 1
        ? beforeAll + 7 * error + 3 * lgHelp + 5 * lgKnown - 64
        : 3 * lgSpeed - lgBend + 5 * error + lgNear - 4 * lgWeight +
          2 * lgHelp + 13 * lgKnown - 208;
    }
    let off = 0;
    if (!decoding) {
      off = after[i]! - guess | 0;
      if (spare >= 0) off = off << spare >> spare;
    }
    const signs = counters + SIGNS + (c < 3 ? c : 2) * 9;
    off = coder.number(
      off,
      trees + levelOf(sum) * 16,
      isThorough ? signs + signOf(help, 4) * 3 + signOf(v1, 3) : signs,
      counters + INNER,
    );
    let value = guess + off | 0;
    if (decoding) {
      if (spare >= 0) {
        if (off << spare >> spare !== off) {
          pass.fault = "notCanonical";
          return 1;
        }
        value = value << spare >>> spare | 0;
      } else if (value >>> 0 > limit) {
        pass.fault = "range";
        return 1;
      }
      after[i] = value;
      if (start !== value) differ = 2;
    }
    let step = value - start | 0;
    if (spare >= 0) step = step << spare >> spare;
    else if (limit > 0x7fff_ffff) {
      step = toShort((value >>> 0) - (start >>> 0));
    }
    known = addSize(known, Math.abs(off));
    moved = addSize(moved, Math.abs(step));
    ratio += off * path;
    norm += path * path;
    if (isPlace) {
      pass.was[c] = v1;
      pass.now[c] = step;
    }
    if (hasNear) {
      near.missed[c] = step - own;
      near.bent[c] = step - 0.5 * v1;
    }
    if (to >= 0) {
      words[to + c | 0] = toShort(step);
      words[to + count + c | 0] = at < 0 ? toShort(step) : toShort(v1) | 0;
    }
  }
  if (decoding && differ !== 2) pass.fault = "notCanonical";
  if (hasNear) near.add(before, from, capacity, count);
  if (to >= 0) words[to + 2 * count] = lg(known);
  pass.moved = addSize(pass.moved, moved);
  pass.missed = addSize(pass.missed, known);
  return 1;
}

/** 1 and 2 tell which way something goes that goes beyond a limit. */
function signOf(value: number, limit: number): number {
  return value > limit ? 1 : value < -limit ? 2 : 0;
}
