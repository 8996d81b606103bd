// This module is browser compatible.
import type { Column } from "../schema/column.ts";

/** What the places of a table are made for; an `EntitySchema` is one. */
export interface TableForm {
  /** The numbers of each entity. */
  readonly columns: readonly Column[];
  /** The names of what lies beside them, as bytes of any length. */
  readonly blobs: readonly string[];
  /** How many places there are. */
  readonly maxEntities: number;
}

/**
 * The entities of one type at one tick, to be read: an {@linkcode EntityTable}, or one
 * that shares its arrays with another but for some.
 *
 * What lies in a place without an entity means nothing.
 */
export interface TableContent {
  /** What the places are made for. */
  readonly form: TableForm;
  /** How many places there are. */
  readonly capacity: number;
  /** The numbers: place `slot` of column `c` is `values[c * capacity + slot]`. */
  readonly values: Int32Array;
  /** How many entities have had the place before, 0 to 65535, wraps. */
  readonly generations: Uint16Array;
  /** Which places hold an entity: place `slot` is bit `slot & 31` of `slot >>> 5`. */
  readonly alive: Uint32Array;
  /** Bytes: number `b` of place `slot` is `blobs[b * capacity + slot]`. */
  readonly blobs: readonly Uint8Array[];
}

const NO_BYTES = new Uint8Array(0);

/**
 * The entities of one type at one tick, as a structure of arrays: place `slot` of
 * column `c` is `values[c * capacity + slot]`.
 *
 * A place without an entity holds zeros, so that tables with the same entities are the
 * same to the bit.
 */
export class EntityTable implements TableContent {
  /** What the places are made for. */
  readonly form: TableForm;
  /** How many places there are. */
  readonly capacity: number;
  /** The numbers, column by column; each is 0 to its column's `max`, as 32 bits. */
  readonly values: Int32Array;
  /**
   * How many entities have had the place before, 0 to 65535, wraps: two entities that
   * follow each other in a place differ in it. It stays when an entity goes.
   */
  readonly generations: Uint16Array;
  /** Which places hold an entity: place `slot` is bit `slot & 31` of `slot >>> 5`. */
  readonly alive: Uint32Array;
  /**
   * Bytes and texts: number `b` of place `slot` is `blobs[b * capacity + slot]`. What
   * lies here is never written into, so that tables share it.
   */
  readonly blobs: Uint8Array[];

  /**
   * Creates a table without entities.
   *
   * @param form What the places are made for.
   */
  constructor(form: TableForm) {
    const { maxEntities, columns, blobs } = form;
    this.form = form;
    this.capacity = maxEntities;
    this.values = new Int32Array(maxEntities * columns.length);
    this.generations = new Uint16Array(maxEntities);
    this.alive = new Uint32Array((maxEntities + 31) >>> 5);
    this.blobs = new Array<Uint8Array>(maxEntities * blobs.length).fill(
      NO_BYTES,
    );
  }

  /** Whether a place holds an entity. */
  isAlive(slot: number): boolean {
    return (this.alive[slot >>> 5]! >>> (slot & 31) & 1) === 1;
  }

  /** Puts an entity, all zeros, into a place. */
  place(slot: number, generation: number): void {
    this.clear(slot);
    this.generations[slot] = generation;
    this.alive[slot >>> 5]! |= 1 << (slot & 31);
  }

  /** Takes the entity out of a place, if there is one. */
  clear(slot: number): void {
    const { capacity, values, blobs } = this;
    this.alive[slot >>> 5]! &= ~(1 << (slot & 31));
    for (let at = slot; at < values.length; at += capacity) values[at] = 0;
    for (let at = slot; at < blobs.length; at += capacity) blobs[at] = NO_BYTES;
  }

  /**
   * Becomes the same as another table.
   *
   * @param other A table of the same form.
   */
  copyFrom(other: TableContent): void {
    this.values.set(other.values);
    this.generations.set(other.generations);
    this.alive.set(other.alive);
    const { blobs } = this;
    for (let i = 0; i < blobs.length; i++) blobs[i] = other.blobs[i]!;
  }

  /**
   * Takes over one place of another table.
   *
   * @param other A table of the same form.
   * @param slot The place.
   */
  copySlot(other: TableContent, slot: number): void {
    const { capacity, values, blobs } = this;
    this.generations[slot] = other.generations[slot]!;
    const word = slot >>> 5;
    const bit = 1 << (slot & 31);
    this.alive[word] = this.alive[word]! & ~bit | other.alive[word]! & bit;
    for (let at = slot; at < values.length; at += capacity) {
      values[at] = other.values[at]!;
    }
    for (let at = slot; at < blobs.length; at += capacity) {
      blobs[at] = other.blobs[at]!;
    }
  }
}
