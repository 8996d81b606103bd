// This module is browser compatible.
import {
  SCORE,
  SCORE_REST,
  SEQUENCE,
  SUBSCORE,
  SUBSCORE_REST,
} from "./_sort_key.ts";

const CHUNK_BITS = 8;
/** Entries that a chunk has room for. */
export const CHUNK = 1 << CHUNK_BITS;
/** Chunks of a page. */
const PAGE_BITS = 7;
const PAGE_MASK = (1 << PAGE_BITS) - 1;
const PAGE_ENTRIES = CHUNK << PAGE_BITS;
/** Entries for which the first page has room at first, so that a small ranking is small. */
const FIRST_ENTRIES = 8;
/** Entries that a loop moves faster than three calls of `copyWithin` do. */
const LOOPED = 100;
const TWO_32 = 2 ** 32;

/** Columns of entries. Those that are missing are all zeros, as they mostly are. */
interface Page {
  scores: Float64Array;
  sequences: Uint32Array;
  slots: Int32Array;
  subscores: Float64Array | undefined;
  /** What doubles leave of the score and of the subscore, by turns. */
  rests: Int16Array | undefined;
  /** What 32 bits leave of the sequence. */
  epochs: Uint32Array | undefined;
}

/**
 * Entries (the key of a position, and a slot) in chunks, each sorted by whoever fills it. An entry takes 16 bytes, with a
 * subscore 24. How many a chunk has is known to the caller.
 */
export class EntryChunks {
  readonly #pages: Page[] = [];
  readonly #free: number[] = [];
  #chunks = 0;

  /** Takes a chunk. */
  take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const chunk = this.#chunks++;
    if (chunk >>> PAGE_BITS === this.#pages.length) {
      this.#pages.push(newPage(chunk === 0 ? FIRST_ENTRIES : PAGE_ENTRIES));
    }
    return chunk;
  }

  /** Gives a chunk back. */
  give(chunk: number): void {
    this.#free.push(chunk);
  }

  slot(chunk: number, at: number): number {
    return this.#page(chunk).slots[baseOf(chunk) + at]!;
  }

  score(chunk: number, at: number): number {
    return this.#page(chunk).scores[baseOf(chunk) + at]!;
  }

  /** Where a slot is, which is in the chunk. */
  indexOf(chunk: number, slot: number): number {
    const { slots } = this.#page(chunk);
    const base = baseOf(chunk);
    let at = base;
    while (slots[at] !== slot) at++;
    return at - base;
  }

  readKey(key: Float64Array, chunk: number, index: number): void {
    const { scores, sequences, subscores, rests, epochs } = this.#page(chunk);
    const at = baseOf(chunk) + index;
    key[SCORE] = scores[at]!;
    key[SUBSCORE] = subscores === undefined ? 0 : subscores[at]!;
    key[SCORE_REST] = rests === undefined ? 0 : rests[2 * at]!;
    key[SUBSCORE_REST] = rests === undefined ? 0 : rests[2 * at + 1]!;
    key[SEQUENCE] = sequences[at]! +
      (epochs === undefined ? 0 : epochs[at]! * TWO_32);
  }

  /** How many of a chunk's first entries are before a key. */
  countBefore(key: Float64Array, chunk: number, count: number): number {
    const page = this.#page(chunk);
    const { scores } = page;
    const score = key[SCORE]!;
    const base = baseOf(chunk);
    let low = base;
    let high = base + count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const here = scores[middle]!;
      if (here < score || (here === score && isTieBefore(page, middle, key))) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - base;
  }

  /** Whether an entry is before a key that has the same score, or, beyond 2^53, nearly so. */
  isTieBefore(chunk: number, index: number, key: Float64Array): boolean {
    return isTieBefore(this.#page(chunk), baseOf(chunk) + index, key);
  }

  /** Whether two entries are the same but for their sequences. */
  isTied(chunkA: number, a: number, chunkB: number, b: number): boolean {
    const pageA = this.#page(chunkA);
    const pageB = this.#page(chunkB);
    const atA = baseOf(chunkA) + a;
    const atB = baseOf(chunkB) + b;
    if (pageA.scores[atA] !== pageB.scores[atB]) return false;
    const subscoreA = pageA.subscores === undefined ? 0 : pageA.subscores[atA];
    const subscoreB = pageB.subscores === undefined ? 0 : pageB.subscores[atB];
    if (subscoreA !== subscoreB) return false;
    const restsA = pageA.rests;
    const restsB = pageB.rests;
    if (restsA === undefined && restsB === undefined) return true;
    for (let i = 0; i < 2; i++) {
      const restA = restsA === undefined ? 0 : restsA[2 * atA + i];
      const restB = restsB === undefined ? 0 : restsB[2 * atB + i];
      if (restA !== restB) return false;
    }
    return true;
  }

  /** Puts an entry into a chunk that has room for it. */
  insert(
    chunk: number,
    index: number,
    count: number,
    key: Float64Array,
    slot: number,
  ): void {
    const page = this.#page(chunk);
    const base = baseOf(chunk);
    const end = base + count;
    reserve(page, end + 1);
    shift(page, base + index, base + index + 1, end);
    write(page, base + index, key, slot);
  }

  /** Takes an entry out of a chunk. */
  remove(chunk: number, index: number, count: number): void {
    const base = baseOf(chunk);
    shift(this.#page(chunk), base + index + 1, base + index, base + count);
  }

  /** Copies entries of a chunk to a place in another one. */
  copy(
    from: number,
    fromIndex: number,
    to: number,
    toIndex: number,
    count: number,
  ): void {
    const source = this.#page(from);
    const target = this.#page(to);
    const start = baseOf(from) + fromIndex;
    const end = start + count;
    const at = baseOf(to) + toIndex;
    reserve(target, at + count);
    target.scores.set(source.scores.subarray(start, end), at);
    target.sequences.set(source.sequences.subarray(start, end), at);
    target.slots.set(source.slots.subarray(start, end), at);
    if (source.subscores !== undefined) {
      subscoresOf(target).set(source.subscores.subarray(start, end), at);
    } else target.subscores?.fill(0, at, at + count);
    if (source.rests !== undefined) {
      restsOf(target).set(source.rests.subarray(2 * start, 2 * end), 2 * at);
    } else target.rests?.fill(0, 2 * at, 2 * (at + count));
    if (source.epochs !== undefined) {
      epochsOf(target).set(source.epochs.subarray(start, end), at);
    } else target.epochs?.fill(0, at, at + count);
  }

  #page(chunk: number): Page {
    return this.#pages[chunk >>> PAGE_BITS]!;
  }
}

