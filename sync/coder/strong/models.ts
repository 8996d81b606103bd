// This module is browser compatible.
import { BitCoder } from "./bit_coder.ts";
import { SQUASH, STRETCH } from "./logistic.ts";

/** What weights are counted in: 1 / 16384. */
export const WEIGHT_ONE = 16384;

/**
 * Bits whose chances are learnt: counters, one per context, and weights that mix what
 * several contexts say. Both are words of the state that is being built.
 */
export class Models {
  /** Takes or gives the bits. */
  readonly coder: BitCoder = new BitCoder();
  /** The words that hold counters and weights. */
  words: Uint16Array = new Uint16Array(0);

  /** Codes a bit by the counter at word `a`. */
  bit(bit: number, a: number): number {
    const { words } = this;
    const chance = words[a]!;
    bit = this.coder.code(bit, clampChance(chance));
    // Exact at both ends: a counter stays within 16 to 65520.
    words[a] = bit === 1
      ? chance + ((0xffff - chance) >> RATE)
      : chance - (chance >> RATE);
    return bit;
  }

  /** Codes a bit by the counters at words `a` and `b`, mixed by two weights at `w`. */
  mix2(bit: number, a: number, b: number, w: number): number {
    const { words } = this;
    const ca = words[a]!;
    const cb = words[b]!;
    const la = STRETCH[ca >> 4]!;
    const lb = STRETCH[cb >> 4]!;
    const wa = words[w]! << 16 >> 16;
    const wb = words[w + 1]! << 16 >> 16;
    const chance = SQUASH[toLogit(la * wa + lb * wb)]!;
    bit = this.coder.code(bit, chance);
    const miss = ((bit << 16) - chance) >> 2;
    words[w] = toWeight(wa + ((la * miss + 0x1000) >> LEARN));
    words[w + 1] = toWeight(wb + ((lb * miss + 0x1000) >> LEARN));
    if (bit === 1) {
      words[a] = ca + ((0xffff - ca) >> RATE);
      words[b] = cb + ((0xffff - cb) >> RATE);
    } else {
      words[a] = ca - (ca >> RATE);
      words[b] = cb - (cb >> RATE);
    }
    return bit;
  }

  /** Codes a bit by three counters, mixed by three weights at `w`. */
  mix3(bit: number, a: number, b: number, c: number, w: number): number {
    const { words } = this;
    const ca = words[a]!;
    const cb = words[b]!;
    const cc = words[c]!;
    const la = STRETCH[ca >> 4]!;
    const lb = STRETCH[cb >> 4]!;
    const lc = STRETCH[cc >> 4]!;
    const wa = words[w]! << 16 >> 16;
    const wb = words[w + 1]! << 16 >> 16;
    const wc = words[w + 2]! << 16 >> 16;
    const chance = SQUASH[toLogit(la * wa + lb * wb + lc * wc)]!;
    bit = this.coder.code(bit, chance);
    const miss = ((bit << 16) - chance) >> 2;
    words[w] = toWeight(wa + ((la * miss + 0x1000) >> LEARN));
    words[w + 1] = toWeight(wb + ((lb * miss + 0x1000) >> LEARN));
    words[w + 2] = toWeight(wc + ((lc * miss + 0x1000) >> LEARN));
    if (bit === 1) {
      words[a] = ca + ((0xffff - ca) >> RATE);
      words[b] = cb + ((0xffff - cb) >> RATE);
      words[c] = cc + ((0xffff - cc) >> RATE);
    } else {
      words[a] = ca - (ca >> RATE);
      words[b] = cb - (cb >> RATE);
      words[c] = cc - (cc >> RATE);
    }
    return bit;
  }
}

// What a counter moves by: 1/32 of the way.
// deno-lint-ignore no-explicit-any
const T = (globalThis as any).T ?? {};
const RATE = T.rate ?? 5;
// What a weight moves by: two to the minus this, of logit times miss.
const LEARN = T.learn ?? 12;

function toLogit(sum: number): number {
  const logit = (sum >> 14) + 2048;
  return logit < 0 ? 0 : logit > 4095 ? 4095 : logit;
}

function toWeight(weight: number): number {
  return weight < -32768 ? -32768 : weight > 32767 ? 32767 : weight;
}

function clampChance(chance: number): number {
  return chance < 32 ? 32 : chance > 65504 ? 65504 : chance;
}
