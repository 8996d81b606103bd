import { TransportError, type TransportErrorCode } from "../transport_error.ts";
import type { DatagramAddress } from "./datagram_address.ts";
import { type DatagramSink, SendResult } from "./datagram_socket.ts";
import { IpAddress, IpAddressTable } from "./ip_address_table.ts";
import { Libc, type LibcPort } from "./_libc.ts";
import type { LibcLayout } from "./_libc_layout.ts";
import { NativeReceiver } from "./_native_receiver.ts";
import { NativeSender } from "./_native_sender.ts";
import {
  AF_INET,
  SOCKADDR_IN6_BYTES,
  SOCKADDR_IN_BYTES,
  SOL_UDP,
  writeSockaddr,
} from "./_sockaddr.ts";
import type { BackendSettings, SocketBackend } from "./_socket_backend.ts";
import { SystemSocketCounters } from "./_system_socket_counters.ts";

const IPPROTO_IP = 0;
const IPPROTO_IPV6 = 41;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;

/**
 * A non-blocking socket of the system, called through libc: nothing waits for an event
 * loop. Datagrams are never fragmented.
 */
export class NativeSocket implements SocketBackend {
  readonly addresses = new IpAddressTable();
  readonly counters = new SystemSocketCounters();
  readonly localAddress: IpAddress;
  readonly maxDatagramBytes: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly #libc: LibcPort;
  readonly #fd: number;
  readonly #isIpv6: boolean;
  readonly #isIpv6Only: boolean;
  readonly #sender: NativeSender;
  readonly #receiver: NativeReceiver;
  #isClosed = false;

  private constructor(libc: LibcPort, fd: number, settings: BackendSettings) {
    const { layout } = libc;
    const { isIpv6, isIpv6Only, maxDatagramBytes } = settings;
    this.#libc = libc;
    this.#fd = fd;
    this.#isIpv6 = isIpv6;
    this.#isIpv6Only = isIpv6Only;
    this.maxDatagramBytes = maxDatagramBytes;
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
    const { counters, addresses } = this;
    this.#sender = new NativeSender(
      libc,
      fd,
      isIpv6,
      counters,
      layout.hasSegments && this.#setOption(SOL_UDP, UDP_SEGMENT, 0),
    );
    this.#receiver = new NativeReceiver(
      libc,
      fd,
      isIpv6,
      maxDatagramBytes,
      counters,
      addresses,
      layout.hasSegments && this.#setOption(SOL_UDP, UDP_GRO, 1),
    );
    if (layout.SO_MEMINFO !== undefined) {
      let last = 0;
      counters.readSystemDrops = () => {
        if (this.#isClosed) return last;
        return last = this.#readDrops(layout.SO_MEMINFO!);
      };
    }
  }

  /**
   * Opens and binds one.
   *
   * @param settings Where to.
   * @param libc What it calls, which it closes.
   * @throws {TransportError} If the system refuses.
   */
  static open(
    settings: BackendSettings,
    libc: LibcPort = Libc.open(),
  ): NativeSocket {
    const { layout, calls } = libc;
    const fd = calls.socket(
      settings.isIpv6 ? layout.AF_INET6 : AF_INET,
      layout.socketType,
      0,
    );
    if (fd < 0) {
      const { errno } = libc;
      libc.close();
      throw systemError(layout, errno, settings);
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
    const result = this.#send(datagram, to);
    if (result === SendResult.Full) this.counters.full++;
    else if (result !== SendResult.Sent) this.counters.failed++;
    return result;
  }

  #send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    if (this.#isClosed) return SendResult.Closed;
    if (datagram.length > this.maxDatagramBytes) return SendResult.TooLarge;
    if (!(to instanceof IpAddress) || to.table !== this.addresses) {
      return SendResult.Refused;
    }
    return this.#sender.send(datagram, to);
  }

  flush(): void {
    if (!this.#isClosed) this.#sender.flush();
  }

  poll(sink: DatagramSink, maxDatagrams: number): number {
    if (this.#isClosed) return 0;
    this.#sender.flush();
    return this.#receiver.poll(sink, maxDatagrams);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#sender.flush();
    // For the last time.
    void this.counters.dropped;
    this.#isClosed = true;
    this.#receiver.close();
    this.counters.failed += this.#sender.waiting;
    this.#libc.calls.close(this.#fd);
    this.#libc.close();
  }

  #bind(settings: BackendSettings): IpAddress {
    const { layout, calls } = this.#libc;
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
    const name = new Uint8Array(32);
    writeSockaddr(
      layout,
      new Int32Array(name.buffer),
      0,
      this.addresses.find(settings.hostname, settings.port)!,
      this.#isIpv6,
    );
    const nameBytes = this.#isIpv6 ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES;
    if (calls.bind(this.#fd, name, nameBytes) < 0) {
      throw systemError(layout, this.#libc.errno, settings);
    }
    const length = new Uint8Array(Uint32Array.of(name.length).buffer);
    calls.getsockname(this.#fd, name, length);
    const port = name[2]! << 8 | name[3]!;
    return this.addresses.find(settings.hostname, port)!;
  }

  #setOption(level: number, option: number, value: number): boolean {
    const bytes = new Uint8Array(Int32Array.of(value).buffer);
    return this.#libc.calls.setsockopt(this.#fd, level, option, bytes, 4) === 0;
  }

  /** Asks for a larger buffer; tells what it is then. */
  #grow(option: number, force: number | undefined, bytes: number): number {
    const { SOL_SOCKET } = this.#libc.layout;
    const isForced = force !== undefined &&
      this.#setOption(SOL_SOCKET, force, bytes);
    if (!isForced) this.#setOption(SOL_SOCKET, option, bytes);
    const value = new Int32Array(1);
    const length = new Uint8Array(Uint32Array.of(4).buffer);
    this.#libc.calls.getsockopt(
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
    const result = this.#libc.calls.getsockopt(
      this.#fd,
      this.#libc.layout.SOL_SOCKET,
      option,
      new Uint8Array(values.buffer),
      length,
    );
    return result === 0 ? values[8]! : 0;
  }
}

function systemError(
  layout: LibcLayout,
  errno: number,
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
    `Cannot bind a socket as ${wanted}: current value is errno ${errno} for ${hostname} port ${port}`,
  );
}
