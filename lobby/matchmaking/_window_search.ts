// This module is browser compatible.
import { type ModeSettings, widthAt } from "./_mode_settings.ts";
import type { Packing, Shape } from "./_packing.ts";
import type { SkillIndex } from "./_skill_index.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";
import type { WorkMeter } from "./_work_meter.ts";

/** Tickets that a search weighs against one another at most. */
const MAX_WEIGHED = 96;
/** Tickets whose columns are made ready at a time. */
const BLOCK = 256;
/** How fast a wait gains worth until the patience is over; then it does so in a straight line. */
const WORTH_EXPONENT = 2.5;
/** What the wait of a ticket that takes any match is worth: more than any cost. */
const ANY_MATCH = 1e9;
/**
 * Share of the worth that a match could have beyond which a wider one is no longer looked for:
 * the whole of it finds little more, and takes long.
 */
const SLACK = 0.3;
/** After how many times its patience a ticket takes any match. */
export const LAST_PATIENCE = 2;

/** After how many whole matches that are too wide for those in them a search ends. */
const MAX_BEYOND = 8;

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
  /** The next place of the index that was not yet looked at. */
  scanned: number;
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
  readonly #table: TicketTable;
  readonly #index: SkillIndex;
  readonly #mode: ModeSettings;
  readonly #packing: Packing;
  readonly #modeNumber: number;
  readonly #meter: WorkMeter;
  readonly #lists: RegionList[];
  readonly #regions: number;
  #now = 0;
  // Columns by place, ready from #readyFrom to #readyTo.
  #readyFrom = 0;
  #readyTo = 0;
  #low = new Float64Array(0);
  #high = new Float64Array(0);
  #waits = new Float64Array(0);
  #worth = new Float64Array(0);
  #partySize = new Uint8Array(0);
  /** Bits of the regions within the latency window, and of those beyond comfort. */
  #reach = new Int32Array(0);
  #far = new Int32Array(0);
  #taken = new Uint8Array(0);
  // The tickets that a search has passed, by party size.
  readonly #bySize: Int32Array[];
  readonly #sizes: Int32Array;
  readonly #prices: Float64Array;
  #cell = 0;
  #passed = 0;
  readonly #chosen: Int32Array;
  #chosenSize = 0;
  readonly #used: Int32Array;
  // The best of the region and map that are searched.
  readonly #found: Int32Array;
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
    this.#modeNumber = modeNumber;
    this.#meter = meter;
    this.#regions = Math.max(1, table.regions);
    this.#lists = Array.from({ length: this.#regions }, () => ({
      places: new Int32Array(BLOCK),
      length: 0,
      scanned: 0,
      at: 0,
    }));
    const { teamSize, players } = mode.packing;
    this.members = new Int32Array(players);
    this.#chosen = new Int32Array(players);
    this.#found = new Int32Array(players);
    this.#used = new Int32Array(teamSize + 1);
    this.#sizes = new Int32Array(teamSize + 1);
    this.#bySize = Array.from(
      { length: teamSize + 1 },
      () => new Int32Array(MAX_WEIGHED),
    );
    this.#prices = new Float64Array(MAX_WEIGHED);
  }

  /** Begins anew with the index as it is now. */
  begin(now: number): void {
    this.#now = now;
    this.#rewind(0);
    const { count } = this.#index;
    if (count <= this.#low.length) return;
    const length = Math.max(count, this.#low.length * 2);
    this.#low = new Float64Array(length);
    this.#high = new Float64Array(length);
    this.#waits = new Float64Array(length);
    this.#worth = new Float64Array(length);
    this.#partySize = new Uint8Array(length);
    this.#reach = new Int32Array(length);
    this.#far = new Int32Array(length);
    this.#taken = new Uint8Array(length);
  }

  /** Passes over a ticket from now on, as it is in a match. */
  take(place: number): void {
    this.#taken[place] = 1;
  }

  isTaken(place: number): boolean {
    return this.#taken[place] === 1;
  }

  waitOf(place: number): number {
    return this.#waits[place]!;
  }

  /** What a wait is worth, in points of skill: nothing in a mode without patience. */
  #worthOf(wait: number): number {
    const { patienceSeconds, spreadPerTicket } = this.#mode;
    const part = wait / patienceSeconds;
    if (part >= LAST_PATIENCE) return ANY_MATCH;
    return spreadPerTicket * (part < 1 ? part ** WORTH_EXPONENT : part);
  }

  /**
   * Finds the best match that begins at a place; places may rise from call to call cheaply.
   * `judge` adds to the cost of what a region and map have best.
   */
  search(start: number, judge?: Judge): void {
    this.net = Infinity;
    this.#meter.done++;
    if (start < this.#readyFrom) this.#rewind(start);
    if (start >= this.#readyTo) {
      if (start > this.#readyTo + BLOCK) this.#rewind(start);
      this.#prepare(start + 1);
    }
    if (this.#taken[start] === 1) return;
    const maps = this.#mapsOf(start);
    const reach = this.#reach[start]!;
    let best = Infinity;
    for (let region = 0; region < this.#regions; region++) {
      if ((reach >>> region & 1) === 0) continue;
      if (maps === 0) {
        best = this.#walk(start, region, -1, best, judge);
        continue;
      }
      for (let map = 0; map < this.#mode.maps.length; map++) {
        if ((maps >>> map & 1) === 0) continue;
        best = this.#walk(start, region, map, best, judge);
      }
    }
    this.net = best;
  }

  #mapsOf(place: number): number {
    const { length } = this.#mode.maps;
    if (length === 0) return 0;
    const maps = this.#table.maps[this.#index.slots[place]!];
    return maps === undefined ? 2 ** length - 1 : maps[this.#modeNumber]!;
  }

  #rewind(place: number): void {
    this.#readyFrom = this.#readyTo = place;
    for (const list of this.#lists) {
      list.length = list.at = 0;
      list.scanned = place;
    }
  }

  /** Fills the columns up to a place and beyond. */
  #prepare(end: number): void {
    const table = this.#table;
    const index = this.#index;
    const { count, slots, skills } = index;
    const { skill, uncertaintyFactor, patienceSeconds } = this.#mode;
    const to = Math.min(count, Math.max(end, this.#readyTo + BLOCK));
    for (let place = this.#readyTo; place < to; place++) {
      const slot = slots[place]!;
      const wait = this.#now - table.arrived(slot);
      const width = widthAt(skill, wait) +
        uncertaintyFactor * table.uncertainty(slot);
      this.#low[place] = skills[place]! - width;
      this.#high[place] = skills[place]! + width;
      this.#waits[place] = wait;
      this.#partySize[place] = table.partySize(slot);
      this.#taken[place] = table.state(slot) === WAITING ? 0 : 1;
      if (patienceSeconds > 0) {
        this.#worth[place] = this.#worthOf(wait);
      }
      if (wait >= index.reachUntil(slot)) index.updateReach(slot, wait);
      this.#reach[place] = index.reach(slot);
      this.#far[place] = index.far(slot);
    }
    this.#readyTo = to;
  }

  /** Takes the next ticket of a region into its list; returns its place, or -1 at the end. */
  #extend(list: RegionList, region: number): number {
    const { count } = this.#index;
    while (list.scanned < count) {
      const place = list.scanned++;
      if (place >= this.#readyTo) this.#prepare(place + 1);
      if ((this.#reach[place]! >>> region & 1) === 0) continue;
      if (list.length === list.places.length) {
        const places = new Int32Array(list.length * 2);
        places.set(list.places);
        list.places = places;
      }
      list.places[list.length++] = place;
      return place;
    }
    return -1;
  }

  /** Searches one region, for one map or any; returns the least net cost so far. */
  #walk(
    start: number,
    region: number,
    map: number,
    bestNet: number,
    judge: Judge | undefined,
  ): number {
    const list = this.#lists[region]!;
    // What lies below the start is of no use any more.
    while (true) {
      if (list.at < list.length) {
        if (list.places[list.at]! >= start) break;
        list.at++;
      } else {
        if (list.scanned < start) list.scanned = start;
        if (this.#extend(list, region) < 0) return bestNet;
      }
    }
    const packing = this.#packing;
    const { latencyCost, asymmetryCost, patienceSeconds } = this.#mode;
    const takesFirst = patienceSeconds === 0 && latencyCost === 0 &&
      asymmetryCost === 0;
    const { skills } = this.#index;
    const low = this.#low;
    const high = this.#high;
    const taken = this.#taken;
    const partySize = this.#partySize;
    const isPatient = patienceSeconds > 0;
    const ownSize = partySize[start]!;
    const lowest = skills[start]!;
    let limit = high[start]!;
    let lowestHigh = Infinity;
    // No match is worth more than if all of its players were tickets as patient as the most patient.
    let mostWorth = isPatient ? this.#worth[start]! * packing.players : 0;
    this.#sizes.fill(0);
    this.#cell = this.#passed = this.#foundSize = 0;
    // What is judged costs more than it seems to, or less.
    let own = this.#foundNet = judge === undefined ? bestNet : Infinity;
    let beyond = 0;
    const table = packing.isTabulated ? packing.holds[ownSize]! : undefined;
    if (table === undefined ? ownSize === packing.players : table[0] === 1) {
      // The ticket is a whole match.
      own = this.#weigh(start, region);
    }
    for (let next = list.at + 1;; next++) {
      let place: number;
      if (next < list.length) place = list.places[next]!;
      else {
        place = this.#extend(list, region);
        if (place < 0) break;
      }
      const skill = skills[place]!;
      if (skill > limit) break;
      const spread = skill - lowest;
      if (spread - mostWorth * SLACK >= own) break;
      this.#meter.done++;
      if (taken[place] === 1 || low[place]! > lowest) continue;
      if (map >= 0 && (this.#mapsOf(place) >>> map & 1) === 0) continue;
      if (skill > lowestHigh) lowestHigh = this.#drop(skill);
      const size = partySize[place]!;
      const sizeCount = this.#sizes[size]!;
      if (sizeCount === MAX_WEIGHED) continue;
      if (sizeCount < packing.caps[size]!) this.#cell += packing.strides[size]!;
      this.#bySize[size]![sizeCount] = place;
      this.#sizes[size] = sizeCount + 1;
      this.#passed++;
      if (high[place]! < lowestHigh) lowestHigh = high[place]!;
      if (isPatient && this.#worth[place]! * packing.players > mostWorth) {
        mostWorth = this.#worth[place]! * packing.players;
      }
      if (table === undefined || table[this.#cell] === 1) {
        if (isPatient && spread > mostWorth) {
          // Waits so far are not worth it: only that of one who has waited for longer is.
          if (++beyond === MAX_BEYOND) break;
        } else {
          own = this.#weigh(start, region);
          if (takesFirst && own < bestNet) break;
        }
      }
      if (this.#passed === MAX_WEIGHED) break;
    }
    if (this.#foundSize === 0) return bestNet;
    if (judge !== undefined) {
      own += judge(this.#found, this.#foundSize, region, this.#foundCost);
      if (!(own < bestNet) || (isPatient && own > 0)) return bestNet;
    }
    this.size = this.#foundSize;
    for (let i = 0; i < this.size; i++) this.members[i] = this.#found[i]!;
    this.region = region;
    this.map = map;
    return own;
  }

  /** Forgets passed tickets whose window does not reach a skill; returns the lowest end of the others'. */
  #drop(skill: number): number {
    const { caps, strides, teamSize } = this.#packing;
    let lowestHigh = Infinity;
    this.#cell = this.#passed = 0;
    for (let size = 1; size <= teamSize; size++) {
      const places = this.#bySize[size]!;
      const count = this.#sizes[size]!;
      let kept = 0;
      for (let i = 0; i < count; i++) {
        const high = this.#high[places[i]!]!;
        if (high < skill) continue;
        places[kept++] = places[i]!;
        if (high < lowestHigh) lowestHigh = high;
      }
      this.#sizes[size] = kept;
      this.#cell += Math.min(kept, caps[size]!) * strides[size]!;
      this.#passed += kept;
    }
    return lowestHigh;
  }

  /** Looks for a cheaper match among the tickets passed so far; returns the least net cost. */
  #weigh(start: number, region: number): number {
    const { latencyCost, patienceSeconds } = this.#mode;
    const packing = this.#packing;
    if (latencyCost > 0 || patienceSeconds > 0) {
      for (let size = 1; size <= packing.teamSize; size++) {
        this.#sortByPrice(size, region);
      }
    }
    if (!packing.isTabulated) {
      if (this.#fill(start)) this.#keepIfBetter(region, 0);
      return this.#foundNet;
    }
    const ownSize = this.#partySize[start]!;
    const shapes = packing.shapesWith[ownSize]!;
    for (let i = 0; i < shapes.length; i++) {
      const shape = shapes[i]!;
      if (!this.#choose(start, ownSize, shape)) continue;
      this.#keepIfBetter(
        region,
        shape.isSymmetric ? 0 : this.#mode.asymmetryCost,
      );
    }
    return this.#foundNet;
  }

  /** Puts passed tickets of a size in the order in which they are wanted; of equal ones the earlier first. */
  #sortByPrice(size: number, region: number): void {
    const count = this.#sizes[size]!;
    if (count < 2) return;
    const places = this.#bySize[size]!;
    const prices = this.#prices;
    // As if parties had two players: how many tickets a match has is not known yet.
    const farCost = this.#mode.latencyCost * 2 / this.#packing.players;
    const isPatient = this.#mode.patienceSeconds > 0;
    for (let i = 0; i < count; i++) {
      const place = places[i]!;
      const price = (this.#far[place]! >>> region & 1) * farCost -
        (isPatient ? this.#worth[place]! : 0);
      let j = i - 1;
      while (j >= 0 && prices[j]! > price) {
        prices[j + 1] = prices[j]!;
        places[j + 1] = places[j]!;
        j--;
      }
      prices[j + 1] = price;
      places[j + 1] = place;
    }
  }

  #choose(start: number, ownSize: number, { counts }: Shape): boolean {
    const { teamSize } = this.#packing;
    for (let size = 1; size <= teamSize; size++) {
      const wanted = counts[size]! - (size === ownSize ? 1 : 0);
      if (wanted > this.#sizes[size]!) return false;
    }
    const chosen = this.#chosen;
    let to = 0;
    chosen[to++] = start;
    for (let size = 1; size <= teamSize; size++) {
      const places = this.#bySize[size]!;
      const wanted = counts[size]! - (size === ownSize ? 1 : 0);
      for (let i = 0; i < wanted; i++) chosen[to++] = places[i]!;
    }
    this.#chosenSize = to;
    return true;
  }

  /** Fills team after team with the largest parties that fit, the start's first. */
  #fill(start: number): boolean {
    const { teams, teamSize } = this.#packing;
    const chosen = this.#chosen;
    const used = this.#used.fill(0);
    let to = 0;
    for (let team = 0; team < teams; team++) {
      let left = teamSize;
      if (team === 0) {
        chosen[to++] = start;
        left -= this.#partySize[start]!;
      }
      for (let size = left; size >= 1; size--) {
        while (size <= left && used[size]! < this.#sizes[size]!) {
          chosen[to++] = this.#bySize[size]![used[size]!++]!;
          left -= size;
        }
      }
      if (left > 0) return false;
    }
    this.#chosenSize = to;
    return true;
  }

  #keepIfBetter(region: number, extraCost: number): void {
    const chosen = this.#chosen;
    const size = this.#chosenSize;
    const { skills } = this.#index;
    const { latencyCost, patienceSeconds } = this.#mode;
    let highest = skills[chosen[0]!]!;
    let worth = 0;
    let far = 0;
    for (let i = 0; i < size; i++) {
      const place = chosen[i]!;
      const skill = skills[place]!;
      if (skill > highest) highest = skill;
      if (patienceSeconds > 0) worth += this.#worth[place]!;
      far += this.#far[place]! >>> region & 1;
    }
    const spread = highest - skills[chosen[0]!]!;
    const cost = spread + latencyCost * far / size + extraCost;
    const net = cost - worth;
    if (net >= this.#foundNet || (patienceSeconds > 0 && net > 0)) return;
    this.#foundNet = net;
    this.#foundCost = cost;
    this.#foundSize = size;
    for (let i = 0; i < size; i++) this.#found[i] = chosen[i]!;
  }
}
