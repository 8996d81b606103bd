import { assert } from "@std/assert";
import { ManualClock, playerId, SeededRandom } from "../../core/mod.ts";
import { LobbyClient } from "../client/lobby_client.ts";
import type { LobbyClientEvent } from "../client/lobby_client_event.ts";
import type { LobbyClientOptions } from "../client/lobby_client_options.ts";
import { LobbyServer } from "../server/lobby_server.ts";
import type { LobbyServerOptions } from "../server/lobby_server_options.ts";
import { MemorySocket } from "./memory_socket.ts";

export const TICK_SECONDS = 0.05;

/** A player with its client, and all that it was told. */
export interface Player {
  readonly name: string;
  readonly client: LobbyClient;
  readonly events: LobbyClientEvent[];
  /** Whether what it is told is drained. */
  isDrained: boolean;
}

/** How a request ended. */
export type Outcome = Extract<
  LobbyClientEvent,
  { type: "done" | "refused" | "failed" }
>;

/** A socket of a client that waits for its server. */
export interface Asking {
  readonly url: string;
  readonly socket: MemorySocket;
}

/** Players whose connections are in memory, and one clock for all; whom they are connected to, a world of its own says. */
export abstract class PlayerWorld {
  readonly clock = new ManualClock();
  readonly players: Player[] = [];
  readonly random: SeededRandom;
  #seed: number;
  #upgraded: MemorySocket | undefined;
  #asking: Asking[] = [];

  constructor(seed: number) {
    this.#seed = seed;
    this.random = new SeededRandom(seed);
  }

  /** Lets so many ticks go by, and promises settle. */
  abstract run(ticks?: number, dt?: number): Promise<void>;

  /** Something random that nothing else has. */
  nextRandom(): SeededRandom {
    return new SeededRandom(++this.#seed);
  }

  /** A server that takes the path of a URL for who comes. */
  makeServer(
    options: Omit<LobbyServerOptions, "upgrade" | "authenticate">,
  ): LobbyServer {
    return new LobbyServer({
      upgrade: () => {
        this.#upgraded = new MemorySocket();
        this.#upgraded.readyState = 1;
        return { socket: this.#upgraded, response: new Response(null) };
      },
      authenticate: (request) => {
        const name = new URL(request.url).pathname.slice(1);
        return { playerId: playerId(name), displayName: name.toUpperCase() };
      },
      passwords: { iterations: 10 },
      ...options,
      hub: { clock: this.clock, maxSocketsPerAddress: 10_000, ...options.hub },
      manager: { random: this.nextRandom(), ...options.manager },
    });
  }

  /** What a client needs here, but for where its server is. */
  clientOptions(): Omit<LobbyClientOptions, "url"> {
    return {
      clock: this.clock,
      random: this.nextRandom(),
      firstRetryMaxMs: 100,
      webSocket: (url) => {
        const socket = new MemorySocket();
        this.#asking.push({ url, socket });
        return socket;
      },
    };
  }

  addPlayer(name: string, options: LobbyClientOptions): Player {
    const client = new LobbyClient(options);
    client.connect();
    const player = { name, client, events: [], isDrained: true };
    this.players.push(player);
    return player;
  }

  /** The sockets that wait for a server since the last time. */
  takeAsking(): Asking[] {
    const asking = this.#asking;
    this.#asking = [];
    return asking.filter(({ socket }) => socket.readyState === 0);
  }

  /** Connects a socket to a server, and returns that one's end; the socket ends, if there is none. */
  async accept(
    { url, socket }: Asking,
    server: LobbyServer | undefined,
  ): Promise<MemorySocket | undefined> {
    this.#upgraded = undefined;
    await server?.handler(
      new Request(url.replace("ws:", "http:"), {
        headers: { upgrade: "websocket" },
      }),
    );
    if (this.#upgraded === undefined) socket.end(1006);
    return this.#upgraded;
  }

  drainPlayers(): void {
    for (const { client, events, isDrained } of this.players) {
      if (isDrained) events.push(...client.drainEvents());
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
  async outcome(player: Player, request: number | undefined): Promise<Outcome> {
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
}

/** Lets promises settle. */
export async function settle(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await Promise.resolve();
}
