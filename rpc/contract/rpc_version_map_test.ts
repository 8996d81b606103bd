import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  bool,
  choice,
  ContractHandshake,
  f32,
  list,
  optional,
  string,
  struct,
  u16,
  u8,
  vec3,
} from "../../protocol/mod.ts";
import { CallReader } from "../wire/call_reader.ts";
import { CallWriter } from "../wire/call_writer.ts";
import { RpcPacketKind } from "../wire/packet_kind.ts";
import { defineRpc, type RpcContract } from "./define_rpc.ts";
import type { RpcDefinition, RpcDefinitions } from "./rpc_definition.ts";
import { rpcDifference } from "./rpc_difference.ts";
import { RpcVersionMap } from "./rpc_version_map.ts";

/** The maps of both ends after a handshake; of equal contracts, those of equal ones. */
function meet(
  a: RpcContract,
  b: RpcContract,
  maxMessageBytes = 32_768,
): [RpcVersionMap, RpcVersionMap] {
  const one = new ContractHandshake(a.contract, { maxMessageBytes });
  const other = new ContractHandshake(b.contract, { maxMessageBytes });
  const toA = other.handle(one.hello());
  const toB = one.handle(other.hello());
  if (toA.type === "agreed") {
    assertEquals(toB.type, "agreed");
    return [new RpcVersionMap(a), new RpcVersionMap(b)];
  }
  assert(toA.type === "reply" && toB.type === "reply");
  const atA = one.handle(toA.bytes);
  const atB = other.handle(toB.bytes);
  assert(atA.type === "differs" && atB.type === "differs");
  return [
    new RpcVersionMap(a, atA, { toldCount: one.toldCount }),
    new RpcVersionMap(b, atB, { toldCount: other.toldCount }),
  ];
}

const HIT: RpcDefinition = {
  params: { at: vec3, by: u8, how: choice("blade", "fire") },
  from: "server",
};
const ZAP: RpcDefinition = { params: { name: string }, from: "any" };

/** What became of "hit", how each end tells it, and what must be said of it. */
const CHANGES: readonly (readonly [
  change: string,
  hit: RpcDefinition | undefined,
  old: string | undefined,
  renewed: string | undefined,
])[] = [
  ["nothing", HIT, undefined, undefined],
  ["how it is sent", { ...HIT, cosmetic: 3, channel: 1 }, undefined, undefined],
  ["taken out", undefined, "the other end does not have it", undefined],
  [
    "callers",
    { ...HIT, from: "any" },
    `its callers are "server" here and "any" there`,
    `its callers are "any" here and "server" there`,
  ],
  [
    "a parameter added in the end",
    { ...HIT, params: { ...HIT.params, crit: bool } },
    `the other end also has parameter "crit" (bool)`,
    `the other end does not have parameter "crit"`,
  ],
  [
    "a parameter added at the beginning",
    { ...HIT, params: { crit: bool, ...HIT.params } },
    `the other end also has parameter "crit" (bool)`,
    `the other end does not have parameter "crit"`,
  ],
  [
    "a parameter taken out",
    { ...HIT, params: { at: vec3, how: HIT.params.how! } },
    `the other end does not have parameter "by"`,
    `the other end also has parameter "by" (u8)`,
  ],
  [
    "all parameters taken out",
    { ...HIT, params: {} },
    `the other end does not have parameter "at"`,
    `the other end also has parameter "at" (vec3)`,
  ],
  [
    "another type",
    { ...HIT, params: { ...HIT.params, by: u16 } },
    `parameter "by" is u8 here and u16 there`,
    `parameter "by" is u16 here and u8 there`,
  ],
  [
    "another word",
    { ...HIT, params: { ...HIT.params, how: choice("blade", "ice") } },
    `parameter "how" is choice(blade,fire) here and choice(blade,ice) there`,
    `parameter "how" is choice(blade,ice) here and choice(blade,fire) there`,
  ],
  [
    "optional now",
    { ...HIT, params: { ...HIT.params, at: optional(vec3) } },
    `parameter "at" is vec3 here and optional(vec3) there`,
    `parameter "at" is optional(vec3) here and vec3 there`,
  ],
  [
    "another name",
    { ...HIT, params: { at: vec3, from: u8, how: HIT.params.how! } },
    `the other end does not have parameter "by"`,
    `the other end does not have parameter "from"`,
  ],
  [
    "another order",
    { ...HIT, params: { by: u8, at: vec3, how: HIT.params.how! } },
    `parameter "at" has another place there`,
    `parameter "by" has another place there`,
  ],
  [
    "answered now",
    { ...HIT, reply: struct({ ok: bool }) },
    "it is answered with nothing here and struct(ok:bool) there",
    "it is answered with struct(ok:bool) here and nothing there",
  ],
  [
    "callers, parameters and reply",
    { params: {}, from: "client", reply: bool },
    `its callers are "server" here and "client" there`,
    `its callers are "client" here and "server" there`,
  ],
];

