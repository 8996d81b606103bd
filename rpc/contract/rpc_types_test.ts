import { assertEquals } from "@std/assert";
import {
  bits,
  bool,
  bytes,
  Channel,
  choice,
  f32,
  int,
  list,
  optional,
  quat,
  string,
  struct,
  u64,
  u8,
  varint,
  vec2,
  vec3,
} from "../../protocol/mod.ts";
import type { Quat, U64, Vec2, Vec3 } from "../../protocol/mod.ts";
import { assertType, type Same } from "./_testing/same_type.ts";
import { defineRpc, type RpcContract } from "./define_rpc.ts";
import type { RpcDefinitions } from "./rpc_definition.ts";
import type {
  AnsweredCallName,
  ClientCallName,
  RpcDefinitionsOf,
  RpcName,
  RpcParamsOf,
  RpcReplyOf,
  ServerCallName,
  UnansweredCallName,
} from "./rpc_types.ts";

const game = defineRpc({
  move: {
    params: {
      to: vec3,
      aim: vec2,
      turn: quat,
      gait: choice("walk", "run"),
      keys: bits(4),
      haste: optional(f32),
      with: optional(choice("sword", "bow")),
    },
    from: "owner",
    channel: Channel.UnreliableOrdered,
    rate: { perSecond: 60 },
  },
  loot: {
    params: {
      items: list(
        struct({ id: u64, count: u8, note: optional(string) }),
        { maxLength: 8 },
      ),
      raw: bytes,
      spots: list(vec3({ min: 0, max: 9, step: 1 }), { maxLength: 3 }),
    },
    from: "server",
    coalesce: ["raw", "items"],
    cosmetic: 3,
  },
  buy: {
    params: { item: string({ maxBytes: 32 }), count: int({ min: 1, max: 9 }) },
    from: "client",
    reply: struct({ ok: bool, gold: optional(varint) }),
  },
  ask: {
    params: { nothing: struct({}) },
    from: "server",
    reply: choice("yes", "no"),
  },
  find: { params: {}, from: "any", reply: optional(vec3) },
  gone: { params: {}, from: "any" },
});

type Game = typeof game;
type D = RpcDefinitionsOf<Game>;

Deno.test("RpcParamsOf is one plain object, with what may be left out", () => {
  assertType<
    Same<RpcParamsOf<Game, "move">, {
      to: Vec3;
      aim: Vec2;
      turn: Quat;
      gait: "walk" | "run";
      keys: number;
      haste?: number | undefined;
      with?: "sword" | "bow" | undefined;
    }>
  >();
  assertType<
    Same<RpcParamsOf<Game, "loot">, {
      items: readonly {
        id: U64;
        count: number;
        note?: string | undefined;
      }[];
      raw: Uint8Array;
      spots: readonly Vec3[];
    }>
  >();
  // deno-lint-ignore ban-types
  assertType<Same<RpcParamsOf<Game, "gone">, {}>>();
  // deno-lint-ignore ban-types
  assertType<Same<RpcParamsOf<Game, "ask">, { nothing: {} }>>();
});

Deno.test("RpcReplyOf is what a call is answered with", () => {
  assertType<
    Same<RpcReplyOf<Game, "buy">, { ok: boolean; gold?: number | undefined }>
  >();
  assertType<Same<RpcReplyOf<Game, "ask">, "yes" | "no">>();
  assertType<Same<RpcReplyOf<Game, "find">, Vec3 | undefined>>();
  assertType<Same<RpcReplyOf<Game, "move">, never>>();
  assertType<Same<RpcReplyOf<Game, "gone">, never>>();
});

Deno.test("names of calls are told apart by who may make them", () => {
  assertType<
    Same<RpcName<D>, "move" | "loot" | "buy" | "ask" | "find" | "gone">
  >();
  assertType<Same<ServerCallName<D>, "loot" | "ask" | "find" | "gone">>();
  assertType<Same<ClientCallName<D>, "move" | "buy" | "find" | "gone">>();
});

Deno.test("names of calls are told apart by whether they are answered", () => {
  assertType<Same<AnsweredCallName<D>, "buy" | "ask" | "find">>();
  assertType<
    Same<AnsweredCallName<D, ClientCallName<D>>, "buy" | "find">
  >();
  assertType<Same<UnansweredCallName<D>, "move" | "loot" | "gone">>();
  assertType<
    Same<UnansweredCallName<D, ServerCallName<D>>, "loot" | "gone">
  >();
});

Deno.test("the types of a contract that is not known are those of any", () => {
  type Any = RpcDefinitionsOf<RpcContract>;
  assertType<Same<Any, RpcDefinitions>>();
  assertType<Same<RpcName<Any>, string>>();
  assertType<
    Same<RpcParamsOf<RpcContract, string>, { [name: string]: unknown }>
  >();
  const contracts: readonly RpcContract[] = [game];
  assertEquals(contracts[0]!.rpcs.length, 6);
});

Deno.test("a definition may be made apart from its contract", () => {
  const point = { at: vec3, size: optional(f32) };
  const shared = { params: { ...point, by: u8 }, from: "any" } as const;
  const made = defineRpc({ one: shared, two: { ...shared, reply: bool } });
  assertType<
    Same<RpcParamsOf<typeof made, "one">, {
      at: Vec3;
      by: number;
      size?: number | undefined;
    }>
  >();
  assertType<Same<AnsweredCallName<RpcDefinitionsOf<typeof made>>, "two">>();
  const spread = { params: point, from: "server" } satisfies object;
  const wide = defineRpc({ late: { ...spread, from: "client" } });
  assertType<Same<ClientCallName<RpcDefinitionsOf<typeof wide>>, "late">>();
});
