// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";

/** Which slots a player's tickets have; nearly always one, which costs no list. */
export class PlayerTickets {
  readonly #slots = new Map<PlayerId, number | number[]>();

  count(player: PlayerId): number {
    const slots = this.#slots.get(player);
    return slots === undefined
      ? 0
      : typeof slots === "number"
      ? 1
      : slots.length;
  }

  of(player: PlayerId): readonly number[] {
    const slots = this.#slots.get(player);
    return slots === undefined
      ? []
      : typeof slots === "number"
      ? [slots]
      : slots;
  }

  add(player: PlayerId, slot: number): void {
    const slots = this.#slots.get(player);
    if (slots === undefined) this.#slots.set(player, slot);
    else if (typeof slots === "number") this.#slots.set(player, [slots, slot]);
    else slots.push(slot);
  }

  remove(player: PlayerId, slot: number): void {
    const slots = this.#slots.get(player);
    if (typeof slots !== "object") {
      this.#slots.delete(player);
      return;
    }
    const left = slots.filter((it) => it !== slot);
    this.#slots.set(player, left.length === 1 ? left[0]! : left);
  }
}
