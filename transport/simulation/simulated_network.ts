// This module is browser compatible.
import {
  checkInteger,
  checkPositive,
  type Clock,
  ManualClock,
} from "../../core/mod.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { DatagramSocket } from "../socket/datagram_socket.ts";
import type { IpAddress } from "../socket/ip_address_table.ts";
import { sumCounters } from "./path_counters.ts";
import { SimulatedSocket } from "./_simulated_socket.ts";
import { Switch } from "./_switch.ts";
import { Endpoint } from "./_wire.ts";
import type { NetworkConditions } from "./network_conditions.ts";
import type { NetworkCounters } from "./network_counters.ts";

/** Options for {@linkcode SimulatedNetwork}. */
export interface SimulatedNetworkOptions {
  /**
   * Where chance comes from: a safe integer. The same seed and the same calls give the same bytes at the same times.
   *
   * @default {1}
   */
  readonly seed?: number;
  /**
   * The time. With a clock that goes by itself, what is due arrives when a socket is polled.
   *
   * @default {a ManualClock of its own, at 0}
   */
  readonly clock?: Clock;
  /** What every direction of every pair of sockets does that has no conditions of its own. Nothing if left out. */
  readonly conditions?: NetworkConditions;
  /**
   * How many bytes wait in a socket to be polled at most, 64 more counted for each datagram; what arrives beyond is dropped.
   * Above 0.
   *
   * @default {4194304}
   */
  readonly receiveBufferBytes?: number;
  /**
   * How many datagrams are on their way at most; what is sent beyond is dropped. An integer, 1 or more.
   *
   * @default {1048576}
   */
  readonly maxInFlight?: number;
}

/** Options for {@linkcode SimulatedNetwork.socket}. */
export interface SimulatedSocketOptions {
  /**
   * The largest datagram that the socket can send, in bytes: an integer from 1,200 to 65,507.
   *
   * @default {65507}
   */
  readonly maxDatagramBytes?: number;
}

/** What became of everything that the sockets of a network have sent. */
export interface SimulatedNetworkCounters extends NetworkCounters {
  /** Sent to, or arrived at, an address where no socket is (any more). Nobody is told. Those of no socket at all are counted here alone. */
  readonly unreachable: number;
  /** Arrived, and dropped as the socket's receive buffer was full. */
  readonly receiveFull: number;
  /** Got through, and dropped as `maxInFlight` were on their way. */
  readonly crowded: number;
  /** On their way now. */
  readonly inFlight: number;
}

/** An address as others see it. */
export interface NetworkEndpoint {
  /** An IP address. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

const DEFAULT_RECEIVE_BUFFER_BYTES = 4_194_304;
const DEFAULT_MAX_IN_FLIGHT = 1_048_576;
const MAX_DATAGRAM_BYTES = 65_507;
const MIN_DATAGRAM_BYTES = 1_200;
const FIRST_FREE_PORT = 49_152;
const MAX_PORT = 65_535;

/**
 * A network within one process, in virtual time, as bad as wanted: sockets on it are {@linkcode DatagramSocket}s like any
 * other.
 *
 * Time passes by {@linkcode SimulatedNetwork.advance}, or by the clock that it was given; {@linkcode
 * SimulatedNetwork.nextEventMs} tells when the next datagram arrives and {@linkcode SimulatedNetwork.nextReadable} at which
 * socket, so that a test jumps from event to event. Each direction of a pair of sockets is a {@linkcode NetworkPath} with
 * random numbers of its own. Nobody is ever told that a port is closed (no ECONNREFUSED). What a sink was given is
 * overwritten with zeros when it returns, so that a test shows who keeps bytes without copying them.
 *
 * @example A datagram, 50 ms later
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SimulatedNetwork } from "@tickwire/net/transport";
 *
 * const network = new SimulatedNetwork({ conditions: { latencyMs: 50 } });
 * const server = network.socket("10.0.0.1", 9000);
 * const client = network.socket("10.0.0.2");
 * client.send(new Uint8Array([1, 2, 3]), client.address("10.0.0.1", 9000));
 *
 * assertEquals(network.nextEventMs, 50);
 * network.advanceTo(network.nextEventMs);
 * const received: string[] = [];
 * server.poll((datagram, from) => received.push(`${datagram} from ${from}`));
 * assertEquals(received, ["1,2,3 from 10.0.0.2:49152"]);
 * ```
 *
 * @example A path that loses one direction only, and a NAT that forgets
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SimulatedNetwork } from "@tickwire/net/transport";
 *
 * const network = new SimulatedNetwork({ seed: 7 });
 * const server = network.socket("10.0.0.1", 9000);
 * const client = network.socket("10.0.0.2", 5000);
 * const toServer = client.address("10.0.0.1", 9000);
 * network.setConditions({ loss: 0.5 }, client, server);
 * for (let i = 0; i < 1_000; i++) client.send(new Uint8Array(10), toServer);
 * assertEquals(network.countersOf(client, server).lost, 507);
 *
 * network.setConditions({}, client, server);
 * server.poll(() => {});
 * network.rebind(client, 5001);
 * client.send(new Uint8Array(10), toServer);
 * server.poll((_, from) => assertEquals(from.port, 5001));
 * ```
 */
export class SimulatedNetwork {
  /** The time that everything on the network goes by. */
  readonly clock: Clock;
  /** The same, if time is for the network to pass. */
  readonly #manualClock: ManualClock | undefined;
  readonly #switch: Switch;
  readonly #receiveBufferBytes: number;
  /** As a kernel does, one after the other: a port that was just given up is not the next one. */
  #nextPort = FIRST_FREE_PORT;

