/**
 * What a {@linkcode UdpRelay} does, without a system: it stands on any {@linkcode DatagramSocket}s and any clock, so that a
 * test runs it in virtual time. What happens to datagrams is decided by the paths of the simulated network.
 *
 * @module
 */

import { type Clock, SeededRandom } from "../core/mod.ts";
import {
  type DatagramAddress,
  type DatagramSink,
  type DatagramSocket,
  type NetworkConditions,
  type NetworkCounters,
  NetworkPath,
  SendResult,
} from "../transport/mod.ts";
import { DelayLine } from "../transport/simulation/delay_line.ts";
import { sumCounters } from "../transport/simulation/path_counters.ts";

/** Where datagrams go: to the server behind the relay, or back to its client. */
export type RelayDirection = "toServer" | "toClient";

/** What was sent in one direction, over all clients. */
export interface RelayCounters extends NetworkCounters {
  /** Datagrams that were passed on, duplicates included. */
  readonly passedOn: number;
  /** Their bytes. */
  readonly passedOnBytes: number;
  /** Datagrams that the system did not take when they were due. */
  readonly failed: number;
}

/** What a relay has done so far. */
export interface RelayReport {
  readonly toServer: RelayCounters;
  readonly toClient: RelayCounters;
  /** How many clients there were. */
  readonly clients: number;
  /** Datagrams of clients beyond the most that there may be. */
  readonly refused: number;
  /** How late the latest datagram was passed on, in milliseconds. */
  readonly mostLateMs: number;
}

/** Options for {@linkcode RelayCore}. */
export interface RelayCoreOptions {
  /** Where clients send to. The relay closes it. */
  readonly front: DatagramSocket;
  /** One for each client that there may be: what the server sees. The relay closes them. */
  readonly backs: readonly DatagramSocket[];
  /** The server's IP address. */
  readonly targetHost: string;
  /** The server's port. */
  readonly targetPort: number;
  readonly clock: Clock;
  /** @default {1} */
  readonly seed?: number;
  /** Nothing if left out. */
  readonly toServer?: NetworkConditions;
  /** Nothing if left out. */
  readonly toClient?: NetworkConditions;
}

const MAX_IN_FLIGHT = 262_144;

class Tally {
  passedOn = 0;
  passedOnBytes = 0;
  failed = 0;
}

/** One direction of one client: what happens to its datagrams, and where those go that are due. */
interface Lane {
  readonly path: NetworkPath;
  readonly socket: DatagramSocket;
  readonly address: DatagramAddress;
  readonly tally: Tally;
}

/** One client: a way there and a way back. */
interface Client {
  readonly toServer: Lane;
  readonly toClient: Lane;
  /** Takes what comes in at the client's port towards the server. */
  readonly sink: DatagramSink;
}

/**
 * Passes datagrams on between clients and a server, as late and as seldom as its conditions say. Each client has a port of
 * its own towards the server, and paths of its own.
 *
 * @example A relay on a simulated network
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SimulatedNetwork } from "../transport/mod.ts";
 * import { RelayCore } from "./relay_core.ts";
 *
 * const network = new SimulatedNetwork();
 * const server = network.socket("10.0.0.1", 9000);
 * const client = network.socket("10.0.0.2");
 * const relay = new RelayCore({
 *   front: network.socket("10.0.0.3", 7000),
 *   backs: [network.socket("10.0.0.3", 7001)],
 *   targetHost: "10.0.0.1",
 *   targetPort: 9000,
 *   clock: network.clock,
 *   toServer: { latencyMs: 30 },
 * });
 * client.send(new Uint8Array([1]), client.address("10.0.0.3", 7000));
 * relay.poll();
 * assertEquals(relay.nextMs, 30);
 * network.advance(30);
 * relay.poll();
 * assertEquals(server.poll((_, from) => assertEquals(from.port, 7001)), 1);
 * ```
 */
