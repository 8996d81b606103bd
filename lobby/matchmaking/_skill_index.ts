// This module is browser compatible.
import { type ModeSettings, widthAt } from "./_mode_settings.ts";
import { sortedOrder } from "./_sorted_order.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";

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

  /** Tickets that the next settling takes in. */
  get pending(): number {
    return this.#pending.length;
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
    // Where nobody has left, nobody need be asked: it is a walk through all of the memory.
    const haveLeft = this.#hasLeavers;
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
      if (haveLeft && table.state(slot) !== WAITING) {
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

  /** The pending tickets in their order. */
  #sorted(): [Int32Array, Float64Array] {
    const pending = this.#pending;
    const count = pending.length;
    const skills = new Float64Array(count);
    for (let i = 0; i < count; i++) skills[i] = this.skillOf(pending[i]!);
    const order = sortedOrder(skills, count);
    const slots = new Int32Array(count);
    const sorted = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      slots[i] = pending[order[i]!]!;
      sorted[i] = skills[order[i]!]!;
    }
    return [slots, sorted];
  }
}
