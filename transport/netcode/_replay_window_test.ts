import { assert, assertEquals, assertFalse } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { ReplayWindow } from "./_replay_window.ts";

const SEEDS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 20_000 : 200;
const STEPS = 300;
const LAST = 2n ** 64n - 1n;

/** A window that takes sequences whole. */
class Window {
  readonly #window = new ReplayWindow();

  isReplay(sequence: bigint): boolean {
    return this.#window.isReplay(...halves(sequence));
  }

  advance(sequence: bigint): void {
    this.#window.advance(...halves(sequence));
  }

  reset(): void {
    this.#window.reset();
  }
}

function halves(sequence: bigint): [number, number] {
  return [Number(sequence >> 32n), Number(sequence & 0xffff_ffffn)];
}

/** The same by a set of all that came. */
class Model {
  readonly #seen = new Set<bigint>();
  #newest = 0n;

  isReplay(sequence: bigint): boolean {
    return this.#newest - sequence >= 256n || this.#seen.has(sequence);
  }

  advance(sequence: bigint): void {
    this.#seen.add(sequence);
    if (sequence > this.#newest) this.#newest = sequence;
  }
}

Deno.test("ReplayWindow lets each sequence in once, 0 too", () => {
  const window = new Window();
  for (let sequence = 0n; sequence < 1_000n; sequence++) {
    assertFalse(window.isReplay(sequence));
    window.advance(sequence);
    assert(window.isReplay(sequence));
  }
});

Deno.test("ReplayWindow notes nothing where it is only asked", () => {
  const window = new Window();
  for (const sequence of [5n, 5n, LAST, 5n, 0n]) {
    assertFalse(window.isReplay(sequence));
  }
});

Deno.test("ReplayWindow takes what is 255 late and not what is 256 late", () => {
  for (
    const newest of [256n, 300n, 2n ** 32n, 2n ** 32n + 255n, 2n ** 63n, LAST]
  ) {
    const window = new Window();
    window.advance(newest);
    assertFalse(window.isReplay(newest - 255n), `${newest}`);
    assert(window.isReplay(newest - 256n), `${newest}`);
    window.advance(newest - 255n);
    assert(window.isReplay(newest - 255n), `${newest}`);
    assertFalse(window.isReplay(newest - 254n), `${newest}`);
  }
});

Deno.test("ReplayWindow subtracts where to add would pass 2^64", () => {
  const window = new Window();
  // 2^64 - 1 - i, and 256: the sum has no place in 64 bits.
  for (let i = 300n; i >= 0n; i--) {
    assertFalse(window.isReplay(LAST - i));
    window.advance(LAST - i);
    assert(window.isReplay(LAST - i));
  }
  for (let i = 0n; i < 600n; i++) assert(window.isReplay(LAST - i), `${i}`);
  for (let i = 0n; i < 600n; i++) assert(window.isReplay(i), `${i}`);
});

Deno.test("ReplayWindow keeps the last sequence of all from coming twice", () => {
  const window = new Window();
  window.advance(LAST);
  assert(window.isReplay(LAST));
  window.advance(LAST - 256n + 1n);
  assert(window.isReplay(LAST));
});

Deno.test("ReplayWindow tells halves apart that look alike", () => {
  const window = new Window();
  window.advance(5n);
  for (const high of [1n, 2n, 2n ** 31n, 2n ** 32n - 1n]) {
    assertFalse(window.isReplay(high << 32n | 5n));
  }
  window.advance(2n ** 32n);
  // 2^32 is the newest: the low halves alone would say otherwise.
  assertFalse(window.isReplay(2n ** 32n - 1n));
  assert(window.isReplay(5n));
  assert(window.isReplay(2n ** 32n));
});

Deno.test("ReplayWindow begins anew after reset()", () => {
  const window = new Window();
  for (const sequence of [LAST, LAST - 9n]) window.advance(sequence);
  window.reset();
  for (const sequence of [0n, 1n, 255n, LAST - 9n, LAST]) {
    assertFalse(window.isReplay(sequence), `${sequence}`);
  }
  window.advance(3n);
  assert(window.isReplay(3n));
  assertFalse(window.isReplay(2n));
});

Deno.test("ReplayWindow does as a set of all that came", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = new SeededRandom(seed);
    const window = new Window();
    const model = new Model();
    let at = [
      0n,
      2n ** 32n - 200n,
      2n ** 53n,
      2n ** 63n,
      LAST - 400n,
    ][seed % 5]!;
    for (let step = 0; step < STEPS; step++) {
      const sequence = at + jump(random);
      if (sequence < 0n || sequence > LAST) continue;
      const isReplay = model.isReplay(sequence);
      assertEquals(
        window.isReplay(sequence),
        isReplay,
        `seed ${seed}, step ${step}, sequence ${sequence}`,
      );
      // Now and then it is forged, and nothing comes of it.
      if (isReplay || random.nextU32() % 8 === 0) continue;
      window.advance(sequence);
      model.advance(sequence);
      if (sequence > at) at = sequence;
    }
  }
});

/** Mostly a little on, often back, seldom far either way. */
function jump(random: SeededRandom): bigint {
  const by = BigInt(random.nextU32());
  switch (random.nextU32() % 16) {
    case 0:
      return by % 600n;
    case 1:
      return by % 4n * 256n;
    case 2:
      return -(by % 4n) * 256n;
    case 3:
      return by << 8n;
    case 4:
      return -(by << 8n);
    case 5:
    case 6:
    case 7:
      return 1n;
    case 8:
      return 0n;
    default:
      return 4n - by % 280n;
  }
}
