// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { MatchTeam } from "./proposed_match.ts";
import type { TicketId } from "./ticket.ts";
import type { TicketTable } from "./_ticket_table.ts";

/** Makes what a match tells of its teams: all of it belongs to the receiver. */
export class MatchTeams {
  readonly #table: TicketTable;
  // Of the team that is being made.
  readonly #tickets: TicketId[] = [];
  readonly #parties: (readonly PlayerId[])[] = [];

  constructor(table: TicketTable) {
    this.#table = table;
  }

  /** Makes the teams of the first `size` slots, each in its team. */
  of(
    teams: number,
    slots: Int32Array,
    teamOf: Uint8Array,
    size: number,
  ): MatchTeam[] {
    if (teams === 2) {
      return [
        this.#team(0, slots, teamOf, size),
        this.#team(1, slots, teamOf, size),
      ];
    }
    const made = new Array<MatchTeam>(teams);
    for (let team = 0; team < teams; team++) {
      made[team] = this.#team(team, slots, teamOf, size);
    }
    return made;
  }

  #team(
    team: number,
    slots: Int32Array,
    teamOf: Uint8Array,
    size: number,
  ): MatchTeam {
    const table = this.#table;
    let count = 0;
    let players = 0;
    let total = 0;
    for (let i = 0; i < size; i++) {
      if (teamOf[i] !== team) continue;
      const slot = slots[i]!;
      this.#tickets[count] = table.idOf(slot);
      this.#parties[count++] = table.players[slot]!;
      players += table.partySize(slot);
      total += table.totalSkill(slot);
    }
    return {
      tickets: firstOf(this.#tickets, count),
      parties: firstOf(this.#parties, count),
      skill: players === 0 ? 0 : total / players,
    };
  }
}

/**
 * Copies the first few of a list. Most teams have few parties: a literal takes a fraction of
 * the time that any call takes that makes a list of some length.
 */
function firstOf<T>(list: readonly T[], count: number): T[] {
  switch (count) {
    case 1:
      return [list[0]!];
    case 2:
      return [list[0]!, list[1]!];
    case 3:
      return [list[0]!, list[1]!, list[2]!];
    case 4:
      return [list[0]!, list[1]!, list[2]!, list[3]!];
    case 5:
      return [list[0]!, list[1]!, list[2]!, list[3]!, list[4]!];
    default:
      return list.slice(0, count);
  }
}
