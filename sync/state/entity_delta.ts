// This module is browser compatible.
import type { Vec3 } from "../../core/mod.ts";
import { isSameBytes } from "../snapshot/same_bytes.ts";
import { EntitySnapshot } from "./entity_snapshot.ts";

/**
 * What an entity has become: the fields that differ, each as it is now. What is left out
 * is as it was.
 */
export interface EntityDelta {
  /** Which entity: 0 to 2^32 - 1. */
  readonly id: number;
  /** Where it is. */
  readonly position?: Readonly<Vec3>;
  /** How far it moves in a second. */
  readonly velocity?: Readonly<Vec3>;
  /** Which way it faces, in radians. */
  readonly rotation?: number;
  /** How well it is. */
  readonly health?: number;
  /** Its flags. */
  readonly stateFlags?: number;
  /** The game's own bytes. */
  readonly custom?: Uint8Array;
}

/**
 * Tells how an entity differs from what it was.
 *
 * @param base What it was.
 * @param current What it is: the same id and generation.
 * @returns What has changed; `undefined` if nothing has.
 */
export function entityDelta(
  base: EntitySnapshot,
  current: EntitySnapshot,
): EntityDelta | undefined {
  if (base === current) return undefined;
  const delta: { -readonly [K in keyof EntityDelta]: EntityDelta[K] } = {
    id: current.id,
  };
  if (!isSameVector(base.position, current.position)) {
    delta.position = current.position;
  }
  if (!isSameVector(base.velocity, current.velocity)) {
    delta.velocity = current.velocity;
  }
  if (!Object.is(base.rotation, current.rotation)) {
    delta.rotation = current.rotation;
  }
  if (!Object.is(base.health, current.health)) delta.health = current.health;
  if (base.stateFlags !== current.stateFlags) {
    delta.stateFlags = current.stateFlags;
  }
  if (!isSameBytes(base.custom, current.custom)) delta.custom = current.custom;
  return Object.keys(delta).length === 1 ? undefined : delta;
}

/**
 * Makes an entity of what it was and how it differs.
 *
 * @param base What it was.
 * @param delta What has changed.
 * @returns What it is.
 */
export function applyEntityDelta(
  base: EntitySnapshot,
  delta: EntityDelta,
): EntitySnapshot {
  return new EntitySnapshot({ ...base, ...delta });
}

// -0 is another number than 0: what is applied is the same to the bit.
function isSameVector(a: Readonly<Vec3>, b: Readonly<Vec3>): boolean {
  return Object.is(a.x, b.x) && Object.is(a.y, b.y) && Object.is(a.z, b.z);
}
