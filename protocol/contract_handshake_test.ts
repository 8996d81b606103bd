import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../core/mod.ts";
import { ByteWriter } from "./byte_writer.ts";
import { Contract } from "./contract.ts";
import { ContractHandshake, type ContractStep } from "./contract_handshake.ts";
import vectors from "./vectors/contracts.json" with { type: "json" };

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 200_000 : 5_000;

function contractOf(
  name: string,
  entries: readonly { name: string; descriptor: string }[],
): Contract {
  return new Contract(
    name,
    Object.fromEntries(
      entries.map(({ name, descriptor }) => [name, descriptor]),
    ),
  );
}

/** Both ends of one connection; what each says at last. */
function agree(
  one: Contract,
  other: Contract,
  maxMessageBytes = 32_768,
): [ContractStep, ContractStep] {
  const a = new ContractHandshake(one, { maxMessageBytes });
  const b = new ContractHandshake(other, { maxMessageBytes });
  let forA = a.handle(b.hello());
  let forB = b.handle(a.hello());
  const [fromA, fromB] = [forA, forB];
  if (fromB.type === "reply") forA = a.handle(fromB.bytes);
  if (fromA.type === "reply") forB = b.handle(fromA.bytes);
  return [forA, forB];
}

/** A handshake that waits for a description. */
function describing(contract: Contract): ContractHandshake {
  const handshake = new ContractHandshake(contract);
  const other = new ContractHandshake(new Contract("another", {}));
  assertEquals(handshake.handle(other.hello()).type, "reply");
  return handshake;
}

Deno.test("ContractHandshake.hello() is that of every vector", () => {
  for (const { name, entries, hello } of vectors.contracts) {
    const handshake = new ContractHandshake(contractOf(name, entries));
    assertEquals([name, encodeHex(handshake.hello())], [name, hello]);
  }
});

Deno.test("ContractHandshake describes and reads every vector", () => {
  for (const { entries, whole, bytes } of vectors.descriptions) {
    // Where these are not all, there are others that do not fit.
    const more = { name: "z", descriptor: "x".repeat(64) };
    const contract = contractOf("rpc", whole ? entries : [...entries, more]);
    const other = new ContractHandshake(new Contract("rpc", { y: "" }));
    const step = new ContractHandshake(contract, { maxMessageBytes: 64 })
      .handle(other.hello());
    assert(step.type === "reply");
    assertEquals(encodeHex(step.bytes), bytes);
    const read = describing(new Contract("rpc", {})).handle(decodeHex(bytes));
    assert(read.type === "differs");
    assertEquals([read.isWhole, read.theirs], [whole, entries]);
    assertEquals(
      read.differences,
      entries.map(({ name, descriptor }) => ({
        type: "onlyTheirs",
        name,
        theirs: descriptor,
      })),
    );
  }
});

Deno.test("ContractHandshake.toldCount is what the description held", () => {
  const entries = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`e${i}`, "x".repeat(20)]),
  );
  for (const [maxMessageBytes, expected] of [[64, 2], [32_768, 9]] as const) {
    const options = { maxMessageBytes };
    const a = new ContractHandshake(new Contract("rpc", entries), options);
    const b = new ContractHandshake(new Contract("rpc", { y: "" }));
    b.handle(a.hello());
    assertEquals(a.toldCount, 0);
    const reply = a.handle(b.hello());
    assert(reply.type === "reply");
    assertEquals(a.toldCount, expected);
    const step = b.handle(reply.bytes);
    assert(step.type === "differs");
    assertEquals(step.theirs.length, expected);
  }
});

Deno.test("ContractHandshake refuses every refused description", () => {
  for (const { name, bytes } of vectors.refusedDescriptions) {
    const handshake = describing(new Contract("rpc", {}));
    assertEquals([name, handshake.handle(decodeHex(bytes)).type], [
      name,
      "malformed",
    ]);
  }
});

Deno.test("ContractHandshake refuses cut vectors, and throws for no flipped bit", () => {
  for (const { bytes } of vectors.descriptions) {
    const whole = decodeHex(bytes);
    for (let end = 0; end < whole.length; end++) {
      const step = describing(new Contract("rpc", {})).handle(
        whole.subarray(0, end),
      );
      assertEquals([end, step.type], [end, "malformed"]);
    }
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = whole.slice();
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      const step = describing(new Contract("rpc", {})).handle(flipped);
      assert(step.type === "malformed" || step.type === "differs");
    }
  }
  for (const { name, entries, hello } of vectors.contracts) {
    for (let bit = 0; bit < hello.length * 4; bit++) {
      const flipped = decodeHex(hello);
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      const handshake = new ContractHandshake(contractOf(name, entries));
      const { type } = handshake.handle(flipped);
      assertEquals([bit, type], [bit, bit < 16 ? "malformed" : "reply"]);
    }
  }
});

