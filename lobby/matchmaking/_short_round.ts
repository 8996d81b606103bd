// This module is browser compatible.
import type { Commit } from "./_commit.ts";
import { type ModeSettings, unmovedSettings } from "./_mode_settings.ts";
import { overdueStarts } from "./_overdue_starts.ts";
import { sleepAfter } from "./_sleep.ts";
import type { SkillIndex } from "./_skill_index.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";
import { type Judge, WindowSearch } from "./_window_search.ts";
import type { WorkMeter } from "./_work_meter.ts";

/** A match that was found, for which places of the index stand. */
interface FoundMatch {
  readonly net: number;
  readonly members: Int32Array;
  readonly region: number;
  readonly map: number;
}

/**
 * Makes the matches of those who have waited so long that they may play with fewer teams: of
 * as many as there can be with them. A ticket is tried with all numbers of teams before the next
 * one is, so that the smallest budget gets somewhere.
 */
export class ShortRound {
  readonly #search: WindowSearch;
  readonly #table: TicketTable;
  readonly #index: SkillIndex;
  readonly #mode: ModeSettings;
  readonly #meter: WorkMeter;
  // By slot: the ticket that was tried last, and when it is tried again.
  #tried = new Float64Array(0);
  #wakes = new Float64Array(0);
  /** The skill at which the last run stopped for want of allowance, if it did. */
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
    this.#search = new WindowSearch(
      table,
      index,
      unmovedSettings(mode),
      modeNumber,
      meter,
    );
  }

  /** Whether the last run stopped before it had tried all that were due. */
  get hasStopped(): boolean {
    return this.#stoppedAt !== undefined;
  }

  /** Has tickets tried again that one who has just come may play with. */
  wake(): void {
    const { count, fresh, skills, slots } = this.#index;
    const { skill, uncertaintyFactor } = this.#mode;
    // Whoever has an uncertainty has a wider window, however uncertain: all are woken.
    const reach = uncertaintyFactor > 0 ? Infinity : skill.final;
    this.#grow();
    let at = 0;
    for (const place of fresh) {
      while (at < count && skills[at]! < skills[place]! - reach) at++;
      for (; at < count && skills[at]! <= skills[place]! + reach; at++) {
        this.#wakes[slots[at]!] = 0;
      }
    }
  }

  /** Tries all tickets that are due. */
  run(now: number, commit: Commit, judge: Judge | undefined): void {
    const { count, skills, slots, columns: { arrived, ids } } = this.#index;
    const { fewerTeamsSeconds, settledSeconds } = this.#mode;
    const first = this.#stoppedAt === undefined
      ? 0
      : this.#index.placeOf(this.#stoppedAt);
    this.#stoppedAt = undefined;
    this.#grow();
    let hasBegun = false;
    for (let i = 0; i < count; i++) {
      const place = first + i < count ? first + i : first + i - count;
      const wait = now - arrived[place]!;
      if (wait < fewerTeamsSeconds) continue;
      const slot = slots[place]!;
      const isTried = this.#tried[slot] === ids[place]!;
      if (isTried && this.#wakes[slot]! > now) continue;
      if (this.#table.state(slot) !== WAITING) continue;
      if (this.#meter.isSpent()) {
        this.#stoppedAt = skills[place]!;
        return;
      }
      if (!hasBegun) {
        this.#search.begin(now);
        hasBegun = true;
      }
      this.#tried[slot] = ids[place]!;
      this.#wakes[slot] = now + sleepAfter(wait, wait >= settledSeconds);
      this.#try(place, commit, judge);
    }
  }

  /** Makes the cheapest match with a ticket of all teams, or else of as many as there can be. */
  #try(place: number, commit: Commit, judge: Judge | undefined): void {
    const search = this.#search;
    const { packings } = this.#mode;
    search.setPacking(packings[0]!);
    if (!search.hasEnoughAround(place)) return;
    search.want(place);
    const starts = overdueStarts(search, this.#table, this.#index, place);
    starts.push(place);
    for (let i = packings.length - 1; i >= 0; i--) {
      search.setPacking(packings[i]!);
      if (!search.hasEnoughAround(place)) continue;
      const found: FoundMatch[] = [];
      for (const start of starts) {
        search.search(start, judge, true);
        const { net, members, size, region, map } = search;
        if (net === Infinity) continue;
        found.push({ net, members: members.slice(0, size), region, map });
      }
      found.sort((a, b) => a.net - b.net);
      // One of which two tickets have a player in common cannot be made.
      if (found.some((match) => this.#commit(match, commit))) return;
    }
  }

  #commit({ members, region, map }: FoundMatch, commit: Commit): boolean {
    if (!commit(members, members.length, region, map)) return false;
    const { wakes, slots } = this.#index;
    for (const place of members) {
      this.#search.take(place);
      // Should the match fall through, it is looked at again.
      wakes[place] = 0;
      this.#wakes[slots[place]!] = 0;
    }
    return true;
  }

  #grow(): void {
    const { top } = this.#table;
    if (top <= this.#tried.length) return;
    const length = Math.max(top, this.#tried.length * 2);
    const tried = new Float64Array(length).fill(-1);
    const wakes = new Float64Array(length);
    tried.set(this.#tried);
    wakes.set(this.#wakes);
    this.#tried = tried;
    this.#wakes = wakes;
  }
}
