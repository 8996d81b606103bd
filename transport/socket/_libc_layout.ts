/** What of one kind of libc a socket needs to know. Numbers are those of its C headers. */
export interface LibcLayout {
  /** Its names, in the order to try them. */
  readonly libraries: readonly string[];
  /** Whether `recvmmsg` and `sendmmsg` are there. */
  readonly hasBatches: boolean;
  /** Offset of `msg_flags` in a `msghdr`. */
  readonly msgFlagsAt: number;
  /** Whether a `sockaddr` begins with its length, before a family of one byte. */
  readonly hasAddressLength: boolean;
  /** Whether one call may take several datagrams of a size as one message, and give them out so (UDP GSO and GRO). */
  readonly hasSegments: boolean;
  /** The address family of IPv6. */
  readonly AF_INET6: number;
  /** `SOCK_DGRAM`, and what keeps the socket from a child process where that can be told here. */
  readonly socketType: number;
  /** Flag: does not wait. */
  readonly MSG_DONTWAIT: number;
  /** Flag: the datagram was larger than the buffer. */
  readonly MSG_TRUNC: number;
  /** Level of the options of sockets. */
  readonly SOL_SOCKET: number;
  /** Bytes of the buffer for what is sent. */
  readonly SO_SNDBUF: number;
  /** Bytes of the buffer for what is received. */
  readonly SO_RCVBUF: number;
  /** The same beyond the system's limit, for whoever may administrate the network. */
  readonly SO_SNDBUFFORCE?: number;
  /** The same. */
  readonly SO_RCVBUFFORCE?: number;
  /** The counters of a socket; of 32 bits, index 8 is what was dropped. */
  readonly SO_MEMINFO?: number;
  /** Whether an IPv6 socket leaves IPv4 alone. */
  readonly IPV6_V6ONLY: number;
  /** What keeps datagrams whole, so that a path's limit can be found: the value of the options below. */
  readonly dontFragment: number;
  /** The option of IPv4. */
  readonly ipDontFragment: number;
  /** The option of IPv6. */
  readonly ipv6DontFragment: number;
  /** The name of the function that tells where `errno` is. */
  readonly errnoLocation: "__errno_location" | "__error";
  /** Interrupted by a signal. */
  readonly EINTR: number;
  /** It would have to wait. */
  readonly EAGAIN: number;
  /** No memory for it now. */
  readonly ENOBUFS: number;
  /** Larger than the path. */
  readonly EMSGSIZE: number;
  /** Nobody listens at where something was sent to before. */
  readonly ECONNREFUSED: number;
  /** No permission. */
  readonly EACCES: number;
  /** Taken. */
  readonly EADDRINUSE: number;
  /** Not of this machine. */
  readonly EADDRNOTAVAIL: number;
}

/** glibc and musl on x86-64 and ARM64. */
export const LINUX: LibcLayout = {
  libraries: ["libc.so.6", "libc.so"],
  hasBatches: true,
  hasSegments: true,
  msgFlagsAt: 48,
  hasAddressLength: false,
  AF_INET6: 10,
  socketType: 2 | 0o2000000 | 0o4000, // SOCK_CLOEXEC, SOCK_NONBLOCK
  MSG_DONTWAIT: 0x40,
  MSG_TRUNC: 0x20,
  SOL_SOCKET: 1,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_SNDBUFFORCE: 32,
  SO_RCVBUFFORCE: 33,
  SO_MEMINFO: 55,
  IPV6_V6ONLY: 26,
  dontFragment: 3, // IP_PMTUDISC_PROBE: the kernel's own idea of the path is not heeded.
  ipDontFragment: 10,
  ipv6DontFragment: 23,
  errnoLocation: "__errno_location",
  EINTR: 4,
  EAGAIN: 11,
  ENOBUFS: 105,
  EMSGSIZE: 90,
  ECONNREFUSED: 111,
  EACCES: 13,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
};

/** macOS on x86-64 and ARM64. */
export const MACOS: LibcLayout = {
  libraries: ["libSystem.B.dylib"],
  hasBatches: false,
  hasSegments: false,
  msgFlagsAt: 44,
  hasAddressLength: true,
  AF_INET6: 30,
  socketType: 2,
  MSG_DONTWAIT: 0x80,
  MSG_TRUNC: 0x10,
  SOL_SOCKET: 0xffff,
  SO_SNDBUF: 0x1001,
  SO_RCVBUF: 0x1002,
  IPV6_V6ONLY: 27,
  dontFragment: 1,
  ipDontFragment: 28,
  ipv6DontFragment: 62,
  errnoLocation: "__error",
  EINTR: 4,
  EAGAIN: 35,
  ENOBUFS: 55,
  EMSGSIZE: 40,
  ECONNREFUSED: 61,
  EACCES: 13,
  EADDRINUSE: 48,
  EADDRNOTAVAIL: 49,
};
