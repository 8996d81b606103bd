import { ManualClock, SeededRandom } from "../../../core/mod.ts";
import {
  ConnectionManager,
  type DatagramSocket,
  type NetworkConditions,
  type PeerId,
  type PeerOptions,
  SimulatedNetwork,
} from "../../mod.ts";
import { ManagedEnd } from "../../manager/_testing/manager_world.ts";
import {
  type IssueConnectTokenOptions,
  NetcodeClient,
  type NetcodeServer,
  type NetcodeServerOptions,
} from "../../netcode.ts";
import { splitEndpoint } from "../_endpoint.ts";
import { Login } from "./login.ts";

export const SERVER_HOST = "10.0.0.1";
export const SERVER_PORT = 40_000;
export const SERVER = `${SERVER_HOST}:${SERVER_PORT}`;

/** A manager with its link. */
export class NetcodeEnd<L> extends ManagedEnd {
  readonly link: L;

  constructor(manager: ConnectionManager, socket: DatagramSocket, link: L) {
    super(manager, socket);
    this.link = link;
  }
}

export type ServerEnd = NetcodeEnd<NetcodeServer>;
export type ClientEnd = NetcodeEnd<NetcodeClient>;

/** Options for {@linkcode NetcodeWorld}. */
export interface NetcodeWorldOptions {
  readonly conditions?: NetworkConditions;
  readonly seed?: number;
  readonly server?: Partial<NetcodeServerOptions>;
  readonly connection?: PeerOptions;
  readonly lingerMs?: number;
}

/** A login server, servers and clients of netcode on a simulated network, in virtual time. */
export class NetcodeWorld {
  readonly network: SimulatedNetwork;
  readonly clock: ManualClock = new ManualClock({
    epochMs: Date.UTC(2026, 0, 1),
  });
  /** The first server. */
  server: ServerEnd;
  readonly servers: ServerEnd[] = [];
  readonly clients: ClientEnd[] = [];
  readonly #options: NetcodeWorldOptions;
  readonly #random: SeededRandom;
  readonly #login: Login;

  constructor(options: NetcodeWorldOptions = {}) {
    const { conditions = { latencyMs: 10 }, seed = 1 } = options;
    this.#options = options;
    this.#random = new SeededRandom(seed);
    this.#login = new Login({ clock: this.clock, random: this.#random });
    this.network = new SimulatedNetwork({
      seed,
      conditions,
      clock: this.clock,
    });
    this.server = this.startServer();
  }

  get nowMs(): number {
    return this.clock.nowMs();
  }

  /** Starts a server, also in the place of one that has gone. */
  startServer(
    address = SERVER,
    options: Partial<NetcodeServerOptions> = {},
    wrap: (socket: DatagramSocket) => DatagramSocket = (socket) => socket,
  ): ServerEnd {
    const link = this.#login.server(address, {
      ...this.#options.server,
      ...options,
    });
    const [host, port] = splitEndpoint(address);
    const socket = wrap(this.network.socket(host, port));
    const end = new NetcodeEnd(this.#manager(link), socket, link);
    this.servers.push(end);
    if (address === SERVER) this.server = end;
    return end;
  }

  /** Lets a server vanish without a word. */
  killServer(end: ServerEnd): void {
    this.servers.splice(this.servers.indexOf(end), 1);
    end.socket.close();
  }

  /** Makes a client that does nothing yet. */
  client(
    host = `10.0.1.${this.clients.length % 250 + 1}`,
    wrap: (socket: DatagramSocket) => DatagramSocket = (socket) => socket,
  ): ClientEnd {
    const link = new NetcodeClient({ random: this.#random });
    const socket = wrap(this.network.socket(host));
    const end = new NetcodeEnd(this.#manager(link), socket, link);
    this.clients.push(end);
    return end;
  }

  /** What the login server hands out: another client's each time. */
  token(options: Partial<IssueConnectTokenOptions> = {}): Uint8Array {
    return this.#login.token([SERVER], options);
  }

  /** Begins to connect a client, to the first server if its token says nothing else. */
  connect(
    token: Uint8Array = this.token(),
    end: ClientEnd = this.client(),
    address = SERVER,
  ): { end: ClientEnd; peer: PeerId } {
    const to = end.socket.address(...splitEndpoint(address));
    return { end, peer: end.manager.connect(to, token) };
  }

  /** Connects a client; `atServer` is what the server calls it. */
  connected(
    token: Uint8Array = this.token(),
    end: ClientEnd = this.client(),
  ): { end: ClientEnd; peer: PeerId; atServer: PeerId } {
    const before = this.server.of("peerConnected").length;
    const beforeAtEnd = end.of("peerConnected").length;
    const { peer } = this.connect(token, end);
    for (let ms = 0; ms < 20_000; ms += 5) {
      this.run(5);
      const event = this.server.of("peerConnected")[before];
      if (
        event !== undefined && end.of("peerConnected").length > beforeAtEnd
      ) return { end, peer, atServer: event.peer };
    }
    throw new Error("no client came");
  }

  /** Lets time pass; every end is polled at each step. */
  run(ms: number, stepMs = 1): void {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.network.advance(stepMs);
      for (const end of this.servers) end.poll();
      for (const end of this.clients) end.poll();
    }
  }

  #manager(link: NetcodeServer | NetcodeClient): ConnectionManager {
    const { connection = {}, lingerMs } = this.#options;
    return new ConnectionManager({
      link,
      clock: this.clock,
      connection: { random: this.#random, ...connection },
      ...lingerMs === undefined ? {} : { lingerMs },
    });
  }
}
