// This module is browser compatible.
import {
  checkFinite,
  type Clock,
  type Metric,
  SystemClock,
} from "../../core/mod.ts";
import { ByteWriter, Channel, type MessageLink } from "../../protocol/mod.ts";
import { toStamp } from "../clock/stamp.ts";
import { CoderSets } from "../coder/sync_coders.ts";
import type { EntitySchemas, WorldSchema } from "../schema/define_world.ts";
import type { EntityTable } from "../snapshot/entity_table.ts";
import { Greeting, TOO_LATE } from "../wire/greeting.ts";
import { type InputFeedback, LEAD_STEPS } from "../wire/input_feedback.ts";
import {
  MAX_REPORT_INPUT_BYTES,
  MIN_LINK_BYTES,
  SyncPacketKind,
} from "../wire/packet_kind.ts";
import { Report } from "../wire/report.ts";
import { NONE_OWNED } from "../wire/snapshot_header.ts";
import { StampEcho } from "../wire/stamp_echo.ts";
import { hasBit } from "../world/bit_set.ts";
import { type EntityId, slotOfId, typeOfId } from "../world/entity_id.ts";
import type { ValuesOf } from "../world/entity_store.ts";
import {
  holdsEntity,
  idsOf,
  readEntity,
  typeNamed,
} from "../world/table_entities.ts";
import { ClientCounters } from "./_counters.ts";
import { EntityNews } from "./_entity_news.ts";
import { ShownTables } from "./_shown_tables.ts";
import { type DecodeResult, SnapshotDecoder } from "./_snapshot_decoder.ts";
import type { SyncClientEvent } from "./sync_client_event.ts";
import type { SyncClientOptions, TimeSample } from "./sync_client_options.ts";
import { SnapshotRing, type WorldSnapshot } from "./world_snapshot.ts";

/** Stands in the queue for what is found by comparing. */
const NEWS = "news";
/** Stands there for what the client's own entities are by then. */
const OWNED = "owned";

/**
 * A client's end of a world: it has what the server sends of the entities, and tells it
 * what has come.
 *
 * The game calls {@linkcode SyncClient.tick} once a frame and drains the events. Nothing
 * that has come is used before all of it was checked: every number is within its range,
 * every rotation is one, and every text and list is what its field allows.
 *
 * @typeParam W The types of entities.
 *
 * @example What comes and goes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryLinkPair, u8 } from "@tickwire/net/protocol";
 * import { defineEntity, defineWorld, SyncClient, SyncServer } from "@tickwire/net/sync";
 *
 * const world = defineWorld({ door: defineEntity({ state: u8 }) });
 * const pair = new MemoryLinkPair();
 * const server = new SyncServer(world);
 * server.connect(pair.a);
 * const client = new SyncClient(world, pair.b);
 *
 * const id = server.entities.spawn("door", { state: 1 })!;
 * const told: string[] = [];
 * for (let frame = 0; frame < 30; frame++) {
 *   if (frame === 20) server.entities.despawn(id);
 *   server.tick(1 / 60);
 *   client.tick(1 / 60);
 *   for (const event of client.drainEvents()) told.push(event.type);
 * }
 * assertEquals(told, ["connected", "entitySpawned", "entityDespawned"]);
 * ```
 */
