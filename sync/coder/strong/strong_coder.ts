// This module is browser compatible.
import type { ByteWriter } from "../../../protocol/mod.ts";
import type {
  EntityTable,
  TableContent,
  TableForm,
} from "../../snapshot/entity_table.ts";
import { hasBit } from "../../world/bit_set.ts";
import type { CoderFault, CoderState, TableCoder } from "../table_coder.ts";
import { Entities } from "./entities.ts";
import { freshWords } from "./fresh_words.ts";
import {
  KEPT,
  type Layout,
  layoutOf,
  MODE_SHIFT,
  REACH,
  RECORDS,
} from "./layout.ts";
import { MOST_NEIGHBOURS } from "./neighbours.ts";
import { lg } from "./numbers.ts";
import { codePace, findPace } from "./pace.ts";
import { Pass } from "./pass.ts";
import { codePlaces, differing, isKept } from "./places.ts";
import { codeRotation } from "./rotations.ts";
import { RotationMath } from "./rotation_math.ts";
import { StrongState } from "./strong_state.ts";
import { codeVector } from "./vectors.ts";
import { codeWord } from "./words.ts";

/** How many neighbours there are, by how thorough a message says that it is. */
const NEIGHBOURS = [0, MOST_NEIGHBOURS];

/** The options of {@linkcode StrongCoder}. */
export interface StrongCoderOptions {
  /**
   * How thorough it is. `"high"` compares each entity with the 128 coded last, and codes
   * more of the bits by chances: about 3 % fewer bytes, and half as much time again or
   * more at both ends. Messages say which it was, so that the other end need not be told.
   *
   * @default {"usual"}
   */
  readonly effort?: "usual" | "high";
}

/**
 * A coder that learns how likely things are and how entities move.
 *
 * All that it has learnt lies in the state, which is kept with the snapshot that it came
 * with: what is coded against a snapshot that the other end has is understood there,
 * whatever was lost or overtaken in between.
 *
 * An entity is expected to go on as it went in the base's own step, with high effort
 * corrected by what those near it that are already coded did otherwise; what rolls turns
 * as its way does.
 * What is sent is how far that is off: its length in bits by a tree whose counters are
 * chosen by how far off it will probably be. The format is in WIRE.md.
 *
 * The numbers that weigh this were fitted to the first half of a recording of rigid
 * bodies (`bench/data`); they are the same for every schema.
 *
 * @example A difference, and back
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ByteWriter, u16 } from "@tickwire/net/protocol";
 * import { defineEntity, EntityTable, StrongCoder } from "@tickwire/net/sync";
 *
 * const form = defineEntity({ level: u16 }, { maxEntities: 8 });
 * const coder = new StrongCoder(form);
 * const base = new EntityTable(form);
 * const current = new EntityTable(form);
 * current.place(3, 0);
 * current.values[3] = 500;
 *
 * const baseState = coder.createState();
 * const state = coder.createState();
 * const writer = new ByteWriter();
 * coder.encode(base, baseState, current, state, new Uint32Array([0b1000]), writer);
 *
 * const decoded = new EntityTable(form);
 * const learnt = coder.createState();
 * const changed = new Uint32Array(1);
 * const bytes = writer.view();
 * coder.decode(bytes, 0, bytes.length, base, baseState, decoded, learnt, changed);
 * assertEquals([decoded, learnt], [current, state]);
 * ```
 */
export class StrongCoder implements TableCoder {
  readonly #effort: number;
  readonly #layout: Layout;
  readonly #fresh: Uint16Array;
  readonly #pass = new Pass();
  readonly #entities: Entities;
  readonly #math = new RotationMath();
  /** The column whose flags say how likely an entity goes on; -1 if there is none. */
  readonly #mode: number;

  /**
   * Creates a coder.
   *
   * @param form What the tables are made for, such as an `EntitySchema`.
   * @param options How much it takes upon itself.
   */
  constructor(form: TableForm, options: StrongCoderOptions = {}) {
    const { effort = "usual" } = options;
    if (effort !== "usual" && effort !== "high") {
      throw new TypeError(
        `Cannot create strong coder as "effort" must be "usual" or "high": current value is ${
          JSON.stringify(effort)
        }`,
      );
    }
    this.#effort = effort === "high" ? 1 : 0;
    const layout = layoutOf(form);
    this.#layout = layout;
    this.#fresh = freshWords(layout);
    this.#entities = new Entities(layout, form.columns.length);
    this.#mode =
      layout.groups.find(({ kind, max }) => kind === "word" && max[0]! <= 3)
        ?.first ?? -1;
  }

