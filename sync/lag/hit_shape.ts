// This module is browser compatible.
import type { Quat, Vec3 } from "../../core/mod.ts";
import { rayBox, rayCapsule, rayOrientedBox, raySphere } from "./hit_tests.ts";

/** A ball around an entity's position. */
export interface SphereShape {
  /** Tells it from others. */
  readonly type: "sphere";
  /** Its radius: 0 or more. */
  readonly radius: number;
}

/** A box around an entity's position. */
export interface BoxShape {
  /**
   * Whether its sides lie along the axes of the world, or along the entity's own, which
   * its rotation turns.
   */
  readonly type: "box" | "orientedBox";
  /** Half of its width, height and depth: 0 or more. */
  readonly half: Readonly<Vec3>;
}

/** All that is near to a line beside an entity's position: somebody who stands. */
export interface CapsuleShape {
  /** Tells it from others. */
  readonly type: "capsule";
  /** One end of the line, from the position. */
  readonly from: Readonly<Vec3>;
  /** The other end. */
  readonly to: Readonly<Vec3>;
  /** How near is near: 0 or more. */
  readonly radius: number;
}

/** What can be hit of an entity, in the unit of positions. */
export type HitShape = SphereShape | BoxShape | CapsuleShape;

/** How far from the position a shape reaches at most. */
export function boundOf(shape: HitShape): number {
  switch (shape.type) {
    case "sphere":
      return shape.radius;
    case "capsule":
      return Math.max(lengthOf(shape.from), lengthOf(shape.to)) + shape.radius;
    default:
      return lengthOf(shape.half);
  }
}

/** Tells where a ray meets the shape of an entity, as the functions it calls. */
export function hitShape(
  shape: HitShape,
  ox: number,
  oy: number,
  oz: number,
  dx: number,
  dy: number,
  dz: number,
  { x, y, z }: Readonly<Vec3>,
  turn: Readonly<Quat>,
): number {
  switch (shape.type) {
    case "sphere":
      return raySphere(ox, oy, oz, dx, dy, dz, x, y, z, shape.radius);
    case "box": {
      const { x: hx, y: hy, z: hz } = shape.half;
      return rayBox(ox, oy, oz, dx, dy, dz, x, y, z, hx, hy, hz);
    }
    case "orientedBox": {
      const { x: hx, y: hy, z: hz } = shape.half;
      return rayOrientedBox(
        ox,
        oy,
        oz,
        dx,
        dy,
        dz,
        x,
        y,
        z,
        hx,
        hy,
        hz,
        turn.x,
        turn.y,
        turn.z,
        turn.w,
      );
    }
    case "capsule": {
      const { from, to, radius } = shape;
      return rayCapsule(
        ox,
        oy,
        oz,
        dx,
        dy,
        dz,
        x + from.x,
        y + from.y,
        z + from.z,
        x + to.x,
        y + to.y,
        z + to.z,
        radius,
      );
    }
  }
}

function lengthOf({ x, y, z }: Readonly<Vec3>): number {
  return Math.sqrt(x * x + y * y + z * z);
}
