// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { TicketId } from "./ticket.ts";

/** Tickets that a table has at most: a slot's number and its use make one safe integer. */
export const MAX_TICKETS = 1 << 20;
const FIRST_SLOTS = 256;

/** States of a slot. */
export const FREE = 0;
export const WAITING = 1;
/** A proposal holds the ticket. */
export const RESERVED = 2;
/** A proposal holds another ticket of one of its players. */
export const HELD = 3;

/**
 * All tickets of a queue, a column an attribute. A slot is used again only once no mode's
 * index mentions it.
 */
export class TicketTable {
  readonly regions: number;
  /** Slots that were ever used: 0 to `top` - 1. */
  top = 0;
  /** Tickets in use. */
  size = 0;
  state = new Uint8Array(FIRST_SLOTS);
  partySize = new Uint8Array(FIRST_SLOTS);
  /** In seconds of the queue's time. */
  arrived = new Float64Array(FIRST_SLOTS);
  expires = new Float64Array(FIRST_SLOTS);
  /** Largest of the members' uncertainties. */
  uncertainty = new Float64Array(FIRST_SLOTS);
  meanSkill = new Float64Array(FIRST_SLOTS);
  highestSkill = new Float64Array(FIRST_SLOTS);
  /** Sum of the members' skills. */
  totalSkill = new Float64Array(FIRST_SLOTS);
  /** In ms, a place a region; infinite where the party cannot play. */
  latency: Float32Array;
  /** Bits of the modes it would play. */
  modes = new Int32Array(FIRST_SLOTS);
  /** Bits of the modes whose index mentions the slot. */
  indexed = new Int32Array(FIRST_SLOTS);
  /** How many reserved tickets hold it. */
  holds = new Uint16Array(FIRST_SLOTS);
  players: (readonly PlayerId[])[] = [];
  /** Bits of the maps it would play, a number a mode; `undefined` if all of all. */
  maps: (Int32Array | undefined)[] = [];
  #uses = new Float64Array(FIRST_SLOTS);
  readonly #free: number[] = [];
  readonly #retired: number[] = [];

  constructor(regions: number) {
    this.regions = regions;
    this.latency = new Float32Array(FIRST_SLOTS * regions);
  }

  /** Takes a slot, whose columns the caller fills. */
  take(): number {
    const slot = this.#free.pop() ?? this.top++;
    if (slot === this.state.length) this.#grow();
    this.size++;
    this.#uses[slot]!++;
    return slot;
  }

  /** Ends a ticket: its id is none from now on. */
  remove(slot: number): void {
    this.size--;
    this.state[slot] = FREE;
    this.players[slot] = [];
    this.maps[slot] = undefined;
    this.#retired.push(slot);
  }

  /** Frees the slots of ended tickets, once no index mentions them any more. */
  reuseRetired(): void {
    for (const slot of this.#retired) {
      this.holds[slot] = 0;
      this.#free.push(slot);
    }
    this.#retired.length = 0;
  }

  idOf(slot: number): TicketId {
    return (this.#uses[slot]! * MAX_TICKETS + slot) as TicketId;
  }

  /** The slot of a ticket, or -1 if there is no such ticket. */
  slotOf(id: TicketId): number {
    const slot = id % MAX_TICKETS;
    return slot < this.top && this.state[slot] !== FREE &&
        this.idOf(slot) === id
      ? slot
      : -1;
  }

  #grow(): void {
    const length = this.state.length * 2;
    this.state = copied(this.state, new Uint8Array(length));
    this.partySize = copied(this.partySize, new Uint8Array(length));
    this.arrived = copied(this.arrived, new Float64Array(length));
    this.expires = copied(this.expires, new Float64Array(length));
    this.uncertainty = copied(this.uncertainty, new Float64Array(length));
    this.meanSkill = copied(this.meanSkill, new Float64Array(length));
    this.highestSkill = copied(this.highestSkill, new Float64Array(length));
    this.totalSkill = copied(this.totalSkill, new Float64Array(length));
    this.latency = copied(
      this.latency,
      new Float32Array(length * this.regions),
    );
    this.modes = copied(this.modes, new Int32Array(length));
    this.indexed = copied(this.indexed, new Int32Array(length));
    this.holds = copied(this.holds, new Uint16Array(length));
    this.#uses = copied(this.#uses, new Float64Array(length));
  }
}

function copied<
  T extends Uint8Array | Uint16Array | Int32Array | Float32Array | Float64Array,
>(from: T, to: T): T {
  to.set(from);
  return to;
}
