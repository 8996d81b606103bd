// This module is browser compatible.
import type { GameEventMap, GameEventName } from "./game_event.ts";
import { RpcId } from "./rpc_id.ts";
import type { RpcParamType } from "./rpc_param.ts";

/** A parameter of one of the twelve calls: its name, and its type on the wire. */
export interface EventParam {
  readonly name: string;
  readonly type: RpcParamType;
  /** The smallest of an integer: 0 if nothing is said. */
  readonly min?: number;
}

/** How one of the twelve calls lies in parameters. */
export interface EventLayout {
  readonly id: RpcId;
  readonly name: GameEventName;
  readonly params: readonly EventParam[];
  /** The types of `params`. */
  readonly signature: readonly RpcParamType[];
}

const AT = { name: "at", type: "vec3" } as const;
const KIND = { name: "kind", type: "int" } as const;
const PLAYER = { name: "player", type: "int", min: 1 } as const;

/** The twelve by their name. */
export const EVENT_LAYOUTS: Readonly<Record<GameEventName, EventLayout>> = {
  chat: layout("chat", RpcId.Chat, [
    // 0 is nobody: the text of a client, whose connection says who it is.
    { name: "sender", type: "int" },
    { name: "text", type: "string" },
  ]),
  playerJoined: layout("playerJoined", RpcId.PlayerJoined, [
    PLAYER,
    { name: "name", type: "string" },
  ]),
  playerLeft: layout("playerLeft", RpcId.PlayerLeft, [PLAYER]),
  gameEvent: layout("gameEvent", RpcId.GameEvent, [
    KIND,
    { name: "data", type: "bytes" },
  ]),
  forceField: layout("forceField", RpcId.ForceField, [
    KIND,
    AT,
    { name: "strength", type: "float" },
    { name: "lifetimeMs", type: "int" },
  ]),
  particleBurst: layout("particleBurst", RpcId.ParticleBurst, [
    { name: "preset", type: "int" },
    AT,
  ]),
  screenEffect: layout("screenEffect", RpcId.ScreenEffect, [
    { name: "effect", type: "int" },
  ]),
  playSound: layout("playSound", RpcId.PlaySound, [
    { name: "sound", type: "int" },
    AT,
  ]),
  damageNumber: layout("damageNumber", RpcId.DamageNumber, [
    { name: "amount", type: "float" },
    AT,
    { name: "crit", type: "bool" },
  ]),
  entityStatus: layout("entityStatus", RpcId.EntityStatus, [
    { name: "entity", type: "int" },
    { name: "status", type: "int" },
    { name: "durationMs", type: "int" },
  ]),
  cameraShake: layout("cameraShake", RpcId.CameraShake, [
    { name: "trauma", type: "float" },
  ]),
  dialogue: layout("dialogue", RpcId.Dialogue, [
    { name: "npc", type: "int" },
    { name: "dialogue", type: "int" },
  ]),
};

/** The twelve by their id. */
export const EVENT_LAYOUTS_BY_ID: ReadonlyMap<RpcId, EventLayout> = new Map(
  Object.values(EVENT_LAYOUTS).map((layout) => [layout.id, layout]),
);

/** The layout with a name, if it is one of the twelve. */
export function eventLayout(name: string): EventLayout | undefined {
  return Object.hasOwn(EVENT_LAYOUTS, name)
    ? EVENT_LAYOUTS[name as GameEventName]
    : undefined;
}

function layout<N extends GameEventName>(
  name: N,
  id: RpcId,
  params: readonly (EventParam & { readonly name: keyof GameEventMap[N] })[],
): EventLayout {
  return { id, name, params, signature: params.map(({ type }) => type) };
}
