import { assert, assertEquals } from "@std/assert";
import { bucketOf, lowerEnd, MAX_BUCKET, MIN_BUCKET } from "./_log_index.ts";

/** The largest number that is not above 2^(bucket/64), by integers of any size; for buckets that begin at a normal number. */
function floorOfEnd(bucket: number): number {
  const exponent = Math.floor(bucket / 64);
  const part = bucket - 64 * exponent;
  // 2^(52 + part/64) is the 64th root of 2^(64·52 + part): six square roots, each rounded down.
  let root = 1n << BigInt(64 * 52 + part);
  for (let i = 0; i < 6; i++) root = squareRoot(root);
  return Number(root) / 2 ** 52 * 2 ** exponent;
}

function squareRoot(value: bigint): bigint {
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  while (true) {
    const better = (guess + value / guess) >> 1n;
    if (better >= guess) return guess;
    guess = better;
  }
}

function nextUp(value: number): number {
  const bits = new BigInt64Array(Float64Array.of(value).buffer);
  bits[0]!++;
  return new Float64Array(bits.buffer)[0]!;
}

Deno.test("bucketOf() puts each power of two at the end of a bucket", () => {
  for (let power = -1074; power <= 1023; power++) {
    assertEquals(bucketOf(2 ** power), 64 * power - 1, `2^${power}`);
    if (power < -1022) continue;
    assertEquals(bucketOf(nextUp(2 ** power)), 64 * power, `after 2^${power}`);
  }
});

Deno.test("bucketOf() treats subnormal numbers as the same ones scaled up", () => {
  for (
    let value = Number.MIN_VALUE;
    value < 2 ** -1021;
    value = nextUp(value * 1.001)
  ) {
    assertEquals(
      bucketOf(value),
      bucketOf(value * 2 ** 100) - 6400,
      `${value}`,
    );
  }
});

Deno.test("bucketOf() agrees with integers of any size on both sides of every boundary", () => {
  const ends = Array.from({ length: 64 }, (_, part) => floorOfEnd(part));
  for (let exponent = -1022; exponent <= 1023; exponent++) {
    for (let part = 0; part < 64; part++) {
      const end = ends[part]! * 2 ** exponent;
      const bucket = 64 * exponent + part;
      assertEquals(bucketOf(end), bucket - 1, `up to ${end}`);
      assertEquals(bucketOf(nextUp(end)), bucket, `from ${end}`);
      assertEquals(lowerEnd(bucket), end);
    }
  }
});

Deno.test("bucketOf() has no number outside MIN_BUCKET to MAX_BUCKET", () => {
  assertEquals(bucketOf(Number.MIN_VALUE), MIN_BUCKET);
  assertEquals(bucketOf(Number.MAX_VALUE), MAX_BUCKET);
});

Deno.test("bucketOf() never falls as the number grows", () => {
  let last = -Infinity;
  for (let value = 1e-310; value < 1e308; value *= 1.0007) {
    const bucket = bucketOf(value);
    assert(bucket >= last);
    assert(Math.abs(bucket - (Math.ceil(64 * Math.log2(value)) - 1)) <= 1);
    last = bucket;
  }
});
