// This module is browser compatible.
import { type PlayerId, SecureRandom } from "../../core/mod.ts";
import type { ScoreOrder, TieRule } from "../board/board_options.ts";
import type { Score } from "../score.ts";
import type { RankingPosition } from "../store/store.ts";
import { CHUNK, EntryChunks } from "./_entry_chunks.ts";
import { IdTable } from "./_id_table.ts";
import { KeyColumns } from "./_key_columns.ts";
import { PrefixSums } from "./_prefix_sums.ts";
import {
  KEY_LENGTH,
  readScore,
  SCORE,
  SEQUENCE,
  SUBSCORE,
  writeKey,
} from "./_sort_key.ts";

/** Entries with which `load` fills a chunk, so that not every one is split soon. */
const LOADED = CHUNK - (CHUNK >>> 2);

/** How a {@linkcode RankIndex} is ordered. */
export interface RankIndexOptions {
  readonly order: ScoreOrder;
  readonly subscoreOrder: ScoreOrder;
  readonly ties: TieRule;
}

/** A player and his position. */
export interface RankIndexMember extends RankingPosition {
  readonly playerId: PlayerId;
}

/** What {@linkcode RankIndex.beginLoad} begins. */
export interface RankIndexLoading {
  /** Adds players; of one who comes twice the last position counts. */
  add(members: Iterable<RankIndexMember>): void;
  /** Puts all of them where they belong, with each step some hundreds, but for the first one, which sorts them all. */
  finish(): Generator<void, void, void>;
}

/**
 * The players of one ranking in their order, counted: which rank who has, and who has which. It takes some 50 bytes a player
 * besides the id.
 *
 * Entries are in sorted chunks, whose counts are summed up in a tree. A player's slot leads to the chunk that he is in, so
 * that his rank needs no search among scores.
 */
export class RankIndex {
  readonly #options: RankIndexOptions;
  readonly #random = new SecureRandom();
  #table = new IdTable(this.#random);
  #chunks = new EntryChunks();
  /** The chunks in their order, and the place of each in it. */
  #inOrder = new Int32Array(4);
  #places = new Int32Array(4);
  /** The score with which each begins, as in its key. */
  #firstScores = new Float64Array(4);
  /** How many players each has. */
  #counts = new PrefixSums();
  /** How many of these differ from who is before them. Only for ranks that are dense. */
  #groups = new PrefixSums();
  #size = 0;
  readonly #key = new Float64Array(KEY_LENGTH);

  constructor(options: RankIndexOptions) {
    this.#options = options;
  }

  /** How many players there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * Puts players where they belong, as `set` does with each in turn, in a fraction of the time where nobody is there yet,
   * above all if they come in their order.
   */
  load(members: Iterable<RankIndexMember>): void {
    if (this.#size === 0) {
      const loading = this.beginLoad();
      loading.add(members);
      for (const _ of loading.finish());
      return;
    }
    for (const { playerId, score, subscore, sequence } of members) {
      this.set(playerId, score, subscore, sequence);
    }
  }

  /** Begins what `load` does, bit by bit, where nobody is there. Until it is finished nothing else may be called. */
  beginLoad(): RankIndexLoading {
    const columns = new KeyColumns();
    return {
      add: (members) => this.#addTo(columns, members),
      finish: () => this.#take(columns),
    };
  }

  /** Puts a player at a position, wherever he was before. The sequence must be unique. */
  set(
    playerId: PlayerId,
    score: Score,
    subscore: Score,
    sequence: number,
  ): void {
    let slot = this.#table.ensure(playerId);
    if (slot < 0) slot = ~slot;
    else this.#takeOut(slot);
    this.#writeKey(score, subscore, sequence);
    this.#putIn(slot);
  }

