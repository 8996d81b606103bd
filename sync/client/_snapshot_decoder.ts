// This module is browser compatible.
import { ByteReader } from "../../protocol/mod.ts";
import {
  type CoderSet,
  type CoderSets,
  statesOf,
} from "../coder/sync_coders.ts";
import type { CoderState } from "../coder/table_coder.ts";
import type { EntityType } from "../schema/define_world.ts";
import { EntityTable, type TableContent } from "../snapshot/entity_table.ts";
import { OverlayTable } from "../server/type_view.ts";
import { readEntities, type ReadPart } from "../wire/body.ts";
import type { SyncFault } from "../wire/packet_kind.ts";
import { readPlaces } from "../wire/place_list.ts";
import {
  isSameOwned,
  NONE_OWNED,
  SnapshotHeader,
} from "../wire/snapshot_header.ts";
import { readStale, type StalePart } from "../wire/stale_list.ts";
import { viewChecksum } from "../wire/view_checksum.ts";
import { bitSet, nextBit } from "../world/bit_set.ts";
import { type EntityId, slotOfId, typeOfId } from "../world/entity_id.ts";
import type { DecodedSnapshot, SnapshotRing } from "./world_snapshot.ts";

/**
 * What came of a snapshot:
 *
 * - `decoded`: it is the newest of the ring;
 * - `stale`: it is not newer than the newest, or is it again;
 * - `unknownBase`: it builds upon one that is not held;
 * - `desync`: all of it can be read, and the checksum is another one; or the newest
 *   itself turns out to have been damaged;
 * - or what is wrong with it.
 */
export type DecodeResult =
  | "decoded"
  | "stale"
  | "unknownBase"
  | "desync"
  | SyncFault;

/** Reads snapshots into a ring. */
export class SnapshotDecoder {
  /** That of the snapshot that was read last, unless it is malformed or stale. */
  readonly header: SnapshotHeader = new SnapshotHeader();
  readonly #types: readonly EntityType[];
  readonly #coders: CoderSets;
  readonly #ring: SnapshotRing;
  readonly #reader = new ByteReader();
  readonly #empty: readonly EntityTable[];
  readonly #forgotten: readonly Uint32Array[];
  /** The places that a message has written. */
  readonly #changed: readonly Uint32Array[];
  /** No places at all. */
  readonly #none: readonly Uint32Array[];
  /** The number and tick of the newest that was decoded; -1 before the first. */
  #lastSequence = -1;
  #lastTick = -1;
  /** How many without a base were not newer since then. */
  #passed = 0;
  /** Bases without what was forgotten. */
  readonly #overlays: (OverlayTable | undefined)[] = [];
  #blank: readonly CoderState[] | undefined;

  constructor(
    types: readonly EntityType[],
    coders: CoderSets,
    ring: SnapshotRing,
  ) {
    this.#types = types;
    this.#coders = coders;
    this.#ring = ring;
    this.#empty = types.map(({ schema }) => new EntityTable(schema));
    this.#forgotten = types.map(({ schema }) => bitSet(schema.maxEntities));
    this.#changed = types.map(({ schema }) => bitSet(schema.maxEntities));
    this.#none = types.map(({ schema }) => bitSet(schema.maxEntities));
  }

