// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import {
  type DatagramSink,
  type DatagramSocket,
  type DatagramSocketCounters,
  SendResult,
} from "../socket/datagram_socket.ts";
import { Endpoint, SimulatedAddress, type Wire } from "./_simulated_address.ts";
import type { Switch } from "./_switch.ts";

const DEFAULT_MAX_DATAGRAMS = 1024;
const FIRST_CAPACITY = 8;
/** What a datagram takes of the receive buffer beyond its bytes, so that empty ones do not fill the memory. */
const COST_BYTES = 64;
/** So many addresses that nobody retains are remembered at least. */
const SPARE_ADDRESSES = 256;

class Counters implements DatagramSocketCounters {
  sent = 0;
  sentBytes = 0;
  received = 0;
  receivedBytes = 0;
  full = 0;
  failed = 0;
  dropped = 0;
}

/** A socket of a {@linkcode Switch}. */
export class SimulatedSocket implements DatagramSocket {
  readonly maxDatagramBytes: number;
  readonly counters = new Counters();
  readonly localAddress: SimulatedAddress;
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
  readonly #addresses = new Map<string, SimulatedAddress>();
  #maxAddresses = SPARE_ADDRESSES;
  // A ring of what has come in.
  #bytes = new Array<Uint8Array | undefined>(FIRST_CAPACITY).fill(undefined);
  #from = new Array<SimulatedAddress | undefined>(FIRST_CAPACITY).fill(
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

  address(host: string, port: number): SimulatedAddress {
    return this.addressOf(
      new Endpoint(host, checkInteger("port", port, 1, 65_535)),
    );
  }

  send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    const { counters } = this;
    if (this.#isClosed) {
      counters.failed += 1;
      return SendResult.Closed;
    }
    if (!(to instanceof SimulatedAddress) || to.socket !== this) {
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
    if (this.#addresses.size > this.#maxAddresses) this.#forget();
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
      network.pool.release(bytes);
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

  /** Takes what has arrived along a wire; the bytes are its own until it gives them back to the pool. */
  accept(bytes: Uint8Array, wire: Wire): void {
    let from = wire.fromAddress;
    if (from === undefined || from.socket !== this || from.isForgotten) {
      from = this.addressOf(wire.from);
      wire.fromAddress = from;
    }
    this.take(bytes, from);
  }

  take(bytes: Uint8Array, from: SimulatedAddress): void {
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

  addressOf(endpoint: Endpoint): SimulatedAddress {
    let address = this.#addresses.get(endpoint.text);
    if (address === undefined) {
      address = new SimulatedAddress(this, endpoint);
      this.#addresses.set(endpoint.text, address);
    }
    return address;
  }

  /** Takes an address into the table again that was forgotten, unless another one took its place. */
  remember(address: SimulatedAddress): void {
    const { text } = address.endpoint;
    if (this.#addresses.has(text)) return;
    address.isForgotten = false;
    this.#addresses.set(text, address);
  }

  /** Strangers fill no table. Only between two polls, so that no sink loses an address that it is about to retain. */
  #forget(): void {
    const inUse = new Set(this.#from);
    for (const [text, address] of this.#addresses) {
      if (address.retained > 0 || inUse.has(address)) continue;
      address.isForgotten = true;
      this.#addresses.delete(text);
    }
    this.#maxAddresses = 2 * this.#addresses.size + SPARE_ADDRESSES;
  }

  #grow(): void {
    const { length } = this.#bytes;
    const bytes = new Array<Uint8Array | undefined>(2 * length).fill(undefined);
    const from = new Array<SimulatedAddress | undefined>(2 * length).fill(
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