Deno.test("RpcVersionMap names what differs, at either end, for every change", () => {
  const old = defineRpc({ hit: HIT, zap: ZAP });
  for (const [change, hit, told, toldBack] of CHANGES) {
    const renewed = defineRpc(
      { zap: ZAP, ...(hit && { hit }) } as RpcDefinitions,
    );
    const [here, there] = meet(old, renewed);
    const reason = (map: RpcVersionMap) =>
      map.differences.map(({ name, message }) => [name, message]);
    const expected = (text: string | undefined) =>
      text === undefined
        ? []
        : [["hit", `Cannot call "hit" between these versions as ${text}`]];
    assertEquals([change, reason(here)], [change, expected(told)]);
    assertEquals([change, reason(there)], [change, expected(toldBack)]);
    assertEquals(there.onlyTheirs, hit === undefined ? ["hit"] : []);
    const zap = old.byName.get("zap")!;
    assertEquals(here.numberThere(zap), renewed.byName.get("zap")!.id);
    assertEquals(here.differenceOf(zap), undefined);
    const own = old.byName.get("hit")!;
    assertEquals(here.differenceOf(own), here.differences[0]);
    assertEquals(here.numberThere(own) === undefined, told !== undefined);
  }
});

/** Calls that may be in a version, in several forms. */
const FORMS: Readonly<
  Record<string, readonly (readonly [RpcDefinition, Record<string, unknown>])[]>
> = {
  afk: [[{ params: {}, from: "client" }, {}]],
  chat: [
    [{ params: { text: string }, from: "client" }, { text: "Zoë" }],
    [{ params: { text: string, to: u8 }, from: "client" }, {
      text: "Ann",
      to: 3,
    }],
  ],
  hit: [
    [{ params: { by: u8, amount: f32 }, from: "server" }, {
      by: 1,
      amount: 2.5,
    }],
    [{ params: { by: u16, amount: f32 }, from: "server" }, {
      by: 9,
      amount: 2.5,
    }],
    [{ params: { amount: f32, by: u8 }, from: "server" }, {
      by: 1,
      amount: 0.5,
    }],
  ],
  loot: [
    [{
      params: { ids: list(u16, { maxLength: 9 }), by: optional(u8) },
      from: "server",
    }, { ids: [1, 2, 3], by: 4 }],
  ],
  zap: [
    [{ params: { on: bool }, from: "any" }, { on: true }],
    [{ params: { on: bool }, from: "server" }, { on: true }],
  ],
};

Deno.test("RpcVersionMap: what both versions have goes through, and the rest is skipped", () => {
  const seed = 20_240_917;
  const random = new SeededRandom(seed);
  const version = (): Record<string, number> => {
    const forms: Record<string, number> = {};
    for (const [name, { length }] of Object.entries(FORMS)) {
      const form = random.nextU32() % (length + 1);
      if (form < length) forms[name] = form;
    }
    return Object.keys(forms).length === 0 ? { afk: 0 } : forms;
  };
  const contractOf = (forms: Record<string, number>): RpcContract =>
    defineRpc(
      Object.fromEntries(
        Object.entries(forms).map(([name, form]) => [
          name,
          FORMS[name]![form]![0],
        ]),
      ) as RpcDefinitions,
    );
  for (let i = 0; i < 300; i++) {
    const [from, to] = [version(), version()];
    const [sender, receiver] = [contractOf(from), contractOf(to)];
    const [ofSender, ofReceiver] = meet(sender, receiver);
    const writer = new CallWriter(1_200);
    writer.begin(RpcPacketKind.ServerCalls, 7);
    const expected: unknown[] = [];
    for (const rpc of sender.rpcs) {
      const { name } = rpc;
      const params = FORMS[name]![from[name]!]![1];
      const isShared = to[name] === from[name];
      assertEquals(ofSender.numberThere(rpc) !== undefined, isShared);
      assert(writer.add(rpc, 0, 0, 0, params));
      if (isShared) expected.push([name, 7 + rpc.id, params]);
    }
    const reader = new CallReader(ofReceiver.rpcs);
    const context = `seed ${seed}, case ${i}`;
    const fault = reader.read(writer.end(), RpcPacketKind.ServerCalls);
    assertEquals([context, fault], [context, undefined]);
    const got = Array.from({ length: reader.count }, (_, k) => {
      const { rpc, sequence, params } = reader.at(k);
      assert(receiver.rpcs.includes(rpc));
      return [rpc.name, sequence, params];
    });
    assertEquals([context, got], [context, expected]);
    assertEquals(reader.unknownRuns, sender.rpcs.length - expected.length);
  }
});

