// This module is browser compatible.
import { type ModeSettings, widthAt } from "./_mode_settings.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** Fewer are sorted by insertion alone. */
const FEW = 64;

/** Tickets that wait for one mode, the lowest skill first; equal ones as they came. */
export class SkillIndex {
  readonly #table: TicketTable;
  readonly #bit: number;
  readonly #mode: ModeSettings;
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

  /** What is carried of each slot while it waits by its latencies. */
  #floats = new Float64Array(256 * 2);
  #words = new Int32Array(this.#floats.buffer);

  constructor(table: TicketTable, mode: ModeSettings, modeNumber: number) {
    this.#table = table;
    this.#mode = mode;
    this.#bit = 1 << modeNumber;
  }

  skillOf(slot: number): number {
    return this.#mode.isHighestSkill
      ? this.#table.highestSkill(slot)
      : this.#table.meanSkill(slot);
  }

  /** Mentions a ticket from the next settling on, unless it does already. */
  add(slot: number): void {
    if ((this.#table.indexed(slot) & this.#bit) !== 0) return;
    this.#table.setIndexed(slot, this.#table.indexed(slot) | this.#bit);
    this.#pending.push(slot);
    if (slot * 2 >= this.#floats.length) {
      const floats = new Float64Array(this.#table.length * 2);
      floats.set(this.#floats);
      this.#floats = floats;
      this.#words = new Int32Array(floats.buffer);
    }
    this.updateReach(slot, 0);
  }

  /** Works out which regions are within a slot's window, and from when on one more is. */
  updateReach(slot: number, wait: number): void {
    const { regions, latency } = this.#table;
    if (regions === 0) {
      this.#carry(slot, 1, 0, Infinity);
      return;
    }
    const { latency: window, comfortMs } = this.#mode;
    const limit = widthAt(window, wait);
    let reach = 0;
    let far = 0;
    let nextMs = Infinity;
    for (let region = 0; region < regions; region++) {
      const ms = latency[slot * regions + region]!;
      if (ms > comfortMs) far |= 1 << region;
      if (ms <= limit) reach |= 1 << region;
      else if (ms < nextMs) nextMs = ms;
    }
    this.#carry(
      slot,
      reach,
      far,
      // A little early, whatever the rounding: it is worked out again then.
      nextMs > window.final
        ? Infinity
        : (nextMs - window.initial) / window.perSecond - 1e-6,
    );
  }

  /** Bits of the regions within a slot's latency window, as last worked out. */
  reach(slot: number): number {
    return this.#words[slot * 4 + 2]!;
  }

  /** Bits of the regions beyond a slot's comfort. */
  far(slot: number): number {
    return this.#words[slot * 4 + 3]!;
  }

  /** The wait in seconds from which on the window has one region more. */
  reachUntil(slot: number): number {
    return this.#floats[slot * 2]!;
  }

  #carry(slot: number, reach: number, far: number, until: number): void {
    this.#floats[slot * 2] = until;
    this.#words[slot * 4 + 2] = reach;
    this.#words[slot * 4 + 3] = far;
  }

  /** Says that a ticket that is mentioned waits no more. */
  leave(): void {
    this.#hasLeavers = true;
  }

  /** Forgets who waits no more and takes in who is new. */
  settle(): void {
    const table = this.#table;
    const bit = this.#bit;
    const pending = this.#pending;
    if (pending.length === 0 && !this.#hasLeavers) {
      this.fresh = new Int32Array(0);
      return;
    }
    this.#hasLeavers = false;
    let arrivals = 0;
    for (const slot of pending) {
      if (table.state(slot) === WAITING) pending[arrivals++] = slot;
      else table.setIndexed(slot, table.indexed(slot) & ~bit);
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
      if (table.state(slot) !== WAITING) {
        table.setIndexed(slot, table.indexed(slot) & ~bit);
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
