// This module is browser compatible.
import { LAST_PATIENCE, type ModeSettings, widthAt } from "./_mode_settings.ts";
import { type Packing, SUMS } from "./_packing.ts";
import { MAX_PASSED, PassedTickets } from "./_passed_tickets.ts";
import type { SkillIndex } from "./_skill_index.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";
import type { WorkMeter } from "./_work_meter.ts";

/** Tickets whose columns are made ready at a time. */
const BLOCK = 256;
/** What the wait of a ticket that takes any match is worth: more than any cost. */
const ANY_MATCH = 1e9;
/**
 * Share of the worth that a match could have beyond which a wider one is no longer looked for:
 * the whole of it finds little more, and takes long.
 */
const SLACK = 0.3;

/**
 * How far a search goes: after how many tickets whose waits are not worth the spread, however
 * they fit, a start is given up, and how many tickets from the first whole match on are
 * weighed. Further ones hardly ever make a better match, …
 */
const EFFORT = { implausible: 6, whole: 2 };
/** … but where symmetry has a price. */
const MAX_WHOLE_SYMMETRIC = 4;
/**
 * As many tickets stand so close to one another that the first whole match of a start is good
 * enough: other starts have better ones.
 */
const MANY = 2_048;
const EFFORT_OF_MANY = { implausible: 2, whole: 1 };

/** Adds to the cost of a match: its places, of which `size` count, its region and cost. */
export type Judge = (
  places: Int32Array,
  size: number,
  region: number,
  cost: number,
) => number;

/** The tickets of one region, the lowest skill first: places in the index. */
interface RegionList {
  places: Int32Array;
  length: number;
  /** Of the ticket from which the last search began. */
  at: number;
}

/**
 * Looks for the best match whose lowest skill is a given ticket's: it walks up the tickets
 * of a region until those it has passed hold a whole match, and on as long as a wider one
 * could cost less.
 */
export class WindowSearch {
  /** Cost of the best match that was found less the worth of its waits; infinite if none was. */
  net = Infinity;
  /** Its places in the index, of which the first `size` count. */
  readonly members: Int32Array;
  size = 0;
  region = 0;
  /** Its map's number, or -1. */
  map = -1;
  /** Whether waiting alone changes nothing of the start, nor of any ticket that was met. */
  isSettled = false;
  readonly #table: TicketTable;
  readonly #index: SkillIndex;
  readonly #mode: ModeSettings;
  #packing: Packing;
  readonly #modeNumber: number;
  readonly #meter: WorkMeter;
  readonly #lists: RegionList[];
  readonly #regions: number;
  /** The ticket that a match must hold, or -1. */
  #wanted = -1;
  /** What a match may cost at most beyond the worth of its waits. */
  #mostNet = 0;
  #now = 0;
  // Columns by place, ready from #readyFrom to #readyTo.
  #readyFrom = 0;
  #readyTo = 0;
  #lastStart = 0;
  #isThorough = false;
  #effort = EFFORT;
  #low = new Float64Array(0);
  #high = new Float64Array(0);
  #waits = new Float64Array(0);
  #worth = new Float64Array(0);
  // Columns of the index: party sizes, and bits of regions.
  #partySize: Uint8Array;
  #reach: Int32Array;
  #far: Int32Array;
  #taken = new Uint8Array(0);
  readonly #passed: PassedTickets;
  /** Used of each party size, where the packing has no tables. */
  readonly #used: Int32Array;
  /** How many there are around a ticket, by region and party size, and their cells. */
  readonly #counts: Int32Array;
  readonly #cells: Int32Array;
  // The best of the region and map that are searched.
  readonly #found: Int32Array;
  readonly #filled: Int32Array;
  #foundSize = 0;
  #foundCost = 0;
  #foundNet = Infinity;