function baseOf(chunk: number): number {
  return (chunk & PAGE_MASK) << CHUNK_BITS;
}

function newPage(entries: number): Page {
  return {
    scores: new Float64Array(entries),
    sequences: new Uint32Array(entries),
    slots: new Int32Array(entries),
    subscores: undefined,
    rests: undefined,
    epochs: undefined,
  };
}

function isTieBefore(page: Page, at: number, key: Float64Array): boolean {
  const { subscores, rests, epochs } = page;
  const scoreRest = rests === undefined ? 0 : rests[2 * at]!;
  if (scoreRest !== key[SCORE_REST]) return scoreRest < key[SCORE_REST]!;
  const subscore = subscores === undefined ? 0 : subscores[at]!;
  if (subscore !== key[SUBSCORE]) return subscore < key[SUBSCORE]!;
  const subscoreRest = rests === undefined ? 0 : rests[2 * at + 1]!;
  if (subscoreRest !== key[SUBSCORE_REST]) {
    return subscoreRest < key[SUBSCORE_REST]!;
  }
  const epoch = epochs === undefined ? 0 : epochs[at]!;
  return page.sequences[at]! + epoch * TWO_32 < key[SEQUENCE]!;
}

/** Makes room for so many entries, with more to spare. */
function reserve(page: Page, entries: number): void {
  let length = page.scores.length;
  if (entries <= length) return;
  while (length < entries) length *= 2;
  const old = { ...page };
  Object.assign(page, newPage(length));
  page.scores.set(old.scores);
  page.sequences.set(old.sequences);
  page.slots.set(old.slots);
  if (old.subscores !== undefined) subscoresOf(page).set(old.subscores);
  if (old.rests !== undefined) restsOf(page).set(old.rests);
  if (old.epochs !== undefined) epochsOf(page).set(old.epochs);
}

/** Moves the entries from `from` to `end` one place on or back: to `to`. */
function shift(page: Page, from: number, to: number, end: number): void {
  const { scores, sequences, slots } = page;
  if (end - from > LOOPED) {
    scores.copyWithin(to, from, end);
    sequences.copyWithin(to, from, end);
    slots.copyWithin(to, from, end);
  } else if (to < from) {
    for (let i = from; i < end; i++) {
      scores[i - 1] = scores[i]!;
      sequences[i - 1] = sequences[i]!;
      slots[i - 1] = slots[i]!;
    }
  } else {
    for (let i = end; i > from; i--) {
      scores[i] = scores[i - 1]!;
      sequences[i] = sequences[i - 1]!;
      slots[i] = slots[i - 1]!;
    }
  }
  page.subscores?.copyWithin(to, from, end);
  page.rests?.copyWithin(2 * to, 2 * from, 2 * end);
  page.epochs?.copyWithin(to, from, end);
}

function write(page: Page, at: number, key: Float64Array, slot: number): void {
  const sequence = key[SEQUENCE]!;
  page.scores[at] = key[SCORE]!;
  page.sequences[at] = sequence;
  page.slots[at] = slot;
  if (key[SUBSCORE] !== 0 || page.subscores !== undefined) {
    subscoresOf(page)[at] = key[SUBSCORE]!;
  }
  const hasRest = key[SCORE_REST] !== 0 || key[SUBSCORE_REST] !== 0;
  if (hasRest || page.rests !== undefined) {
    const rests = restsOf(page);
    rests[2 * at] = key[SCORE_REST]!;
    rests[2 * at + 1] = key[SUBSCORE_REST]!;
  }
  if (sequence >= TWO_32 || page.epochs !== undefined) {
    epochsOf(page)[at] = Math.floor(sequence / TWO_32);
  }
}

function subscoresOf(page: Page): Float64Array {
  return page.subscores ??= new Float64Array(page.scores.length);
}

function restsOf(page: Page): Int16Array {
  return page.rests ??= new Int16Array(2 * page.scores.length);
}

function epochsOf(page: Page): Uint32Array {
  return page.epochs ??= new Uint32Array(page.scores.length);
}
