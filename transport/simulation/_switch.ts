// This module is browser compatible.
import { type Clock, SeededRandom } from "../../core/mod.ts";
import type { IpAddress } from "../socket/ip_address_table.ts";
import type { SimulatedSocket } from "./_simulated_socket.ts";
import { type Endpoint, endpointText, Wire } from "./_wire.ts";
import { DelayLine } from "./delay_line.ts";
import type { NetworkConditions } from "./network_conditions.ts";
import type { NetworkCounters } from "./network_counters.ts";
import { NetworkPath } from "./network_path.ts";

/** What carries datagrams between the sockets of a simulated network. */
export class Switch {
  readonly line: DelayLine<Wire>;
  readonly clock: Clock;
  /** Datagrams for an address where nobody is. */
  unreachable = 0;
  /** Datagrams that a socket's receive buffer had no room for. */
  receiveFull = 0;
  readonly #seeds: SeededRandom;
  /** By address, as others see it, those that a socket has. */
  readonly #endpoints = new Map<string, Endpoint>();
  /** By address of the sockets themselves, whatever others see: conditions survive a change of address and a restart. */
  readonly #paths = new Map<string, NetworkPath>();
  /** Those with conditions of their own. */
  readonly #special = new Set<NetworkPath>();
  #conditions: NetworkConditions;
  readonly #deliver = this.#arrive.bind(this);
  #readable: SimulatedSocket[] = [];
  #readableHead = 0;

  constructor(
    clock: Clock,
    seed: number,
    conditions: NetworkConditions,
    maxInFlight: number,
  ) {
    this.clock = clock;
    this.#seeds = new SeededRandom(seed);
    this.#conditions = conditions;
    this.line = new DelayLine(maxInFlight);
    // Refuses what is wrong with them now rather than at the first datagram.
    new NetworkPath(this.#seeds, conditions);
  }

  get counters(): NetworkCounters[] {
    return Array.from(this.#paths.values(), ({ counters }) => counters);
  }

  isFree(endpoint: Endpoint): boolean {
    return !this.#endpoints.has(endpoint.text);
  }

  /** Lets others see a socket at an address, and at no other. */
  attach(socket: SimulatedSocket, endpoint: Endpoint): void {
    this.#detach(socket);
    endpoint.socket = socket;
    socket.external = endpoint;
    this.#endpoints.set(endpoint.text, endpoint);
  }

  closed(socket: SimulatedSocket): void {
    this.#detach(socket);
  }

  path(from: Endpoint, to: Endpoint): NetworkPath {
    const key = from.text + to.text;
    let path = this.#paths.get(key);
    if (path === undefined) {
      const seeds = this.#seeds;
      // Four of its numbers might all be zero, which is no state.
      const random = new SeededRandom([
        (seeds.nextU32() | 1) >>> 0,
        seeds.nextU32(),
        seeds.nextU32(),
        seeds.nextU32(),
      ]);
      path = new NetworkPath(random, this.#conditions);
      this.#paths.set(key, path);
    }
    return path;
  }

  setConditions(conditions: NetworkConditions): void {
    const nowMs = this.clock.nowMs();
    // Refuses what is wrong with them before any path has them.
    new NetworkPath(this.#seeds, conditions);
    this.#conditions = conditions;
    for (const path of this.#paths.values()) {
      if (!this.#special.has(path)) path.setConditions(conditions, nowMs);
    }
  }

  setPathConditions(path: NetworkPath, conditions: NetworkConditions): void {
    path.setConditions(conditions, this.clock.nowMs());
    this.#special.add(path);
  }

  send(
    datagram: Uint8Array,
    socket: SimulatedSocket,
    to: IpAddress,
  ): void {
    let wire = to.route as Wire | undefined;
    if (
      wire === undefined || wire.from !== socket.external ||
      wire.to.socket === undefined
    ) {
      wire = this.#connect(socket, to);
      if (wire === undefined) {
        this.unreachable += 1;
        return;
      }
    }
    this.line.send(datagram, wire.path, this.clock.nowMs(), wire);
  }

  /** Lets arrive what is due. */
  run(): void {
    const { line } = this;
    if (line.inFlight > 0) line.deliver(this.clock.nowMs(), this.#deliver);
  }

  overflowed(bytes: Uint8Array): void {
    this.receiveFull += 1;
    this.line.pool.release(bytes);
  }

  /** Puts a socket among those that have something to poll. */
  list(socket: SimulatedSocket): void {
    socket.isListed = true;
    this.#readable.push(socket);
  }

  nextReadable(): SimulatedSocket | undefined {
    const readable = this.#readable;
    while (this.#readableHead < readable.length) {
      const socket = readable[this.#readableHead++]!;
      if (this.#readableHead === readable.length) {
        readable.length = 0;
        this.#readableHead = 0;
      }
      socket.isListed = false;
      if (socket.waiting > 0) return socket;
    }
    return undefined;
  }

  #detach(socket: SimulatedSocket): void {
    const { external } = socket;
    if (external.socket !== socket) return;
    external.socket = undefined;
    this.#endpoints.delete(external.text);
  }

  #connect(socket: SimulatedSocket, to: IpAddress): Wire | undefined {
    const { w0, w1, w2, w3, scope, port } = to;
    const endpoint = this.#endpoints.get(
      endpointText([w0, w1, w2, w3, scope], port),
    );
    if (endpoint?.socket === undefined) return undefined;
    const path = this.path(socket.local, endpoint.socket.local);
    return to.route = new Wire(path, socket.external, endpoint);
  }

  #arrive(bytes: Uint8Array, wire: Wire): void {
    const { socket } = wire.to;
    if (socket === undefined) {
      this.unreachable += 1;
      this.line.pool.release(bytes);
    } else {
      socket.take(bytes, socket.addressOf(wire.from));
    }
  }
}
