// This module is browser compatible.
import type { LobbyRequestError, LobbyValueOf } from "../wire/lobby_answer.ts";
import type { LobbyRequestName } from "../wire/lobby_request.ts";
import type { LobbyClientEvent } from "./lobby_client_event.ts";
import type { LobbyRequestId } from "./lobby_request_id.ts";

const WORDS: Readonly<
  Record<(LobbyClientEvent & { type: "failed" })["reason"], string>
> = {
  timeout: "The server did not answer in time",
  undelivered: "The server has forgotten the client, or was restarted",
  closed: "The client was closed",
  denied: "The server lets the client do nothing with lobbies",
  unreadable: "The server's answer makes no sense",
};

/** What became of a request that was not carried out, as a promise is rejected with it. */
export class LobbyCallError extends Error {
  /**
   * The type of the event that ended the request: `refused` by the server, or `failed`; `notTaken` if there is none, as the
   * client has not taken it.
   */
  readonly outcome: "refused" | "failed" | "notTaken";
  /** Of what is refused: why, with all that a program needs. */
  readonly error: LobbyRequestError | undefined;
  /** Of what has failed: why. */
  readonly reason:
    | (LobbyClientEvent & { type: "failed" })["reason"]
    | undefined;

  /**
   * Creates an error.
   *
   * @param event The event that ended the request; `undefined` if the client has not taken it.
   */
  constructor(
    event: LobbyClientEvent & { type: "refused" | "failed" } | undefined,
  ) {
    super(
      event === undefined
        ? "The client is closed, or too much is under way"
        : event.type === "refused"
        ? event.error.message
        : WORDS[event.reason],
    );
    this.name = "LobbyCallError";
    this.outcome = event?.type ?? "notTaken";
    this.error = event?.type === "refused" ? event.error : undefined;
    this.reason = event?.type === "failed" ? event.reason : undefined;
  }
}

interface Waiter {
  readonly resolve: (value: never) => void;
  readonly reject: (error: LobbyCallError) => void;
}

/**
 * Promises of what comes of requests, for pages, tools and tests; a game's frame can go by the events as well. Whoever
 * drains the events gives each of them to {@linkcode LobbyPromises.take}.
 *
 * @example Await a lobby
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { playerId } from "@tickwire/net/core";
 * import { LobbyClient, LobbyPromises, LobbyServer, MemoryLobbyStore } from "@tickwire/net/lobby";
 * import { upgradeWebSocket } from "@tickwire/net/websocket/deno";
 *
 * const lobbies = new LobbyServer({
 *   upgrade: upgradeWebSocket,
 *   authenticate: () => ({ playerId: playerId("ada") }), // ask your own server
 *   store: new MemoryLobbyStore(),
 * });
 * const http = Deno.serve({ port: 0, onListen() {} }, lobbies.handler);
 * await lobbies.ready;
 * const client = new LobbyClient({ url: `ws://localhost:${http.addr.port}` });
 * client.connect();
 * const promises = new LobbyPromises();
 * const timer = setInterval(() => { // the game's frame
 *   lobbies.tick(1 / 60);
 *   client.tick(1 / 60);
 *   for (const event of client.drainEvents()) promises.take(event);
 * }, 1_000 / 60);
 *
 * const { lobby } = await promises.of(client.create({ config: { name: "Duel" } }));
 * assertEquals(client.lobby?.id, lobby);
 * const { code } = await promises.of(client.invite());
 * assertEquals(typeof code, "string");
 *
 * clearInterval(timer);
 * client.close();
 * await lobbies.close();
 * await http.shutdown();
 * ```
 */
export class LobbyPromises {
  readonly #waiters = new Map<LobbyRequestId, Waiter>();

  /** How many promises are not settled yet. */
  get size(): number {
    return this.#waiters.size;
  }

  /**
   * Promises what comes of a request.
   *
   * @typeParam K What was asked for.
   * @param request What a call of the client has returned, just now: before its outcome is drained.
   * @returns The `value` of its `done`. It rejects with a {@linkcode LobbyCallError} if it is refused or fails, and if the
   * client has not taken it.
   * @throws {TypeError} If the request has a promise already.
   */
  of<K extends LobbyRequestName>(
    request: LobbyRequestId<K> | undefined,
  ): Promise<LobbyValueOf<K>> {
    if (request === undefined) {
      return Promise.reject(new LobbyCallError(undefined));
    }
    if (this.#waiters.has(request)) {
      throw new TypeError(
        `Cannot promise an outcome as the request must have no promise yet: current value is ${request}`,
      );
    }
    return new Promise<LobbyValueOf<K>>((resolve, reject) => {
      this.#waiters.set(request, { resolve, reject });
    });
  }

  /**
   * Takes an event, and settles the promise that it is about.
   *
   * @param event Any event of the client whose requests these are.
   * @returns Whether there was one.
   */
  take(event: LobbyClientEvent): boolean {
    if (
      event.type !== "done" && event.type !== "refused" &&
      event.type !== "failed"
    ) return false;
    const waiter = this.#waiters.get(event.request);
    if (waiter === undefined) return false;
    this.#waiters.delete(event.request);
    if (event.type === "done") waiter.resolve(event.value as never);
    else waiter.reject(new LobbyCallError(event));
    return true;
  }
}
