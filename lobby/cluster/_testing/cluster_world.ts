import { assert } from "@std/assert";
import {
  type Clock,
  ManualClock,
  playerId,
  SeededRandom,
} from "../../../core/mod.ts";
import {
  carry,
  MemorySocket,
  type MemoryWire,
} from "../../_testing/memory_socket.ts";
import { LobbyClient } from "../../client/lobby_client.ts";
import type { LobbyClientEvent } from "../../client/lobby_client_event.ts";
import type { LobbyClientOptions } from "../../client/lobby_client_options.ts";
import { LobbyServer } from "../../server/lobby_server.ts";
import type { LobbyServerEvent } from "../../server/lobby_server_event.ts";
import type { LobbyServerOptions } from "../../server/lobby_server_options.ts";
import { LobbyCluster } from "../lobby_cluster.ts";
import { type FakeConnection, FakeRedis } from "./fake_redis.ts";

export const TICK_SECONDS = 0.05;
export const LEASE_MS = 5_000;

/** A player with its client, and all that it was told. */
export interface Player {
  readonly name: string;
  readonly client: LobbyClient;
  readonly events: LobbyClientEvent[];
}

/** One server of several. */
export interface Node {
  readonly name: string;
  readonly redis: FakeConnection;
  readonly cluster: LobbyCluster;
  readonly server: LobbyServer;
  readonly events: LobbyServerEvent[];
  /** Its process stands still. */
  isPaused: boolean;
  isDead: boolean;
}

interface Wire extends MemoryWire {
  readonly node: Node;
}

/** Several servers over one Redis, their clients over connections in memory, and one clock for all. */
export class ClusterWorld {
  readonly clock = new ManualClock();
  readonly redis = new FakeRedis(this.clock);
  readonly players: Player[] = [];
  readonly random: SeededRandom;
  /** By their names, the last one of each. */
  readonly nodes = new Map<string, Node>();
  #seed: number;
  #made = 0;
  #upgraded: MemorySocket | undefined;
  readonly #asking: { readonly url: string; readonly socket: MemorySocket }[] =
    [];
  #wires: Wire[] = [];

  constructor(seed = 1) {
    this.#seed = seed;
    this.random = new SeededRandom(seed);
  }

  /** A server is there from now on, with what dead ones had. */
  async start(
    name: string,
    options: Partial<LobbyServerOptions> = {},
    clock: Clock = this.clock,
  ): Promise<Node> {
    const redis = this.redis.connect();
    const cluster = await LobbyCluster.open(redis, {
      url: `ws://${name}.test`,
      leaseMs: LEASE_MS,
      clock,
    });
    this.#seed++;
    const server = new LobbyServer({
      upgrade: () => {
        this.#upgraded = new MemorySocket();
        this.#upgraded.readyState = 1;
        return { socket: this.#upgraded, response: new Response(null) };
      },
      authenticate: (request) => {
        const name = new URL(request.url).pathname.slice(1);
        return { playerId: playerId(name) };
      },
      store: cluster,
      passwords: { iterations: 10 },
      rate: { perSecond: 1_000, burst: 1_000 },
      ...options,
      hub: { clock: this.clock, maxSocketsPerAddress: 10_000, ...options.hub },
      manager: {
        random: new SeededRandom(this.#seed),
        newLobbyId: () => `lobby-${++this.#made}`,
        ...options.manager,
      },
    });
    await server.ready;
    const node: Node = {
      name,
      redis,
      cluster,
      server,
      events: [],
      isPaused: false,
      isDead: false,
    };
    this.nodes.set(name, node);
    return node;
  }

  /** A process is gone, and all that it had to say. */
  kill(node: Node): void {
    node.isDead = true;
    node.redis.isCut = true;
    for (const wire of this.#wires) {
      if (wire.node === node) wire.client.end(1006);
    }
    this.#wires = this.#wires.filter((wire) => wire.node !== node);
  }

  /** A client that knows these servers, and tries the next one when one is not there. */
  join(
    name: string,
    nodes: readonly string[],
    options: Partial<LobbyClientOptions> = {},
  ): Player {
    this.#seed++;
    let tries = 0;
    const client = new LobbyClient({
      url: () => `ws://${nodes[tries++ % nodes.length]}.test/${name}`,
      clock: this.clock,
      random: new SeededRandom(this.#seed),
      firstRetryMaxMs: 100,
      maxBackoffMs: 500,
      webSocket: (url) => {
        const socket = new MemorySocket();
        this.#asking.push({ url, socket });
        return socket;
      },
      ...options,
    });
    client.connect();
    const player = { name, client, events: [] };
    this.players.push(player);
    return player;
  }

  /** At which server a player's client is. */
  nodeOf(player: Player): string | undefined {
    const wire = this.#wires.find(({ server, node }) =>
      !node.isDead && server.readyState === 1 &&
      this.#names.get(server) === player.name
    );
    return wire?.node.name;
  }

  readonly #names = new Map<MemorySocket, string>();

  /** Lets so many ticks go by, and promises settle. */
  async run(ticks = 10, dt = TICK_SECONDS): Promise<void> {
    for (let i = 0; i < ticks; i++) {
      this.clock.advance(dt * 1_000);
      for (const { client } of this.players) client.tick(dt);
      await this.#carry();
      for (const node of this.nodes.values()) this.tick(node, dt);
      await settle();
      await this.#carry();
      for (const { client, events } of this.players) {
        events.push(...client.drainEvents());
      }
    }
  }

  tick(node: Node, dt: number): void {
    if (node.isDead || node.isPaused) return;
    node.server.tick(dt);
    node.events.push(...node.server.drainEvents());
  }

  /** Lets time go by until something is so. */
  async until(isSo: () => boolean, what = "it"): Promise<void> {
    for (let i = 0; !isSo(); i++) {
      assert(i < 4_000, `${what} does not come`);
      await this.run(1);
      // Hashes take time of their own.
      if (i > 20 && i % 10 === 0) {
        await new Promise((resolve) => setTimeout(resolve));
      }
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

  async #carry(): Promise<void> {
    for (const { url, socket } of this.#asking.splice(0)) {
      if (socket.readyState !== 0) continue;
      const { hostname, pathname } = new URL(url);
      const node = this.nodes.get(hostname.replace(".test", ""));
      this.#upgraded = undefined;
      if (node !== undefined && !node.isDead && !node.isPaused) {
        await node.server.handler(
          new Request(url.replace("ws:", "http:"), {
            headers: { upgrade: "websocket" },
          }),
        );
      }
      if (node === undefined || this.#upgraded === undefined) {
        socket.end(1006);
        continue;
      }
      const server: MemorySocket = this.#upgraded;
      this.#names.set(server, pathname.slice(1));
      this.#wires.push({ client: socket, server, node });
      socket.open();
    }
    // A process that stands still keeps its connections, and says nothing.
    this.#wires = this.#wires.filter((wire) =>
      wire.node.isPaused || carry(wire)
    );
  }
}

/** How a request ended. */
export type Outcome = Extract<
  LobbyClientEvent,
  { type: "done" | "refused" | "failed" }
>;

async function settle(): Promise<void> {
  for (let i = 0; i < 40; i++) await Promise.resolve();
}
