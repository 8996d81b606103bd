// This module is browser compatible.
import type { Vec3 } from "../../core/mod.ts";
import type { ClientId } from "../target/client_id.ts";

/** Text from a player. */
export interface ChatParams {
  /**
   * Who said it. The server fills it in when it passes the text on; what a client writes
   * here is not believed: its connection says who it is.
   */
  readonly sender?: ClientId | undefined;
  /** What was said. */
  readonly text: string;
}

/** A player is there. */
export interface PlayerJoinedParams {
  /** Who. */
  readonly player: ClientId;
  /** By what name. */
  readonly name: string;
}

/** A player is gone. */
export interface PlayerLeftParams {
  /** Who. */
  readonly player: ClientId;
}

/** Something that only the game understands. */
export interface GameEventParams {
  /** What, as the game numbers it: an integer, 0 or more. */
  readonly kind: number;
  /** What it needs to know. */
  readonly data: Uint8Array;
}

/** A field of force appears. */
export interface ForceFieldParams {
  /** Of what kind, as the game numbers it: an integer, 0 or more. */
  readonly kind: number;
  /** Where. */
  readonly at: Readonly<Vec3>;
  /** How strong: a finite float. */
  readonly strength: number;
  /** For how long, in milliseconds: an integer, 0 or more. */
  readonly lifetimeMs: number;
}

/** Particles appear. */
export interface ParticleBurstParams {
  /** Which, as the game numbers them: an integer, 0 or more. */
  readonly preset: number;
  /** Where. */
  readonly at: Readonly<Vec3>;
}

/** Something is to be seen on the whole screen. */
export interface ScreenEffectParams {
  /** What, as the game numbers it: an integer, 0 or more. */
  readonly effect: number;
}

/** A sound begins. */
export interface PlaySoundParams {
  /** Which, as the game numbers them: an integer, 0 or more. */
  readonly sound: number;
  /** Where. */
  readonly at: Readonly<Vec3>;
}

/** A number rises from who was hit. */
export interface DamageNumberParams {
  /** The number: a finite float. */
  readonly amount: number;
  /** Where. */
  readonly at: Readonly<Vec3>;
  /** Whether it was a critical hit. */
  readonly crit: boolean;
}

/** Something befalls an entity for a while. */
export interface EntityStatusParams {
  /** Which entity: an integer, 0 or more. */
  readonly entity: number;
  /** What, as the game numbers it: an integer, 0 or more. */
  readonly status: number;
  /** For how long, in milliseconds: an integer, 0 or more; 0 ends it. */
  readonly durationMs: number;
}

/** The camera shakes. */
export interface CameraShakeParams {
  /** How much: a finite float, 0 to 1 by custom. */
  readonly trauma: number;
}

/** Somebody has something to say. */
export interface DialogueParams {
  /** Who, as the game numbers them: an integer, 0 or more. */
  readonly npc: number;
  /** What, as the game numbers it: an integer, 0 or more. */
  readonly dialogue: number;
}

/** What each of the twelve calls carries, by its name. */
export interface GameEventMap {
  /** Text from a player. */
  readonly chat: ChatParams;
  /** A player is there. */
  readonly playerJoined: PlayerJoinedParams;
  /** A player is gone. */
  readonly playerLeft: PlayerLeftParams;
  /** Something that only the game understands. */
  readonly gameEvent: GameEventParams;
  /** A field of force appears. */
  readonly forceField: ForceFieldParams;
  /** Particles appear. */
  readonly particleBurst: ParticleBurstParams;
  /** Something is to be seen on the whole screen. */
  readonly screenEffect: ScreenEffectParams;
  /** A sound begins. */
  readonly playSound: PlaySoundParams;
  /** A number rises from who was hit. */
  readonly damageNumber: DamageNumberParams;
  /** Something befalls an entity for a while. */
  readonly entityStatus: EntityStatusParams;
  /** The camera shakes. */
  readonly cameraShake: CameraShakeParams;
  /** Somebody has something to say. */
  readonly dialogue: DialogueParams;
}

/** The names of the twelve calls. */
export type GameEventName = keyof GameEventMap;

/** One of the twelve calls as it was read: its name as `type`, and what it carries. */
export type GameEvent = {
  readonly [N in GameEventName]: { readonly type: N } & GameEventMap[N];
}[GameEventName];
