// This module is browser compatible.

// Plain functions on numbers: no objects, so that a thousand tests make no garbage.
// A ray is a point and a direction of any length but 0. The answer is how many of the
// direction's lengths away it meets the shape: 0 if it begins inside, `Infinity` if it
// misses. With a direction of length 1 that is the distance. Numbers that are NaN miss.

/**
 * Tells where a ray meets a sphere (Christer Ericson, "Real-Time Collision Detection",
 * 2005, section 5.3.2; the nearest point of the line first, so that spheres far away do
 * not lose their digits).
 *
 * @param ox Where the ray begins.
 * @param oy Where the ray begins.
 * @param oz Where the ray begins.
 * @param dx Its direction.
 * @param dy Its direction.
 * @param dz Its direction.
 * @param x The sphere's centre.
 * @param y The sphere's centre.
 * @param z The sphere's centre.
 * @param radius The sphere's radius: 0 or more.
 * @returns How many lengths of the direction away: 0 or more; `Infinity` for a miss.
 *
 * @example Three away
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { raySphere } from "@tickwire/net/sync";
 *
 * assertEquals(raySphere(0, 0, 0, 1, 0, 0, 5, 0, 0, 2), 3);
 * assertEquals(raySphere(0, 0, 0, 1, 0, 0, 5, 2.1, 0, 2), Infinity);
 * ```
 */
export function raySphere(
  ox: number,
  oy: number,
  oz: number,
  dx: number,
  dy: number,
  dz: number,
  x: number,
  y: number,
  z: number,
  radius: number,
): number {
  const mx = x - ox;
  const my = y - oy;
  const mz = z - oz;
  const square = radius * radius;
  if (mx * mx + my * my + mz * mz <= square) return 0;
  const length = dx * dx + dy * dy + dz * dz;
  const along = mx * dx + my * dy + mz * dz;
  if (!(along > 0)) return Infinity;
  const nearest = along / length;
  const px = mx - dx * nearest;
  const py = my - dy * nearest;
  const pz = mz - dz * nearest;
  const left = square - (px * px + py * py + pz * pz);
  if (!(left >= 0)) return Infinity;
  return Math.max(0, nearest - Math.sqrt(left / length));
}

/**
 * Tells where a ray meets a box whose sides lie along the axes (slabs: Kay and Kajiya,
 * "Ray Tracing Complex Scenes", 1986).
 *
 * @param ox Where the ray begins.
 * @param oy Where the ray begins.
 * @param oz Where the ray begins.
 * @param dx Its direction.
 * @param dy Its direction.
 * @param dz Its direction.
 * @param x The box's centre.
 * @param y The box's centre.
 * @param z The box's centre.
 * @param hx Half of the box's width: 0 or more.
 * @param hy Half of its height.
 * @param hz Half of its depth.
 * @returns How many lengths of the direction away: 0 or more; `Infinity` for a miss.
 *
 * @example Two away
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rayBox } from "@tickwire/net/sync";
 *
 * assertEquals(rayBox(0, 0, 0, 0, 2, 0, 0, 5, 0, 1, 1, 1), 2);
 * assertEquals(rayBox(1.1, 0, 0, 0, 2, 0, 0, 5, 0, 1, 1, 1), Infinity);
 * ```
 */
export function rayBox(
  ox: number,
  oy: number,
  oz: number,
  dx: number,
  dy: number,
  dz: number,
  x: number,
  y: number,
  z: number,
  hx: number,
  hy: number,
  hz: number,
): number {
  let enter = 0;
  let leave = Infinity;
  let middle = x - ox;
  // A ray along a side never divides by 0: 0 × ∞ would be NaN on the side itself.
  if (dx !== 0) {
    const half = hx / Math.abs(dx);
    middle /= dx;
    if (!(middle - half <= enter)) enter = middle - half;
    if (!(middle + half >= leave)) leave = middle + half;
  } else if (!(Math.abs(middle) <= hx)) return Infinity;
  middle = y - oy;
  if (dy !== 0) {
    const half = hy / Math.abs(dy);
    middle /= dy;
    if (!(middle - half <= enter)) enter = middle - half;
    if (!(middle + half >= leave)) leave = middle + half;
  } else if (!(Math.abs(middle) <= hy)) return Infinity;
  middle = z - oz;
  if (dz !== 0) {
    const half = hz / Math.abs(dz);
    middle /= dz;
    if (!(middle - half <= enter)) enter = middle - half;
    if (!(middle + half >= leave)) leave = middle + half;
  } else if (!(Math.abs(middle) <= hz)) return Infinity;
  return enter <= leave ? enter : Infinity;
}

