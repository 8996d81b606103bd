// This module is browser compatible.
import { type PlayerId, SeededRandom } from "../../core/mod.ts";
import type { TeamId } from "../team_id.ts";
import { TeamAssignment } from "../teams/team_assignment.ts";
import { type TeamSeat, TeamSystem } from "../teams/team_system.ts";
import { teamSizes } from "./_lobby_members.ts";
import type { ManagedLobby } from "./_managed_lobby.ts";
import { LobbyState } from "./lobby_state.ts";

/** Whether the players' parties fit into the teams. */
export function canDivide(record: ManagedLobby): boolean {
  return divide(record) !== undefined;
}

/** Divides the players: the same ones before the same game in the same way, which is worked out once. */
export function divide(record: ManagedLobby): readonly TeamSeat[] | undefined {
  const { config: { teams }, gameCount } = record.view;
  const { count, assignment, maxSize } = teams;
  if (count === 0) return [];
  const members = teamMembers(record);
  const question = JSON.stringify([teams, gameCount, members]);
  // It may take milliseconds, and players can have it done as often as they can say anything.
  if (record.division?.question !== question) {
    const random = new SeededRandom([record.seed, gameCount, 1, 1]);
    const system = new TeamSystem({ count, assignment, maxSize, random });
    record.division = { question, seats: system.assign(members) };
  }
  return record.division.seats;
}

/** What makes the teams most equal by one move; `undefined` where not all have one. */
export function rebalance(record: ManagedLobby): TeamSeat[] | undefined {
  const { count, maxSize } = record.view.config.teams;
  const members = teamMembers(record);
  if (count === 0 || members.some(({ team }) => team === undefined)) {
    return undefined;
  }
  return new TeamSystem({ count, maxSize }).rebalance(members);
}

/** The team of somebody who comes in late: the one that was kept, or the smallest. */
export function teamForLate(
  record: ManagedLobby,
  kept: TeamId | undefined,
): TeamId | undefined {
  const { view, seats } = record;
  const { count, assignment, maxSize } = view.config.teams;
  if (count === 0) return undefined;
  const sizes = teamSizes(view);
  if (kept !== undefined && kept < count && sizes[kept]! < maxSize) {
    // Teams that are assigned later are not chosen now.
    const isLate = view.state === LobbyState.InGame;
    if (isLate || assignment === TeamAssignment.Manual) return kept;
  }
  if (view.state !== LobbyState.InGame) return undefined;
  const skills = new Array<number>(count).fill(0);
  for (const { id, team } of view.players) {
    if (team !== undefined) skills[team]! += seats.get(id)!.skill;
  }
  let smallest = 0;
  for (let team = 1; team < count; team++) {
    if (
      sizes[team]! < sizes[smallest]! ||
      sizes[team] === sizes[smallest] && skills[team]! < skills[smallest]!
    ) smallest = team;
  }
  return smallest as TeamId;
}

/** The players, as teams are made of them. */
function teamMembers(record: ManagedLobby): {
  player: PlayerId;
  skill: number;
  party?: string;
  team?: TeamId;
}[] {
  return record.view.players.map(({ id, party, team }) => ({
    player: id,
    skill: record.seats.get(id)!.skill,
    ...(party === undefined ? {} : { party }),
    ...(team === undefined ? {} : { team }),
  }));
}
