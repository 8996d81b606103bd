// This module is browser compatible.
import {
  checkFinite,
  checkInteger,
  type Clock,
  EventQueue,
  type Metric,
  SystemClock,
} from "../../core/mod.ts";
import {
  ByteReader,
  ByteWriter,
  Channel,
  type MessageLink,
} from "../../protocol/mod.ts";
import { toStamp } from "../clock/stamp.ts";
import { CoderSets } from "../coder/sync_coders.ts";
import type {
  EntitySchemas,
  EntityType,
  WorldSchema,
} from "../schema/define_world.ts";
import { type InputFeedback, LEAD_STEPS } from "../wire/input_feedback.ts";
import { TOO_LATE } from "../wire/greeting.ts";
import {
  MAX_OWNED,
  MAX_SNAPSHOT_BYTES,
  MIN_LINK_BYTES,
  type SyncFault,
  SyncPacketKind,
} from "../wire/packet_kind.ts";
import { Report } from "../wire/report.ts";
import {
  isSameOwned,
  NONE_OWNED,
  SnapshotHeader,
} from "../wire/snapshot_header.ts";
import { type EntityId, entityIdOf } from "../world/entity_id.ts";
import { EntityStore } from "../world/entity_store.ts";
import { WorldHistory } from "../world/world_history.ts";
import { ClientEnd, type ClientForm } from "./_client_end.ts";
import { ServerCounters } from "./_counters.ts";
import { SentPool } from "./_in_flight.ts";
import { MessageBuilder } from "./_message_builder.ts";
import { WholeBodies } from "./_whole_bodies.ts";
import type { SyncPeer } from "./sync_peer.ts";
import type { SyncServerEvent } from "./sync_server_event.ts";
import type {
  SyncPeerOptions,
  SyncServerOptions,
} from "./sync_server_options.ts";

const EVENTS_PER_PEER = 2;
/** The most that stands before the entities, but for own ones and forgotten places. */
const HEADER_BYTES = 40;
const MIN_MESSAGE_BYTES = 128;

/**
 * The server's end of a world: it keeps the entities, and sends each client what it
 * lacks of them, as the difference to what it is known to have.
 *
 * The game calls {@linkcode SyncServer.tick} once for each tick of the world, and drains
 * the events. Nothing is sent again: what is lost is part of the next difference.
 *
 * What can be too much has a bound: bytes for each client and message, reports that are
 * read, and events. What does not fit waits for the next message, by its priority.
 *
 * @typeParam W The types of entities.
 *
 * @example A cube that everybody sees
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryLinkPair, vec3 } from "@tickwire/net/protocol";
 * import { defineEntity, defineWorld, SyncClient, SyncServer } from "@tickwire/net/sync";
 *
 * const position = vec3({ min: -32, max: 32, step: 1 / 512 });
 * const world = defineWorld({ cube: defineEntity({ position }) });
 * const pair = new MemoryLinkPair();
 * const server = new SyncServer(world);
 * server.connect(pair.a);
 * const client = new SyncClient(world, pair.b);
 *
 * const id = server.entities.spawn("cube", { position: { x: 0, y: 0, z: 0 } })!;
 * for (let frame = 0; frame < 60; frame++) {
 *   server.tick(1 / 60, (tick) => {
 *     server.entities.set(id, "cube", { position: { x: tick / 4, y: 0, z: 0 } });
 *   });
 *   client.tick(1 / 60);
 * }
 * assertEquals(client.get(id, "cube")?.position.x, client.newest!.tick / 4);
 * ```
 */
