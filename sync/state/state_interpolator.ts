// This module is browser compatible.
import { blendEntities } from "./blend_entities.ts";
import type { EntitySnapshot } from "./entity_snapshot.ts";
import { GameStateSnapshot } from "./game_state_snapshot.ts";
import { SnapshotBuffer } from "./snapshot_buffer.ts";

/** How far a {@linkcode StateInterpolator} goes beyond what it knows. */
export interface StateInterpolatorOptions {
  /**
   * How long entities move on after the last snapshot, in milliseconds: 0 or more. Then
   * they stand.
   *
   * @default {250}
   */
  readonly maxExtrapolationMs?: number;
}

/**
 * Tells where everything was between two snapshots, or would be after the last one.
 *
 * Positions and velocities are blended, rotations the short way round; health, flags
 * and `custom` are as in the snapshot before. An entity that is not in both, or is
 * another one in the second (another generation), is shown as in the snapshot before.
 *
 * @example Half way
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { EntitySnapshot, GameStateSnapshot, StateInterpolator } from "@tickwire/net/sync";
 *
 * const interpolator = new StateInterpolator();
 * const player = new EntitySnapshot({ id: 7, position: { x: 0, y: 0, z: 0 } });
 * interpolator.pushSnapshot(new GameStateSnapshot(1, 100, [player]));
 * const moved = player.with({ position: { x: 4, y: 0, z: 0 } });
 * interpolator.pushSnapshot(new GameStateSnapshot(2, 200, [moved]));
 * assertEquals(interpolator.interpolate(150)?.entities.get(7)?.position.x, 2);
 * ```
 */
export class StateInterpolator {
  /** The snapshots that it knows. */
  readonly buffer: SnapshotBuffer<GameStateSnapshot> = new SnapshotBuffer();
  readonly #maxExtrapolationMs: number;

  /**
   * Creates an interpolator that knows nothing.
   *
   * @param options How far it goes.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: StateInterpolatorOptions = {}) {
    const { maxExtrapolationMs = 250 } = options;
    if (!(maxExtrapolationMs >= 0)) {
      throw new RangeError(
        `Cannot create a StateInterpolator as maxExtrapolationMs must be 0 or more: current value is ${maxExtrapolationMs}`,
      );
    }
    this.#maxExtrapolationMs = maxExtrapolationMs;
  }

  /**
   * Takes a snapshot that has come.
   *
   * @param snapshot The snapshot, in whatever order.
   * @returns `false` if it was refused, as by `SnapshotBuffer.push`.
   */
  pushSnapshot(snapshot: GameStateSnapshot): boolean {
    return this.buffer.push(snapshot);
  }

  /**
   * Tells the state at a moment.
   *
   * @param timeMs The moment, in milliseconds of the server's time. Before the first
   * snapshot it is that one's state; after the last one entities move on as they did,
   * for a while.
   * @returns The state; `undefined` before there is any snapshot.
   */
  interpolate(timeMs: number): GameStateSnapshot | undefined {
    const bracket = this.buffer.bracket(timeMs);
    if (bracket === undefined) {
      const latest = this.buffer.latest();
      if (latest === undefined) return undefined;
      if (!(timeMs > latest.timestamp)) return this.buffer.oldest();
      const afterMs = Math.min(
        timeMs - latest.timestamp,
        this.#maxExtrapolationMs,
      );
      const entities: EntitySnapshot[] = [];
      for (const entity of latest.entities.values()) {
        entities.push(this.deadReckon(entity, afterMs / 1_000));
      }
      return new GameStateSnapshot(latest.tick, timeMs, entities);
    }
    const { before, after, blend } = bracket;
    const entities: EntitySnapshot[] = [];
    for (const [id, from] of before.entities) {
      const to = after.entities.get(id);
      entities.push(
        to === undefined || to.generation !== from.generation
          ? from
          : blendEntities(from, to, blend),
      );
    }
    return new GameStateSnapshot(before.tick, timeMs, entities);
  }

  /**
   * Tells where an entity is when it moves on as it does (dead reckoning).
   *
   * @param entity What is known.
   * @param dt How much later, in seconds.
   * @returns The entity then; the same one if it does not move, or would move further
   * than floats go.
   */
  deadReckon(entity: EntitySnapshot, dt: number): EntitySnapshot {
    const { position, velocity } = entity;
    const x = Math.fround(position.x + velocity.x * dt);
    const y = Math.fround(position.y + velocity.y * dt);
    const z = Math.fround(position.z + velocity.z * dt);
    const isStill = x === position.x && y === position.y && z === position.z;
    if (isStill || !(isFinite(x) && isFinite(y) && isFinite(z))) return entity;
    return entity.with({ position: { x, y, z } });
  }
}
