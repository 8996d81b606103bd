// This module is browser compatible.
import { ByteWriter } from "../../protocol/mod.ts";
import { type CoderSet, statesOf } from "../coder/sync_coders.ts";
import type { CoderState } from "../coder/table_coder.ts";
import type { EntityType } from "../schema/define_world.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { type BodyPart, writeBody } from "../wire/body.ts";
import { MAX_SNAPSHOT_BYTES } from "../wire/packet_kind.ts";
import { writePlaces } from "../wire/place_list.ts";
import { type StalePart, writeStale } from "../wire/stale_list.ts";
import { viewChecksum } from "../wire/view_checksum.ts";
import {
  bitSet,
  countBits,
  hasBit,
  nextBit,
  popCount,
  setBit,
} from "../world/bit_set.ts";
import { type EntityId, slotOfId, typeOfId } from "../world/entity_id.ts";
import type { WorldHistory } from "../world/world_history.ts";
import type { Sent, SentPool } from "./_in_flight.ts";
import { Turns } from "./_turns.ts";
import {
  advanceView,
  findDifference,
  findForgotten,
  findOthers,
  OverlayTable,
  TypeView,
} from "./type_view.ts";

/** Above all that entities come to by waiting. */
const FIRST = 2 ** 40;
/** Messages in which own entities come not first, after one that they did not fit. */
const TOO_LARGE_WAIT = 64;
/** How much of a message may be entities that come or go. */
const MOVES_SHARE = 0.7;
/** How much of a message may tell what is stale. */
const STALE_SHARE = 1 / 8;
const SLOT_BITS = 16;
const SLOT_MASK = 0xffff;

/** What the builder is told of a client. */
export interface Recipient {
  /** What it has; nothing if left out. */
  readonly base: Sent | undefined;
  /** What it was sent last, if that is still known. */
  readonly last: Sent | undefined;
  readonly coders: CoderSet;
  /** Its places of each type; all of them if left out. */
  readonly interest: readonly Uint32Array[] | undefined;
  /** What has waited how long, by type and place. */
  readonly waited: (Float32Array | undefined)[];
  /** How much more of it an entity of each type gets; asked for each if left out. */
  readonly weights: readonly number[] | undefined;
  /** How much more of it an entity gets each time that it waits. */
  priorityOf(type: number, slot: number): number;
  /** How many bytes an entity took lately. */
  bytesPerEntity: number;
  /** Its own entities, which come first. */
  readonly owned: readonly EntityId[];
  /** In how many messages they do not, so that others have their turn too. */
  ownedWait: number;
}

/** How a message came out. */
export type BuildResult =
  /** It is within the limit. */
  | "fits"
  /** The one entity that has waited most is beyond the limit, alone in the message. */
  | "lone"
  /** That one does not fit at all; it was put off, and the message has none. */
  | "tooLarge";

/** Everything of one type while a message is made. */
class TypeScratch {
  readonly candidates: Uint32Array;
  readonly wanted: Uint32Array;
  readonly written: Uint32Array;
  /** Those of the written that are not at the client as they are to be. */
  readonly others: Uint32Array;
  readonly forgotten: Uint32Array;
  /** Candidates that come or go, but for the client's own. */
  readonly moves: Uint32Array;
  /** Places of the client's own entities that come first. */
  readonly owned: Uint32Array;
  readonly base: OverlayTable;
  readonly current: OverlayTable;
  /** Of a base that is a whole tick. */
  readonly whole: TypeView;
  readonly empty: EntityTable;
  /** No places at all. */
  readonly none: Uint32Array;
  constructor({ schema }: EntityType) {
    const { maxEntities } = schema;
    this.candidates = bitSet(maxEntities);
    this.wanted = bitSet(maxEntities);
    this.written = bitSet(maxEntities);
    this.others = bitSet(maxEntities);
    this.forgotten = bitSet(maxEntities);
    this.moves = bitSet(maxEntities);
    this.owned = bitSet(maxEntities);
    this.empty = new EntityTable(schema);
    this.none = bitSet(maxEntities);
    this.base = new OverlayTable(this.empty);
    this.current = new OverlayTable(this.empty);
    this.whole = new TypeView(maxEntities);
  }
}

/**
 * Makes the message of one client: finds what it lacks, chooses as much of it as fits,
 * what has waited most first, and writes it.
 */