export class SyncServer<W extends EntitySchemas = EntitySchemas> {
  /** The entities: what the game changes. */
  readonly entities: EntityStore<W>;
  /** The last 64 ticks. */
  readonly history: WorldHistory;
  readonly #options: SyncServerOptions<W>;
  readonly #types: readonly EntityType[];
  readonly #weights: readonly number[];
  readonly #clock: Clock;
  readonly #events: EventQueue<SyncServerEvent>;
  readonly #peers = new Map<number, ClientEnd>();
  readonly #coders: CoderSets;
  readonly #pool: SentPool;
  readonly #whole: WholeBodies;
  readonly #builder: MessageBuilder;
  readonly #counters = new ServerCounters();
  readonly #header = new SnapshotHeader();
  readonly #report = new Report();
  readonly #reader = new ByteReader();
  readonly #writer = new ByteWriter({ maxBytes: MAX_SNAPSHOT_BYTES });
  readonly #feedback: InputFeedback = { tick: 0, lead: 0 };
  #lastId = 0;
  /** The simulation time. */
  #nowMs = 0;
  /** When the first tick began, by the clock. */
  #startMs: number | undefined;
  #isTicking = false;

  /**
   * Creates a server of an empty world.
   *
   * @param world What the entities are; the same at the clients.
   * @param options Rates, budgets and hooks.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(world: WorldSchema<W>, options: SyncServerOptions<W> = {}) {
    const { clock = new SystemClock(), maxEvents = 1_024, priorities } =
      options;
    checkInteger("maxEvents", maxEvents, 16, 2 ** 24);
    checkInteger(
      "checksumEvery",
      options.checksumEvery ?? 0,
      0,
      Number.MAX_SAFE_INTEGER,
    );
    this.#options = options;
    this.#types = world.types;
    this.#clock = clock;
    this.#events = new EventQueue({ capacity: maxEvents });
    checkTypes(world, priorities ?? {});
    this.#weights = world.types.map(({ name }) =>
      checkWeight(name, priorities?.[name] ?? 1)
    );
    this.entities = new EntityStore(world);
    this.history = new WorldHistory(world.types);
    this.#coders = new CoderSets(world.types, options.coders);
    this.#pool = new SentPool(world.types);
    this.#whole = new WholeBodies(
      world.types,
      this.history,
      this.#coders.fast,
    );
    this.#builder = new MessageBuilder(world.types, this.history, this.#pool);
    // A wrong option is told here, not when somebody connects.
    this.#form(0, NO_LINK, {});
  }

  /** The bytes of all that has come from clients. */
  get bytesIn(): number {
    return this.#counters.bytesIn;
  }

  /** The bytes of all snapshots that were sent. */
  get bytesOut(): number {
    return this.#counters.bytesOut;
  }

  /** How many clients are connected. */
  get size(): number {
    return this.#peers.size;
  }

  /**
   * Takes a client in. It stays until its link closes, the handshake takes too long or
   * shows that it has another world, it sends too much that is malformed, or
   * {@linkcode SyncServer.disconnect}.
   *
   * @param link The link to it, which nothing else polls.
   * @param options What is different for it.
   * @returns The client; `undefined` if so many events wait to be drained that there is
   * no room for its own: the link is closed then.
   * @throws {RangeError} If an option is out of its range, or the link takes messages of
   * less than 256 bytes, or the server has no such coder.
   */
  connect(
    link: MessageLink,
    options: SyncPeerOptions = {},
  ): SyncPeer | undefined {
    const form = this.#form(this.#lastId + 1, link, options);
    if (link.state.type === "open" && link.maxMessageBytes < MIN_LINK_BYTES) {
      throw new RangeError(
        `Cannot connect as the link's maxMessageBytes must be >= ${MIN_LINK_BYTES}: current value is ${link.maxMessageBytes}`,
      );
    }
    if (!this.#events.reserve(EVENTS_PER_PEER)) {
      link.close("the server is busy");
      return undefined;
    }
    const end = new ClientEnd(
      form,
      this.entities.world.contract,
      this.#types,
      this.#pool,
      this.#receive,
    );
    end.untilChecksum = this.#noChecksums;
    this.#peers.set(end.id, end);
    this.#lastId = end.id;
    return end;
  }

  /**
   * Ends a client, and closes its link. One that is not connected any more stays so.
   *
   * @param peer Which.
   * @param reason Why, for the client.
   */
  disconnect(peer: SyncPeer, reason = "disconnected"): void {
    const end = this.#peers.get(peer.id);
    if (end !== undefined && end === peer) this.#close(end, reason);
  }

