// This module is browser compatible.
import type { EntitySnapshot } from "./entity_snapshot.ts";

/** The most entities of a {@linkcode GameStateSnapshot}. */
export const MAX_SNAPSHOT_ENTITIES = 65_536;

/**
 * All entities at one tick.
 *
 * @example A tick with one entity
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { EntitySnapshot, GameStateSnapshot } from "@tickwire/net/sync";
 *
 * const player = new EntitySnapshot({ id: 7, position: { x: 1, y: 0, z: 2 } });
 * const snapshot = new GameStateSnapshot(120, 2_000, [player]);
 * assertEquals(snapshot.entities.get(7)?.position.x, 1);
 * ```
 */
export class GameStateSnapshot {
  /** The number of the tick: an integer from 0 to 2^32 - 1. */
  readonly tick: number;
  /** When it was, in milliseconds of the server's time. */
  readonly timestamp: number;
  /** The entities by id, in the order in which they were given. */
  readonly entities: ReadonlyMap<number, EntitySnapshot>;

  /**
   * Creates a snapshot.
   *
   * @param tick The number of the tick: an integer from 0 to 2^32 - 1.
   * @param timestamp When it was, in milliseconds of the server's time: finite.
   * @param entities The entities, at most 65,536.
   * @throws {RangeError} If a number is outside its limits, there are too many entities,
   * or two have the same id.
   */
  constructor(
    tick: number,
    timestamp: number,
    entities: Iterable<EntitySnapshot> = [],
  ) {
    if (!(Number.isInteger(tick) && tick >= 0 && tick <= 0xffff_ffff)) {
      throw new RangeError(
        `Cannot create a GameStateSnapshot as tick must be an integer from 0 to 4294967295: current value is ${tick}`,
      );
    }
    if (!Number.isFinite(timestamp)) {
      throw new RangeError(
        `Cannot create a GameStateSnapshot as timestamp must be finite: current value is ${timestamp}`,
      );
    }
    const byId = new Map<number, EntitySnapshot>();
    for (const entity of entities) {
      if (byId.has(entity.id)) {
        throw new RangeError(
          `Cannot create a GameStateSnapshot as ids must differ: current value is ${entity.id} twice`,
        );
      }
      byId.set(entity.id, entity);
    }
    if (byId.size > MAX_SNAPSHOT_ENTITIES) {
      throw new RangeError(
        `Cannot create a GameStateSnapshot as there must be at most ${MAX_SNAPSHOT_ENTITIES} entities: current value is ${byId.size}`,
      );
    }
    this.tick = tick;
    this.timestamp = timestamp;
    this.entities = byId;
  }
}
