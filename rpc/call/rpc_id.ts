// This module is browser compatible.

/** The numbers of the twelve calls that every game has. */
export const RpcId = {
  /** Text from a player. */
  Chat: 1,
  /** A player is there. */
  PlayerJoined: 2,
  /** A player is gone. */
  PlayerLeft: 3,
  /** Something that only the game understands. */
  GameEvent: 4,
  /** A field of force appears. */
  ForceField: 5,
  /** Particles appear. */
  ParticleBurst: 6,
  /** Something is to be seen on the whole screen. */
  ScreenEffect: 7,
  /** A sound begins. */
  PlaySound: 8,
  /** A number rises from who was hit. */
  DamageNumber: 9,
  /** Something befalls an entity for a while. */
  EntityStatus: 10,
  /** The camera shakes. */
  CameraShake: 11,
  /** Somebody has something to say. */
  Dialogue: 12,
} as const;

/**
 * Which call: one of the twelve, or a number of the game's own from
 * {@linkcode FIRST_OWN_RPC_ID} on, as {@linkcode rpcId} and `RpcRegistry.register()`
 * give it.
 */
export type RpcId =
  | typeof RpcId[keyof typeof RpcId]
  | number & { readonly __brand: "RpcId" };

/** The smallest id of a game's own; those below are of this library. */
export const FIRST_OWN_RPC_ID = 100;
/** The largest id. */
export const MAX_RPC_ID = 65_535;

/**
 * Makes an id of a number.
 *
 * @param id An integer from 1 to 65535; a game's own begin at 100.
 * @returns The same number.
 * @throws {RangeError} If it is not.
 *
 * @example The first id of a game's own
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { FIRST_OWN_RPC_ID, rpcId } from "@tickwire/net/rpc";
 *
 * assertEquals(rpcId(FIRST_OWN_RPC_ID), 100);
 * assertThrows(() => rpcId(0), RangeError);
 * ```
 */
export function rpcId(id: number): RpcId {
  if (!isRpcId(id)) {
    throw new RangeError(
      `Cannot make an rpc id as it must be an integer from 1 to ${MAX_RPC_ID}: current value is ${id}`,
    );
  }
  return id as RpcId;
}

/**
 * Tells whether a number is an id.
 *
 * @param id Any number.
 * @returns Whether it is an integer from 1 to 65535.
 *
 * @example Neither nothing nor too much
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isRpcId } from "@tickwire/net/rpc";
 *
 * assertEquals([0, 1, 65_535, 65_536].map(isRpcId), [false, true, true, false]);
 * ```
 */
export function isRpcId(id: number): id is RpcId {
  return Number.isInteger(id) && id >= 1 && id <= MAX_RPC_ID;
}
