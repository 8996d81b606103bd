// This module is browser compatible.
import type { SkillIndex } from "./_skill_index.ts";
import type { TicketTable } from "./_ticket_table.ts";

/** The tickets of the match that is being made: columns, of which the first `size` count. */
export class MatchMembers {
  size = 0;
  readonly slots: Int32Array;
  /** The tickets' ids. */
  readonly ids: Float64Array;
  readonly partySizes: Uint8Array;
  readonly skills: Float64Array;
  /** Sums of the players' skills. */
  readonly totals: Float64Array;
  /** When they began to wait, in seconds of the queue's time. */
  readonly arrived: Float64Array;

  constructor(players: number) {
    this.slots = new Int32Array(players);
    this.ids = new Float64Array(players);
    this.partySizes = new Uint8Array(players);
    this.skills = new Float64Array(players);
    this.totals = new Float64Array(players);
    this.arrived = new Float64Array(players);
  }

  /** Takes in places of an index. */
  setPlaces(index: SkillIndex, places: Int32Array, size: number): void {
    const { slots, ids, partySizes, skills, totals, arrived } = index.columns;
    this.size = size;
    for (let i = 0; i < size; i++) {
      const place = places[i]!;
      this.slots[i] = slots[place]!;
      this.ids[i] = ids[place]!;
      this.partySizes[i] = partySizes[place]!;
      this.skills[i] = skills[place]!;
      this.totals[i] = totals[place]!;
      this.arrived[i] = arrived[place]!;
    }
  }

  /** How many players they are. */
  players(): number {
    let players = 0;
    for (let i = 0; i < this.size; i++) players += this.partySizes[i]!;
    return players;
  }

  /** Takes in slots of a table. */
  setSlots(
    table: TicketTable,
    index: SkillIndex,
    slots: readonly number[],
  ): void {
    this.size = slots.length;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      this.slots[i] = slot;
      this.ids[i] = table.idOf(slot);
      this.partySizes[i] = table.partySize(slot);
      this.skills[i] = index.skillOf(slot);
      this.totals[i] = table.totalSkill(slot);
      this.arrived[i] = table.arrived(slot);
    }
  }
}
