// This module is browser compatible.
import { EventQueue, type Metric, type PlayerId } from "../../core/mod.ts";
import {
  type ClientId,
  Delivery,
  type HandlerInfo,
  type OutMessage,
  outMessage,
  WsHub,
  type WsHubEvent,
} from "../../websocket/mod.ts";
import { LobbyCluster } from "../cluster/lobby_cluster.ts";
import { ListingFeed } from "../browser/_listing_feed.ts";
import type { LobbyListingDiff } from "../browser/listing_diff.ts";
import { lobbyListing } from "../browser/lobby_listing.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyResult } from "../lobby_result.ts";
import { checkConfig } from "../manager/_check_input.ts";
import { deepFreeze } from "../manager/_deep_freeze.ts";
import { applyLobbyEvent } from "../manager/apply_lobby_event.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyConfigChanges } from "../manager/lobby_config.ts";
import type { LobbyEvent, LobbyNotice } from "../manager/lobby_event.ts";
import { LobbyManager } from "../manager/lobby_manager.ts";
import type {
  LobbyJoin,
  LobbyPlayerInfo,
} from "../manager/lobby_manager_options.ts";
import type { LobbyMetadata } from "../manager/lobby_metadata.ts";
import { LobbyState } from "../manager/lobby_state.ts";
import type { BackfillId, BackfillRequest } from "../matchmaking/backfill.ts";
import type { MatchmakingResult } from "../matchmaking/matchmaking_result.ts";
import { WorkQueue } from "../password/_work_queue.ts";
import { hashPassword, verifyPassword } from "../password/password.ts";
import type {
  LobbyRecord,
  LobbyRecordKey,
  LobbyStore,
} from "../store/lobby_store.ts";
import { readRequest } from "../wire/_read_request.ts";
import type {
  LobbyAnswer,
  LobbyHello,
  LobbyRequestError,
} from "../wire/lobby_answer.ts";
import { isCount } from "../wire/_shape.ts";
import type {
  LobbyChatMessage,
  LobbyPush,
  LobbyTimesLeft,
} from "../wire/lobby_push.ts";
import {
  LOBBY_CHANNEL,
  LOBBY_LIST_CHANNEL,
  LOBBY_PROTOCOL,
  type LobbyRequest,
} from "../wire/lobby_request.ts";
import { Chat } from "./_chat.ts";
import { ClusterGate, type Elsewhere } from "./_cluster_gate.ts";
import { GameMessages } from "./_game_messages.ts";
import { type ListReader, ListReaders } from "./_list_readers.ts";
import { Matchmaker } from "./_matchmaker.ts";
import { maxMessageBytes } from "./_max_message_bytes.ts";
import { hostedBy, operate, plain } from "./_operate.ts";
import { Outbox } from "./_outbox.ts";
import { type LobbySocket, People, type Person } from "./_people.ts";
import { counter, gauge, ServerCounters } from "./_server_counters.ts";
import {
  resolveServerOptions,
  type ServerSettings,
} from "./_server_settings.ts";
import type { LobbyServerEvent } from "./lobby_server_event.ts";
import type {
  LobbyMessageOptions,
  LobbyServerOptions,
} from "./lobby_server_options.ts";

/**
 * How long a connection may be silent before it is asked. A server whose machine is off is noticed after this and the client's
 * `pongTimeoutMs`: that has to leave time to come back for as long as a seat is kept.
 */
const KEEPALIVE_MS = 10_000;
/** How long a client that has to wait for others' passwords is told to wait. */
const HASHES_RETRY_MS = 1_000;
/** How often a client for which there is no room is tried again, and how many are in a tick: each is told a whole lobby. */
const CATCH_UP_MS = 1_000;
const CATCH_UPS_PER_TICK = 16;
/** How long a client for whose list there is no room is told to wait. */
const LISTS_RETRY_MS = 1_000;
/** The most lists that a player reads, over all connections. */
const MAX_LISTS = 16;
/** Bytes that one of what waits for the store has on the average, while more is taken in. */
const HELD_BYTES = 1_024;
const PAGE_SIZE = 64;
/** Half of what may wait for a client. */
const PAGE_BYTES = 131_072;

const encoder = new TextEncoder();

/**
 * Lobbies for players over WebSockets: it owns a {@linkcode LobbyManager}, the hub that its clients are at, and a
 * queue for each kind of match. What a client asks for is answered, and told to the others, when it is stored, so that the
 * death of the process loses nothing that anybody was told; after it all sit where they sat.
 *
 * `tick` moves everything on, `drainEvents` tells the game's own server what happened. Nothing that a client sends throws.
 *
 * @example Lobbies on Deno, in a file
 * ```ts
 * import { playerId } from "@tickwire/net/core";
 * import { LobbyServer } from "@tickwire/net/lobby";
 * import { SqliteLobbyStore } from "@tickwire/net/lobby/sqlite";
 * import { upgradeWebSocket } from "@tickwire/net/websocket/deno";
 *
 * const folder = await Deno.makeTempDir();
 * await using store = new SqliteLobbyStore({ path: `${folder}/lobbies.db` });
 * const lobbies = new LobbyServer({
 *   upgrade: upgradeWebSocket,
 *   authenticate: (request) => {
 *     const name = new URL(request.url).searchParams.get("name"); // ask your own server
 *     return name ? { playerId: playerId(name) } : undefined;
 *   },
 *   store,
 * });
 * const http = Deno.serve({ port: 0, onListen() {} }, lobbies.handler);
 * await lobbies.ready;
 * lobbies.tick(1 / 20); // 20 times a second
 * for (const event of lobbies.drainEvents()) {
 *   if (event.type === "lobby" && event.event.type === "gameStarted") {
 *     console.log(event.view.players.map(({ id, team }) => [id, team]));
 *   }
 * }
 * await lobbies.close();
 * await http.shutdown();
 * ```
 */
export class LobbyServer {
  /** Answers requests: bound, so that it can be given to a server as it is. 503 until `ready`. */
  readonly handler: (request: Request, info?: HandlerInfo) => Promise<Response>;
  /** Resolves when what was stored is here again; rejects with what the store rejects with. */
  readonly ready: Promise<void>;
  /**
   * Where the clients are: for channels and links of the game's own. The server ticks and drains it; what is not a lobby's
   * comes as `hub` events.
   */
  readonly hub: WsHub;
  /**
   * The lobbies: for the game's server to end games, close lobbies, reserve seats. The server ticks and drains it; what is
   * done here is stored and told like everything else.
   */
  readonly manager: LobbyManager;
  readonly #settings: ServerSettings;
  readonly #store: LobbyStore;
  /** The store, if there are other servers too, and what that takes. */
  readonly #cluster: LobbyCluster | undefined;
  readonly #gate: ClusterGate | undefined;
  readonly #outbox: Outbox;
  readonly #messages: GameMessages;
  readonly #events: EventQueue<LobbyServerEvent>;
  readonly #people: People;
  readonly #chat: Chat;
  readonly #feed: ListingFeed;
  readonly #readers: ListReaders;
  readonly #matchmaker: Matchmaker;
  readonly #hashes: WorkQueue;
  readonly #counters = new ServerCounters();
  /** Each lobby as it was after its last event. */
  readonly #views = new Map<LobbyId, Lobby>();
  /** Who waits for an answer, by the number of the attempt. */
  readonly #attempts = new Map<number, Asker>();
  /** What was found out meanwhile, for the next tick. */
  #found: (() => void)[] = [];
  readonly #behind = new Set<LobbySocket>();
  /** When it was told last who had no room for a message of the game. */
  #toldDropsMs = 0;
  /** Lobbies that are being handed over, as they are stored. */
  readonly #moving = new Map<LobbyId, string>();
  /** Clients that were closed, of whom something may still come. */
  readonly #expelled = new Set<ClientId>();
  #nowMs = 0;
  #isReady = false;
  #isClosed = false;
  /** Whether the owner is told that the store works again. */
  #isStoreFailing = false;

