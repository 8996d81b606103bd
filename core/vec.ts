// This module is browser compatible.

/** A point or a direction in the plane. */
export interface Vec2 {
  /** Along the first axis. */
  x: number;
  /** Along the second axis. */
  y: number;
}

/** A point or a direction in space. */
export interface Vec3 {
  /** Along the first axis. */
  x: number;
  /** Along the second axis. */
  y: number;
  /** Along the third axis. */
  z: number;
}

/** A rotation as a quaternion, of length 1. `q` and `-q` are the same rotation. */
export interface Quat {
  /** The vector part's first component. */
  x: number;
  /** The vector part's second component. */
  y: number;
  /** The vector part's third component. */
  z: number;
  /** The scalar part. */
  w: number;
}
