import { SeededRandom } from "../../core/mod.ts";
import {
  ConnectionManager,
  type DatagramAddress,
  type DatagramLink,
  type DatagramSocket,
  InsecureLink,
  type ManagerEvent,
  type PeerId,
  type PeerMessageSink,
  type PeerOptions,
  SimulatedNetwork,
  type SimulatedNetworkOptions,
} from "../mod.ts";

const HOST = "10.0.0.1";
const PORT = 9000;
/** Where the server is. */
export const WORLD_SERVER: string = `${HOST}:${PORT}`;
/** So many steps without any time passing: something goes round in circles. */
const MAX_STEPS_AT_ONCE = 100_000;

/** A manager of an {@linkcode EventWorld}. */
export interface WorldManager {
  /** 0 for the server, the clients from 1 on. */
  readonly index: number;
  readonly manager: ConnectionManager;
  readonly socket: DatagramSocket;
  /** Of a client that was connected from the beginning: the server. */
  readonly peer: PeerId | undefined;
}

/** What an {@linkcode EventWorld} tells. */
export interface WorldListener {
  onMessage(
    at: WorldManager,
    peer: PeerId,
    bytes: Uint8Array,
    channel: number,
  ): void;
  onEvent(at: WorldManager, event: ManagerEvent): void;
}

/** What the ends of an {@linkcode EventWorld} connect by. */
export interface WorldLinks {
  server(maxClients: number, random: SeededRandom): DatagramLink;
  client(random: SeededRandom): DatagramLink;
  /** What a client shows that says this of itself. */
  credentials(userData: Uint8Array): Uint8Array;
  /** Whether a peer survives a change of its address. */
  readonly roams: boolean;
}

/** Insecure ones. */
export const INSECURE_LINKS: WorldLinks = {
  server: (maxClients, random) =>
    new InsecureLink({ protocol: "event world", maxClients, random }),
  client: (random) => new InsecureLink({ protocol: "event world", random }),
  credentials: (userData) => userData,
  roams: true,
};

/** A server and its clients on a simulated network, which goes from event to event: who has nothing to do is not polled. */
export class EventWorld {
  readonly network: SimulatedNetwork;
  readonly server: WorldManager;
  readonly clients: readonly WorldManager[];
  polls = 0;
  readonly #listener: WorldListener;
  readonly #all: readonly WorldManager[];
  readonly #bySocket = new Map<DatagramSocket, WorldManager>();
  readonly #sinks: readonly PeerMessageSink[];
  /** When each manager wants to be polled. */
  readonly #wakesMs: Float64Array;

  constructor(
    network: SimulatedNetworkOptions,
    clients: number,
    listener: WorldListener,
    connection: PeerOptions = {},
    isConnecting = true,
    links: WorldLinks = INSECURE_LINKS,
  ) {
    const { seed = 1 } = network;
    this.network = new SimulatedNetwork(network);
    this.#listener = listener;
    const make = (index: number): WorldManager => {
      const random = new SeededRandom(seed * 1_000 + index);
      const manager = new ConnectionManager({
        link: index === 0
          // Also for those that have left, and are not done.
          ? links.server(8 * clients, random)
          : links.client(random),
        connection: { random, ...connection },
        clock: this.network.clock,
      });
      const socket = index === 0
        ? this.network.socket(HOST, PORT)
        : this.network.socket(`10.0.${1 + (index >> 8)}.${index & 255}`);
      manager.bind(socket);
      const peer = index === 0 || !isConnecting ? undefined : manager.connect(
        socket.address(HOST, PORT),
        links.credentials(new Uint8Array(0)),
      );
      return { index, manager, socket, peer };
    };
    this.#all = Array.from({ length: clients + 1 }, (_, index) => make(index));
    this.server = this.#all[0]!;
    this.clients = this.#all.slice(1);
    for (const at of this.#all) this.#bySocket.set(at.socket, at);
    this.#sinks = this.#all.map((at) => (peer, bytes, channel) =>
      listener.onMessage(at, peer, bytes, channel)
    );
    this.#wakesMs = new Float64Array(clients + 1);
  }

  get nowMs(): number {
    return this.network.clock.nowMs();
  }

  /** Sends a message; it leaves at once if it may. */
  send(
    at: WorldManager,
    peer: PeerId,
    bytes: Uint8Array,
    channel: number,
  ): boolean {
    const isSent = at.manager.send(peer, bytes, channel);
    this.touch(at);
    return isSent;
  }

  /** Something was done with a manager: what is due leaves at once, and what came of it is told. */
  touch(at: WorldManager): void {
    at.manager.flush();
    this.#tell(at);
  }

  /** The server, from another socket, which belongs to a client from now on. */
  serverFrom(at: WorldManager, host: string): DatagramAddress {
    const socket = this.network.socket(host);
    at.manager.bind(socket);
    this.#bySocket.set(socket, at);
    return socket.address(HOST, PORT);
  }

  /** Lets time pass until `untilMs`. */
  run(untilMs: number): void {
    const { network } = this;
    for (let stepsAtOnce = 0;;) {
      const first = this.#firstToWake();
      const wakeMs = this.#wakesMs[first]!;
      const atMs = Math.min(network.nextEventMs, wakeMs);
      if (atMs > untilMs) break;
      if (atMs > this.nowMs) {
        network.advanceTo(atMs);
        stepsAtOnce = 0;
      } else if (++stepsAtOnce > MAX_STEPS_AT_ONCE) {
        throw new Error(`time stands still at ${this.nowMs} ms`);
      }
      for (;;) {
        const socket = network.nextReadable();
        if (socket === undefined) break;
        this.#poll(this.#bySocket.get(socket)!);
      }
      if (wakeMs <= this.nowMs) this.#poll(this.#all[first]!);
    }
    if (untilMs > this.nowMs) network.advanceTo(untilMs);
  }

  #poll(at: WorldManager): void {
    const { manager } = at;
    this.polls += 1;
    manager.poll(this.#sinks[at.index]!);
    this.#tell(at);
  }

  #tell(at: WorldManager): void {
    for (const event of at.manager.drainEvents()) {
      this.#listener.onEvent(at, event);
    }
    this.#wakesMs[at.index] = at.manager.nextWakeMs;
  }

  #firstToWake(): number {
    const wakesMs = this.#wakesMs;
    let first = 0;
    for (let i = 1; i < wakesMs.length; i++) {
      if (wakesMs[i]! < wakesMs[first]!) first = i;
    }
    return first;
  }
}
