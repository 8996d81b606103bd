import { TransportError, type TransportErrorCode } from "../transport_error.ts";
import type { DatagramAddress } from "./datagram_address.ts";
import { type DatagramSink, SendResult } from "./datagram_socket.ts";
import { IPV4_MAPPED } from "./ip_address.ts";
import { IpAddress, IpAddressTable } from "./ip_address_table.ts";
import { Libc } from "./_libc.ts";
import type { LibcLayout } from "./_libc_layout.ts";
import {
  HEADER_WORDS,
  IOVEC_WORDS,
  MessageSlots,
  MSG_LEN,
  NAME_WORDS,
} from "./_message_slots.ts";
import type { BackendSettings, SocketBackend } from "./_socket_backend.ts";
import { SocketCounters } from "./_socket_counters.ts";

/** Messages that one call takes. */
const BATCH = 64;
const AF_INET = 2;
const IPPROTO_IP = 0;
const IPPROTO_IPV6 = 41;
const SOCKADDR_IN_BYTES = 16;
const SOCKADDR_IN6_BYTES = 28;

/**
 * A non-blocking socket of the system, called through libc: nothing waits for an event
 * loop. Datagrams are never fragmented.
 */
export class NativeSocket implements SocketBackend {
  readonly addresses = new IpAddressTable();
  readonly counters = new SocketCounters();
  readonly localAddress: IpAddress;
  readonly maxDatagramBytes: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly #libc: Libc;
  readonly #layout: LibcLayout;
  readonly #calls: Libc["calls"];
  readonly #fd: number;
  readonly #isIpv6: boolean;
  readonly #isIpv6Only: boolean;
  /** The first word of every `sockaddr`, without the port. */
  readonly #family: number;
  #isClosed = false;

  readonly #out: MessageSlots;
  /** Whom the slots of `#out` are for. */
  readonly #to: IpAddress[] = [];
  /** Those from here to `#outEnd` wait. */
  #outNext = 0;
  #outEnd = 0;
  #outBytes = 0;

  readonly #in: MessageSlots;
  /** The datagrams last handed out from each slot: the next one often has the same length. */
  readonly #views: Uint8Array[];
  /** Those from here to `#inEnd` were not handed out yet. */
  #inNext = 0;
  #inEnd = 0;

