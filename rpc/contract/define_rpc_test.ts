import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  angle,
  bits,
  bool,
  bytes,
  Channel,
  choice,
  f32,
  f64,
  float,
  i16,
  i32,
  i8,
  int,
  list,
  optional,
  quat,
  string,
  struct,
  u16,
  u32,
  u64,
  u8,
  varint,
  vec2,
  vec3,
  zigzag,
} from "../../protocol/mod.ts";
import { defineRpc, MAX_RPCS, type RpcContract } from "./define_rpc.ts";
import type { RpcDefinitions } from "./rpc_definition.ts";

/** As a program without types calls it. */
function define(definitions: unknown): RpcContract {
  return defineRpc(definitions as RpcDefinitions);
}

function defineOne(definition: unknown, name = "hit"): RpcContract {
  return define({ [name]: definition });
}

const LEAST = { params: {}, from: "server" };
const RANGE = { min: 0, max: 1, step: 0.1 };

Deno.test("defineRpc() numbers the calls by their sorted names", () => {
  const game = defineRpc({
    shot: { params: {}, from: "any" },
    "chat.team": { params: { text: string }, from: "client" },
    Chat: { params: { text: string }, from: "client" },
    chat: { params: { text: string }, from: "client" },
  });
  assertEquals(
    game.rpcs.map(({ id, name }) => [id, name]),
    [[0, "Chat"], [1, "chat"], [2, "chat.team"], [3, "shot"]],
  );
  for (const rpc of game.rpcs) assert(game.byName.get(rpc.name) === rpc);
  assertEquals(game.byName.size, 4);
});

Deno.test("defineRpc() is the same contract in whatever order, and another for each difference", () => {
  const hit = { params: { amount: f32, at: vec3 }, from: "server" };
  const base = define({ hit, bye: LEAST }).contract.hash;
  assertEquals(define({ bye: LEAST, hit }).contract.hash, base);
  const others: unknown[] = [
    { hit },
    { hit: { ...hit, from: "any" }, bye: LEAST },
    { hit: { ...hit, params: { at: vec3, amount: f32 } }, bye: LEAST },
    { hit: { ...hit, params: { amount: f64, at: vec3 } }, bye: LEAST },
    { hit: { ...hit, params: { amount: f32, to: vec3 } }, bye: LEAST },
    { hit: { ...hit, reply: bool }, bye: LEAST },
    { hit2: hit, bye: LEAST },
  ];
  const hashes = others.map((other) => define(other).contract.hash);
  assertEquals(new Set([base, ...hashes]).size, others.length + 1);
});

Deno.test("defineRpc() leaves to each end how it sends", () => {
  const base = defineOne({ params: { who: u8 }, from: "any" }).contract.hash;
  for (
    const own of [
      { channel: Channel.Unreliable },
      { rate: { perSecond: 3 } },
      { coalesce: ["who"] },
      { cosmetic: 7 },
    ]
  ) {
    const { contract } = defineOne({
      params: { who: u8 },
      from: "any",
      ...own,
    });
    assertEquals(contract.hash, base);
  }
});

Deno.test("defineRpc() fills in the channel, and keeps the one that is given", () => {
  assertEquals(defineOne(LEAST).rpcs[0]!.channel, Channel.ReliableOrdered);
  for (const channel of Object.values(Channel)) {
    assertEquals(defineOne({ ...LEAST, channel }).rpcs[0]!.channel, channel);
  }
  for (const channel of [Channel.Reliable, Channel.ReliableOrdered]) {
    const { rpcs } = defineOne({ ...LEAST, reply: bool, channel });
    assertEquals(rpcs[0]!.channel, channel);
  }
});

Deno.test("defineRpc() copies its definitions, and nobody can change them", () => {
  const params: Record<string, unknown> = { amount: f32 };
  const rate = { perSecond: 1, burst: 2 };
  const coalesce = ["amount"];
  const definition = { params, from: "client", rate, coalesce };
  const game = defineOne(definition);
  params.more = bool;
  rate.burst = 99;
  coalesce.push("more");
  definition.from = "server";
  assertEquals<unknown>(game.rpcs[0]!.definition, {
    params: { amount: f32 },
    from: "client",
    rate: { perSecond: 1, burst: 2 },
    coalesce: ["amount"],
  });
  assert(game.definitions.hit === game.rpcs[0]!.definition);
  for (
    const part of [
      game,
      game.definitions,
      game.rpcs,
      game.rpcs[0],
      game.rpcs[0]!.definition,
      game.rpcs[0]!.definition.params,
      game.rpcs[0]!.definition.rate,
      game.rpcs[0]!.definition.coalesce,
    ]
  ) assert(Object.isFrozen(part));
});

