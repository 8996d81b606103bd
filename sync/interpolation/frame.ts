// This module is browser compatible.
import type { TableContent } from "../snapshot/entity_table.ts";
import { bitSet, hasBit } from "../world/bit_set.ts";
import type { EntityType } from "../schema/define_world.ts";
import {
  type EntityId,
  entityIdOf,
  isGenerationOfId,
  slotOfId,
} from "../world/entity_id.ts";
import type { LaneFiller } from "../schema/lanes.ts";
import { type FrameLayout, laneFillersOf } from "./frame_layout.ts";

/**
 * What is drawn of the entities of one type, at a snapshot or between two: floats in
 * lanes, so that number `l` of place `slot` is `values[l * capacity + slot]`.
 *
 * What lies in a place without an entity means nothing.
 *
 * @example The numbers of a snapshot
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vec2 } from "@tickwire/net/protocol";
 * import { defineEntity, EntityStore, Frame, frameLayout, defineWorld } from "@tickwire/net/sync";
 *
 * const world = defineWorld({ ship: defineEntity({ at: vec2 }, { maxEntities: 8 }) });
 * const store = new EntityStore(world);
 * store.spawn("ship", { at: { x: 1.5, y: -2 } });
 *
 * const layout = frameLayout(world.schemas.ship);
 * const frame = new Frame(layout);
 * frame.fill(store.tables[0]!);
 * const { first } = layout.lanes("at");
 * assertEquals([frame.values[first * 8], frame.values[(first + 1) * 8]], [1.5, -2]);
 * ```
 */
export class Frame {
  /** Where everything is. */
  readonly layout: FrameLayout;
  /** How many places there are. */
  readonly capacity: number;
  /** The numbers, lane by lane. */
  readonly values: Float64Array;
  /** Which places hold an entity: place `slot` is bit `slot & 31` of `slot >>> 5`. */
  readonly alive: Uint32Array;
  /**
   * What makes an entity another one, for drawing: its generation times 65536, plus
   * how often it has jumped, of which the lower 16 bits count.
   */
  readonly marks: Uint32Array;
  /**
   * Of a frame that was made from others: which places were blended. The others are as
   * in the snapshot before.
   */
  readonly blended: Uint32Array;
  /** Which tick it is of, a fraction between two snapshots. */
  tick = 0;

  /**
   * Creates a frame without entities.
   *
   * @param layout Where everything is.
   */
  constructor(layout: FrameLayout) {
    const { capacity, laneCount } = layout;
    this.layout = layout;
    this.capacity = capacity;
    this.values = new Float64Array(capacity * laneCount);
    this.alive = bitSet(capacity);
    this.marks = new Uint32Array(capacity);
    this.blended = bitSet(capacity);
  }

  /** Whether a place holds an entity. */
  isAlive(slot: number): boolean {
    return hasBit(this.alive, slot);
  }

  /**
   * Finds an entity of the layout's type.
   *
   * @param id The entity.
   * @returns Its place; -1 if it is not drawn.
   */
  placeOf(id: EntityId): number {
    const slot = slotOfId(id);
    return slot < this.capacity && this.isAlive(slot) &&
        isGenerationOfId(id, this.generation(slot))
      ? slot
      : -1;
  }

  /**
   * Tells which entity is drawn in a place.
   *
   * @param slot A place.
   * @param type The layout's type of entities.
   * @returns Its id; `undefined` if there is none.
   * @throws {TypeError} If the type is another one than the layout's.
   */
  idOf(slot: number, type: EntityType): EntityId | undefined {
    if (type.schema !== this.layout.schema) {
      throw new TypeError(
        `Cannot tell an id as the type must be the layout's: current value is "${type.name}"`,
      );
    }
    return slot >= 0 && slot < this.capacity && this.isAlive(slot)
      ? entityIdOf(type.number, slot, this.generation(slot))
      : undefined;
  }

  /** The generation of the entity at a place. */
  generation(slot: number): number {
    return this.marks[slot]! >>> 16;
  }

  /** One above the last place with an entity, for loops. */
  get extent(): number {
    return extentOf(this.alive, this.capacity);
  }

  /**
   * Becomes what a table holds.
   *
   * @param table A table of the same type of entities, whose numbers are valid.
   * @param changed The places in which the table differs from what the frame holds;
   * all of them if left out.
   */
  fill(table: TableContent, changed?: Uint32Array): void {
    const { alive, capacity } = this;
    const fillers = laneFillersOf(this.layout);
    const words = table.alive;
    // Whole runs of places, so that what moves side by side is one call for each field.
    let begun = -1;
    for (let word = 0; word < words.length; word++) {
      const living = words[word]!;
      const wanted = changed === undefined ? living : living & changed[word]!;
      alive[word] = living;
      const start = word << 5;
      let at = 0;
      while (at < 32) {
        // The next place from here on at which a run begins or ends.
        const rest = (begun < 0 ? wanted : ~wanted) >>> at;
        if (rest === 0) break;
        at += 31 - Math.clz32(rest & -rest);
        if (begun < 0) begun = start + at;
        else {
          this.#fillRun(table, fillers, begun, start + at);
          begun = -1;
        }
      }
    }
    if (begun >= 0) this.#fillRun(table, fillers, begun, capacity);
  }

  /**
   * Becomes the same as another frame.
   *
   * @param other A frame of the same layout.
   */
  copyFrom(other: Frame): void {
    this.values.set(other.values);
    this.alive.set(other.alive);
    this.marks.set(other.marks);
    this.blended.set(other.blended);
    this.tick = other.tick;
  }

  #fillRun(
    table: TableContent,
    fillers: readonly LaneFiller[],
    from: number,
    to: number,
  ): void {
    const { marks, layout, capacity } = this;
    const { fields } = layout;
    for (let i = 0; i < fillers.length; i++) {
      const lane = fields[i]!.first * capacity;
      fillers[i]!.fill(table.values, this.values, lane, capacity, from, to);
    }
    const { generations, values } = table;
    const column = layout.teleportColumn * capacity;
    for (let i = from; i < to; i++) {
      const jumps = column < 0 ? 0 : values[column + i]! & 0xffff;
      marks[i] = generations[i]! << 16 | jumps;
    }
  }
}

/** One above the last place of a set. */
export function extentOf(set: Uint32Array, capacity: number): number {
  for (let word = set.length - 1; word >= 0; word--) {
    if (set[word] !== 0) {
      return Math.min(capacity, (word << 5) + 32 - Math.clz32(set[word]!));
    }
  }
  return 0;
}
