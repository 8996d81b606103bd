// This module is browser compatible.
import type { ByteWriter } from "../../protocol/mod.ts";
import type { EntityTable, TableContent } from "../snapshot/entity_table.ts";

/**
 * What a coder has learnt and keeps with the snapshot that it has coded. It begins with
 * nothing learnt, is only ever read or overwritten as a whole, and is the same at both
 * ends, to the bit.
 */
export interface CoderState {
  /** Becomes the same as another state of the same coder. */
  copyFrom(other: CoderState): void;
  /** Forgets everything. */
  reset(): void;
  /** How many bytes it takes. */
  readonly byteLength: number;
}

/** Why a coder refuses bytes. */
export type CoderFault =
  /** They end too early. */
  | "truncated"
  /** A number is beyond its column, or a place beyond the table. */
  | "range"
  /** They are not what the encoder would write for the same table. */
  | "notCanonical";

/**
 * Codes a table of entities as its difference to an older one that the other end has.
 *
 * It codes which places hold an entity, generations and columns. What lies beside the
 * columns (blobs) is not its business: whoever calls it sends that.
 *
 * Whatever was lost in between, `current` comes out as it went in: a coder knows just
 * what it is given here. Both ends give it the same base with the same state.
 */
export interface TableCoder {
  /** A state that has learnt nothing; `undefined` from a coder that learns nothing. */
  createState(): CoderState | undefined;

  /**
   * Writes the difference.
   *
   * @param base What the other end has; an empty table if it has nothing. Of places
   * outside `changed`, nothing is used but whether they hold an entity; of those without
   * one nothing at all, their generation neither: the ends may differ there.
   * @param baseState What was learnt with `base`.
   * @param current What the other end is to have. Places outside `changed` are not
   * looked at: they count as the same as in `base`.
   * @param state Takes what is learnt, besides what `baseState` holds: another object.
   * @param changed Which places differ from `base`, in any way: an entity more, less,
   * another (generation), or other numbers. Bits as in `EntityTable.alive`. A bit that
   * is set for a place which is the same is allowed, and may cost bits.
   * @param writer Takes the bytes; what does not fit sets its error.
   */
  encode(
    base: TableContent,
    baseState: CoderState | undefined,
    current: TableContent,
    state: CoderState | undefined,
    changed: Uint32Array,
    writer: ByteWriter,
  ): void;

  /**
   * Reads a difference. Nothing is thrown, whatever the bytes are. Numbers are within
   * their columns; whether four of them are a rotation is not looked at.
   *
   * @param bytes Holds the bytes from `start` to `end`.
   * @param base What `encode` was given.
   * @param baseState What `encode` was given.
   * @param current Comes as a copy of `base`, and takes what has changed. Nothing is
   * said about it after a fault.
   * @param state Takes what is learnt; another object than `baseState`.
   * @param changed Takes which places have changed, all zeros before, and no others: what
   * is fresh in a snapshot is found out by it.
   * @returns Where the bytes end that were read, or a fault.
   */
  decode(
    bytes: Uint8Array,
    start: number,
    end: number,
    base: TableContent,
    baseState: CoderState | undefined,
    current: EntityTable,
    state: CoderState | undefined,
    changed: Uint32Array,
  ): number | CoderFault;
}