Deno.test("ContractHandshake refuses every refused hello", () => {
  for (const { name, bytes } of vectors.refusedHellos) {
    const handshake = new ContractHandshake(new Contract("rpc", {}));
    assertEquals([name, handshake.handle(decodeHex(bytes)).type], [
      name,
      "malformed",
    ]);
  }
});

Deno.test("ContractHandshake agrees on equal contracts, in whatever order", () => {
  const [a, b] = agree(
    new Contract("rpc", { b: "u8", a: "u16" }),
    new Contract("rpc", { a: "u16", b: "u8" }),
  );
  assertEquals([a.type, b.type], ["agreed", "agreed"]);
});

Deno.test("ContractHandshake names what differs, on both ends", () => {
  const [a, b] = agree(
    new Contract("rpc", { same: "u8", gone: "u8", changed: "u8" }),
    new Contract("rpc", { same: "u8", fresh: "bool", changed: "u16" }),
  );
  assertEquals(a, {
    type: "differs",
    differences: [
      { type: "different", name: "changed", ours: "u8", theirs: "u16" },
      { type: "onlyTheirs", name: "fresh", theirs: "bool" },
      { type: "onlyOurs", name: "gone", ours: "u8" },
    ],
    theirs: [
      { name: "changed", descriptor: "u16" },
      { name: "fresh", descriptor: "bool" },
      { name: "same", descriptor: "u8" },
    ],
    isWhole: true,
    message:
      'The "rpc" contracts of the two ends differ: "changed" has u8 here and u16 there; "fresh" is only there; "gone" is only here',
  });
  assert(b.type === "differs");
  assertEquals(b.differences.map(({ type }) => type), [
    "different",
    "onlyOurs",
    "onlyTheirs",
  ]);
});

Deno.test("ContractHandshake tells of contracts that differ in their name alone", () => {
  const [a] = agree(
    new Contract("rpc", { x: "u8" }),
    new Contract("sync", { x: "u8" }),
  );
  assert(a.type === "differs");
  assertEquals([a.differences.length, a.isWhole], [0, true]);
  assert(a.message.includes("have other names"), a.message);
});

Deno.test("ContractHandshake describes a large contract as far as a message goes", () => {
  const names = Array.from(
    { length: 4096 },
    (_, i) => `entry${String(i).padStart(4, "0")}`,
  );
  const large = new Contract(
    "rpc",
    Object.fromEntries(names.map((name) => [name, "struct(a:u8)"])),
  );
  for (const maxMessageBytes of [64, 65, 1200, 65_535]) {
    const a = new ContractHandshake(large, { maxMessageBytes });
    const step = a.handle(
      new ContractHandshake(new Contract("rpc", {})).hello(),
    );
    assert(step.type === "reply");
    assert(step.bytes.length <= maxMessageBytes);
    assert(step.bytes.length > maxMessageBytes - 40);
    const [, forB] = agree(large, new Contract("rpc", {}), maxMessageBytes);
    assert(forB.type === "differs");
    assertEquals(forB.isWhole, false);
    assertEquals(
      forB.theirs,
      large.entries.slice(0, forB.theirs.length),
    );
    assert(forB.differences.length > 0 && forB.differences.length <= 64);
  }
  // What did not fit is not said to be missing.
  const [, small] = agree(
    large,
    new Contract("rpc", { entry0000: "struct(a:u8)", zz: "u8" }),
    64,
  );
  assert(small.type === "differs");
  assert(small.differences.every(({ type }) => type === "onlyTheirs"));
});

Deno.test("ContractHandshake shows where long descriptors part", () => {
  const start = `struct(${"a:u8,".repeat(30)}target:`;
  const end = `${",b:u8".repeat(30)})`;
  const [a] = agree(
    new Contract("rpc", { hit: `${start}u16${end}` }),
    new Contract("rpc", { hit: `${start}optional(u32)${end}` }),
  );
  assert(a.type === "differs");
  assert(
    a.message.includes('"hit" has …target:u16,b:u8') &&
      a.message.includes("here and …target:optional(u32),b:u8"),
    a.message,
  );
});

