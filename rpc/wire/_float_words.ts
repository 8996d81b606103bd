// This module is browser compatible.

// Floats and their bits share memory here. What lies in it is written and read
// within one call, so that nothing survives from one to the next.
export const F32: Float32Array<ArrayBuffer> = new Float32Array(1);
export const F32_WORD: Uint32Array<ArrayBuffer> = new Uint32Array(F32.buffer);
export const F64: Float64Array<ArrayBuffer> = new Float64Array(1);
export const F64_WORDS: Uint32Array<ArrayBuffer> = new Uint32Array(F64.buffer);

// 2^-1074, the smallest double, has only its lowest bit set: it tells which of
// the two words is the low one on this machine.
F64[0] = Number.MIN_VALUE;
/** Where the low 32 bits of a double lie in {@linkcode F64_WORDS}. */
export const LOW: 0 | 1 = F64_WORDS[0] === 1 ? 0 : 1;
/** Where the high 32 bits of a double lie in {@linkcode F64_WORDS}. */
export const HIGH: 0 | 1 = LOW === 0 ? 1 : 0;

/** The only NaN of 32 bits that is canonical. */
export const F32_NAN = 0x7fc00000;
/** The high word of the only NaN of 64 bits that is canonical; the low one is 0. */
export const F64_NAN_HIGH = 0x7ff80000;
/** The exponent of infinities and NaNs, of 32 bits. */
export const F32_EXPONENT = 0x7f800000;
/** The same in the high word of 64 bits. */
export const F64_EXPONENT = 0x7ff00000;
