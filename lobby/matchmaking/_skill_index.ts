// This module is browser compatible.
import { IndexColumns } from "./_index_columns.ts";
import { type ModeSettings, widthAt } from "./_mode_settings.ts";
import { sortedOrder } from "./_sorted_order.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";

/** Tickets that wait for one mode, the lowest skill first; equal ones as they came. */
export class SkillIndex {
  /** Columns of the tickets, of which the first `count` count. */
  columns = new IndexColumns(256);
  count = 0;
  /** Where the tickets that came by the last settling are: places, rising. */
  fresh: Int32Array = new Int32Array(0);
  /** Whether a ticket that is mentioned may wait no more. */
  hasLeavers = false;
  readonly #table: TicketTable;
  readonly #bit: number;
  readonly #mode: ModeSettings;
  #next = new IndexColumns(256);
  /** Tickets that the next settling takes in, in the order in which they came. */
  #added = new IndexColumns(256);
  #addedCount = 0;

  constructor(table: TicketTable, mode: ModeSettings, modeNumber: number) {
    this.#table = table;
    this.#mode = mode;
    this.#bit = 1 << modeNumber;
  }

  get skills(): Float64Array {
    return this.columns.skills;
  }

  get slots(): Int32Array {
    return this.columns.slots;
  }

  get wakes(): Float64Array {
    return this.columns.wakes;
  }

  skillOf(slot: number): number {
    return this.#mode.isHighestSkill
      ? this.#table.highestSkill(slot)
      : this.#table.meanSkill(slot);
  }

  /** Mentions a ticket from the next settling on, unless it does already. */
  add(slot: number): void {
    const table = this.#table;
    if ((table.indexed(slot) & this.#bit) !== 0) return;
    table.setIndexed(slot, table.indexed(slot) | this.#bit);
    const at = this.#addedCount++;
    if (at === this.#added.length) {
      const added = new IndexColumns(at * 2);
      added.set(this.#added, at);
      this.#added = added;
    }
    const added = this.#added;
    added.slots[at] = slot;
    added.ids[at] = table.idOf(slot);
    added.skills[at] = this.skillOf(slot);
    added.totals[at] = table.totalSkill(slot);
    added.arrived[at] = table.arrived(slot);
    added.partySizes[at] = table.partySize(slot);
    this.#updateReach(added, at, 0);
  }

  /** Works out which regions are within the window of a place's ticket after a wait. */
  updateReach(place: number, wait: number): void {
    this.#updateReach(this.columns, place, wait);
  }

  #updateReach(columns: IndexColumns, at: number, wait: number): void {
    const { regions, latency } = this.#table;
    if (regions === 0) {
      columns.reach[at] = 1;
      columns.far[at] = 0;
      columns.reachUntil[at] = Infinity;
      return;
    }
    const { latency: window, comfortMs } = this.#mode;
    const limit = widthAt(window, wait);
    const from = columns.slots[at]! * regions;
    let reach = 0;
    let far = 0;
    let nextMs = Infinity;
    for (let region = 0; region < regions; region++) {
      const ms = latency[from + region]!;
      if (ms > comfortMs) far |= 1 << region;
      if (ms <= limit) reach |= 1 << region;
      else if (ms < nextMs) nextMs = ms;
    }
    columns.reach[at] = reach;
    columns.far[at] = far;
    // A little early, whatever the rounding: it is worked out again then.
    columns.reachUntil[at] = nextMs > window.final
      ? Infinity
      : (nextMs - window.initial) / window.perSecond - 1e-6;
  }

  /** Tickets that the next settling takes in. */
  get pending(): number {
    return this.#addedCount;
  }

  /** Says that a ticket that is mentioned waits no more. */
  leave(): void {
    this.hasLeavers = true;
  }

  /** Forgets who waits no more and takes in who is new. */
  settle(): void {
    const table = this.#table;
    const bit = this.#bit;
    const added = this.#added;
    // Where nobody has left, nobody need be asked: it is a walk through all of the memory.
    const haveLeft = this.hasLeavers;
    if (this.#addedCount === 0 && !haveLeft) {
      this.fresh = new Int32Array(0);
      return;
    }
    this.hasLeavers = false;
    let arrivals = 0;
    for (let i = 0; i < this.#addedCount; i++) {
      const slot = added.slots[i]!;
      if (!haveLeft || table.state(slot) === WAITING) {
        if (arrivals !== i) added.copy(arrivals, added, i);
        arrivals++;
      } else table.setIndexed(slot, table.indexed(slot) & ~bit);
    }
    this.#addedCount = 0;
    if (this.count + arrivals > this.#next.length) {
      this.#next = new IndexColumns(
        Math.max(this.count + arrivals, this.#next.length * 2),
      );
    }
    const fresh = this.fresh = new Int32Array(arrivals);
    const order = sortedOrder(added.skills, arrivals);
    const columns = this.columns;
    const next = this.#next;
    const { slots, skills } = columns;
    let to = 0;
    let i = 0;
    let skill = arrivals > 0 ? added.skills[order[0]!]! : Infinity;
    for (let place = 0; place < this.count; place++) {
      const slot = slots[place]!;
      if (haveLeft && table.state(slot) !== WAITING) {
        table.setIndexed(slot, table.indexed(slot) & ~bit);
        continue;
      }
      while (skill < skills[place]!) {
        fresh[i] = to;
        next.copy(to++, added, order[i++]!);
        skill = i < arrivals ? added.skills[order[i]!]! : Infinity;
      }
      next.copy(to++, columns, place);
    }
    while (i < arrivals) {
      fresh[i] = to;
      next.copy(to++, added, order[i++]!);
    }
    this.count = to;
    this.columns = next;
    this.#next = columns;
  }

  /** The first place whose skill is `skill` or more. */
  placeOf(skill: number): number {
    const { skills } = this.columns;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (skills[middle]! < skill) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
