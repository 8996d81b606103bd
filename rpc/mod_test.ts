import { assertEquals } from "@std/assert";
import * as rpc from "./mod.ts";

/** The classes that games and tools go by, each with what it must be able to do. */
const CLASSES = {
  RpcCall: "serialize",
  RpcRegistry: "register registerFixed handler idFor invoke",
  RpcQueue: "enqueue drain",
  RpcBatcher: "batch unbatch",
  RpcSecurity: "check setRate addServerOnly removeServerOnly",
  RpcReplay:
    "startRecording stopRecording record replayAll replayFiltered export import",
  RpcServer:
    "connect disconnect on answer off send call cancel tick drainEvents metrics",
  RpcClient:
    "on answer off send call cancel tick drainEvents reconnect close metrics",
} as const;

/** The fixed events: their ids count from 1 in this order. */
const EVENTS = [
  "Chat",
  "PlayerJoined",
  "PlayerLeft",
  "GameEvent",
  "ForceField",
  "ParticleBurst",
  "ScreenEffect",
  "PlaySound",
  "DamageNumber",
  "EntityStatus",
  "CameraShake",
  "Dialogue",
] as const;

const ERROR_CODES: Readonly<Record<rpc.RpcErrorCode, true>> = {
  unknownRpc: true,
  invalidParams: true,
  wrongParamType: true,
  rateLimited: true,
  unauthorised: true,
  deserializeError: true,
  handlerFailed: true,
  tooLarge: true,
};

Deno.test("mod.ts has the documented classes, with their methods", () => {
  for (const [name, methods] of Object.entries(CLASSES)) {
    const { prototype } = rpc[name as keyof typeof CLASSES];
    const lacking = methods.split(" ").filter((method) =>
      !Object.hasOwn(prototype, method)
    );
    assertEquals(lacking, [], name);
  }
  assertEquals(Object.hasOwn(rpc.RpcCall, "deserialize"), true);
});

Deno.test("mod.ts has the twelve fixed events, each with an id and a maker", () => {
  assertEquals(Object.keys(rpc.RpcId), [...EVENTS]);
  for (const [i, name] of EVENTS.entries()) {
    assertEquals<number>(rpc.RpcId[name], i + 1);
    assertEquals(typeof rpc[`rpc${name}`], "function", name);
  }
});

Deno.test("mod.ts has the documented targets, parameters and errors", () => {
  assertEquals(Object.keys(rpc.RpcTarget), [
    "all",
    "server",
    "client",
    "team",
    "allExcept",
  ]);
  assertEquals(Object.keys(rpc.RpcParam), [
    "bool",
    "int",
    "float",
    "string",
    "vec3",
    "bytes",
  ]);
  for (const code of Object.keys(ERROR_CODES) as rpc.RpcErrorCode[]) {
    assertEquals(new rpc.RpcError(code, "").code, code);
  }
});
