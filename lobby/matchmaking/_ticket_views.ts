// This module is browser compatible.
import { type ModeSettings, widthAt } from "./_mode_settings.ts";
import type { SkillIndex } from "./_skill_index.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";
import type { TicketView } from "./ticket.ts";

/** Shows the tickets of one mode to those outside: all of it belongs to the receiver. */
export class TicketViews {
  readonly table: TicketTable;
  readonly index: SkillIndex;
  readonly mode: ModeSettings;
  readonly regions: readonly string[];

  constructor(
    table: TicketTable,
    index: SkillIndex,
    mode: ModeSettings,
    regions: readonly string[],
  ) {
    this.table = table;
    this.index = index;
    this.mode = mode;
    this.regions = regions;
  }

  /** What a ticket is at a time. */
  of(slot: number, now: number): TicketView {
    const { table } = this;
    const wait = now - table.arrived(slot);
    const limit = widthAt(this.mode.latency, wait);
    return {
      id: table.idOf(slot),
      players: [...table.players[slot]!],
      skill: this.index.skillOf(slot),
      waitMs: wait * 1000,
      regions: this.regions.filter((_, region) =>
        table.latency[slot * table.regions + region]! <= limit
      ),
      isReserved: table.state(slot) !== WAITING,
    };
  }
}
