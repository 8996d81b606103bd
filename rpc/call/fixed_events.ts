// This module is browser compatible.
import type { Vec3 } from "../../core/mod.ts";
import { RpcTarget } from "../target/rpc_target.ts";
import {
  EVENT_LAYOUTS,
  EVENT_LAYOUTS_BY_ID,
  type EventParam,
} from "./_event_layouts.ts";
import type {
  CameraShakeParams,
  ChatParams,
  DamageNumberParams,
  DialogueParams,
  EntityStatusParams,
  ForceFieldParams,
  GameEvent,
  GameEventMap,
  GameEventName,
  GameEventParams,
  ParticleBurstParams,
  PlayerJoinedParams,
  PlayerLeftParams,
  PlaySoundParams,
  ScreenEffectParams,
} from "./game_event.ts";
import { RpcCall } from "./rpc_call.ts";
import { RpcParam } from "./rpc_param.ts";

/**
 * Makes the call {@linkcode RpcId} `Chat`: text from a player.
 * A client leaves `sender` out; the server fills it in
 * from the caller when it passes the text on, and reads it from nowhere else.
 *
 * @param params What it carries.
 * @param target Whom it is for.
 * @returns The call.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example A client's text, and what the others get to see
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clientId, readGameEvent, RpcCall, rpcChat, RpcTarget } from "@tickwire/net/rpc";
 *
 * const call = rpcChat({ text: "hello" }, RpcTarget.server());
 * const atServer = RpcCall.deserialize(call.serialize(), clientId(7));
 * assertEquals(readGameEvent(atServer), { type: "chat", sender: clientId(7), text: "hello" });
 *
 * const passedOn = rpcChat({ sender: atServer.caller, text: "hello" });
 * const atClient = RpcCall.deserialize(passedOn.serialize(), undefined);
 * assertEquals(readGameEvent(atClient), { type: "chat", sender: clientId(7), text: "hello" });
 * ```
 */
export function rpcChat(
  params: ChatParams,
  target: RpcTarget = RpcTarget.all(),
): RpcCall {
  return makeCall("chat", params, target);
}

/**
 * Makes the call {@linkcode RpcId} `PlayerJoined`: a player is there.
 *
 * @param params What it carries.
 * @param target Whom it is for.
 * @returns The call.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example Everybody else is told
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clientId, rpcPlayerJoined, RpcTarget } from "@tickwire/net/rpc";
 *
 * const call = rpcPlayerJoined({ player: clientId(7), name: "Ada" }, RpcTarget.allExcept(clientId(7)));
 * assertEquals([call.target.type, call.byteLength], ["allExcept", 10]);
 * ```
 */
export function rpcPlayerJoined(
  params: PlayerJoinedParams,
  target: RpcTarget = RpcTarget.all(),
): RpcCall {
  return makeCall("playerJoined", params, target);
}

/**
 * Makes the call {@linkcode RpcId} `PlayerLeft`: a player is gone.
 *
 * @param params What it carries.
 * @param target Whom it is for.
 * @returns The call.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example Everybody is told
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clientId, rpcPlayerLeft } from "@tickwire/net/rpc";
 *
 * const call = rpcPlayerLeft({ player: clientId(7) });
 * assertEquals(call.byteLength, 5);
 * ```
 */
export function rpcPlayerLeft(
  params: PlayerLeftParams,
  target: RpcTarget = RpcTarget.all(),
): RpcCall {
  return makeCall("playerLeft", params, target);
}

/**
 * Makes the call {@linkcode RpcId} `GameEvent`: something that only the game understands.
 *
 * @param params What it carries.
 * @param target Whom it is for.
 * @returns The call.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example The end of a round
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpcGameEvent } from "@tickwire/net/rpc";
 *
 * const call = rpcGameEvent({ kind: 3, data: new Uint8Array([1, 0]) });
 * assertEquals(call.byteLength, 8);
 * ```
 */
export function rpcGameEvent(
  params: GameEventParams,
  target: RpcTarget = RpcTarget.all(),
): RpcCall {
  return makeCall("gameEvent", params, target);
}

