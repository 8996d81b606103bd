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

/** Places of a row: eight doubles, one line of a processor's cache. */
const FLOATS = 8;
const WORDS = 16;
const BYTES = 64;
const ARRIVED = 0;
const EXPIRES = 1;
const UNCERTAINTY = 2;
const MEAN_SKILL = 3;
const HIGHEST_SKILL = 4;
const TOTAL_SKILL = 5;
const MODES = 12;
const PARTY_SIZE = 52;

/**
 * All tickets of a queue. What is read of a ticket together is together, in a row. What a
 * tick reads or writes of each that it matches is in columns of its own: it meets them in the
 * order of their skill, which is no order of the memory, and columns are small enough for a
 * processor's cache where rows are not. A slot is used again only once no mode's index
 * mentions it.
 */
export class TicketTable {
  readonly regions: number;
  /** Slots that were ever used: 0 to `top` - 1. */
  top = 0;
  /** Tickets in use. */
  size = 0;
  /** Tickets that have ended since the queue began. */
  ended = 0;
  /** Slots there is room for. */
  length = FIRST_SLOTS;
  /** In ms, a place a region; infinite where the party cannot play. */
  latency: Float32Array;
  /** How many reserved tickets hold a slot. */
  holds = new Uint16Array(FIRST_SLOTS);
  /** Parties; that of an ended ticket stays until its slot is used again. */
  players: (readonly PlayerId[])[] = [];
  /** Bits of the maps it would play, a number a mode; `undefined` if all of all. */
  maps: (Int32Array | undefined)[] = [];
  #floats = new Float64Array(FIRST_SLOTS * FLOATS);
  #states = new Uint8Array(FIRST_SLOTS);
  #uses = new Int32Array(FIRST_SLOTS);
  #indexed = new Int32Array(FIRST_SLOTS);
  #nearest = new Uint8Array(FIRST_SLOTS);
  #words = new Int32Array(this.#floats.buffer);
  #bytes = new Uint8Array(this.#floats.buffer);
  #free = new Int32Array(FIRST_SLOTS);
  #freeCount = 0;
  #retired = new Int32Array(FIRST_SLOTS);
  #retiredCount = 0;

  constructor(regions: number) {
    this.regions = regions;
    this.latency = new Float32Array(FIRST_SLOTS * regions);
  }

  /** When it began to wait, in seconds of the queue's time. */
  arrived(slot: number): number {
    return this.#floats[slot * FLOATS + ARRIVED]!;
  }

  /** When it expires, in seconds of the queue's time. */
  expires(slot: number): number {
    return this.#floats[slot * FLOATS + EXPIRES]!;
  }

  setTimes(slot: number, arrived: number, expires: number): void {
    this.#floats[slot * FLOATS + ARRIVED] = arrived;
    this.#floats[slot * FLOATS + EXPIRES] = expires;
  }

  /** Largest of the members' uncertainties. */
  uncertainty(slot: number): number {
    return this.#floats[slot * FLOATS + UNCERTAINTY]!;
  }

  meanSkill(slot: number): number {
    return this.#floats[slot * FLOATS + MEAN_SKILL]!;
  }

  highestSkill(slot: number): number {
    return this.#floats[slot * FLOATS + HIGHEST_SKILL]!;
  }

  /** Sum of the members' skills. */
  totalSkill(slot: number): number {
    return this.#floats[slot * FLOATS + TOTAL_SKILL]!;
  }

  setSkills(
    slot: number,
    mean: number,
    highest: number,
    total: number,
    uncertainty: number,
  ): void {
    this.#floats[slot * FLOATS + MEAN_SKILL] = mean;
    this.#floats[slot * FLOATS + HIGHEST_SKILL] = highest;
    this.#floats[slot * FLOATS + TOTAL_SKILL] = total;
    this.#floats[slot * FLOATS + UNCERTAINTY] = uncertainty;
  }

  /** Bits of the modes it would play. */
  modes(slot: number): number {
    return this.#words[slot * WORDS + MODES]!;
  }

  setModes(slot: number, bits: number): void {
    this.#words[slot * WORDS + MODES] = bits;
  }

  /** Bits of the modes whose index mentions the slot. */
  indexed(slot: number): number {
    return this.#indexed[slot]!;
  }

  setIndexed(slot: number, bits: number): void {
    this.#indexed[slot] = bits;
  }

  state(slot: number): number {
    return this.#states[slot]!;
  }

  setState(slot: number, state: number): void {
    this.#states[slot] = state;
  }

  partySize(slot: number): number {
    return this.#bytes[slot * BYTES + PARTY_SIZE]!;
  }

  setPartySize(slot: number, size: number): void {
    this.#bytes[slot * BYTES + PARTY_SIZE] = size;
  }

  /** Number of the region with the least latency. */
  nearest(slot: number): number {
    return this.#nearest[slot]!;
  }

  setNearest(slot: number, region: number): void {
    this.#nearest[slot] = region;
  }

  /** Takes a slot, whose columns the caller fills. */
  take(): number {
    const slot = this.#freeCount > 0
      ? this.#free[--this.#freeCount]!
      : this.top++;
    if (slot === this.length) this.#grow();
    this.size++;
    this.#uses[slot]!++;
    return slot;
  }

  /** Ends a ticket: its id is none from now on. */
  remove(slot: number): void {
    this.size--;
    this.ended++;
    this.setState(slot, FREE);
    this.#retired[this.#retiredCount++] = slot;
  }

  /** Frees the slots of ended tickets, once no index mentions them any more. */
  reuseRetired(): void {
    for (let i = 0; i < this.#retiredCount; i++) {
      const slot = this.#retired[i]!;
      this.holds[slot] = 0;
      this.#free[this.#freeCount++] = slot;
    }
    this.#retiredCount = 0;
  }

  idOf(slot: number): TicketId {
    return (this.#uses[slot]! * MAX_TICKETS + slot) as TicketId;
  }

  /** The slot of a ticket, or -1 if there is no such ticket. */
  slotOf(id: TicketId): number {
    const slot = id % MAX_TICKETS;
    return slot < this.top && this.state(slot) !== FREE &&
        this.idOf(slot) === id
      ? slot
      : -1;
  }

  #grow(): void {
    const length = this.length * 2;
    this.length = length;
    const floats = grown(this.#floats, new Float64Array(length * FLOATS));
    this.#floats = floats;
    this.#words = new Int32Array(floats.buffer);
    this.#bytes = new Uint8Array(floats.buffer);
    this.latency = grown(
      this.latency,
      new Float32Array(length * this.regions),
    );
    this.#free = grown(this.#free, new Int32Array(length));
    this.#retired = grown(this.#retired, new Int32Array(length));
    this.holds = grown(this.holds, new Uint16Array(length));
    this.#states = grown(this.#states, new Uint8Array(length));
    this.#uses = grown(this.#uses, new Int32Array(length));
    this.#indexed = grown(this.#indexed, new Int32Array(length));
    this.#nearest = grown(this.#nearest, new Uint8Array(length));
  }
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
