// This module is browser compatible.
import {
  bool,
  bytes,
  type BytesField,
  Channel,
  f32,
  type Fields,
  type PlainField,
  string,
  type StringField,
  varint,
  vec3,
} from "../../protocol/mod.ts";
import type { Vec3 } from "../../core/mod.ts";
import { defineRpc, type RpcContract } from "../contract/define_rpc.ts";

/**
 * One of the twelve that the server alone makes.
 *
 * @typeParam P What it carries.
 */
export interface ServerEventDefinition<P extends Fields> {
  /** What it carries, by name, in the order of the wire. */
  readonly params: P;
  /** Who may call. */
  readonly from: "server";
  /** What is promised about its delivery. */
  readonly channel: Channel;
  /** The newest call alone is sent of those with the same values of these parameters. */
  readonly coalesce?: readonly (keyof P & string)[];
  /** Whether it may be left out when there is more to send than fits: the higher goes first. */
  readonly cosmetic?: number;
}

/** What {@linkcode GAME_EVENTS} is made of. */
export type GameEventDefinitions = {
  /** Text from a player: the caller, as the connection says. */
  readonly chat: {
    readonly params: { readonly text: StringField };
    readonly from: "any";
    readonly channel: Channel;
    readonly rate: { readonly perSecond: 2; readonly burst: 5 };
  };
  /** A player is there. */
  readonly playerJoined: ServerEventDefinition<{
    readonly player: PlainField<"varint", number>;
    readonly name: StringField;
  }>;
  /** A player is gone. */
  readonly playerLeft: ServerEventDefinition<
    { readonly player: PlainField<"varint", number> }
  >;
  /** Something that only the game understands. */
  readonly gameEvent: ServerEventDefinition<{
    readonly kind: PlainField<"varint", number>;
    readonly data: BytesField;
  }>;
  /** A field of force appears. */
  readonly forceField: ServerEventDefinition<{
    readonly kind: PlainField<"varint", number>;
    readonly at: PlainField<"vec3", Vec3>;
    readonly strength: PlainField<"f32", number>;
    readonly lifetimeMs: PlainField<"varint", number>;
  }>;
  /** Particles appear. */
  readonly particleBurst: ServerEventDefinition<{
    readonly preset: PlainField<"varint", number>;
    readonly at: PlainField<"vec3", Vec3>;
  }>;
  /** Something is to be seen on the whole screen. */
  readonly screenEffect: ServerEventDefinition<
    { readonly effect: PlainField<"varint", number> }
  >;
  /** A sound begins. */
  readonly playSound: ServerEventDefinition<{
    readonly sound: PlainField<"varint", number>;
    readonly at: PlainField<"vec3", Vec3>;
  }>;
  /** A number rises from who was hit. */
  readonly damageNumber: ServerEventDefinition<{
    readonly amount: PlainField<"f32", number>;
    readonly at: PlainField<"vec3", Vec3>;
    readonly crit: PlainField<"bool", boolean>;
  }>;
  /** Something befalls an entity for a while. */
  readonly entityStatus: ServerEventDefinition<{
    readonly entity: PlainField<"varint", number>;
    readonly status: PlainField<"varint", number>;
    readonly durationMs: PlainField<"varint", number>;
  }>;
  /** The camera shakes. */
  readonly cameraShake: ServerEventDefinition<
    { readonly trauma: PlainField<"f32", number> }
  >;
  /** Somebody has something to say. */
  readonly dialogue: ServerEventDefinition<{
    readonly npc: PlainField<"varint", number>;
    readonly dialogue: PlainField<"varint", number>;
  }>;
};

/**
 * The definitions of the twelve calls that every game has, to be spread into a game's
 * own: `defineRpc({ ...GAME_EVENT_DEFINITIONS, fire: … })`. What is only to be seen or heard goes
 * unreliably and may be left out.
 */
export const GAME_EVENT_DEFINITIONS: GameEventDefinitions = {
  chat: {
    params: { text: string({ maxBytes: 512 }) },
    from: "any",
    channel: Channel.ReliableOrdered,
    rate: { perSecond: 2, burst: 5 },
  },
  playerJoined: {
    params: { player: varint, name: string({ maxBytes: 64 }) },
    from: "server",
    channel: Channel.ReliableOrdered,
  },
  playerLeft: {
    params: { player: varint },
    from: "server",
    channel: Channel.ReliableOrdered,
  },
  gameEvent: {
    params: { kind: varint, data: bytes },
    from: "server",
    channel: Channel.ReliableOrdered,
  },
  forceField: {
    params: { kind: varint, at: vec3, strength: f32, lifetimeMs: varint },
    from: "server",
    channel: Channel.Reliable,
  },
  particleBurst: {
    params: { preset: varint, at: vec3 },
    from: "server",
    channel: Channel.Unreliable,
    cosmetic: 1,
  },
  screenEffect: {
    params: { effect: varint },
    from: "server",
    channel: Channel.Reliable,
  },
  playSound: {
    params: { sound: varint, at: vec3 },
    from: "server",
    channel: Channel.Unreliable,
    cosmetic: 2,
  },
  damageNumber: {
    params: { amount: f32, at: vec3, crit: bool },
    from: "server",
    channel: Channel.Unreliable,
    cosmetic: 3,
  },
  entityStatus: {
    params: { entity: varint, status: varint, durationMs: varint },
    from: "server",
    channel: Channel.ReliableOrdered,
    coalesce: ["entity", "status"],
  },
  cameraShake: {
    params: { trauma: f32 },
    from: "server",
    channel: Channel.Unreliable,
    cosmetic: 2,
  },
  dialogue: {
    params: { npc: varint, dialogue: varint },
    from: "server",
    channel: Channel.ReliableOrdered,
  },
};

/**
 * The twelve calls that every game has as a contract, for a game that needs no others.
 *
 * @example What they are called
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defineRpc, GAME_EVENT_DEFINITIONS, GAME_EVENTS } from "@tickwire/net/rpc";
 *
 * assertEquals(GAME_EVENTS.rpcs.length, 12);
 * assertEquals(GAME_EVENTS.byName.get("chat")?.definition.from, "any");
 *
 * const own = defineRpc({ ...GAME_EVENT_DEFINITIONS, surrender: { params: {}, from: "client" } });
 * assertEquals(own.rpcs.length, 13);
 * ```
 */
export const GAME_EVENTS: RpcContract<GameEventDefinitions> = defineRpc(
  GAME_EVENT_DEFINITIONS,
);