/**
 * Makes the call {@linkcode RpcId} `ForceField`: a field of force appears.
 *
 * @param params What it carries.
 * @param target Whom it is for.
 * @returns The call.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example Two seconds of wind
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpcForceField } from "@tickwire/net/rpc";
 *
 * const call = rpcForceField({ kind: 1, at: { x: 4, y: 0, z: 4 }, strength: 2.5, lifetimeMs: 2_000 });
 * assertEquals(call.byteLength, 24);
 * ```
 */
export function rpcForceField(
  params: ForceFieldParams,
  target: RpcTarget = RpcTarget.all(),
): RpcCall {
  return makeCall("forceField", params, target);
}

/**
 * Makes the call {@linkcode RpcId} `ParticleBurst`: particles appear.
 *
 * @param params What it carries.
 * @param target Whom it is for.
 * @returns The call.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example Sparks where the bullet struck
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpcParticleBurst } from "@tickwire/net/rpc";
 *
 * const call = rpcParticleBurst({ preset: 9, at: { x: 4, y: 0, z: 4 } });
 * assertEquals(call.byteLength, 17);
 * ```
 */
export function rpcParticleBurst(
  params: ParticleBurstParams,
  target: RpcTarget = RpcTarget.all(),
): RpcCall {
  return makeCall("particleBurst", params, target);
}

/**
 * Makes the call {@linkcode RpcId} `ScreenEffect`: something is to be seen on the whole screen.
 *
 * @param params What it carries.
 * @param target Whom it is for.
 * @returns The call.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example One player is blinded
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clientId, rpcScreenEffect, RpcTarget } from "@tickwire/net/rpc";
 *
 * const call = rpcScreenEffect({ effect: 2 }, RpcTarget.client(clientId(7)));
 * assertEquals(call.target, { type: "client", id: clientId(7) });
 * ```
 */
export function rpcScreenEffect(
  params: ScreenEffectParams,
  target: RpcTarget = RpcTarget.all(),
): RpcCall {
  return makeCall("screenEffect", params, target);
}

/**
 * Makes the call {@linkcode RpcId} `PlaySound`: a sound begins.
 *
 * @param params What it carries.
 * @param target Whom it is for.
 * @returns The call.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example A door creaks
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpcPlaySound } from "@tickwire/net/rpc";
 *
 * const call = rpcPlaySound({ sound: 12, at: { x: 4, y: 0, z: 4 } });
 * assertEquals(call.byteLength, 17);
 * ```
 */
export function rpcPlaySound(
  params: PlaySoundParams,
  target: RpcTarget = RpcTarget.all(),
): RpcCall {
  return makeCall("playSound", params, target);
}

/**
 * Makes the call {@linkcode RpcId} `DamageNumber`: a number rises from who was hit.
 *
 * @param params What it carries.
 * @param target Whom it is for.
 * @returns The call.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example A critical hit, read at the other end
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readGameEvent, rpcDamageNumber } from "@tickwire/net/rpc";
 *
 * const call = rpcDamageNumber({ amount: 12.5, at: { x: 4, y: 1, z: 4 }, crit: true });
 * const event = readGameEvent(call);
 * assertEquals(event?.type === "damageNumber" && event.amount, 12.5);
 * ```
 */
export function rpcDamageNumber(
  params: DamageNumberParams,
  target: RpcTarget = RpcTarget.all(),
): RpcCall {
  return makeCall("damageNumber", params, target);
}

/**
 * Makes the call {@linkcode RpcId} `EntityStatus`: something befalls an entity for a while.
 *
 * @param params What it carries.
 * @param target Whom it is for.
 * @returns The call.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example Three seconds of poison
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpcEntityStatus } from "@tickwire/net/rpc";
 *
 * const call = rpcEntityStatus({ entity: 1_017, status: 2, durationMs: 3_000 });
 * assertEquals(call.byteLength, 10);
 * ```
 */
export function rpcEntityStatus(
  params: EntityStatusParams,
  target: RpcTarget = RpcTarget.all(),
): RpcCall {
  return makeCall("entityStatus", params, target);
}