  /** Reads a message whose kind is known. */
  read(bytes: Uint8Array): DecodeResult {
    const reader = this.#reader;
    const { header } = this;
    reader.reset(bytes);
    const fault = header.read(reader);
    if (fault !== undefined) return fault;
    const ring = this.#ring;
    const { sequence, tick, baseAge, isStrong } = header;
    const last = this.#lastSequence;
    if (last >= 0 && (sequence - last << 16) <= 0) return this.#pass("stale");
    // A later message is of a later tick.
    if (tick <= this.#lastTick) return this.#pass("range");
    const base = baseAge === 0
      ? undefined
      : ring.get(sequence - baseAge & 0xffff);
    if (base === undefined && baseAge > 0) return "unknownBase";
    const before = base?.owned ?? NONE_OWNED;
    if (header.hasOwned) {
      if (isSameOwned(header.owned, before)) return "notCanonical";
      if (!header.owned.every(this.#isPlace)) return "range";
    }
    const coders = isStrong ? this.#coders.strong : this.#coders.fast;
    if (coders === undefined) return "coder";
    const { spare } = ring;
    spare.learn(coders, isStrong);
    const baseStates = base === undefined
      ? this.#blankOf(coders, isStrong)
      : base.states;
    if ((spare.states === undefined) !== (baseStates === undefined)) {
      return "coder";
    }
    const result = this.#readInto(spare, base, baseStates, coders);
    if (result !== undefined) return result;
    spare.sequence = sequence;
    spare.tick = tick;
    spare.isPartial = header.isPartial;
    spare.owned = header.hasOwned ? header.owned : before;
    if (
      header.hasChecksum &&
      viewChecksum(spare.tables, spare.stale) !== header.checksum
    ) return "desync";
    ring.push();
    this.#lastSequence = sequence;
    this.#lastTick = tick;
    this.#passed = 0;
    return "decoded";
  }

  readonly #isPlace = (id: EntityId): boolean => {
    const type = this.#types[typeOfId(id)];
    return type !== undefined && slotOfId(id) < type.schema.maxEntities;
  };

  /**
   * Passes over what is not newer. A server that knows of no base sends one without, and
   * little else: a late one may be overtaken by the next, but where two are not newer, and
   * nothing that is comes between, the newest itself cannot be true.
   */
  #pass(result: "stale" | "range"): DecodeResult {
    if (this.header.baseAge > 0) return result;
    this.#passed++;
    if (this.#passed < 2) return result;
    this.#passed = 0;
    this.#lastSequence = -1;
    this.#lastTick = -1;
    return "desync";
  }

  #readInto(
    spare: DecodedSnapshot,
    base: DecodedSnapshot | undefined,
    baseStates: readonly CoderState[] | undefined,
    coders: CoderSet,
  ): SyncFault | undefined {
    const reader = this.#reader;
    const { hasForgotten } = this.header;
    const before = base?.tables ?? this.#empty;
    if (hasForgotten) {
      const fault = readPlaces(reader, before, this.#forgotten);
      if (fault !== undefined) return fault;
    }
    const parts = this.#types.map((_, type): ReadPart => {
      const table = before[type]!;
      const current = spare.tables[type]!;
      const changed = this.#changed[type]!;
      current.copyFrom(table);
      changed.fill(0);
      let from: TableContent = table;
      if (hasForgotten) {
        const forgotten = this.#forgotten[type]!;
        for (
          let at = nextBit(forgotten, 0);
          at >= 0;
          at = nextBit(forgotten, at + 1)
        ) current.clear(at);
        const overlay = this.#overlays[type] ??= new OverlayTable(table);
        overlay.showTick(table, current.alive);
        from = overlay;
      }
      return {
        base: from,
        baseState: baseStates?.[type],
        current,
        state: spare.states?.[type],
        changed,
      };
    });
    const fault = readEntities(reader, this.#types, coders, parts) ??
      this.#readStale(spare, base);
    if (fault !== undefined) return fault;
    return reader.atEnd ? undefined : "trailing";
  }

  /** Finds out what is stale in a snapshot whose entities are read. */
  #readStale(
    { stale, tables }: DecodedSnapshot,
    base: DecodedSnapshot | undefined,
  ): SyncFault | undefined {
    if (!this.header.isPartial) {
      for (const places of stale) places.fill(0);
      return undefined;
    }
    const parts = stale.map((places, type): StalePart => ({
      alive: tables[type]!.alive,
      written: this.#changed[type]!,
      before: (base?.stale ?? this.#none)[type]!,
      stale: places,
    }));
    return readStale(parts, this.#reader);
  }

  #blankOf(
    coders: CoderSet,
    isStrong: boolean,
  ): readonly CoderState[] | undefined {
    return isStrong ? this.#blank ??= statesOf(coders) : undefined;
  }
}