  /**
   * Makes an entity a client's own: it sees it whatever the filters say, is sent it
   * before all others, and is told that it is (`SyncClient.owned`). An entity may be
   * several clients' own. One that is removed is nobody's any more.
   *
   * @param peer The client. One that is not connected any more stays without.
   * @param id The entity, of any type.
   * @throws {RangeError} If there is no such entity, or the client has 16 already.
   */
  own(peer: SyncPeer, id: EntityId): void {
    if (!this.entities.has(id)) {
      throw new RangeError(
        `Cannot own an entity as its id must be that of one that is there: current value is ${id}`,
      );
    }
    const end = this.#peers.get(peer.id);
    if (end === undefined || end !== peer || end.owned.includes(id)) return;
    const owned = end.owned.filter((it) => this.entities.has(it));
    if (owned.length >= MAX_OWNED) {
      throw new RangeError(
        `Cannot own an entity as a client must have at most ${MAX_OWNED}: current value is ${
          owned.length + 1
        }`,
      );
    }
    end.owned = [...owned, id].sort((a, b) => a - b);
  }

  /**
   * Makes an entity a client's own no more. One that is not stays so.
   *
   * @param peer The client.
   * @param id The entity.
   */
  disown(peer: SyncPeer, id: EntityId): void {
    const end = this.#peers.get(peer.id);
    if (end === undefined || end !== peer || !end.owned.includes(id)) return;
    end.owned = end.owned.filter((it) => it !== id);
  }

  /**
   * Iterates over the clients.
   *
   * @returns An iterator over those that are connected.
   */
  peers(): IterableIterator<SyncPeer> {
    return this.#peers.values();
  }

  /**
   * Moves on by one tick of the world: takes in what has come, has the game change the
   * entities, records them, and sends.
   *
   * @param dt The time in seconds: finite, 0 or more.
   * @param simulate Changes the entities of this tick, with the inputs that have come;
   * if left out, they are as the game has left them before the call.
   * @throws {RangeError} If `dt` is not finite and 0 or more.
   * @throws {TypeError} If it is called from one of the game's hooks.
   */
  tick(dt: number, simulate?: (tick: number) => void): void {
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
      // A clock that stands at the end of all time is better than one that is none.
      this.#nowMs = Math.min(Number.MAX_VALUE, this.#nowMs + dt * 1_000);
      this.#startMs ??= this.#clock.nowMs();
      for (const end of this.#peers.values()) this.#poll(end, dt);
      simulate?.((this.history.newest ?? -1) + 1);
      this.history.record(this.entities);
      for (const end of this.#peers.values()) this.#disownRemoved(end);
      this.#sendAll(dt);
    } finally {
      this.#isTicking = false;
    }
  }

  /**
   * Iterates over the events that wait, and removes them: see `EventQueue.drain`.
   *
   * @param budgetMs How long it may take, in milliseconds.
   * @returns An iterator, to be used once.
   */
  drainEvents(budgetMs?: number): IterableIterator<SyncServerEvent> {
    return this.#events.drain(budgetMs);
  }

  /**
   * Takes the oldest event.
   *
   * @returns The event; `undefined` if none waits.
   */
  pollEvent(): SyncServerEvent | undefined {
    return this.#events.poll();
  }

  /**
   * What it has counted.
   *
   * @returns The metrics, to be rendered by `renderOpenMetrics`.
   */
  *metrics(): IterableIterator<Metric> {
    yield {
      name: "tickwire_sync_clients",
      help: "Clients",
      type: "gauge",
      value: this.#peers.size,
    };
    yield {
      name: "tickwire_sync_entities",
      help: "Entities",
      type: "gauge",
      value: this.entities.size,
    };
    yield {
      name: "tickwire_sync_shared_bodies",
      help: "Bodies written for all who see everything",
      type: "counter",
      value: this.#whole.encodes,
    };
    yield {
      name: "tickwire_sync_retries",
      help: "Bodies written that were too large",
      type: "counter",
      value: this.#builder.retries,
    };
    yield* this.#counters.metrics();
  }

  #form(id: number, link: MessageLink, own: SyncPeerOptions): ClientForm {
    const options = this.#options;
    const { coder = "fast", isSpectator = false } = own;
    const { messageBytes = 1_100, interest = [] } = options;
    const coders = this.#coders[coder];
    if (coders === undefined) {
      throw new RangeError(
        `Cannot connect a client as coder must be one that the server has: current value is "${coder}"`,
      );
    }
    const { bytesPerSecond = options.bytesPerSecond ?? 131_072 } = own;
    checkFinite("sendRate", options.sendRate ?? 30);
    checkFinite("spectatorRate", options.spectatorRate ?? 10);
    const rate = own.sendRate ??
      (isSpectator ? options.spectatorRate ?? 10 : options.sendRate ?? 30);
    if (!(bytesPerSecond >= 1_024)) {
      throw new RangeError(
        `Cannot use bytesPerSecond as it must be >= 1024: current value is ${bytesPerSecond}`,
      );
    }
    return {
      id,
      link,
      isSpectator,
      isStrong: coder === "strong",
      coders,
      sendRate: checkFinite("sendRate", rate),
      bytesPerSecond: Math.min(bytesPerSecond, 2 ** 40),
      messageBytes: checkInteger(
        "messageBytes",
        messageBytes,
        MIN_MESSAGE_BYTES,
        MAX_SNAPSHOT_BYTES,
      ),
      reportsPerSecond: checkFinite(
        "reportsPerSecond",
        options.reportsPerSecond ?? 240,
      ),
      handshakeTimeoutMs: checkFinite(
        "handshakeTimeoutMs",
        options.handshakeTimeoutMs ?? 10_000,
      ),
      filters: own.interest ?? interest,
      weights: options.priority === undefined ? this.#weights : undefined,
      priorityOf: this.#priorityOf,
    };
  }

