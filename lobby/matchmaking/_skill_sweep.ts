// This module is browser compatible.
import type { Commit } from "./_commit.ts";
import { type ModeSettings, widthAt } from "./_mode_settings.ts";
import type { Packing } from "./_packing.ts";
import type { SkillIndex } from "./_skill_index.ts";
import { sleepAfter } from "./_sleep.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";
import type { WorkMeter } from "./_work_meter.ts";

/** Tickets of a region that a search for a match goes down through at most. */
const MAX_MET = 160;

/** What is done about a ticket in a sweep. */
const PASSED = 0;
const COVERED = 1;
const DUE = 2;

/** The tickets of one region that a sweep has passed, as far as they may still be of use. */
interface Lane {
  /** Places in the index, rising; some may be in a match, and -1 is nobody. */
  places: Int32Array;
  from: number;
  to: number;
  /** How many are left, by party size. */
  readonly counts: Int32Array;
  /** Where those stand in the packing's tables. */
  cell: number;
}

/**
 * Makes the matches of a mode in which any whole match will do, in one sweep through the
 * tickets by rising skill. In each region it holds the tickets that it has passed, among
 * which there is no whole match. One look-up tells whether there might be one with the next
 * ticket; if so, the narrowest is made at once.
 *
 * A set of tickets is a match by the rules if the windows of all reach its lowest and its
 * highest skill: each pair is then within the windows of both.
 */
export class SkillSweep {
  readonly #table: TicketTable;
  readonly #index: SkillIndex;
  readonly #mode: ModeSettings;
  readonly #packing: Packing;
  readonly #meter: WorkMeter;
  readonly #lanes: readonly Lane[];
  /** Where the window of a lane's lowest ticket ends, by region; infinite if it has none. */
  readonly #ends: Float64Array;
  // By place, as far as it is swept.
  #roles = new Uint8Array(0);
  #low = new Float64Array(0);
  #high = new Float64Array(0);
  #isTaken = new Uint8Array(0);
  /** The skill at which the last sweep stopped, and at which the next one begins. */
  #stoppedAt = -Infinity;
  #goesOnAt = -Infinity;
  // Those that a search has met, by party size: the highest first.
  readonly #met: readonly Int32Array[];
  readonly #metCounts: Int32Array;
  // The match that was found: its lowest skill, and places, of which #size count.
  #lowest = -Infinity;
  readonly #members: Int32Array;
  #size = 0;