  /** Takes a player out; returns whether he was there. */
  delete(playerId: PlayerId): boolean {
    const slot = this.#table.find(playerId);
    if (slot < 0) return false;
    this.#takeOut(slot);
    this.#table.remove(playerId);
    if (this.#size === 0) this.#clear();
    return true;
  }

  /** Where he is, if he is there. */
  positionOf(playerId: PlayerId): RankingPosition | undefined {
    const slot = this.#table.find(playerId);
    if (slot < 0) return undefined;
    const chunk = this.#table.number(slot);
    const { order, subscoreOrder } = this.#options;
    const key = this.#key;
    this.#chunks.readKey(key, chunk, this.#chunks.indexOf(chunk, slot));
    return {
      score: readScore(key, SCORE, order),
      subscore: readScore(key, SUBSCORE, subscoreOrder),
      sequence: key[SEQUENCE]!,
    };
  }

  /** How many players are before him in the order, or -1 if he is not there. */
  offsetOf(playerId: PlayerId): number {
    const slot = this.#table.find(playerId);
    if (slot < 0) return -1;
    const chunk = this.#table.number(slot);
    return this.#counts.before(this.#places[chunk]!) +
      this.#chunks.indexOf(chunk, slot);
  }

  /** His rank by the rule of ties: 1 for the best, 0 if he is not there. */
  rankOf(playerId: PlayerId): number {
    const slot = this.#table.find(playerId);
    if (slot < 0) return 0;
    const chunk = this.#table.number(slot);
    return this.#rank(
      this.#places[chunk]!,
      this.#chunks.indexOf(chunk, slot),
    );
  }

