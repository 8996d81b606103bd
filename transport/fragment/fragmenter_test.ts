import { SeededRandom } from "../../core/mod.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  FRAGMENT_HEADER_BYTES,
  Fragmenter,
  MAX_FRAGMENTS,
} from "./fragmenter.ts";

const MUTANTS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 2_000_000 : 40_000;

function filled(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >> 8) * 7 + seed;
  return bytes;
}

Deno.test("Fragmenter.fragment() writes what it says", () => {
  const fragmenter = new Fragmenter({ fragmentBytes: 3 });
  fragmenter.fragment(new Uint8Array(0));
  assertEquals(
    fragmenter.fragment(new Uint8Array([5, 6, 7, 8])).map((
      bytes,
    ) => [...bytes]),
    [
      [1, 0, 4, 0, 0, 0, 0, 0, 3, 0, 5, 6, 7],
      [1, 0, 4, 0, 0, 0, 1, 0, 3, 0, 8],
    ],
  );
});

Deno.test("Fragmenter carries messages of every length around the borders", () => {
  for (
    const length of [
      0,
      1,
      1099,
      1100,
      1101,
      2199,
      2200,
      2201,
      281_600,
      281_601,
      0x10_0000,
    ]
  ) {
    const here = new Fragmenter();
    const there = new Fragmenter();
    const message = filled(length, length);
    const fragments = here.fragment(message);
    assertEquals(fragments.length, Math.max(1, Math.ceil(length / 1100)));
    fragments.forEach((fragment, i) => {
      const got = there.receiveFragment(fragment, 0);
      assertEquals(got !== undefined, i === fragments.length - 1);
      if (got !== undefined) assertEquals(got, message);
    });
    assertEquals([there.heldBytes, there.pending], [0, 0]);
  }
});

Deno.test("Fragmenter carries 65,535 fragments, and no more", () => {
  const options = { fragmentBytes: 2, maxMessageBytes: 200_000 };
  const here = new Fragmenter(options);
  const there = new Fragmenter(options);
  const message = filled(2 * MAX_FRAGMENTS, 3);
  let got: Uint8Array | undefined;
  for (const fragment of here.fragment(message).reverse()) {
    got = there.receiveFragment(fragment, 0);
  }
  assertEquals(got, message);
  assertThrows(
    () => here.fragment(new Uint8Array(2 * MAX_FRAGMENTS + 1)),
    RangeError,
    "must be <= 131070: current value is 131071",
  );
});

Deno.test("Fragmenter puts messages together in whatever order their fragments come", () => {
  for (let seed = 1; seed <= 4; seed++) {
    const random = new SeededRandom(seed);
    const here = new Fragmenter({ fragmentBytes: 10 });
    const there = new Fragmenter({ fragmentBytes: 77 });
    // Begins next to where its numbers wrap.
    for (let i = 0; i < 65_500 + seed * 3; i++) {
      here.fragment(new Uint8Array(0));
    }
    const messages = Array.from(
      { length: 100 },
      (_, i) => filled(random.nextU32() % 200, i),
    );
    const fragments = messages.flatMap((message) => here.fragment(message));
    const twice = fragments.concat(
      fragments.filter(() => random.nextU32() % 3 === 0),
    );
    for (let i = twice.length - 1; i > 0; i--) {
      const j = random.nextU32() % (i + 1);
      [twice[i], twice[j]] = [twice[j]!, twice[i]!];
    }
    const got: string[] = [];
    for (const fragment of twice) {
      const message = there.receiveFragment(fragment, 0);
      if (message !== undefined) got.push(message.join());
    }
    assertEquals(
      got.sort(),
      messages.map((message) => message.join()).sort(),
      `seed ${seed}`,
    );
    assertEquals([there.pending, there.heldBytes, there.malformed], [0, 0, 0]);
    assertEquals(there.duplicates, twice.length - fragments.length);
  }
});

Deno.test("Fragmenter does not begin a message anew by a duplicate of its last fragment", () => {
  const here = new Fragmenter();
  const there = new Fragmenter();
  const fragments = here.fragment(filled(3000, 1));
  fragments.forEach((fragment) => there.receiveFragment(fragment, 0));
  for (let i = 0; i < 3; i++) {
    for (const fragment of fragments) {
      assertEquals(there.receiveFragment(fragment, 0), undefined);
    }
  }
  assertEquals([there.pending, there.duplicates], [0, 9]);
});

