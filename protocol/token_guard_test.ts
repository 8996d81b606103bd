import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { TokenGuard, type TokenUse } from "./token_guard.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 5_000 : 200;

/** An id of which every byte tells `n`. */
function idOf(n: number): Uint8Array {
  const id = new Uint8Array(16).fill(n);
  new DataView(id.buffer).setUint32(0, n);
  return id;
}

Deno.test("TokenGuard.use() finds a token fresh once", () => {
  const guard = new TokenGuard();
  assertEquals(guard.use(idOf(1), 1_000, 0), "fresh");
  assertEquals(guard.use(idOf(1), 1_000, 0), "replayed");
  assertEquals(guard.use(idOf(2), 1_000, 0), "fresh");
  assertEquals(guard.use(idOf(1), 1_000, 999), "replayed");
  assertEquals(guard.size, 2);
});

Deno.test("TokenGuard.use() finds a token expired from expiresAt on", () => {
  const guard = new TokenGuard();
  assertEquals(guard.use(idOf(1), 1_000, 999), "fresh");
  assertEquals(guard.use(idOf(2), 1_000, 1_000), "expired");
  assertEquals(guard.use(idOf(1), 1_000, 1_001), "expired");
  assertEquals(guard.size, 0);
});

Deno.test("TokenGuard.use() compares ids whole", () => {
  const guard = new TokenGuard();
  assertEquals(guard.use(new Uint8Array(16), 1_000, 0), "fresh");
  for (let bit = 0; bit < 128; bit++) {
    const id = new Uint8Array(16);
    id[bit >>> 3] = 1 << (bit & 7);
    assertEquals(guard.use(id, 1_000, 0), "fresh");
    assertEquals(guard.use(id, 1_000, 0), "replayed");
  }
  assertEquals(guard.size, 129);
});

Deno.test("TokenGuard.use() keeps a copy of the id", () => {
  const guard = new TokenGuard();
  const id = idOf(1);
  guard.use(id, 1_000, 0);
  id.fill(9);
  assertEquals(guard.use(idOf(1), 1_000, 0), "replayed");
  assertEquals(guard.use(id, 1_000, 0), "fresh");
});

Deno.test("TokenGuard.use() refuses new tokens at its capacity, and no others", () => {
  const guard = new TokenGuard({ capacity: 3 });
  for (let n = 0; n < 3; n++) {
    assertEquals(guard.use(idOf(n), 1_000 + n, 0), "fresh");
  }
  assertEquals(guard.use(idOf(3), 9_000, 0), "full");
  assertEquals(guard.use(idOf(3), 9_000, 999), "full");
  assertEquals(guard.use(idOf(1), 1_001, 999), "replayed");
  // What was refused as it was full was not used.
  assertEquals(guard.use(idOf(3), 9_000, 1_000), "fresh");
  assertEquals(guard.use(idOf(4), 9_000, 1_000), "full");
  assertEquals(guard.size, 3);
});

Deno.test("TokenGuard has a capacity of 65536 where none is given", () => {
  const guard = new TokenGuard();
  for (let n = 0; n < 65_536; n++) guard.use(idOf(n), 1_000, 0);
  assertEquals(guard.use(idOf(65_536), 1_000, 0), "full");
  assertEquals(guard.use(idOf(65_535), 1_000, 0), "replayed");
  assertEquals(guard.size, 65_536);
});

Deno.test("TokenGuard.use() forgets the expired little by little", () => {
  const guard = new TokenGuard({ capacity: 1_000 });
  for (let n = 0; n < 1_000; n++) guard.use(idOf(n), 1_000, 0);
  for (let n = 1_000; n < 1_500; n++) {
    assertEquals(guard.use(idOf(n), 2_000, 1_000), "fresh");
  }
  assertEquals(guard.size, 500);
  // Those that are yet to be forgotten are expired all the same.
  const other = new TokenGuard();
  for (let n = 0; n < 100; n++) other.use(idOf(n), 1_000, 0);
  assertEquals(other.use(idOf(99), 1_000, 1_000), "expired");
});

