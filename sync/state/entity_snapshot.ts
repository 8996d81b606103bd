// This module is browser compatible.
import type { Vec3 } from "../../core/mod.ts";

/** Flags of {@linkcode EntitySnapshot.stateFlags}; bits from 3 on are the game's. */
export const StateFlag = {
  /** It lives. */
  Alive: 1,
  /** It stands on something. */
  Grounded: 2,
  /** It crouches. */
  Crouching: 4,
} as const;

/** The most bytes of {@linkcode EntitySnapshot.custom}. */
export const MAX_CUSTOM_BYTES = 1_024;

/** What an {@linkcode EntitySnapshot} is made of. */
export interface EntitySnapshotInit {
  /** Which entity: an integer from 0 to 2^32 - 1. */
  readonly id: number;
  /**
   * Which of the entities that have had this id one after the other: 0 to 65535.
   *
   * @default {0}
   */
  readonly generation?: number;
  /** Where it is. */
  readonly position: Readonly<Vec3>;
  /**
   * How far it moves in a second.
   *
   * @default {{ x: 0, y: 0, z: 0 }}
   */
  readonly velocity?: Readonly<Vec3>;
  /**
   * Which way it faces, in radians.
   *
   * @default {0}
   */
  readonly rotation?: number;
  /**
   * How well it is.
   *
   * @default {100}
   */
  readonly health?: number;
  /**
   * {@linkcode StateFlag}s and the game's own: 32 bits.
   *
   * @default {StateFlag.Alive}
   */
  readonly stateFlags?: number;
  /**
   * The game's own bytes, at most 1,024. They are copied.
   *
   * @default {new Uint8Array()}
   */
  readonly custom?: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

/**
 * An entity at one moment.
 *
 * Its numbers are floats of 32 bits, rounded when it is made: what is sent is what there
 * is, to the bit. It is not changed after it is made.
 *
 * @example A player who stands
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { EntitySnapshot, StateFlag } from "@tickwire/net/sync";
 *
 * const player = new EntitySnapshot({
 *   id: 7,
 *   position: { x: 1, y: 0, z: 2 },
 *   stateFlags: StateFlag.Alive | StateFlag.Grounded,
 * });
 * assertEquals([player.alive, player.grounded, player.crouching], [true, true, false]);
 * ```
 */
export class EntitySnapshot {
  /** Which entity: 0 to 2^32 - 1. */
  readonly id: number;
  /** Which of the entities that have had this id: 0 to 65535. */
  readonly generation: number;
  /** Where it is. */
  readonly position: Readonly<Vec3>;
  /** How far it moves in a second. */
  readonly velocity: Readonly<Vec3>;
  /** Which way it faces, in radians; any number of turns. */
  readonly rotation: number;
  /** How well it is. */
  readonly health: number;
  /** {@linkcode StateFlag}s and the game's own: 0 to 2^32 - 1. */
  readonly stateFlags: number;
  /** The game's own bytes, which nobody writes into. */
  readonly custom: Uint8Array;

  /**
   * Creates one.
   *
   * @param init What it is made of.
   * @throws {RangeError} If a number is not finite as a float of 32 bits, an integer is
   * outside its limits, or `custom` is longer than 1,024 bytes.
   */
  constructor(init: EntitySnapshotInit) {
    const { custom = NO_BYTES, stateFlags = StateFlag.Alive } = init;
    this.id = integer("id", init.id, 0xffff_ffff);
    this.generation = integer("generation", init.generation ?? 0, 0xffff);
    this.position = vector("position", init.position);
    this.velocity = vector("velocity", init.velocity ?? ORIGIN);
    this.rotation = float("rotation", init.rotation ?? 0);
    this.health = float("health", init.health ?? 100);
    this.stateFlags = integer("stateFlags", stateFlags, 0xffff_ffff);
    if (custom.length > MAX_CUSTOM_BYTES) {
      throw new RangeError(
        `Cannot create an EntitySnapshot as custom must have at most ${MAX_CUSTOM_BYTES} bytes: current value has ${custom.length}`,
      );
    }
    this.custom = custom.length === 0 ? NO_BYTES : custom.slice();
  }

  /** Whether it lives. */
  get alive(): boolean {
    return (this.stateFlags & StateFlag.Alive) !== 0;
  }

  /** Whether it stands on something. */
  get grounded(): boolean {
    return (this.stateFlags & StateFlag.Grounded) !== 0;
  }

  /** Whether it crouches. */
  get crouching(): boolean {
    return (this.stateFlags & StateFlag.Crouching) !== 0;
  }

  /**
   * Makes one that differs.
   *
   * @param changes What is other.
   * @returns A new one.
   * @throws {RangeError} As the constructor.
   */
  with(changes: Partial<EntitySnapshotInit>): EntitySnapshot {
    return new EntitySnapshot({ ...this, ...changes });
  }
}

const ORIGIN: Readonly<Vec3> = Object.freeze({ x: 0, y: 0, z: 0 });

function integer(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new RangeError(
    `Cannot create an EntitySnapshot as ${name} must be an integer from 0 to ${max}: current value is ${value}`,
  );
}

function float(name: string, value: number): number {
  const rounded = Math.fround(value);
  if (Number.isFinite(rounded)) return rounded;
  throw new RangeError(
    `Cannot create an EntitySnapshot as ${name} must be finite as a float of 32 bits: current value is ${value}`,
  );
}

function vector(name: string, { x, y, z }: Readonly<Vec3>): Readonly<Vec3> {
  return Object.freeze({
    x: float(`${name}.x`, x),
    y: float(`${name}.y`, y),
    z: float(`${name}.z`, z),
  });
}
