// This module is browser compatible.
import type { Column } from "../../schema/column.ts";
import type { TableForm } from "../../snapshot/entity_table.ts";

/** How a group of columns is predicted. */
export type GroupKind = "vector" | "rotation" | "word";

/** Columns that are coded together, and where their models lie in a state. */
export interface Group {
  /** How they are predicted. */
  readonly kind: GroupKind;
  /** The first column. */
  readonly first: number;
  /** How many columns there are. */
  readonly count: number;
  /** The largest value of each. */
  readonly max: readonly number[];
  /** How many bits are beyond its values if they wrap; -1 if they do not. */
  readonly spare: number;
  /** The first of its counters in the state. */
  readonly counters: number;
  /** The first of its words in a record; what moves has some. */
  readonly record: number;
}

/** Where everything lies in a state of a table: words of 16 bits. */
export interface Layout {
  /** What is coded together, in the order of the columns. */
  readonly groups: readonly Group[];
  /** The group that says where an entity is; `undefined` if none does. */
  readonly place: Group | undefined;
  /** How many words come before the records. */
  readonly modelWords: number;
  /** How many words a record has. */
  readonly recordWords: number;
  /** How many records there can be. */
  readonly maxRecords: number;
}

/** Words of the header: how many records there are, and how near neighbours are. */
export const RECORDS = 0;
/** See {@linkcode RECORDS}. */
export const REACH = 1;
/** Where the counters that all groups share begin. */
export const SHARED = 2;
/**
 * Whether any of 32 places without a record differs: by whether any with one does, any of
 * the 32 before did, and any has one.
 */
export const NEWCOMERS: number = SHARED;
/** Whether a place without a record differs then: by whether the one before did. */
export const NEWCOMER: number = NEWCOMERS + 8;
/** Whether a place with a record differs: by that, and the two before. */
export const GOES_ON: number = NEWCOMER + 2;
/** Whether what differs is the same entity still. */
export const KEPT: number = GOES_ON + 7 * 16;
/** Whether an entity that is not is followed by another. */
export const FOLLOWED: number = KEPT + 1;
/** Whether the generation is the next, or that of the last new one. */
export const GENERATION: number = FOLLOWED + 1;
/** How much longer the step is, by a tree. */
export const PACE: number = GENERATION + 2;
/** How many these are. */
export const SHARED_COUNTERS: number = PACE + 16 - SHARED;

/** Of the word of a record that tells how far it moved: flags of the first such column. */
export const MODE_SHIFT = 8;

/** How many sizes of a miss are told apart beforehand. */
export const LEVELS: number = 20;
/** Where in a group's counters the trees of a miss's length begin, by level. */
export const TREES = 50;
/** Where the counters of a miss's upper bits begin. */
export const INNER: number = TREES + 2 * LEVELS * 16;
/** Where the counters of a miss's sign begin. */
export const SIGNS: number = INNER + 48;

/** How many counters a group has. */
export const SIZES: Readonly<Record<GroupKind, number>> = {
  vector: SIGNS + 28,
  rotation: SIGNS + 28,
  word: 4 + 3 * 32,
};

const STATE_WORDS = 4096;
const MIN_RECORDS = 16;

/**
 * Lays out the state of a table.
 *
 * @param form What the table is made for.
 * @returns The layout.
 */
export function layoutOf(form: TableForm): Layout {
  const { columns } = form;
  const groups: Group[] = [];
  let counters = SHARED + SHARED_COUNTERS;
  let record = 2;
  for (let c = 0; c < columns.length;) {
    const column = columns[c]!;
    const kind = kindOf(column);
    const count = kind === "word" ? 1 : column.count;
    groups.push({
      kind,
      first: c,
      count,
      max: columns.slice(c, c + count).map(({ max }) => max),
      spare: column.kind === "angle" ? 32 - column.bits : -1,
      counters,
      record,
    });
    counters += SIZES[kind];
    if (kind === "vector") record += 2 * count + 1;
    if (kind === "rotation") record += 6;
    c += count;
  }
  const modelWords = counters;
  const room = Math.floor((STATE_WORDS - modelWords) / record);
  return {
    groups,
    place: groups.find(({ kind, count }) =>
      kind === "vector" && (count === 2 || count === 3)
    ),
    modelWords,
    recordWords: record,
    maxRecords: Math.min(form.maxEntities, Math.max(room, MIN_RECORDS)),
  };
}

function kindOf(column: Column): GroupKind {
  switch (column.kind) {
    case "linear":
    case "integer":
    case "angle":
      return "vector";
    case "largest":
      return "rotation";
    default:
      return "word";
  }
}