Deno.test("Fragmenter.gc() gives up what has waited for too long", () => {
  const here = new Fragmenter();
  const there = new Fragmenter({ timeoutMs: 100 });
  const [old] = here.fragment(filled(3000, 1));
  const [young, ...rest] = here.fragment(filled(3000, 2));
  there.receiveFragment(old!, 0);
  there.receiveFragment(young!, 50);
  assertEquals([there.gc(99), there.gc(100), there.gc(149)], [0, 1, 0]);
  assertEquals([there.pending, there.abandoned], [1, 1]);
  there.receiveFragment(rest[0]!, 149);
  assertEquals(there.receiveFragment(rest[1]!, 149), filled(3000, 2));
});

Deno.test("Fragmenter holds no more than its bound, and gives up the oldest", () => {
  const there = new Fragmenter({
    maxMessageBytes: 100_000,
    maxHeldBytes: 500_000,
  });
  const here = new Fragmenter();
  let most = 0;
  const firsts: Uint8Array[][] = [];
  for (let i = 0; i < 1000; i++) {
    const fragments = here.fragment(filled(i % 2 === 0 ? 100_000 : 1101, i));
    firsts.push(fragments);
    there.receiveFragment(fragments[0]!, i);
    most = Math.max(most, there.heldBytes);
  }
  assert(most <= 500_000 && most > 300_000, `${most}`);
  const newest = firsts.at(-1)!;
  assertEquals(there.receiveFragment(newest[1]!, 1000), filled(1101, 999));
});

Deno.test("Fragmenter drops what is malformed or contradicts an earlier fragment", () => {
  const there = new Fragmenter({ maxMessageBytes: 5000 });
  const [first] = new Fragmenter().fragment(filled(3000, 1));
  there.receiveFragment(first!, 0);
  const bad: ((bytes: Uint8Array) => Uint8Array)[] = [
    (bytes) => bytes.subarray(0, FRAGMENT_HEADER_BYTES - 1),
    (bytes) => bytes.subarray(0, bytes.length - 1),
    (bytes) => new Uint8Array([...bytes, 0]),
    (bytes) => (bytes[2]!++, bytes), // another length
    (bytes) => (bytes[5] = 0xff, bytes), // a negative one, to a careless reader
    (bytes) => (bytes[3] = 0xff, bytes), // one that is too long
    (bytes) => (bytes[7] = 1, bytes), // an index beyond the end
    (bytes) => (bytes[8] = bytes[9] = 0, bytes), // fragments without bytes
  ];
  bad.forEach((change) => {
    assertEquals(there.receiveFragment(change(first!.slice()), 0), undefined);
  });
  assertEquals([there.malformed, there.pending], [bad.length, 1]);
});

Deno.test("Fragmenter throws at nothing that comes from outside", () => {
  for (let seed = 1, done = 0; done < MUTANTS; seed++) {
    const random = new SeededRandom(seed);
    const here = new Fragmenter({ fragmentBytes: 20 });
    const there = new Fragmenter({ maxMessageBytes: 1000, maxHeldBytes: 5000 });
    const fragments: Uint8Array[] = [];
    for (let i = 0; i < 20; i++) {
      fragments.push(...here.fragment(filled(random.nextU32() % 300, i)));
    }
    for (let i = 0; i < 500; i++, done++) {
      const bytes = fragments[random.nextU32() % fragments.length]!.slice();
      for (let n = random.nextU32() % 3; n > 0; n--) {
        bytes[random.nextU32() % bytes.length] = random.nextU32();
      }
      const cut = bytes.subarray(
        0,
        bytes.length - (random.nextU32() % 8 === 0 ? 1 : 0),
      );
      there.receiveFragment(cut, i);
      if (i % 50 === 0) there.gc(i);
      assert(there.heldBytes <= 5000, `seed ${seed}`);
    }
  }
});

Deno.test("Fragmenter refuses options outside their ranges", () => {
  assertThrows(
    () => new Fragmenter({ fragmentBytes: 0 }),
    RangeError,
    "fragmentBytes",
  );
  assertThrows(
    () => new Fragmenter({ fragmentBytes: 65_536 }),
    RangeError,
    "fragmentBytes",
  );
  assertThrows(
    () => new Fragmenter({ maxMessageBytes: 0 }),
    RangeError,
    "maxMessageBytes",
  );
  assertThrows(
    () => new Fragmenter({ maxMessageBytes: 10, maxHeldBytes: 9 }),
    RangeError,
    "maxHeldBytes",
  );
  assertThrows(() => new Fragmenter({ timeoutMs: 0 }), RangeError, "timeoutMs");
});
