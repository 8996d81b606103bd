// This module is browser compatible.
import {
  checkInteger,
  checkPositive,
  EventQueue,
  type PlayerId,
} from "../../core/mod.ts";
import {
  WsClient,
  type WsDataMessage,
  type WsEvent,
  type WsReply,
  type WsRequestFailed,
  WsState,
} from "../../websocket/mod.ts";
import { LobbyBrowser } from "../browser/lobby_browser.ts";
import type { LobbyFilter } from "../browser/lobby_filter.ts";
import type { LobbyRole } from "../lobby_error.ts";
import type { LobbyId } from "../lobby_id.ts";
import { applyLobbyEvent } from "../manager/apply_lobby_event.ts";
import type { Lobby, LobbyPlayer } from "../manager/lobby.ts";
import type { LobbyConfigChanges } from "../manager/lobby_config.ts";
import type { LobbyEvent } from "../manager/lobby_event.ts";
import type { LobbyMetadataChanges } from "../manager/lobby_metadata.ts";
import type { TeamId } from "../team_id.ts";
import { readAnswer } from "../wire/_read_answer.ts";
import { readPush } from "../wire/_read_push.ts";
import type { LobbyHello } from "../wire/lobby_answer.ts";
import type {
  LobbyProposal,
  LobbyPush,
  LobbyTicketStatus,
  LobbyTimesLeft,
} from "../wire/lobby_push.ts";
import {
  LOBBY_CHANNEL,
  LOBBY_LIST_CHANNEL,
  LOBBY_PROTOCOL,
  type LobbyRequest,
} from "../wire/lobby_request.ts";
import { LatencyReport } from "./_latency_report.ts";
import { ServerRoute } from "./_server_route.ts";
import type {
  LobbyClientEvent,
  LobbyRequestDone,
} from "./lobby_client_event.ts";
import type {
  LobbyClientOptions,
  LobbyCreateOptions,
  LobbyEnqueueOptions,
  LobbyEnterOptions,
  LobbyInviteOptions,
  LobbyKickOptions,
} from "./lobby_client_options.ts";
import type { LobbyRequestId } from "./lobby_request_id.ts";

/** The most events that one of the connection's becomes. */
const EVENTS_OF_ONE = 6;
/** How long it is waited before the server is greeted, or asked for the list again, if that came to nothing. */
const FIRST_GREETING_MS = 500;
const MIN_GREETING_MS = 50;
const MAX_GREETING_MS = 30_000;
/** Lobbies are small and urgent beside what else a game sends. */
const PRIORITY = 2;

const decoder = new TextDecoder();

/** A request that has no answer yet. */
interface Pending {
  /** The number that was given for it. */
  readonly number: LobbyRequestId;
  readonly request: LobbyRequest;
  /** Whether the client has asked it for itself. */
  readonly isOwn: boolean;
  /** How often it was sent on. */
  redirects: number;
  /** When it was asked first. */
  readonly sinceMs: number;
}

/**
 * The player's end of a {@linkcode LobbyServer}: it asks, by calls that give a number, and tells by events what came of
 * it ({@linkcode LobbyPromises} makes promises of them). `lobby` is the lobby that the player is in, kept up to date by its
 * events; `browser` the list of those that it could go to. It connects again by itself, and when the server was restarted it
 * takes its seat again: what was missed is told by the same events, before `synced`.
 *
 * Time goes by `tick` alone; nothing that a server or a network does throws.
 *
 * @example Make a lobby and get ready
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { playerId } from "@tickwire/net/core";
 * import { LobbyClient, LobbyServer, MemoryLobbyStore } from "@tickwire/net/lobby";
 * import { upgradeWebSocket } from "@tickwire/net/websocket/deno";
 *
 * const lobbies = new LobbyServer({
 *   upgrade: upgradeWebSocket,
 *   authenticate: () => ({ playerId: playerId("ada") }), // ask your own server
 *   store: new MemoryLobbyStore(),
 * });
 * const http = Deno.serve({ port: 0, onListen() {} }, lobbies.handler);
 * await lobbies.ready;
 *
 * const client = new LobbyClient({ url: `ws://localhost:${http.addr.port}` });
 * client.connect();
 * client.create({ config: { name: "Duel", maxPlayers: 2 } });
 * client.setReady(true);
 * while (!client.lobby?.players[0]?.isReady) {
 *   lobbies.tick(1 / 60);
 *   client.tick(1 / 60);
 *   for (const event of client.drainEvents()) {
 *     if (event.type === "refused") throw new Error(event.error.message);
 *   }
 *   await new Promise((resolve) => setTimeout(resolve)); // the rest of the frame
 * }
 * assertEquals(client.lobby.config.name, "Duel");
 * client.close();
 * await lobbies.close();
 * await http.shutdown();
 * ```
 */