  /**
   * Makes a server, and begins to read what is stored.
   *
   * @param options What it needs, and its limits.
   * @throws {RangeError} If a number or a queue is out of its range, or a full lobby within `manager.limits` would be longer than
   * 1 MiB, which is what clients take, or than `hub.maxMessageBytes`.
   */
  constructor(options: LobbyServerOptions) {
    const settings = resolveServerOptions(options);
    this.#settings = settings;
    this.#store = options.store;
    const cluster = options.store instanceof LobbyCluster
      ? options.store
      : undefined;
    this.#cluster = cluster;
    this.#gate = cluster && new ClusterGate(cluster, {
      hasLobby: (id) => this.#views.has(id),
      hasQueue: (name) => this.#matchmaker.hasQueue(name),
      isInLobby: (player) => this.manager.lobbyForPlayer(player) !== undefined,
      isSeated: (player) => this.#isSeated(player),
      objection: (player, request) =>
        this.#matchmaker.objection(player, request),
      latenciesOf: (player) => this.#matchmaker.latencies.textOf(player),
      takeLatencies: (player, text) =>
        this.#matchmaker.latencies.takeText(player, text),
      move: (player, place) => this.#moveLobby(player, place),
      touch: (key) => this.#outbox.touch("server", key),
      defer: (action) => this.#found.push(action),
    });
    this.manager = new LobbyManager(options.manager);
    const longest = maxMessageBytes(settings.limits);
    const messageBytes = checkMessageBytes(
      longest,
      options.hub?.maxMessageBytes,
    );
    this.hub = new WsHub({
      keepaliveMs: KEEPALIVE_MS,
      ...options.hub,
      maxMessageBytes: messageBytes,
      upgrade: options.upgrade,
      authenticate: options.authenticate,
      channel: (name) => {
        if (name === LOBBY_CHANNEL) {
          return {
            ...LOBBY_CHANNEL_OPTIONS,
            maxQueuedBytes: Math.max(MIN_QUEUED_BYTES, 2 * longest),
          };
        }
        if (name === LOBBY_LIST_CHANNEL) return LIST_CHANNEL_OPTIONS;
        return options.hub?.channel?.(name) ?? {};
      },
      canPublish: (identity, name) =>
        name === LOBBY_CHANNEL ||
        name !== LOBBY_LIST_CHANNEL &&
          (options.hub?.canPublish?.(identity, name) ?? true),
      canSubscribe: (identity, name) =>
        name !== LOBBY_CHANNEL && name !== LOBBY_LIST_CHANNEL &&
        (options.hub?.canSubscribe?.(identity, name) ?? true),
    });
    this.#events = new EventQueue({ capacity: settings.maxEvents });
    this.#people = new People(
      settings.rates,
      settings.limits.nameBytes,
    );
    this.#chat = new Chat(settings.chatMaxBytes, settings.chatHistory);
    this.#feed = new ListingFeed({
      maxListed: settings.maxListed,
      maxFilters: settings.maxFilters,
      pageSize: PAGE_SIZE,
      pageBytes: PAGE_BYTES,
    }, encodeDiff);
    this.#readers = new ListReaders(this.#feed, {
      send: (client, message) =>
        this.hub.sendTo(client, LOBBY_LIST_CHANNEL, message),
      reply: (client, request, message) =>
        this.hub.reply(client, LOBBY_LIST_CHANNEL, request, message),
      onSlow: (reader) => this.#endList(reader),
    });
    this.#hashes = new WorkQueue(
      settings.maxConcurrentHashes,
      settings.maxWaitingHashes,
    );
    this.#outbox = new Outbox(options.store, {
      valueOf: (record) => this.#valueOf(record),
      isServing: () => this.#cluster?.isHeld !== false,
      onStored: (records) => this.#onStored(records),
      onFailed: (error, retryAfterMs) => this.#onFailed(error, retryAfterMs),
    });
    this.#messages = new GameMessages(
      this.hub,
      this.#outbox,
      this.#counters,
      {
        maxMessageBytes: messageBytes,
        maxHeld: settings.maxHeld,
        maxHeldBytes: settings.maxHeld * HELD_BYTES,
      },
    );
    this.#matchmaker = new Matchmaker(options.queues ?? {}, {
      manager: this.manager,
      skillOf: settings.skillOf,
      people: this.#people,
      counters: this.#counters,
      takeEvents: () => this.#takeLobbyEvents(),
      push: (players, push) => this.#pushTo(players, push),
      touch: (key, players) => {
        this.#outbox.touch("ticket", key);
        this.#gate?.onSeats(players);
      },
      tell: (event) => this.#tell(event),
    });
    this.handler = (request, info) =>
      this.#isReady && !this.#isClosed
        ? this.hub.handler(request, info)
        : Promise.resolve(
          new Response("Not ready", {
            status: 503,
            headers: { "retry-after": "1" },
          }),
        );
    this.ready = this.#restore();
    // Who does not wait for it is told by the answers.
    this.ready.catch(() => {});
  }

  /** How many lobbies there are. */
  get lobbyCount(): number {
    return this.#views.size;
  }

  /**
   * Moves everything on: takes in what clients ask, lets time go by for lobbies and queues, stores, answers.
   *
   * @param dt The time in seconds: finite, 0 or more.
   * @throws {RangeError} If `dt` is negative or not finite.
   */
  tick(dt: number): void {
    this.hub.tick(dt);
    this.#nowMs += dt * 1_000;
    this.#tickCluster(dt);
    this.#takeHubEvents();
    if (!this.#isReady || this.#isClosed) return;
    const found = this.#found;
    this.#found = [];
    for (const apply of found) apply();
    // What was handed over comes back after that was found out.
    this.#takeNews();
    this.#gate?.tick(dt);
    this.manager.tick(dt);
    this.#takeLobbyEvents();
    this.#matchmaker.tick(dt);
    this.#takeLobbyEvents();
    this.#people.sweep(this.#nowMs);
    this.#catchUp();
    this.#outbox.tick(dt);
    this.#outbox.commit();
    this.#tickLists(dt);
    this.hub.flush();
  }

  /**
   * Stores and sends at once what was done since the tick, which would else wait for the next one.
   */
  flush(): void {
    if (!this.#isReady || this.#isClosed) return;
    this.#takeLobbyEvents();
    this.#outbox.commit();
    this.hub.flush();
  }

  /**
   * Finds the clients of a player: all connections to this server, also those that are cut and may come back.
   *
   * @param player Who.
   * @returns The hub's numbers of them, the first one first.
   */
  clientsOf(player: PlayerId): readonly ClientId[] {
    return this.#people.clientsOf(player);
  }

  /**
   * Says something of the game's own to a player: to all clients, on a channel that is none of the server's. It leaves with
   * the next tick, or `flush`, and like all that the server tells when what was changed before is stored: so a player is
   * told nothing that a crash would undo. Messages on one channel keep their order.
   *
   * A client for which there is no room on the channel (its `maxQueuedMessages` and `maxQueuedBytes`) does not get it, which
   * `messagesDropped` tells. What has to be there at once, and may be wrong after a crash, goes by `hub.sendTo`.
   *
   * @param player Who.
   * @param channel The channel that it is to come on: 1 to 128 bytes of UTF-8.
   * @param message Text, or bytes, which are copied: at most `hub.maxMessageBytes`.
   * @returns Whether it is on its way to anybody: not if the player has no client here, if `maxHeld` things or 64 MiB of
   * messages wait for the store already, or after `close`.
   * @throws {RangeError} If the channel or the message is too long, or the channel "" or one of the server's.
   *
   * @example Deal a hand
   * ```ts
   * import type { LobbyId, LobbyServer } from "@tickwire/net/lobby";
   *
   * function deal(lobbies: LobbyServer, lobby: LobbyId, deck: string[]): void {
   *   const players = lobbies.manager.lobby(lobby)?.players ?? [];
   *   const hands = players.map(({ id }) => ({ id, cards: deck.splice(0, 5) }));
   *   // What is told of it goes out when it is stored.
   *   lobbies.manager.setServerData(lobby, { deck, hands });
   *   for (const { id, cards } of hands) {
   *     lobbies.sendToPlayer(id, "hand", JSON.stringify(cards));
   *   }
   * }
   * ```
   */
  sendToPlayer(
    player: PlayerId,
    channel: string,
    message: string | Uint8Array,
  ): boolean {
    return this.#sendTo([player], channel, message);
  }

  /**
   * Says something of the game's own to the players of a lobby, and to those who look on if that is wanted, in the way of
   * {@linkcode LobbyServer.sendToPlayer}.
   *
   * @param lobby Which.
   * @param channel The channel that it is to come on: 1 to 128 bytes of UTF-8.
   * @param message Text, or bytes, which are copied: at most `hub.maxMessageBytes`.
   * @param options Who gets it.
   * @returns Whether it is on its way to anybody: not if there is no such lobby, or what `sendToPlayer` says holds.
   * @throws {RangeError} If the channel or the message is too long, or the channel "" or one of the server's.
   */
  sendToLobby(
    lobby: LobbyId,
    channel: string,
    message: string | Uint8Array,
    { withSpectators = false }: LobbyMessageOptions = {},
  ): boolean {
    const { players = [], spectators = [] } = this.manager.lobby(lobby) ?? {};
    const members = withSpectators ? [...players, ...spectators] : players;
    return this.#sendTo(members.map(({ id }) => id), channel, message);
  }

  /**
   * Has a lobby filled up with players who look for a match, until its seats are taken or it is gone: `backfilled` tells who
   * has come.
   *
   * @param queue The queue's name.
   * @param lobby The lobby; if it has teams, those of the mode.
   * @param request Which seats are open, and for whom.
   * @returns The backfill's name in its queue, or why it was refused.
   * @throws {RangeError} If there is no such queue, or the queue takes no such request.
   */
  addBackfill(
    queue: string,
    lobby: LobbyId,
    request: BackfillRequest,
  ): MatchmakingResult<BackfillId> {
    return this.#matchmaker.addBackfill(queue, lobby, request);
  }

  /**
   * Fills a lobby up no further.
   *
   * @param queue The queue's name.
   * @param backfill What `addBackfill` gave.
   * @returns Whether there was one.
   */
  removeBackfill(queue: string, backfill: BackfillId): boolean {
    return this.#matchmaker.removeBackfill(queue, backfill);
  }

  /**
   * Hands out what happened since the last time.
   *
   * @param budgetMs How long it may take.
   * @returns The events, which are removed as they are taken.
   */
  drainEvents(budgetMs?: number): IterableIterator<LobbyServerEvent> {
    return this.#events.drain(budgetMs);
  }

  /**
   * Tells the numbers of the server, its hub, its manager and its queues, for `renderOpenMetrics`; those of the server begin
   * with `tickwire_lobby_server_`.
   *
   * @returns What there is now, and what has been counted since the server was made.
   */
  *metrics(): IterableIterator<Metric> {
    yield gauge(
      "clients",
      "Clients that have spoken of lobbies",
      this.#people.socketCount,
    );
    yield gauge(
      "held",
      "What waits for the store to be told",
      this.#outbox.size,
    );
    yield gauge("undrained_events", "Events not drained", this.#events.size);
    yield gauge(
      "list_filters",
      "Filters that are read",
      this.#feed.filterCount,
    );
    yield gauge(
      "waiting_hashes",
      "Passwords that wait to be hashed",
      this.#hashes.waiting,
    );
    yield counter("chat_messages", "Messages said in lobbies", this.#chat.said);
    yield counter(
      "list_bytes",
      "Bytes of lists that were sent",
      this.#readers.sentBytes,
    );
    yield* this.#counters.metrics();
    if (this.#cluster !== undefined) {
      yield counter(
        "redirected",
        "Requests whose clients were sent to another server",
        this.#gate!.redirected,
      );
      yield* this.#cluster.metrics();
    }
    yield* this.#matchmaker.metrics();
    yield* this.manager.metrics();
    yield* this.hub.metrics();
  }

  /**
   * Ends everything: nothing more is taken in, what has happened is stored and told, and each client is told when to come
   * back. The lobbies stay in the store. Let sockets end before the server's own shutdown, as with `WsHub.close`.
   *
   * @param spreadMs Over how long clients come back: see `WsHub.close`.
   * @returns A promise that resolves when all is stored; if the store fails now, it is left as it was.
   */
  async close(spreadMs?: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.ready.catch(() => {});
    await this.#hashes.close();
    this.#takeLobbyEvents();
    await this.#outbox.finish();
    this.hub.close(spreadMs);
  }

  async #restore(): Promise<void> {
    const records = await this.#store.load();
    this.#isReady = true;
    this.#tell({ type: "restored", ...this.#takeRecords(records) });
  }

  /** Goes on with what was stored. */
  #takeRecords(records: readonly LobbyRecord[]): {
    readonly lobbies: number;
    readonly tickets: number;
    readonly refused: readonly {
      readonly key: string;
      readonly reason: string;
    }[];
  } {
    const refused: { key: string; reason: string }[] = [];
    let lobbies = 0;
    for (const { kind, key, value } of records) {
      if (kind !== "lobby") continue;
      const reason = this.#restoreLobby(key, value);
      if (reason === undefined) lobbies++;
      else refused.push({ key, reason });
    }
    const tickets = this.#matchmaker.restore(records, refused);
    this.#gate?.onRecords(records);
    return { lobbies, tickets, refused };
  }

  #tickCluster(dt: number): void {
    const cluster = this.#cluster;
    if (cluster === undefined || this.#isClosed) return;
    cluster.tick(dt);
    if (cluster.isHeld) return;
    this.#isClosed = true;
    this.#outbox.abandon();
    this.#queue({ type: "clusterLost" });
    void this.#hashes.close();
    this.hub.close();
  }

  /** Takes what the cluster has found out. */
  #takeNews(): void {
    if (this.#cluster === undefined) return;
    const { inherited, taken, listings } = this.#cluster.takeNews();
    if (inherited.length > 0) {
      // What the game has done since the last tick is told; what comes of it being here is not.
      this.#takeLobbyEvents();
      this.#tell({ type: "inherited", ...this.#takeRecords(inherited) });
    }
    for (const { kind, key } of taken) {
      // By the game's own calls somebody or something is here that was elsewhere before.
      if (kind === "lobby") this.manager.destroyLobby(key as LobbyId);
      const player = kind === "server" ? this.#gate!.onTaken(key) : undefined;
      if (player !== undefined) this.manager.leave(player);
    }
    for (const [id, listing] of listings) {
      if (!this.#views.has(id)) this.#feed.update(id, listing);
    }
  }

  /** Hands a lobby over to the server of the queue where its party wants to wait. */
  #moveLobby(player: PlayerId, place: Elsewhere): boolean {
    this.#takeLobbyEvents();
    const lobby = this.manager.lobbyForPlayer(player);
    if (lobby === undefined) return false;
    const { id } = lobby;
    const value = this.#writeLobby(id)!;
    const players = membersOf(lobby);
    // Who does not play may wait for a match alone.
    if (players.some((it) => this.#matchmaker.isWaiting(it))) return false;
    const people = players.flatMap((it) => this.#people.get(it) ?? []);
    this.#moving.set(id, value);
    const records = this.#gate!.beginMove(id, player, players, people);
    this.manager.destroyLobby(id);
    // It lives on: nobody is told.
    for (const event of this.manager.drainEvents()) {
      if (event.type !== "joinRefused") continue;
      const asker = this.#attempts.get(event.attempt);
      this.#attempts.delete(event.attempt);
      if (asker !== undefined) {
        this.#refuse(asker, { do: "join" }, limited(HASHES_RETRY_MS));
      }
    }
    this.#views.delete(id);
    this.#list(id, undefined);
    this.#cluster!.give(place.token, [
      ...records,
      { kind: "lobby", key: id, value },
    ]).then((isGiven) => {
      this.#found.push(() => {
        this.#moving.delete(id);
        const { url } = place;
        if (isGiven) {
          this.#chat.forget(id);
          this.#matchmaker.onDestroyed(id);
          this.#pushTo(players, { push: "moved", url });
        } else {
          this.#takeLobbyEvents();
          this.#restoreLobby(id, value);
          this.#outbox.touch("lobby", id);
        }
        this.#gate!.endMove(id, players, people, isGiven ? url : undefined);
      });
    });
    return true;
  }

  #isSeated(player: PlayerId): boolean {
    return this.manager.lobbyForPlayer(player) !== undefined ||
      this.#matchmaker.isWaiting(player);
  }

  /** Returns why it cannot be restored, if it cannot. */
  #restoreLobby(key: string, value: string): string | undefined {
    let snapshot: unknown;
    try {
      snapshot = JSON.parse(value);
    } catch {
      return "it is no JSON";
    }
    const named = snapshot as { readonly lobby?: { readonly id?: unknown } };
    if ((named?.lobby?.id ?? key) !== key) return "it is another lobby";
    const restored = this.manager.restore(snapshot);
    if (!restored.isOk) return restored.error.message;
    const lobby = restored.value;
    const { chatNumber } = snapshot as { readonly chatNumber?: unknown };
    if (isCount(chatNumber)) this.#chat.goOn(lobby.id, chatNumber as number);
    this.#gate?.onCodes(
      lobby.id,
      this.manager.invites(lobby.id).map(({ code }) => code),
    );
    // Hardly anybody is connected; they have their time to come back from now on.
    for (const { id, isConnected } of [...lobby.players, ...lobby.spectators]) {
      const isOnline = this.#people.get(id)?.isOnline === true;
      if (isConnected !== isOnline) this.manager.setConnected(id, isOnline);
    }
    // Nobody is there to be told, and the game is told that all of it is restored.
    for (const event of this.manager.drainEvents()) {
      if ("version" in event) this.#outbox.touch("lobby", event.lobby);
    }
    const left = this.manager.lobby(lobby.id);
    if (left !== undefined) this.#views.set(left.id, left);
    this.#list(lobby.id, left);
    return undefined;
  }

  #takeHubEvents(): void {
    // What is not taken waits at the hub, and then at the clients.
    if (this.#isFull) return;
    for (const event of this.hub.drainEvents()) {
      this.#onHubEvent(event);
      if (this.#isFull) return;
    }
  }

  /** Whether so much waits that no more is taken in. */
  get #isFull(): boolean {
    const { maxHeld, maxEvents } = this.#settings;
    return this.#outbox.size >= maxHeld ||
      this.#outbox.bytes >= maxHeld * HELD_BYTES ||
      this.#events.size >= maxEvents / 2;
  }

  #onHubEvent(event: WsHubEvent): void {
    switch (event.type) {
      case "message":
        if (event.channel === LOBBY_LIST_CHANNEL) return;
        if (event.channel === LOBBY_CHANNEL) {
          if (this.#isReady && !this.#isClosed) this.#onMessage(event);
          return;
        }
        break;
      case "clientConnected":
      case "clientDisconnected": {
        if (event.type === "clientConnected") {
          this.#people.onClient(event.client, event.identity);
        }
        const socket = this.#people.socket(event.client);
        if (socket === undefined) break;
        socket.isOnline = event.type === "clientConnected";
        socket.person.identity = event.identity;
        this.#onPresence(socket.person);
        break;
      }
      case "clientLeft": {
        this.#expelled.delete(event.client);
        this.#people.onClientLeft(event.client, event.identity);
        const socket = this.#people.socket(event.client);
        if (socket === undefined) break;
        socket.isOnline = false;
        this.#people.detach(socket);
        this.#behind.delete(socket);
        this.#stopReading(socket);
        this.#onPresence(socket.person);
        break;
      }
      case "undelivered": {
        const messages = event.messages.filter(({ channel }) =>
          channel !== LOBBY_CHANNEL && channel !== LOBBY_LIST_CHANNEL
        );
        // A client notices, and asks for the whole.
        if (messages.length === 0) return;
        this.#tell({ type: "hub", event: { ...event, messages } });
        return;
      }
    }
    this.#tell({ type: "hub", event });
  }

  /** A player may have come, or gone. */
  #onPresence(person: Person): void {
    const { isOnline } = person;
    person.offlineSinceMs = isOnline ? undefined : this.#nowMs;
    if (this.manager.lobbyForPlayer(person.player) !== undefined) {
      this.manager.setConnected(person.player, isOnline);
      this.#takeLobbyEvents();
    }
    this.#matchmaker.onPresence(person);
  }

  #onMessage(event: WsHubEvent & { type: "message" }): void {
    const { client, identity, bytes, request: number } = event;
    if (this.#expelled.has(client)) return;
    const person = this.#people.meet(identity);
    const read = readRequest(bytes);
    if (number === undefined || "wrong" in read) {
      this.#counters.invalid++;
      if (number !== undefined) {
        const field = "wrong" in read ? read.wrong : "";
        this.#answer({ client, number }, refusal(invalid(field)));
      }
      this.#lose(person, client);
      return;
    }
    const asker = { client, number };
    if (!person.requests.tryTake(1, this.#nowMs)) {
      this.#counters.limited++;
      const waitMs = person.requests.waitMs(1, this.#nowMs);
      this.#answer(asker, refusal(limited(waitMs)));
      this.#lose(person, client);
      return;
    }
    let socket = this.#people.socket(client);
    if (socket === undefined) {
      // If it has left since, the word of that is still to come.
      socket = this.#people.attach(client, identity);
      // Before all that it is told: a client cannot tell its own name, and needs it to know which seat is its own.
      this.#push([socket], { push: "player", player: person.player });
      this.#onPresence(person);
    }
    const asking = socket;
    const { request } = read;
    if (this.#gate === undefined) {
      this.#perform(asking, asker, request);
      return;
    }
    this.#gate.pass({
      socket: asking,
      request,
      go: () => this.#perform(asking, asker, request),
      refuse: (error) => this.#refuse(asker, request, error),
    });
  }

  /** Puts up with a request that is wrong or comes too early, or does not. */
  #lose(person: Person, client: ClientId): void {
    if (person.patience.tryTake(1, this.#nowMs)) return;
    this.#counters.expelled++;
    this.#expelled.add(client);
    this.hub.remove(client, "too many wrong requests");
  }

  #perform(socket: LobbySocket, asker: Asker, request: LobbyRequest): void {
    const { person } = socket;
    const { player } = person;
    switch (request.do) {
      case "hello":
        this.#greet(socket, asker, request);
        return;
      case "create":
        this.#create(person, asker, request);
        return;
      case "join":
        this.#join(person, asker, request);
        return;
      case "configure":
        this.#configure(player, asker, request);
        return;
      case "setPassword":
        this.#setPassword(person, asker, request.password);
        return;
      case "chat":
        this.#say(person, asker, request);
        return;
      case "browse":
        this.#browse(socket, asker, request);
        return;
      case "unbrowse":
        this.#stopReading(socket);
        this.#done(asker, request, {});
        return;
      case "setLatencies":
      case "enqueue":
      case "dequeue":
      case "explain":
      case "answer":
        this.#settle(asker, request, this.#matchmaker.perform(player, request));
        return;
      default:
        this.#settle(asker, request, operate(this.manager, player, request));
    }
  }

  #greet(
    socket: LobbySocket,
    asker: Asker,
    request: LobbyRequest & { do: "hello" },
  ): void {
    const { player } = socket.person;
    if (request.protocol !== LOBBY_PROTOCOL) {
      this.#refuse(asker, request, {
        type: "unsupportedProtocol",
        protocol: LOBBY_PROTOCOL,
        message:
          `Cannot speak protocol ${request.protocol} as it must be ${LOBBY_PROTOCOL}`,
      });
      return;
    }
    const lobby = this.manager.lobbyForPlayer(player);
    this.#behind.delete(socket);
    // What was dropped, and is on its way out still, is part of what follows.
    this.#outbox.push(() => socket.isBehind = false);
    socket.heard ??= { lobby: undefined, number: 0 };
    if (request.lobby !== undefined && request.lobby !== lobby?.id) {
      this.#push([socket], {
        push: "left",
        lobby: request.lobby,
        reason: "unknown",
      });
    }
    if (lobby !== undefined) {
      const isNew = request.lobby !== lobby.id;
      if (isNew || request.version !== lobby.version) {
        this.#show([socket], lobby);
      }
      this.#retell(socket, lobby.id, isNew ? undefined : request.chat);
    }
    const { ticket, proposal } = this.#matchmaker.stateOf(player);
    const hello: LobbyHello = {
      protocol: LOBBY_PROTOCOL,
      player,
      lobby: lobby?.id ?? null,
      ...this.#timesLeftOf(lobby),
      ...(ticket !== undefined && { ticket }),
      ...(proposal !== undefined && { proposal }),
    };
    this.#done(asker, request, hello);
  }

  /** Tells who has come to a lobby of it as a whole, and what was said there last. */
  #welcome(players: readonly PlayerId[], lobby: Lobby): void {
    const sockets = this.#socketsOf(players);
    this.#show(sockets, lobby);
    for (const socket of sockets) {
      if (socket.heard !== undefined) {
        this.#retell(socket, lobby.id, undefined);
      }
    }
  }

  #show(sockets: readonly LobbySocket[], lobby: Lobby): void {
    this.#push(sockets, {
      push: "view",
      view: lobby,
      ...this.#timesLeftOf(lobby),
    });
  }

  /** Tells what was said in a lobby after a message; the last ones, if it is not known after which. */
  #retell(
    socket: LobbySocket,
    lobby: LobbyId,
    after: number | undefined,
  ): void {
    const { player } = socket.person;
    const { messages, missed, number } = this.#chat.since(lobby, player, after);
    if (missed !== undefined) {
      const push: LobbyPush = { push: "chatMissed", lobby, ...missed };
      this.#pushChat([socket], push, { lobby, number: missed.to });
    }
    for (const message of messages) {
      this.#pushChat([socket], { push: "chat", message }, message);
    }
    this.#outbox.push(() => {
      if (!socket.isBehind) socket.heard = { lobby, number };
    });
  }

  /** Pushes something of what is said, and notes up to where that goes. */
  #pushChat(
    sockets: readonly LobbySocket[],
    push: LobbyPush,
    { lobby, number }: Pick<LobbyChatMessage, "lobby" | "number">,
  ): void {
    const text = JSON.stringify(push);
    this.#outbox.push(() => {
      for (const socket of sockets) {
        if (this.#send(socket, text)) socket.heard = { lobby, number };
      }
    });
  }

  /** As far as a lobby waits for something at this version: the manager may be ahead. */
  #timesLeftOf(lobby: Lobby | undefined): LobbyTimesLeft {
    if (lobby === undefined) return {};
    const { id, state, readyCheck } = lobby;
    const countdownLeftMs = state === LobbyState.Countdown
      ? this.manager.countdownLeftMs(id)
      : undefined;
    const readyCheckLeftMs = readyCheck === undefined
      ? undefined
      : this.manager.readyCheckLeftMs(id);
    return {
      ...(countdownLeftMs !== undefined && { countdownLeftMs }),
      ...(readyCheckLeftMs !== undefined && { readyCheckLeftMs }),
    };
  }

  #create(
    person: Person,
    asker: Asker,
    request: LobbyRequest & { do: "create" },
  ): void {
    const { password } = request;
    // Nothing is judged and hashed for who could not enter anyway.
    if (this.manager.lobbyForPlayer(person.player) !== undefined) {
      this.#createWith(person, asker, request, undefined);
      return;
    }
    const { config = {} } = request;
    const vetted = this.#vet(person.player, undefined, config);
    if (!vetted.isOk) {
      this.#refuse(asker, request, vetted.error);
      return;
    }
    const whole = { ...request, config: vetted.value };
    if (password === undefined) {
      this.#createWith(person, asker, whole, undefined);
      return;
    }
    this.#hash(person, asker, request, password, (verifier) => {
      this.#createWith(person, asker, whole, verifier);
    });
  }

  #createWith(
    person: Person,
    asker: Asker,
    request: LobbyRequest & { do: "create" },
    verifier: string | undefined,
  ): void {
    const { config, metadata, playerMetadata } = request;
    const made = this.manager.createLobby(person.player, config, {
      player: this.#infoOf(person, playerMetadata),
      ...(metadata !== undefined && { metadata }),
      ...(verifier !== undefined && { passwordVerifier: verifier }),
    });
    if (made.isOk) this.#markAbsent(person.player);
    this.#settle(asker, request, entered(made));
  }

  /** Who has entered may have gone meanwhile: the seat is kept for a while, as after any other loss. */
  #markAbsent(player: PlayerId): void {
    if (this.#people.get(player)?.isOnline === true) return;
    this.manager.setConnected(player, false);
  }

  #join(
    person: Person,
    asker: Asker,
    request: LobbyRequest & { do: "join" },
  ): void {
    const { lobby, role, password, code, metadata } = request;
    const { player } = person;
    const info = this.#infoOf(person, metadata);
    let joined: LobbyResult<LobbyJoin>;
    if (code !== undefined) {
      joined = this.manager.joinByInvite(player, code, info);
    } else if (lobby === undefined) {
      this.#refuse(asker, request, invalid("lobby"));
      return;
    } else {
      const waitMs = person.attempts.waitMs(1, this.#nowMs);
      const isTried = password !== undefined &&
        this.manager.lobby(lobby)?.hasPassword === true;
      if (isTried && waitMs > 0) {
        this.#refuse(asker, request, limited(waitMs));
        return;
      }
      joined = this.manager.join(player, lobby, {
        ...info,
        ...(role !== undefined && { role }),
        ...(password !== undefined && { password }),
      });
    }
    if (!joined.isOk) this.#settle(asker, request, joined);
    else if (joined.value.type === "joined") {
      const { id } = joined.value.lobby;
      this.#markAbsent(player);
      this.#settle(asker, request, { isOk: true, value: { lobby: id } });
    } else {
      person.attempts.tryTake(1, this.#nowMs);
      this.#attempts.set(joined.value.attempt, asker);
      this.#takeLobbyEvents();
    }
  }

  #infoOf(
    person: Person,
    metadata: LobbyMetadata | undefined,
  ): LobbyPlayerInfo {
    const { player, name } = person;
    return {
      skill: this.#settings.skillOf(player).skill,
      ...(name !== undefined && { name }),
      ...(metadata !== undefined && { metadata }),
    };
  }

  #configure(
    player: PlayerId,
    asker: Asker,
    request: LobbyRequest & { do: "configure" },
  ): void {
    const hosted = hostedBy(this.manager, player);
    // Whose lobby it is not, the manager refuses.
    const vetted = hosted.isOk
      ? this.#vet(player, hosted.value, request.changes)
      : { isOk: true, value: request.changes } as const;
    if (!vetted.isOk) {
      this.#refuse(asker, request, vetted.error);
      return;
    }
    const set = this.manager.updateConfig(player, vetted.value);
    this.#settle(asker, request, plain(set));
  }

  /** What the game makes of what a player wants a lobby to be. */
  #vet(
    player: PlayerId,
    lobby: Lobby | undefined,
    changes: LobbyConfigChanges,
  ):
    | { readonly isOk: true; readonly value: LobbyConfigChanges }
    | { readonly isOk: false; readonly error: LobbyRequestError } {
    const { vetConfig, limits } = this.#settings;
    const whole = vetConfig && checkConfig(changes, lobby?.config, limits);
    // What is out of its range, the manager refuses.
    const verdict = whole?.value &&
      vetConfig?.({ player, lobby, config: deepFreeze(whole.value) });
    if (verdict === undefined) return { isOk: true, value: changes };
    if (verdict.type === "refused") {
      const { reason } = verdict;
      return {
        isOk: false,
        error: {
          type: "configRefused",
          reason,
          message: `The game refuses such a lobby: ${reason}`,
        },
      };
    }
    const teams = { ...changes.teams, ...verdict.changes.teams };
    return {
      isOk: true,
      value: { ...changes, ...verdict.changes, teams },
    };
  }

  #setPassword(
    person: Person,
    asker: Asker,
    password: string | null,
  ): void {
    const request = { do: "setPassword", password } as const;
    const { player } = person;
    const hosted = hostedBy(this.manager, player);
    if (!hosted.isOk) {
      this.#refuse(asker, request, hosted.error);
      return;
    }
    const { id } = hosted.value;
    const set = (verifier: string | undefined): void =>
      this.#settle(
        asker,
        request,
        plain(this.manager.setPassword(player, verifier)),
      );
    if (password === null) {
      person.lastPassword = undefined;
      set(undefined);
      return;
    }
    const own = {};
    const isTaken = this.#hash(person, asker, request, password, (verifier) => {
      if (this.manager.lobbyForPlayer(player)?.id !== id) {
        this.#refuse(asker, request, {
          type: "playerNotFound",
          player,
          message: "The player has left the lobby",
        });
      } else if (person.lastPassword === own) set(verifier);
      // What was asked for last counts, and not what has taken longest.
      else this.#done(asker, request, {});
    });
    if (isTaken) person.lastPassword = own;
  }

  /** Makes a verifier, and goes on with it in a tick to come; returns whether that was begun. */
  #hash(
    person: Person,
    asker: Asker,
    request: LobbyRequest,
    password: string,
    goOn: (verifier: string) => void,
  ): boolean {
    if (!person.hashes.tryTake(1, this.#nowMs)) {
      const waitMs = person.hashes.waitMs(1, this.#nowMs);
      this.#refuse(asker, request, limited(waitMs));
      return false;
    }
    const isTaken = this.#hashes.push(async () => {
      const verifier = await hashPassword(
        password,
        this.#settings.iterations,
      );
      this.#counters.hashes++;
      this.#found.push(() => goOn(verifier));
    });
    if (!isTaken) this.#refuse(asker, request, limited(HASHES_RETRY_MS));
    return isTaken;
  }

  #verify(notice: LobbyNotice & { type: "passwordToVerify" }): void {
    const { attempt, player, password, verifier } = notice;
    // How many there may be, the manager has seen to.
    this.#hashes.push(async () => {
      // Nobody waits for it any more.
      if (!this.#attempts.has(attempt)) return;
      const isRight = await verifyPassword(password, verifier);
      this.#counters.hashes++;
      this.#found.push(() => this.#onVerified(attempt, player, isRight));
    }, true);
  }

  #onVerified(attempt: number, player: PlayerId, isRight: boolean): void {
    const answered = this.manager.answerPassword(attempt, isRight);
    if (answered.isOk) this.#markAbsent(player);
    // The lobby first: who asks is in it when it is answered.
    this.#takeLobbyEvents();
    const asker = this.#attempts.get(attempt);
    if (asker === undefined) return;
    this.#attempts.delete(attempt);
    this.#settle(asker, { do: "join" }, entered(answered));
  }

  #say(
    person: Person,
    asker: Asker,
    request: LobbyRequest & { do: "chat" },
  ): void {
    const { player } = person;
    const { text, isTeam = false } = request;
    const lobby = this.manager.lobbyForPlayer(player);
    if (lobby === undefined) {
      this.#refuse(asker, request, {
        type: "playerNotFound",
        player,
        message: "The player is in no lobby",
      });
      return;
    }
    if (!this.#chat.isFit(text)) {
      this.#refuse(asker, request, invalid("text"));
      return;
    }
    if (!person.chat.tryTake(1, this.#nowMs)) {
      const waitMs = person.chat.waitMs(1, this.#nowMs);
      this.#refuse(asker, request, limited(waitMs));
      return;
    }
    const team = lobby.players.find(({ id }) => id === player)?.team;
    if (isTeam && team === undefined) {
      this.#refuse(asker, request, {
        type: "notAllowed",
        rule: "teams",
        message: "The player is in no team",
      });
      return;
    }
    const hearers = isTeam
      ? lobby.players.filter((it) => it.team === team).map(({ id }) => id)
      : undefined;
    const message = this.#chat.say(lobby.id, player, text, hearers);
    // The number is stored, so that none comes twice.
    this.#outbox.touch("lobby", lobby.id);
    this.#pushChat(
      this.#socketsOf(hearers ?? membersOf(lobby))
        .filter(({ heard }) => heard !== undefined),
      { push: "chat", message },
      message,
    );
    this.#done(asker, request, {});
  }

  #browse(
    socket: LobbySocket,
    asker: Asker,
    request: LobbyRequest & { do: "browse" },
  ): void {
    const { client, number } = asker;
    const { person } = socket;
    // It may have left while this waited in line: nobody would ever end its list.
    if (this.#people.socket(client) !== socket) return;
    if (!person.lists.tryTake(1, this.#nowMs)) {
      const waitMs = person.lists.waitMs(1, this.#nowMs);
      this.#refuse(asker, request, limited(waitMs));
      return;
    }
    this.#stopReading(socket);
    const cursor = person.readerCount < MAX_LISTS
      ? this.#feed.subscribe(request.filter)
      : undefined;
    if (cursor === undefined) {
      this.#refuse(asker, request, limited(LISTS_RETRY_MS));
      return;
    }
    const answer: LobbyAnswer = { ok: true, value: { key: cursor.key } };
    this.#counters.request(request.do, true);
    // What the list has is stored: it waits for nothing, and follows its answer.
    socket.reader = this.#readers.open(
      client,
      cursor,
      number,
      encoder.encode(JSON.stringify(answer)),
    );
  }

  #stopReading(socket: LobbySocket): void {
    const { reader } = socket;
    if (reader === undefined) return;
    socket.reader = undefined;
    this.#feed.unsubscribe(reader.cursor);
    this.#readers.close(reader);
  }

  #endList(reader: ListReader): boolean {
    const push: LobbyPush = {
      push: "listEnded",
      key: reader.cursor.key,
      reason: "slow",
    };
    const message = encoder.encode(JSON.stringify(push));
    if (!this.hub.sendTo(reader.client, LOBBY_LIST_CHANNEL, message)) {
      // Nobody is there any more to be told.
      if (this.hub.identityOf(reader.client) !== undefined) return false;
    }
    this.#counters.slowReaders++;
    const socket = this.#people.socket(reader.client);
    if (socket?.reader === reader) this.#stopReading(socket);
    return true;
  }

  #tickLists(dt: number): void {
    const { listIntervalMs } = this.#settings;
    this.#readers.tick(
      listIntervalMs === 0 ? 1 : Math.min(1, dt * 1_000 / listIntervalMs),
    );
  }

  #list(id: LobbyId, lobby: Lobby | undefined): void {
    const { region, listedMetadata } = this.#settings;
    const listing = lobby === undefined || lobby.config.access !== "public"
      ? undefined
      : lobbyListing(lobby, { region, metadata: listedMetadata });
    this.#feed.update(id, listing);
    this.#cluster?.list(id, listing);
  }

  /** Takes what has happened to lobbies, for those in them, the store and the game. */
  #takeLobbyEvents(): void {
    for (const event of this.manager.drainEvents()) {
      switch (event.type) {
        case "passwordToVerify":
          this.#verify(event);
          break;
        case "serverDataChanged":
          this.#outbox.touch("lobby", event.lobby);
          break;
        case "joinRefused": {
          const asker = this.#attempts.get(event.attempt);
          if (asker === undefined) break;
          this.#attempts.delete(event.attempt);
          this.#refuse(asker, { do: "join" }, event.error);
          break;
        }
        default:
          this.#onLobbyEvent(event);
      }
    }
  }

  #onLobbyEvent(event: LobbyEvent): void {
    const { lobby: id } = event;
    const before = this.#views.get(id);
    // As it was then: the manager is some events ahead.
    const after = applyLobbyEvent(before, event);
    const view = after ?? before!;
    if (after === undefined) this.#views.delete(id);
    else this.#views.set(id, after);
    this.#outbox.touch("lobby", id);
    switch (event.type) {
      case "lobbyCreated":
        this.#gate?.onSeats(membersOf(event.view));
        this.#welcome(membersOf(event.view), view);
        break;
      case "playerJoined":
      case "spectatorJoined": {
        const { id: player } = event.type === "playerJoined"
          ? event.player
          : event.spectator;
        this.#gate?.onSeats([player]);
        this.#welcome([player], view);
        this.#pushTo(
          membersOf(view).filter((it) => it !== player),
          { push: "event", event },
        );
        break;
      }
      case "playerLeft": {
        const { player, reason } = event;
        this.#pushTo([player], { push: "left", lobby: id, reason });
        this.#pushTo(membersOf(view), { push: "event", event });
        this.#matchmaker.onLeft(player, reason === "left");
        this.#gate?.onSeats([player]);
        break;
      }
      case "lobbyDestroyed":
        this.#chat.forget(id);
        this.#matchmaker.onDestroyed(id);
        this.#gate?.onSeats(membersOf(view));
        for (const player of membersOf(view)) {
          this.#pushTo([player], {
            push: "left",
            lobby: id,
            // Who was the last one has left, and did not lose the lobby.
            reason: event.last?.player === player
              ? event.last.reason
              : "destroyed",
          });
        }
        break;
      default:
        this.#pushTo(membersOf(view), { push: "event", event });
    }
    this.#outbox.push(() => this.#list(id, after));
    this.#tell({ type: "lobby", event, view });
  }

  #valueOf({ kind, key }: LobbyRecordKey): string | undefined {
    if (kind === "ticket") return this.#matchmaker.valueOf(key);
    if (kind === "server") return this.#gate?.valueOf(key);
    const moving = this.#moving.get(key as LobbyId);
    if (moving !== undefined) return moving;
    const id = key as LobbyId;
    this.#gate?.onCodes(id, this.manager.invites(id).map(({ code }) => code));
    return this.#writeLobby(id);
  }

  /** All that is kept of a lobby: what the manager has, and the number of what was said last. */
  #writeLobby(id: LobbyId): string | undefined {
    const snapshot = this.manager.snapshot(id);
    const chatNumber = this.#chat.numberOf(id);
    return snapshot === undefined ? undefined : JSON.stringify(
      chatNumber === 0 ? snapshot : { ...snapshot, chatNumber },
    );
  }

  #onStored(records: number): void {
    this.#counters.batches++;
    this.#counters.records += records;
    if (this.#isStoreFailing) {
      this.#isStoreFailing = false;
      this.#queue({ type: "storeRecovered" });
    }
    this.hub.flush();
  }

  #onFailed(error: unknown, retryAfterMs: number): void {
    this.#counters.storeFailures++;
    this.#isStoreFailing = true;
    this.#queue({ type: "storeFailed", error, retryAfterMs });
  }

  /** What came of something that the rules may refuse. */
  #settle(
    asker: Asker,
    request: { readonly do: LobbyRequest["do"] },
    result: Result,
  ): void {
    this.#takeLobbyEvents();
    if (result.isOk) this.#done(asker, request, result.value ?? {});
    else this.#refuse(asker, request, result.error);
  }

  #done(
    asker: Asker,
    request: { readonly do: LobbyRequest["do"] },
    value: object,
  ): void {
    this.#counters.request(request.do, true);
    this.#answer(asker, {
      ok: true,
      value: value as Readonly<Record<string, unknown>>,
    });
  }

  #refuse(
    asker: Asker,
    request: { readonly do: LobbyRequest["do"] },
    error: LobbyRequestError,
  ): void {
    this.#counters.request(request.do, false);
    this.#answer(asker, refusal(error));
  }

  #answer({ client, number }: Asker, answer: LobbyAnswer): void {
    const text = JSON.stringify(answer);
    this.#outbox.push(() => {
      this.hub.reply(client, LOBBY_CHANNEL, number, text);
    }, text.length);
  }

  #socketsOf(players: readonly PlayerId[]): LobbySocket[] {
    const sockets: LobbySocket[] = [];
    for (const player of players) {
      const person = this.#people.get(player);
      if (person !== undefined) sockets.push(...person.sockets);
    }
    return sockets;
  }

  #pushTo(players: readonly PlayerId[], push: LobbyPush): void {
    this.#push(this.#socketsOf(players), push);
  }

  #push(sockets: readonly LobbySocket[], push: LobbyPush): void {
    if (sockets.length === 0) return;
    const text = JSON.stringify(push);
    this.#outbox.push(() => {
      for (const socket of sockets) this.#send(socket, text);
    }, text.length);
  }

  /** Returns whether the client will get it. */
  #send(socket: LobbySocket, text: string): boolean {
    // It is told the whole, once there is room.
    if (socket.isBehind) return false;
    this.#counters.pushes++;
    if (this.hub.sendTo(socket.client, LOBBY_CHANNEL, text)) return true;
    if (this.#people.socket(socket.client) !== socket) return false;
    socket.isBehind = true;
    socket.behindMs = this.#nowMs;
    this.#behind.add(socket);
    this.#counters.behind++;
    return false;
  }

  #sendTo(
    players: readonly PlayerId[],
    channel: string,
    message: string | Uint8Array,
  ): boolean {
    if (!this.#isReady || this.#isClosed) return false;
    // It follows on what was done before, and waits for that to be stored.
    this.#takeLobbyEvents();
    const clients = players.flatMap((it) => this.#people.clientsOf(it));
    return this.#messages.send(clients, channel, message);
  }

  /** Tells those for whom there was no room where they stand, if there is now. */
  #catchUp(): void {
    if (this.#nowMs - this.#toldDropsMs >= CATCH_UP_MS) {
      this.#toldDropsMs = this.#nowMs;
      for (const [client, player] of this.#messages.takeBehind()) {
        this.#queue({ type: "messagesDropped", client, player });
      }
    }
    let left = CATCH_UPS_PER_TICK;
    // Those that were tried last stand behind.
    for (const socket of this.#behind) {
      if (this.#nowMs - socket.behindMs < CATCH_UP_MS || left-- <= 0) return;
      const { heard, person: { player } } = socket;
      const lobby = this.manager.lobbyForPlayer(player);
      const push: LobbyPush = {
        push: "sync",
        lobby: lobby ?? null,
        ...this.#timesLeftOf(lobby),
        ...this.#matchmaker.stateOf(player),
      };
      const text = JSON.stringify(push);
      this.#behind.delete(socket);
      this.#outbox.push(() => {
        socket.isBehind = false;
        this.#send(socket, text);
      }, text.length);
      if (lobby === undefined || heard === undefined) continue;
      this.#retell(
        socket,
        lobby.id,
        heard.lobby === lobby.id ? heard.number : undefined,
      );
    }
  }

  /** Tells the owner something, when all that came before is stored. */
  #tell(event: LobbyServerEvent): void {
    const isMessage = event.type === "hub" && event.event.type === "message";
    const bytes = isMessage ? event.event.bytes.length : 0;
    this.#outbox.push(() => this.#queue(event), bytes);
  }

  #queue(event: LobbyServerEvent): void {
    if (!this.#events.push(event)) this.#counters.lostEvents++;
  }
}