/**
 * Tells where a ray meets a box that is turned: the ray is turned back instead.
 *
 * @param ox Where the ray begins.
 * @param oy Where the ray begins.
 * @param oz Where the ray begins.
 * @param dx Its direction.
 * @param dy Its direction.
 * @param dz Its direction.
 * @param x The box's centre.
 * @param y The box's centre.
 * @param z The box's centre.
 * @param hx Half of the box's width, along its own axis: 0 or more.
 * @param hy Half of its height.
 * @param hz Half of its depth.
 * @param qx Its rotation, of length 1.
 * @param qy Its rotation.
 * @param qz Its rotation.
 * @param qw Its rotation.
 * @returns How many lengths of the direction away: 0 or more; `Infinity` for a miss.
 *
 * @example A box on its edge is wider
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { rayOrientedBox } from "@tickwire/net/sync";
 *
 * const half = Math.PI / 8; // of 45 degrees, about the third axis
 * const hit = rayOrientedBox(0, 0, 0, 1, 0, 0, 5, 0, 0, 1, 1, 1, 0, 0, Math.sin(half), Math.cos(half));
 * assertAlmostEquals(hit, 5 - Math.SQRT2);
 * ```
 */
export function rayOrientedBox(
  ox: number,
  oy: number,
  oz: number,
  dx: number,
  dy: number,
  dz: number,
  x: number,
  y: number,
  z: number,
  hx: number,
  hy: number,
  hz: number,
  qx: number,
  qy: number,
  qz: number,
  qw: number,
): number {
  // The rows of the inverse rotation.
  const xx = 1 - 2 * (qy * qy + qz * qz);
  const xy = 2 * (qx * qy + qz * qw);
  const xz = 2 * (qx * qz - qy * qw);
  const yx = 2 * (qx * qy - qz * qw);
  const yy = 1 - 2 * (qx * qx + qz * qz);
  const yz = 2 * (qy * qz + qx * qw);
  const zx = 2 * (qx * qz + qy * qw);
  const zy = 2 * (qy * qz - qx * qw);
  const zz = 1 - 2 * (qx * qx + qy * qy);
  const mx = x - ox;
  const my = y - oy;
  const mz = z - oz;
  return rayBox(
    0,
    0,
    0,
    xx * dx + xy * dy + xz * dz,
    yx * dx + yy * dy + yz * dz,
    zx * dx + zy * dy + zz * dz,
    xx * mx + xy * my + xz * mz,
    yx * mx + yy * my + yz * mz,
    zx * mx + zy * my + zz * mz,
    hx,
    hy,
    hz,
  );
}

/**
 * Tells where a ray meets a capsule: all that is near enough to a line from one point to
 * another. It meets the side of the cylinder between them, or one of two spheres.
 *
 * @param ox Where the ray begins.
 * @param oy Where the ray begins.
 * @param oz Where the ray begins.
 * @param dx Its direction.
 * @param dy Its direction.
 * @param dz Its direction.
 * @param ax One end of the line.
 * @param ay One end of the line.
 * @param az One end of the line.
 * @param bx The other end, which may be the same.
 * @param by The other end.
 * @param bz The other end.
 * @param radius How near is near: 0 or more.
 * @returns How many lengths of the direction away: 0 or more; `Infinity` for a miss.
 *
 * @example Somebody who stands
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rayCapsule } from "@tickwire/net/sync";
 *
 * assertEquals(rayCapsule(0, 1, 0, 1, 0, 0, 5, 0.5, 0, 5, 1.5, 0, 0.5), 4.5);
 * assertEquals(rayCapsule(0, 2.1, 0, 1, 0, 0, 5, 0.5, 0, 5, 1.5, 0, 0.5), Infinity);
 * ```
 */
export function rayCapsule(
  ox: number,
  oy: number,
  oz: number,
  dx: number,
  dy: number,
  dz: number,
  ax: number,
  ay: number,
  az: number,
  bx: number,
  by: number,
  bz: number,
  radius: number,
): number {
  const first = raySphere(ox, oy, oz, dx, dy, dz, ax, ay, az, radius);
  const second = raySphere(ox, oy, oz, dx, dy, dz, bx, by, bz, radius);
  let hit = first < second ? first : second;
  if (hit === 0) return 0;
  const lx = bx - ax;
  const ly = by - ay;
  const lz = bz - az;
  const line = lx * lx + ly * ly + lz * lz;
  if (!(line > 0)) return hit;
  const mx = ox - ax;
  const my = oy - ay;
  const mz = oz - az;
  // All without their part along the line: a circle in the plane across it.
  const along = (mx * lx + my * ly + mz * lz) / line;
  const slope = (dx * lx + dy * ly + dz * lz) / line;
  const px = mx - lx * along;
  const py = my - ly * along;
  const pz = mz - lz * along;
  const vx = dx - lx * slope;
  const vy = dy - ly * slope;
  const vz = dz - lz * slope;
  const square = radius * radius;
  const isInside = px * px + py * py + pz * pz <= square;
  if (isInside && along >= 0 && along <= 1) return 0;
  const speed = vx * vx + vy * vy + vz * vz;
  const nearing = -(px * vx + py * vy + pz * vz);
  // From within the endless cylinder, it is the spheres that are met first.
  if (isInside || !(nearing > 0)) return hit;
  const nearest = nearing / speed;
  const nx = px + vx * nearest;
  const ny = py + vy * nearest;
  const nz = pz + vz * nearest;
  const left = square - (nx * nx + ny * ny + nz * nz);
  if (!(left >= 0)) return hit;
  const side = nearest - Math.sqrt(left / speed);
  const place = along + slope * side;
  if (side >= 0 && place >= 0 && place <= 1 && side < hit) hit = side;
  return hit;
}
