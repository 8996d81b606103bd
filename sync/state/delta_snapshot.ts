// This module is browser compatible.
import {
  applyEntityDelta,
  type EntityDelta,
  entityDelta,
} from "./entity_delta.ts";
import type { EntitySnapshot } from "./entity_snapshot.ts";
import { GameStateSnapshot } from "./game_state_snapshot.ts";

/**
 * How one snapshot differs from another: entities that came, went, or changed.
 *
 * Put onto the same base it gives the same snapshot, to the bit. An entity whose id was
 * that of another one before (another generation) goes and comes.
 *
 * @example A step, and nothing else
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DeltaSnapshot, EntitySnapshot, GameStateSnapshot } from "@tickwire/net/sync";
 *
 * const before = new EntitySnapshot({ id: 7, position: { x: 1, y: 0, z: 2 } });
 * const base = new GameStateSnapshot(1, 16, [before]);
 * const after = before.with({ position: { x: 2, y: 0, z: 2 } });
 * const current = new GameStateSnapshot(2, 33, [after]);
 *
 * const delta = DeltaSnapshot.build(base, current);
 * assertEquals([delta.changeCount, delta.spawned.length], [1, 0]);
 * assertEquals(delta.apply(base), current);
 * ```
 */
export class DeltaSnapshot {
  /** The tick of the snapshot that it is put onto. */
  readonly baseTick: number;
  /** The tick of the snapshot that it gives. */
  readonly tick: number;
  /** When that was, in milliseconds of the server's time. */
  readonly timestamp: number;
  /** The entities that came, as a whole. */
  readonly spawned: readonly EntitySnapshot[];
  /** The ids of the entities that went; an id in `spawned` too is another entity now. */
  readonly despawned: readonly number[];
  /** The entities that changed. */
  readonly changed: readonly EntityDelta[];

  private constructor(
    base: GameStateSnapshot,
    current: GameStateSnapshot,
    spawned: readonly EntitySnapshot[],
    despawned: readonly number[],
    changed: readonly EntityDelta[],
  ) {
    this.baseTick = base.tick;
    this.tick = current.tick;
    this.timestamp = current.timestamp;
    this.spawned = spawned;
    this.despawned = despawned;
    this.changed = changed;
  }

  /**
   * Finds how a snapshot differs from another.
   *
   * @param base What the other end has.
   * @param current What it is to have.
   * @returns The difference.
   */
  static build(
    base: GameStateSnapshot,
    current: GameStateSnapshot,
  ): DeltaSnapshot {
    const spawned: EntitySnapshot[] = [];
    const despawned: number[] = [];
    const changed: EntityDelta[] = [];
    for (const [id, entity] of current.entities) {
      const before = base.entities.get(id);
      if (before === undefined) {
        spawned.push(entity);
      } else if (before.generation !== entity.generation) {
        despawned.push(id);
        spawned.push(entity);
      } else {
        const delta = entityDelta(before, entity);
        if (delta !== undefined) changed.push(delta);
      }
    }
    for (const id of base.entities.keys()) {
      if (!current.entities.has(id)) despawned.push(id);
    }
    return new DeltaSnapshot(base, current, spawned, despawned, changed);
  }

  /** How many entities came, went or changed. */
  get changeCount(): number {
    return this.spawned.length + this.despawned.length + this.changed.length;
  }

  /**
   * Makes the snapshot that the difference leads to.
   *
   * @param base The snapshot that it was built from, or an equal one.
   * @returns The snapshot; `undefined` if `base` is of another tick, or lacks an entity
   * that has changed or gone.
   */
  apply(base: GameStateSnapshot): GameStateSnapshot | undefined {
    if (base.tick !== this.baseTick) return undefined;
    const entities = new Map(base.entities);
    for (const id of this.despawned) {
      if (!entities.delete(id)) return undefined;
    }
    for (const delta of this.changed) {
      const before = entities.get(delta.id);
      if (before === undefined) return undefined;
      entities.set(delta.id, applyEntityDelta(before, delta));
    }
    for (const entity of this.spawned) {
      if (entities.has(entity.id)) return undefined;
      entities.set(entity.id, entity);
    }
    return new GameStateSnapshot(this.tick, this.timestamp, entities.values());
  }
}