export class SyncClient<W extends EntitySchemas = EntitySchemas> {
  /** What the entities are. */
  readonly world: WorldSchema<W>;
  readonly #link: MessageLink;
  readonly #options: SyncClientOptions;
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #handshakeTimeoutMs: number;
  readonly #greeting: Greeting;
  readonly #ring: SnapshotRing;
  readonly #decoder: SnapshotDecoder;
  readonly #shown: ShownTables;
  readonly #news: EntityNews;
  /** At most two of `NEWS`, and one of each other kind. */
  readonly #queue: (SyncClientEvent | typeof NEWS | typeof OWNED)[] = [];
  readonly #echo = new StampEcho();
  readonly #report = new Report();
  readonly #writer = new ByteWriter();
  readonly #inputs = new ByteWriter({ maxBytes: MAX_REPORT_INPUT_BYTES });
  readonly #sample: { -readonly [K in keyof TimeSample]: TimeSample[K] } = {
    sent: 0,
    received: 0,
    tick: 0,
    echo: undefined,
    held: 0,
    input: undefined,
  };
  readonly #feedback: InputFeedback = { tick: 0, lead: 0 };
  readonly #counters = new ClientCounters();
  /** Seconds until the next report is due. */
  #dueIn = 0;
  #owned: readonly EntityId[] = NONE_OWNED;
  #isConnectedTold = false;
  #isDesynced = false;
  #isEnded = false;
  #isTicking = false;

  /**
   * Creates a client.
   *
   * @param world What the entities are; the same at the server.
   * @param link The link to the server, which nothing else polls.
   * @param options Rates and hooks.
   * @throws {RangeError} If an option is out of its range, or the link takes messages of
   * less than 256 bytes.
   */
  constructor(
    world: WorldSchema<W>,
    link: MessageLink,
    options: SyncClientOptions = {},
  ) {
    const { reportRate = 60, clock = new SystemClock() } = options;
    if (link.state.type === "open" && link.maxMessageBytes < MIN_LINK_BYTES) {
      throw new RangeError(
        `Cannot connect as the link's maxMessageBytes must be >= ${MIN_LINK_BYTES}: current value is ${link.maxMessageBytes}`,
      );
    }
    const { types } = world;
    this.world = world;
    this.#link = link;
    this.#options = options;
    this.#clock = clock;
    this.#interval = 1 / checkFinite("reportRate", reportRate);
    this.#handshakeTimeoutMs = checkFinite(
      "handshakeTimeoutMs",
      options.handshakeTimeoutMs ?? 10_000,
    );
    this.#greeting = new Greeting(world.contract);
    this.#ring = new SnapshotRing(types);
    this.#decoder = new SnapshotDecoder(
      types,
      new CoderSets(types, options.coders),
      this.#ring,
    );
    this.#shown = new ShownTables(types);
    this.#news = new EntityNews(types);
  }

  /** Whether the handshake is over, and the link open. */
  get isReady(): boolean {
    return this.#greeting.isReady && !this.#isEnded;
  }

  /** The newest snapshot that has come; `undefined` before the first. */
  get newest(): WorldSnapshot | undefined {
    return this.#ring.newest;
  }

  /**
   * The newest that is known of each entity: tables by the numbers of the types, to be
   * read until the next tick.
   */
  get tables(): readonly EntityTable[] {
    return this.#shown.tables;
  }

  /**
   * The entities that are this client's own, as `SyncServer.own` says, and are there:
   * what it is to predict, and to be drawn from. Ascending; another list when it changes.
   */
  get owned(): readonly EntityId[] {
    return this.#owned;
  }

  /** The bytes of all that has come. */
  get bytesIn(): number {
    return this.#counters.bytesIn;
  }

  /** The bytes of all reports that were sent. */
  get bytesOut(): number {
    return this.#counters.bytesOut;
  }

  /**
   * Iterates over the last snapshots, up to 64, from the oldest to the newest. Those
   * that were lost are not among them.
   *
   * @returns An iterator, to be used before the next tick.
   */
  snapshots(): IterableIterator<WorldSnapshot> {
    return this.#ring.values();
  }

  /**
   * Looks a snapshot up.
   *
   * @param sequence Its number.
   * @returns The snapshot; `undefined` if it is not among the last 64, or was lost.
   */
  snapshot(sequence: number): WorldSnapshot | undefined {
    return this.#ring.get(sequence);
  }

  /**
   * Looks up what there was at a moment that is drawn: see {@linkcode SyncClient.get}.
   *
   * @param tick The moment in ticks, such as `Timelines.renderTick`; a fraction too.
   * @returns The newest of the last 64 snapshots that is not after it; `undefined` if
   * there is none.
   */
  snapshotAt(tick: number): WorldSnapshot | undefined {
    return this.#ring.before(tick);
  }

  /** Whether there is such an entity. */
  has(id: EntityId): boolean {
    const type = typeOfId(id);
    const table = this.tables[type];
    return table !== undefined && holdsEntity(table, type, id);
  }

  /**
   * Whether there is such an entity, and it is as it was at the tick of the newest
   * snapshot: not so if that is partial and had nothing new of it.
   */
  isFresh(id: EntityId): boolean {
    const stale = this.newest?.stale[typeOfId(id)];
    return stale !== undefined && this.has(id) && !hasBit(stale, slotOfId(id));
  }

  /**
   * Tells the values of an entity.
   *
   * @param id The entity.
   * @param type The name of its type.
   * @param snapshot As of which snapshot of this client, such as that of
   * {@linkcode SyncClient.snapshotAt}; the newest that have come if left out.
   * @returns Values that belong to the caller; `undefined` if there is no such entity of
   * that type (any more).
   * @throws {RangeError} If there is no such type.
   */
  get<N extends keyof W & string>(
    id: EntityId,
    type: N,
    snapshot?: WorldSnapshot,
  ): ValuesOf<W, N> | undefined {
    const own = typeNamed(this.world, type);
    const table = (snapshot?.tables ?? this.tables)[own.number]!;
    if (!holdsEntity(table, own.number, id)) return undefined;
    return readEntity(own, table, slotOfId(id)) as ValuesOf<W, N>;
  }

  /**
   * Tells the entities of a type, in the order of their places.
   *
   * @param type The name of the type.
   * @returns Their ids.
   * @throws {RangeError} If there is no such type.
   */
  ids<N extends keyof W & string>(type: N): IterableIterator<EntityId> {
    const { number } = typeNamed(this.world, type);
    return idsOf(this.tables[number]!, number);
  }

  /**
   * Moves on by a frame: takes in what has come, has the game play, and reports.
   *
   * @param dt The time in seconds: finite, 0 or more.
   * @param play Draws what has come and adds inputs, which leave with this report; if
   * left out, they are as the game has left them before the call.
   * @throws {RangeError} If it is not.
   * @throws {TypeError} If it is called from one of the game's hooks.
   */
  tick(dt: number, play?: () => void): void {
    if (!(dt >= 0 && dt < Infinity)) {
      throw new RangeError(
        `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    if (this.#isTicking) {
      throw new TypeError(
        "Cannot tick as no tick must be under way: current call is inside of one",
      );
    }
    this.#isTicking = true;
    try {
      if (!this.#isEnded) this.#poll(dt);
      play?.();
      this.#dueIn -= dt;
      // Ticks and the interval do not divide each other to the bit.
      if (this.#isEnded || this.#dueIn > 1e-9 || !this.isReady) return;
      this.#dueIn = Math.max(0, this.#dueIn + this.#interval);
      this.#sendReport();
    } finally {
      this.#isTicking = false;
    }
  }

  /**
   * Iterates over the events that wait, and removes them. What comes up meanwhile waits
   * for the next call.
   *
   * @param budgetMs How long it may take, in milliseconds: 0 or more.
   * @returns An iterator, to be used once.
   * @throws {RangeError} If `budgetMs` is negative or NaN.
   */
  drainEvents(
    budgetMs = Infinity,
  ): IterableIterator<SyncClientEvent<keyof W & string>> {
    if (!(budgetMs >= 0)) {
      throw new RangeError(
        `Cannot drain events as budgetMs must be >= 0: current value is ${budgetMs}`,
      );
    }
    return this.#drain(budgetMs);
  }

  /**
   * Takes the oldest event.
   *
   * @returns The event; `undefined` if none waits.
   */
  pollEvent(): SyncClientEvent<keyof W & string> | undefined {
    while (this.#queue.length > 0) {
      const event = this.#take();
      if (event !== undefined) return event;
    }
    return undefined;
  }

  /**
   * Closes the link.
   *
   * @param reason Why, for the server.
   */
  close(reason = "closed"): void {
    this.#end(reason);
  }

  /**
   * What it has counted.
   *
   * @returns The metrics, to be rendered by `renderOpenMetrics`.
   */
  metrics(): IterableIterator<Metric> {
    return this.#counters.metrics();
  }

  #poll(dt: number): void {
    const link = this.#link;
    const greeting = this.#greeting;
    if (!greeting.flush(link)) {
      return this.#end(
        `its messages must have room for ${MIN_LINK_BYTES} bytes`,
      );
    }
    link.poll(this.#receive);
    if (!this.#isEnded) greeting.flush(link);
    const { state } = link;
    if (state.type === "closed") this.#end(state.reason);
    else if (greeting.isLate(dt, link, this.#handshakeTimeoutMs)) {
      this.#end(TOO_LATE);
    }
  }

  readonly #receive = (bytes: Uint8Array): void => {
    // An earlier message may have ended it.
    if (this.#isEnded) return;
    const counters = this.#counters;
    counters.bytesIn += bytes.length;
    if (bytes[0] === SyncPacketKind.Handshake && !this.isReady) {
      return this.#greeted(bytes);
    }
    if (!this.#greeting.isOver) counters.faults.early++;
    else if (bytes[0] !== SyncPacketKind.Snapshot) counters.faults.kind++;
    else this.#decoded(this.#decoder.read(bytes));
  };

  #greeted(bytes: Uint8Array): void {
    const step = this.#greeting.receive(bytes, this.#link);
    switch (step.type) {
      case "waiting":
        return;
      case "ready":
        return this.#tellConnected();
      case "differs": {
        const { differences, message } = step;
        this.#queue.push({ type: "refused", differences, message });
        // The other end names what differs by what waits here.
        this.#greeting.flush(this.#link);
        return this.#end(message);
      }
      case "malformed":
        return this.#end(step.message);
    }
  }

  #tellConnected(): void {
    if (this.#isConnectedTold) return;
    this.#isConnectedTold = true;
    this.#queue.push({ type: "connected" });
  }

  #decoded(result: DecodeResult): void {
    const counters = this.#counters;
    switch (result) {
      case "decoded":
        counters.snapshots++;
        this.#isDesynced = false;
        // It may overtake the end of the server's handshake, which it shows.
        this.#tellConnected();
        this.#shown.show(this.#ring.newest!);
        this.#queueNews();
        this.#findOwned();
        this.#timed();
        this.#options.onSnapshot?.(this.#ring.newest!, this.tables);
        return;
      case "unknownBase":
        counters.unknownBase++;
        return this.#timed();
      case "stale":
        counters.stale++;
        return;
      case "desync":
        counters.desyncs++;
        return this.#desync();
      default:
        counters.faults[result]++;
    }
  }

  /** Acknowledges nothing any more, so that the server begins anew. */
  #desync(): void {
    this.#ring.clear();
    if (this.#isDesynced) return;
    this.#isDesynced = true;
    const { tick } = this.#decoder.header;
    const isQueued = this.#queue.some((it) =>
      typeof it !== "string" && it.type === "desync"
    );
    if (!isQueued) this.#queue.push({ type: "desync", tick });
  }

  #timed(): void {
    const { header } = this.#decoder;
    const nowMs = this.#clock.nowMs();
    this.#echo.receive(header.sentStamp, nowMs);
    const sample = this.#sample;
    sample.sent = header.sentStamp;
    sample.received = toStamp(nowMs);
    sample.tick = header.tick;
    sample.echo = header.hasEcho ? header.echoStamp : undefined;
    sample.held = header.hasEcho ? header.echoHeld : 0;
    const feedback = this.#feedback;
    feedback.tick = header.inputTick;
    feedback.lead = header.inputLead / LEAD_STEPS;
    sample.input = header.hasFeedback ? feedback : undefined;
    this.#options.onTimes?.(sample);
    if (header.hasFeedback) this.#options.inputs?.acknowledge(feedback);
  }

  #queueNews(): void {
    const queue = this.#queue;
    const last = queue[queue.length - 1];
    if (last !== NEWS || (queue.length === 1 && this.#news.isBegun)) {
      if (queue.filter((it) => it === NEWS).length < 2) queue.push(NEWS);
    }
  }

  /** Finds out which of its own entities are there. */
  #findOwned(): void {
    const { owned } = this.#ring.newest!;
    const before = this.#owned;
    let there = 0;
    let isSame = true;
    for (const id of owned) {
      if (this.has(id) && before[there++] !== id) isSame = false;
    }
    if (isSame && there === before.length) return;
    this.#owned = owned.filter((id) => this.has(id));
    const queue = this.#queue;
    const at = queue.indexOf(OWNED);
    if (at >= 0) queue.splice(at, 1);
    queue.push(OWNED);
  }

  /** Takes what is first in the queue, or a part of it; `undefined` if it was nothing. */
  #take(): SyncClientEvent<keyof W & string> | undefined {
    const first = this.#queue[0]!;
    let event: SyncClientEvent | undefined;
    if (first === NEWS) event = this.#news.next(this.tables);
    else if (first === OWNED) {
      event = { type: "ownedChanged", owned: this.#owned };
    } else event = first;
    if (first !== NEWS || event === undefined) this.#queue.shift();
    return event as SyncClientEvent<keyof W & string> | undefined;
  }

  *#drain(
    budgetMs: number,
  ): IterableIterator<SyncClientEvent<keyof W & string>> {
    const startMs = budgetMs === Infinity ? 0 : this.#clock.nowMs();
    for (let left = this.#queue.length; left > 0 && this.#queue.length > 0;) {
      const before = this.#queue.length;
      const event = this.#take();
      left -= before - this.#queue.length;
      if (event === undefined) continue;
      yield event;
      if (
        budgetMs !== Infinity && this.#clock.nowMs() - startMs >= budgetMs
      ) return;
    }
  }

  #sendReport(): void {
    const report = this.#report;
    const writer = this.#writer;
    const counters = this.#counters;
    const { newest } = this.#ring;
    const nowMs = this.#clock.nowMs();
    const held = this.#echo.held(nowMs);
    const inputs = this.#inputs;
    inputs.reset();
    this.#options.inputs?.write(inputs);
    if (!inputs.ok) {
      counters.inputsTooLarge++;
      inputs.reset();
    }
    report.hasAcks = newest !== undefined;
    if (newest !== undefined) {
      report.newest = newest.sequence;
      report.mask = this.#ring.mask;
    }
    report.sentStamp = toStamp(nowMs);
    report.hasEcho = held >= 0;
    report.echoStamp = this.#echo.stamp;
    report.echoHeld = Math.max(0, held);
    report.hasInputs = inputs.length > 0;
    writer.reset();
    report.write(writer);
    writer.raw(inputs.view());
    if (this.#link.send(writer.view(), Channel.Unreliable)) {
      counters.reports++;
      counters.bytesOut += writer.length;
    } else counters.linkRefused++;
  }

  #end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#link.close(reason);
    this.#queue.push({ type: "ended", reason });
  }
}

/** Whether there is such an entity in tables. */
