import { WsClient, type WsClientOptions } from "../../websocket/mod.ts";
import type { LobbyClientOptions } from "../client/lobby_client_options.ts";
import type { LobbyServer } from "../server/lobby_server.ts";
import type { LobbyServerEvent } from "../server/lobby_server_event.ts";
import type { LobbyServerOptions } from "../server/lobby_server_options.ts";
import type { LobbyStore } from "../store/lobby_store.ts";
import { MemoryLobbyStore } from "../store/memory_lobby_store.ts";
import { carry, type MemoryWire } from "./memory_socket.ts";
import {
  type Player,
  PlayerWorld,
  settle,
  TICK_SECONDS,
} from "./player_world.ts";

/** A server and its clients over connections in memory, and one clock for all. */
export class LobbyWorld extends PlayerWorld {
  readonly store: LobbyStore;
  readonly raw: WsClient[] = [];
  readonly events: LobbyServerEvent[] = [];
  server: LobbyServer | undefined;
  #options: Partial<LobbyServerOptions> = {};
  #wires: MemoryWire[] = [];

  constructor(seed = 1, store: LobbyStore = new MemoryLobbyStore()) {
    super(seed);
    this.store = store;
  }

  /** A server is there from now on, with what is stored. */
  async start(options: Partial<LobbyServerOptions> = {}): Promise<LobbyServer> {
    this.#options = options;
    const server = this.makeServer({ store: this.store, ...options });
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
      url: `ws://lobby.test/${name}`,
      ...this.clientOptions(),
      mux: true,
      ...options,
    });
    client.connect();
    this.raw.push(client);
    return client;
  }

  join(name: string, options: Partial<LobbyClientOptions> = {}): Player {
    return this.addPlayer(name, {
      url: `ws://lobby.test/${name}`,
      ...this.clientOptions(),
      ...options,
    });
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

  async run(ticks = 10, dt = TICK_SECONDS): Promise<void> {
    for (let i = 0; i < ticks; i++) {
      this.clock.advance(dt * 1_000);
      for (const { client } of this.players) client.tick(dt);
      for (const client of this.raw) client.tick(dt);
      await this.#carry();
      this.server?.tick(dt);
      await settle(8);
      if (this.server !== undefined) {
        this.events.push(...this.server.drainEvents());
      }
      await this.#carry();
      this.drainPlayers();
    }
  }

  async #carry(): Promise<void> {
    for (const asking of this.takeAsking()) {
      const server = await this.accept(asking, this.server);
      if (server === undefined) continue;
      this.#wires.push({ client: asking.socket, server });
      asking.socket.open();
    }
    this.#wires = this.#wires.filter(carry);
  }
}
