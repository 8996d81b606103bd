// This module is browser compatible.
import { checkInteger } from "../../../core/mod.ts";
import type { ByteWriter } from "../../../protocol/mod.ts";
import type { EntityTable, TableForm } from "../../snapshot/entity_table.ts";
import type { CoderFault, CoderState, TableCoder } from "../table_coder.ts";
import {
  type Group,
  INNER,
  type Layout,
  layoutOf,
  LEVELS,
  REACH,
  RECORDS,
  SHARED,
  SIGNS,
  TREES,
} from "./layout.ts";
import { BitCoder } from "./bit_coder.ts";
import { freshWords } from "./fresh_words.ts";
import { Neighbours } from "./neighbours.ts";
import { Rotation } from "./rotation.ts";
import { StrongState } from "./strong_state.ts";

// How much of a turn goes on.
const LASTING = 0.94;
// From sixteenths of an eighth of an octave to levels of half an octave.
const SHIFT = 6;
// What an entity's last step, the one before, its neighbours' misses and their changes of
// way count for in its next step, by how long that will be: below 4, 16, 64, and longer.
const KV = [0.35, 0.4, 0.75, 1.42];
const KB = [-0.1, -0.13, -0.2, -0.44];
const KN = [0.4, 0.2, 0.3, 1.16];
const KD = [0, 0.4, 0.7, 0];
// Counters that all groups share.
const S_WORD = SHARED;
const S_SLOT = SHARED + 16;
const S_KEPT = SHARED + 144;
const S_ALIVE = SHARED + 146;
const S_NEXT = SHARED + 148;
const S_BLOB = SHARED + 149;
const S_PACE = SHARED + 152;

/** Eight times the binary logarithm of an integer and one more, rounded down. */
export function lg(value: number): number {
  const v = value >= 0x3fffffff ? 0x3fffffff : value + 1;
  const e = 31 - Math.clz32(v);
  return e >= 3 ? e * 8 + ((v >> (e - 3)) & 7) : e * 8 + ((v << (3 - e)) & 7);
}

/** The options of {@linkcode StrongCoder}. */
export interface StrongCoderOptions {
  /**
   * How many of the entities coded last each further one is compared with: an integer
   * from 1 to 128, the same at both ends. More take more time and fewer bytes.
   *
   * @default {128}
   */
  readonly neighbours?: number;
}

/**
 * A coder that learns how likely things are and how entities move.
 *
 * All that it has learnt lies in the state, which is kept with the snapshot that it came
 * with: what is coded against a snapshot that the other end has is understood there,
 * whatever was lost or overtaken in between.
 *
 * An entity is expected to go on as it went in the base's own step, corrected by what
 * those near it that are already coded did otherwise; what rolls turns as its way does.
 * What is sent is how far that is off: its length in bits by a tree whose counters are
 * chosen by how far off it will probably be.
 *
 * The numbers that weigh this were fitted to the first half of a recording of rigid
 * bodies (`bench/data`); they are the same for every schema.
 */
export class StrongCoder implements TableCoder {
  readonly #layout: Layout;
  readonly #fresh: Uint16Array;
  readonly #coder = new BitCoder();
  readonly #near: Neighbours;
  readonly #rotation = new Rotation();
  readonly #previous: Int32Array;
  readonly #mode: Group | undefined;
  #fault: CoderFault | undefined;
  // numbers
  #base!: EntityTable;
  #current!: EntityTable;
  #old!: Uint16Array;
  #at = 0;
  #to = 0;
  #pace = 4;
  #moved = 0;
  #missed = 0;
  readonly #was = new Float64Array(3);
  readonly #now = new Float64Array(3);

