// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { ClientId, WsHub } from "../../websocket/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyAnswer, LobbyRequestError } from "../wire/lobby_answer.ts";
import type { LobbyPush } from "../wire/lobby_push.ts";
import { LOBBY_CHANNEL, type LobbyRequest } from "../wire/lobby_request.ts";
import type { Outbox } from "./_outbox.ts";
import type { LobbySocket, People } from "./_people.ts";
import { refusal } from "./_refusal.ts";
import type { ServerCounters } from "./_server_counters.ts";

/** How often a client for which there is no room is tried again, and how many are in a tick: each is told a whole lobby. */
const CATCH_UP_MS = 1_000;
const CATCH_UPS_PER_TICK = 16;

/** Whom to answer. */
export interface Asker {
  readonly client: ClientId;
  /** The number of the request. */
  readonly number: number;
}

/** Where a player stands: all that a client is told that has missed something. */
export type PlayerState = Omit<LobbyPush & { push: "sync" }, "push">;

/** What it asks its server. */
export interface ClientPushesHost {
  stateOf(player: PlayerId): PlayerState;
  /** A client has been told where its player stands: what was said in that lobby follows. */
  onCaughtUp(socket: LobbySocket, lobby: LobbyId): void;
}

/**
 * What clients are answered and told, when all that came before is stored. Those for whom there was no room are told where
 * they stand as soon as there is.
 */
export class ClientPushes {
  readonly #hub: WsHub;
  readonly #people: People;
  readonly #outbox: Outbox;
  readonly #counters: ServerCounters;
  readonly #host: ClientPushesHost;
  readonly #behind = new Set<LobbySocket>();
  #nowMs = 0;

  constructor(
    hub: WsHub,
    people: People,
    outbox: Outbox,
    counters: ServerCounters,
    host: ClientPushesHost,
  ) {
    this.#hub = hub;
    this.#people = people;
    this.#outbox = outbox;
    this.#counters = counters;
    this.#host = host;
  }

  /** Tells those for whom there was no room where they stand, if there is now. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    let left = CATCH_UPS_PER_TICK;
    // Those that were tried last stand behind.
    for (const socket of this.#behind) {
      if (nowMs - socket.behindMs < CATCH_UP_MS || left-- <= 0) return;
      const state = this.#host.stateOf(socket.person.player);
      const push: LobbyPush = { push: "sync", ...state };
      const text = JSON.stringify(push);
      this.#behind.delete(socket);
      this.#outbox.push(() => {
        socket.isBehind = false;
        this.send(socket, text);
      }, text.length);
      const { lobby } = state;
      if (lobby !== null) this.#host.onCaughtUp(socket, lobby.id);
    }
  }

  /** Answers that a request is carried out. */
  done(
    asker: Asker,
    request: { readonly do: LobbyRequest["do"] },
    value: object,
  ): void {
    this.#counters.request(request.do, true);
    this.answer(asker, {
      ok: true,
      value: value as Readonly<Record<string, unknown>>,
    });
  }

  /** Answers that a request is not, and why. */
  refuse(
    asker: Asker,
    request: { readonly do: LobbyRequest["do"] },
    error: LobbyRequestError,
  ): void {
    this.#counters.request(request.do, false);
    this.answer(asker, refusal(error));
  }

  /** Answers something that is not counted as a request of its kind. */
  answer({ client, number }: Asker, answer: LobbyAnswer): void {
    const text = JSON.stringify(answer);
    this.#outbox.push(() => {
      this.#hub.reply(client, LOBBY_CHANNEL, number, text);
    }, text.length);
  }

  /** Tells players something: all of their clients. */
  pushTo(players: readonly PlayerId[], push: LobbyPush): void {
    this.push(this.socketsOf(players), push);
  }

  /** Tells clients something. */
  push(sockets: readonly LobbySocket[], push: LobbyPush): void {
    if (sockets.length === 0) return;
    const text = JSON.stringify(push);
    this.#outbox.push(() => {
      for (const socket of sockets) this.send(socket, text);
    }, text.length);
  }

  /** Sends a client at once what waits for nothing any more; returns whether it will get it. */
  send(socket: LobbySocket, text: string): boolean {
    // It is told the whole, once there is room.
    if (socket.isBehind) return false;
    this.#counters.pushes++;
    if (this.#hub.sendTo(socket.client, LOBBY_CHANNEL, text)) return true;
    if (this.#people.socket(socket.client) !== socket) return false;
    socket.isBehind = true;
    socket.behindMs = this.#nowMs;
    this.#behind.add(socket);
    this.#counters.behind++;
    return false;
  }

  /** The clients of players that have spoken of lobbies. */
  socketsOf(players: readonly PlayerId[]): LobbySocket[] {
    const sockets: LobbySocket[] = [];
    for (const player of players) {
      const person = this.#people.get(player);
      if (person !== undefined) sockets.push(...person.sockets);
    }
    return sockets;
  }

  /** A client is told all by other means, or is gone. */
  forget(socket: LobbySocket): void {
    this.#behind.delete(socket);
  }
}