  readonly #priorityOf = (
    peer: SyncPeer,
    type: number,
    slot: number,
  ): number => {
    const weight = this.#weights[type]!;
    const { priority } = this.#options;
    if (priority === undefined) return weight;
    const { generations } = this.history.tablesAt(this.history.newest!)[type]!;
    const id = entityIdOf(type, slot, generations[slot]!);
    return weight * checkWeight("priority", priority(peer, id));
  };

  #poll(end: ClientEnd, dt: number): void {
    const { link, form } = end;
    if (!end.greeting.flush(link)) {
      return this.#close(
        end,
        `its messages must have room for ${MIN_LINK_BYTES} bytes`,
      );
    }
    link.poll(end.sink);
    if (!end.isClosed) end.greeting.flush(link);
    const { state } = link;
    if (state.type === "closed") this.#close(end, state.reason);
    else if (end.greeting.isLate(dt, link, form.handshakeTimeoutMs)) {
      this.#close(end, TOO_LATE);
    }
  }

  readonly #receive = (end: ClientEnd, bytes: Uint8Array): void => {
    // An earlier message may have ended it.
    if (end.isClosed) return;
    const counters = this.#counters;
    counters.bytesIn += bytes.length;
    end.bytesIn += bytes.length;
    if (bytes[0] === SyncPacketKind.Handshake && !end.isReady) {
      return this.#greeted(end, bytes);
    }
    if (!end.reports.tryTake(1, this.#nowMs)) {
      counters.reportsOverBudget++;
      return;
    }
    const fault = end.greeting.isOver ? this.#read(end, bytes) : "early";
    if (fault === undefined) {
      counters.reports++;
      return;
    }
    counters.faults[fault]++;
    if (!end.malformed.tryTake(1, this.#nowMs)) {
      this.#close(end, "too many malformed messages");
    }
  };

  #greeted(end: ClientEnd, bytes: Uint8Array): void {
    const step = end.greeting.receive(bytes, end.link);
    switch (step.type) {
      case "waiting":
        return;
      case "ready":
        return this.#tell(end, { type: "peerReady", peer: end });
      case "differs": {
        const { differences, message } = step;
        this.#tell(end, {
          type: "peerRefused",
          peer: end,
          differences,
          message,
        });
        // The other end names what differs by what waits here.
        end.greeting.flush(end.link);
        return this.#close(end, message);
      }
      case "malformed":
        return this.#close(end, step.message);
    }
  }

  #read(end: ClientEnd, bytes: Uint8Array): SyncFault | undefined {
    if (bytes[0] !== SyncPacketKind.Report) return "kind";
    const reader = this.#reader;
    const report = this.#report;
    reader.reset(bytes);
    const fault = report.read(reader);
    if (fault !== undefined) return fault;
    if (report.hasInputs) {
      if (end.isSpectator) return "inputs";
      const { inputs } = this.#options;
      const input = reader.raw(reader.remaining);
      const nowTick = (this.history.newest ?? -1) + 1;
      if (inputs !== undefined && !inputs.receive(end, input, nowTick)) {
        return "inputs";
      }
      if (end.isClosed) return undefined;
    }
    end.echo.receive(report.sentStamp, this.#clock.nowMs());
    if (end.hear(report, this.#nowMs)) this.#counters.restarts++;
    return undefined;
  }

  #disownRemoved(end: ClientEnd): void {
    const { entities } = this;
    for (const id of end.owned) {
      if (entities.has(id)) continue;
      end.owned = end.owned.filter((it) => entities.has(it));
      return;
    }
  }

  #sendAll(dt: number): void {
    const { history } = this;
    const tables = history.tablesAt(history.newest!);
    const begun = new Set<object>();
    for (const end of this.#peers.values()) {
      // The first snapshot is due at once.
      if (!end.isReady || !end.advance(dt)) continue;
      end.inFlight.forgetBefore(history.oldest!);
      for (const filter of end.form.filters) {
        if (begun.has(filter)) continue;
        begun.add(filter);
        filter.beginTick?.(tables);
      }
      this.#send(end);
    }
  }

  #send(end: ClientEnd): void {
    const { form, inFlight, base } = end;
    const { history } = this;
    const counters = this.#counters;
    const tick = history.newest!;
    if (base === undefined && !end.mayBegin(tick, this.#nowMs)) return;
    const usual = Math.min(form.messageBytes, end.hardBytes);
    const allowance = Math.floor(end.allowance);
    // Fewer messages, rather than small ones that have room for little.
    if (allowance < usual) {
      counters.overBudget++;
      return;
    }
    const limit = base === undefined
      ? Math.min(end.hardBytes, allowance)
      : usual;
    this.#findInterest(end);
    const header = this.#header;
    const { owned } = end;
    header.owned = owned;
    header.hasOwned = !isSameOwned(owned, base?.owned ?? NONE_OWNED);
    const ownedBytes = header.hasOwned ? 1 + 4 * owned.length : 0;
    const body = this.#bodyFor(end, limit, HEADER_BYTES + ownedBytes);
    if (end.isClosed) return;
    const builder = this.#builder;
    const views = body === undefined ? builder.views : undefined;
    header.sequence = inFlight.next;
    header.tick = tick;
    header.baseAge = inFlight.baseAge;
    header.isStrong = form.isStrong;
    header.isPartial = body === undefined && builder.isPartial;
    header.hasForgotten = body === undefined && builder.hasForgotten;
    header.hasChecksum = this.#isChecksumDue(end);
    if (header.hasChecksum) {
      header.checksum = views === undefined
        ? this.#whole.checksum
        : builder.checksum(views);
    }
    const writer = this.#writer;
    writer.reset();
    this.#stamp(end);
    header.write(writer);
    writer.raw(body ?? builder.writer.view());
    const channel = base === undefined ? Channel.Reliable : Channel.Unreliable;
    if (!writer.ok || !end.link.send(writer.view(), channel)) {
      counters.linkRefused++;
      if (body === undefined) builder.discard(end);
      return;
    }
    const states = body === undefined ? builder.states : undefined;
    inFlight.push(tick, views, states, owned, base === undefined);
    end.allowance -= writer.length;
    end.bytesOut += writer.length;
    if (header.hasChecksum) {
      end.untilChecksum = this.#noChecksums;
    } else end.untilChecksum--;
    if (base === undefined) {
      end.awaitFirst(tick, this.#nowMs);
      counters.fullSnapshots++;
    }
    counters.snapshots++;
    counters.bytesOut += writer.length;
    if (header.isPartial) counters.partialSnapshots++;
  }

  /** The body that all share, if it fits; else `undefined`, and the builder has one. */
  #bodyFor(
    end: ClientEnd,
    limit: number,
    headerBytes: number,
  ): Uint8Array | undefined {
    const { base, form } = end;
    const room = limit - headerBytes;
    if (
      !form.isStrong && end.interest === undefined && base?.views === undefined
    ) {
      const body = this.#whole.body(base?.tick ?? -1);
      if (body !== undefined && body.length <= room) return body;
    }
    const { last } = end.inFlight;
    end.last = last !== undefined && this.history.has(last.tick)
      ? last
      : undefined;
    const hard = end.hardBytes - headerBytes;
    const result = this.#builder.build(end, room, hard);
    if (result === "lone") this.#counters.loneEntities++;
    else if (result === "tooLarge") this.#counters.entitiesTooLarge++;
    return undefined;
  }

  /** How many snapshots there are between two with a checksum. */
  get #noChecksums(): number {
    return (this.#options.checksumEvery ?? 64) - 1;
  }

  #isChecksumDue(end: ClientEnd): boolean {
    return this.#options.checksumEvery !== 0 && end.untilChecksum <= 0;
  }

  #findInterest(end: ClientEnd): void {
    const { interest, interestBefore } = end;
    if (interest === undefined) return;
    const tables = this.history.tablesAt(this.history.newest!);
    for (let i = 0; i < interest.length; i++) {
      const places = interest[i]!;
      const before = interestBefore![i]!;
      before.set(places);
      places.fill(0xffff_ffff);
      for (const filter of end.form.filters) {
        filter.narrow(end, this.#types[i]!, tables[i]!, before, places);
      }
    }
    end.seeOwned();
  }

  #stamp(end: ClientEnd): void {
    const header = this.#header;
    const { inputs } = this.#options;
    const nowMs = this.#clock.nowMs();
    const held = end.echo.held(nowMs);
    header.sentStamp = toStamp(nowMs - this.#startMs!);
    header.hasEcho = held >= 0;
    header.echoStamp = end.echo.stamp;
    header.echoHeld = Math.max(0, held);
    const feedback = this.#feedback;
    header.hasFeedback = !end.isSpectator && inputs !== undefined &&
      inputs.feedback(end, feedback);
    if (!header.hasFeedback) return;
    header.inputTick = feedback.tick;
    header.inputLead = Math.round(
      Math.min(511, Math.max(-512, feedback.lead)) * LEAD_STEPS,
    );
  }

  #tell(end: ClientEnd, event: SyncServerEvent): void {
    end.eventsTold++;
    this.#events.pushReserved(event);
  }

  #close(end: ClientEnd, reason: string): void {
    if (end.isClosed) return;
    end.isClosed = true;
    this.#peers.delete(end.id);
    end.link.close(reason);
    end.inFlight.clear();
    this.#tell(end, { type: "peerDisconnected", peer: end, reason });
    const unused = EVENTS_PER_PEER - end.eventsTold;
    if (unused > 0) this.#events.release(unused);
  }
}

const NO_LINK: MessageLink = {
  state: { type: "connecting" },
  maxMessageBytes: MIN_LINK_BYTES,
  rttMs: 0,
  send: (): boolean => false,
  poll(): void {},
  close(): void {},
};

function checkTypes(world: WorldSchema, priorities: object): void {
  for (const name of Object.keys(priorities)) {
    if (world.byName.has(name)) continue;
    throw new RangeError(
      `Cannot use priorities as each must be that of a type (${
        [...world.byName.keys()].join(", ")
      }): current value is of "${name}"`,
    );
  }
}

function checkWeight(name: string, weight: number): number {
  if (weight >= 0 && weight < Infinity) return weight;
  throw new RangeError(
    `Cannot use the priority of "${name}" as it must be finite and >= 0: current value is ${weight}`,
  );
}