  /** The rank of who is at an offset: 0 to size - 1. */
  rankAt(offset: number): number {
    if (this.#options.ties === "earliest") return offset + 1;
    const place = this.#counts.find(offset);
    return this.#rank(place, offset - this.#counts.before(place));
  }

  /** The players from an offset on, at most so many, in order. */
  slice(offset: number, limit: number): PlayerId[] {
    const players: PlayerId[] = [];
    let left = Math.min(limit, this.#size - offset);
    if (left <= 0) return players;
    let place = this.#counts.find(offset);
    let at = offset - this.#counts.before(place);
    for (; left > 0; left--) {
      if (at === this.#counts.value(place)) {
        place++;
        at = 0;
      }
      const slot = this.#chunks.slot(this.#inOrder[place]!, at++);
      players.push(this.#table.idOf(slot));
    }
    return players;
  }

  /** How many players are before a position; who is exactly there is not. */
  countBefore({ score, subscore, sequence }: RankingPosition): number {
    this.#writeKey(score, subscore, sequence);
    return this.#countBeforeKey();
  }

  #addTo(columns: KeyColumns, members: Iterable<RankIndexMember>): void {
    for (const { playerId, score, subscore, sequence } of members) {
      const slot = this.#table.ensure(playerId);
      this.#writeKey(score, subscore, sequence);
      columns.set(slot < 0 ? ~slot : slot, this.#key);
    }
  }

  *#take(columns: KeyColumns): Generator<void, void, void> {
    const slots = columns.sorted();
    yield;
    for (let start = 0; start < slots.length; start += LOADED) {
      const chunk = this.#chunks.take();
      const count = Math.min(LOADED, slots.length - start);
      for (let i = 0; i < count; i++) {
        const slot = slots[start + i]!;
        columns.get(slot, this.#key);
        this.#chunks.insert(chunk, i, i, this.#key, slot);
        this.#table.setNumber(slot, chunk);
      }
      this.#append(chunk, count);
      yield;
    }
  }

  /** Puts a filled chunk behind all others. */
  #append(chunk: number, count: number): void {
    const place = this.#counts.length;
    this.#insertChunk(place, chunk, count);
    this.#size += count;
    if (this.#options.ties === "dense") {
      this.#groups.set(place, this.#countGroups(place));
    }
  }

  #writeKey(score: Score, subscore: Score, sequence: number): void {
    const { order, subscoreOrder } = this.#options;
    writeKey(this.#key, score, order, subscore, subscoreOrder, sequence);
  }

  #countBeforeKey(): number {
    if (this.#size === 0) return 0;
    const place = this.#placeOfKey();
    return this.#counts.before(place) + this.#chunks.countBefore(
      this.#key,
      this.#inOrder[place]!,
      this.#counts.value(place),
    );
  }

  /** The last chunk that begins before the key, or the first one. */
  #placeOfKey(): number {
    const firstScores = this.#firstScores;
    const score = this.#key[SCORE]!;
    let low = 1;
    let high = this.#counts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const first = firstScores[middle]!;
      const isBefore = first < score || (first === score &&
        this.#chunks.isTieBefore(this.#inOrder[middle]!, 0, this.#key));
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #rank(place: number, at: number): number {
    const { ties } = this.#options;
    if (ties === "earliest") return this.#counts.before(place) + at + 1;
    const chunk = this.#inOrder[place]!;
    if (ties === "dense") {
      let rank = this.#groups.before(place) + this.#isFirst(place, 0);
      for (let i = 1; i <= at; i++) {
        if (!this.#chunks.isTied(chunk, i - 1, chunk, i)) rank++;
      }
      return rank;
    }
    if (this.#isFirst(place, at)) return this.#counts.before(place) + at + 1;
    this.#chunks.readKey(this.#key, chunk, at);
    this.#key[SEQUENCE] = -Infinity;
    return this.#countBeforeKey() + 1;
  }

  /** 1 if who is there differs from who is before, else 0. Behind a chunk's last is the next one's first. */
  #isFirst(place: number, at: number): number {
    if (at > 0 && at === this.#counts.value(place)) {
      place++;
      at = 0;
    }
    if (place === this.#counts.length) return 0;
    if (place === 0 && at === 0) return 1;
    const chunk = this.#inOrder[place]!;
    if (at > 0) return this.#chunks.isTied(chunk, at - 1, chunk, at) ? 0 : 1;
    const before = this.#inOrder[place - 1]!;
    const last = this.#counts.value(place - 1) - 1;
    return this.#chunks.isTied(before, last, chunk, 0) ? 0 : 1;
  }

  /** Puts a slot where the key says. */
  #putIn(slot: number): void {
    if (this.#counts.length === 0) this.#insertChunk(0, this.#chunks.take(), 0);
    let place = this.#placeOfKey();
    let chunk = this.#inOrder[place]!;
    let count = this.#counts.value(place);
    let at = this.#chunks.countBefore(this.#key, chunk, count);
    if (count === CHUNK) {
      // Those that come in order fill chunks to the end.
      const isLast = at === count && place === this.#counts.length - 1;
      const kept = isLast ? CHUNK : CHUNK >>> 1;
      this.#split(place, kept);
      if (at > kept || isLast) {
        place++;
        at -= kept;
        chunk = this.#inOrder[place]!;
      }
      count = this.#counts.value(place);
    }
    const isDense = this.#options.ties === "dense";
    const wasFirst = isDense ? this.#isFirst(place, at) : 0;
    this.#chunks.insert(chunk, at, count, this.#key, slot);
    this.#table.setNumber(slot, chunk);
    this.#counts.add(place, 1);
    this.#size++;
    if (at === 0) this.#firstScores[place] = this.#key[SCORE]!;
    if (!isDense) return;
    this.#groups.add(place, this.#isFirst(place, at));
    this.#recount(place, at + 1, wasFirst);
  }

  #takeOut(slot: number): void {
    const chunk = this.#table.number(slot);
    const place = this.#places[chunk]!;
    const at = this.#chunks.indexOf(chunk, slot);
    const count = this.#counts.value(place) - 1;
    const isDense = this.#options.ties === "dense";
    const wasFirst = isDense ? this.#isFirst(place, at + 1) : 0;
    if (isDense) this.#groups.add(place, -this.#isFirst(place, at));
    this.#chunks.remove(chunk, at, count + 1);
    this.#counts.add(place, -1);
    this.#size--;
    if (count === 0) this.#removeChunk(place);
    else if (at === 0) this.#firstScores[place] = this.#chunks.score(chunk, 0);
    if (isDense) this.#recount(place, at, wasFirst);
    if (count > 0 && count < CHUNK >>> 2) this.#merge(place, count);
  }

  /** Counts who is there anew, as who is before is another one now. */
  #recount(place: number, at: number, wasFirst: number): void {
    const isBehind = place < this.#counts.length &&
      at >= this.#counts.value(place);
    const own = isBehind ? place + 1 : place;
    if (own >= this.#counts.length) return;
    const isFirst = this.#isFirst(own, isBehind ? 0 : at);
    this.#groups.add(own, isFirst - wasFirst);
  }

  #countGroups(place: number): number {
    let groups = 0;
    const count = this.#counts.value(place);
    for (let i = 0; i < count; i++) groups += this.#isFirst(place, i);
    return groups;
  }

  /** Moves what a full chunk has more than `kept` into a new one behind it. */
  #split(place: number, kept: number): void {
    const from = this.#inOrder[place]!;
    const to = this.#chunks.take();
    const moved = CHUNK - kept;
    this.#chunks.copy(from, kept, to, 0, moved);
    this.#renumber(to, 0, moved);
    this.#counts.set(place, kept);
    this.#insertChunk(place + 1, to, moved);
    if (this.#options.ties === "dense") {
      this.#groups.set(place, this.#countGroups(place));
      this.#groups.set(place + 1, this.#countGroups(place + 1));
    }
  }