  constructor(
    table: TicketTable,
    index: SkillIndex,
    mode: ModeSettings,
    modeNumber: number,
    meter: WorkMeter,
  ) {
    this.#table = table;
    this.#index = index;
    this.#mode = mode;
    this.#packing = mode.packing;
    this.#partySize = index.columns.partySizes;
    this.#reach = index.columns.reach;
    this.#far = index.columns.far;
    this.#modeNumber = modeNumber;
    this.#meter = meter;
    this.#regions = Math.max(1, table.regions);
    this.#lists = Array.from({ length: this.#regions }, () => ({
      places: new Int32Array(BLOCK),
      length: 0,
      at: 0,
    }));
    const { teamSize, players } = mode.packing;
    this.members = new Int32Array(players);
    this.#passed = new PassedTickets(mode.packing);
    this.#found = new Int32Array(players);
    this.#filled = new Int32Array(players);
    this.#used = new Int32Array(teamSize + 1);
    this.#counts = new Int32Array(this.#regions * (teamSize + 1));
    this.#cells = new Int32Array(this.#regions);
  }

  /** Begins anew with the index as it is now. */
  begin(now: number): void {
    this.#now = now;
    this.#lastStart = this.#readyFrom = this.#readyTo = 0;
    this.#wanted = -1;
    this.#mostNet = 0;
    for (const list of this.#lists) list.length = list.at = 0;
    const { count, columns } = this.#index;
    this.#effort = count > MANY ? EFFORT_OF_MANY : EFFORT;
    this.#partySize = columns.partySizes;
    this.#reach = columns.reach;
    this.#far = columns.far;
    if (count <= this.#low.length) return;
    const length = Math.max(count, this.#low.length * 2);
    this.#low = new Float64Array(length);
    this.#high = new Float64Array(length);
    this.#waits = new Float64Array(length);
    this.#worth = new Float64Array(length);
    this.#taken = new Uint8Array(length);
  }

  /** Looks for matches of another number of teams from now on: no more than the mode has. */
  setPacking(packing: Packing): void {
    this.#packing = packing;
    this.#passed.setPacking(packing);
  }

  /**
   * Looks from now on for matches that hold the ticket of a place, which takes any. No other one
   * may: the mode must have a patience by which no wait is worth anything.
   */
  want(place: number): void {
    if (this.#wanted >= 0) this.#worth[this.#wanted] = 0;
    this.#wanted = place;
    this.#worth[place] = ANY_MATCH;
    // No other ticket makes up for so much.
    this.#mostNet = -ANY_MATCH / 2;
  }

  /** Passes over a ticket from now on, as it is in a match. */
  take(place: number): void {
    this.#taken[place] = 1;
  }

  isTaken(place: number): boolean {
    return this.#taken[place] === 1;
  }

  /** Whether two tickets that were looked at are within the skill windows of both. */
  areWithinWindows(lower: number, higher: number): boolean {
    const { skills } = this.#index;
    return this.#high[lower]! >= skills[higher]! &&
      this.#low[higher]! <= skills[lower]!;
  }

  waitOf(place: number): number {
    return this.#waits[place]!;
  }

  /** What a wait is worth, in points of skill: nothing in a mode without patience. */
  #worthOf(wait: number): number {
    const { patienceSeconds, spreadPerTicket, overdueSeconds } = this.#mode;
    if (wait >= overdueSeconds) return ANY_MATCH;
    const part = wait / patienceSeconds;
    // To the power of 2.5, and beyond the patience of 1.5: those who are hard to match wait a
    // little longer then, and cost the others less. Roots are exact in every engine, powers
    // need not be.
    const late = part * Math.sqrt(part) * spreadPerTicket;
    return part < 1 ? part * late : late;
  }

  /**
   * Finds the best match that begins at a place; places may rise from call to call cheaply.
   * `judge` adds to the cost of what a region and map have best. A mode with patience gives up
   * early where little can be expected, unless it is to be thorough.
   */
  search(start: number, judge?: Judge, isThorough = false): void {
    this.#isThorough = isThorough;
    this.net = Infinity;
    this.#meter.done++;
    // What the lists have passed lies below them.
    if (start < this.#lastStart) this.#rewind(start);
    this.#lastStart = start;
    if (start >= this.#readyTo) {
      if (start > this.#readyTo + BLOCK) this.#rewind(start);
      this.#prepare(start + 1);
    }
    if (this.#taken[start] === 1) return;
    this.isSettled = this.#waits[start]! >= this.#mode.settledSeconds;
    const maps = this.#mapsOf(start);
    const reach = this.#reach[start]!;
    for (let region = 0; region < this.#regions; region++) {
      if ((reach >>> region & 1) === 0) continue;
      if (maps === 0) {
        this.#walk(start, region, -1, judge);
        continue;
      }
      for (let map = 0; map < this.#mode.maps.length; map++) {
        if ((maps >>> map & 1) === 0) continue;
        this.#walk(start, region, map, judge);
      }
    }
  }

  /**
   * Whether a ticket and those whom the rules allow beside it are enough for a match in one
   * region, whatever the rules are among those. All from the lowest of them up to it have been
   * looked at then.
   */
  hasEnoughAround(place: number): boolean {
    this.#makeReady(place, place);
    const low = this.#low[place]!;
    const high = this.#high[place]!;
    this.#makeReady(this.#index.placeOf(low), place);
    const { isTabulated, holds } = this.#packing;
    // It may be a whole match by itself.
    if (!isTabulated || holds[this.#partySize[place]!]![0]! > 0) return true;
    const { count, skills } = this.#index;
    const skill = skills[place]!;
    this.#counts.fill(0);
    this.#cells.fill(0);
    for (let at = place - 1; at >= 0 && skills[at]! >= low; at--) {
      this.#meter.done++;
      if (this.#high[at]! >= skill && this.#isEnough(place, at)) return true;
    }
    for (let at = place + 1; at < count && skills[at]! <= high; at++) {
      this.#meter.done++;
      if (at >= this.#readyTo) this.#prepare(at + 1);
      if (this.#low[at]! <= skill && this.#isEnough(place, at)) return true;
    }
    return false;
  }

  /** Counts another ticket in the regions that it shares; whether one has enough then. */
  #isEnough(place: number, other: number): boolean {
    if (this.#taken[other] === 1) return false;
    const { holds, caps, strides, teamSize } = this.#packing;
    const table = holds[this.#partySize[place]!]!;
    const size = this.#partySize[other]!;
    const shared = this.#reach[place]! & this.#reach[other]!;
    for (let left = shared; left !== 0; left &= left - 1) {
      const region = 31 - Math.clz32(left & -left);
      const count = this.#counts[region * (teamSize + 1) + size]!++;
      if (count >= caps[size]!) continue;
      this.#cells[region]! += strides[size]!;
      if (table[this.#cells[region]!]! > 0) return true;
    }
    return false;
  }

  /** Has the columns be ready from a place to another. */
  #makeReady(from: number, to: number): void {
    if (from < this.#readyFrom || from > this.#readyTo) {
      this.#rewind(from);
      this.#lastStart = from;
    }
    while (this.#readyTo <= to) this.#prepare(to + 1);
  }

  #mapsOf(place: number): number {
    const { length } = this.#mode.maps;
    if (length === 0) return 0;
    const maps = this.#table.maps[this.#index.slots[place]!];
    return maps === undefined ? 2 ** length - 1 : maps[this.#modeNumber]!;
  }

  /** Has the lists begin at a place; what is ready there stays. */
  #rewind(place: number): void {
    if (place < this.#readyFrom || place > this.#readyTo) {
      this.#readyFrom = this.#readyTo = place;
      for (const list of this.#lists) list.length = list.at = 0;
      return;
    }
    for (const list of this.#lists) {
      let low = 0;
      let high = list.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (list.places[middle]! < place) low = middle + 1;
        else high = middle;
      }
      list.at = low;
    }
  }

  /** Appends a place to the lists of its regions. */
  #list(place: number): void {
    for (let left = this.#reach[place]!; left !== 0; left &= left - 1) {
      const list = this.#lists[31 - Math.clz32(left & -left)]!;
      if (list.length === list.places.length) {
        const places = new Int32Array(list.length * 2);
        places.set(list.places);
        list.places = places;
      }
      list.places[list.length++] = place;
    }
  }

  /** Fills the columns up to a place and beyond. */
  #prepare(end: number): void {
    const table = this.#table;
    const index = this.#index;
    const { count } = index;
    const { slots, skills, arrived, reachUntil } = index.columns;
    const { skill, uncertaintyFactor, patienceSeconds } = this.#mode;
    const to = Math.min(count, Math.max(end, this.#readyTo + BLOCK));
    for (let place = this.#readyTo; place < to; place++) {
      const slot = slots[place]!;
      const wait = this.#now - arrived[place]!;
      let width = widthAt(skill, wait);
      if (uncertaintyFactor > 0) {
        width += uncertaintyFactor * table.uncertainty(slot);
      }
      this.#low[place] = skills[place]! - width;
      this.#high[place] = skills[place]! + width;
      this.#waits[place] = wait;
      this.#taken[place] = table.state(slot) === WAITING ? 0 : 1;
      if (patienceSeconds > 0) {
        this.#worth[place] = place === this.#wanted
          ? ANY_MATCH
          : this.#worthOf(wait);
      }
      if (wait >= reachUntil[place]!) index.updateReach(place, wait);
      this.#list(place);
    }
    this.#readyTo = to;
  }

  /** Makes columns ready until a region's list has another place; returns that, or -1 at the end. */
  #extend(list: RegionList): number {
    const { length } = list;
    while (this.#readyTo < this.#index.count) {
      this.#prepare(this.#readyTo + 1);
      if (list.length > length) return list.places[length]!;
    }
    return -1;
  }

  /** Searches one region, for one map or any. */
  #walk(
    start: number,
    region: number,
    map: number,
    judge: Judge | undefined,
  ): void {
    const bestNet = this.net;
    const list = this.#lists[region]!;
    // What lies below the start is of no use any more.
    while (list.places[list.at]! < start) list.at++;
    const packing = this.#packing;
    const { latencyCost, asymmetryCost, patienceSeconds, spreadPerTicket } =
      this.#mode;
    const takesFirst = patienceSeconds === 0 && latencyCost === 0 &&
      asymmetryCost === 0;
    // As if parties had two players: how many tickets a match has is not known yet.
    const farCost = latencyCost * 2 / packing.players;
    const mostSlack = LAST_PATIENCE * spreadPerTicket * packing.players;
    const { skills } = this.#index;
    const low = this.#low;
    const high = this.#high;
    const taken = this.#taken;
    const waits = this.#waits;
    const { settledSeconds } = this.#mode;
    const partySize = this.#partySize;
    const isPatient = patienceSeconds > 0;
    const ownSize = partySize[start]!;
    const lowest = skills[start]!;
    const isBrief = isPatient && !this.#isThorough;
    if (isBrief && !this.#isPlausible(list, start)) return;
    const limit = high[start]!;
    const passed = this.#passed;
    passed.begin(skills, isPatient ? this.#worth : undefined, farCost);
    passed.clear();
    let lowestHigh = Infinity;
    let worth = isPatient ? this.#worth[start]! : 0;
    let own = this.#foundNet = judge === undefined ? bestNet : Infinity;
    this.#foundSize = 0;
    const maxWhole = asymmetryCost > 0
      ? MAX_WHOLE_SYMMETRIC
      : this.#effort.whole;
    let whole = 0;
    let sum = worth;
    const table = packing.isTabulated ? packing.holds[ownSize]! : undefined;
    if (table === undefined ? ownSize === packing.players : table[0]! > 0) {
      // The ticket is a whole match.
      this.#weigh(start, region, 0);
      own = this.#foundNet;
    }
    for (let next = list.at + 1;; next++) {
      let place: number;
      if (next < list.length) place = list.places[next]!;
      else {
        place = this.#extend(list);
        if (place < 0) break;
      }
      const skill = skills[place]!;
      if (waits[place]! < settledSeconds) this.isSettled = false;
      if (skill > limit) break;
      const spread = skill - lowest;
      // No match is worth more than if all of its players were tickets as patient as the most patient.
      const most = worth * packing.players;
      if (
        this.#foundSize > 0
          ? spread >= this.#foundCost + Math.min(most, mostSlack) * SLACK
          : spread - most >= own
      ) break;
      this.#meter.done++;
      if (taken[place] === 1 || low[place]! > lowest) continue;
      if (map >= 0 && (this.#mapsOf(place) >>> map & 1) === 0) continue;
      if (skill > lowestHigh) lowestHigh = passed.drop(place, high);
      const isFar = this.#far[place]! >>> region & 1;
      const its = isPatient ? this.#worth[place]! : 0;
      const size = partySize[place]!;
      passed.add(place, size, isFar);
      if (high[place]! < lowestHigh) lowestHigh = high[place]!;
      if (its > worth) worth = its;
      sum += its;
      if (table === undefined || table[passed.cell]! > 0) {
        if (isBrief && ++whole > maxWhole) break;
        // Not even all waits together are worth it.
        if (isPatient && spread > sum) continue;
        this.#weigh(start, region, size);
        own = this.#foundNet;
        if (takesFirst && own < bestNet) break;
      }
      if (passed.count === MAX_PASSED) break;
    }
    if (this.#foundSize === 0) return;
    if (judge !== undefined) {
      own += judge(this.#found, this.#foundSize, region, this.#foundCost);
      if (!(own < bestNet) || (isPatient && own > 0)) return;
    }
    this.size = this.#foundSize;
    for (let i = 0; i < this.size; i++) this.members[i] = this.#found[i]!;
    this.region = region;
    this.map = map;
    this.net = own;
  }

  /** Whether the waits of those above a start could be worth the spread of as many players as a match has. */
  #isPlausible(list: RegionList, start: number): boolean {
    const { skills } = this.#index;
    const lowest = skills[start]!;
    const limit = this.#high[start]!;
    const wanted = this.#packing.players;
    const { settledSeconds } = this.#mode;
    let players = this.#partySize[start]!;
    let worth = this.#worth[start]!;
    let enough = 0;
    for (let next = list.at + 1;; next++) {
      let place: number;
      if (next < list.length) place = list.places[next]!;
      else {
        place = this.#extend(list);
        if (place < 0) return false;
      }
      const skill = skills[place]!;
      if (this.#waits[place]! < settledSeconds) this.isSettled = false;
      if (skill > limit) return false;
      this.#meter.done++;
      if (this.#taken[place] === 1 || this.#low[place]! > lowest) continue;
      players += this.#partySize[place]!;
      worth += this.#worth[place]!;
      if (players < wanted) continue;
      if (skill - lowest <= worth) return true;
      if (++enough === this.#effort.implausible) return false;
    }
  }

  /**
   * Looks for a cheaper match among the tickets passed so far, with one of the size that came
   * last, as those without were weighed before.
   */
  #weigh(start: number, region: number, added: number): void {
    const { latencyCost, asymmetryCost, patienceSeconds } = this.#mode;
    const isPatient = patienceSeconds > 0;
    const packing = this.#packing;
    if (!packing.isTabulated) {
      this.#fill(start, region);
      return;
    }
    const { topSkills, worths, far: fars, places } = this.#passed;
    const ownSize = this.#partySize[start]!;
    const ownWorth = isPatient ? this.#worth[start]! : 0;
    const ownFar = this.#far[start]! >>> region & 1;
    const lowest = this.#index.skills[start]!;
    const shapes = packing.shapesWith[ownSize]![added]!;
    let best = -1;
    for (let at = 0; at < shapes.length;) {
      const first = at;
      const parties = shapes[at]!;
      const isSymmetric = shapes[at + 1] === 1;
      const end = at + 3 + shapes[at + 2]!;
      let highest = lowest;
      let worth = ownWorth;
      let far = ownFar;
      for (at += 3; at < end; at++) {
        const sum = shapes[at]!;
        const top = topSkills[sum]!;
        // There are not as many of a size.
        if (top === Infinity) break;
        if (top > highest) highest = top;
        worth += worths[sum]!;
        far += fars[sum]!;
      }
      if (at < end) {
        at = end;
        continue;
      }
      const cost = highest - lowest + latencyCost * far / parties +
        (isSymmetric ? 0 : asymmetryCost);
      const net = cost - worth;
      if (net >= this.#foundNet || (isPatient && net > this.#mostNet)) continue;
      this.#foundNet = net;
      this.#foundCost = cost;
      best = first;
    }
    if (best < 0) return;
    let to = 0;
    this.#found[to++] = start;
    for (let at = best + 3; at < best + 3 + shapes[best + 2]!; at++) {
      const size = Math.floor(shapes[at]! / SUMS);
      const count = shapes[at]! % SUMS;
      for (let i = 0; i < count; i++) this.#found[to++] = places[size]![i]!;
    }
    this.#foundSize = to;
  }

  /** Fills team after team with the largest parties that fit, the start's first. */
  #fill(start: number, region: number): void {
    const { teams, teamSize } = this.#packing;
    const { places, counts } = this.#passed;
    const { latencyCost, patienceSeconds } = this.#mode;
    const filled = this.#filled;
    const used = this.#used.fill(0);
    let to = 0;
    for (let team = 0; team < teams; team++) {
      let left = teamSize;
      if (team === 0) {
        filled[to++] = start;
        left -= this.#partySize[start]!;
      }
      for (let size = left; size >= 1; size--) {
        while (size <= left && used[size]! < counts[size]!) {
          filled[to++] = places[size]![used[size]!++]!;
          left -= size;
        }
      }
      if (left > 0) return;
    }
    const { skills } = this.#index;
    let highest = skills[start]!;
    let worth = 0;
    let far = 0;
    for (let i = 0; i < to; i++) {
      const place = filled[i]!;
      if (skills[place]! > highest) highest = skills[place]!;
      if (patienceSeconds > 0) worth += this.#worth[place]!;
      far += this.#far[place]! >>> region & 1;
    }
    const cost = highest - skills[start]! + latencyCost * far / to;
    const net = cost - worth;
    if (net >= this.#foundNet) return;
    if (patienceSeconds > 0 && net > this.#mostNet) return;
    this.#foundNet = net;
    this.#foundCost = cost;
    this.#foundSize = to;
    for (let i = 0; i < to; i++) this.#found[i] = filled[i]!;
  }
}
