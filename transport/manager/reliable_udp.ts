// This module is browser compatible.
import { Channel } from "../../protocol/mod.ts";
import { Connection } from "../connection/connection.ts";
import type { ConnectionOptions } from "../connection/connection_options.ts";
import { CloseCode, ConnectionState } from "../connection/connection_state.ts";
import type { TransportStats } from "../connection/transport_stats.ts";
import { MTU } from "../constants.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import { type DatagramSocket, SendResult } from "../socket/datagram_socket.ts";
import type { PeerOptions } from "./connection_manager_options.ts";

/** Options for {@linkcode ReliableUdp}: those of its connection, the same at both ends. */
export type ReliableUdpOptions = PeerOptions;

/**
 * Reliable messages between two ends that know each other's address, without a handshake:
 * each makes one of these with the other's address. For tools, tests and two machines that
 * trust their network; a server with clients takes a {@linkcode ConnectionManager}.
 *
 * A packet is a datagram. Whoever can send datagrams from the other end's address can do
 * anything.
 *
 * @example Two ends on a simulated network
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ReliableUdp, SimulatedNetwork } from "@tickwire/net/transport";
 *
 * const network = new SimulatedNetwork({ conditions: { latencyMs: 20 } });
 * const here = network.socket("10.0.0.1", 5000);
 * const there = network.socket("10.0.0.2", 5000);
 * const a = new ReliableUdp(here, here.address("10.0.0.2", 5000));
 * const b = new ReliableUdp(there, there.address("10.0.0.1", 5000));
 *
 * a.sendReliable(new Uint8Array([1, 2, 3]));
 * const received: number[] = [];
 * for (let frame = 0; frame < 10; frame++) {
 *   network.tick(1 / 60);
 *   a.tick(1 / 60);
 *   b.tick(1 / 60);
 *   b.receive((bytes) => received.push(...bytes));
 * }
 * assertEquals(received, [1, 2, 3]);
 * ```
 */
export class ReliableUdp implements Disposable {
  readonly #socket: DatagramSocket;
  readonly #peer: DatagramAddress;
  readonly #options: ConnectionOptions;
  #nowMs = 0;
  #connection: Connection;
  #hasHeard = false;

  /**
   * Creates an end.
   *
   * @param socket The socket, which nobody else polls.
   * @param peer Where the other end is: an address of the socket.
   * @param options What the connection is made with.
   * @throws {TypeError} If `peer` is not an address of `socket`.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(
    socket: DatagramSocket,
    peer: DatagramAddress,
    options: ReliableUdpOptions = {},
  ) {
    if (peer.socket !== socket) {
      throw new TypeError(
        `Cannot create a ReliableUdp as peer must be an address of socket: current value is ${peer}`,
      );
    }
    this.#socket = socket;
    this.#peer = peer;
    this.#options = {
      ...options,
      maxPayloadBytes: Math.min(MTU, socket.maxDatagramBytes),
    };
    this.#connection = new Connection(this.#options);
    peer.retain();
  }

  /** `Connecting` until the first packet has come, then as its connection. */
  get state(): ConnectionState {
    const { state } = this.#connection;
    return state === ConnectionState.Connected && !this.#hasHeard
      ? ConnectionState.Connecting
      : state;
  }

  /** What was measured and counted: a new object at every call. */
  get stats(): TransportStats {
    return this.#connection.stats;
  }

  /** The smoothed round-trip time in milliseconds; 0 until it is known. */
  get rttMs(): number {
    return this.#connection.rttMs;
  }

  /**
   * Sends a message that arrives exactly once.
   *
   * @param bytes The message, copied before the call returns.
   * @param isOrdered Whether those of this kind arrive in the order of sending.
   * @returns `false` if nothing was sent: it is over, the message too large, or too much
   * waits already.
   */
  sendReliable(bytes: Uint8Array, isOrdered = true): boolean {
    const channel = isOrdered ? Channel.ReliableOrdered : Channel.Reliable;
    return this.#connection.send(channel, bytes);
  }

  /**
   * Sends a message that arrives at most once.
   *
   * @param bytes The message, copied before the call returns.
   * @param isOrdered Whether one that comes after a newer one is dropped.
   * @returns `false` if nothing was sent.
   */
  sendUnreliable(bytes: Uint8Array, isOrdered = false): boolean {
    const channel = isOrdered ? Channel.UnreliableOrdered : Channel.Unreliable;
    return this.#connection.send(channel, bytes);
  }

  /**
   * Hands out the messages that ticks have taken in.
   *
   * @param sink Takes a message and its channel; the bytes hold it until it returns.
   * @returns How many there were.
   */
  receive(sink: (bytes: Uint8Array, channel: number) => void): number {
    return this.#connection.poll(sink);
  }

  /**
   * Lets time pass, takes in what has arrived, and sends what is due.
   *
   * @param dt Seconds of real time: finite, 0 or more.
   * @throws {RangeError} If `dt` is not.
   */
  tick(dt: number): void {
    if (!(dt >= 0 && dt < Infinity)) {
      throw new RangeError(
        `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    const nowMs = this.#nowMs += dt * 1_000;
    this.#socket.poll((datagram, from) => {
      if (from !== this.#peer) return;
      const before = this.#connection.isOver;
      this.#connection.receive(datagram, nowMs);
      if (!before) this.#hasHeard = true;
    });
    this.#connection.flush(nowMs, this.#emit);
    this.#socket.flush();
  }

  /**
   * Disconnects. What was sent before is still delivered while ticks go on.
   *
   * @param reason Why, for the other end; cut to 123 bytes of UTF-8.
   */
  disconnect(reason = ""): void {
    this.#connection.close(CloseCode.Closed, reason);
  }

  /**
   * Begins anew, as when the other end was started anew: numbers and order count from
   * their first again. What was under way is lost.
   */
  resetReorder(): void {
    this.#connection = new Connection(this.#options);
    this.#hasHeard = false;
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    if (this.#socket.isClosed) return;
    this.#peer.release();
    this.#socket.close();
  }

  readonly #emit = (packet: Uint8Array): boolean =>
    this.#socket.send(packet, this.#peer) !== SendResult.Full;
}
