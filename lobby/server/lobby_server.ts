// This module is browser compatible.
import { EventQueue, type Metric, type PlayerId } from "../../core/mod.ts";
import {
  type ClientId,
  Delivery,
  type HandlerInfo,
  WsHub,
  type WsHubEvent,
} from "../../websocket/mod.ts";
import { LobbyCluster } from "../cluster/lobby_cluster.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyResult } from "../lobby_result.ts";
import { applyLobbyEvent } from "../manager/apply_lobby_event.ts";
import type { Lobby } from "../manager/lobby.ts";
import type { LobbyEvent } from "../manager/lobby_event.ts";
import { LobbyManager } from "../manager/lobby_manager.ts";
import type {
  LobbyJoin,
  LobbyPlayerInfo,
} from "../manager/lobby_manager_options.ts";
import type { LobbyMetadata } from "../manager/lobby_metadata.ts";
import { LobbyState } from "../manager/lobby_state.ts";
import type { BackfillId, BackfillRequest } from "../matchmaking/backfill.ts";
import type { MatchmakingResult } from "../matchmaking/matchmaking_result.ts";
import type { LobbyStore } from "../store/lobby_store.ts";
import { readRequest } from "../wire/_read_request.ts";
import type { LobbyHello, LobbyRequestError } from "../wire/lobby_answer.ts";
import type { LobbyTimesLeft } from "../wire/lobby_push.ts";
import {
  LOBBY_CHANNEL,
  LOBBY_LIST_CHANNEL,
  LOBBY_PROTOCOL,
  type LobbyRequest,
} from "../wire/lobby_request.ts";
import { Chat } from "./_chat.ts";
import { ChatPushes } from "./_chat_pushes.ts";
import {
  type Asker,
  ClientPushes,
  type PlayerState,
} from "./_client_pushes.ts";
import { ClusterGate, type Elsewhere } from "./_cluster_gate.ts";
import { GameHooks } from "./_game_hooks.ts";
import { GameMessages } from "./_game_messages.ts";
import { LIST_CHANNEL_OPTIONS, LobbyLists } from "./_lobby_lists.ts";
import { LobbyRecords } from "./_lobby_records.ts";
import { Matchmaker } from "./_matchmaker.ts";
import { maxMessageBytes } from "./_max_message_bytes.ts";
import { entered, hostedBy, operate, plain } from "./_operate.ts";
import { Outbox } from "./_outbox.ts";
import { PasswordRequests } from "./_password_requests.ts";
import { type LobbySocket, People, type Person } from "./_people.ts";
import { invalid, limited, refusal } from "./_refusal.ts";
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
/** How long a client whose password was not tried, as the lobby was handed over, is told to wait. */
const MOVED_RETRY_MS = 1_000;
/** Bytes that one of what waits for the store has on the average, while more is taken in. */
const HELD_BYTES = 1_024;
/** How often it is told who had no room for a message of the game. */
const TELL_DROPS_MS = 1_000;

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
  readonly #pushes: ClientPushes;
  readonly #chat: Chat;
  readonly #chatPushes: ChatPushes;
  readonly #lists: LobbyLists;
  readonly #passwords: PasswordRequests;
  readonly #hooks: GameHooks;
  readonly #matchmaker: Matchmaker;
  readonly #records: LobbyRecords;
  readonly #counters = new ServerCounters();
  /** Each lobby as it was after its last event. */
  readonly #views = new Map<LobbyId, Lobby>();
  /** What was found out meanwhile, for the next tick. */
  #deferred: (() => void)[] = [];
  /** When it was told last who had no room for a message of the game. */
  #toldDropsMs = 0;
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
      defer: (action) => this.#deferred.push(action),
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
    this.#outbox = new Outbox(options.store, {
      valueOf: (record) => this.#records.valueOf(record),
      isServing: () => this.#cluster?.isHeld !== false,
      onStored: (records) => this.#onStored(records),
      onFailed: (error, retryAfterMs) => this.#onFailed(error, retryAfterMs),
    });
    this.#pushes = new ClientPushes(
      this.hub,
      this.#people,
      this.#outbox,
      this.#counters,
      {
        stateOf: (player) => this.#stateOf(player),
        onCaughtUp: (socket, lobby) => this.#chatPushes.goOn(socket, lobby),
      },
    );
    this.#chatPushes = new ChatPushes(this.#chat, this.#outbox, this.#pushes);
    this.#lists = new LobbyLists(
      this.hub,
      this.#people,
      this.#pushes,
      this.#counters,
      settings,
      cluster,
    );
    this.#passwords = new PasswordRequests(
      this.manager,
      this.#pushes,
      this.#counters,
      settings,
      {
        defer: (action) => this.#deferred.push(action),
        takeEvents: () => this.#takeLobbyEvents(),
        markAbsent: (player) => this.#markAbsent(player),
        settle: (asker, request, result) =>
          this.#settle(asker, request, result),
      },
    );
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
    this.#hooks = new GameHooks(settings, (event) => this.#tell(event));
    this.#matchmaker = new Matchmaker(options.queues ?? {}, {
      manager: this.manager,
      limits: settings.limits,
      skillOf: (player) => this.#hooks.skillOf(player),
      people: this.#people,
      counters: this.#counters,
      takeEvents: () => this.#takeLobbyEvents(),
      push: (players, push) => this.#pushes.pushTo(players, push),
      touch: (key, players) => {
        this.#outbox.touch("ticket", key);
        this.#gate?.onSeats(players);
      },
      tell: (event) => this.#tell(event),
    });
    this.#records = new LobbyRecords({
      manager: this.manager,
      chat: this.#chat,
      people: this.#people,
      matchmaker: this.#matchmaker,
      gate: this.#gate,
      outbox: this.#outbox,
      onRestored: (id, lobby) => {
        if (lobby !== undefined) this.#views.set(id, lobby);
        this.#list(id, lobby);
      },
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
    this.#hooks.tick(dt);
    this.#passwords.tick(this.#nowMs);
    this.#tickCluster(dt);
    this.#takeHubEvents();
    if (!this.#isReady || this.#isClosed) return;
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const apply of deferred) apply();
    // What was handed over comes back after that was found out.
    this.#takeNews();
    this.#gate?.tick(dt);
    this.manager.tick(dt);
    this.#takeLobbyEvents();
    this.#matchmaker.tick(dt);
    this.#takeLobbyEvents();
    this.#people.sweep(
      this.#nowMs,
      (player) => this.#matchmaker.isWaiting(player),
    );
    this.#tellDrops();
    this.#pushes.tick(this.#nowMs);
    this.#outbox.tick(dt);
    this.#outbox.commit();
    this.#lists.tick(dt);
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
   * @returns Whether it is on its way to anybody: not if the player has no client here, if `maxHeld` things or as many KiB
   * wait for the store already, or after `close`.
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
      this.#lists.filterCount,
    );
    yield gauge(
      "waiting_hashes",
      "Passwords that wait to be hashed",
      this.#passwords.waiting,
    );
    yield counter("chat_messages", "Messages said in lobbies", this.#chat.said);
    yield counter(
      "list_bytes",
      "Bytes of lists that were sent",
      this.#lists.sentBytes,
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
    await this.#passwords.close();
    this.#takeLobbyEvents();
    await this.#outbox.finish();
    this.hub.close(spreadMs);
  }

  async #restore(): Promise<void> {
    const records = await this.#store.load();
    this.#isReady = true;
    this.#tell({ type: "restored", ...this.#records.restore(records) });
  }

  #tickCluster(dt: number): void {
    const cluster = this.#cluster;
    if (cluster === undefined || this.#isClosed) return;
    cluster.tick(dt);
    if (cluster.isHeld) return;
    this.#isClosed = true;
    this.#outbox.abandon();
    this.#queue({ type: "clusterLost" });
    void this.#passwords.close();
    this.hub.close();
  }

  /** Takes what the cluster has found out. */
  #takeNews(): void {
    if (this.#cluster === undefined) return;
    const { inherited, taken, listings } = this.#cluster.takeNews();
    if (inherited.length > 0) {
      // What the game has done since the last tick is told; what comes of it being here is not.
      this.#takeLobbyEvents();
      this.#tell({ type: "inherited", ...this.#records.restore(inherited) });
    }
    for (const { kind, key } of taken) {
      // By the game's own calls somebody or something is here that was elsewhere before.
      if (kind === "lobby") this.manager.destroyLobby(key as LobbyId);
      const player = kind === "server" ? this.#gate!.onTaken(key) : undefined;
      if (player !== undefined) this.manager.leave(player);
    }
    for (const [id, listing] of listings) {
      if (!this.#views.has(id)) this.#lists.updateElsewhere(id, listing);
    }
  }

  /** Hands a lobby over to the server of the queue where its party wants to wait. */
  #moveLobby(player: PlayerId, place: Elsewhere): boolean {
    this.#takeLobbyEvents();
    const lobby = this.manager.lobbyForPlayer(player);
    if (lobby === undefined) return false;
    const { id } = lobby;
    const players = membersOf(lobby);
    // Who does not play may wait for a match alone.
    if (players.some((it) => this.#matchmaker.isWaiting(it))) return false;
    const people = players.flatMap((it) => this.#people.get(it) ?? []);
    const value = this.#records.hold(id)!;
    const records = this.#gate!.beginMove(id, player, players, people);
    this.manager.destroyLobby(id);
    // It lives on: nobody is told.
    for (const event of this.manager.drainEvents()) {
      if (event.type !== "joinRefused") continue;
      this.#passwords.refuse(event.attempt, limited(MOVED_RETRY_MS));
    }
    this.#views.delete(id);
    this.#list(id, undefined);
    this.#cluster!.give(place.token, [
      ...records,
      { kind: "lobby", key: id, value },
    ]).then((isGiven) => {
      this.#deferred.push(() => {
        const { url } = place;
        if (isGiven) {
          this.#records.release(id);
          this.#chat.forget(id);
          this.#matchmaker.onDestroyed(id);
          this.#pushes.pushTo(players, { push: "moved", url });
        } else this.#takeBack(lobby);
        this.#gate!.endMove(id, players, people, isGiven ? url : undefined);
      });
    });
    return true;
  }

  /** A lobby that was to be handed over stays, as the other server is dead. */
  #takeBack(lobby: Lobby): void {
    const { id, version } = lobby;
    this.#takeLobbyEvents();
    if (this.#records.takeBack(id)) this.#takeLobbyEvents();
    else {
      // There is no room for it any more, or the game has seated somebody of it elsewhere.
      this.#views.set(id, lobby);
      this.#onLobbyEvent({
        type: "lobbyDestroyed",
        lobby: id,
        version: version + 1,
        reason: "closed",
      });
    }
  }

  #isSeated(player: PlayerId): boolean {
    return this.manager.lobbyForPlayer(player) !== undefined ||
      this.#matchmaker.isWaiting(player);
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
        const { client, identity } = event;
        if (event.type === "clientConnected") {
          const excess = this.#people.onClient(client, identity);
          if (excess !== undefined) {
            this.#expel(excess, "too many connections of this player");
          }
        } else this.#people.onClientAway(client, identity);
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
        this.#pushes.forget(socket);
        this.#lists.stop(socket);
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
        this.#pushes.answer({ client, number }, refusal(invalid(field)));
      }
      this.#lose(person, client);
      return;
    }
    const asker = { client, number };
    if (!person.requests.tryTake(1, this.#nowMs)) {
      this.#counters.limited++;
      const waitMs = person.requests.waitMs(1, this.#nowMs);
      this.#pushes.answer(asker, refusal(limited(waitMs)));
      this.#lose(person, client);
      return;
    }
    let socket = this.#people.socket(client);
    if (socket === undefined) {
      // If it has left since, the word of that is still to come.
      socket = this.#people.attach(client, identity);
      // Before all that it is told: a client cannot tell its own name, and needs it to know which seat is its own.
      this.#pushes.push([socket], { push: "player", player: person.player });
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
      refuse: (error) => this.#pushes.refuse(asker, request, error),
    });
  }

  /** Puts up with a request that is wrong or comes too early, or does not. */
  #lose(person: Person, client: ClientId): void {
    if (person.patience.tryTake(1, this.#nowMs)) return;
    this.#expel(client, "too many wrong requests");
  }

  #expel(client: ClientId, reason: string): void {
    this.#counters.expelled++;
    this.#expelled.add(client);
    this.hub.remove(client, reason);
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
        this.#passwords.set(person, asker, request.password);
        return;
      case "chat":
        this.#say(person, asker, request);
        return;
      case "browse":
        this.#lists.browse(socket, asker, request, this.#nowMs);
        return;
      case "unbrowse":
        this.#lists.stop(socket);
        this.#pushes.done(asker, request, {});
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
      this.#pushes.refuse(asker, request, {
        type: "unsupportedProtocol",
        protocol: LOBBY_PROTOCOL,
        message:
          `Cannot speak protocol ${request.protocol} as it must be ${LOBBY_PROTOCOL}`,
      });
      return;
    }
    const lobby = this.manager.lobbyForPlayer(player);
    this.#pushes.forget(socket);
    // What was dropped, and is on its way out still, is part of what follows.
    this.#outbox.push(() => socket.isBehind = false);
    socket.heard ??= { lobby: undefined, number: 0 };
    if (request.lobby !== undefined && request.lobby !== lobby?.id) {
      this.#pushes.push([socket], {
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
      this.#chatPushes.retell(
        socket,
        lobby.id,
        isNew ? undefined : request.chat,
      );
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
    this.#pushes.done(asker, request, hello);
  }

  /** Tells who has come to a lobby of it as a whole, and what was said there last. */
  #welcome(players: readonly PlayerId[], lobby: Lobby): void {
    const sockets = this.#pushes.socketsOf(players);
    this.#show(sockets, lobby);
    for (const socket of sockets) {
      if (socket.heard !== undefined) {
        this.#chatPushes.retell(socket, lobby.id, undefined);
      }
    }
  }

  #show(sockets: readonly LobbySocket[], lobby: Lobby): void {
    this.#pushes.push(sockets, {
      push: "view",
      view: lobby,
      ...this.#timesLeftOf(lobby),
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

  /** Where a player stands. */
  #stateOf(player: PlayerId): PlayerState {
    const lobby = this.manager.lobbyForPlayer(player);
    return {
      lobby: lobby ?? null,
      ...this.#timesLeftOf(lobby),
      ...this.#matchmaker.stateOf(player),
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
    const vetted = this.#hooks.vet(person.player, undefined, config);
    if (!vetted.isOk) {
      this.#pushes.refuse(asker, request, vetted.error);
      return;
    }
    const whole = { ...request, config: vetted.value };
    if (password === undefined) {
      this.#createWith(person, asker, whole, undefined);
      return;
    }
    this.#passwords.hash(person, asker, request, password, (verifier) => {
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
      joined = this.manager.joinByCode(player, code, info);
    } else if (lobby === undefined) {
      this.#pushes.refuse(asker, request, invalid("lobby"));
      return;
    } else {
      const waitMs = person.attempts.waitMs(1, this.#nowMs);
      const isTried = password !== undefined &&
        this.manager.lobby(lobby)?.hasPassword === true;
      if (isTried && waitMs > 0) {
        this.#pushes.refuse(asker, request, limited(waitMs));
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
      this.#passwords.wait(joined.value.attempt, asker);
      this.#takeLobbyEvents();
    }
  }

  #infoOf(
    person: Person,
    metadata: LobbyMetadata | undefined,
  ): LobbyPlayerInfo {
    const { player, name } = person;
    return {
      skill: this.#hooks.skillOf(player).skill,
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
    const vetted = hosted.isOk
      ? this.#hooks.vet(player, hosted.value, request.changes)
      : hosted;
    if (!vetted.isOk) {
      this.#pushes.refuse(asker, request, vetted.error);
      return;
    }
    const set = this.manager.configure(player, vetted.value);
    this.#settle(asker, request, plain(set));
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
      this.#pushes.refuse(asker, request, {
        type: "playerNotFound",
        player,
        message: "The player is in no lobby",
      });
      return;
    }
    if (!this.#chat.isFit(text)) {
      this.#pushes.refuse(asker, request, invalid("text"));
      return;
    }
    if (!person.chat.tryTake(1, this.#nowMs)) {
      const waitMs = person.chat.waitMs(1, this.#nowMs);
      this.#pushes.refuse(asker, request, limited(waitMs));
      return;
    }
    const team = lobby.players.find(({ id }) => id === player)?.team;
    if (isTeam && team === undefined) {
      this.#pushes.refuse(asker, request, {
        type: "notAllowed",
        rule: "teams",
        message: "The player is in no team",
      });
      return;
    }
    const hearers = isTeam
      ? lobby.players.filter((it) => it.team === team).map(({ id }) => id)
      : undefined;
    const vetted = this.#hooks.vetChat(
      { player, lobby, team: isTeam ? team : undefined, text },
      (it) => this.#chat.isFit(it),
    );
    if (!vetted.isOk) {
      this.#pushes.refuse(asker, request, vetted.error);
      return;
    }
    const message = this.#chat.say(lobby.id, player, vetted.value, hearers);
    // The number is stored, so that none comes twice.
    this.#outbox.touch("lobby", lobby.id);
    this.#chatPushes.push(
      this.#pushes.socketsOf(hearers ?? membersOf(lobby))
        .filter(({ heard }) => heard !== undefined),
      { push: "chat", message },
      message,
    );
    this.#pushes.done(asker, request, {});
  }

  /** Takes what has happened to lobbies, for those in them, the store and the game. */
  #takeLobbyEvents(): void {
    for (const event of this.manager.drainEvents()) {
      switch (event.type) {
        case "passwordToVerify":
          this.#passwords.verify(event);
          break;
        case "serverDataChanged":
          this.#outbox.touch("lobby", event.lobby);
          break;
        case "joinRefused":
          this.#passwords.refuse(event.attempt, event.error);
          break;
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
        this.#pushes.pushTo(
          membersOf(view).filter((it) => it !== player),
          { push: "event", event },
        );
        break;
      }
      case "playerLeft": {
        const { player, reason, host } = event;
        this.#pushes.pushTo([player], { push: "left", lobby: id, reason });
        this.#pushes.pushTo(membersOf(view), { push: "event", event });
        this.#matchmaker.onLeft(
          player,
          reason === "left" ? player : reason === "kicked" ? host : undefined,
        );
        this.#gate?.onSeats([player]);
        break;
      }
      case "playerDemoted": {
        // Who only looks on is not to be seated in a match with the rest of the party.
        const { id: player } = event.spectator;
        this.#pushes.pushTo(membersOf(view), { push: "event", event });
        this.#matchmaker.onLeft(player, player);
        break;
      }
      case "lobbyDestroyed":
        this.#chat.forget(id);
        this.#matchmaker.onDestroyed(id);
        this.#gate?.onSeats(membersOf(view));
        for (const player of membersOf(view)) {
          // Who was the last one has left, and did not lose the lobby.
          const reason = event.last?.player === player
            ? event.last.reason
            : "destroyed";
          this.#pushes.pushTo([player], { push: "left", lobby: id, reason });
          this.#matchmaker.onLeft(
            player,
            reason === "left" ? player : undefined,
          );
        }
        break;
      default:
        this.#pushes.pushTo(membersOf(view), { push: "event", event });
    }
    this.#list(id, after);
    this.#tell({ type: "lobby", event, view });
  }

  /** Lists a lobby as it is now, or no longer: when that is stored, and after all that was so before. */
  #list(id: LobbyId, lobby: Lobby | undefined): void {
    this.#outbox.push(() => this.#lists.update(id, lobby));
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
    if (result.isOk) this.#pushes.done(asker, request, result.value ?? {});
    else this.#pushes.refuse(asker, request, result.error);
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

  /** Tells the owner who had no room for a message of the game. */
  #tellDrops(): void {
    if (this.#nowMs - this.#toldDropsMs < TELL_DROPS_MS) return;
    this.#toldDropsMs = this.#nowMs;
    for (const [client, player] of this.#messages.takeBehind()) {
      this.#queue({ type: "messagesDropped", client, player });
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

function membersOf(lobby: Lobby): PlayerId[] {
  return [
    ...lobby.players.map(({ id }) => id),
    ...lobby.spectators.map(({ id }) => id),
  ];
}
