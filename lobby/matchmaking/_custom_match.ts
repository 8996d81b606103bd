// This module is browser compatible.
import type { MatchCandidate } from "./match_mode.ts";
import type { TicketView } from "./ticket.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";
import type { TicketViews } from "./_ticket_views.ts";
import type { Judge } from "./_window_search.ts";
import type { WorkMeter } from "./_work_meter.ts";

/**
 * Has a mode's own `score` judge its matches; `undefined` if it has none. What that throws,
 * `fail` is given: it forbids the match.
 */
export function customJudge(
  views: TicketViews,
  nowOf: () => number,
  fail: (error: unknown) => void,
): Judge | undefined {
  const { score } = views.mode;
  if (score === undefined) return undefined;
  return (places, size, region, cost) => {
    const { slots } = views.index;
    const now = nowOf();
    const tickets: TicketView[] = [];
    let lowest = Infinity;
    let highest = -Infinity;
    for (let i = 0; i < size; i++) {
      const ticket = views.of(slots[places[i]!]!, now);
      lowest = Math.min(lowest, ticket.skill);
      highest = Math.max(highest, ticket.skill);
      tickets.push(ticket);
    }
    const candidate: MatchCandidate = {
      tickets,
      region: views.regions[region],
      spread: highest - lowest,
      cost,
    };
    try {
      const added = score(candidate);
      return Number.isNaN(added) ? Infinity : added;
    } catch (error) {
      fail(error);
      return Infinity;
    }
  };
}

/**
 * Has a mode's own `match` make matches: each is checked and handed to `propose`, as slots by
 * team and its region, before the next one is asked for.
 */
export function runCustomMatch(
  views: TicketViews,
  modeNumber: number,
  now: number,
  meter: WorkMeter,
  propose: (teams: readonly (readonly number[])[], region: number) => void,
): void {
  const { index, table } = views;
  const { match: matchOf, name, teams, minTeams, teamSize } = views.mode;
  const waiting: TicketView[] = [];
  for (let place = 0; place < index.count; place++) {
    const slot = index.slots[place]!;
    if (table.state(slot) === WAITING) waiting.push(views.of(slot, now));
  }
  meter.done += waiting.length;
  const wrong = (wanted: string, value: unknown): TypeError =>
    new TypeError(
      `Cannot use the matches of mode "${name}" as ${wanted}: current value is ${value}`,
    );
  for (const match of matchOf!(waiting)) {
    if (match.length < minTeams || match.length > teams) {
      const range = minTeams < teams ? `${minTeams} to ${teams}` : `${teams}`;
      throw wrong(`each must have ${range} teams`, match.length);
    }
    const members = match.map((team) => {
      const slots = team.map((id) => {
        const slot = table.slotOf(id);
        if (
          slot < 0 || table.state(slot) !== WAITING ||
          (table.modes(slot) >>> modeNumber & 1) === 0
        ) throw wrong("each ticket must wait for it", id);
        return slot;
      });
      const players = slots.reduce((sum, it) => sum + table.partySize(it), 0);
      if (players !== teamSize) {
        throw wrong(`each team must have ${teamSize} players`, players);
      }
      return slots;
    });
    const slots = members.flat();
    if (new Set(slots).size !== slots.length) {
      throw wrong("a ticket must be in one team", match.flat());
    }
    propose(members, commonRegion(table, slots));
  }
}

/** The region whose worst latency is the least. */
function commonRegion(
  { regions, latency }: TicketTable,
  slots: readonly number[],
): number {
  let best = 0;
  let bestMs = Infinity;
  for (let region = 0; region < regions; region++) {
    let worst = 0;
    for (const slot of slots) {
      worst = Math.max(worst, latency[slot * regions + region]!);
    }
    if (worst < bestMs) {
      bestMs = worst;
      best = region;
    }
  }
  return best;
}