/** Whom to answer. */
interface Asker {
  readonly client: ClientId;
  /** The number of the request. */
  readonly number: number;
}

type Result =
  | { readonly isOk: true; readonly value: object | undefined }
  | { readonly isOk: false; readonly error: LobbyRequestError };

const LOBBY_CHANNEL_OPTIONS = {
  delivery: Delivery.ExactlyOnce,
  priority: 2,
  slow: "drop",
  maxQueuedMessages: 1_024,
} as const;
const MIN_QUEUED_BYTES = 1_048_576;

/** How long the hub's messages are at the most; players must not be able to fill a lobby that cannot be told. */
function checkMessageBytes(
  longest: number,
  bytes: number = CLIENT_MESSAGE_BYTES,
): number {
  if (longest > CLIENT_MESSAGE_BYTES) {
    throw new RangeError(
      `Cannot make a LobbyServer as a full lobby within manager.limits must take ${CLIENT_MESSAGE_BYTES} bytes at the most, which is what clients take: current value is ${longest}`,
    );
  }
  if (bytes >= longest && bytes <= MAX_HUB_MESSAGE_BYTES) return bytes;
  throw new RangeError(
    `Cannot make a LobbyServer as a lobby of its limits takes ${longest} bytes, and hub.maxMessageBytes must be that to ${MAX_HUB_MESSAGE_BYTES}: current value is ${bytes}`,
  );
}

