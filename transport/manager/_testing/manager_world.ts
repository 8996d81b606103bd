import { SeededRandom } from "../../../core/mod.ts";
import type { DatagramLink } from "../../link/datagram_link.ts";
import { InsecureLink } from "../../link/insecure_link.ts";
import type { InsecureLinkOptions } from "../../link/insecure_link_options.ts";
import type { PeerId } from "../../link/peer_id.ts";
import type { NetworkConditions } from "../../simulation/network_conditions.ts";
import { SimulatedNetwork } from "../../simulation/simulated_network.ts";
import type { DatagramSocket } from "../../socket/datagram_socket.ts";
import { ConnectionManager } from "../connection_manager.ts";
import type { PeerOptions } from "../connection_manager_options.ts";
import type { ManagerEvent } from "../manager_event.ts";

export const PROTOCOL = "test 1";
export const SERVER_HOST = "10.0.0.1";
export const SERVER_PORT = 9_000;

/** A message that has come in. */
export interface Received {
  readonly peer: PeerId;
  readonly bytes: number[];
  readonly channel: number;
}

/** A manager on a simulated network, and what came out of it. */
export class ManagedEnd {
  readonly manager: ConnectionManager;
  readonly socket: DatagramSocket;
  readonly events: ManagerEvent[] = [];
  readonly received: Received[] = [];
  /** Whether polls hand out messages. */
  takes = true;

  constructor(manager: ConnectionManager, socket: DatagramSocket) {
    this.manager = manager;
    this.socket = socket;
    manager.bind(socket);
  }

  poll(): void {
    if (!this.takes) this.manager.poll();
    else {
      this.manager.poll((peer, bytes, channel) =>
        this.received.push({ peer, bytes: [...bytes], channel })
      );
    }
    this.events.push(...this.manager.drainEvents());
  }

  /** The events of a type. */
  of<T extends ManagerEvent["type"]>(
    type: T,
  ): Extract<ManagerEvent, { type: T }>[] {
    return this.events.filter((
      event,
    ): event is Extract<ManagerEvent, { type: T }> => event.type === type);
  }
}

/** Options for {@linkcode ManagerWorld}. */
export interface ManagerWorldOptions {
  readonly conditions?: NetworkConditions;
  readonly seed?: number;
  readonly server?: Partial<InsecureLinkOptions>;
  readonly connection?: PeerOptions;
  readonly lingerMs?: number;
  /** Makes a link; an insecure one by default. */
  link?(options: InsecureLinkOptions): DatagramLink;
}

/** A server and its clients on a simulated network, in virtual time. */
export class ManagerWorld {
  readonly network: SimulatedNetwork;
  server: ManagedEnd;
  readonly clients: ManagedEnd[] = [];
  readonly #options: ManagerWorldOptions;
  #made = 0;

  constructor(options: ManagerWorldOptions = {}) {
    const { conditions = { latencyMs: 10 }, seed = 1 } = options;
    this.#options = options;
    this.network = new SimulatedNetwork({ seed, conditions });
    this.server = this.startServer();
  }

  get nowMs(): number {
    return this.network.clock.nowMs();
  }

  /** Starts a server, also in the place of one whose socket is closed. */
  startServer(): ManagedEnd {
    this.server = new ManagedEnd(
      this.#manager({ maxClients: 16, ...this.#options.server }),
      this.network.socket(SERVER_HOST, SERVER_PORT),
    );
    return this.server;
  }

  /** Makes a client that does nothing yet. */
  client(options: Partial<InsecureLinkOptions> = {}): ManagedEnd {
    const end = new ManagedEnd(
      this.#manager(options),
      this.network.socket(`10.0.1.${this.clients.length % 250 + 1}`),
    );
    this.clients.push(end);
    return end;
  }

  /** Begins to connect a client. */
  connect(
    end: ManagedEnd = this.client(),
    userData?: Uint8Array,
  ): { end: ManagedEnd; peer: PeerId } {
    const to = end.socket.address(SERVER_HOST, SERVER_PORT);
    return { end, peer: end.manager.connect(to, userData) };
  }

  /** Connects a client; `atServer` is what the server calls it. */
  connected(): { end: ManagedEnd; peer: PeerId; atServer: PeerId } {
    const before = this.server.of("peerConnected").length;
    const { end, peer } = this.connect();
    for (let ms = 0; ms < 20_000; ms += 5) {
      this.run(5);
      const event = this.server.of("peerConnected")[before];
      if (event !== undefined && end.of("peerConnected").length > 0) {
        return { end, peer, atServer: event.peer };
      }
    }
    throw new Error("no client came");
  }

  /** Lets time pass; every end is polled at each step. */
  run(ms: number, stepMs = 1): void {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.network.advance(stepMs);
      this.server.poll();
      for (const end of this.clients) end.poll();
    }
  }

  #manager(options: Partial<InsecureLinkOptions>): ConnectionManager {
    const { connection = {}, lingerMs, seed = 1 } = this.#options;
    const random = new SeededRandom(seed * 1_000 + this.#made++);
    const linkOptions = { protocol: PROTOCOL, random, ...options };
    return new ConnectionManager({
      link: this.#options.link?.(linkOptions) ?? new InsecureLink(linkOptions),
      clock: this.network.clock,
      connection: { random, ...connection },
      ...lingerMs === undefined ? {} : { lingerMs },
    });
  }
}
