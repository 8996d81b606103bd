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
const INDEXED = 13;
const STATE = 56;
const PARTY_SIZE = 57;
const NEAREST = 58;
const USES = 15;

/**
 * All tickets of a queue. Matching meets them in the order of their skill, which is no order
 * of the memory: what it reads of a ticket is therefore together, in a row. A slot is used
 * again only once no mode's index mentions it.
 */
export class TicketTable {
  readonly regions: number;
  /** Slots that were ever used: 0 to `top` - 1. */
  top = 0;
  /** Tickets in use. */
  size = 0;
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
    return this.#words[slot * WORDS + INDEXED]!;
  }

  setIndexed(slot: number, bits: number): void {
    this.#words[slot * WORDS + INDEXED] = bits;
  }

  state(slot: number): number {
    return this.#bytes[slot * BYTES + STATE]!;
  }

  setState(slot: number, state: number): void {
    this.#bytes[slot * BYTES + STATE] = state;
  }

  partySize(slot: number): number {
    return this.#bytes[slot * BYTES + PARTY_SIZE]!;
  }

  setPartySize(slot: number, size: number): void {
    this.#bytes[slot * BYTES + PARTY_SIZE] = size;
  }

  /** Number of the region with the least latency. */
  nearest(slot: number): number {
    return this.#bytes[slot * BYTES + NEAREST]!;
  }

  setNearest(slot: number, region: number): void {
    this.#bytes[slot * BYTES + NEAREST] = region;
  }

  /** Takes a slot, whose columns the caller fills. */
  take(): number {
    const slot = this.#freeCount > 0
      ? this.#free[--this.#freeCount]!
      : this.top++;
    if (slot === this.length) this.#grow();
    this.size++;
    this.#words[slot * WORDS + USES]!++;
    return slot;
  }

  /** Ends a ticket: its id is none from now on. */
  remove(slot: number): void {
    this.size--;
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
    return (this.#words[slot * WORDS + USES]! * MAX_TICKETS + slot) as TicketId;
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
    const floats = new Float64Array(length * FLOATS);
    floats.set(this.#floats);
    this.#floats = floats;
    this.#words = new Int32Array(floats.buffer);
    this.#bytes = new Uint8Array(floats.buffer);
    const latency = new Float32Array(length * this.regions);
    latency.set(this.latency);
    this.latency = latency;
    const free = new Int32Array(length);
    free.set(this.#free);
    this.#free = free;
    const retired = new Int32Array(length);
    retired.set(this.#retired);
    this.#retired = retired;
    const holds = new Uint16Array(length);
    holds.set(this.holds);
    this.holds = holds;
  }
}