Deno.test("defineRpc() takes what is undefined as left out", () => {
  const game = defineOne({
    ...LEAST,
    reply: undefined,
    channel: undefined,
    rate: undefined,
    coalesce: undefined,
    cosmetic: undefined,
  });
  assertEquals<unknown>(game.rpcs[0]!.definition, LEAST);
});

Deno.test("defineRpc() takes every kind of field, and any depth of them", () => {
  const fields = {
    bool,
    u8,
    u16,
    u32,
    i8,
    i16,
    i32,
    varint,
    zigzag,
    f32,
    f64,
    u64,
    vec2,
    vec3,
    quat,
    string,
    bytes,
    int: int({ min: 0, max: 9 }),
    bits: bits(3),
    float: float(RANGE),
    angle: angle({ bits: 8 }),
    vec2s: vec2(RANGE),
    vec3s: vec3(RANGE),
    choice: choice("a", "b"),
    optional: optional(string({ maxBytes: 4 })),
    list: list(optional(struct({ a: list(u8, { maxLength: 2 }) })), {
      maxLength: 3,
    }),
    struct: struct({ inner: struct({}) }),
  };
  const game = defineOne({ params: fields, from: "any" });
  assert(game.contract.entries[0]!.descriptor.startsWith("any struct(bool:"));
  for (const field of Object.values(fields)) {
    defineOne({ ...LEAST, reply: field });
  }
});

Deno.test("defineRpc() takes numbers at their limits", () => {
  const names = Array.from({ length: MAX_RPCS }, (_, i) => `r${i}`);
  const most = define(Object.fromEntries(names.map((name) => [name, LEAST])));
  assertEquals(most.rpcs.length, MAX_RPCS);
  const params = Object.fromEntries(
    Array.from({ length: 64 }, (_, i) => [`p${i}`, u8]),
  );
  defineOne({ ...LEAST, params });
  defineOne(LEAST, "n".repeat(64));
  for (const cosmetic of [0, 255]) defineOne({ ...LEAST, cosmetic });
  for (const burst of [1, 65_535]) {
    defineOne({ ...LEAST, from: "client", rate: { perSecond: 1e-9, burst } });
  }
  defineOne({ ...LEAST, coalesce: [] });
});

Deno.test("defineRpc() refuses what is outside its limits", () => {
  const tooMany = Array.from({ length: MAX_RPCS + 1 }, (_, i) => [`r${i}`, {}]);
  const many = Array.from({ length: 65 }, (_, i) => [`p${i}`, u8]);
  const long = Array.from({ length: 64 }, (_, i) => [
    `p${i}`.padEnd(64, "x"),
    choice(...Array.from({ length: 20 }, (_, k) => `word${k}`)),
  ]);
  const wrong: readonly [definitions: unknown, message: string][] = [
    [{}, "there must be 1 to 1024: current value is 0"],
    [Object.fromEntries(tooMany), "current value is 1025"],
    [{ "": LEAST }, `"" as its name must be a letter`],
    [{ "1st": LEAST }, `"1st" as its name must be a letter`],
    [{ "a b": LEAST }, `"a b" as its name must be a letter`],
    [{ é: LEAST }, `"é" as its name must be a letter`],
    [{ ["n".repeat(65)]: LEAST }, "as its name must be a letter"],
    [JSON.parse('{"__proto__":{}}'), `"__proto__" as its name must be`],
    [
      { hit: { ...LEAST, params: Object.fromEntries(many) } },
      `"hit" as it must have at most 64 parameters: current value is 65`,
    ],
    [{ hit: { ...LEAST, params: { "a b": u8 } } }, `current value is "a b"`],
    [
      { hit: { ...LEAST, params: Object.fromEntries(long) } },
      `the descriptor of "hit" must be`,
    ],
    ...[0, -1, NaN, Infinity, "5", undefined].map((
      perSecond,
    ): [unknown, string] => [
      { hit: { ...LEAST, from: "client", rate: { perSecond } } },
      `"hit" as rate.perSecond must be above 0 and finite: current value is`,
    ]),
    ...[0, 1.5, 65_536, NaN, "1", null].map((burst): [unknown, string] => [
      { hit: { ...LEAST, from: "client", rate: { perSecond: 1, burst } } },
      `"hit" as rate.burst must be an integer from 1 to 65535: current value is`,
    ]),
    ...[-1, 0.5, 256, NaN, true, null].map((cosmetic): [unknown, string] => [
      { hit: { ...LEAST, cosmetic } },
      `"hit" as cosmetic must be an integer from 0 to 255: current value is`,
    ]),
  ];
  for (const [definitions, message] of wrong) {
    assertThrows(() => define(definitions), RangeError, message);
  }
});