export class LobbyClient {
  /**
   * The connection, for channels and links of the game's own. The client ticks it and drains it: what is not a lobby's
   * comes as `socket` events.
   */
  readonly socket: WsClient;
  /** The list of lobbies, which `browse` fills. */
  readonly browser: LobbyBrowser;
  readonly #requestTimeoutMs: number;
  readonly #capacity: number;
  readonly #events: EventQueue<LobbyClientEvent>;
  /** By the number that the connection gave. */
  readonly #pending = new Map<number, Pending>();
  #lastNumber = 0;
  readonly #route: ServerRoute;
  /** Where to go next, and what is to be asked there. */
  #following: { readonly url: string; readonly again: Pending[] } | undefined;
  /** What the connection calls requests that are asked elsewhere. */
  readonly #moved = new Set<number>();
  /** The time by `tick`. */
  #nowMs = 0;
  #player: PlayerId | undefined;
  #lobby: Lobby | undefined;
  #ticket: LobbyTicketStatus | undefined;
  #proposal: LobbyProposal | undefined;
  /** By `#nowMs`: when the ticket was told, and when what is waited for is over. */
  #ticketMs = 0;
  #proposalEndMs = 0;
  /** The number of the last message that was said in the lobby; `undefined` if that is not known yet. */
  #chatNumber: number | undefined;
  #countdownEndMs: number | undefined;
  #readyCheckEndMs: number | undefined;
  #isSynced = false;
  /** Whether the server is to be told what this client knows. */
  #mustGreet = false;
  #isGreeting = false;
  #greetingWaitMs = 0;
  #failedGreetings = 0;
  /** What is looked at, and by which key it comes. */
  #filter: LobbyFilter | undefined;
  #listKey: string | undefined;
  /** How long it is waited before the list is asked for again, if that is to be. */
  #listWaitMs = Infinity;
  #unreadable = 0;
  readonly #latencies = new LatencyReport();