  private constructor(
    libc: Libc,
    fd: number,
    settings: BackendSettings,
  ) {
    const { layout } = libc;
    const { isIpv6 } = settings;
    this.#libc = libc;
    this.#layout = layout;
    this.#calls = libc.calls;
    this.#fd = fd;
    this.#isIpv6 = isIpv6;
    this.#isIpv6Only = settings.isIpv6Only;
    this.maxDatagramBytes = settings.maxDatagramBytes;
    const nameBytes = isIpv6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES;
    this.#family = familyWord(layout, isIpv6);
    this.#out = new MessageSlots(
      BATCH,
      this.maxDatagramBytes,
      nameBytes,
    );
    this.#in = new MessageSlots(
      BATCH,
      this.maxDatagramBytes,
      nameBytes,
    );
    const { bytes, dataAt, slotBytes } = this.#in;
    this.#views = Array.from(
      { length: BATCH },
      (_, i) => bytes.subarray(dataAt + i * slotBytes, dataAt + i * slotBytes),
    );
    this.receiveBufferBytes = this.#grow(
      layout.SO_RCVBUF,
      layout.SO_RCVBUFFORCE,
      settings.receiveBufferBytes,
    );
    this.sendBufferBytes = this.#grow(
      layout.SO_SNDBUF,
      layout.SO_SNDBUFFORCE,
      settings.sendBufferBytes,
    );
    this.localAddress = this.#bind(settings);
    this.localAddress.retain();
    if (layout.SO_MEMINFO !== undefined) {
      let last = 0;
      this.counters.readSystemDrops = () => {
        if (this.#isClosed) return last;
        return last = this.#readDrops(layout.SO_MEMINFO!);
      };
    }
  }

  /**
   * Opens and binds one.
   *
   * @throws {TransportError} If the system refuses.
   */
  static open(settings: BackendSettings): NativeSocket {
    const libc = Libc.open();
    const { layout, calls } = libc;
    const { isIpv6 } = settings;
    const fd = calls.socket(
      isIpv6 ? layout.AF_INET6 : AF_INET,
      layout.socketType,
      0,
    );
    if (fd < 0) {
      const { errno } = libc;
      libc.close();
      throw systemError(layout, errno, "open a socket", settings);
    }
    try {
      return new NativeSocket(libc, fd, settings);
    } catch (error) {
      calls.close(fd);
      libc.close();
      throw error;
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  address(host: string, port: number): IpAddress {
    const address = this.addresses.parse(host, port);
    if (address.isIpv4 ? this.#isIpv6 && this.#isIpv6Only : !this.#isIpv6) {
      throw new TypeError(
        `Cannot use host as the socket must be of its family: current value is "${host}" at ${this.localAddress}`,
      );
    }
    return address;
  }

  send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    const { counters } = this;
    const { length } = datagram;
    if (this.#isClosed) {
      counters.failed++;
      return SendResult.Closed;
    }
    if (length > this.maxDatagramBytes) {
      counters.failed++;
      return SendResult.TooLarge;
    }
    if (!(to instanceof IpAddress) || to.table !== this.addresses) {
      counters.failed++;
      return SendResult.Refused;
    }
    // What the system says of the first one, and of a larger one than before, is to be known.
    const isTrial = length > to.provenBytes;
    let slot = this.#outEnd;
    if (isTrial && slot > this.#outNext || slot === BATCH) {
      this.flush();
      slot = this.#outEnd;
      if (slot === BATCH || isTrial && slot > this.#outNext) {
        counters.full++;
        return SendResult.Full;
      }
    }
    const out = this.#out;
    const { words } = out;
    out.bytes.set(datagram, out.dataAt + slot * out.slotBytes);
    words[out.iovecsAt + slot * IOVEC_WORDS + 2] = length;
    this.#writeName(words, out.namesAt + slot * NAME_WORDS, to);
    this.#to[slot] = to;
    this.#outEnd = slot + 1;
    this.#outBytes += length;
    return isTrial ? this.#sendTrial(to, length) : SendResult.Sent;
  }

  /** Sends the only message that waits, and tells what came of it. */
  #sendTrial(to: IpAddress, length: number): SendResult {
    const { counters } = this;
    const result = this.#sendOne();
    if (result === SendResult.Sent) {
      to.provenBytes = length;
      return result;
    }
    this.#outNext = this.#outEnd = this.#outBytes = 0;
    if (result === SendResult.Full) counters.full++;
    else counters.failed++;
    return result;
  }

  flush(): void {
    while (this.#outNext < this.#outEnd) {
      const result = this.#sendOne();
      if (result === SendResult.Sent) continue;
      if (result === SendResult.Full || result === SendResult.Closed) return;
      // It was taken for one that can be sent, as others were.
      const to = this.#to[this.#outNext]!;
      to.provenBytes = 0;
      this.counters.failed++;
      this.#skip(1);
    }
  }

  /** Sends what waits, or the first part of it; otherwise tells what of the first message. */
  #sendOne(): SendResult {
    const out = this.#out;
    const layout = this.#layout;
    const first = this.#outNext;
    const count = this.#outEnd - first;
    const header = out.headers[first]!;
    for (let attempt = 0;; attempt++) {
      const sent = layout.hasBatches
        ? this.#calls.sendmmsg!(this.#fd, header, count, layout.MSG_DONTWAIT)
        : this.#calls.sendmsg(this.#fd, header, layout.MSG_DONTWAIT) < 0
        ? -1
        : 1;
      if (sent > 0) {
        this.#account(sent);
        return SendResult.Sent;
      }
      switch (this.#libc.errno) {
        case layout.EAGAIN:
        case layout.ENOBUFS:
          return SendResult.Full;
        case layout.EMSGSIZE:
          return SendResult.TooLarge;
        // Of a datagram before this one, which has not been sent yet.
        case layout.ECONNREFUSED:
        case layout.EINTR:
          if (attempt < 8) break;
          return SendResult.Refused;
        default:
          return SendResult.Refused;
      }
    }
  }

  #account(sent: number): void {
    const { counters } = this;
    counters.sent += sent;
    if (this.#outNext + sent === this.#outEnd) {
      counters.sentBytes += this.#outBytes;
      this.#outNext = this.#outEnd = this.#outBytes = 0;
    } else {
      counters.sentBytes += this.#skip(sent);
    }
  }

  /** Goes on to a later message; tells how many bytes are skipped. */
  #skip(count: number): number {
    const { words, iovecsAt } = this.#out;
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      bytes += words[iovecsAt + this.#outNext++ * IOVEC_WORDS + 2]!;
    }
    this.#outBytes -= bytes;
    if (this.#outNext === this.#outEnd) this.#outNext = this.#outEnd = 0;
    return bytes;
  }

  poll(sink: DatagramSink, maxDatagrams: number): number {
    if (this.#isClosed) return 0;
    this.flush();
    const { counters, addresses } = this;
    const slots = this.#in;
    const { words } = slots;
    const flagsAt = this.#layout.msgFlagsAt / 4;
    let handedOut = 0;
    let isDrained = false;
    while (handedOut < maxDatagrams) {
      if (this.#inNext === this.#inEnd) {
        if (isDrained) break;
        const wanted = Math.min(maxDatagrams - handedOut, BATCH);
        const came = this.#receive(wanted);
        if (came === 0) break;
        isDrained = came < wanted;
      }
      // Before the sink, as that may throw.
      const slot = this.#inNext++;
      const header = slot * HEADER_WORDS;
      if ((words[header + flagsAt]! & this.#layout.MSG_TRUNC) !== 0) {
        counters.droppedHere++;
        continue;
      }
      const length = words[header + MSG_LEN]!;
      const name = slots.namesAt + slot * NAME_WORDS;
      const portWord = words[name]! >>> 16;
      const port = (portWord & 0xff) << 8 | portWord >>> 8;
      const from = this.#isIpv6
        ? addresses.intern(
          words[name + 2]!,
          words[name + 3]!,
          words[name + 4]!,
          words[name + 5]!,
          port,
          words[name + 6]!,
        )
        : addresses.intern(0, 0, IPV4_MAPPED, words[name + 1]!, port, 0);
      let view = this.#views[slot]!;
      if (view.length !== length) {
        const start = slots.dataAt + slot * slots.slotBytes;
        view = slots.bytes.subarray(start, start + length);
        this.#views[slot] = view;
      }
      handedOut++;
      counters.received++;
      counters.receivedBytes += length;
      sink(view, from);
      if (this.#isClosed) break;
    }
    return handedOut;
  }

  /** Takes in what has come, `wanted` datagrams at most; tells how many. */
  #receive(wanted: number): number {
    const layout = this.#layout;
    const slots = this.#in;
    const header = slots.headers[0]!;
    for (let attempt = 0; attempt < 64; attempt++) {
      let came: number;
      if (layout.hasBatches) {
        came = this.#calls.recvmmsg!(
          this.#fd,
          header,
          wanted,
          layout.MSG_DONTWAIT,
          null,
        );
      } else {
        const length = this.#calls.recvmsg(
          this.#fd,
          header,
          layout.MSG_DONTWAIT,
        );
        slots.words[MSG_LEN] = length;
        came = length < 0 ? -1 : 1;
      }
      if (came > 0) {
        this.#inNext = 0;
        this.#inEnd = came;
        return came;
      }
      const { errno } = this.#libc;
      // The error is of a datagram sent before, and what has come stands behind it.
      if (errno !== layout.EINTR && errno !== layout.ECONNREFUSED) break;
    }
    return 0;
  }

  close(): void {
    if (this.#isClosed) return;
    this.flush();
    // For the last time.
    void this.counters.dropped;
    this.#isClosed = true;
    this.counters.failed += this.#outEnd - this.#outNext;
    this.#calls.close(this.#fd);
    this.#libc.close();
  }

  /** Writes a `sockaddr`. */
  #writeName(words: Int32Array, at: number, to: IpAddress): void {
    const { port } = to;
    words[at] = this.#family | ((port & 0xff) << 8 | port >>> 8) << 16;
    if (this.#isIpv6) {
      words[at + 2] = to.w0;
      words[at + 3] = to.w1;
      words[at + 4] = to.w2;
      words[at + 5] = to.w3;
      words[at + 6] = to.scope;
    } else {
      words[at + 1] = to.w3;
    }
  }

  #bind(settings: BackendSettings): IpAddress {
    const layout = this.#layout;
    if (this.#isIpv6) {
      // Another system's default may be another one.
      this.#setOption(
        IPPROTO_IPV6,
        layout.IPV6_V6ONLY,
        settings.isIpv6Only ? 1 : 0,
      );
      this.#setOption(
        IPPROTO_IPV6,
        layout.ipv6DontFragment,
        layout.dontFragment,
      );
    }
    // On a socket for both, IPv4 has its own option.
    this.#setOption(IPPROTO_IP, layout.ipDontFragment, layout.dontFragment);
    const name = new Uint8Array(NAME_WORDS * 4);
    const words = new Int32Array(name.buffer);
    const nameBytes = this.#isIpv6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES;
    this.#writeName(
      words,
      0,
      this.addresses.find(settings.hostname, settings.port)!,
    );
    if (this.#calls.bind(this.#fd, name, nameBytes) < 0) {
      throw systemError(
        layout,
        this.#libc.errno,
        `bind to ${settings.hostname} port ${settings.port}`,
        settings,
      );
    }
    const length = new Uint8Array(Uint32Array.of(name.length).buffer);
    this.#calls.getsockname(this.#fd, name, length);
    const port = name[2]! << 8 | name[3]!;
    return this.addresses.find(settings.hostname, port)!;
  }

  #setOption(level: number, option: number, value: number): boolean {
    const bytes = new Uint8Array(Int32Array.of(value).buffer);
    return this.#calls.setsockopt(this.#fd, level, option, bytes, 4) === 0;
  }

  /** Asks for a larger buffer; tells what it is then. */
  #grow(option: number, force: number | undefined, bytes: number): number {
    const { SOL_SOCKET } = this.#layout;
    const isForced = force !== undefined &&
      this.#setOption(SOL_SOCKET, force, bytes);
    if (!isForced) this.#setOption(SOL_SOCKET, option, bytes);
    const value = new Int32Array(1);
    const length = new Uint8Array(Uint32Array.of(4).buffer);
    this.#calls.getsockopt(
      this.#fd,
      SOL_SOCKET,
      option,
      new Uint8Array(value.buffer),
      length,
    );
    return value[0]!;
  }

  #readDrops(option: number): number {
    const values = new Uint32Array(16);
    const length = new Uint8Array(Uint32Array.of(values.byteLength).buffer);
    const result = this.#calls.getsockopt(
      this.#fd,
      this.#layout.SOL_SOCKET,
      option,
      new Uint8Array(values.buffer),
      length,
    );
    return result === 0 ? values[8]! : 0;
  }
}

function familyWord(layout: LibcLayout, isIpv6: boolean): number {
  const family = isIpv6 ? layout.AF_INET6 : AF_INET;
  if (!layout.hasAddressLength) return family;
  return family << 8 | (isIpv6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES);
}

function systemError(
  layout: LibcLayout,
  errno: number,
  action: string,
  { hostname, port }: BackendSettings,
): TransportError {
  const codes: [number, TransportErrorCode, string][] = [
    [layout.EADDRINUSE, "addressInUse", "the port must be free"],
    [
      layout.EADDRNOTAVAIL,
      "addressNotAvailable",
      "the address must be of this machine",
    ],
    [layout.EACCES, "notAllowed", "the system must permit it"],
  ];
  const known = codes.find(([number]) => number === errno);
  const [, code, wanted] = known ??
    [0, "failed" as const, "the system must be able to"];
  return new TransportError(
    code,
    `Cannot ${action} as ${wanted}: current value is errno ${errno} for ${hostname} port ${port}`,
  );
}
