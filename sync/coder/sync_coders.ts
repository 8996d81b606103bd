// This module is browser compatible.
import type { EntityType } from "../schema/define_world.ts";
import type { TableForm } from "../snapshot/entity_table.ts";
import { FastCoder } from "./fast/fast_coder.ts";
import type { CoderState, TableCoder } from "./table_coder.ts";

/**
 * What makes the coders of an end, one for each type of entities: the same at server and
 * clients.
 */
export interface SyncCoders {
  /** Makes those of most clients, which learn nothing; `FastCoder` if left out. */
  readonly fast?: (form: TableForm) => TableCoder;
  /** Makes those that take fewer bytes and more time; there are none if left out. */
  readonly strong?: (form: TableForm) => TableCoder;
}

/** The coders of all types of a world, by their numbers. */
export type CoderSet = readonly TableCoder[];

/** Both sets of coders of an end, each made when it is asked for. */
export class CoderSets {
  readonly #types: readonly EntityType[];
  readonly #coders: SyncCoders;
  #fast: CoderSet | undefined;
  #strong: CoderSet | undefined;

  constructor(types: readonly EntityType[], coders: SyncCoders = {}) {
    this.#types = types;
    this.#coders = coders;
  }

  /** The set that learns nothing. */
  get fast(): CoderSet {
    const { fast = makeFast } = this.#coders;
    return this.#fast ??= this.#types.map(({ schema }) => fast(schema));
  }

  /** The set that learns; `undefined` if there is none. */
  get strong(): CoderSet | undefined {
    const { strong } = this.#coders;
    if (strong === undefined) return undefined;
    return this.#strong ??= this.#types.map(({ schema }) => strong(schema));
  }
}

/**
 * Makes states that have learnt nothing.
 *
 * @param set The coders.
 * @returns One for each type; `undefined` from coders that learn nothing.
 */
export function statesOf(set: CoderSet): readonly CoderState[] | undefined {
  const states: CoderState[] = [];
  for (const coder of set) {
    const state = coder.createState();
    if (state === undefined) return undefined;
    states.push(state);
  }
  return states;
}

function makeFast(form: TableForm): TableCoder {
  return new FastCoder(form);
}