Deno.test("defineRpc() refuses what is no definition", () => {
  for (const definitions of [undefined, null, 1, [], "hit"]) {
    assertThrows(
      () => define(definitions),
      TypeError,
      "Cannot define rpcs as the definitions must be an object: current value",
    );
  }
  const own = { type: "mine", descriptor: "", write() {}, read() {} };
  const fake = { type: "u8", descriptor: "u8", minBits: 8, maxBits: 8 };
  const inner = { ...own, type: "optional", field: own };
  const hollow = { ...own, type: "struct" };
  const wrong: readonly [definition: unknown, message: string][] = [
    [undefined, "it must be an object: current value is undefined"],
    [[], "it must be an object: current value is an array"],
    [{ from: "any" }, "params must be an object of fields"],
    [{ ...LEAST, params: [u8] }, "params must be an object of fields"],
    ...["u8", 8, null, undefined, {}, () => {}, own, fake, inner, hollow].map(
      (field): [unknown, string] => [
        { ...LEAST, params: { a: field } },
        `parameter "a" must be a field of protocol: current value is`,
      ],
    ),
    [{ ...LEAST, params: { a: "u8" } }, `current value is "u8"`],
    [{ ...LEAST, params: { a: () => {} } }, "current value is a function"],
    [{ ...LEAST, params: { a: own } }, "current value is an object"],
    [{ params: {} }, `from must be "server", "client", "owner" or "any"`],
    [{ params: {}, from: "peer" }, `current value is "peer"`],
    [{ ...LEAST, reply: {} }, "reply must be a field of protocol"],
    [{ ...LEAST, reply: null }, "reply must be a field of protocol"],
    ...[4, -1, 0.5, "Reliable", null].map((channel): [unknown, string] => [
      { ...LEAST, channel },
      "channel must be one of Channel: current value is",
    ]),
    ...[Channel.Unreliable, Channel.UnreliableOrdered].map(
      (channel): [unknown, string] => [
        { ...LEAST, reply: bool, channel },
        `a call that is answered must be reliable: current value is ${channel}`,
      ],
    ),
    [
      { ...LEAST, reply: bool, coalesce: [] },
      "a call that is answered must not have coalesce",
    ],
    [
      { ...LEAST, reply: bool, cosmetic: 1 },
      "a call that is answered must not have cosmetic",
    ],
    [
      { ...LEAST, from: "client", rate: 5 },
      "rate must be an object: current value is 5",
    ],
    [
      { ...LEAST, from: "server", rate: { perSecond: 1 } },
      'only calls from clients must have a rate: current value is "server"',
    ],
    [
      { ...LEAST, from: "client", rate: { perSecond: 1, bust: 5 } },
      `rate must have no other properties than perSecond, burst: current value has "bust"`,
    ],
    [
      { ...LEAST, rtae: { perSecond: 1 } },
      `it must have no other properties than params, from, reply, channel, rate, coalesce, cosmetic: current value has "rtae"`,
    ],
    [
      { ...LEAST, coalesce: "who" },
      "coalesce must be an array of names of parameters",
    ],
    [
      { ...LEAST, coalesce: ["who"] },
      `coalesce must name parameters: current value is "who"`,
    ],
    [
      { ...LEAST, coalesce: ["toString"] },
      `coalesce must name parameters: current value is "toString"`,
    ],
    [
      { ...LEAST, params: { a: u8, b: u8 }, coalesce: ["a", "b", "a"] },
      `coalesce must name each parameter once: current value is "a, b, a"`,
    ],
  ];
  for (const [definition, message] of wrong) {
    assertThrows(
      () => defineOne(definition),
      TypeError,
      `Cannot define rpc "hit" as `,
    );
    assertThrows(() => defineOne(definition), TypeError, message);
  }
});
