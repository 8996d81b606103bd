// This module is browser compatible.
import type { Vec3 } from "../../core/mod.ts";
import type { EntitySnapshot } from "./entity_snapshot.ts";

const TURN = 2 * Math.PI;

/** Tells where an entity was between two moments; `from` for all but how it moves. */
export function blendEntities(
  from: EntitySnapshot,
  to: EntitySnapshot,
  blend: number,
): EntitySnapshot {
  return from.with({
    position: blendVectors(from.position, to.position, blend),
    velocity: blendVectors(from.velocity, to.velocity, blend),
    rotation: blendAngles(from.rotation, to.rotation, blend),
  });
}

// Each side has its share, so that two large numbers of opposite sign do not overflow.
function blendNumbers(from: number, to: number, blend: number): number {
  return from * (1 - blend) + to * blend;
}

function blendVectors(
  from: Readonly<Vec3>,
  to: Readonly<Vec3>,
  blend: number,
): Vec3 {
  return {
    x: blendNumbers(from.x, to.x, blend),
    y: blendNumbers(from.y, to.y, blend),
    z: blendNumbers(from.z, to.z, blend),
  };
}

/** The short way round: from 3 to -3 it is through π. */
function blendAngles(from: number, to: number, blend: number): number {
  return from + angleBetween(from, to) * blend;
}

/** How far it is from one angle to another, the short way round: -π to π. */
export function angleBetween(from: number, to: number): number {
  const turns = (to - from) / TURN;
  return (turns - Math.round(turns)) * TURN;
}