/**
 * Makes the call {@linkcode RpcId} `CameraShake`: the camera shakes.
 *
 * @param params What it carries.
 * @param target Whom it is for.
 * @returns The call.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example An explosion nearby
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clientId, rpcCameraShake, RpcTarget } from "@tickwire/net/rpc";
 *
 * const call = rpcCameraShake({ trauma: 0.5 }, RpcTarget.client(clientId(7)));
 * assertEquals(call.byteLength, 9);
 * ```
 */
export function rpcCameraShake(
  params: CameraShakeParams,
  target: RpcTarget = RpcTarget.all(),
): RpcCall {
  return makeCall("cameraShake", params, target);
}

/**
 * Makes the call {@linkcode RpcId} `Dialogue`: somebody has something to say.
 *
 * @param params What it carries.
 * @param target Whom it is for.
 * @returns The call.
 * @throws {RangeError} If a number is outside its range.
 *
 * @example The blacksmith greets a team
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpcDialogue, RpcTarget } from "@tickwire/net/rpc";
 *
 * const call = rpcDialogue({ npc: 5, dialogue: 40 }, RpcTarget.team(2));
 * assertEquals(call.target, { type: "team", team: 2 });
 * ```
 */
export function rpcDialogue(
  params: DialogueParams,
  target: RpcTarget = RpcTarget.all(),
): RpcCall {
  return makeCall("dialogue", params, target);
}

/**
 * Reads a call that may be one of the twelve. A chat's sender is the caller, if it is a
 * client, whatever the call itself says.
 *
 * @param call A call, from anybody.
 * @returns What it says; `undefined` if it is none of them, or does not carry what it
 * should.
 *
 * @example Whatever comes in
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readGameEvent, RpcCall, rpcCameraShake, rpcId } from "@tickwire/net/rpc";
 *
 * assertEquals(readGameEvent(rpcCameraShake({ trauma: 0.5 })), { type: "cameraShake", trauma: 0.5 });
 * assertEquals(readGameEvent(new RpcCall({ id: rpcId(100) })), undefined);
 * ```
 */
export function readGameEvent(call: RpcCall): GameEvent | undefined {
  const layout = EVENT_LAYOUTS_BY_ID.get(call.id);
  if (layout === undefined || call.params.length !== layout.params.length) {
    return undefined;
  }
  const event: Record<string, RpcParam["value"] | undefined> = {
    type: layout.name,
  };
  for (let i = 0; i < layout.params.length; i++) {
    const { name, type, min = 0 } = layout.params[i]!;
    const param = call.params[i]!;
    if (param.type !== type) return undefined;
    if (param.type === "int" && param.value < min) return undefined;
    event[name] = param.value;
  }
  if (layout.name === "chat") {
    event.sender = call.caller ?? (event.sender || undefined);
  }
  // It has what the table says, of which a test compares the types.
  return event as unknown as GameEvent;
}

function makeCall<N extends GameEventName>(
  name: N,
  values: GameEventMap[N],
  target: RpcTarget,
): RpcCall {
  const { id, params } = EVENT_LAYOUTS[name];
  return new RpcCall({
    id,
    target,
    params: params.map((param) => {
      const value: unknown = values[param.name as keyof GameEventMap[N]];
      return toParam(name, param, value);
    }),
  });
}

function toParam(
  event: GameEventName,
  { name, type, min = 0 }: EventParam,
  value: unknown,
): RpcParam {
  switch (type) {
    case "bool":
      return RpcParam.bool(value as boolean);
    case "float":
      return RpcParam.float(value as number);
    case "string":
      return RpcParam.string(value as string);
    case "vec3":
      return RpcParam.vec3(value as Vec3);
    case "bytes":
      return RpcParam.bytes(value as Uint8Array);
    case "int": {
      const number = (value ?? 0) as number;
      if (Number.isSafeInteger(number) && number >= min) {
        return RpcParam.int(number);
      }
      throw new RangeError(
        `Cannot make a call of "${event}" as ${name} must be an integer from ${min} to 2^53 - 1: current value is ${number}`,
      );
    }
  }
}