export class RelayCore {
  readonly #front: DatagramSocket;
  readonly #freeBacks: DatagramSocket[];
  readonly #backs: readonly DatagramSocket[];
  readonly #targetHost: string;
  readonly #targetPort: number;
  readonly #clock: Clock;
  readonly #seeds: SeededRandom;
  readonly #conditions: Record<RelayDirection, NetworkConditions>;
  readonly #clients = new Map<DatagramAddress, Client>();
  readonly #line = new DelayLine<Lane>(MAX_IN_FLIGHT);
  readonly #tallies: Record<RelayDirection, Tally> = {
    toServer: new Tally(),
    toClient: new Tally(),
  };
  readonly #clientSink: DatagramSink = this.#takeFromClient.bind(this);
  readonly #delaySink = this.#passOn.bind(this);
  #refused = 0;
  #mostLateMs = 0;
  /** The time that what is taken now came in at. */
  #nowMs = 0;

  /**
   * Creates a relay between open sockets.
   *
   * @throws {RangeError} If a condition is out of its range.
   */
  constructor(options: RelayCoreOptions) {
    const { toServer = {}, toClient = {}, seed = 1 } = options;
    this.#front = options.front;
    this.#backs = options.backs;
    this.#freeBacks = [...options.backs].reverse();
    this.#targetHost = options.targetHost;
    this.#targetPort = options.targetPort;
    this.#clock = options.clock;
    this.#seeds = new SeededRandom(seed);
    // Refuses what is wrong with them now rather than at the first client.
    new NetworkPath(this.#seeds, toServer);
    new NetworkPath(this.#seeds, toClient);
    this.#conditions = { toServer, toClient };
  }

  /** When the next datagram is to be passed on, in milliseconds of the clock; `Infinity` if none is on its way. */
  get nextMs(): number {
    return this.#line.nextMs;
  }

  /** What it has done so far. */
  get report(): RelayReport {
    return {
      toServer: this.#count("toServer"),
      toClient: this.#count("toClient"),
      clients: this.#clients.size,
      refused: this.#refused,
      mostLateMs: this.#mostLateMs,
    };
  }

  /**
   * Changes the conditions of a direction, for all clients. What is on its way keeps its fate.
   *
   * @param direction Where to.
   * @param conditions All of them.
   * @throws {RangeError} If a condition is out of its range.
   */
  setConditions(
    direction: RelayDirection,
    conditions: NetworkConditions,
  ): void {
    new NetworkPath(this.#seeds, conditions);
    this.#conditions[direction] = conditions;
    const nowMs = this.#clock.nowMs();
    for (const client of this.#clients.values()) {
      client[direction].path.setConditions(conditions, nowMs);
    }
  }

  /**
   * Takes what has come in, and passes on what is due.
   *
   * @returns How many datagrams came in.
   */
  poll(): number {
    this.#nowMs = this.#clock.nowMs();
    let count = this.#front.poll(this.#clientSink);
    for (const { toServer, sink } of this.#clients.values()) {
      count += toServer.socket.poll(sink);
    }
    const nextMs = this.#line.nextMs;
    const nowMs = this.#clock.nowMs();
    if (nextMs <= nowMs) {
      this.#mostLateMs = Math.max(this.#mostLateMs, nowMs - nextMs);
      this.#line.deliver(nowMs, this.#delaySink);
      this.#front.flush();
      for (const { toServer } of this.#clients.values()) {
        toServer.socket.flush();
      }
    }
    return count;
  }

  /** Closes its sockets. What is on its way is lost. */
  close(): void {
    this.#front.close();
    for (const back of this.#backs) back.close();
  }

  #takeFromClient(datagram: Uint8Array, from: DatagramAddress): void {
    const client = this.#clients.get(from) ?? this.#admit(from);
    if (client === undefined) this.#refused += 1;
    else this.#send(datagram, client.toServer);
  }

  #send(datagram: Uint8Array, lane: Lane): void {
    this.#line.send(datagram, lane.path, this.#nowMs, lane);
  }

  #passOn(bytes: Uint8Array, { socket, address, tally }: Lane): void {
    if (socket.send(bytes, address) === SendResult.Sent) {
      tally.passedOn += 1;
      tally.passedOnBytes += bytes.length;
    } else {
      tally.failed += 1;
    }
    this.#line.pool.release(bytes);
  }

  #admit(address: DatagramAddress): Client | undefined {
    const back = this.#freeBacks.pop();
    if (back === undefined) return undefined;
    const target = back.address(this.#targetHost, this.#targetPort);
    target.retain();
    address.retain();
    const toServer = this.#lane("toServer", back, target);
    const toClient = this.#lane("toClient", this.#front, address);
    const client: Client = {
      toServer,
      toClient,
      sink: (datagram, from) => {
        // Only the server is listened to.
        if (from === target) this.#send(datagram, toClient);
      },
    };
    this.#clients.set(address, client);
    return client;
  }

  #lane(
    direction: RelayDirection,
    socket: DatagramSocket,
    address: DatagramAddress,
  ): Lane {
    const random = new SeededRandom(this.#seeds.nextU32());
    const path = new NetworkPath(random, this.#conditions[direction]);
    return { path, socket, address, tally: this.#tallies[direction] };
  }

  #count(direction: RelayDirection): RelayCounters {
    const paths = [...this.#clients.values()].map((client) =>
      client[direction].path.counters
    );
    return { ...sumCounters(paths), ...this.#tallies[direction] };
  }
}
