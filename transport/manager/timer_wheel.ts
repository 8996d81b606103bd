// This module is browser compatible.

const LEVELS = 4;
const SLOT_BITS = 8;
const SLOTS = 1 << SLOT_BITS;
const SLOT_MASK = SLOTS - 1;
/** Words of 32 bits that tell which slots of a level hold something. */
const WORDS = SLOTS / 32;
const LISTS = LEVELS * SLOTS;
/** Slots of the lowest level per millisecond. */
const TICKS_PER_MS = 4;
const MAX_TICKS = 2 ** (LEVELS * SLOT_BITS) - 1;
const NONE = -1;
const FIRST_TIMERS = 16;
/** To tell when the first timer is due, so many of a slot of a higher wheel are looked at. */
const MAX_LOOKS = 8;

/**
 * Many timers, of which few are due at a time: setting, cancelling and letting time pass
 * cost the same however many there are. Four wheels of 256 slots, the lowest with one for
 * each quarter of a millisecond; a timer moves to a finer wheel as its time comes closer
 * (George Varghese and Tony Lauck, "Hashed and Hierarchical Timing Wheels", 1987).
 *
 * A timer is a small integer of the owner's, and has one time. It is due up to a quarter
 * of a millisecond later than was asked for, never earlier.
 */
export class TimerWheel {
  /** The first timer of each list, level by level. */
  readonly #heads = new Int32Array(LISTS).fill(NONE);
  readonly #used = new Uint32Array(LEVELS * WORDS);
  /** How many timers each level holds. */
  readonly #counts = new Int32Array(LEVELS);
  /** Of each timer: its neighbours in its list, the list, and when it is due, in ticks. */
  #next = new Int32Array(FIRST_TIMERS).fill(NONE);
  #previous = new Int32Array(FIRST_TIMERS).fill(NONE);
  #list = new Int32Array(FIRST_TIMERS).fill(NONE);
  #due = new Float64Array(FIRST_TIMERS);
  /** All timers that are due up to here have been handed out. */
  #tick: number;
  #size = 0;
  /** Whether the two below stand. */
  #isKnown = false;
  /** The first tick after now at which a list is to be handed out or to come down. */
  #turn = Infinity;
  /** When the first timer is due, in ticks; earlier than that if there are many to look at. */
  #soonest = Infinity;

  /**
   * Creates a wheel without timers.
   *
   * @param nowMs The time now: finite.
   */
  constructor(nowMs = 0) {
    this.#tick = Math.floor(nowMs * TICKS_PER_MS);
  }

  /** How many timers are set. */
  get size(): number {
    return this.#size;
  }

