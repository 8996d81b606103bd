// This module is browser compatible.
import { TokenBucket } from "../../core/mod.ts";
import type { Contract, MessageLink } from "../../protocol/mod.ts";
import type { CoderSet } from "../coder/sync_coders.ts";
import type { EntityType } from "../schema/define_world.ts";
import { Greeting } from "../wire/greeting.ts";
import { MAX_SNAPSHOT_BYTES } from "../wire/packet_kind.ts";
import { NONE_OWNED } from "../wire/snapshot_header.ts";
import type { Report } from "../wire/report.ts";
import { StampEcho } from "../wire/stamp_echo.ts";
import { bitSet, setBit } from "../world/bit_set.ts";
import { type EntityId, slotOfId, typeOfId } from "../world/entity_id.ts";
import { HISTORY_TICKS } from "../world/world_history.ts";
import { InFlight, type Sent, type SentPool } from "./_in_flight.ts";
import type { Recipient } from "./_message_builder.ts";
import type { InterestFilter } from "./interest.ts";
import type { SyncPeer } from "./sync_peer.ts";

/** What a client's end is made with, checked. */
export interface ClientForm {
  readonly id: number;
  readonly link: MessageLink;
  readonly isSpectator: boolean;
  readonly isStrong: boolean;
  readonly coders: CoderSet;
  readonly sendRate: number;
  readonly bytesPerSecond: number;
  readonly messageBytes: number;
  readonly reportsPerSecond: number;
  readonly handshakeTimeoutMs: number;
  readonly filters: readonly InterestFilter[];
  /** The priority of each type; `undefined` if it is asked for each entity. */
  readonly weights: readonly number[] | undefined;
  readonly priorityOf: (peer: SyncPeer, type: number, slot: number) => number;
}

/** Malformed messages that a client may send before it is disconnected, and per second. */
const MALFORMED_BURST = 16;
const MALFORMED_PER_SECOND = 1;
const FIRST_BYTES_PER_ENTITY = 12;
/**
 * Times that a client may lose all that it had, and per second: a report of a few bytes
 * makes the server send everything.
 */
const RESTART_BURST = 4;
const RESTARTS_PER_SECOND = 1;
/** The longest wait until a first snapshot that nobody has acknowledged is sent again. */
const MAX_AGAIN_TICKS = 4 * HISTORY_TICKS;
const MAX_AGAIN_MS = 4_000;

/** All that a server keeps of one client. */
export class ClientEnd implements SyncPeer, Recipient {
  readonly form: ClientForm;
  readonly greeting: Greeting;
  readonly inFlight: InFlight;
  readonly echo: StampEcho = new StampEcho();
  readonly reports: TokenBucket;
  readonly malformed: TokenBucket = new TokenBucket({
    capacity: MALFORMED_BURST,
    refillPerSecond: MALFORMED_PER_SECOND,
  });
  readonly restarts: TokenBucket = new TokenBucket({
    capacity: RESTART_BURST,
    refillPerSecond: RESTARTS_PER_SECOND,
  });
  readonly waited: (Float32Array | undefined)[] = [];
  /** What it is to see, and was to see before; nothing if it sees everything. */
  readonly interest: readonly Uint32Array[] | undefined;
  readonly interestBefore: readonly Uint32Array[] | undefined;
  /** Its own entities, ascending; another list when they change. */
  owned: readonly EntityId[] = NONE_OWNED;
  ownedWait = 0;
  bytesPerEntity = FIRST_BYTES_PER_ENTITY;
  bytesIn = 0;
  bytesOut = 0;
  /** Bytes that may be sent. */
  allowance: number;
  /** Seconds until the next snapshot is due. */
  dueIn = 0;
  /** The tick of a snapshot without a base that may be under way; -1 if none is. */
  #awaitedTick = -1;
  /** When that was sent, by the simulation. */
  #awaitedMs = 0;
  /** How many were sent since anything was acknowledged. */
  #tries = 0;
  /** The newest stamp of a report that acknowledged something. */
  #ackedStamp: number | undefined;
  /** Snapshots until the next checksum. */
  untilChecksum = 0;
  isClosed = false;
  /** How many of its two or three events were told. */
  eventsTold = 0;
  last: Sent | undefined;
  readonly sink: (bytes: Uint8Array) => void;

