// This module is browser compatible.
import type { Commit } from "./_commit.ts";
import type { ModeSettings } from "./_mode_settings.ts";
import { overdueStarts } from "./_overdue_starts.ts";
import { ShortRound } from "./_short_round.ts";
import { sleepAfter } from "./_sleep.ts";
import { sortedOrder } from "./_sorted_order.ts";
import type { SkillIndex } from "./_skill_index.ts";
import { SkillSweep } from "./_skill_sweep.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";
import type { WorkMeter } from "./_work_meter.ts";
import { type Judge, WindowSearch } from "./_window_search.ts";

/** How often those who lost a ticket to a better match look for another one in a tick. */
const PASSES = 2;

/** Makes the matches of one mode. */
export class MatchRound {
  readonly search: WindowSearch;
  /** For modes in which any whole match will do. */
  readonly #sweep: SkillSweep | undefined;
  /** For modes in which some may play with fewer teams. */
  readonly #short: ShortRound | undefined;
  #wasShortFirst = false;
  readonly #table: TicketTable;
  readonly #index: SkillIndex;
  readonly #mode: ModeSettings;
  readonly #meter: WorkMeter;
  readonly #places: Int32Array;
  // Matches that were found, the members of each at its number times the players of a match.
  #nets = new Float64Array(64);
  #regions = new Uint8Array(64);
  #maps = new Int8Array(64);
  #sizes = new Uint8Array(64);
  #starts = new Int32Array(64);
  #members: Int32Array;
  #found = 0;
  #lost: number[] = [];
  /** Places of tickets that take any match and begin none. */
  readonly #overdue: number[] = [];
  /** The skill at which the last tick stopped for want of allowance, if it did. */
  #stoppedAt: number | undefined;

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
    this.#meter = meter;
    this.search = new WindowSearch(table, index, mode, modeNumber, meter);
    this.#sweep = takesAny(mode)
      ? new SkillSweep(table, index, mode, meter)
      : undefined;
    this.#short = mode.fewerTeamsSeconds < Infinity
      ? new ShortRound(table, index, mode, modeNumber, meter)
      : undefined;
    this.#places = new Int32Array(mode.packing.players);
    this.#members = new Int32Array(64 * mode.packing.players);
  }

  /** Whether the last run stopped before it had looked at all that was due. */
  get hasStopped(): boolean {
    return this.#sweep?.hasStopped ?? this.#stoppedAt !== undefined;
  }

  /** Looks for the matches of all tickets that are due, and commits them. */
  run(now: number, commit: Commit, judge: Judge | undefined): void {
    const short = this.#short;
    // What was left undone comes first once, or whole matches could use up every budget.
    const isShortFirst = short?.hasStopped === true && !this.#wasShortFirst;
    this.#wasShortFirst = isShortFirst;
    if (isShortFirst) short?.run(now, commit, judge);
    this.#run(now, commit, judge);
    if (!isShortFirst) short?.run(now, commit, judge);
  }

  #run(
    now: number,
    commit: Commit,
    judge: Judge | undefined,
  ): void {
    if (this.#sweep !== undefined) {
      this.#sweep.run(now, commit);
      return;
    }
    const index = this.#index;
    const first = this.#stoppedAt === undefined
      ? 0
      : index.placeOf(this.#stoppedAt);
    this.search.begin(now);
    const { count } = index;
    this.#stoppedAt = undefined;
    this.#found = 0;
    this.#lost.length = 0;
    this.#overdue.length = 0;
    const isPatient = this.#mode.patienceSeconds > 0;
    for (let i = 0; i < count; i++) {
      const place = first + i < count ? first + i : first + i - count;
      if (index.wakes[place]! > now) continue;
      if (this.#meter.isSpent()) {
        this.#stoppedAt = index.skills[place]!;
        break;
      }
      this.#try(place, now, commit, judge, isPatient);
    }
    if (!isPatient) return;
    this.#commitFound(commit);
    for (let pass = 1; pass < PASSES && this.#lost.length > 0; pass++) {
      const lost = this.#lost.sort(rising);
      this.#lost = [];
      for (const place of lost) {
        if (this.#meter.isSpent()) return;
        if (this.#isWaiting(place)) {
          this.#try(place, now, commit, judge, true);
        }
      }
      this.#commitFound(commit);
    }
    for (const place of this.#overdue) {
      if (this.#meter.isSpent()) return;
      if (this.#isWaiting(place)) this.#matchOverdue(place, commit, judge);
    }
  }

  /**
   * Looks for any match with a ticket that has waited long enough for one. Searches that are
   * given up early, as they mostly are, may stop short of it.
   */
  #matchOverdue(
    place: number,
    commit: Commit,
    judge: Judge | undefined,
  ): void {
    if (!this.search.hasEnoughAround(place)) return;
    const { search } = this;
    const starts = overdueStarts(search, this.#table, this.#index, place);
    for (const start of starts) {
      if (!this.#isWaiting(start)) continue;
      this.search.search(start, judge, true);
      if (this.search.net < Infinity) this.#commitSearched(commit);
      if (!this.#isWaiting(place)) return;
    }
  }

  #isWaiting(place: number): boolean {
    return this.#table.state(this.#index.slots[place]!) === WAITING;
  }

  #try(
    place: number,
    now: number,
    commit: Commit,
    judge: Judge | undefined,
    isPatient: boolean,
  ): void {
    const { search } = this;
    search.search(place, judge);
    if (isPatient) {
      const { overdueSeconds } = this.#mode;
      if (search.waitOf(place) >= overdueSeconds) this.#overdue.push(place);
    }
    if (search.net === Infinity) {
      this.#index.wakes[place] = now + this.#sleepOf(place);
      return;
    }
    this.#index.wakes[place] = now;
    if (isPatient) this.#keep(place);
    else this.#commitSearched(commit);
  }

  #commitSearched(commit: Commit): void {
    const { members, size, region, map } = this.search;
    if (commit(members, size, region, map)) {
      for (let i = 0; i < size; i++) this.search.take(members[i]!);
    }
  }

  #sleepOf(place: number): number {
    const wait = this.search.waitOf(place);
    const sleep = sleepAfter(wait, this.search.isSettled);
    // Never beyond the moment at which it takes any match.
    const last = this.#mode.overdueSeconds - wait;
    return last > 0 ? Math.min(sleep, last) : sleep;
  }

  #keep(start: number): void {
    const { members, size, region, map, net } = this.search;
    const { players } = this.#mode.packing;
    const at = this.#found++;
    if (at === this.#nets.length) this.#grow();
    this.#nets[at] = net;
    this.#regions[at] = region;
    this.#maps[at] = map;
    this.#sizes[at] = size;
    this.#starts[at] = start;
    for (let i = 0; i < size; i++) {
      this.#members[at * players + i] = members[i]!;
    }
  }

  /** Commits what was found, the cheapest first; of equal ones that of the lowest skill. */
  #commitFound(commit: Commit): void {
    const { players } = this.#mode.packing;
    const { search } = this;
    const order = sortedOrder(this.#nets, this.#found);
    for (const at of order) {
      const size = this.#sizes[at]!;
      const from = at * players;
      let isFree = true;
      for (let i = 0; i < size && isFree; i++) {
        const place = this.#members[from + i]!;
        isFree = !search.isTaken(place);
        this.#places[i] = place;
      }
      if (
        isFree &&
        commit(this.#places, size, this.#regions[at]!, this.#maps[at]!)
      ) {
        for (let i = 0; i < size; i++) {
          search.take(this.#members[from + i]!);
        }
      } else {
        this.#lost.push(this.#starts[at]!);
      }
    }
    this.#found = 0;
  }

  /** Has the index settled, and tickets looked at again that one who has just come may play with. */
  settle(): void {
    this.#index.settle();
    this.#short?.wake();
    // A sweep looks at the surroundings of whoever is due.
    if (this.#sweep !== undefined) return;
    const { fresh, skills, wakes } = this.#index;
    // Whoever has an uncertainty has a wider window, however uncertain: all are woken.
    const reach = this.#mode.uncertaintyFactor > 0
      ? Infinity
      : this.#mode.skill.final;
    let from = 0;
    for (let i = 0; i < fresh.length; i++) {
      const place = fresh[i]!;
      const lowest = skills[place]! - reach;
      while (from < place && skills[from]! < lowest) from++;
      for (let at = from; at < place; at++) wakes[at] = 0;
      from = place + 1;
    }
  }

  #grow(): void {
    const length = this.#nets.length * 2;
    this.#nets = grown(this.#nets, new Float64Array(length));
    this.#regions = grown(this.#regions, new Uint8Array(length));
    this.#maps = grown(this.#maps, new Int8Array(length));
    this.#sizes = grown(this.#sizes, new Uint8Array(length));
    this.#starts = grown(this.#starts, new Int32Array(length));
    this.#members = grown(
      this.#members,
      new Int32Array(length * this.#mode.packing.players),
    );
  }
}

function takesAny(
  { patienceSeconds, latencyCost, asymmetryCost, maps, score, packing }:
    ModeSettings,
): boolean {
  return patienceSeconds === 0 && latencyCost === 0 && asymmetryCost === 0 &&
    maps.length === 0 && score === undefined && packing.isTabulated;
}

function rising(a: number, b: number): number {
  return a - b;
}

function grown<T extends Float64Array | Uint8Array | Int8Array | Int32Array>(
  from: T,
  to: T,
): T {
  to.set(from);
  return to;
}
