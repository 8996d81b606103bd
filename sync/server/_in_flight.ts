// This module is browser compatible.
import { type CoderSet, statesOf } from "../coder/sync_coders.ts";
import type { CoderState } from "../coder/table_coder.ts";
import type { EntityType } from "../schema/define_world.ts";
import { SNAPSHOT_RING } from "../wire/packet_kind.ts";
import { NONE_OWNED } from "../wire/snapshot_header.ts";
import type { EntityId } from "../world/entity_id.ts";
import { HISTORY_TICKS } from "../world/world_history.ts";
import { TypeView } from "./type_view.ts";

/** The most sets of views and of states that are kept for later. */
const MAX_SPARE = 256;

/** A snapshot that was sent: what the client has once it has decoded it. */
export interface Sent {
  sequence: number;
  tick: number;
  isUsed: boolean;
  isAcked: boolean;
  /** What it has of each type; `undefined` if it has all of the tick. */
  views: readonly TypeView[] | undefined;
  /** What the strong coder has learnt with it. */
  states: readonly CoderState[] | undefined;
  /** Which entities it takes for its own. */
  owned: readonly EntityId[];
}

/** What snapshots in flight are made of, used again and again, for all clients. */
export class SentPool {
  readonly #types: readonly EntityType[];
  readonly #views: (readonly TypeView[])[] = [];
  readonly #states = new Map<CoderSet, (readonly CoderState[])[]>();

  constructor(types: readonly EntityType[]) {
    this.#types = types;
  }

  /** Takes views, whatever they hold. */
  takeViews(): readonly TypeView[] {
    return this.#views.pop() ??
      this.#types.map(({ schema }) => new TypeView(schema.maxEntities));
  }

  /** Gives views back. */
  giveViews(views: readonly TypeView[] | undefined): void {
    if (views !== undefined && this.#views.length < MAX_SPARE) {
      this.#views.push(views);
    }
  }

  /** Takes states, whatever they hold; `undefined` from a coder that learns nothing. */
  takeStates(coders: CoderSet): readonly CoderState[] | undefined {
    return this.#states.get(coders)?.pop() ?? statesOf(coders);
  }

  /** Gives states back. */
  giveStates(
    coders: CoderSet,
    states: readonly CoderState[] | undefined,
  ): void {
    if (states === undefined) return;
    let spare = this.#states.get(coders);
    if (spare === undefined) this.#states.set(coders, spare = []);
    if (spare.length < MAX_SPARE) spare.push(states);
  }
}

/** The last snapshots that were sent to a client, and which it has. */
export class InFlight {
  readonly #pool: SentPool;
  readonly #coders: CoderSet;
  readonly #ring: readonly Sent[];
  /** The last ticks that were sent, each at its remainder. */
  readonly #ticks = new Float64Array(HISTORY_TICKS).fill(-1);
  #next = 0;
  #lastTick: number | undefined;
  #acked: Sent | undefined;
  #presumed: Sent | undefined;

  constructor(pool: SentPool, coders: CoderSet) {
    this.#pool = pool;
    this.#coders = coders;
    this.#ring = Array.from({ length: SNAPSHOT_RING }, () => ({
      sequence: 0,
      tick: 0,
      isUsed: false,
      isAcked: false,
      views: undefined,
      states: undefined,
      owned: NONE_OWNED,
    }));
  }

  /** The number of the next snapshot. */
  get next(): number {
    return this.#next;
  }

  /** The newest that the client has, if its tick is worth anything. */
  get acked(): Sent | undefined {
    return this.#acked;
  }

  /** The one without a base that is under way, if its tick is worth anything. */
  get presumed(): Sent | undefined {
    return this.#presumed;
  }

  /** What the next one builds upon: what the client has, or will have. */
  get base(): Sent | undefined {
    return this.#acked ?? this.#presumed;
  }

  /** What was sent last; `undefined` before that. */
  get last(): Sent | undefined {
    const sent = this.#ring[(this.#next - 1 & 0xffff) % SNAPSHOT_RING]!;
    return sent.isUsed ? sent : undefined;
  }

  /** The tick of what was sent last; `undefined` before that. */
  get lastTick(): number | undefined {
    return this.#lastTick;
  }

  /** Whether a snapshot of a tick was sent, as far as the last 64 ticks go. */
  wasSent(tick: number): boolean {
    return tick >= 0 && this.#ticks[tick % HISTORY_TICKS] === tick;
  }

  /** How many numbers before the next one the base is. */
  get baseAge(): number {
    const { base } = this;
    return base === undefined ? 0 : this.#next - base.sequence & 0xffff;
  }

  /**
   * Takes note of a snapshot that was sent; what it has belongs here from now on.
   *
   * @param tick Its tick.
   * @param views What the client has with it.
   * @param states What was learnt with it.
   * @param owned Which entities the client takes for its own with it.
   * @param isFull Whether it has no base: then it is one for those that follow.
   */
  push(
    tick: number,
    views: readonly TypeView[] | undefined,
    states: readonly CoderState[] | undefined,
    owned: readonly EntityId[],
    isFull = false,
  ): void {
    const sent = this.#ring[this.#next % SNAPSHOT_RING]!;
    this.#forget(sent);
    sent.sequence = this.#next;
    sent.tick = tick;
    sent.isUsed = true;
    sent.isAcked = false;
    sent.views = views;
    sent.states = states;
    sent.owned = owned;
    this.#ticks[tick % HISTORY_TICKS] = tick;
    if (isFull) this.#presumed = sent;
    this.#next = this.#next + 1 & 0xffff;
    this.#lastTick = tick;
  }

  /**
   * Takes what a client says that it has.
   *
   * @returns Whether any of it is new.
   */
  ack(newest: number, mask: number): boolean {
    let isNew = this.#ackOne(newest);
    for (let left = mask; left !== 0;) {
      const bit = left & -left;
      left ^= bit;
      if (this.#ackOne(newest - 32 + Math.clz32(bit) & 0xffff)) isNew = true;
    }
    return isNew;
  }

  /** Forgets the bases that are of ticks before one. */
  forgetBefore(tick: number): void {
    const acked = this.#acked;
    if (acked !== undefined && acked.tick < tick) this.#forget(acked);
    const presumed = this.#presumed;
    if (presumed !== undefined && presumed.tick < tick) this.#forget(presumed);
  }

  /** Forgets all that the client has, or may have; what is presumed is still to come. */
  forgetAcked(): void {
    for (const sent of this.#ring) {
      if (sent !== this.#presumed) this.#forget(sent);
    }
  }

  /** Forgets everything. */
  clear(): void {
    for (const sent of this.#ring) this.#forget(sent);
  }

  #ackOne(sequence: number): boolean {
    const sent = this.#ring[sequence % SNAPSHOT_RING]!;
    if (!sent.isUsed || sent.sequence !== sequence || sent.isAcked) {
      return false;
    }
    sent.isAcked = true;
    // What is older than the base is of no use any more, and is given back already.
    this.#acked = sent;
    for (const other of this.#ring) {
      if (other.isUsed && (sequence - other.sequence << 16) > 0) {
        this.#forget(other);
      }
    }
    if (sent === this.#presumed) this.#presumed = undefined;
    return true;
  }

  #forget(sent: Sent): void {
    if (sent === this.#acked) this.#acked = undefined;
    if (sent === this.#presumed) this.#presumed = undefined;
    sent.isUsed = false;
    this.#pool.giveViews(sent.views);
    this.#pool.giveStates(this.#coders, sent.states);
    sent.views = undefined;
    sent.states = undefined;
    sent.owned = NONE_OWNED;
  }
}
