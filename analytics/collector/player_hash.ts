// This module is browser compatible.
import { decodeBase64, encodeBase64 } from "../../core/mod.ts";

const HASH_BYTES = 16;
const ROUNDS = 64;
/** The beginning of the hash, and what is added in each round (FIPS 180-4, sections 5.3.3 and 4.2.2). */
const [INITIAL, ADDED] = constants();
const SCHEDULE = new Int32Array(ROUNDS);

/**
 * What a collector stores in place of an id (PROTOCOL.md, section 1). An id is one block of SHA-256, which takes less
 * time here than the way to what `crypto.subtle` runs in, and a batch need not wait for it.
 *
 * @param id The id of a player or a session: 22 characters of base64url.
 * @returns The first 16 bytes of its SHA-256, in the same form.
 * @throws {RangeError} If it is no id.
 */
export function playerHash(id: string): string {
  const text = id.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = decodeBase64(`${text}==`);
  if (bytes?.length !== HASH_BYTES) {
    throw new RangeError("Cannot hash id as it must be 16 bytes in base64url");
  }
  return encodeBase64(hashBlock(bytes)).slice(0, 22)
    .replaceAll("+", "-").replaceAll("/", "_");
}

/** The first 16 bytes of the SHA-256 of 16 bytes (FIPS 180-4, section 6.2.2). */
function hashBlock(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  const view = new DataView(bytes.buffer);
  const w = SCHEDULE.fill(0);
  for (let i = 0; i < 4; i++) w[i] = view.getInt32(i * 4);
  w[4] = 1 << 31;
  w[15] = HASH_BYTES * 8;
  for (let i = 16; i < ROUNDS; i++) {
    const [x, y] = [w[i - 15]!, w[i - 2]!];
    const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
    const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
    w[i] = w[i - 16]! + s0 + w[i - 7]! + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = INITIAL;
  for (let i = 0; i < ROUNDS; i++) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const t1 = h + s1 + ((e & f) ^ (~e & g)) + ADDED[i]! + w[i]! | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c)) | 0;
    h = g;
    g = f;
    f = e;
    e = d + t1 | 0;
    d = c;
    c = b;
    b = a;
    a = t1 + t2 | 0;
  }
  const hash = new DataView(new ArrayBuffer(HASH_BYTES));
  for (const [i, word] of [a, b, c, d].entries()) {
    hash.setInt32(i * 4, INITIAL[i]! + word);
  }
  return new Uint8Array(hash.buffer);
}

function turn(word: number, bits: number): number {
  return word >>> bits | word << 32 - bits;
}

/** 32 bits behind the point of square roots of the first 8 primes, and of cube roots of the first 64. */
function constants(): [Int32Array, Int32Array] {
  const initial = new Int32Array(8);
  const added = new Int32Array(ROUNDS);
  let count = 0;
  for (let n = 2; count < ROUNDS; n++) {
    let isPrime = true;
    for (let k = 2; k * k <= n; k++) isPrime &&= n % k !== 0;
    if (!isPrime) continue;
    if (count < 8) initial[count] = Math.sqrt(n) % 1 * 2 ** 32;
    added[count] = Math.cbrt(n) % 1 * 2 ** 32;
    count += 1;
  }
  return [initial, added];
}
