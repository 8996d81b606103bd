// What the tests of matchmaking share: tickets made of numbers, and a judge that knows nothing of the engine.
import { playerId, type Random } from "../../../core/mod.ts";
import type { MatchmakingQueue } from "../matchmaking_queue.ts";
import type { MatchMode, WideningWindow } from "../match_mode.ts";
import type { ProposedMatch } from "../proposed_match.ts";
import type { TicketId, TicketRequest } from "../ticket.ts";

/** What a test knows of a ticket. */
export interface KnownTicket {
  readonly id: TicketId;
  readonly request: TicketRequest;
  readonly arrived: number;
}

let nextPlayer = 0;

/** A request of players that nobody else is. */
export function requestOf(
  skills: readonly number[],
  rest: Partial<Omit<TicketRequest, "players">> = {},
): TicketRequest {
  return {
    players: skills.map((skill) => ({
      player: playerId(`player ${nextPlayer++}`),
      skill,
    })),
    modes: ["ranked"],
    ...rest,
  };
}

/** Enqueues what must be taken. */
export function enqueued(
  queue: MatchmakingQueue,
  request: TicketRequest,
): TicketId {
  const result = queue.enqueue(request);
  if (!result.isOk) throw new Error(result.error.message);
  return result.value;
}

/** Tickets of a match in their order. */
export function ticketsOf(match: ProposedMatch): TicketId[] {
  return match.teams.flatMap(({ tickets }) => tickets);
}

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random.nextFloat() * values.length)]!;
}

function width(
  { initial, final, overMs }: WideningWindow,
  wait: number,
): number {
  return overMs === 0
    ? final
    : Math.min(initial + (final - initial) * wait * 1000 / overMs, final);
}

/** What is wrong with a match at a time, by the requests alone: nothing if the list is empty. */
export function faultsOf(
  match: ProposedMatch,
  tickets: ReadonlyMap<TicketId, KnownTicket>,
  mode: MatchMode,
  regions: readonly string[],
  now: number,
): string[] {
  const faults: string[] = [];
  const { skillWindow, latencyWindow } = mode.rules!;
  if (match.teams.length !== mode.teams) faults.push("teams");
  for (const team of match.teams) {
    if (team.parties.flat().length !== mode.teamSize) faults.push("team size");
    team.tickets.forEach((id, i) => {
      const wanted = tickets.get(id)?.request.players.map((it) => it.player);
      if (JSON.stringify(wanted) !== JSON.stringify(team.parties[i])) {
        faults.push(`party of ticket ${id}`);
      }
    });
  }
  const members = ticketsOf(match).map((id) => tickets.get(id)!);
  if (new Set(members).size !== members.length) faults.push("a ticket twice");
  const skill = ({ request: { players } }: KnownTicket): number =>
    players.reduce((sum, it) => sum + it.skill, 0) / players.length;
  for (const [i, a] of members.entries()) {
    const wait = now - a.arrived + 1e-9;
    if (regions.length > 0) {
      const ms = a.request.latenciesMs![match.region!] ?? Infinity;
      if (ms > width(latencyWindow!, wait)) faults.push("latency");
    }
    if (mode.maps !== undefined) {
      const maps = a.request.maps ?? mode.maps;
      if (!maps.includes(match.map!)) faults.push("map");
    }
    for (const b of members.slice(0, i)) {
      const limit = Math.min(
        width(skillWindow!, wait),
        width(skillWindow!, now - b.arrived + 1e-9),
      );
      if (Math.abs(skill(a) - skill(b)) > limit + 1e-9) faults.push("skill");
    }
  }
  return faults;
}