Deno.test("TokenGuard.use() lets no used token in when the clock is set back", () => {
  const guard = new TokenGuard();
  assertEquals(guard.use(idOf(1), 1_000, 0), "fresh");
  assertEquals(guard.use(idOf(2), 5_000, 0), "fresh");
  // An hour ahead by mistake, and back.
  assertEquals(guard.use(idOf(3), 3_700_000, 3_600_000), "fresh");
  assertEquals(guard.size, 1);
  assertEquals(guard.use(idOf(1), 1_000, 10), "expired");
  assertEquals(guard.use(idOf(2), 5_000, 10), "expired");
  assertEquals(guard.use(idOf(3), 3_700_000, 10), "replayed");
  // It costs what expires until then, and not the hour.
  assertEquals(guard.use(idOf(4), 5_000, 10), "expired");
  assertEquals(guard.use(idOf(5), 5_001, 10), "fresh");
});

Deno.test("TokenGuard refuses arguments that it cannot use", () => {
  for (const capacity of [0, -1, 1.5, NaN, Infinity, 2 ** 23 + 1]) {
    assertThrows(
      () => new TokenGuard({ capacity }),
      RangeError,
      `capacity must be an integer from 1 to 8388608: current value is ${capacity}`,
    );
  }
  const guard = new TokenGuard();
  for (const length of [0, 15, 17]) {
    assertThrows(
      () => guard.use(new Uint8Array(length), 1, 0),
      RangeError,
      `tokenId must have 16 bytes: current value is ${length}`,
    );
  }
  for (const [expiresAt, nowMs] of [[NaN, 0], [Infinity, 0], [1, NaN]]) {
    assertThrows(
      () => guard.use(idOf(1), expiresAt!, nowMs!),
      RangeError,
      "must be finite",
    );
  }
  assertEquals(guard.size, 0);
});

/** The same in a few lines, with a full scan. */
class GuardModel {
  readonly capacity: number;
  readonly used = new Map<number, number>();
  forgottenUntil = -Infinity;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  use(n: number, expiresAt: number, nowMs: number): TokenUse {
    for (let i = 0; i < 2; i++) {
      const [first] = [...this.used].sort((a, b) => a[1] - b[1]);
      if (first === undefined || first[1] > nowMs) break;
      this.used.delete(first[0]);
      this.forgottenUntil = Math.max(this.forgottenUntil, first[1]);
    }
    if (expiresAt <= nowMs || expiresAt <= this.forgottenUntil) {
      return "expired";
    }
    if (this.used.has(n)) return "replayed";
    if (this.used.size >= this.capacity) return "full";
    this.used.set(n, expiresAt);
    return "fresh";
  }
}

Deno.test("TokenGuard does what a simple model does", () => {
  const seen = new Map<TokenUse, number>();
  for (let seed = 0; seed < CASES; seed++) {
    const random = new SeededRandom(seed);
    const capacity = 1 + random.nextU32() % 40;
    const guard = new TokenGuard({ capacity });
    const model = new GuardModel(capacity);
    const admitted = new Set<number>();
    let nowMs = 0;
    for (let step = 0; step < 300; step++) {
      // Mostly onwards, at times far, seldom back.
      const kind = random.nextU32() % 40;
      nowMs += kind === 0 ? -100 : kind === 1 ? 300 : random.nextU32() % 4;
      const n = random.nextU32() % 200;
      // The token's own expiry, the same at each of its uses.
      const expiresAt = n * 7 + (n * 13) % 50;
      const got = guard.use(idOf(n), expiresAt, nowMs);
      const where = `seed ${seed}, step ${step}`;
      assertEquals(got, model.use(n, expiresAt, nowMs), where);
      assertEquals(guard.size, model.used.size, where);
      seen.set(got, (seen.get(got) ?? 0) + 1);
      if (got !== "fresh") continue;
      assert(!admitted.has(n), `let in twice: ${where}`);
      admitted.add(n);
    }
  }
  for (const use of ["fresh", "replayed", "expired", "full"] as const) {
    assert((seen.get(use) ?? 0) > CASES, `${use}: ${seen.get(use)}`);
  }
});