  /** The mode must be without patience, costs, maps and score, and have tables. */
  constructor(
    table: TicketTable,
    index: SkillIndex,
    mode: ModeSettings,
    meter: WorkMeter,
  ) {
    const { teamSize, players } = mode.packing;
    this.#table = table;
    this.#index = index;
    this.#mode = mode;
    this.#packing = mode.packing;
    this.#meter = meter;
    this.#lanes = Array.from({ length: Math.max(1, table.regions) }, () => ({
      places: new Int32Array(64),
      from: 0,
      to: 0,
      counts: new Int32Array(teamSize + 1),
      cell: 0,
    }));
    this.#ends = new Float64Array(this.#lanes.length);
    this.#met = Array.from(
      { length: teamSize + 1 },
      () => new Int32Array(MAX_MET),
    );
    this.#metCounts = new Int32Array(teamSize + 1);
    this.#members = new Int32Array(players);
  }

  /** Whether the last sweep stopped before it had looked at all that was due. */
  get hasStopped(): boolean {
    return this.#stoppedAt > -Infinity;
  }

  /**
   * Makes all matches that hold a ticket that is due, and says of those that are left when
   * they are due again. If that is too much work for once, the next sweep goes on.
   */
  run(now: number, commit: Commit): void {
    const { count, columns, hasLeavers } = this.#index;
    const goesOnAt = this.#index.placeOf(this.#goesOnAt);
    const first = goesOnAt === count ? 0 : goesOnAt;
    const stoppedAt = this.#stoppedAt;
    this.#stoppedAt = this.#goesOnAt = -Infinity;
    this.#begin(now);
    const { skills, slots, arrived, wakes } = columns;
    const roles = this.#roles;
    const high = this.#high;
    const { settledSeconds } = this.#mode;
    let reached = -Infinity;
    // The first due ticket that was not is looked at whatever that costs, or small budgets
    // would end nothing.
    let owed = -Infinity;
    let isOwing = true;
    let from = first;
    // Whose windows reach beyond the place at which the sweep began meets those again.
    let place = first;
    for (let i = 0; i < count * 2; i++, place++) {
      if (place === count) place = 0;
      if (place === 0) {
        this.#clear();
        reached = owed = -Infinity;
        from = 0;
      }
      const skill = skills[place]!;
      const role = roles[place]!;
      if (skill > reached) {
        if (i >= count) break;
        if (role === PASSED) continue;
      }
      if (i >= count && this.#isTaken[place] === 1) continue;
      if (this.#meter.isSpent() && !isOwing && skill > owed) {
        this.#stop(place, from);
        return;
      }
      this.#meter.done++;
      if (hasLeavers && this.#table.state(slots[place]!) !== WAITING) {
        this.#isTaken[place] = 1;
        continue;
      }
      if (role === DUE) {
        if (high[place]! > reached) reached = high[place]!;
        if (isOwing && (skill >= stoppedAt || i >= count - first)) {
          owed = high[place]!;
          isOwing = false;
        }
        const wait = now - arrived[place]!;
        wakes[place] = now + sleepAfter(wait, wait >= settledSeconds);
      } else this.#prepare(place, now);
      this.#pass(place, commit);
    }
  }

  /** Makes a match with a ticket, or has it wait for those above it. */
  #pass(place: number, commit: Commit): void {
    while (this.#isTaken[place] === 0) {
      const region = this.#find(place);
      if (region < 0) this.#add(place);
      if (region < 0 || this.#commit(region, place, commit)) return;
    }
  }

  /** Looks for the narrowest match with a ticket; returns its region, or -1. */
  #find(place: number): number {
    const { reach, skills, partySizes } = this.#index.columns;
    const table = this.#packing.holds[partySizes[place]!]!;
    const skill = skills[place]!;
    let region = -1;
    this.#lowest = this.#low[place]!;
    for (let left = reach[place]!; left !== 0; left &= left - 1) {
      const it = 31 - Math.clz32(left & -left);
      const lane = this.#lanes[it]!;
      if (this.#ends[it]! < skill) this.#dropEnded(it, place);
      if (table[lane.cell] === 0) continue;
      if (this.#search(lane, place)) region = it;
    }
    return region;
  }

  /** Makes the columns ready, and finds out which tickets are to be looked at. */
  #begin(now: number): void {
    const { count } = this.#index;
    const { skills, wakes } = this.#index.columns;
    if (count > this.#roles.length) {
      const length = Math.max(count, this.#roles.length * 2);
      this.#roles = new Uint8Array(length);
      this.#low = new Float64Array(length);
      this.#high = new Float64Array(length);
      this.#isTaken = new Uint8Array(length);
    }
    this.#isTaken.fill(0, 0, count);
    this.#clear();
    const roles = this.#roles;
    let lowest = Infinity;
    for (let place = count - 1; place >= 0; place--) {
      if (wakes[place]! <= now) {
        this.#prepare(place, now);
        if (this.#low[place]! < lowest) lowest = this.#low[place]!;
        roles[place] = DUE;
      } else roles[place] = skills[place]! >= lowest ? COVERED : PASSED;
    }
  }

  #prepare(place: number, now: number): void {
    const { skills, slots, arrived, reachUntil } = this.#index.columns;
    const { skill, uncertaintyFactor } = this.#mode;
    const wait = now - arrived[place]!;
    let width = widthAt(skill, wait);
    if (uncertaintyFactor > 0) {
      width += uncertaintyFactor * this.#table.uncertainty(slots[place]!);
    }
    this.#low[place] = skills[place]! - width;
    this.#high[place] = skills[place]! + width;
    if (wait >= reachUntil[place]!) this.#index.updateReach(place, wait);
  }

  /**
   * Puts off what could not be looked at to its end: the next sweep goes on with those who
   * may play with somebody from a place on.
   */
  #stop(place: number, from: number): void {
    const { skills, wakes } = this.#index.columns;
    this.#stoppedAt = this.#goesOnAt = skills[place]!;
    for (let at = place - 1; at >= from; at--) {
      if (this.#roles[at] === PASSED || this.#isTaken[at] === 1) continue;
      if (this.#high[at]! < this.#stoppedAt) continue;
      if (this.#roles[at] === DUE) wakes[at] = 0;
      this.#goesOnAt = skills[at]!;
    }
  }

  #clear(): void {
    this.#ends.fill(Infinity);
    for (const lane of this.#lanes) {
      lane.from = lane.to = lane.cell = 0;
      lane.counts.fill(0);
    }
  }

  #add(place: number): void {
    const { reach, partySizes } = this.#index.columns;
    const { caps, strides } = this.#packing;
    const size = partySizes[place]!;
    for (let left = reach[place]!; left !== 0; left &= left - 1) {
      const region = 31 - Math.clz32(left & -left);
      const lane = this.#lanes[region]!;
      if (lane.from === lane.to) {
        lane.from = lane.to = 0;
        this.#ends[region] = this.#high[place]!;
      } else if (lane.to === lane.places.length) {
        const places = new Int32Array(lane.to * 2);
        places.set(lane.places);
        lane.places = places;
      }
      lane.places[lane.to++] = place;
      if (lane.counts[size]!++ < caps[size]!) lane.cell += strides[size]!;
    }
  }

  /** Says that a lane has one less of a party size. */
  #discount(lane: Lane, size: number): void {
    const { caps, strides } = this.#packing;
    if (--lane.counts[size]! < caps[size]!) lane.cell -= strides[size]!;
  }

  /** Drops the lowest tickets of a lane as long as their windows end below a place. */
  #dropEnded(region: number, highest: number): void {
    const lane = this.#lanes[region]!;
    const { skills, partySizes } = this.#index.columns;
    const skill = skills[highest]!;
    for (; lane.from < lane.to; lane.from++) {
      const place = lane.places[lane.from]!;
      const end = this.#high[place]!;
      if (end >= skill) {
        this.#ends[region] = end;
        return;
      }
      if (this.#isTaken[place] === 0) this.#discount(lane, partySizes[place]!);
    }
    this.#ends[region] = Infinity;
  }

  /**
   * Looks for the narrowest match with a ticket whose lowest skill is `#lowest` or
   * above, and keeps it. No number with a fraction is passed or returned, as each would be an
   * object that the next collection of garbage is for.
   */
  #search(lane: Lane, highest: number): boolean {
    const { skills, partySizes } = this.#index.columns;
    const { caps, strides, teamSize } = this.#packing;
    const low = this.#low;
    const high = this.#high;
    const { places } = lane;
    const skill = skills[highest]!;
    const table = this.#packing.holds[partySizes[highest]!]!;
    const met = this.#met;
    const counts = this.#metCounts;
    for (let size = 1; size <= teamSize; size++) counts[size] = 0;
    let cell = 0;
    let left = MAX_MET;
    // The highest skill to which the window of one that was met ends below.
    let highestLow = -Infinity;
    let hasGone = false;
    let at = lane.to;
    let isFound = false;
    if (table[0]! > 0) {
      this.#keep(highest, table[0]!);
      this.#lowest = skill;
      return true;
    }
    const lowest = this.#lowest;
    while (--at >= lane.from && left > 0) {
      const place = places[at]!;
      if (this.#isTaken[place] === 1) {
        places[at] = -1;
        hasGone = true;
        continue;
      }
      const its = skills[place]!;
      if (its < lowest) break;
      const size = partySizes[place]!;
      if (high[place]! < skill) {
        // Skills only rise from here.
        this.#discount(lane, size);
        places[at] = -1;
        hasGone = true;
        continue;
      }
      left--;
      if (its < highestLow) {
        [cell, highestLow] = this.#forget(its);
      }
      if (counts[size]! < caps[size]!) cell += strides[size]!;
      met[size]![counts[size]!++] = place;
      if (low[place]! > highestLow) highestLow = low[place]!;
      if (table[cell]! > 0) {
        this.#keep(highest, table[cell]!);
        this.#lowest = its;
        isFound = true;
        break;
      }
    }
    if (hasGone) close(lane, Math.max(at, lane.from));
    return isFound;
  }

  /** Forgets those who were met whose windows end above a skill. */
  #forget(skill: number): [number, number] {
    const { caps, strides, teamSize } = this.#packing;
    let cell = 0;
    let highestLow = -Infinity;
    for (let size = 1; size <= teamSize; size++) {
      const met = this.#met[size]!;
      let kept = 0;
      for (let i = 0; i < this.#metCounts[size]!; i++) {
        const its = this.#low[met[i]!]!;
        if (its > skill) continue;
        if (its > highestLow) highestLow = its;
        met[kept++] = met[i]!;
      }
      this.#metCounts[size] = kept;
      cell += Math.min(kept, caps[size]!) * strides[size]!;
    }
    return [cell, highestLow];
  }

  /** Keeps a match of a shape: the lowest of each size, as they are the first to be too far away. */
  #keep(highest: number, shape: number): void {
    const { others, teamSize } = this.#packing;
    const size = this.#index.columns.partySizes[highest]!;
    const wanted = others[size]![shape - 1]!;
    const members = this.#members;
    let to = 0;
    members[to++] = highest;
    for (let s = 1; s <= teamSize; s++) {
      const met = this.#met[s]!;
      const count = this.#metCounts[s]!;
      for (let i = count - wanted[s]!; i < count; i++) members[to++] = met[i]!;
    }
    this.#size = to;
  }

  /**
   * Makes the match that was kept, unless it cannot be made. `false` if another one has to
   * be looked for, as some of its tickets were found to wait no more.
   */
  #commit(region: number, highest: number, commit: Commit): boolean {
    const { slots, reach, partySizes, wakes } = this.#index.columns;
    const members = this.#members;
    const size = this.#size;
    const isMade = commit(members, size, region, -1);
    let hasTaken = false;
    for (let i = 0; i < size; i++) {
      const place = members[i]!;
      // Should the match fall through, or find no place now, it is looked at again.
      wakes[place] = 0;
      if (!isMade && this.#table.state(slots[place]!) === WAITING) continue;
      hasTaken = true;
      this.#isTaken[place] = 1;
      if (place === highest) continue;
      for (let left = reach[place]!; left !== 0; left &= left - 1) {
        const lane = this.#lanes[31 - Math.clz32(left & -left)]!;
        this.#discount(lane, partySizes[place]!);
      }
    }
    if (!hasTaken) this.#add(highest);
    return isMade || !hasTaken;
  }
}

/** Closes the gaps of a lane from a place on. */
function close(lane: Lane, from: number): void {
  const { places } = lane;
  let to = from;
  for (let at = from; at < lane.to; at++) {
    if (places[at]! >= 0) places[to++] = places[at]!;
  }
  lane.to = to;
}
