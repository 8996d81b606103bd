// This module is browser compatible.
import type { DatagramAddress } from "../socket/datagram_address.ts";
import {
  type DatagramSink,
  type DatagramSocket,
  SendResult,
} from "../socket/datagram_socket.ts";
import { IpAddress, IpAddressTable } from "../socket/ip_address_table.ts";
import { SocketCounters } from "../socket/socket_counters.ts";
import type { Switch } from "./_switch.ts";
import type { Endpoint } from "./_wire.ts";

const DEFAULT_MAX_DATAGRAMS = 1024;
const FIRST_CAPACITY = 8;
/** What a datagram takes of the receive buffer beyond its bytes, so that empty ones do not fill the memory. */
const COST_BYTES = 64;
/** So many addresses that nobody retains are known at most. */
const MAX_STRANGERS = 256;
/** Of the order of the table, which nobody sees: a run repeats to the byte. */
const TABLE_SEED = 0;

/** A socket of a {@linkcode Switch}. */
export class SimulatedSocket implements DatagramSocket {
  readonly maxDatagramBytes: number;
  readonly counters = new SocketCounters();
  readonly localAddress: IpAddress;
  /** Where it listens. */
  readonly local: Endpoint;
  /** What others see as its address. */
  external: Endpoint;
  /** Whether `send()` answers that there is no room. */
  isFull = false;
  /** Whether the switch has it among those that have something to poll. */
  isListed = false;
  readonly #switch: Switch;
  readonly #maxWaitingBytes: number;
  readonly #addresses = new IpAddressTable({
    maxStrangers: MAX_STRANGERS,
    seed: TABLE_SEED,
  });
  // A ring of what has come in.
  #bytes = new Array<Uint8Array | undefined>(FIRST_CAPACITY).fill(undefined);
  #from = new Array<IpAddress | undefined>(FIRST_CAPACITY).fill(
    undefined,
  );
  #head = 0;
  #waiting = 0;
  #waitingBytes = 0;
  #isClosed = false;

  constructor(
    network: Switch,
    local: Endpoint,
    maxDatagramBytes: number,
    maxWaitingBytes: number,
  ) {
    this.#switch = network;
    this.local = local;
    this.external = local;
    this.maxDatagramBytes = maxDatagramBytes;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#addresses.socket = this;
    this.localAddress = this.addressOf(local);
    this.localAddress.retain();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How many datagrams wait to be polled. */
  get waiting(): number {
    return this.#waiting;
  }

  isOf(network: Switch): boolean {
    return this.#switch === network;
  }

  address(host: string, port: number): IpAddress {
    return this.#addresses.parse(host, port);
  }

  send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    const { counters } = this;
    if (this.#isClosed) {
      counters.failed += 1;
      return SendResult.Closed;
    }
    if (!(to instanceof IpAddress) || to.socket !== this) {
      counters.failed += 1;
      return SendResult.Refused;
    }
    const { length } = datagram;
    if (length > this.maxDatagramBytes) {
      counters.failed += 1;
      return SendResult.TooLarge;
    }
    if (this.isFull) {
      counters.full += 1;
      return SendResult.Full;
    }
    counters.sent += 1;
    counters.sentBytes += length;
    this.#switch.send(datagram, this, to);
    return SendResult.Sent;
  }

  flush(): void {}

  poll(
    sink: DatagramSink,
    maxDatagrams: number = DEFAULT_MAX_DATAGRAMS,
  ): number {
    const network = this.#switch;
    network.run();
    const { counters } = this;
    let count = 0;
    // What comes in while the sink runs waits for the next poll.
    const most = Math.min(this.#waiting, maxDatagrams);
    while (count < most && !this.#isClosed) {
      const at = this.#head;
      const bytes = this.#bytes[at]!;
      const from = this.#from[at]!;
      this.#bytes[at] = undefined;
      this.#from[at] = undefined;
      this.#head = (at + 1) & (this.#bytes.length - 1);
      this.#waiting -= 1;
      this.#waitingBytes -= bytes.length + COST_BYTES;
      counters.received += 1;
      counters.receivedBytes += bytes.length;
      count += 1;
      sink(bytes, from);
      network.line.pool.release(bytes);
    }
    if (this.#waiting > 0 && !this.isListed) network.list(this);
    return count;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#switch.closed(this);
    while (this.#waiting > 0) {
      this.#waiting -= 1;
      this.#bytes[this.#head] = undefined;
      this.#from[this.#head] = undefined;
      this.#head = (this.#head + 1) & (this.#bytes.length - 1);
    }
    this.#waitingBytes = 0;
  }

  /** Takes what has arrived; the bytes are its own until it gives them back to the pool. */
  take(bytes: Uint8Array, from: IpAddress): void {
    const cost = bytes.length + COST_BYTES;
    if (this.#waitingBytes + cost > this.#maxWaitingBytes) {
      this.counters.dropped += 1;
      this.#switch.overflowed(bytes);
      return;
    }
    if (this.#waiting === this.#bytes.length) this.#grow();
    const at = (this.#head + this.#waiting) & (this.#bytes.length - 1);
    this.#bytes[at] = bytes;
    this.#from[at] = from;
    this.#waiting += 1;
    this.#waitingBytes += cost;
    if (!this.isListed) this.#switch.list(this);
  }

  addressOf({ words, port }: Endpoint): IpAddress {
    return this.#addresses.intern(
      words[0]!,
      words[1]!,
      words[2]!,
      words[3]!,
      port,
      words[4]!,
    );
  }

  #grow(): void {
    const { length } = this.#bytes;
    const bytes = new Array<Uint8Array | undefined>(2 * length).fill(undefined);
    const from = new Array<IpAddress | undefined>(2 * length).fill(
      undefined,
    );
    for (let i = 0; i < length; i++) {
      const at = (this.#head + i) & (length - 1);
      bytes[i] = this.#bytes[at];
      from[i] = this.#from[at];
    }
    this.#bytes = bytes;
    this.#from = from;
    this.#head = 0;
  }
}
