// This module is browser compatible.
import type { Metric } from "../../core/mod.ts";
import { explainTicket } from "./_explain.ts";
import type { ModeSettings } from "./_mode_settings.ts";
import type { SkillIndex } from "./_skill_index.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";
import type { WaitEstimates } from "./_wait_estimates.ts";
import type { ModeStatistics } from "./queue_statistics.ts";
import type { TicketExplanation } from "./ticket_explanation.ts";

/** What of a queue its reports are made of; they change nothing of it. */
export interface QueueParts {
  readonly table: TicketTable;
  readonly regions: readonly string[];
  // By mode.
  readonly modes: readonly ModeSettings[];
  readonly indexes: readonly SkillIndex[];
  readonly waits: readonly WaitEstimates[];
  readonly matchCounts: Float64Array;
}

/** How long such a ticket waits in all: by the waits in the first of its modes. */
export function estimatedWaitMs(
  { table, indexes, waits }: QueueParts,
  slot: number,
): number | undefined {
  const modes = table.modes(slot);
  const first = 31 - Math.clz32(modes & -modes);
  return inMs(
    waits[first]!.estimate(table.nearest(slot), indexes[first]!.skillOf(slot)),
  );
}

/** Why a ticket waits, by mode. */
export function ticketExplanation(
  parts: QueueParts,
  slot: number,
  now: number,
): TicketExplanation {
  const { table, modes } = parts;
  return {
    ticket: table.idOf(slot),
    waitMs: (now - table.arrived(slot)) * 1000,
    estimatedWaitMs: estimatedWaitMs(parts, slot),
    isReserved: table.state(slot) !== WAITING,
    modes: modes.flatMap((mode, i) =>
      (table.modes(slot) >>> i & 1) === 1
        ? [explainTicket(table, mode, i, slot, now)]
        : []
    ),
  };
}

/** Who waits, by mode. */
export function queueStatistics(
  parts: QueueParts,
  now: number,
): ModeStatistics[] {
  return parts.modes.map((_, mode) => modeStatistics(parts, mode, now));
}

function modeStatistics(
  { table, modes, regions, waits, matchCounts }: QueueParts,
  mode: number,
  now: number,
): ModeStatistics {
  const count = Math.max(1, regions.length);
  const tickets = new Array<number>(count).fill(0);
  const players = new Array<number>(count).fill(0);
  const longest = new Array<number>(count).fill(0);
  let reserved = 0;
  for (let slot = 0; slot < table.top; slot++) {
    if (table.state(slot) === 0 || (table.modes(slot) >>> mode & 1) === 0) {
      continue;
    }
    if (table.state(slot) !== WAITING) {
      reserved++;
      continue;
    }
    const region = table.nearest(slot);
    tickets[region]!++;
    players[region]! += table.partySize(slot);
    longest[region] = Math.max(longest[region]!, now - table.arrived(slot));
  }
  const own = waits[mode]!;
  return {
    mode: modes[mode]!.name,
    tickets: sumOf(tickets),
    players: sumOf(players),
    reserved,
    matches: matchCounts[mode]!,
    meanWaitMs: inMs(own.mean()),
    regions: tickets.map((_, region) => ({
      region: regions[region],
      tickets: tickets[region]!,
      players: players[region]!,
      longestWaitMs: longest[region]! * 1000,
      meanWaitMs: inMs(own.regionMean(region)),
    })),
  };
}

/** A queue's numbers: those of its modes, and how many proposals and backfills it has. */
export function* queueMetrics(
  statistics: readonly ModeStatistics[],
  proposals: number,
  backfills: number,
): Generator<Metric> {
  for (const { mode, tickets, players, matches } of statistics) {
    const labels = { mode };
    yield {
      name: "tickwire_matchmaking_tickets",
      help: "Tickets that wait",
      type: "gauge",
      value: tickets,
      labels,
    };
    yield {
      name: "tickwire_matchmaking_players",
      help: "Players that wait",
      type: "gauge",
      value: players,
      labels,
    };
    yield {
      name: "tickwire_matchmaking_matches",
      help: "Matches that were made",
      type: "counter",
      value: matches,
      labels,
    };
  }
  yield {
    name: "tickwire_matchmaking_proposals",
    help: "Matches that wait for their players",
    type: "gauge",
    value: proposals,
  };
  yield {
    name: "tickwire_matchmaking_backfills",
    help: "Games that look for players",
    type: "gauge",
    value: backfills,
  };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, it) => sum + it, 0);
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
