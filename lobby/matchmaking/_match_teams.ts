// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { MatchTeam } from "./proposed_match.ts";
import type { TicketId } from "./ticket.ts";
import type { MatchMembers } from "./_match_members.ts";
import type { TicketTable } from "./_ticket_table.ts";

/** Makes what a match tells of its teams: all of it belongs to the receiver. */
export class MatchTeams {
  readonly #table: TicketTable;
  /** Of the team that is being made. */
  readonly #slots: Int32Array;

  constructor(table: TicketTable, players: number) {
    this.#table = table;
    this.#slots = new Int32Array(players);
  }

  /** Makes the teams of the members, each in its team. */
  of(teams: number, members: MatchMembers, teamOf: Uint8Array): MatchTeam[] {
    if (teams === 2) {
      return [this.#team(0, members, teamOf), this.#team(1, members, teamOf)];
    }
    const made = new Array<MatchTeam>(teams);
    for (let team = 0; team < teams; team++) {
      made[team] = this.#team(team, members, teamOf);
    }
    return made;
  }

  #team(
    team: number,
    { size, slots, partySizes, totals }: MatchMembers,
    teamOf: Uint8Array,
  ): MatchTeam {
    const own = this.#slots;
    let count = 0;
    let players = 0;
    let total = 0;
    for (let i = 0; i < size; i++) {
      if (teamOf[i] !== team) continue;
      own[count++] = slots[i]!;
      players += partySizes[i]!;
      total += totals[i]!;
    }
    return {
      tickets: ticketsOf(this.#table, own, count),
      parties: partiesOf(this.#table, own, count),
      skill: players === 0 ? 0 : total / players,
    };
  }
}

// Most teams have few parties: a literal takes a fraction of the time that any call takes
// that makes a list of some length.

function ticketsOf(
  table: TicketTable,
  slots: Int32Array,
  count: number,
): TicketId[] {
  const id = (i: number): TicketId => table.idOf(slots[i]!);
  switch (count) {
    case 1:
      return [id(0)];
    case 2:
      return [id(0), id(1)];
    case 3:
      return [id(0), id(1), id(2)];
    case 4:
      return [id(0), id(1), id(2), id(3)];
    case 5:
      return [id(0), id(1), id(2), id(3), id(4)];
    default:
      return Array.from({ length: count }, (_, i) => id(i));
  }
}

function partiesOf(
  { players }: TicketTable,
  slots: Int32Array,
  count: number,
): (readonly PlayerId[])[] {
  const party = (i: number): readonly PlayerId[] => players[slots[i]!]!;
  switch (count) {
    case 1:
      return [party(0)];
    case 2:
      return [party(0), party(1)];
    case 3:
      return [party(0), party(1), party(2)];
    case 4:
      return [party(0), party(1), party(2), party(3)];
    case 5:
      return [party(0), party(1), party(2), party(3), party(4)];
    default:
      return Array.from({ length: count }, (_, i) => party(i));
  }
}
