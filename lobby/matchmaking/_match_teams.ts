// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { MatchTeam } from "./proposed_match.ts";
import type { TicketId } from "./ticket.ts";
import type { MatchMembers } from "./_match_members.ts";
import type { TicketTable } from "./_ticket_table.ts";

/** Makes what a match tells of its teams: all of it belongs to the receiver. */
export class MatchTeams {
  readonly #table: TicketTable;
  // Of the team that is being made.
  readonly #slots: Int32Array;
  readonly #ids: Float64Array;

  constructor(table: TicketTable, players: number) {
    this.#table = table;
    this.#slots = new Int32Array(players);
    this.#ids = new Float64Array(players);
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
    { size, slots, ids, partySizes, totals }: MatchMembers,
    teamOf: Uint8Array,
  ): MatchTeam {
    const ownSlots = this.#slots;
    const ownIds = this.#ids;
    let count = 0;
    let players = 0;
    let total = 0;
    for (let i = 0; i < size; i++) {
      if (teamOf[i] !== team) continue;
      ownIds[count] = ids[i]!;
      ownSlots[count++] = slots[i]!;
      players += partySizes[i]!;
      total += totals[i]!;
    }
    return {
      tickets: firstOf(ownIds, count) as TicketId[],
      parties: partiesOf(this.#table, ownSlots, count),
      skill: players === 0 ? 0 : total / players,
    };
  }
}

// Most teams have few parties: a literal takes a fraction of the time that any call takes
// that makes a list of some length.

function firstOf(list: Float64Array, count: number): number[] {
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
      return [...list.subarray(0, count)];
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