  /**
   * When `advance()` is wanted at the latest, in milliseconds: `Infinity` if no timer is
   * set. With many far timers it may be wanted earlier than the first of them is due.
   */
  get nextMs(): number {
    if (this.#size === 0) return Infinity;
    if (!this.#isKnown) this.#look();
    return this.#soonest / TICKS_PER_MS;
  }

  /**
   * Sets a timer, or sets it anew.
   *
   * @param timer Which: an integer, 0 or more; memory grows with the largest one.
   * @param dueMs When it is due. In the past: with the next `advance()`. `Infinity`
   * cancels it.
   */
  schedule(timer: number, dueMs: number): void {
    if (timer >= this.#list.length) this.#grow(timer + 1);
    if (this.#list[timer] !== NONE) {
      if (Math.ceil(dueMs * TICKS_PER_MS) === this.#due[timer]) return;
      this.#unlink(timer);
    }
    if (dueMs < Infinity) this.#link(timer, Math.ceil(dueMs * TICKS_PER_MS));
  }

  /**
   * Takes a timer back; one that is not set is no mistake.
   *
   * @param timer Which.
   */
  cancel(timer: number): void {
    if (timer < this.#list.length && this.#list[timer] !== NONE) {
      this.#unlink(timer);
    }
  }

  /**
   * Lets time pass, and hands out what is due. A timer that is set meanwhile for a time
   * that has passed waits for the next call.
   *
   * @param nowMs The time now; one before the last does nothing.
   * @param onDue Takes a timer, which is no longer set. It may set and cancel any.
   */
  advance(nowMs: number, onDue: (timer: number) => void): void {
    const end = Math.floor(nowMs * TICKS_PER_MS);
    while (this.#tick < end) {
      if (this.#size === 0) {
        this.#tick = end;
        return;
      }
      if (!this.#isKnown) this.#look();
      const next = this.#turn;
      if (next > end) {
        // Nothing lies between, also no slot of a higher wheel that is to come down.
        this.#tick = end;
        return;
      }
      this.#tick = next;
      this.#isKnown = false;
      if ((next & SLOT_MASK) === 0) this.#cascade(next);
      const list = next & SLOT_MASK;
      let timer = this.#heads[list]!;
      while (timer !== NONE) {
        this.#unlink(timer);
        onDue(timer);
        timer = this.#heads[list]!;
      }
    }
  }

  /** Finds out when there is something to do. */
  #look(): void {
    let turn = Infinity;
    let soonest = Infinity;
    for (let level = 0; level < LEVELS; level++) {
      if (this.#counts[level] === 0) continue;
      const unit = 2 ** (level * SLOT_BITS);
      const at = Math.floor(this.#tick / unit);
      const ahead = this.#ahead(level, at & SLOT_MASK);
      const tick = (at + ahead) * unit;
      if (tick < turn) turn = tick;
      if (tick >= soonest) continue;
      const list = level * SLOTS + (at + ahead & SLOT_MASK);
      const due = level === 0 ? tick : this.#firstDue(list, tick, unit);
      if (due < soonest) soonest = due;
    }
    this.#turn = turn;
    this.#soonest = soonest;
    this.#isKnown = true;
  }

  /** When the first timer of a list is due, or when it comes down if it is a long one. */
  #firstDue(list: number, tick: number, unit: number): number {
    let due = Infinity;
    let looks = 0;
    let timer = this.#heads[list]!;
    while (timer !== NONE) {
      if (++looks > MAX_LOOKS) return tick;
      if (this.#due[timer]! < due) due = this.#due[timer]!;
      timer = this.#next[timer]!;
    }
    // One that goes round the last wheel once more says nothing of those behind it.
    return due < tick + unit ? due : tick;
  }

  /** How many slots after `slot` the first used one is: 1 to 256, itself being 256; 0 if none is. */
  #ahead(level: number, slot: number): number {
    const used = this.#used;
    const first = level * WORDS;
    const from = slot + 1;
    for (let i = 0; i <= WORDS; i++) {
      const at = (from >> 5) + i & WORDS - 1;
      let word = used[first + at]!;
      if (i === 0) word &= -1 << (from & 31);
      else if (i === WORDS) word &= ~(-1 << (from & 31));
      if (word === 0) continue;
      const found = at << 5 | 31 - Math.clz32(word & -word);
      return (found - from & SLOT_MASK) + 1;
    }
    return 0;
  }

  /** Brings down what higher wheels hold for the time that begins with a tick. */
  #cascade(tick: number): void {
    // From the highest: what it brings down may belong into the next one's slot.
    for (let level = LEVELS - 1; level > 0; level--) {
      const unit = 2 ** (level * SLOT_BITS);
      if (tick % unit !== 0) continue;
      const list = level * SLOTS + (tick / unit & SLOT_MASK);
      let timer = this.#heads[list]!;
      // Those of the last wheel may come back to where they were, for another turn.
      this.#clear(list);
      while (timer !== NONE) {
        const next = this.#next[timer]!;
        this.#size--;
        this.#counts[level]!--;
        this.#place(timer, this.#due[timer]!);
        timer = next;
      }
    }
  }

  #clear(list: number): void {
    this.#heads[list] = NONE;
    this.#used[list >> 5]! &= ~(1 << (list & 31));
  }

  #link(timer: number, dueTick: number): void {
    const soonest = this.#tick + 1;
    this.#place(timer, dueTick > soonest ? dueTick : soonest);
  }

  /** Puts a timer that is due now or later into its list. */
  #place(timer: number, due: number): void {
    const now = this.#tick;
    this.#due[timer] = due;
    const wait = Math.min(due - now, MAX_TICKS);
    let level = 0;
    let unit = 1;
    while (wait >= unit * SLOTS) {
      level++;
      unit *= SLOTS;
    }
    const at = Math.floor((wait === due - now ? due : now + wait) / unit);
    if (due < this.#soonest || at * unit < this.#turn) this.#isKnown = false;
    const list = level * SLOTS + (at & SLOT_MASK);
    const head = this.#heads[list]!;
    this.#next[timer] = head;
    this.#previous[timer] = NONE;
    if (head !== NONE) this.#previous[head] = timer;
    this.#heads[list] = timer;
    this.#list[timer] = list;
    this.#used[list >> 5]! |= 1 << (list & 31);
    this.#size++;
    this.#counts[level]!++;
  }

  #unlink(timer: number): void {
    const list = this.#list[timer]!;
    const next = this.#next[timer]!;
    const previous = this.#previous[timer]!;
    if (previous === NONE) this.#heads[list] = next;
    else this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    if (this.#heads[list] === NONE) this.#clear(list);
    this.#list[timer] = NONE;
    this.#size--;
    const level = list >>> SLOT_BITS;
    this.#counts[level]!--;
    // Only the first ones decide: those of the lists that #look() has looked at.
    if (this.#due[timer]! <= this.#soonest || this.#heads[list] === NONE) {
      this.#isKnown = false;
    }
  }

  #grow(needed: number): void {
    const length = 2 ** Math.ceil(Math.log2(needed));
    this.#next = grown(this.#next, length);
    this.#previous = grown(this.#previous, length);
    this.#list = grown(this.#list, length);
    const due = new Float64Array(length);
    due.set(this.#due);
    this.#due = due;
  }
}

function grown(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(length).fill(NONE);
  to.set(from);
  return to;
}