  /** Makes a state that has learnt nothing but what usually is. */
  createState(): CoderState {
    return new StrongState(this.#layout, this.#fresh);
  }

  /** Writes the difference, as {@linkcode TableCoder.encode} says. */
  encode(
    base: TableContent,
    baseState: CoderState | undefined,
    current: TableContent,
    state: CoderState | undefined,
    changed: Uint32Array,
    writer: ByteWriter,
  ): void {
    const { coder } = this.#pass;
    coder.beginEncode();
    this.#begin(base, baseState, current, state);
    this.#run(changed);
    coder.endEncode();
    const { bytes, length } = coder;
    if (!writer.reserve(length)) return;
    const { buffer, length: at } = writer;
    for (let i = 0; i < length; i++) buffer[at + i] = bytes[i]!;
    writer.length = at + length;
  }

  /** Reads a difference, as {@linkcode TableCoder.decode} says. */
  decode(
    bytes: Uint8Array,
    start: number,
    end: number,
    base: TableContent,
    baseState: CoderState | undefined,
    current: EntityTable,
    state: CoderState | undefined,
    changed: Uint32Array,
  ): number | CoderFault {
    const pass = this.#pass;
    pass.coder.beginDecode(bytes, start, end);
    this.#begin(base, baseState, current, state);
    this.#run(changed);
    const at = pass.coder.endDecode();
    if (pass.fault !== undefined) return pass.fault;
    return at === -1 ? "truncated" : at === -2 ? "notCanonical" : at;
  }

  #begin(
    base: TableContent,
    baseState: CoderState | undefined,
    current: TableContent,
    state: CoderState | undefined,
  ): void {
    const pass = this.#pass;
    pass.base = base;
    pass.current = current;
    pass.before = base.values;
    pass.after = current.values;
    pass.capacity = base.capacity;
    pass.old = (baseState as StrongState).words;
    pass.words = (state as StrongState).words;
    // The records behind what is learnt are overwritten as far as they count.
    pass.words.set(pass.old);
    pass.coder.counters = pass.words;
    pass.fault = undefined;
    this.#entities.begin();
  }

  #run(changed: Uint32Array): void {
    const pass = this.#pass;
    const layout = this.#layout;
    const { modelWords, recordWords, maxRecords } = layout;
    const { coder, near, old, words, capacity } = pass;
    const { decoding } = coder;
    const effort = coder.even(this.#effort, 1);
    coder.isThorough = effort === 1;
    near.begin(NEIGHBOURS[effort]!, old[REACH]!);
    const oldEnd = modelWords + recordWords * old[RECORDS]!;
    const newEnd = modelWords + recordWords * maxRecords;
    const pace = codePace(pass, decoding ? 4 : findPace(pass, layout, changed));
    pass.pace = pace;
    let at = modelWords;
    let to = modelWords;
    let isBusy = 0;
    for (let first = 0; first < capacity; first += 32) {
      const word = first >> 5;
      const mask = codePlaces(
        pass,
        decoding ? 0 : differing(pass, changed[word]!, first),
        first,
        at,
        oldEnd,
        recordWords,
        isBusy,
      );
      if (pass.fault !== undefined) return;
      if (decoding) changed[word] = mask;
      isBusy = mask === 0 ? 0 : 1;
      let left = mask;
      while (left !== 0) {
        const bit = left & -left;
        left ^= bit;
        const slot = first + 31 - Math.clz32(bit);
        while (at < oldEnd && old[at]! < slot) at += recordWords;
        const has = at < oldEnd && old[at] === slot;
        pass.beginEntity(has ? at : -1, to < newEnd ? to : -1);
        if (this.#place(slot) && to < newEnd) to += recordWords;
        if (decoding && coder.isExhausted) pass.fault ??= "truncated";
        if (pass.fault !== undefined) return;
      }
      while (at < oldEnd && old[at]! < first + 32) at += recordWords;
    }
    if (decoding && findPace(pass, layout, changed) !== pace) {
      pass.fault = "notCanonical";
      return;
    }
    words[RECORDS] = (to - modelWords) / recordWords;
    words[REACH] = near.nextReach;
  }

  /** Codes a place that differs; tells whether it has left a record, if there was room. */
  #place(slot: number): boolean {
    const pass = this.#pass;
    const { coder, base } = pass;
    const wasAlive = hasBit(base.alive, slot);
    const stays = coder.decoding || isKept(pass, slot) ? 1 : 0;
    if (!wasAlive || coder.bit(stays, KEPT) === 0) {
      this.#entities.code(pass, slot, wasAlive);
      return false;
    }
    const { groups, place } = this.#layout;
    let any = 0;
    for (let g = 0; g < groups.length; g++) {
      const group = groups[g]!;
      if (group.kind === "vector") {
        any |= codeVector(pass, slot, group, group === place);
      } else if (group.kind === "rotation") {
        any |= codeRotation(pass, slot, group, this.#math);
      } else any |= codeWord(pass, slot, group, any);
      if (pass.fault !== undefined) return false;
    }
    if (any === 0) pass.fault = "notCanonical";
    const { to, words } = pass;
    if (to >= 0) {
      const mode = this.#mode;
      const flags = mode < 0 ? 0 : pass.after[mode * pass.capacity + slot]! & 3;
      words[to] = slot;
      words[to + 1] = lg(pass.moved) | flags << MODE_SHIFT;
    }
    return true;
  }
}
