// This module is browser compatible.
import { type TicketTable, WAITING } from "./_ticket_table.ts";

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** Fewer are sorted by insertion alone. */
const FEW = 64;

/** Tickets that wait for one mode, the lowest skill first; equal ones as they came. */
export class SkillIndex {
  readonly #table: TicketTable;
  readonly #bit: number;
  readonly #isHighest: boolean;
  slots = new Int32Array(256);
  /** The tickets' skills, at the places of their slots. */
  skills = new Float64Array(256);
  /** From when on matches that begin at the tickets are looked for again, in seconds. */
  wakes = new Float64Array(256);
  count = 0;
  /** Where the tickets that came by the last settling are: places, rising. */
  fresh: Int32Array = new Int32Array(0);
  #nextSlots = new Int32Array(256);
  #nextSkills = new Float64Array(256);
  #nextWakes = new Float64Array(256);
  #hasLeavers = false;
  readonly #pending: number[] = [];

  constructor(table: TicketTable, mode: number, isHighest: boolean) {
    this.#table = table;
    this.#bit = 1 << mode;
    this.#isHighest = isHighest;
  }

  skillOf(slot: number): number {
    return this.#isHighest
      ? this.#table.highestSkill[slot]!
      : this.#table.meanSkill[slot]!;
  }

  /** Mentions a ticket from the next settling on, unless it does already. */
  add(slot: number): void {
    if ((this.#table.indexed[slot]! & this.#bit) !== 0) return;
    this.#table.indexed[slot]! |= this.#bit;
    this.#pending.push(slot);
  }

  /** Says that a ticket that is mentioned waits no more. */
  leave(): void {
    this.#hasLeavers = true;
  }

  /** Forgets who waits no more and takes in who is new. */
  settle(): void {
    const { state, indexed } = this.#table;
    const pending = this.#pending;
    if (pending.length === 0 && !this.#hasLeavers) {
      this.fresh = new Int32Array(0);
      return;
    }
    this.#hasLeavers = false;
    let arrivals = 0;
    for (const slot of pending) {
      if (state[slot] === WAITING) pending[arrivals++] = slot;
      else indexed[slot]! &= ~this.#bit;
    }
    pending.length = arrivals;
    this.#reserve(this.count + arrivals);
    const fresh = this.fresh = new Int32Array(arrivals);
    const { slots, skills, wakes } = this;
    const nextSlots = this.#nextSlots;
    const nextSkills = this.#nextSkills;
    const nextWakes = this.#nextWakes;
    const [newSlots, newSkills] = this.#sorted();
    let to = 0;
    let next = 0;
    for (let i = 0; i < this.count; i++) {
      const slot = slots[i]!;
      if (state[slot] !== WAITING) {
        indexed[slot]! &= ~this.#bit;
        continue;
      }
      const skill = skills[i]!;
      while (next < arrivals && newSkills[next]! < skill) {
        fresh[next] = to;
        nextSlots[to] = newSlots[next]!;
        nextWakes[to] = 0;
        nextSkills[to++] = newSkills[next++]!;
      }
      nextSlots[to] = slot;
      nextWakes[to] = wakes[i]!;
      nextSkills[to++] = skill;
    }
    while (next < arrivals) {
      fresh[next] = to;
      nextSlots[to] = newSlots[next]!;
      nextWakes[to] = 0;
      nextSkills[to++] = newSkills[next++]!;
    }
    this.count = to;
    this.slots = nextSlots;
    this.skills = nextSkills;
    this.wakes = nextWakes;
    this.#nextSlots = slots;
    this.#nextSkills = skills;
    this.#nextWakes = wakes;
    pending.length = 0;
  }

  /** The first place whose skill is `skill` or more. */
  placeOf(skill: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.skills[middle]! < skill) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #reserve(count: number): void {
    if (count > this.#nextSlots.length) {
      const length = Math.max(count, this.#nextSlots.length * 2);
      this.#nextSlots = new Int32Array(length);
      this.#nextSkills = new Float64Array(length);
      this.#nextWakes = new Float64Array(length);
    }
  }

  /** The pending tickets in their order: by digits of a single-precision key, then exactly. */
  #sorted(): [Int32Array, Float64Array] {
    const count = this.#pending.length;
    let slots = Int32Array.from(this.#pending);
    if (count > FEW) {
      const floats = new Float32Array(count);
      for (let i = 0; i < count; i++) floats[i] = this.skillOf(slots[i]!);
      const words = new Uint32Array(floats.buffer);
      let keys = new Uint32Array(count);
      for (let i = 0; i < count; i++) {
        const word = words[i]!;
        // Such that unsigned integers are ordered as the floats are.
        keys[i] = word >>> 31 === 1 ? ~word : word ^ 0x8000_0000;
      }
      let nextSlots = new Int32Array(count);
      let nextKeys = new Uint32Array(count);
      const starts = new Uint32Array(DIGITS);
      for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
        starts.fill(0);
        for (let i = 0; i < count; i++) {
          starts[(keys[i]! >>> shift) & (DIGITS - 1)]!++;
        }
        for (let digit = 0, sum = 0; digit < DIGITS; digit++) {
          const own = starts[digit]!;
          starts[digit] = sum;
          sum += own;
        }
        for (let i = 0; i < count; i++) {
          const to = starts[(keys[i]! >>> shift) & (DIGITS - 1)]!++;
          nextSlots[to] = slots[i]!;
          nextKeys[to] = keys[i]!;
        }
        [slots, nextSlots] = [nextSlots, slots];
        [keys, nextKeys] = [nextKeys, keys];
      }
    }
    const skills = new Float64Array(count);
    for (let i = 0; i < count; i++) skills[i] = this.skillOf(slots[i]!);
    if (!isNearlySorted(skills)) return exactly(slots, skills);
    insertionSort(slots, skills);
    return [slots, skills];
  }
}

/** Whether insertion takes few steps: many equal keys with unequal skills would take many. */
function isNearlySorted(skills: Float64Array): boolean {
  let falls = 0;
  for (let i = 1; i < skills.length; i++) {
    if (skills[i - 1]! > skills[i]!) falls++;
  }
  return skills.length <= FEW || falls < skills.length / 16;
}

function exactly(
  slots: Int32Array,
  skills: Float64Array,
): [Int32Array, Float64Array] {
  // A stable sort of places: equal skills stay as they came.
  const order = Array.from(slots.keys()).sort((a, b) =>
    skills[a]! - skills[b]!
  );
  return [
    Int32Array.from(order, (i) => slots[i]!),
    Float64Array.from(order, (i) => skills[i]!),
  ];
}

function insertionSort(slots: Int32Array, skills: Float64Array): void {
  for (let i = 1; i < slots.length; i++) {
    const slot = slots[i]!;
    const skill = skills[i]!;
    let j = i - 1;
    while (j >= 0 && skills[j]! > skill) {
      skills[j + 1] = skills[j]!;
      slots[j + 1] = slots[j]!;
      j--;
    }
    skills[j + 1] = skill;
    slots[j + 1] = slot;
  }
}
