/**
 * What both ends of the arena agree on: the world, the inputs, and how a player moves.
 *
 * @module
 */

import type { Vec3 } from "../../core/mod.ts";
import {
  angle,
  bits,
  bool,
  float,
  quat,
  string,
  struct,
  u16,
  u8,
  vec3,
} from "../../protocol/mod.ts";
import { defineEntity, defineWorld } from "../../sync/mod.ts";

/** Ticks of the world in a second. */
export const TICK_RATE = 60;
/** Snapshots for each client in a second. */
export const SEND_RATE = 30;
/** How far it is from the middle to a wall. */
export const HALF_SIZE = 32;
/** Half of the width of a player, who can be hit as a ball. */
export const PLAYER_RADIUS = 1;
/** The step of positions: what the wire can tell apart. */
export const STEP = 1 / 256;
/** The most ticks between two snapshots of a picture that can be shot at. */
export const MAX_SPAN = 16;
/** Ticks from one shot of a player to the next. */
export const RELOAD = 12;
/** What a player has at first. */
export const FULL_HEALTH = 100;
/** Bytes of a name. */
export const MAX_NAME_BYTES = 16;
/** How far a player goes in a second. */
const SPEED = 8;

const position = vec3({ min: -64, max: 64, step: STEP });

/** The world. */
export const ARENA = defineWorld({
  cube: defineEntity({ position, rotation: quat({ bits: 9 }) }, {
    maxEntities: 64,
  }),
  player: defineEntity({
    position,
    rotation: angle({ bits: 10 }),
    // Counts up when a player is put elsewhere, so that nobody draws the way there.
    jumps: bits(3),
    // Counts up with each shot, so that one is seen though its snapshot was lost.
    shots: bits(6),
    health: u8,
    // Players that this one has shot down.
    score: u16,
    name: string({ maxBytes: MAX_NAME_BYTES }),
  }, { maxEntities: 16 }),
});

/** The type of players. */
export const PLAYER = ARENA.byName.get("player")!;
/** The type of cubes. */
export const CUBE = ARENA.byName.get("cube")!;

const share = float({ min: -1, max: 1, step: 1 / 8 });

/** What a player does in a tick. */
export const INPUT = struct({
  x: share,
  z: share,
  rotation: angle({ bits: 10 }),
  fire: bool,
  aim: vec3({ min: -1, max: 1, step: 1 / 2048 }),
});

/** What a player does in a tick. */
export interface PlayerInput {
  /** Where to: -1 to 1 of the speed, along the first axis. */
  readonly x: number;
  /** The same, along the third axis. */
  readonly z: number;
  /** Where the player looks, in radians. */
  readonly rotation: number;
  /** Whether a shot goes off. */
  readonly fire: boolean;
  /** Where to, from the player's position. */
  readonly aim: Vec3;
}

/**
 * Moves a player along one axis for a tick: the same at both ends, to the bit.
 *
 * @param at Where it is.
 * @param share What the input says.
 * @returns Where it goes, within the walls.
 */
export function moved(at: number, share: number): number {
  const to = at + share * SPEED / TICK_RATE;
  return Math.min(HALF_SIZE, Math.max(-HALF_SIZE, to));
}