  constructor(
    form: ClientForm,
    contract: Contract,
    types: readonly EntityType[],
    pool: SentPool,
    receive: (end: ClientEnd, bytes: Uint8Array) => void,
  ) {
    const { filters, bytesPerSecond, messageBytes } = form;
    this.form = form;
    this.greeting = new Greeting(contract);
    this.inFlight = new InFlight(pool, form.coders);
    this.reports = new TokenBucket({
      capacity: Math.max(1, Math.ceil(form.reportsPerSecond)),
      refillPerSecond: form.reportsPerSecond,
    });
    this.allowance = Math.max(bytesPerSecond, messageBytes);
    if (filters.length > 0) {
      this.interest = types.map(({ schema }) => bitSet(schema.maxEntities));
      this.interestBefore = types.map(({ schema }) =>
        bitSet(schema.maxEntities)
      );
    }
    this.sink = (bytes) => receive(this, bytes);
  }

  get id(): number {
    return this.form.id;
  }

  get link(): MessageLink {
    return this.form.link;
  }

  get isReady(): boolean {
    return this.greeting.isReady && !this.isClosed;
  }

  get isSpectator(): boolean {
    return this.form.isSpectator;
  }

  get ackedTick(): number | undefined {
    return this.inFlight.acked?.tick;
  }

  get sentTick(): number | undefined {
    return this.inFlight.lastTick;
  }

  wasSent(tick: number): boolean {
    return this.inFlight.wasSent(tick);
  }

  /** Lets it see its own entities, whatever its filters say. */
  seeOwned(): void {
    for (const id of this.owned) {
      setBit(this.interest![typeOfId(id)]!, slotOfId(id));
    }
  }

  get coders(): CoderSet {
    return this.form.coders;
  }

  get base(): Sent | undefined {
    return this.inFlight.base;
  }

  /** The most bytes of any message. */
  get hardBytes(): number {
    return Math.min(this.link.maxMessageBytes, MAX_SNAPSHOT_BYTES);
  }

  /**
   * Takes what a report says of snapshots.
   *
   * @returns Whether it has nothing any more of what it had, so that all begins anew.
   */
  hear(
    { hasAcks, newest, mask, sentStamp }: Report,
    nowMs: number,
  ): boolean {
    const { inFlight } = this;
    const isLater = this.#ackedStamp === undefined ||
      (sentStamp - this.#ackedStamp | 0) > 0;
    if (hasAcks) {
      if (isLater) this.#ackedStamp = sentStamp;
      // What is older than the first snapshot does not ask for another one: a client that
      // tells of it bit by bit would get one each time.
      if (
        inFlight.ack(newest, mask) &&
        inFlight.acked!.tick >= this.#awaitedTick
      ) {
        this.#awaitedTick = -1;
        this.#tries = 0;
      }
      return false;
    }
    // One from before it had anything may come late.
    if (!isLater || inFlight.acked === undefined) return false;
    // Too often, and the base is used until it leaves the history.
    if (!this.restarts.tryTake(1, nowMs)) return false;
    inFlight.forgetAcked();
    return true;
  }

  /**
   * Whether a snapshot without a base may be sent: one at a time, and as long as nothing
   * is acknowledged, each time later.
   */
  mayBegin(tick: number, nowMs: number): boolean {
    if (this.#awaitedTick < 0) return true;
    const ticks = Math.min(
      MAX_AGAIN_TICKS,
      HISTORY_TICKS * 2 ** (this.#tries - 1),
    );
    return tick - this.#awaitedTick >= ticks &&
      nowMs - this.#awaitedMs >= Math.min(2 * this.link.rttMs, MAX_AGAIN_MS);
  }

  /** Takes note of a snapshot without a base that was sent. */
  awaitFirst(tick: number, nowMs: number): void {
    this.#awaitedTick = tick;
    this.#awaitedMs = nowMs;
    this.#tries++;
  }

  get weights(): readonly number[] | undefined {
    return this.form.weights;
  }

  priorityOf(type: number, slot: number): number {
    return this.form.priorityOf(this, type, slot);
  }

  /** Lets time pass; returns whether a snapshot is due. */
  advance(dt: number): boolean {
    const { bytesPerSecond, messageBytes, sendRate } = this.form;
    this.allowance = Math.min(
      Math.max(bytesPerSecond, messageBytes),
      this.allowance + dt * bytesPerSecond,
    );
    this.dueIn -= dt;
    // Ticks and the send interval do not divide each other to the bit.
    if (this.dueIn > 1e-9) return false;
    this.dueIn = Math.max(0, this.dueIn + 1 / sendRate);
    return true;
  }
}
