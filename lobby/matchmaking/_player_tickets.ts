// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { FREE, type TicketTable } from "./_ticket_table.ts";

/** Entries that are looked at for each that is added, so that those of ended tickets do not pile up. */
const SWEPT = 2;

/**
 * Which slots a player's tickets have. Tickets that end are not taken out one by one, which
 * would cost a tick with many matches more than the matches do: what is found is checked,
 * and each addition sweeps a few.
 */
export class PlayerTickets {
  readonly #table: TicketTable;
  readonly #slots = new Map<PlayerId, number | number[]>();
  #sweep = this.#slots.entries();
  /** How many tickets had ended when the sweep began … */
  #endedAtStart = 0;
  /** … and the one before it, which has found all of those. */
  #endedBefore = 0;

  constructor(table: TicketTable) {
    this.#table = table;
  }

  /** Entries, those of ended tickets included. */
  get size(): number {
    return this.#slots.size;
  }

  /** How many tickets a player is in. */
  count(player: PlayerId): number {
    const slots = this.#slots.get(player);
    if (slots === undefined) return 0;
    if (typeof slots === "number") return this.#has(player, slots) ? 1 : 0;
    return this.of(player).length;
  }

  /** Slots of a player's tickets, in the order in which they came. */
  of(player: PlayerId): number[] {
    const slots = this.#slots.get(player);
    if (slots === undefined) return [];
    if (typeof slots === "number") {
      return this.#has(player, slots) ? [slots] : [];
    }
    return slots.filter((slot) => this.#has(player, slot));
  }

  add(player: PlayerId, slot: number): void {
    const slots = this.#slots.get(player);
    if (slots === undefined) this.#slots.set(player, slot);
    else {
      // The slot itself may be there still, from a ticket of the player that has ended.
      const others = this.of(player).filter((it) => it !== slot);
      this.#slots.set(player, others.length === 0 ? slot : [...others, slot]);
    }
    // Where no ticket has ended since a sweep began there is nothing to find.
    if (this.#table.ended === this.#endedBefore) return;
    for (let i = 0; i < SWEPT; i++) {
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = this.#slots.entries();
        this.#endedBefore = this.#endedAtStart;
        this.#endedAtStart = this.#table.ended;
        break;
      }
      const [swept, its] = next.value;
      const isInUse = typeof its === "number"
        ? this.#has(swept, its)
        : its.some((it) => this.#has(swept, it));
      if (!isInUse) this.#slots.delete(swept);
    }
  }

  /** Whether a slot holds a ticket of the player still. */
  #has(player: PlayerId, slot: number): boolean {
    return this.#table.state(slot) !== FREE &&
      this.#table.players[slot]!.includes(player);
  }
}
