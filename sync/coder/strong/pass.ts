// This module is browser compatible.
import type { EntityTable, TableContent } from "../../snapshot/entity_table.ts";
import type { CoderFault } from "../table_coder.ts";
import { BitCoder } from "./bit_coder.ts";
import { Neighbours } from "./neighbours.ts";

/**
 * What the parts of the coder share while they code one message, in either direction:
 * the same function runs at both ends, and `coder` alone knows which end it is.
 */
export class Pass {
  /** Takes bits or has them. */
  readonly coder: BitCoder = new BitCoder();
  /** Those of the entities that were coded last. */
  readonly near: Neighbours = new Neighbours();
  /** What the other end has. */
  base!: TableContent;
  /** What it is to have. While reading, it is an `EntityTable` and is filled. */
  current!: TableContent;
  /** `base.values`. */
  before: Int32Array = new Int32Array(0);
  /** `current.values`. */
  after: Int32Array = new Int32Array(0);
  /** How many places there are. */
  capacity = 0;
  /** The words of the base's state. */
  old: Uint16Array = new Uint16Array(0);
  /** The words of the state that is made. */
  words: Uint16Array = new Uint16Array(0);
  /** How much longer than the base's own step this one is, in quarters. */
  pace = 4;
  /** Where the entity's record is in `old`; -1 if there is none. */
  at = -1;
  /** Where its record goes in `words`; -1 if there is no room. */
  to = -1;
  /** How far the entity has moved so far, in steps of its columns. */
  moved = 0;
  /** How far off its numbers were. */
  missed = 0;
  /** The step that the entity's way in space was expected to be like. */
  readonly was: Float64Array = new Float64Array(3);
  /** The step that it was. */
  readonly now: Float64Array = new Float64Array(3);
  /** Why the message is refused, as soon as that is known. */
  fault: CoderFault | undefined = undefined;

  /** The table that is filled while reading. */
  get filled(): EntityTable {
    return this.current as EntityTable;
  }

  /** Begins with an entity that is still there. */
  beginEntity(at: number, to: number): void {
    const { was, now } = this;
    this.at = at;
    this.to = to;
    this.moved = 0;
    this.missed = 0;
    was[0] = was[1] = was[2] = 0;
    now[0] = now[1] = now[2] = 0;
  }
}
