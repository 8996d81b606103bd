// This module is browser compatible.
import type { TableContent } from "../snapshot/entity_table.ts";
import { isSameBytes } from "../snapshot/same_bytes.ts";
import { bitSet, hasBit } from "../world/bit_set.ts";
import type { WorldHistory } from "../world/world_history.ts";

/**
 * What a client has of one type of entities once it has decoded a message, without a
 * copy of it: every place that is present is as it was at the view's tick, but for stale
 * ones, which are as they were at an earlier tick of their own.
 */
export class TypeView {
  /** Places that hold an entity at the client. */
  readonly present: Uint32Array;
  /** Those of them whose values are older than the view's tick. */
  readonly stale: Uint32Array;
  /** Those that the client takes for stale: all that are, and maybe others. */
  readonly told: Uint32Array;
  /** The tick that the values of a stale place are of. */
  readonly sources: Uint32Array;

  /**
   * Creates a view of nothing.
   *
   * @param capacity How many places there are.
   */
  constructor(capacity: number) {
    this.present = bitSet(capacity);
    this.stale = bitSet(capacity);
    this.told = bitSet(capacity);
    this.sources = new Uint32Array(capacity);
  }
}

/** What differs between what a client has of a type and what it is to have. */
export interface TypeDifference {
  /** Places to write: an entity more, less, another, or other values. */
  readonly candidates: Uint32Array;
  /** Places that are to hold an entity. */
  readonly wanted: Uint32Array;
}

/**
 * Finds what a client lacks of a type.
 *
 * @param history Whose newest tick it is to have.
 * @param type The number of the type.
 * @param base What it has, and the tick of that, which is kept; nothing if left out.
 * @param interest The places that it is to see; all if left out.
 * @param into Takes what differs.
 */
export function findDifference(
  history: WorldHistory,
  type: number,
  base: { readonly view: TypeView; readonly tick: number } | undefined,
  interest: Uint32Array | undefined,
  into: TypeDifference,
): void {
  const { candidates, wanted } = into;
  const { alive } = history.tablesAt(history.newest!)[type]!;
  for (let i = 0; i < wanted.length; i++) {
    wanted[i] = interest === undefined ? alive[i]! : alive[i]! & interest[i]!;
  }
  if (base === undefined) {
    candidates.set(wanted);
    return;
  }
  const { present, stale } = base.view;
  candidates.set(stale);
  history.changedSince(type, base.tick, candidates);
  for (let i = 0; i < candidates.length; i++) {
    const before = present[i]!;
    const after = wanted[i]!;
    candidates[i] = candidates[i]! & before & after | before ^ after;
  }
}

/**
 * Makes the view of a client that has got some of what it lacks.
 *
 * @param base What it had before, and the tick of that; nothing if left out.
 * @param difference What it lacks.
 * @param written The candidates that are written.
 * @param into Takes the view: another one than the base's.
 */
export function advanceView(
  base: { readonly view: TypeView; readonly tick: number } | undefined,
  difference: TypeDifference,
  written: Uint32Array,
  into: TypeView,
): void {
  const { candidates, wanted } = difference;
  const { present, stale, sources } = into;
  for (let i = 0; i < present.length; i++) {
    const before = base === undefined ? 0 : base.view.present[i]!;
    const after = before & ~written[i]! | wanted[i]! & written[i]!;
    present[i] = after;
    stale[i] = after & candidates[i]! & ~written[i]!;
  }
  into.told.set(stale);
  if (base === undefined) return;
  const { tick, view } = base;
  for (let i = 0; i < stale.length; i++) {
    const already = view.stale[i]!;
    let left: number = stale[i]!;
    while (left !== 0) {
      const bit = left & -left;
      left ^= bit;
      const at = (i << 5) + 31 - Math.clz32(bit);
      sources[at] = (already & bit) === 0 ? tick : view.sources[at]!;
    }
  }
}

/**
 * Finds the written places whose values at the client nobody knows any more, as they
 * are older than the history: both ends forget them before they are written.
 *
 * @param history What knows.
 * @param base What the client has.
 * @param written The places that are written.
 * @param into Takes them, whatever it held.
 * @returns Whether there are any.
 */
export function findForgotten(
  history: WorldHistory,
  base: TypeView,
  written: Uint32Array,
  into: Uint32Array,
): boolean {
  let isAny = false;
  for (let i = 0; i < into.length; i++) {
    let left = base.stale[i]! & base.present[i]! & written[i]!;
    into[i] = 0;
    while (left !== 0) {
      const bit = left & -left;
      left ^= bit;
      if (history.has(base.sources[(i << 5) + 31 - Math.clz32(bit)]!)) continue;
      into[i]! |= bit;
      isAny = true;
    }
  }
  return isAny;
}

