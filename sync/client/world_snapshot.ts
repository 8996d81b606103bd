// This module is browser compatible.
import { type CoderSet, statesOf } from "../coder/sync_coders.ts";
import type { CoderState } from "../coder/table_coder.ts";
import type { EntityType } from "../schema/define_world.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { SNAPSHOT_RING } from "../wire/packet_kind.ts";
import { NONE_OWNED } from "../wire/snapshot_header.ts";
import { bitSet } from "../world/bit_set.ts";
import type { EntityId } from "../world/entity_id.ts";

/** What a client got of a tick. It is used again when 64 newer ones have come. */
export interface WorldSnapshot {
  /** Its number: 0 to 65535, wraps. */
  readonly sequence: number;
  /** The tick that it is of. */
  readonly tick: number;
  /**
   * Whether the server had no room for all: some entities are as they were earlier (see
   * `stale`), are missing, or are there still.
   */
  readonly isPartial: boolean;
  /** The tables, by the numbers of the types; to be read. */
  readonly tables: readonly EntityTable[];
  /**
   * The places of each type whose entities may be as they were at an earlier tick, by the
   * numbers of the types: place `slot` is bit `slot & 31` of word `slot >>> 5`. None
   * if the snapshot is not partial. All other entities are as they were at the tick, to
   * the bit.
   */
  readonly stale: readonly Uint32Array[];
}

/** A snapshot with what is needed to build upon it. */
export class DecodedSnapshot implements WorldSnapshot {
  sequence = 0;
  tick = 0;
  isPartial = false;
  isHeld = false;
  /** Which entities the server says are the client's own. */
  owned: readonly EntityId[] = NONE_OWNED;
  readonly tables: readonly EntityTable[];
  readonly stale: readonly Uint32Array[];
  /** What the strong coder has learnt; `undefined` if it was not used. */
  states: readonly CoderState[] | undefined;
  #spareStates: readonly CoderState[] | undefined;

  constructor(types: readonly EntityType[]) {
    this.tables = types.map(({ schema }) => new EntityTable(schema));
    this.stale = types.map(({ schema }) => bitSet(schema.maxEntities));
  }

  /** Gets states to be written, of a coder that learns. */
  learn(coders: CoderSet, isStrong: boolean): void {
    if (isStrong) this.#spareStates ??= statesOf(coders);
    this.states = isStrong ? this.#spareStates : undefined;
  }
}

/** The last snapshots that were decoded, by their numbers. */
export class SnapshotRing {
  readonly #types: readonly EntityType[];
  readonly #slots: (DecodedSnapshot | undefined)[] = new Array(SNAPSHOT_RING)
    .fill(undefined);
  /** What the next one is decoded into. */
  #spare: DecodedSnapshot;
  #newest: DecodedSnapshot | undefined;

  constructor(types: readonly EntityType[]) {
    this.#types = types;
    this.#spare = new DecodedSnapshot(types);
  }

  get newest(): DecodedSnapshot | undefined {
    return this.#newest;
  }

  get spare(): DecodedSnapshot {
    return this.#spare;
  }

  /** The snapshot of a number, if it is held. */
  get(sequence: number): DecodedSnapshot | undefined {
    const slot = this.#slots[sequence % SNAPSHOT_RING];
    return slot !== undefined && slot.isHeld && slot.sequence === sequence
      ? slot
      : undefined;
  }

  /** Takes the spare one in, as the newest. */
  push(): void {
    const at = this.#spare.sequence % SNAPSHOT_RING;
    const old = this.#slots[at];
    this.#slots[at] = this.#newest = this.#spare;
    this.#newest.isHeld = true;
    this.#spare = old ?? new DecodedSnapshot(this.#types);
    this.#spare.isHeld = false;
  }

  /** Which of the 32 before the newest are held: bit i is that of `newest - 1 - i`. */
  get mask(): number {
    const { sequence } = this.#newest!;
    let mask = 0;
    for (let i = 0; i < 32; i++) {
      if (this.get(sequence - 1 - i & 0xffff) !== undefined) mask |= 1 << i;
    }
    return mask >>> 0;
  }

  /** Iterates over those that are held, from the oldest to the newest. */
  *values(): IterableIterator<WorldSnapshot> {
    if (this.#newest === undefined) return;
    const { sequence } = this.#newest;
    for (let age = SNAPSHOT_RING - 1; age >= 0; age--) {
      const snapshot = this.get(sequence - age & 0xffff);
      if (snapshot !== undefined) yield snapshot;
    }
  }

  /** The newest one that is not after a tick, if it is held. */
  before(tick: number): DecodedSnapshot | undefined {
    if (this.#newest === undefined) return undefined;
    const { sequence } = this.#newest;
    for (let age = 0; age < SNAPSHOT_RING; age++) {
      const snapshot = this.get(sequence - age & 0xffff);
      if (snapshot !== undefined && snapshot.tick <= tick) return snapshot;
    }
    return undefined;
  }

  /** Holds none any more. */
  clear(): void {
    for (const slot of this.#slots) if (slot !== undefined) slot.isHeld = false;
    this.#newest = undefined;
  }
}
