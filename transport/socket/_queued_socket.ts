// This module is browser compatible.
import { DatagramRing } from "./_datagram_ring.ts";
import type { DatagramAddress } from "./datagram_address.ts";
import { type DatagramSink, SendResult } from "./datagram_socket.ts";
import { IpAddress, IpAddressTable } from "./ip_address_table.ts";
import type { BackendSettings, SocketBackend } from "./_socket_backend.ts";
import { SystemSocketCounters } from "./_system_socket_counters.ts";

/** How often in a row something may go wrong before it is broken for good. */
const MAX_FAILURES = 100;

/** What a socket over somebody else's asynchronous one has in common. */
export abstract class QueuedSocket implements SocketBackend {
  readonly addresses = new IpAddressTable();
  readonly counters = new SystemSocketCounters();
  readonly maxDatagramBytes: number;
  abstract readonly receiveBufferBytes: number;
  abstract readonly sendBufferBytes: number;
  abstract readonly localAddress: IpAddress;
  protected readonly settings: BackendSettings;
  readonly #in: DatagramRing;
  /**
   * One datagram at a time is given away, which costs no more than many: their order
   * stays, and what became of each is known.
   */
  readonly #out: DatagramRing;
  #isSending = false;
  #isClosed = false;
  #failures = 0;

  constructor(settings: BackendSettings) {
    this.settings = settings;
    this.maxDatagramBytes = settings.maxDatagramBytes;
    // The largest datagram always fits.
    const least = 2 * settings.maxDatagramBytes;
    this.#in = new DatagramRing(Math.max(settings.receiveBufferBytes, least));
    this.#out = new DatagramRing(Math.max(settings.sendBufferBytes, least));
  }

  /** Gives a datagram to the runtime; the promise, which never rejects, tells when the bytes are free again. */
  protected abstract transmit(
    datagram: Uint8Array,
    to: IpAddress,
  ): Promise<SendResult>;
  /** Whether it may send there at all. Asked once for an address. */
  protected abstract mayReach(to: IpAddress): boolean;
  /** Closes what it stands on. */
  protected abstract closeHandle(): void;
  /** There is room again in a ring that was full. */
  protected abstract resume(): void;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Text of an address as the runtime takes it: on a socket for both, IPv4 is mapped. */
  protected hostFor(to: IpAddress): string {
    return this.settings.isIpv6 && to.isIpv4 ? `::ffff:${to.host}` : to.host;
  }

  address(host: string, port: number): IpAddress {
    const { isIpv6, isIpv6Only } = this.settings;
    const address = this.addresses.parse(host, port);
    if (address.isIpv4 ? isIpv6 && isIpv6Only : !isIpv6) {
      throw new TypeError(
        `Cannot use host as the socket must be of its family: current value is "${host}" at ${this.localAddress}`,
      );
    }
    return address;
  }

  send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    const result = this.#accept(datagram, to);
    if (result === SendResult.Full) this.counters.full++;
    else if (result !== SendResult.Sent) this.counters.failed++;
    return result;
  }

  #accept(datagram: Uint8Array, to: DatagramAddress): SendResult {
    if (this.#isClosed) return SendResult.Closed;
    if (!(to instanceof IpAddress) || to.table !== this.addresses) {
      return SendResult.Refused;
    }
    const { length } = datagram;
    if (length > this.maxDatagramBytes || length >= to.tooLargeBytes) {
      return SendResult.TooLarge;
    }
    if (to.isReachable === undefined) to.isReachable = this.mayReach(to);
    if (!to.isReachable) return SendResult.Refused;
    if (!this.#out.push(datagram, to)) return SendResult.Full;
    this.flush();
    return SendResult.Sent;
  }

  flush(): void {
    if (!this.#isSending && this.#out.count > 0) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    const { counters } = this;
    const out = this.#out;
    this.#isSending = true;
    while (out.count > 0) {
      const datagram = out.firstDatagram;
      const to = out.firstAddress;
      const { length } = datagram;
      // It counts as sent from now on, as it may arrive before this end is told.
      counters.sent++;
      counters.sentBytes += length;
      const result = await this.transmit(datagram, to);
      if (result === SendResult.Sent) {
        this.#failures = 0;
      } else {
        counters.sent--;
        counters.sentBytes -= length;
        if (result === SendResult.Full && !this.#isClosed) break;
        if (result === SendResult.TooLarge) to.tooLargeBytes = length;
        counters.failed++;
      }
      out.removeFirst();
    }
    this.#isSending = false;
    if (this.#isClosed) this.closeHandle();
  }

  poll(sink: DatagramSink, maxDatagrams: number): number {
    this.flush();
    const { counters, addresses } = this;
    const ring = this.#in;
    let handedOut = 0;
    while (handedOut < maxDatagrams && ring.count > 0) {
      const datagram = ring.firstDatagram;
      // Somebody may have retained another object of that address since.
      const from = addresses.current(ring.firstAddress);
      // Before the sink, as that may throw or close.
      ring.removeFirst();
      handedOut++;
      counters.received++;
      counters.receivedBytes += datagram.length;
      sink(datagram, from);
    }
    if (!this.#isClosed) this.resume();
    return handedOut;
  }

  /**
   * Takes in a datagram, copied.
   *
   * @returns Whether there was room.
   */
  protected take(datagram: Uint8Array, from: IpAddress): boolean {
    this.#failures = 0;
    if (datagram.length > this.maxDatagramBytes) {
      this.counters.droppedHere++;
      return true;
    }
    return this.#in.push(datagram, from);
  }

  /** The runtime's socket failed at something that concerns no datagram of ours. */
  protected onFailure(): void {
    if (++this.#failures > MAX_FAILURES) this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    this.#in.clear();
    // What waits still leaves.
    if (!this.#isSending) this.closeHandle();
  }
}