/** The longest message that a `WsClient` takes: what is longer never reaches it. PROTOCOL.md asks it of all clients. */
const CLIENT_MESSAGE_BYTES = 1_048_576;
/** As `WsHubOptions.maxMessageBytes` says. */
const MAX_HUB_MESSAGE_BYTES = 67_108_864;

/** Lists wait at the server, where readers share them. */
const LIST_CHANNEL_OPTIONS = {
  delivery: Delivery.ExactlyOnce,
  priority: 5,
  slow: "drop",
  maxQueuedMessages: 64,
  maxQueuedBytes: 2 * PAGE_BYTES,
} as const;

/** The same for all who read a list. */
function encodeDiff(key: string, diff: LobbyListingDiff): OutMessage {
  const push: LobbyPush = { push: "list", key, ...diff };
  return outMessage(encoder.encode(JSON.stringify(push)));
}

function membersOf(lobby: Lobby): PlayerId[] {
  return [
    ...lobby.players.map(({ id }) => id),
    ...lobby.spectators.map(({ id }) => id),
  ];
}

function entered(result: LobbyResult<Lobby>): Result {
  return result.isOk
    ? { isOk: true, value: { lobby: result.value.id } }
    : result;
}

function refusal(error: LobbyRequestError): LobbyAnswer {
  return { ok: false, error };
}

function invalid(field: string): LobbyRequestError {
  return {
    type: "invalidRequest",
    field,
    message: field === ""
      ? "The request cannot be read"
      : `The request's ${field} is none`,
  };
}

function limited(waitMs: number): LobbyRequestError {
  const retryAfterMs = Math.ceil(waitMs);
  return {
    type: "rateLimited",
    retryAfterMs,
    message: `Too often: again in ${retryAfterMs} ms`,
  };
}