  /**
   * Creates a network without sockets.
   *
   * @param options Its seed, clock, conditions and bounds.
   * @throws {RangeError} If an option or a condition is out of its range.
   */
  constructor(options: SimulatedNetworkOptions = {}) {
    const {
      seed = 1,
      clock = new ManualClock(),
      conditions = {},
      receiveBufferBytes = DEFAULT_RECEIVE_BUFFER_BYTES,
      maxInFlight = DEFAULT_MAX_IN_FLIGHT,
    } = options;
    this.clock = clock;
    this.#manualClock = clock instanceof ManualClock ? clock : undefined;
    this.#receiveBufferBytes = checkPositive(
      "receiveBufferBytes",
      receiveBufferBytes,
    );
    this.#switch = new Switch(
      clock,
      seed,
      conditions,
      checkInteger("maxInFlight", maxInFlight, 1, Number.MAX_SAFE_INTEGER),
    );
  }

  /**
   * When the next datagram arrives, in milliseconds of the clock; `Infinity` if none is on its way. What has arrived does not
   * count, polled or not.
   */
  get nextEventMs(): number {
    return this.#switch.line.nextMs;
  }

  /** What became of everything that was sent, over all pairs: a new object each time. */
  get counters(): SimulatedNetworkCounters {
    const network = this.#switch;
    const total = sumCounters(network.counters);
    const { unreachable, receiveFull } = network;
    const { crowded, inFlight } = network.line;
    return { ...total, unreachable, receiveFull, crowded, inFlight };
  }

  /**
   * Opens a socket.
   *
   * @param host Its address as text, IPv4 or IPv6; any.
   * @param port 1 to 65535; 0 for a free one from 49152 on.
   * @param options Its bounds.
   * @returns The socket.
   * @throws {TypeError} If `host` is no address.
   * @throws {RangeError} If `port` is no port, an option is out of its range, or another socket has the address.
   */
  socket(
    host: string,
    port: number = 0,
    options: SimulatedSocketOptions = {},
  ): DatagramSocket {
    const { maxDatagramBytes = MAX_DATAGRAM_BYTES } = options;
    const local = this.#freeEndpoint(host, port);
    const socket = new SimulatedSocket(
      this.#switch,
      local,
      checkInteger(
        "maxDatagramBytes",
        maxDatagramBytes,
        MIN_DATAGRAM_BYTES,
        MAX_DATAGRAM_BYTES,
      ),
      this.#receiveBufferBytes,
    );
    this.#switch.attach(socket, local);
    return socket;
  }

  /**
   * Changes the conditions: of one direction of a pair, or of all directions that have none of their own. What is on its way
   * keeps its fate. A direction keeps its conditions when one of its sockets is rebound, or closed and opened again.
   *
   * @param conditions All of them: what is left out is as if it had never been given.
   * @param from The socket that sends. Both are given, or none.
   * @param to The socket that receives.
   * @throws {TypeError} If only one socket is given, or one is not of this network.
   * @throws {RangeError} If a condition is out of its range.
   */
  setConditions(
    conditions: NetworkConditions,
    from?: DatagramSocket,
    to?: DatagramSocket,
  ): void {
    if (from === undefined && to === undefined) {
      this.#switch.setConditions(conditions);
      return;
    }
    const path = this.#switch.path(
      this.#own("set conditions", from).local,
      this.#own("set conditions", to).local,
    );
    this.#switch.setPathConditions(path, conditions);
  }

  /**
   * Counts for one direction of a pair.
   *
   * @param from The socket that sends.
   * @param to The socket that receives.
   * @returns What became of its datagrams: the same object at every call.
   * @throws {TypeError} If a socket is not of this network.
   */
  countersOf(from: DatagramSocket, to: DatagramSocket): NetworkCounters {
    return this.#switch.path(
      this.#own("count", from).local,
      this.#own("count", to).local,
    ).counters;
  }

  /**
   * Lets a NAT forget a socket: from now on others see it at another address. What is sent to the old one, or on its way
   * there, reaches nobody. The socket notices nothing, and its `localAddress` stays as it is.
   *
   * @param socket The socket behind the NAT.
   * @param port The new port, 1 to 65535; 0 for a free one from 49152 on.
   * @param host The new address; as it was if left out.
   * @returns What others see.
   * @throws {TypeError} If `host` is no address, or the socket is not of this network.
   * @throws {RangeError} If `port` is no port, or another socket has the address.
   */
  rebind(
    socket: DatagramSocket,
    port: number = 0,
    host?: string,
  ): NetworkEndpoint {
    const own = this.#own("rebind", socket);
    const endpoint = this.#freeEndpoint(host ?? own.external.host, port);
    if (!own.isClosed) this.#switch.attach(own, endpoint);
    return { host: endpoint.host, port: endpoint.port };
  }

  /**
   * Lets a socket answer {@linkcode SendResult.Full} to whatever is sent, or no more.
   *
   * @param socket The socket.
   * @param isFull Whether it has no room.
   * @throws {TypeError} If the socket is not of this network.
   */
  setFull(socket: DatagramSocket, isFull: boolean): void {
    this.#own("fill", socket).isFull = isFull;
  }

  /**
   * Lets a datagram arrive at once that nobody has sent: a spoofed or malformed one. It is not counted as sent.
   *
   * @param datagram The bytes; copied.
   * @param from Where it seems to come from, as the socket at which it arrives knows it.
   * @throws {TypeError} If the address is not of a socket of this network.
   */
  inject(datagram: Uint8Array, from: DatagramAddress): void {
    const socket = this.#own("inject a datagram", from.socket);
    if (socket.isClosed) return;
    this.#switch.run();
    const bytes = this.#switch.line.pool.copy(datagram, datagram.length);
    socket.take(bytes, from as IpAddress);
  }

  /**
   * Lets time pass, and arrive what is due.
   *
   * @param ms Milliseconds, finite, 0 or more.
   * @throws {TypeError} If the clock is not a {@linkcode ManualClock}.
   * @throws {RangeError} If `ms` is negative or not finite.
   */
  advance(ms: number): void {
    this.#manual().advance(ms);
    this.#switch.run();
  }

  /**
   * Lets time pass until it is `nowMs` exactly, and arrive what is due.
   *
   * @param nowMs Milliseconds of the clock: not in the past, finite.
   * @throws {TypeError} If the clock is not a {@linkcode ManualClock}.
   * @throws {RangeError} If `nowMs` lies in the past or is not finite.
   */
  advanceTo(nowMs: number): void {
    this.#manual().setNowMs(nowMs);
    this.#switch.run();
  }

  /**
   * Lets time pass, as {@linkcode SimulatedNetwork.advance} does.
   *
   * @param dt Seconds, finite, 0 or more.
   * @throws {TypeError} If the clock is not a {@linkcode ManualClock}.
   * @throws {RangeError} If `dt` is negative or not finite.
   */
  tick(dt: number): void {
    this.advance(dt * 1000);
  }

  /**
   * Takes out the next socket that has something to poll, in the order in which the first came in. What it does not poll
   * then it is asked about no more until more arrives, or a poll leaves something.
   *
   * @returns The socket; `undefined` if there is none.
   */
  nextReadable(): DatagramSocket | undefined {
    this.#switch.run();
    return this.#switch.nextReadable();
  }

  #manual(): ManualClock {
    const clock = this.#manualClock;
    if (clock === undefined) {
      throw new TypeError(
        "Cannot let time pass as the clock must be a ManualClock: it goes by itself",
      );
    }
    return clock;
  }

  #own(action: string, socket: DatagramSocket | undefined): SimulatedSocket {
    if (
      !(socket instanceof SimulatedSocket) || !socket.isOf(this.#switch)
    ) {
      throw new TypeError(
        `Cannot ${action} as each socket must be one of this network`,
      );
    }
    return socket;
  }

  #freeEndpoint(host: string, port: number): Endpoint {
    checkInteger("port", port, 0, MAX_PORT);
    if (port > 0) {
      const endpoint = new Endpoint(host, port);
      if (this.#switch.isFree(endpoint)) return endpoint;
      throw new RangeError(
        `Cannot use port ${port} of ${host} as it must be free: another socket has it`,
      );
    }
    for (let tried = FIRST_FREE_PORT; tried <= MAX_PORT; tried++) {
      const endpoint = new Endpoint(host, this.#nextPort);
      this.#nextPort = this.#nextPort === MAX_PORT
        ? FIRST_FREE_PORT
        : this.#nextPort + 1;
      if (this.#switch.isFree(endpoint)) return endpoint;
    }
    throw new RangeError(`Cannot find a port of ${host} as none is free`);
  }
}
