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
  const { min = mode.teams, afterMs = Infinity } = mode.fewerTeams ?? {};
  const { length } = match.teams;
  if (length < min || length > mode.teams) faults.push("teams");
  if (length < mode.teams && match.longestWaitMs < afterMs - 1e-6) {
    faults.push("fewer teams too early");
  }
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

/** All sets of tickets that are a whole match by the rules. */
export function* allowedMatches(
  tickets: readonly KnownTicket[],
  mode: MatchMode,
  regions: readonly string[],
  now: number,
): Generator<readonly KnownTicket[]> {
  const known = new Map(tickets.map((it) => [it.id, it]));
  for (let bits = 1; bits < 1 << tickets.length; bits++) {
    const members = tickets.filter((_, i) => (bits >>> i & 1) === 1);
    const teams = teamsOf(members, mode);
    if (teams === undefined) continue;
    for (const region of regions.length > 0 ? regions : [undefined]) {
      const match = {
        teams: teams.map((team) => ({
          tickets: team.map(({ id }) => id),
          parties: team.map(({ request }) =>
            request.players.map(({ player }) => player)
          ),
        })),
        region,
      } as unknown as ProposedMatch;
      if (faultsOf(match, known, mode, regions, now).length === 0) {
        yield members;
        break;
      }
    }
  }
}

/** Parties in teams that they fill, if they can. */
function teamsOf(
  members: readonly KnownTicket[],
  { teams, teamSize }: MatchMode,
): KnownTicket[][] | undefined {
  const sizeOf = ({ request }: KnownTicket): number => request.players.length;
  const total = members.reduce((sum, it) => sum + sizeOf(it), 0);
  if (total !== teams * teamSize) return undefined;
  const found: KnownTicket[][] = Array.from({ length: teams }, () => []);
  const left = new Array<number>(teams).fill(teamSize);
  const place = (at: number): boolean => {
    if (at === members.length) return true;
    for (let team = 0; team < teams; team++) {
      if (left[team]! < sizeOf(members[at]!)) continue;
      left[team]! -= sizeOf(members[at]!);
      found[team]!.push(members[at]!);
      if (place(at + 1)) return true;
      left[team]! += sizeOf(members[at]!);
      found[team]!.pop();
    }
    return false;
  };
  return place(0) ? found : undefined;
}