  constructor(form: TableForm, options: StrongCoderOptions = {}) {
    const { neighbours = 128 } = options;
    checkInteger("neighbours", neighbours, 1, 128);
    this.#near = new Neighbours(neighbours);
    this.#layout = layoutOf(form);
    this.#fresh = freshWords(this.#layout);
    this.#previous = new Int32Array(form.columns.length);
    this.#mode = this.#layout.groups.find((g) =>
      g.kind === "word" && g.max[0]! <= 3
    );
  }

  createState(): StrongState {
    return new StrongState(this.#layout, this.#fresh);
  }

  encode(
    base: EntityTable,
    baseState: CoderState | undefined,
    current: EntityTable,
    state: CoderState | undefined,
    changed: Uint32Array,
    writer: ByteWriter,
  ): void {
    const coder = this.#coder;
    coder.beginEncode();
    this.#run(
      base,
      baseState as StrongState,
      current,
      state as StrongState,
      changed,
    );
    coder.endEncode();
    const { bytes, length } = coder;
    for (let i = 0; i < length; i++) writer.u8(bytes[i]!);
  }

  decode(
    bytes: Uint8Array,
    start: number,
    end: number,
    base: EntityTable,
    baseState: CoderState | undefined,
    current: EntityTable,
    state: CoderState | undefined,
    changed: Uint32Array,
  ): number | CoderFault {
    const coder = this.#coder;
    coder.beginDecode(bytes, start, end);
    this.#run(
      base,
      baseState as StrongState,
      current,
      state as StrongState,
      changed,
    );
    const at = coder.endDecode();
    if (this.#fault !== undefined) return this.#fault;
    return at === -1 ? "truncated" : at === -2 ? "notCanonical" : at;
  }

  #run(
    base: EntityTable,
    baseState: StrongState,
    current: EntityTable,
    state: StrongState,
    changed: Uint32Array,
  ): void {
    const coder = this.#coder;
    const { decoding } = coder;
    const { modelWords, recordWords, maxRecords } = this.#layout;
    const old = baseState.words;
    const words = state.words;
    for (let i = 0; i < modelWords; i++) words[i] = old[i]!;
    coder.counters = words;
    this.#old = old;
    this.#base = base;
    this.#current = current;
    this.#fault = undefined;
    this.#previous.fill(0);
    this.#near.begin(words[REACH]!);
    const oldEnd = modelWords + recordWords * old[RECORDS]!;
    const newEnd = modelWords + recordWords * maxRecords;
    let at = modelWords;
    let to = modelWords;
    let wordBefore = 0;
    let before = 0;
    this.#pace = this.#codePace(decoding ? 4 : this.#findPace(changed));
    const { capacity } = base;
    for (let first = 0; first < capacity; first += 32) {
      const word = first >> 5;
      let inWord = 0;
      for (let a = at; a < oldEnd && old[a]! < first + 32; a += recordWords) {
        inWord++;
      }
      let mask = 0;
      if (!decoding) mask = this.#differing(changed[word]!, first);
      const any = coder.bit(
        mask === 0 ? 0 : 1,
        S_WORD + (inWord > 3 ? 3 : inWord) * 2 + wordBefore,
      );
      wordBefore = any;
      if (any === 0) {
        at += inWord * recordWords;
        continue;
      }
      const count = Math.min(32, capacity - first);
      let seen = 0;
      for (let i = 0; i < count; i++) {
        const slot = first + i;
        const has = at < oldEnd && old[at] === slot;
        const activity = has ? 1 + Math.min(6, old[at + 1]! >> 4) : 0;
        const mode = this.#mode === undefined
          ? 0
          : base.values[this.#mode.first * capacity + slot]! & 3;
        const flag = coder.bit(
          mask >>> i & 1,
          S_SLOT + (activity * 4 + mode) * 4 + (before & 3),
        );
        before = before << 1 | flag;
        if (flag === 1) {
          seen = 1;
          if (decoding) changed[word]! |= 1 << i;
          this.#at = has ? at : -1;
          this.#to = to < newEnd ? to : -1;
          if (this.#slot(slot)) to += this.#to >= 0 ? recordWords : 0;
          if (decoding && coder.isExhausted) this.#fault ??= "truncated";
          if (this.#fault !== undefined) return;
        }
        if (has) at += recordWords;
      }
      if (seen === 0) {
        this.#fault = "notCanonical";
        return;
      }
    }
    if (decoding && this.#findPace(changed) !== this.#pace) {
      this.#fault = "notCanonical";
      return;
    }
    words[RECORDS] = (to - modelWords) / recordWords;
    words[REACH] = this.#near.nextReach;
  }

  /** Which places do differ, of those that may. */
  #differing(mask: number, first: number): number {
    const base = this.#base;
    const current = this.#current;
    const { capacity } = base;
    if (capacity - first < 32) mask &= (1 << (capacity - first)) - 1;
    let left = mask;
    while (left !== 0) {
      const bit = left & -left;
      left ^= bit;
      const slot = first + 31 - Math.clz32(bit);
      if (!differs(base, current, slot, capacity)) mask ^= bit;
    }
    return mask;
  }

  /** How much longer than the base's own step this one is, in quarters. */
  #findPace(changed: Uint32Array): number {
    const { place, modelWords, recordWords } = this.#layout;
    if (place === undefined) return 4;
    const base = this.#base.values;
    const current = this.#current.values;
    const { capacity } = this.#base;
    const old = this.#old;
    const end = modelWords + recordWords * old[RECORDS]!;
    let dot = 0;
    let square = 0;
    for (let a = modelWords; a < end; a += recordWords) {
      const slot = old[a]!;
      if ((changed[slot >>> 5]! >>> (slot & 31) & 1) === 0) continue;
      let ways = 0;
      let squares = 0;
      let differ = 0;
      for (let c = 0; c < place.count; c++) {
        const v = old[a + place.record + c]! << 16 >> 16;
        const at = (place.first + c) * capacity + slot;
        const d = (current[at]! >>> 0) - (base[at]! >>> 0);
        if (d !== 0) differ = 1;
        if (d > 4096 || d < -4096) continue;
        ways += d * v;
        squares += v * v;
      }
      if (differ === 0) continue;
      dot += ways;
      square += squares;
    }
    if (square === 0 || dot <= 0) return 4;
    const ratio = dot / square;
    if (ratio > 0.6 && ratio < 1.6) return 4;
    return Math.max(1, Math.min(16, Math.round(ratio * 4)));
  }

  #codePace(pace: number): number {
    const coder = this.#coder;
    let node = 1;
    for (let b = 3; b >= 0; b--) {
      node = node * 2 + coder.bit((pace - 1) >> b & 1, S_PACE + node);
    }
    return node - 16 + 1;
  }

  /** Codes a place that differs; tells whether it has left a record. */
  #slot(slot: number): boolean {
    const coder = this.#coder;
    const base = this.#base;
    const current = this.#current;
    const wasAlive = base.isAlive(slot);
    const step = current.generations[slot]! - base.generations[slot]! & 0xffff;
    const kept = coder.bit(
      wasAlive && step === 0 && current.isAlive(slot) ? 1 : 0,
      S_KEPT + (wasAlive ? 1 : 0),
    );
    if (kept === 0) {
      this.#change(slot, wasAlive, step);
      return false;
    }
    if (!wasAlive) {
      this.#fault = "notCanonical";
      return false;
    }
    const { groups, place } = this.#layout;
    const to = this.#to;
    this.#moved = 0;
    this.#missed = 0;
    this.#was.fill(0);
    this.#now.fill(0);
    let any = 0;
    for (let g = 0; g < groups.length; g++) {
      const group = groups[g]!;
      if (group.kind === "vector") {
        any |= this.#vector(slot, group, group === place);
      } else if (group.kind === "rotation") any |= this.#turned(slot, group);
      else any |= this.#word(slot, group, any === 0 ? 0 : 1);
      if (this.#fault !== undefined) return false;
    }
    any |= this.#blobs(slot, false);
    if (any === 0) this.#fault = "notCanonical";
    if (to >= 0) {
      const { counters: words } = coder;
      words[to] = slot;
      words[to + 1] = lg(this.#moved);
    }
    return true;
  }

  #vector(slot: number, group: Group, isPlace: boolean): number {
    const coder = this.#coder;
    const { counters: words, decoding } = coder;
    const { first, count, max, turn, counters, record } = group;
    const { capacity } = this.#base;
    const base = this.#base.values;
    const current = this.#current.values;
    const old = this.#old;
    const at = this.#at < 0 ? -1 : this.#at + record;
    const to = this.#to < 0 ? -1 : this.#to + record;
    const from = first * capacity + slot;
    let speed = 0;
    let bend = 0;
    let error = 0;
    const pace = this.#pace;
    if (at >= 0) {
      for (let c = 0; c < count; c++) {
        const v1 = old[at + c]! << 16 >> 16;
        const v0 = old[at + count + c]! << 16 >> 16;
        speed += v1 < 0 ? -v1 : v1;
        bend += v1 < v0 ? v0 - v1 : v1 - v0;
      }
      error = old[at + 2 * count]!;
    }
    const lgSpeed = lg(speed);
    let differ = 0;
    if (!decoding) {
      for (let c = 0, i = from; c < count; c++, i += capacity) {
        if (base[i] !== current[i]) differ = 1;
      }
    }
    const flagAt = counters + (at < 0 ? 0 : 1 + Math.min(14, lgSpeed >> 2));
    differ = coder.bit(differ, flagAt);
    const near = this.#near;
    if (isPlace) near.look(base, from, capacity, count);
    if (differ === 0) {
      if (isPlace) {
        for (let c = 0; c < count; c++) {
          const v1 = at < 0 ? 0 : old[at + c]! << 16 >> 16;
          near.missed[c] = -v1;
          near.bent[c] = -0.5 * v1;
        }
        near.add(base, from, capacity, count);
      }
      if (to >= 0) { for (let i = 0; i <= 2 * count; i++) words[to + i] = 0; }
      return 0;
    }
    const lgBend = lg(bend);
    let known = 0;
    let ratio = 0, norm = 0;
    let moved = 0;
    const fresh = at < 0 ? 0 : 1;
    const lgNear = lg(near.size | 0);
    const lgWeight = Math.min(60, lg(near.weight * 100 | 0));
    for (let c = 0, i = from; c < count; c++, i += capacity) {
      const start = base[i]! >>> 0;
      const v1 = at < 0 ? 0 : (old[at + c]! << 16 >> 16) * pace * 0.25;
      const v0 = at < 0 ? 0 : (old[at + count + c]! << 16 >> 16) * pace * 0.25;
      const own = v1 + 0.35 * (v1 - v0);
      const near1 = isPlace ? near.miss[c]! : 0;
      const size = Math.abs(own + near1);
      const cl = size < 4 ? 0 : size < 16 ? 1 : size < 64 ? 2 : 3;
      let help = at < 0
        ? near1
        : KV[cl]! * v1 + KB[cl]! * v0 + KN[cl]! * near1 - own;
      if (at >= 0) help += KD[cl]! * (isPlace ? near.bend[c]! : 0);
      const path = own + help;
      if (c === 2) help += 0.45 * ratio * path / (norm + 25);
      else if (c === 1) help += 0.25 * ratio * path / (norm + 2500);
      const limit = max[c]!;
      let guess = Math.floor(start + own + help + 0.5);
      if (turn === 0) guess = guess < 0 ? 0 : guess > limit ? limit : guess;
      const lgHelp = lg(help < 0 ? -help | 0 : help | 0);
      const lgKnown = c === 0 ? 0 : lg(known / c | 0);
      let level = at < 0
        ? c === 0
          ? (7 * lgNear + lgWeight + 7 * lgHelp - 80) >> SHIFT
          : c === 1
          ? (3 * lgNear + 7 * lgHelp + 6 * lgKnown - 88) >> SHIFT
          : (lgNear - lgWeight + 6 * lgHelp + 13 * lgKnown - 152) >> SHIFT
        : c === 0
        ? (2 * lgSpeed - 2 * lgBend + 8 * error + lgNear - 2 * lgWeight +
          3 * lgHelp + 48) >> SHIFT
        : c === 1
        ? (2 * lgSpeed - 2 * lgBend + 7 * error + lgNear - 2 * lgWeight +
          3 * lgHelp + 5 * lgKnown - 64) >> SHIFT
        : (3 * lgSpeed - lgBend + 5 * error + lgNear - 4 * lgWeight +
          2 * lgHelp + 13 * lgKnown - 208) >> SHIFT;
      level = level < 0 ? 0 : level >= LEVELS ? LEVELS - 1 : level;
      let off = 0;
      if (!decoding) {
        off = (current[i]! >>> 0) - guess;
        if (turn !== 0) off -= Math.floor(off / turn + 0.5) * turn;
      }
      off = this.#number(
        off,
        counters + TREES + (fresh * LEVELS + level) * 16,
        counters + INNER,
        counters + SIGNS + c * 9 + (help > 4 ? 1 : help < -4 ? 2 : 0) * 3 +
          (v1 > 3 ? 1 : v1 < -3 ? 2 : 0),
      );
      const far = off < 0 ? -off : off;
      ratio += off * path;
      norm += path * path;
      let value = guess + off;
      if (decoding) {
        if (turn !== 0) value -= Math.floor(value / turn) * turn;
        if (value < 0 || value > limit) {
          this.#fault = "range";
          return 1;
        }
        current[i] = value | 0;
        if (base[i] !== current[i]) differ = 2;
      }
      let step = value - start;
      if (turn !== 0) step -= Math.floor(step / turn + 0.5) * turn;
      known += far;
      moved += step < 0 ? -step : step;
      if (isPlace) {
        this.#was[c] = v1;
        this.#now[c] = step;
        near.missed[c] = step - own;
        near.bent[c] = step - 0.5 * v1;
      }
      if (to >= 0) {
        words[to + c] = step > 32767 ? 32767 : step < -32768 ? -32768 : step;
        words[to + count + c] = at < 0 ? step : v1;
      }
    }
    if (decoding && differ !== 2) this.#fault = "notCanonical";
    if (isPlace) near.add(base, from, capacity, count);
    if (to >= 0) words[to + 2 * count] = lg(known);
    this.#moved += moved;
    this.#missed += known;
    return 1;
  }

  #turned(slot: number, group: Group): number {
    const coder = this.#coder;
    const { counters: words, decoding } = coder;
    const { first, max, counters, record } = group;
    const { capacity } = this.#base;
    const base = this.#base.values;
    const current = this.#current.values;
    const old = this.#old;
    const at = this.#at < 0 ? -1 : this.#at + record;
    const to = this.#to < 0 ? -1 : this.#to + record;
    const from = first * capacity + slot;
    let differ = 0;
    if (!decoding) {
      for (let c = 0, i = from; c < 4; c++, i += capacity) {
        if (base[i] !== current[i]) differ = 1;
      }
    }
    const lgMoved = lg(this.#moved);
    differ = coder.bit(
      differ,
      counters + (at < 0 ? 0 : 16) + Math.min(15, lgMoved >> 2),
    );
    if (differ === 0) {
      if (to >= 0) { for (let i = 0; i < 6; i++) words[to + i] = 0; }
      return 0;
    }
    const limit = max[1]!;
    const rotation = this.#rotation;
    rotation.begin(base, from, capacity, limit);
    let lgTurn = 0;
    let score = 0;
    let lgBend = 0;
    let error = 0;
    if (at >= 0) {
      const x = old[at]! << 16 >> 16;
      const y = old[at + 1]! << 16 >> 16;
      const z = old[at + 2]! << 16 >> 16;
      const k = this.#pace * 0.25 / 32767;
      score = old[at + 5]! << 16 >> 16;
      rotation.roll(this.#was, this.#now, x * k, y * k, z * k);
      if (score > (0)) {
        rotation.turn(
          rotation.rolled[0]!,
          rotation.rolled[1]!,
          rotation.rolled[2]!,
        );
      } else rotation.turn(x * k * LASTING, y * k * LASTING, z * k * LASTING);
      lgTurn = lg(
        ((x < 0 ? -x : x) + (y < 0 ? -y : y) + (z < 0 ? -z : z)) * limit >> 15,
      );
      lgBend = old[at + 3]!;
      error = old[at + 4]!;
    }
    const { guess } = rotation;
    let one = 0;
    for (let k = 1; k < 4; k++) {
      if (Math.abs(guess[k]!) > Math.abs(guess[one]!)) one = k;
    }
    let two = one === 0 ? 1 : 0;
    for (let k = 0; k < 4; k++) {
      if (k !== one && Math.abs(guess[k]!) > Math.abs(guess[two]!)) two = k;
    }
    const gap = Math.min(
      15,
      (Math.abs(guess[one]!) - Math.abs(guess[two]!)) * 64 | 0,
    );
    let largest = current[from]!;
    const same = coder.bit(largest === one ? 1 : 0, counters + 32 + gap);
    if (same === 1) largest = one;
    else {
      const second = coder.bit(largest === two ? 1 : 0, counters + 48);
      if (second === 1) largest = two;
      else {
        let low = 0;
        while (low === one || low === two) low++;
        const high = 6 - one - two - low;
        largest = coder.bit(largest === high ? 1 : 0, counters + 49) === 1
          ? high
          : low;
      }
    }
    if (decoding) current[from] = largest;
    if (largest !== base[from]) differ = 2;
    const sign = guess[largest]! < 0 ? -1 : 1;
    let known = 0;
    let ratio = 0, norm = 0;
    const lgMissed = lg(this.#missed);
    for (let k = 0, c = 1; k < 4; k++) {
      if (k === largest) continue;
      const i = from + c * capacity;
      const exact = (guess[k]! * sign * Math.SQRT2 * limit + limit) * 0.5;
      const path = largest === base[from]! ? exact - base[i]! : 0;
      let expected = Math.floor(
        exact + (0.45) * ratio * path / (norm + 2500) + 0.5,
      );
      expected = expected < 0 ? 0 : expected > limit ? limit : expected;
      const lgKnown = c === 1 ? 0 : lg(known / (c - 1) | 0);
      let level = at < 0
        ? c === 1
          ? (12 * lgMoved - 48) >> SHIFT
          : c === 2
          ? (14 * lgMoved - 3 * lgKnown) >> SHIFT
          : (12 * lgMoved - 6 * lgKnown + 16) >> SHIFT
        : c === 1
        ? (5 * error + 6 * lgMissed - 48) >> SHIFT
        : c === 2
        ? (3 * error + 5 * lgMissed + 6 * lgKnown - 128) >> SHIFT
        : (2 * lgTurn + lgBend + 2 * error + 4 * lgMissed + 14 * lgKnown -
          448) >> SHIFT;
      level = level < 0 ? 0 : level >= LEVELS ? LEVELS - 1 : level;
      const off = this.#number(
        current[i]! - expected,
        counters + TREES + ((at < 0 ? 0 : 1) * LEVELS + level) * 16,
        counters + INNER,
        counters + SIGNS + (c - 1) * 2 + (expected * 2 > limit ? 1 : 0),
      );
      if (decoding) {
        const value = expected + off;
        if (value < 0 || value > limit) {
          this.#fault = "range";
          return 1;
        }
        current[i] = value;
        if (base[i] !== value) differ = 2;
      }
      known += off < 0 ? -off : off;
      ratio += off * path;
      norm += path * path;
      c += 1;
    }
    if (decoding && differ !== 2) this.#fault = "notCanonical";
    rotation.end(current, from, capacity, limit);
    const { turned } = rotation;
    if (to >= 0) {
      let bend = 0;
      for (let k = 0; k < 3; k++) {
        const w = Math.floor(turned[k]! * 32767 + 0.5);
        const before = at < 0 ? 0 : old[at + k]! << 16 >> 16;
        bend += w < before ? before - w : w - before;
        words[to + k] = w;
      }
      if (at >= 0) {
        let straight = 0;
        let rolling = 0;
        const kk = this.#pace * 0.25 * LASTING;
        for (let k = 0; k < 3; k++) {
          const w = turned[k]! * 32767;
          straight += Math.abs(w - (old[at + k]! << 16 >> 16) * kk);
          rolling += Math.abs(w - rotation.rolled[k]! * 32767);
        }
        const by = Math.floor((straight - rolling) / 8);
        score = score - (score >> 1) + by;
        words[to + 5] = score > 32767 ? 32767 : score < -32768 ? -32768 : score;
      } else words[to + 5] = 0;
      words[to + 3] = lg(bend * limit >> 15);
      words[to + 4] = lg(known);
    }
    this.#moved +=
      (Math.abs(turned[0]!) + Math.abs(turned[1]!) + Math.abs(turned[2]!)) *
        limit | 0;
    return 1;
  }

  #word(slot: number, group: Group, others: number): number {
    const coder = this.#coder;
    const { decoding } = coder;
    const { first, max, counters } = group;
    const i = first * this.#base.capacity + slot;
    const before = this.#base.values[i]!;
    const current = this.#current.values;
    let difference = decoding ? 0 : before ^ current[i]!;
    if (
      coder.bit(
        difference === 0 ? 0 : 1,
        counters + others * 2 + (before & 1),
      ) === 0
    ) return 0;
    const limit = max[0]!;
    if (limit === 1) difference = 1;
    else {
      const bits = 32 - Math.clz32(limit);
      let all = 0;
      for (let b = bits - 1; b >= 0; b--) {
        all = all << 1 |
          coder.bit(
            difference >>> b & 1,
            counters + 4 + b * 3 + (all === 0 ? 0 : 1 + (all & 1)),
          );
      }
      difference = all;
    }
    if (decoding) {
      const value = before ^ difference;
      if (value >>> 0 > limit) this.#fault = "range";
      else if (difference === 0) this.#fault = "notCanonical";
      else current[i] = value;
    }
    return 1;
  }

  /** Codes how far a number is off. */
  #number(off: number, tree: number, inner: number, sign: number): number {
    const coder = this.#coder;
    let far = off < 0 ? -off : off;
    let bits = far === 0 ? 0 : far > 0xffffffff ? 33 : 32 - Math.clz32(far);
    const code = bits > 15 ? 15 : bits;
    bits = coder.tree(code, tree);
    if (bits === 0) return 0;
    if (bits === 15) return this.#large(far, off, sign);
    if (bits > 1) {
      let left = bits - 1;
      let value = 1;
      left--;
      const y = coder.bit(far >> left & 1, inner + bits);
      value = 2 + y;
      if (left > 0) {
        left--;
        value = value * 2 +
          coder.bit(far >> left & 1, inner + 16 + bits * 2 + y);
        if (left > 0) {
          value = value << left | coder.even(far & (1 << left) - 1, left);
        }
      }
      far = value;
    } else far = 1;
    return coder.bit(off < 0 ? 1 : 0, sign) === 1 ? -far : far;
  }

  /** 2^14 and more. */
  #large(far: number, off: number, sign: number): number {
    const coder = this.#coder;
    const high = coder.even(Math.floor(far / 65536), 16);
    const low = coder.even(far % 65536, 16);
    const value = high * 65536 + low;
    if (value < 0x4000) this.#fault = "notCanonical";
    return this.#coder.bit(off < 0 ? 1 : 0, sign) === 1 ? -value : value;
  }

  #change(slot: number, wasAlive: boolean, step: number): void {
    const coder = this.#coder;
    const { decoding } = coder;
    const base = this.#base;
    const current = this.#current;
    const { capacity } = base;
    const alive = coder.bit(
      current.isAlive(slot) ? 1 : 0,
      S_ALIVE + (wasAlive ? 1 : 0),
    );
    const isNext = coder.bit(step === 1 ? 1 : 0, S_NEXT);
    const by = isNext === 1 ? 1 : coder.even(step, 16);
    if (decoding) {
      if (
        (by === 1) !== (isNext === 1) || by === 0 && (alive === 1) === wasAlive
      ) {
        this.#fault = "notCanonical";
        return;
      }
      const generation = base.generations[slot]! + by & 0xffff;
      if (alive === 1) current.place(slot, generation);
      else {
        current.clear(slot);
        current.generations[slot] = generation;
      }
    }
    if (alive === 0) return;
    const previous = this.#previous;
    const { values } = current;
    for (const group of this.#layout.groups) {
      const { kind, first, count, max, counters } = group;
      for (let c = 0; c < (kind === "rotation" ? 4 : count); c++) {
        const i = (first + c) * capacity + slot;
        const limit = max[c]!;
        if (kind === "vector") {
          const guess = previous[first + c]! >>> 0;
          const off = this.#number(
            (values[i]! >>> 0) - guess,
            counters + TREES + (LEVELS - 1) * 16,
            counters + INNER,
            counters + SIGNS + 27,
          );
          const value = guess + off;
          if (value < 0 || value > limit) this.#fault = "range";
          else values[i] = value;
        } else {
          const value = coder.even32(values[i]! >>> 0);
          if (value > limit) this.#fault = "range";
          else values[i] = value;
        }
        previous[first + c] = values[i]!;
      }
      if (this.#fault !== undefined) return;
    }
    this.#blobs(slot, true);
  }

  #blobs(slot: number, isNew: boolean): number {
    const coder = this.#coder;
    const { decoding } = coder;
    const { capacity } = this.#base;
    const before = this.#base.blobs;
    const current = this.#current.blobs;
    let any = 0;
    for (let i = slot; i < current.length; i += capacity) {
      const was = isNew ? NO_BYTES : before[i]!;
      const differ = coder.bit(
        !decoding && !areSame(was, current[i]!) ? 1 : 0,
        S_BLOB,
      );
      if (differ === 0) {
        if (decoding) current[i] = was;
        continue;
      }
      any = 1;
      const length = coder.even32(current[i]!.length);
      if (decoding) {
        if (length > coder.remaining) {
          this.#fault = "truncated";
          return 1;
        }
        current[i] = new Uint8Array(length);
      }
      const blob = current[i]!;
      for (let k = 0; k < length; k++) blob[k] = coder.even(blob[k]!, 8);
      if (decoding && areSame(was, blob)) this.#fault = "notCanonical";
    }
    return any;
  }
}

const NO_BYTES = new Uint8Array(0);

function differs(
  base: EntityTable,
  current: EntityTable,
  slot: number,
  capacity: number,
): boolean {
  if (base.isAlive(slot) !== current.isAlive(slot)) return true;
  if (base.generations[slot] !== current.generations[slot]) return true;
  const { values, blobs } = current;
  for (let i = slot; i < values.length; i += capacity) {
    if (values[i] !== base.values[i]) return true;
  }
  for (let i = slot; i < blobs.length; i += capacity) {
    if (!areSame(blobs[i]!, base.blobs[i]!)) return true;
  }
  return false;
}

function areSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