/**
 * Finds the written places that differ: a coder writes just those.
 *
 * @param base What a client has.
 * @param current What it is to have.
 * @param written The places that are written.
 * @param into Takes those that differ, whatever it held.
 */
export function findOthers(
  base: TableContent,
  current: TableContent,
  written: Uint32Array,
  into: Uint32Array,
): void {
  for (let i = 0; i < into.length; i++) {
    const before = base.alive[i]!;
    const after = current.alive[i]!;
    into[i] = written[i]! & (before | after);
    let both = into[i]! & before & after;
    while (both !== 0) {
      const bit = both & -both;
      both ^= bit;
      if (isSame(base, current, (i << 5) + 31 - Math.clz32(bit))) {
        into[i]! &= ~bit;
      }
    }
  }
}

/** Whether a place has the same in two tables, both of which have an entity there. */
function isSame(a: TableContent, b: TableContent, at: number): boolean {
  if (a.generations[at] !== b.generations[at]) return false;
  const { capacity } = a;
  const before = a.values;
  const after = b.values;
  for (let i = at; i < after.length; i += capacity) {
    if (before[i] !== after[i]) return false;
  }
  for (let i = at; i < b.blobs.length; i += capacity) {
    if (!isSameBytes(a.blobs[i]!, b.blobs[i]!)) return false;
  }
  return true;
}

/**
 * A table that shares what it can with a tick of the history, and holds what a client
 * has or is to have.
 */
export class OverlayTable implements TableContent {
  readonly form: TableContent["form"];
  readonly capacity: number;
  readonly alive: Uint32Array;
  values: Int32Array;
  generations: Uint16Array;
  blobs: readonly Uint8Array[];
  readonly #own: {
    readonly values: Int32Array;
    readonly generations: Uint16Array;
    readonly blobs: Uint8Array[];
  };

  /**
   * Creates a table of nothing.
   *
   * @param table One of the same form.
   */
  constructor(table: TableContent) {
    this.form = table.form;
    this.capacity = table.capacity;
    this.alive = new Uint32Array(table.alive.length);
    this.#own = {
      values: new Int32Array(table.values.length),
      generations: new Uint16Array(table.capacity),
      blobs: [...table.blobs],
    };
    this.values = this.#own.values;
    this.generations = this.#own.generations;
    this.blobs = this.#own.blobs;
  }

  /** Whether a place holds an entity. */
  isAlive(slot: number): boolean {
    return hasBit(this.alive, slot);
  }

  /**
   * Becomes a table of a tick, with other places alive.
   *
   * @param table The tick's.
   * @param alive The places that hold an entity.
   */
  showTick(table: TableContent, alive: Uint32Array): void {
    this.alive.set(alive);
    this.values = table.values;
    this.generations = table.generations;
    this.blobs = table.blobs;
  }

  /**
   * Becomes what a client has.
   *
   * @param history What knows the values of the view.
   * @param type The number of the type.
   * @param view The view.
   * @param tick The view's.
   * @param forgotten Places that count as without an entity.
   * @param needed The places whose values are asked for; others may be wrong.
   */
  showView(
    history: WorldHistory,
    type: number,
    view: TypeView,
    tick: number,
    forgotten: Uint32Array,
    needed: Uint32Array,
  ): void {
    const table = history.tablesAt(tick)[type]!;
    this.showTick(table, view.present);
    const { alive } = this;
    let isStale = false;
    for (let i = 0; i < alive.length; i++) {
      alive[i]! &= ~forgotten[i]!;
      if ((view.stale[i]! & needed[i]! & alive[i]!) !== 0) isStale = true;
    }
    if (!isStale) return;
    this.values = this.#own.values;
    this.generations = this.#own.generations;
    this.blobs = this.#own.blobs;
    for (let i = 0; i < alive.length; i++) {
      const older: number = view.stale[i]!;
      let left = needed[i]! & alive[i]!;
      while (left !== 0) {
        const bit = left & -left;
        left ^= bit;
        const at = (i << 5) + 31 - Math.clz32(bit);
        this.#take(
          (older & bit) === 0
            ? table
            : history.tablesAt(view.sources[at]!)[type]!,
          at,
        );
      }
    }
  }

  #take(from: TableContent, at: number): void {
    const { capacity } = this;
    const { values, generations, blobs } = this.#own;
    const source = from.values;
    generations[at] = from.generations[at]!;
    for (let i = at; i < values.length; i += capacity) values[i] = source[i]!;
    for (let i = at; i < blobs.length; i += capacity) {
      blobs[i] = from.blobs[i]!;
    }
  }
}
