import { assert } from "@std/assert";
import { ManualClock, playerId, SeededRandom } from "../../core/mod.ts";
import { WsClient, type WsClientOptions } from "../../websocket/mod.ts";
import { LobbyClient } from "../client/lobby_client.ts";
import type { LobbyClientEvent } from "../client/lobby_client_event.ts";
import type { LobbyClientOptions } from "../client/lobby_client_options.ts";
import { LobbyServer } from "../server/lobby_server.ts";
import type { LobbyServerEvent } from "../server/lobby_server_event.ts";
import type { LobbyServerOptions } from "../server/lobby_server_options.ts";
import type { LobbyStore } from "../store/lobby_store.ts";
import { MemoryLobbyStore } from "../store/memory_lobby_store.ts";
import { carry, MemorySocket, type MemoryWire } from "./memory_socket.ts";

export const TICK_SECONDS = 0.05;

/** A player with its client, and all that it was told. */
export interface Player {
  readonly name: string;
  readonly client: LobbyClient;
  readonly events: LobbyClientEvent[];
  /** Whether what it is told is drained. */
  isDrained: boolean;
}

/** A server and its clients over connections in memory, and one clock for all. */
export class LobbyWorld {
  readonly clock = new ManualClock();
  readonly store: LobbyStore;
  readonly players: Player[] = [];
  readonly raw: WsClient[] = [];
  readonly events: LobbyServerEvent[] = [];
  readonly random: SeededRandom;
  server: LobbyServer | undefined;
  #options: Partial<LobbyServerOptions> = {};
  #seed: number;
  #upgraded: MemorySocket | undefined;
  readonly #asking: { readonly url: string; readonly socket: MemorySocket }[] =
    [];
  #wires: MemoryWire[] = [];

  constructor(seed = 1, store: LobbyStore = new MemoryLobbyStore()) {
    this.#seed = seed;
    this.random = new SeededRandom(seed);
    this.store = store;
  }

  /** A server is there from now on, with what is stored. */
  async start(options: Partial<LobbyServerOptions> = {}): Promise<LobbyServer> {
    this.#options = options;
    const server = new LobbyServer({
      upgrade: () => {
        this.#upgraded = new MemorySocket();
        this.#upgraded.readyState = 1;
        return { socket: this.#upgraded, response: new Response(null) };
      },
      authenticate: (request) => {
        const name = new URL(request.url).pathname.slice(1);
        return { playerId: playerId(name), displayName: name.toUpperCase() };
      },
      store: this.store,
      passwords: { iterations: 10 },
      ...options,
      hub: { clock: this.clock, maxSocketsPerAddress: 10_000, ...options.hub },
      manager: { random: new SeededRandom(this.#seed), ...options.manager },
    });
    await server.ready;
    this.server = server;
    return server;
  }

  /** The server is gone, and all that it had to say. */
  kill(): void {
    this.server = undefined;
    for (const { client } of this.#wires.splice(0)) client.end(1006);
  }

  async restart(): Promise<LobbyServer> {
    this.kill();
    return await this.start(this.#options);
  }

  /** A connection that says whatever a test wants. */
  connect(name: string, options: Partial<WsClientOptions> = {}): WsClient {
    const client = new WsClient({
      ...this.#clientOptions(name),
      mux: true,
      ...options,
    });
    client.connect();
    this.raw.push(client);
    return client;
  }

  join(name: string, options: Partial<LobbyClientOptions> = {}): Player {
    const client = new LobbyClient({
      ...this.#clientOptions(name),
      ...options,
    });
    client.connect();
    const player = { name, client, events: [], isDrained: true };
    this.players.push(player);
    return player;
  }

  /** Cuts the connection of some client, or none. */
  cut(index: number): void {
    const [wire] = this.#wires.splice(
      index % Math.max(1, this.#wires.length),
      1,
    );
    wire?.client.end(1006);
    wire?.server.end(1006);
  }

  get wireCount(): number {
    return this.#wires.length;
  }

  /** Lets so many ticks go by, and promises settle. */
  async run(ticks = 10, dt = TICK_SECONDS): Promise<void> {
    for (let i = 0; i < ticks; i++) {
      this.clock.advance(dt * 1_000);
      for (const { client } of this.players) client.tick(dt);
      for (const client of this.raw) client.tick(dt);
      await this.#carry();
      this.server?.tick(dt);
      await settle();
      if (this.server !== undefined) {
        this.events.push(...this.server.drainEvents());
      }
      await this.#carry();
      for (const { client, events, isDrained } of this.players) {
        if (isDrained) events.push(...client.drainEvents());
      }
    }
  }

  /** Lets time go by until something is so. */
  async until(isSo: () => boolean, what = "it"): Promise<void> {
    for (let i = 0; !isSo(); i++) {
      assert(i < 4_000, `${what} does not come`);
      await this.run(1);
      // Hashes and files take time of their own.
      if (i > 20) await new Promise((resolve) => setTimeout(resolve));
    }
  }

  /** What became of a request: its outcome. */
  async outcome(
    player: Player,
    request: number | undefined,
  ): Promise<Outcome> {
    assert(request !== undefined, "the request was not accepted");
    let outcome: Outcome | undefined;
    await this.until(() => {
      outcome = player.events.find((event): event is Outcome =>
        (event.type === "done" || event.type === "refused" ||
          event.type === "failed") && event.request === request
      );
      return outcome !== undefined;
    }, `the outcome of ${request}`);
    return outcome!;
  }

  /** What a request that is carried out gives. */
  async done(
    player: Player,
    request: number | undefined,
  ): Promise<Record<string, unknown>> {
    const outcome = await this.outcome(player, request);
    assert(outcome.type === "done", JSON.stringify(outcome));
    return outcome.value as unknown as Record<string, unknown>;
  }

  /** Why a request is refused. */
  async refused(
    player: Player,
    request: number | undefined,
  ): Promise<Record<string, unknown>> {
    const outcome = await this.outcome(player, request);
    assert(outcome.type === "refused", JSON.stringify(outcome));
    return outcome.error as unknown as Record<string, unknown>;
  }

  /** Events of a kind that a player was told. */
  told<T extends LobbyClientEvent["type"]>(
    player: Player,
    type: T,
  ): Extract<LobbyClientEvent, { type: T }>[] {
    return player.events.filter((event) => event.type === type) as Extract<
      LobbyClientEvent,
      { type: T }
    >[];
  }

  #clientOptions(name: string): LobbyClientOptions {
    this.#seed++;
    return {
      url: `ws://lobby.test/${name}`,
      clock: this.clock,
      random: new SeededRandom(this.#seed),
      firstRetryMaxMs: 100,
      webSocket: (url) => {
        const socket = new MemorySocket();
        this.#asking.push({ url, socket });
        return socket;
      },
    };
  }

  async #carry(): Promise<void> {
    for (const { url, socket } of this.#asking.splice(0)) {
      if (socket.readyState !== 0) continue;
      this.#upgraded = undefined;
      await this.server?.handler(
        new Request(url.replace("ws:", "http:"), {
          headers: { upgrade: "websocket" },
        }),
      );
      if (this.#upgraded === undefined) {
        socket.end(1006);
        continue;
      }
      this.#wires.push({ client: socket, server: this.#upgraded });
      socket.open();
    }
    this.#wires = this.#wires.filter(carry);
  }
}

/** How a request ended. */
export type Outcome = Extract<
  LobbyClientEvent,
  { type: "done" | "refused" | "failed" }
>;

async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}
