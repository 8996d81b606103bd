import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { RpcParams } from "../contract/rpc_types.ts";
import { type ClientId, clientId } from "../target/client_id.ts";
import { RpcTarget } from "../target/rpc_target.ts";
import { EVENT_LAYOUTS } from "./_event_layouts.ts";
import {
  readGameEvent,
  rpcCameraShake,
  rpcChat,
  rpcDamageNumber,
  rpcDialogue,
  rpcEntityStatus,
  rpcForceField,
  rpcGameEvent,
  rpcParticleBurst,
  rpcPlayerJoined,
  rpcPlayerLeft,
  rpcPlaySound,
  rpcScreenEffect,
} from "./fixed_events.ts";
import type { GameEvent, GameEventMap, GameEventName } from "./game_event.ts";
import {
  GAME_EVENT_DEFINITIONS,
  GAME_EVENTS,
  type GameEventDefinitions,
} from "./game_events.ts";
import { RpcCall } from "./rpc_call.ts";
import { RpcId } from "./rpc_id.ts";
import { RpcParam } from "./rpc_param.ts";

const at = { x: 1, y: -2, z: 0.5 };
const player = clientId(7);

type Case = [RpcCall, GameEvent];

const CASES: readonly Case[] = [
  [rpcChat({ sender: player, text: "hi 😀" }), {
    type: "chat",
    sender: player,
    text: "hi 😀",
  }],
  [rpcPlayerJoined({ player, name: "Ada" }), {
    type: "playerJoined",
    player,
    name: "Ada",
  }],
  [rpcPlayerLeft({ player }), { type: "playerLeft", player }],
  [rpcGameEvent({ kind: 3, data: new Uint8Array([1, 2]) }), {
    type: "gameEvent",
    kind: 3,
    data: new Uint8Array([1, 2]),
  }],
  [rpcForceField({ kind: 1, at, strength: -2.5, lifetimeMs: 900 }), {
    type: "forceField",
    kind: 1,
    at,
    strength: -2.5,
    lifetimeMs: 900,
  }],
  [rpcParticleBurst({ preset: 4, at }), {
    type: "particleBurst",
    preset: 4,
    at,
  }],
  [rpcScreenEffect({ effect: 2 }), { type: "screenEffect", effect: 2 }],
  [rpcPlaySound({ sound: 12, at }), { type: "playSound", sound: 12, at }],
  [rpcDamageNumber({ amount: 12.5, at, crit: true }), {
    type: "damageNumber",
    amount: 12.5,
    at,
    crit: true,
  }],
  [rpcEntityStatus({ entity: 2 ** 40, status: 0, durationMs: 50 }), {
    type: "entityStatus",
    entity: 2 ** 40,
    status: 0,
    durationMs: 50,
  }],
  [rpcCameraShake({ trauma: 0.75 }), { type: "cameraShake", trauma: 0.75 }],
  [rpcDialogue({ npc: 5, dialogue: 40 }), {
    type: "dialogue",
    npc: 5,
    dialogue: 40,
  }],
];

Deno.test("readGameEvent() reads what the twelve makers make, over the wire", () => {
  assertEquals(CASES.map(([{ id }]) => id), Object.values(RpcId));
  for (const [call, event] of CASES) {
    const back = RpcCall.deserialize(call.serialize(), undefined);
    assertEquals(back, call);
    assertEquals(readGameEvent(back), event);
    assertEquals(back.target, RpcTarget.all());
  }
});

Deno.test("The makers take a target", () => {
  const target = RpcTarget.client(player);
  assertStrictEquals(rpcCameraShake({ trauma: 1 }, target).target, target);
});

Deno.test("readGameEvent() believes no client's word about who sent a chat", () => {
  const forged = rpcChat({ sender: clientId(1), text: "I am the king" });
  const sender = (caller: ClientId | undefined) => {
    const event = readGameEvent(
      RpcCall.deserialize(forged.serialize(), caller),
    );
    return event?.type === "chat" ? event.sender : "none";
  };
  assertEquals(sender(player), player);
  assertEquals(sender(undefined), clientId(1));
  const [own] = [readGameEvent(rpcChat({ text: "welcome" }))];
  assertEquals(own, { type: "chat", sender: undefined, text: "welcome" });
});

Deno.test("readGameEvent() reads nothing else", () => {
  for (const [call] of CASES) {
    const { id, params } = call;
    const others = [
      params.slice(1),
      [...params, RpcParam.bool(true)],
      params.map(({ type }) =>
        type === "string" ? RpcParam.int(1) : RpcParam.string("1")
      ),
    ];
    for (const params of others) {
      assertEquals(readGameEvent(new RpcCall({ id, params })), undefined);
    }
  }
  const nobody = new RpcCall({
    id: RpcId.PlayerLeft,
    params: [RpcParam.int(0)],
  });
  assertEquals(readGameEvent(nobody), undefined);
  const below = new RpcCall({
    id: RpcId.ScreenEffect,
    params: [RpcParam.int(-1)],
  });
  assertEquals(readGameEvent(below), undefined);
  assertEquals(readGameEvent(new RpcCall({ id: 13 as RpcId })), undefined);
});

Deno.test("The makers refuse numbers that are none of theirs", () => {
  for (const effect of [-1, 0.5, NaN, 2 ** 53]) {
    assertThrows(() => rpcScreenEffect({ effect }), RangeError, `${effect}`);
  }
  const nobody = 0 as ClientId;
  assertThrows(() => rpcPlayerLeft({ player: nobody }), RangeError, "from 1");
  assertThrows(() => rpcCameraShake({ trauma: NaN }), RangeError, "NaN");
  assertThrows(
    () => rpcPlaySound({ sound: 1, at: { ...at, y: Infinity } }),
    RangeError,
    "Infinity",
  );
});

// The two layers say the same. Of a chat, the contract leaves the sender to the connection.

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;
type Rest = Exclude<GameEventName, "chat">;
const SAME_NAMES: Same<GameEventName, keyof GameEventDefinitions> = true;
const SAME_PARAMS: {
  [N in Rest]: Same<
    keyof RpcParams<GameEventDefinitions[N]>,
    keyof GameEventMap[N]
  >;
} = {
  playerJoined: true,
  playerLeft: true,
  gameEvent: true,
  forceField: true,
  particleBurst: true,
  screenEffect: true,
  playSound: true,
  damageNumber: true,
  entityStatus: true,
  cameraShake: true,
  dialogue: true,
};
/** What is sent by the makers can be sent by the contract. */
const CARRIES: {
  [N in Rest]: GameEventMap[N] extends
    Readonly<RpcParams<GameEventDefinitions[N]>> ? true : N;
} = SAME_PARAMS;

const TYPES: Readonly<Record<string, string>> = {
  varint: "int",
  f32: "float",
};

Deno.test("GAME_EVENTS has the twelve as readGameEvent() has them", () => {
  assertEquals([SAME_NAMES, CARRIES], [true, SAME_PARAMS]);
  assertEquals(
    GAME_EVENTS.rpcs.map(({ name }) => name),
    Object.keys(EVENT_LAYOUTS).toSorted(),
  );
  for (const { name, params } of Object.values(EVENT_LAYOUTS)) {
    const definition = GAME_EVENT_DEFINITIONS[name];
    const fields = Object.entries(definition.params).map(
      ([name, { type }]) => [name, TYPES[type] ?? type],
    );
    const layout = params.map(({ name, type }) => [name, type]);
    assertEquals(fields, name === "chat" ? layout.slice(1) : layout);
    assertEquals(definition.from, name === "chat" ? "any" : "server");
  }
});
