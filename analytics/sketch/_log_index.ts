// This module is browser compatible.

/** How many buckets a doubling of the value spans: scale 6 of OpenTelemetry. */
const BUCKETS_PER_DOUBLING = 64;

/**
 * The largest numbers that are not above 2^(k/64): a mantissa is above the
 * boundary itself, which is irrational, exactly if it is above this.
 */
const BOUNDARIES = Float64Array.of(
  1.0,
  1.0108892860517003,
  1.0218971486541166,
  1.0330248790212284,
  1.0442737824274138,
  1.0556451783605572,
  1.0671404006768235,
  1.0787607977571196,
  1.0905077326652575,
  1.102382583307841,
  1.1143867425958924,
  1.1265216186082418,
  1.1387886347566916,
  1.1511892299529827,
  1.1637248587775775,
  1.1763969916502812,
  1.189207115002721,
  1.202156731452703,
  1.2152473599804687,
  1.2284805361068698,
  1.241857812073484,
  1.2553807570246909,
  1.2690509571917332,
  1.2828700160787783,
  1.2968395546510096,
  1.3109612115247642,
  1.325236643159741,
  1.339667524053303,
  1.3542555469368927,
  1.3690024229745905,
  1.3839098819638318,
  1.398979672538311,
  1.414213562373095,
  1.4296133383919698,
  1.4451808069770464,
  1.4609177941806468,
  1.4768261459394991,
  1.4929077282912648,
  1.5091644275934226,
  1.5255981507445382,
  1.5422108254079407,
  1.559004400237837,
  1.5759808451078863,
  1.5931421513422668,
  1.6104903319492543,
  1.6280274218573476,
  1.6457554781539647,
  1.6636765803267364,
  1.681792830507429,
  1.7001063537185233,
  1.7186192981224777,
  1.7373338352737062,
  1.7562521603732995,
  1.7753764925265212,
  1.7947090750031072,
  1.8142521755003986,
  1.8340080864093424,
  1.8539791250833855,
  1.8741676341102997,
  1.8945759815869656,
  1.9152065613971472,
  1.9360617934922943,
  1.9571441241754002,
  1.978456026387951,
);

/** A double and its two words, one after the other: scratch of one call. */
const DOUBLE = new Float64Array(1);
const WORDS = new Uint32Array(DOUBLE.buffer);
DOUBLE[0] = 1;
/** Which of the two words has the exponent, by the byte order of the machine. */
const HIGH = WORDS[1] === 0 ? 0 : 1;
const LOW = 1 - HIGH;

/** By the first 7 bits of a mantissa, none of whose slots has two boundaries: how many boundaries are below all of it. */
const BELOW = new Int32Array(128);
/** The next boundary: the upper 20 bits of its mantissa, and the lower 32. */
const NEXT_HIGH = new Int32Array(128);
const NEXT_LOW = new Uint32Array(128);

for (let slot = 0, below = 0; slot < 128; slot++) {
  while (below < 64 && BOUNDARIES[below]! < 1 + slot / 128) below++;
  BELOW[slot] = below;
  if (below === 64) {
    // Nothing is above the end of the doubling.
    NEXT_HIGH[slot] = 0x100000;
  } else {
    DOUBLE[0] = BOUNDARIES[below]!;
    NEXT_HIGH[slot] = WORDS[HIGH]! & 0xfffff;
    NEXT_LOW[slot] = WORDS[LOW]!;
  }
}

/** The lowest bucket that a number can be in, that of 2^-1074. */
export const MIN_BUCKET = -1074 * BUCKETS_PER_DOUBLING - 1;
/** The highest bucket, which ends at 2^1024. */
export const MAX_BUCKET = 1024 * BUCKETS_PER_DOUBLING - 1;

/**
 * Finds the bucket of a number: ⌈64·log2 value⌉ − 1, exactly, so that bucket i
 * holds what is above 2^(i/64) and not above 2^((i + 1)/64).
 *
 * @param value A number above 0 and finite.
 * @returns The bucket, {@linkcode MIN_BUCKET} to {@linkcode MAX_BUCKET}.
 */
export function bucketOf(value: number): number {
  DOUBLE[0] = value;
  let high = WORDS[HIGH]!;
  let exponent = (high >>> 20) - 1023;
  if (exponent === -1023) {
    // A subnormal number has no leading 1: it gets one by a shift.
    DOUBLE[0] = value * 2 ** 54;
    high = WORDS[HIGH]!;
    exponent = (high >>> 20) - 1023 - 54;
  }
  const mantissa = high & 0xfffff;
  const slot = mantissa >>> 13;
  const next = NEXT_HIGH[slot]!;
  let below = BELOW[slot]!;
  // 1 if the mantissa is above the boundary: half of all are, in no order that a processor could foresee.
  below += (next - mantissa) >>> 31;
  if (mantissa === next && WORDS[LOW]! > NEXT_LOW[slot]!) below++;
  return exponent * BUCKETS_PER_DOUBLING + below - 1;
}

/**
 * Gives the lower end of a bucket, 2^(bucket/64), which itself is in the bucket below.
 *
 * @param bucket A bucket.
 * @returns The end, rounded down; less exact where it is subnormal.
 */
export function lowerEnd(bucket: number): number {
  const exponent = Math.floor(bucket / BUCKETS_PER_DOUBLING);
  return BOUNDARIES[bucket - exponent * BUCKETS_PER_DOUBLING]! * 2 ** exponent;
}