Deno.test("ContractHandshake takes in more than it sends", () => {
  const entries = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`entry${i}`, "struct(a:u8)"]),
  );
  const a = new ContractHandshake(new Contract("rpc", entries));
  const b = new ContractHandshake(new Contract("rpc", {}), {
    maxMessageBytes: 64,
  });
  const reply = a.handle(b.hello());
  b.handle(a.hello());
  assert(reply.type === "reply" && reply.bytes.length > 1_000);
  const step = b.handle(reply.bytes);
  assert(step.type === "differs");
  assertEquals([step.theirs.length, step.differences.length], [100, 64]);
});

Deno.test("ContractHandshake takes each message in its turn alone", () => {
  const contract = new Contract("rpc", { a: "u8" });
  const hello = new ContractHandshake(contract).hello();
  const early = new ContractHandshake(contract);
  assertEquals(early.handle(decodeHex("020100")).type, "malformed");
  assertEquals(early.handle(hello).type, "malformed");
  const twice = describing(contract);
  assertEquals(twice.handle(hello).type, "malformed");
  const done = new ContractHandshake(contract);
  assertEquals(done.handle(hello).type, "agreed");
  assertEquals(done.handle(hello).type, "malformed");
});

Deno.test("ContractHandshake refuses hellos cut, followed and of other versions", () => {
  const contract = new Contract("rpc", { a: "u8" });
  const hello = new ContractHandshake(contract).hello();
  const wrong = [
    ...Array.from({ length: 10 }, (_, end) => hello.slice(0, end)),
    new Uint8Array([...hello, 0]),
    hello.with(1, 2),
    hello.with(0, 3),
    new Uint8Array(65_536),
  ];
  for (const bytes of wrong) {
    const step = new ContractHandshake(contract).handle(bytes);
    assertEquals([bytes.length, step.type], [bytes.length, "malformed"]);
  }
});

Deno.test("ContractHandshake takes any bytes without a throw, and keeps little", () => {
  const random = new SeededRandom(11);
  const contract = new Contract("rpc", { a: "u8", b: "u16" });
  const other = new ContractHandshake(
    new Contract("rpc", { a: "u8", c: "struct(x:f32,y:f32)", d: "u8" }),
  );
  const reply = other.handle(new ContractHandshake(contract).hello());
  assert(reply.type === "reply");
  for (let i = 0; i < CASES; i++) {
    const bytes = reply.bytes.slice();
    for (let k = random.nextU32() % 4; k >= 0; k--) {
      bytes[random.nextU32() % bytes.length] = random.nextU32();
    }
    const step = describing(contract).handle(
      bytes.subarray(0, random.nextU32() % (bytes.length + 1)),
    );
    assert(step.type === "malformed" || step.type === "differs");
    assert(step.message.length < 500);
  }
});

Deno.test("ContractHandshake refuses sizes of messages out of range", () => {
  const contract = new Contract("rpc", {});
  for (const maxMessageBytes of [63, 65_536, 100.5, NaN]) {
    assertThrows(
      () => new ContractHandshake(contract, { maxMessageBytes }),
      RangeError,
      "maxMessageBytes",
    );
  }
});

Deno.test("ContractHandshake fills its message to the last byte", () => {
  const contract = new Contract("rpc", {
    a: "x".repeat(200),
    b: "y".repeat(200),
  });
  const hello = new ContractHandshake(new Contract("rpc", {})).hello();
  const lengths = [411, 410, 207, 206].map((maxMessageBytes) => {
    const handshake = new ContractHandshake(contract, { maxMessageBytes });
    const step = handshake.handle(hello);
    assert(step.type === "reply");
    return step.bytes.length;
  });
  assertEquals(lengths, [411, 207, 207, 3]);
});

Deno.test("ContractHandshake refuses more entries than a contract may have", () => {
  const writer = new ByteWriter();
  writer.u8(2);
  writer.u8(1);
  writer.varint(4097);
  for (let i = 0; i < 4097; i++) {
    writer.string(`e${String(i).padStart(4, "0")}`);
    writer.string("");
  }
  const whole = writer.toBytes();
  assertEquals(
    describing(new Contract("rpc", {})).handle(whole).type,
    "malformed",
  );
  const fewer = new ByteWriter();
  fewer.u8(2);
  fewer.u8(1);
  fewer.varint(4096);
  fewer.raw(whole.subarray(4, whole.length - 7));
  assertEquals(
    describing(new Contract("rpc", {})).handle(fewer.toBytes()).type,
    "differs",
  );
});

Deno.test("ContractHandshake says when nothing of what differs is known", () => {
  const long = new Contract("rpc", { a: "x".repeat(100) });
  const [, forB] = agree(long, new Contract("rpc", {}), 64);
  assert(forB.type === "differs");
  assertEquals(
    forB.message,
    'The "rpc" contracts of the two ends differ: in entries that did not fit its message',
  );
});