  /**
   * Makes a client that is not connected.
   *
   * @param options Where to, and how it behaves.
   * @throws {RangeError} If a number is out of its range.
   * @throws {TypeError} As `WsClient` says.
   */
  constructor(options: LobbyClientOptions) {
    const {
      requestTimeoutMs = 15_000,
      maxUndrainedEvents = 4_096,
      maxListings = 10_000,
      mux = {},
      redirect,
      ...rest
    } = options;
    this.browser = new LobbyBrowser({ maxListings });
    this.#requestTimeoutMs = checkPositive(
      "requestTimeoutMs",
      requestTimeoutMs,
    );
    this.#capacity = checkInteger(
      "maxUndrainedEvents",
      maxUndrainedEvents,
      64,
      1_000_000,
    );
    this.#events = new EventQueue({ capacity: this.#capacity });
    this.#route = new ServerRoute(rest.url, redirect);
    this.socket = new WsClient({
      ...rest,
      url: () => this.#route.url(),
      mux: { [LOBBY_CHANNEL]: { priority: PRIORITY }, ...mux },
    });
  }

  /** Where the connection stands. */
  get state(): WsState {
    return this.socket.state;
  }

  /** Whether the server has told who the player is and where, and nothing was missed since. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Who the player is, as the server says before all else; `undefined` before it has. */
  get player(): PlayerId | undefined {
    return this.#player;
  }

  /** The lobby that the player is in, as far as is known here: a frozen value, another one after each change. */
  get lobby(): Lobby | undefined {
    return this.#lobby;
  }

  /** The player's own seat in the lobby; `undefined` for who is in none, or looks on. */
  get me(): LobbyPlayer | undefined {
    return this.#lobby?.players.find(({ id }) => id === this.#player);
  }

  /** Whether the player is the lobby's host. */
  get isHost(): boolean {
    return this.#lobby !== undefined && this.#lobby.host === this.#player;
  }

  /** How long it is to the game, in milliseconds; `undefined` if there is no countdown. Counted by `tick`, as all times here. */
  get countdownLeftMs(): number | undefined {
    return this.#leftMs(this.#countdownEndMs);
  }

  /** How long it is to the end of the ready check, in milliseconds; `undefined` if there is none. */
  get readyCheckLeftMs(): number | undefined {
    return this.#leftMs(this.#readyCheckEndMs);
  }

  /** How the player's wait for a match stood when it was told; `undefined` if the player waits for none. */
  get ticket(): LobbyTicketStatus | undefined {
    return this.#ticket;
  }

  /** How long the player has waited for a match, in milliseconds; `undefined` if the player waits for none. */
  get waitedMs(): number | undefined {
    return this.#ticket &&
      this.#ticket.waitedMs + this.#nowMs - this.#ticketMs;
  }

  /** The match that its players have to confirm. */
  get proposal(): LobbyProposal | undefined {
    return this.#proposal;
  }

  /** How long there is to answer the match, in milliseconds; `undefined` if there is none. */
  get proposalLeftMs(): number | undefined {
    return this.#proposal && this.#leftMs(this.#proposalEndMs);
  }

  /** How many messages of the server made no sense, since the client was made. */
  get unreadableMessages(): number {
    return this.#unreadable;
  }

  /** Connects, with the next `tick`. Does nothing if it is connected or on its way. */
  connect(): void {
    const { state } = this;
    this.socket.connect();
    // Before all that the game asks: who the player is, and where, is known when that is answered.
    const isIdle = state === WsState.Disconnected || state === WsState.Closed;
    if (isIdle && !this.#isGreeting) this.#greet();
  }

  /**
   * Ends the connection for good; requests that are under way fail as `closed`. The seat in a lobby is kept for a while, as
   * after any loss: `leave` before, and wait for what comes of it, to give it up. `connect` begins anew.
   */
  close(): void {
    const { again } = this.#following ?? { again: [] };
    this.#following = undefined;
    this.socket.close();
    this.#take();
    for (const pending of again) this.#fail(pending, "closed");
    this.#isSynced = false;
    this.#mustGreet = false;
    this.#lobby = undefined;
    this.#chatNumber = undefined;
    this.#setTimesLeft({});
    this.#ticket = undefined;
    this.#proposal = undefined;
    this.#listKey = undefined;
    this.#route.onClosed();
  }

  /**
   * Makes a lobby and enters it as its host. `done` tells its id; `entered` comes first.
   *
   * @param options What it is like.
   * @returns The number of the request; `undefined`, here as with all other calls, if it was not accepted, as the client is
   * closed or too many are under way.
   */
  create(
    options: LobbyCreateOptions = {},
  ): LobbyRequestId<"create"> | undefined {
    return this.#ask({ do: "create", ...options });
  }

  /**
   * Enters a lobby.
   *
   * @param lobby Which.
   * @param options How. With a password the answer takes the server a while.
   * @returns The number of the request.
   */
  join(
    lobby: LobbyId,
    options: LobbyEnterOptions = {},
  ): LobbyRequestId<"join"> | undefined {
    return this.#ask({ do: "join", lobby, ...options });
  }

  /**
   * Enters the lobby that an invite code is for.
   *
   * @param code The code, which needs no password, and says as what it lets in.
   * @param options What the game says about the player.
   * @returns The number of the request.
   */
  joinByCode(
    code: string,
    options: Pick<LobbyEnterOptions, "metadata"> = {},
  ): LobbyRequestId<"join"> | undefined {
    return this.#ask({ do: "join", ...options, code });
  }

  /**
   * Leaves the lobby.
   *
   * @returns The number of the request.
   */
  leave(): LobbyRequestId<"leave"> | undefined {
    return this.#ask({ do: "leave" });
  }

  /**
   * Says whether the player is ready: after a game, for a rematch, which begins when all who are there have said so.
   *
   * @param isReady Whether.
   * @returns The number of the request.
   */
  setReady(isReady: boolean): LobbyRequestId<"ready"> | undefined {
    return this.#ask({ do: "ready", isReady });
  }

  /**
   * Removes a player or a spectator, as the host.
   *
   * @param player Whom.
   * @param options Whether for good.
   * @returns The number of the request.
   */
  kick(
    player: PlayerId,
    options: LobbyKickOptions = {},
  ): LobbyRequestId<"kick"> | undefined {
    return this.#ask({ do: "kick", player, ...options });
  }

  /**
   * Lets a player come back that was banned, as the host.
   *
   * @param player Whom.
   * @returns The number of the request.
   */
  unban(player: PlayerId): LobbyRequestId<"unban"> | undefined {
    return this.#ask({ do: "unban", player });
  }

  /**
   * Makes another player the host, as the host.
   *
   * @param player Whom.
   * @returns The number of the request.
   */
  transferHost(player: PlayerId): LobbyRequestId<"transferHost"> | undefined {
    return this.#ask({ do: "transferHost", player });
  }

  /**
   * Sets the lobby to something else, as the host.
   *
   * @param changes What changes.
   * @returns The number of the request.
   */
  configure(
    changes: LobbyConfigChanges,
  ): LobbyRequestId<"configure"> | undefined {
    return this.#ask({ do: "configure", changes });
  }

  /**
   * Sets what others have to say to enter, as the host.
   *
   * @param password The password: 1 to 128 bytes of UTF-8; or `undefined` for none.
   * @returns The number of the request.
   */
  setPassword(
    password: string | undefined,
  ): LobbyRequestId<"setPassword"> | undefined {
    return this.#ask({ do: "setPassword", password: password ?? null });
  }

  /**
   * Says something about the lobby, as the host.
   *
   * @param changes What is set, or removed by `null`.
   * @returns The number of the request.
   */
  setMetadata(
    changes: LobbyMetadataChanges,
  ): LobbyRequestId<"setMetadata"> | undefined {
    return this.#ask({ do: "setMetadata", changes });
  }

  /**
   * Says something about the player.
   *
   * @param changes What is set, or removed by `null`.
   * @returns The number of the request.
   */
  setPlayerMetadata(
    changes: LobbyMetadataChanges,
  ): LobbyRequestId<"setPlayerMetadata"> | undefined {
    return this.#ask({ do: "setPlayerMetadata", changes });
  }

  /**
   * Chooses a team; the host may do so for another player.
   *
   * @param team Which, or `undefined` for none.
   * @param player For whom: by default for the player itself.
   * @returns The number of the request.
   */
  setTeam(
    team: TeamId | undefined,
    player?: PlayerId,
  ): LobbyRequestId<"setTeam"> | undefined {
    return this.#ask({
      do: "setTeam",
      team: team ?? null,
      ...(player !== undefined && { player }),
    });
  }

  /**
   * Plays instead of looking on, or the other way round; the host may do so for another.
   *
   * @param role As what.
   * @param player Who: by default the player itself.
   * @returns The number of the request.
   */
  setRole(
    role: LobbyRole,
    player?: PlayerId,
  ): LobbyRequestId<"setRole"> | undefined {
    return this.#ask({
      do: "setRole",
      role,
      ...(player !== undefined && { player }),
    });
  }

  /**
   * Divides the players over the teams now, for all to see, as the host.
   *
   * @returns The number of the request.
   */
  assignTeams(): LobbyRequestId<"assignTeams"> | undefined {
    return this.#ask({ do: "assignTeams" });
  }

  /**
   * Moves the player that helps most to even the teams, as the host.
   *
   * @returns The number of the request.
   */
  rebalanceTeams(): LobbyRequestId<"rebalanceTeams"> | undefined {
    return this.#ask({ do: "rebalanceTeams" });
  }

  /**
   * Makes an invite code, which `done` tells and nobody else is told.
   *
   * @param options What it is good for.
   * @returns The number of the request.
   */
  invite(
    options: LobbyInviteOptions = {},
  ): LobbyRequestId<"invite"> | undefined {
    return this.#ask({ do: "invite", ...options });
  }

  /**
   * Makes an invite code worth nothing, as its maker or the host.
   *
   * @param code The code.
   * @returns The number of the request.
   */
  revokeInvite(code: string): LobbyRequestId<"revokeInvite"> | undefined {
    return this.#ask({ do: "revokeInvite", code });
  }

  /**
   * Keeps seats for players, as the host.
   *
   * @param players For whom: at most 256.
   * @param ttlMs For how long, in milliseconds: the server's own time if left out.
   * @returns The number of the request.
   */
  reserve(
    players: readonly PlayerId[],
    ttlMs?: number,
  ): LobbyRequestId<"reserve"> | undefined {
    return this.#ask({
      do: "reserve",
      players,
      ...(ttlMs !== undefined && { ttlMs }),
    });
  }

  /**
   * Keeps seats no longer, as the host.
   *
   * @param reservation The reservation's number.
   * @returns The number of the request.
   */
  cancelReservation(
    reservation: number,
  ): LobbyRequestId<"cancelReservation"> | undefined {
    return this.#ask({ do: "cancelReservation", reservation });
  }

  /**
   * Begins the game, or the countdown to it, as the host.
   *
   * @returns The number of the request.
   */
  startGame(): LobbyRequestId<"start"> | undefined {
    return this.#ask({ do: "start" });
  }

  /**
   * Calls a countdown off, as the host.
   *
   * @returns The number of the request.
   */
  cancelStart(): LobbyRequestId<"cancelStart"> | undefined {
    return this.#ask({ do: "cancelStart" });
  }

  /**
   * Leads the lobby back to waiting after a game, for another one with the same people, as the host.
   *
   * @returns The number of the request.
   */
  resetLobby(): LobbyRequestId<"reset"> | undefined {
    return this.#ask({ do: "reset" });
  }

  /**
   * Asks everybody whether they are ready, as the host.
   *
   * @param timeoutMs How long they have, in milliseconds: the server's own time if left out.
   * @returns The number of the request.
   */
  startReadyCheck(
    timeoutMs?: number,
  ): LobbyRequestId<"readyCheck"> | undefined {
    return this.#ask({
      do: "readyCheck",
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  }

  /**
   * Answers a ready check.
   *
   * @param isReady Whether the player is ready.
   * @returns The number of the request.
   */
  vote(isReady: boolean): LobbyRequestId<"vote"> | undefined {
    return this.#ask({ do: "vote", isReady });
  }

  /**
   * Calls a ready check off, as the host.
   *
   * @returns The number of the request.
   */
  cancelReadyCheck(): LobbyRequestId<"cancelReadyCheck"> | undefined {
    return this.#ask({ do: "cancelReadyCheck" });
  }

  /**
   * Says something in the lobby.
   *
   * @param text What: text that is not blank, without control characters, as long as the server allows.
   * @param options Whether only the player's own team is told.
   * @returns The number of the request.
   */
  chat(
    text: string,
    options: { readonly isTeam?: boolean } = {},
  ): LobbyRequestId<"chat"> | undefined {
    return this.#ask({ do: "chat", text, ...options });
  }

  /**
   * Asks for the list of lobbies, and for what changes in it from then on, in `browser`. It is asked for again by itself
   * after a restart of the server.
   *
   * @param filter Which lobbies.
   * @returns The number of the request.
   */
  browse(filter: LobbyFilter = {}): LobbyRequestId<"browse"> | undefined {
    const request = this.#ask({ do: "browse", filter });
    if (request === undefined) return undefined;
    this.#filter = filter;
    this.#listWaitMs = Infinity;
    return request;
  }

  /**
   * Wants no list any more. What is in `browser` stays.
   *
   * @returns The number of the request.
   */
  unbrowse(): LobbyRequestId<"unbrowse"> | undefined {
    this.#filter = undefined;
    return this.#ask({ do: "unbrowse" });
  }

  /**
   * Says how far away the regions are in which matches can be played: as soon as the game has measured that, and when it has
   * changed. What was said before is forgotten. Each server that the client comes to is told by itself, before all that is
   * asked from now on, and forgets it when the player is gone. A ticket has what was told when it began to wait; that of a
   * party has for each region the worst of its players', so that all of their clients have to say it.
   *
   * @param latencies Milliseconds there and back by region, each finite and 0 or more: at most 64 regions, whose names have 1
   * to 64 bytes of UTF-8. Leave out what cannot be reached.
   * @throws {RangeError} If they are not like that.
   *
   * @example Two friends look for a match
   * ```ts
   * import { LobbyClient } from "@tickwire/net/lobby";
   *
   * const client = new LobbyClient({ url: "wss://play.example.com/?token=secret" });
   * client.connect();
   * client.setLatencies({ "eu-west": 24, "us-east": 96 }); // both of them, as measured
   *
   * function onPlayClick(): void { // the host of their lobby
   *   client.enqueue("ranked", { isParty: true });
   * }
   * ```
   */
  setLatencies(latencies: Readonly<Record<string, number>>): void {
    this.#latencies.set(latencies);
    this.#tellLatencies();
  }

  /**
   * Looks for a match.
   *
   * @param queue The queue's name.
   * @param options What is wanted. A queue with regions needs latencies: those of {@linkcode LobbyClient.setLatencies}, or
   * for this ticket others of the player's own.
   * @returns The number of the request.
   */
  enqueue(
    queue: string,
    options: LobbyEnqueueOptions = {},
  ): LobbyRequestId<"enqueue"> | undefined {
    return this.#ask({ do: "enqueue", queue, ...options });
  }

  /**
   * Looks for a match no longer, for all who came along.
   *
   * @returns The number of the request.
   */
  dequeue(): LobbyRequestId<"dequeue"> | undefined {
    return this.#ask({ do: "dequeue" });
  }

  /**
   * Asks why there is no match yet.
   *
   * @returns The number of the request.
   */
  explain(): LobbyRequestId<"explain"> | undefined {
    return this.#ask({ do: "explain" });
  }

  /**
   * Says whether the player takes a match.
   *
   * @param proposal Which: `proposal.proposal`.
   * @param isAccepted Whether.
   * @returns The number of the request.
   */
  answer(
    proposal: number,
    isAccepted: boolean,
  ): LobbyRequestId<"answer"> | undefined {
    return this.#ask({ do: "answer", proposal, isAccepted });
  }

  /**
   * Moves everything on by a frame.
   *
   * @param dt Seconds since the last tick: finite, 0 or more.
   * @throws {RangeError} If `dt` is negative or not a number.
   */
  tick(dt: number): void {
    this.socket.tick(dt);
    this.browser.tick(dt);
    this.#nowMs += dt * 1_000;
    this.#greetingWaitMs -= dt * 1_000;
    this.#listWaitMs -= dt * 1_000;
    this.#take();
    if (this.#following !== undefined) this.#follow();
    this.#latencies.tick(dt);
    if (this.socket.isConnected) this.#tellLatencies();
    if (
      this.#mustGreet && !this.#isGreeting && this.#greetingWaitMs <= 0 &&
      this.socket.isConnected
    ) this.#greet();
    if (this.#listWaitMs <= 0 && this.#isSynced) this.#askForList();
  }

  /** Sends what waits now, instead of with the next `tick`: see `WsClient.flush`. */
  flush(): void {
    this.socket.flush();
  }

  /**
   * Hands out what happened since the last drain, oldest first.
   *
   * @param budgetMs Milliseconds after which it stops, at least one event given: 0 or more; no limit by default.
   * @returns An iterator that removes what it yields.
   * @throws {RangeError} If the budget is negative or not a number.
   */
  drainEvents(budgetMs?: number): IterableIterator<LobbyClientEvent> {
    return this.#events.drain(budgetMs);
  }

  /**
   * Takes one event.
   *
   * @returns The oldest event, or `undefined` if there is none.
   */
  pollEvent(): LobbyClientEvent | undefined {
    return this.#events.poll();
  }

  /** Closes the client: `using client = new LobbyClient(…)`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #ask<R extends LobbyRequest>(
    request: R,
    isOwn = false,
  ): LobbyRequestId<R["do"]> | undefined {
    if (!isOwn && !this.#events.reserve()) return undefined;
    const number = this.#lastNumber + 1 as LobbyRequestId<R["do"]>;
    const pending: Pending = {
      number,
      request,
      isOwn,
      redirects: 0,
      sinceMs: this.#nowMs,
    };
    if (this.#following !== undefined && !isOwn) {
      // It would be asked of a server that sends this client away.
      this.#following.again.push(pending);
    } else if (!this.#send(pending)) {
      if (!isOwn) this.#events.release();
      return undefined;
    }
    this.#lastNumber = number;
    return number;
  }

  #send(pending: Pending): boolean {
    const number = this.socket.request(
      LOBBY_CHANNEL,
      JSON.stringify(pending.request),
      { timeoutMs: this.#requestTimeoutMs },
    );
    if (number === undefined) return false;
    this.#pending.set(number, pending);
    return true;
  }

  /** Goes to the server that was named, and asks there what the one before has not done. */
  #follow(): void {
    const { url, again } = this.#following!;
    this.#route.follow(url);
    this.socket.close();
    // Those that were asked before are told as closed, if there is room for it yet.
    this.#take();
    this.#following = undefined;
    this.#isSynced = false;
    this.#isGreeting = false;
    this.socket.connect();
    this.#greet();
    again.sort((a, b) => a.number - b.number);
    for (const pending of again) {
      if (!this.#send(pending)) this.#fail(pending, "undelivered");
    }
  }

  /** A server has named another one; returns whether it is gone to. */
  #redirect(socketNumber: number, pending: Pending, to: string): boolean {
    const isGreeting = pending.request.do === "hello";
    if (this.#following === undefined) {
      const isOver = !isGreeting &&
        this.#nowMs - pending.sinceMs >= this.#requestTimeoutMs;
      if (isOver) return false;
      const url = isGreeting
        ? this.#route.ofGreeting(to)
        : this.#route.ofRequest(to, pending.redirects);
      if (url === undefined) return false;
      this.#following = { url, again: [] };
      // What was asked after it will be answered in the same way.
      for (const [number, other] of this.#pending) {
        if (number < socketNumber) continue;
        this.#pending.delete(number);
        this.#moved.add(number);
        this.#askAgain(other);
      }
    }
    this.#askAgain(pending);
    return true;
  }

  #askAgain(pending: Pending): void {
    // What it asks for itself it asks each server anew.
    if (pending.isOwn) return;
    const { url, again } = this.#following!;
    if (this.#route.isCounted(url)) pending.redirects++;
    again.push(pending);
  }

  #greet(): void {
    const lobby = this.#lobby;
    const chat = this.#chatNumber;
    const request = this.#ask({
      do: "hello",
      protocol: LOBBY_PROTOCOL,
      ...(lobby !== undefined && {
        lobby: lobby.id,
        version: lobby.version,
        ...(chat !== undefined && { chat }),
      }),
    }, true);
    if (request === undefined) return;
    this.#isGreeting = true;
    this.#mustGreet = false;
    this.#latencies.renew();
    this.#tellLatencies();
  }

  #tellLatencies(): void {
    const request = this.#latencies.take();
    if (request !== undefined && this.#ask(request, true) === undefined) {
      this.#latencies.retryAfter(FIRST_GREETING_MS);
    }
  }

  /** Takes in what the connection tells, as far as there is room for what it becomes. */
  #take(): void {
    while (
      this.#events.size + this.#events.reserved + EVENTS_OF_ONE <=
        this.#capacity
    ) {
      const event = this.socket.pollEvent();
      if (event === undefined) return;
      this.#on(event);
    }
  }

  #on(event: WsEvent): void {
    switch (event.type) {
      case "session":
        if (event.isResumed) break;
        // A greeting that waited for the session is part of it; one that was sent before it fails, and is said again.
        if (this.#isGreeting) this.#forgetSession();
        else this.#isLost();
        break;
      case "gap":
        this.#isLost();
        break;
      case "message":
        if (
          event.channel !== LOBBY_CHANNEL &&
          event.channel !== LOBBY_LIST_CHANNEL
        ) break;
        this.#onPush(readPush(textOf(event.message)));
        return;
      case "reply":
      case "requestFailed": {
        const pending = this.#pending.get(event.request);
        if (pending === undefined) {
          if (this.#moved.delete(event.request)) return;
          break;
        }
        this.#pending.delete(event.request);
        this.#onOutcome(pending, event);
        return;
      }
      case "reconnecting":
        this.#route.onReconnecting(event.attempt);
        break;
      case "connected":
        this.#route.onConnected();
        break;
      case "disconnected":
        // The socket is closed to go to another server: for the game that is no end.
        if (this.#following === undefined) break;
        this.#events.push({
          type: "socket",
          event: { ...event, willReconnect: true },
        });
        return;
      default:
    }
    this.#events.push({ type: "socket", event });
  }

  /** Something may have been missed: the server is to be asked. */
  #isLost(): void {
    this.#forgetSession();
    this.#mustGreet = true;
    this.#greetingWaitMs = 0;
  }

  #forgetSession(): void {
    this.#isSynced = false;
    // What was told of a list is told by that session alone.
    this.#listKey = undefined;
  }

  #onOutcome(pending: Pending, event: WsReply | WsRequestFailed): void {
    const { number: request } = pending;
    const { do: name } = pending.request;
    const answer = event.type === "reply"
      ? readAnswer(textOf(event.message), name)
      : undefined;
    const error = answer?.ok === false ? answer.error : undefined;
    if (
      error?.type === "elsewhere" &&
      this.#redirect(event.request, pending, error.url)
    ) return;
    if (event.type === "reply" && answer === undefined) this.#unreadable++;
    if (answer?.ok === true && name === "browse") {
      this.#listKey = answer.value.key as string;
    }
    if (name === "hello") {
      this.#onHello(
        answer?.ok === true ? answer.value : undefined,
        event.type === "requestFailed" && event.reason === "undelivered",
        error?.type === "unavailable" ? error.retryAfterMs : undefined,
      );
    }
    if (
      name === "setLatencies" &&
      (error?.type === "rateLimited" || error?.type === "unavailable")
    ) this.#latencies.retryAfter(error.retryAfterMs);
    if (pending.isOwn) {
      if (name === "browse" && error?.type === "rateLimited") {
        this.#listWaitMs = Math.min(
          MAX_GREETING_MS,
          Math.max(FIRST_GREETING_MS, error.retryAfterMs),
        );
      } else if (name === "browse" && answer === undefined) {
        this.#listWaitMs = MAX_GREETING_MS;
      }
      return;
    }
    if (answer === undefined) {
      this.#fail(
        pending,
        event.type === "reply" ? "unreadable" : event.reason,
      );
    } else if (answer.ok) {
      // What was said there has come before, if the server was greeted by then.
      if ((name === "join" || name === "create") && this.#isSynced) {
        this.#chatNumber ??= 0;
      }
      this.#events.pushReserved(
        {
          type: "done",
          request,
          do: name,
          value: answer.value,
        } as unknown as LobbyRequestDone,
      );
    } else {
      this.#events.pushReserved({
        type: "refused",
        request,
        do: name,
        error: answer.error,
      });
    }
  }

  #fail(
    { number, request }: Pending,
    reason: (LobbyClientEvent & { type: "failed" })["reason"],
  ): void {
    this.#events.pushReserved({
      type: "failed",
      request: number,
      do: request.do,
      reason,
    });
  }

  #onHello(
    value: Readonly<Record<string, unknown>> | undefined,
    isUndelivered: boolean,
    retryAfterMs: number | undefined,
  ): void {
    this.#isGreeting = false;
    if (isUndelivered) {
      this.#mustGreet = true;
      return;
    }
    if (retryAfterMs !== undefined) {
      this.#mustGreet = true;
      this.#greetingWaitMs = Math.min(
        MAX_GREETING_MS,
        Math.max(MIN_GREETING_MS, retryAfterMs),
      );
      return;
    }
    const hello = value as unknown as LobbyHello | undefined;
    // The lobby came before the answer.
    if (
      hello === undefined || hello.protocol !== LOBBY_PROTOCOL ||
      hello.lobby !== (this.#lobby?.id ?? null)
    ) {
      this.#mustGreet = true;
      this.#greetingWaitMs = Math.min(
        MAX_GREETING_MS,
        FIRST_GREETING_MS * 2 ** Math.min(this.#failedGreetings, 16),
      );
      this.#failedGreetings++;
      return;
    }
    this.#failedGreetings = 0;
    this.#player = hello.player;
    this.#setTimesLeft(hello);
    this.#setMatchmaking(hello);
    // Something else may have been missed since it was asked.
    if (this.#mustGreet) return;
    this.#isSynced = true;
    // What was said there has come before.
    if (this.#lobby !== undefined) this.#chatNumber ??= 0;
    this.#route.onSynced();
    this.#events.push({
      type: "synced",
      player: hello.player,
      lobby: this.#lobby,
    });
    this.#askForList();
  }

  #askForList(): void {
    this.#listWaitMs = Infinity;
    if (this.#filter === undefined || this.#listKey !== undefined) return;
    // The game may have asked before the server was greeted.
    for (const { request } of this.#pending.values()) {
      if (request.do === "browse") return;
    }
    const request = this.#ask({ do: "browse", filter: this.#filter }, true);
    // Too much is under way.
    if (request === undefined) this.#listWaitMs = FIRST_GREETING_MS;
  }

  #onPush(push: LobbyPush | undefined): void {
    switch (push?.push) {
      case undefined:
        this.#unreadable++;
        break;
      case "player":
        this.#player = push.player;
        break;
      case "view":
        this.#onView(push.view);
        this.#setTimesLeft(push);
        break;
      case "event":
        this.#onLobbyEvent(push.event);
        break;
      case "left": {
        const { lobby, reason } = push;
        if (this.#lobby?.id === lobby) this.#leave(lobby, reason);
        break;
      }
      case "sync": {
        const { lobby } = push;
        if (lobby !== null) this.#onView(lobby);
        else if (this.#lobby !== undefined) {
          this.#leave(this.#lobby.id, "unknown");
        }
        this.#setTimesLeft(push);
        this.#setMatchmaking(push);
        break;
      }
      case "chat": {
        const { message } = push;
        if (this.#isNews(message.lobby, message.number)) {
          this.#events.push({ type: "chat", message });
        }
        break;
      }
      case "chatMissed": {
        const { lobby, from, to } = push;
        if (this.#isNews(lobby, to)) {
          this.#events.push({ type: "chatMissed", lobby, from, to });
        }
        break;
      }
      case "list":
        if (push.key !== this.#listKey) break;
        this.browser.applyDiff(push);
        if (this.#events.last?.type !== "list") {
          this.#events.push({ type: "list" });
        }
        break;
      case "listEnded":
        if (push.key !== this.#listKey) break;
        this.#listKey = undefined;
        this.#filter = undefined;
        this.#events.push({ type: "listEnded", reason: push.reason });
        break;
      case "moved": {
        if (this.#following !== undefined) break;
        const url = this.#route.ofMove(push.url, this.#nowMs);
        if (url === undefined) break;
        this.#following = { url, again: [] };
        for (const [number, other] of this.#pending) {
          this.#pending.delete(number);
          this.#moved.add(number);
          this.#askAgain(other);
        }
        break;
      }
      case "ticket":
        this.#setTicket(push.ticket);
        break;
      case "ticketEnded":
        this.#ticket = undefined;
        this.#events.push({ type: "ticketEnded", reason: push.reason });
        break;
      case "proposal":
        this.#setProposal(push.proposal);
        break;
      case "proposalEnded": {
        const { proposal, isConfirmed, missing } = push;
        if (this.#proposal?.proposal !== proposal) break;
        this.#proposal = undefined;
        this.#events.push({
          type: "proposalEnded",
          proposal,
          isConfirmed,
          missing,
        });
      }
    }
  }

  #onView(view: Lobby): void {
    const before = this.#lobby;
    if (before?.id === view.id && before.version === view.version) return;
    // It was left while nobody could tell, and something that was asked then has led to another one.
    if (before !== undefined && before.id !== view.id) {
      this.#leave(before.id, "unknown");
    }
    this.#lobby = view;
    this.#events.push({
      type: before?.id === view.id ? "replaced" : "entered",
      lobby: view,
    });
  }

  #leave(
    lobby: LobbyId,
    reason: (LobbyPush & { push: "left" })["reason"],
  ): void {
    this.#lobby = undefined;
    this.#chatNumber = undefined;
    this.#setTimesLeft({});
    this.#events.push({ type: "left", lobby, reason });
  }

  #onLobbyEvent(event: LobbyEvent): void {
    const before = this.#lobby;
    // What is in the view already has been told with it.
    if (before?.id !== event.lobby || event.version <= before.version) return;
    // A lobby that is known is not made again, whatever the server says.
    const isNext = event.version === before.version + 1 &&
      event.type !== "lobbyCreated";
    const after = isNext ? applyLobbyEvent(before, event) : undefined;
    if (after === undefined) {
      // There is a hole: the whole is asked for.
      if (!this.#mustGreet && !this.#isGreeting) this.#isLost();
      return;
    }
    this.#lobby = after;
    switch (event.type) {
      case "countdownStarted":
        this.#countdownEndMs = this.#nowMs + event.durationMs;
        break;
      case "countdownCancelled":
      case "gameStarted":
        this.#countdownEndMs = undefined;
        break;
      case "readyCheckStarted":
        this.#readyCheckEndMs = this.#nowMs + event.timeoutMs;
        break;
      case "readyCheckEnded":
        this.#readyCheckEndMs = undefined;
    }
    this.#events.push({ type: "lobby", event, lobby: after });
  }

  /** Whether something was not told yet that was said in the lobby. */
  #isNews(lobby: LobbyId, number: number): boolean {
    if (this.#lobby?.id !== lobby) return false;
    if (number <= (this.#chatNumber ?? 0)) return false;
    this.#chatNumber = number;
    return true;
  }

  #setTimesLeft({ countdownLeftMs, readyCheckLeftMs }: LobbyTimesLeft): void {
    this.#countdownEndMs = this.#endMs(countdownLeftMs);
    this.#readyCheckEndMs = this.#endMs(readyCheckLeftMs);
  }

  #endMs(leftMs: number | undefined): number | undefined {
    return leftMs === undefined ? undefined : this.#nowMs + leftMs;
  }

  #leftMs(endMs: number | undefined): number | undefined {
    return endMs === undefined ? undefined : Math.max(0, endMs - this.#nowMs);
  }

  /** Takes how the player's search stands, of which something may have been missed. */
  #setMatchmaking(
    { ticket, proposal }: Pick<LobbyHello, "ticket" | "proposal">,
  ): void {
    this.#endProposalBut(proposal?.proposal);
    if (ticket !== undefined) this.#setTicket(ticket);
    else if (this.#ticket !== undefined) {
      this.#ticket = undefined;
      this.#events.push({ type: "ticketEnded", reason: "unknown" });
    }
    if (proposal !== undefined) this.#setProposal(proposal);
  }

  #setTicket(ticket: LobbyTicketStatus): void {
    this.#ticket = ticket;
    this.#ticketMs = this.#nowMs;
    this.#events.push({ type: "ticket", ticket });
  }

  /** Nobody has told that the proposal that was known is over, but it is not this one. */
  #endProposalBut(number: number | undefined): void {
    const before = this.#proposal;
    if (before === undefined || before.proposal === number) return;
    this.#proposal = undefined;
    this.#events.push({
      type: "proposalEnded",
      proposal: before.proposal,
      isConfirmed: undefined,
      missing: [],
    });
  }

  #setProposal(proposal: LobbyProposal): void {
    this.#endProposalBut(proposal.proposal);
    const before = this.#proposal;
    this.#proposal = proposal;
    this.#proposalEndMs = this.#nowMs + proposal.leftMs;
    if (before?.proposal !== proposal.proposal) {
      this.#events.push({ type: "proposal", proposal });
    } else if (proposal.isAccepted && !before.isAccepted) {
      this.#events.push({ type: "proposalAccepted", proposal });
    }
  }
}

/** Lists come as the bytes that many are sent. */
function textOf(message: WsDataMessage): string {
  return message.type === "text" ? message.text : decoder.decode(message.bytes);
}