Deno.test("RpcVersionMap refuses what a cut description does not tell, at both ends", () => {
  const definitions = (count: number): RpcDefinitions =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `call${String(i).padStart(2, "0")}`,
        { params: { value: u8 }, from: "any" },
      ]),
    );
  const a = defineRpc(definitions(20));
  const b = defineRpc({
    ...definitions(20),
    aaa: { params: {}, from: "any" },
  });
  const [atA, atB] = meet(a, b, 256);
  for (const [own, there] of [[atA, atB], [atB, atA]] as const) {
    const contract = own === atA ? a : b;
    const untold = own.differences.filter(({ type }) => type === "untold");
    assert(untold.length > 0);
    for (const rpc of contract.rpcs) {
      const number = own.numberThere(rpc);
      if (number === undefined) continue;
      // Who may send knows that the other end can take it.
      assertEquals(there.rpcs[rpc.id]?.name, rpc.name);
    }
    for (const [number, rpc] of own.rpcs.entries()) {
      const other = own === atA ? b : a;
      if (rpc) assertEquals(rpc.name, other.rpcs[number]!.name);
    }
  }
  assertEquals(atB.differenceOf(b.byName.get("aaa")!)?.type, "missing");
  const last = atA.differenceOf(a.byName.get("call19")!);
  assertEquals(
    last?.message,
    `Cannot call "call19" between these versions as the description of a contract was cut before it`,
  );
});

Deno.test("RpcVersionMap of the same contract maps every call to itself", () => {
  const game = defineRpc({ hit: HIT, zap: ZAP });
  const map = new RpcVersionMap(game);
  assertEquals(map.rpcs, game.rpcs);
  assertEquals([map.differences, map.onlyTheirs], [[], []]);
  for (const rpc of game.rpcs) {
    assertEquals(map.numberThere(rpc), rpc.id);
    assertEquals(map.differenceOf(rpc), undefined);
  }
});

Deno.test("RpcVersionMap takes any text for a descriptor", () => {
  const game = defineRpc({ hit: HIT });
  const ours = game.contract.entries[0]!.descriptor;
  const odd = [
    "",
    " ",
    "server",
    "server ",
    "server struct",
    "server struct(",
    "server struct()",
    "server struct((",
    "server struct()) nothing",
    "server struct(,) nothing",
    "server struct(a) nothing",
    "server struct(:u8) nothing",
    "server struct(a:u8,) nothing",
    "server struct(a:u8,a:u8) nothing",
    "server struct(a:u8) nothing".repeat(300),
    "(".repeat(8_192),
    `${ours} `,
    ours.slice(0, -1),
  ];
  for (const descriptor of odd) {
    const map = new RpcVersionMap(game, {
      theirs: [{ name: "hit", descriptor }],
      isWhole: true,
    });
    assertEquals(map.rpcs, [undefined]);
    const { message } = map.differences[0]!;
    assert(message.startsWith(`Cannot call "hit" between these versions as `));
    assert(message.length < 400, message);
  }
  const random = new SeededRandom(7);
  for (let i = 0; i < 5_000; i++) {
    const at = random.nextU32() % ours.length;
    const code = 0x20 + random.nextU32() % 95;
    const changed = ours.slice(0, at) + String.fromCharCode(code) +
      ours.slice(at + 1 - random.nextU32() % 2);
    if (changed === ours) continue;
    const { name, message } = rpcDifference("hit", ours, changed);
    assert(name === "hit" && message.length < 400, message);
  }
});
