import type { Clock } from "../../../core/mod.ts";
import {
  carry,
  type MemorySocket,
  type MemoryWire,
} from "../../_testing/memory_socket.ts";
import {
  type Player,
  PlayerWorld,
  settle,
  TICK_SECONDS,
} from "../../_testing/player_world.ts";
import type { LobbyClientOptions } from "../../client/lobby_client_options.ts";
import type { LobbyServer } from "../../server/lobby_server.ts";
import type { LobbyServerEvent } from "../../server/lobby_server_event.ts";
import type { LobbyServerOptions } from "../../server/lobby_server_options.ts";
import { LobbyCluster } from "../lobby_cluster.ts";
import { type FakeConnection, FakeRedis } from "./fake_redis.ts";

export const LEASE_MS = 5_000;

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
export class ClusterWorld extends PlayerWorld {
  readonly redis: FakeRedis = new FakeRedis(this.clock);
  /** By their names, the last one of each. */
  readonly nodes = new Map<string, Node>();
  #made = 0;
  #wires: Wire[] = [];
  readonly #names = new Map<MemorySocket, string>();

  constructor(seed = 1) {
    super(seed);
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
    const server = this.makeServer({
      store: cluster,
      rate: { perSecond: 1_000, burst: 1_000 },
      ...options,
      manager: {
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
    let tries = 0;
    return this.addPlayer(name, {
      url: () => `ws://${nodes[tries++ % nodes.length]}.test/${name}`,
      ...this.clientOptions(),
      maxBackoffMs: 500,
      ...options,
    });
  }

  /** At which server a player's client is. */
  nodeOf(player: Player): string | undefined {
    const wire = this.#wires.find(({ server, node }) =>
      !node.isDead && server.readyState === 1 &&
      this.#names.get(server) === player.name
    );
    return wire?.node.name;
  }

  async run(ticks = 10, dt = TICK_SECONDS): Promise<void> {
    for (let i = 0; i < ticks; i++) {
      this.clock.advance(dt * 1_000);
      for (const { client } of this.players) client.tick(dt);
      await this.#carry();
      for (const node of this.nodes.values()) this.tick(node, dt);
      await settle(40);
      await this.#carry();
      this.drainPlayers();
    }
  }

  tick(node: Node, dt: number): void {
    if (node.isDead || node.isPaused) return;
    node.server.tick(dt);
    node.events.push(...node.server.drainEvents());
  }

  async #carry(): Promise<void> {
    for (const asking of this.takeAsking()) {
      const { hostname, pathname } = new URL(asking.url);
      const node = this.nodes.get(hostname.replace(".test", ""));
      const isThere = node !== undefined && !node.isDead && !node.isPaused;
      const server = await this.accept(
        asking,
        isThere ? node.server : undefined,
      );
      if (server === undefined) continue;
      this.#names.set(server, pathname.slice(1));
      this.#wires.push({ client: asking.socket, server, node: node! });
      asking.socket.open();
    }
    // A process that stands still keeps its connections, and says nothing.
    this.#wires = this.#wires.filter((wire) =>
      wire.node.isPaused || carry(wire)
    );
  }
}