  /** Moves a small chunk's entries to a neighbour that has room for them and more. */
  #merge(place: number, count: number): void {
    const most = CHUNK - (CHUNK >>> 2);
    const isBehind = place > 0 &&
      this.#counts.value(place - 1) + count <= most;
    const left = isBehind ? place - 1 : place;
    if (left + 1 >= this.#counts.length) return;
    const own = this.#counts.value(left);
    const moved = this.#counts.value(left + 1);
    if (own + moved > most) return;
    const to = this.#inOrder[left]!;
    this.#chunks.copy(this.#inOrder[left + 1]!, 0, to, own, moved);
    this.#renumber(to, own, moved);
    this.#counts.set(left, own + moved);
    if (this.#options.ties === "dense") {
      this.#groups.add(left, this.#groups.value(left + 1));
    }
    this.#removeChunk(left + 1);
  }

  /** Tells the table which chunk some entries are in now. */
  #renumber(chunk: number, at: number, count: number): void {
    for (let i = at; i < at + count; i++) {
      this.#table.setNumber(this.#chunks.slot(chunk, i), chunk);
    }
  }

  #insertChunk(place: number, chunk: number, count: number): void {
    const length = this.#counts.length;
    if (length === this.#inOrder.length) {
      this.#inOrder = enlarged(this.#inOrder);
      const firstScores = new Float64Array(2 * length);
      firstScores.set(this.#firstScores);
      this.#firstScores = firstScores;
    }
    while (chunk >= this.#places.length) this.#places = enlarged(this.#places);
    this.#inOrder.copyWithin(place + 1, place, length);
    this.#inOrder[place] = chunk;
    this.#firstScores.copyWithin(place + 1, place, length);
    this.#firstScores[place] = this.#chunks.score(chunk, 0);
    this.#counts.insert(place, count);
    if (this.#options.ties === "dense") this.#groups.insert(place, 0);
    this.#replace(place);
  }

  #removeChunk(place: number): void {
    this.#chunks.give(this.#inOrder[place]!);
    this.#inOrder.copyWithin(place, place + 1, this.#counts.length);
    this.#firstScores.copyWithin(place, place + 1, this.#counts.length);
    this.#counts.remove(place);
    if (this.#options.ties === "dense") this.#groups.remove(place);
    this.#replace(place);
  }

  /** Writes the places of the chunks from one on. */
  #replace(from: number): void {
    const { length } = this.#counts;
    for (let i = from; i < length; i++) this.#places[this.#inOrder[i]!] = i;
  }

  #clear(): void {
    this.#table = new IdTable(this.#random);
    this.#chunks = new EntryChunks();
    this.#inOrder = new Int32Array(4);
    this.#places = new Int32Array(4);
    this.#firstScores = new Float64Array(4);
    this.#counts = new PrefixSums();
    this.#groups = new PrefixSums();
  }
}

function enlarged(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