export class MessageBuilder {
  /** The places that are forgotten, the body, and the places that are stale. */
  readonly writer: ByteWriter = new ByteWriter({
    maxBytes: MAX_SNAPSHOT_BYTES,
  });
  /** Whether there are any. */
  hasForgotten = false;
  /** Whether the client lacks something after the message too. */
  isPartial = false;
  /** What the client has after the message; `undefined` if all of the tick. */
  views: readonly TypeView[] | undefined;
  /** What the strong coder learns by it. */
  states: readonly CoderState[] | undefined;
  /** How many times something was written only to find that it was too much. */
  retries = 0;
  readonly #types: readonly EntityType[];
  readonly #history: WorldHistory;
  readonly #pool: SentPool;
  readonly #scratch: readonly TypeScratch[];
  readonly #forgotten: readonly Uint32Array[];
  readonly #blank = new Map<CoderSet, readonly CoderState[] | undefined>();
  /** How many candidates came or went with a message that is under way. */
  #underWay = 0;
  /** How many neither come nor go. */
  #changes = 0;
  /** Candidates by their turn: type and place. */
  readonly #turns: Turns;

  constructor(
    types: readonly EntityType[],
    history: WorldHistory,
    pool: SentPool,
  ) {
    this.#types = types;
    this.#history = history;
    this.#pool = pool;
    this.#scratch = types.map((type) => new TypeScratch(type));
    this.#forgotten = this.#scratch.map(({ forgotten }) => forgotten);
    this.#turns = new Turns(
      types.reduce((sum, { schema }) => sum + schema.maxEntities, 0),
    );
  }

  /**
   * Makes a message. Afterwards `views` and `states` belong to the caller.
   *
   * @param to Whom it is for.
   * @param limitBytes The most bytes of what is written here, if it can be.
   * @param hardBytes The most bytes in any case.
   * @returns How it came out.
   */
  build(to: Recipient, limitBytes: number, hardBytes: number): BuildResult {
    const views = this.#pool.takeViews();
    const states = this.#pool.takeStates(to.coders);
    this.views = views;
    this.states = states;
    const total = this.#findAll(to);
    let count = total;
    if (total * to.bytesPerEntity > limitBytes * 1.5) {
      count = Math.max(1, Math.floor(limitBytes / to.bytesPerEntity * 0.95));
    }
    let isOrdered = false;
    let result: BuildResult = "fits";
    for (;;) {
      if (count >= total) this.#chooseAll();
      else {
        if (!isOrdered) this.#queue(to);
        isOrdered = true;
        this.#choose(count);
      }
      const size = this.#write(to, views, states, limitBytes);
      if (size <= limitBytes) break;
      if (count === 1 && size <= hardBytes) {
        result = "lone";
        break;
      }
      this.retries++;
      if (count === 1) {
        // The others have their turn before it is tried again.
        const [first] = this.#turns.ids;
        if (isOrdered) to.waited[first! >>> SLOT_BITS]![first! & SLOT_MASK] = 0;
        if (this.#isOwned(first!)) to.ownedWait = TOO_LARGE_WAIT;
        result = "tooLarge";
        this.#choose(0);
        this.#write(to, views, states, limitBytes);
        break;
      }
      count = Math.max(
        1,
        Math.min(count - 1, Math.floor(count * limitBytes / size * 0.95)),
      );
    }
    this.#settle(to, result);
    if (isOrdered && this.#hasOwnedAlone()) to.ownedWait = 1;
    if (!this.isPartial && this.#isWhole(to, views)) {
      this.#pool.giveViews(views);
      this.views = undefined;
    }
    return result;
  }

  /**
   * The checksum of what the client has after the message that was built last, which was
   * not discarded.
   *
   * @param views What the client has.
   */
  checksum(views: readonly TypeView[]): number {
    return viewChecksum(
      this.#scratch.map(({ current }) => current),
      views.map(({ told }) => told),
    );
  }

  /** Gives back what a message that was not sent would have been remembered by. */
  discard(to: Recipient): void {
    this.#pool.giveViews(this.views);
    this.#pool.giveStates(to.coders, this.states);
    this.views = undefined;
    this.states = undefined;
  }

  /** Finds what the client lacks; returns of how many entities. */
  #findAll(to: Recipient): number {
    let total = 0;
    for (let type = 0; type < this.#scratch.length; type++) {
      const scratch = this.#scratch[type]!;
      const { base } = to;
      if (base !== undefined && base.views === undefined) {
        const { alive } = this.#history.tablesAt(base.tick)[type]!;
        scratch.whole.present.set(alive);
      }
      findDifference(
        this.#history,
        type,
        this.#viewOf(to, type),
        to.interest?.[type],
        scratch,
      );
      total += countBits(scratch.candidates);
    }
    return total;
  }

  #viewOf(
    { base }: Recipient,
    type: number,
  ): { readonly view: TypeView; readonly tick: number } | undefined {
    if (base === undefined) return undefined;
    const view = base.views?.[type] ?? this.#scratch[type]!.whole;
    return { view, tick: base.tick };
  }

  #chooseAll(): void {
    for (const { written, candidates } of this.#scratch) {
      written.set(candidates);
    }
  }

  #choose(count: number): void {
    for (const { written } of this.#scratch) written.fill(0);
    if (count === 0) return;
    // What comes and goes must fit into the messages until one of them is acknowledged
    // too, beside what only changes: a game that spawns and removes more than a client
    // can be told of would let it see nothing else.
    const underWay = this.#underWay;
    const kept = Math.min(Math.ceil((count - 1) / 8), this.#changes);
    const most = Math.max(
      Math.floor(count * MOVES_SHARE),
      Math.min(underWay, count - kept),
      underWay === 0 ? 1 : 0,
    );
    const found = this.#turns.select(count, most, this.#isMove);
    for (let i = 0; i < found; i++) {
      const id = this.#turns.ids[i]!;
      setBit(this.#scratch[id >>> SLOT_BITS]!.written, id & SLOT_MASK);
    }
  }

  readonly #isMove = (id: number): boolean =>
    hasBit(this.#scratch[id >>> SLOT_BITS]!.moves, id & SLOT_MASK);

  /** Has all candidates wait once more, and lists them. */
  #queue(to: Recipient): void {
    const turns = this.#turns;
    turns.clear();
    this.#findOwned(to);
    this.#underWay = 0;
    this.#changes = 0;
    for (let type = 0; type < this.#scratch.length; type++) {
      const { candidates, wanted, moves, owned, none } = this.#scratch[type]!;
      const waited = this.#waitedOf(to, type);
      const weight = to.weights?.[type];
      const view = this.#viewOf(to, type)?.view;
      const before = view?.present ?? none;
      const last = this.#lastPresent(to, type);
      for (let i = 0; i < candidates.length; i++) {
        const want = wanted[i]!;
        const change = want ^ before[i]!;
        // What came or went with a message that is under way does so with the next
        // ones too: it would go and come back at the client.
        const underWay = last === undefined ? 0 : change & ~(want ^ last[i]!);
        let left: number = candidates[i]!;
        moves[i] = view === undefined ? 0 : left & change & ~owned[i]!;
        this.#underWay += popCount(left & underWay);
        this.#changes += popCount(left & ~moves[i]!);
        while (left !== 0) {
          const bit = left & -left;
          left ^= bit;
          const slot = (i << 5) + 31 - Math.clz32(bit);
          const isWanted = (want & bit) !== 0;
          const wait = waited[slot]! +
            (isWanted ? weight ?? to.priorityOf(type, slot) : 1);
          waited[slot] = wait;
          const first = (isWanted ? 0 : FIRST) +
            ((underWay & bit) === 0 ? 0 : 2 * FIRST) +
            ((owned[i]! & bit) === 0 ? 0 : 4 * FIRST);
          turns.push(type << SLOT_BITS | slot, wait + first);
        }
      }
    }
  }

  /** Finds which own entities come first: all, unless others have their turn. */
  #findOwned(to: Recipient): void {
    for (const { owned } of this.#scratch) owned.fill(0);
    if (to.ownedWait > 0) {
      to.ownedWait--;
      return;
    }
    for (const id of to.owned) {
      setBit(this.#scratch[typeOfId(id)]!.owned, slotOfId(id));
    }
  }

  #isOwned(turn: number): boolean {
    return hasBit(this.#scratch[turn >>> SLOT_BITS]!.owned, turn & SLOT_MASK);
  }

  /** Whether there was room for own entities, as they come first, and for no others. */
  #hasOwnedAlone(): boolean {
    let isAny = false;
    for (const { written, owned } of this.#scratch) {
      for (let i = 0; i < written.length; i++) {
        if ((written[i]! & ~owned[i]!) !== 0) return false;
        if (written[i] !== 0) isAny = true;
      }
    }
    return isAny && this.isPartial;
  }

  #lastPresent({ last }: Recipient, type: number): Uint32Array | undefined {
    if (last === undefined) return undefined;
    return last.views?.[type]?.present ??
      this.#history.tablesAt(last.tick)[type]!.alive;
  }

  #waitedOf({ waited }: Recipient, type: number): Float32Array {
    return waited[type] ??= new Float32Array(
      this.#types[type]!.schema.maxEntities,
    );
  }

  /** Writes what was chosen; returns how many bytes it takes. */
  #write(
    to: Recipient,
    views: readonly TypeView[],
    states: readonly CoderState[] | undefined,
    limitBytes: number,
  ): number {
    const history = this.#history;
    const tables = history.tablesAt(history.newest!);
    const { writer } = this;
    const baseStates = to.base?.states ?? this.#blankOf(to.coders);
    this.hasForgotten = false;
    const parts = this.#scratch.map((scratch, type): BodyPart => {
      const { written, others, forgotten, base, current } = scratch;
      const from = this.#viewOf(to, type);
      forgotten.fill(0);
      if (from !== undefined) {
        if (findForgotten(history, from.view, written, forgotten)) {
          this.hasForgotten = true;
        }
        base.showView(history, type, from.view, from.tick, forgotten, written);
      }
      advanceView(from, scratch, written, views[type]!);
      current.showTick(tables[type]!, views[type]!.present);
      const before = from === undefined ? scratch.empty : base;
      // What is the same is fresh without being sent, and the client must know which.
      findOthers(before, current, written, others);
      return {
        base: before,
        baseState: baseStates?.[type],
        current,
        state: states?.[type],
        written: others,
      };
    });
    writer.reset();
    if (this.hasForgotten) writePlaces(this.#forgotten, writer);
    writeBody(to.coders, parts, writer);
    this.isPartial = this.#isStale();
    if (this.isPartial && writer.ok) this.#writeStale(to, views, limitBytes);
    return writer.ok ? writer.length : 2 * MAX_SNAPSHOT_BYTES;
  }

  #writeStale(
    to: Recipient,
    views: readonly TypeView[],
    limitBytes: number,
  ): void {
    const parts = this.#scratch.map(({ others, none }, type): StalePart => {
      const { present, told } = views[type]!;
      const before = this.#viewOf(to, type)?.view.told ?? none;
      return { alive: present, written: others, before, stale: told };
    });
    const maxBits = Math.floor(limitBytes * 8 * STALE_SHARE);
    writeStale(parts, maxBits, this.writer);
  }

  #blankOf(coders: CoderSet): readonly CoderState[] | undefined {
    if (!this.#blank.has(coders)) this.#blank.set(coders, statesOf(coders));
    return this.#blank.get(coders);
  }

  /** What was sent begins to wait anew. */
  #settle(to: Recipient, result: BuildResult): void {
    let count = 0;
    for (let type = 0; type < this.#scratch.length; type++) {
      const { written } = this.#scratch[type]!;
      const waited = to.waited[type];
      count += countBits(written);
      for (
        let slot = waited === undefined ? -1 : nextBit(written, 0);
        slot >= 0;
        slot = nextBit(written, slot + 1)
      ) waited![slot] = 0;
    }
    // A giant says nothing of the others.
    if (count === 0 || result === "lone") return;
    const bytes = this.writer.length / count;
    to.bytesPerEntity += (bytes - to.bytesPerEntity) / 4;
  }

  /** Whether the client then still lacks something: a change, or an entity. */
  #isStale(): boolean {
    for (const { candidates, written } of this.#scratch) {
      for (let i = 0; i < written.length; i++) {
        if (candidates[i] !== written[i]) return true;
      }
    }
    return false;
  }

  /** Whether the client then has the whole tick. */
  #isWhole({ interest }: Recipient, views: readonly TypeView[]): boolean {
    if (interest !== undefined) return false;
    const history = this.#history;
    const tables = history.tablesAt(history.newest!);
    for (let type = 0; type < views.length; type++) {
      const { present } = views[type]!;
      const { alive } = tables[type]!;
      for (let i = 0; i < present.length; i++) {
        if (present[i] !== alive[i]) return false;
      }
    }
    return true;
  }
}
