import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { SendResult } from "./datagram_socket.ts";
import { layoutHere } from "./_libc.ts";
import { NativeSocket } from "./_native_socket.ts";
import { FaultLibc } from "./_testing/fault_libc.ts";
import { socketConformance } from "./_testing/socket_conformance.ts";
import type { SocketPair } from "./_testing/socket_cases.ts";

const ignore = Deno.build.os !== "linux";
const EPERM = 1;
const EIO = 5;
const EINVAL = 22;

/** A socket with a libc that can fail, and one that receives. */
class Rig {
  readonly libc: FaultLibc;
  readonly a: NativeSocket;
  readonly b: NativeSocket;

  constructor(
    layout: ConstructorParameters<typeof FaultLibc>[0] = {},
    hostname = "127.0.0.1",
  ) {
    this.libc = new FaultLibc(layout);
    this.a = open(hostname, this.libc);
    this.b = open(hostname, new FaultLibc(layout));
  }

  get toB() {
    return this.a.address(
      this.b.localAddress.host,
      this.b.localAddress.port,
    );
  }

  /** On loopback, what was sent has come. */
  receiveAll(): Uint8Array[] {
    const all: Uint8Array[] = [];
    this.b.poll((datagram) => all.push(datagram.slice()), 100_000);
    return all;
  }

  [Symbol.dispose](): void {
    this.a.close();
    this.b.close();
  }
}

function open(hostname: string, libc: FaultLibc): NativeSocket {
  const socket = NativeSocket.open({
    hostname,
    port: 0,
    isIpv6: hostname.includes(":"),
    isIpv6Only: false,
    maxDatagramBytes: 1500,
    receiveBufferBytes: 4 << 20,
    sendBufferBytes: 4 << 20,
  }, libc);
  socket.addresses.socket = socket;
  return socket;
}

const LAYOUTS = {
  "one message at a time": { hasBatches: false, hasSegments: false },
  "one datagram per message": { hasSegments: false },
  "kernels that cannot cut messages up": {},
};

for (const [name, layout] of Object.entries(LAYOUTS)) {
  socketConformance(`NativeSocket with ${name}`, () => makePair(layout, name), {
    ignore,
  });
}

function makePair(
  layout: ConstructorParameters<typeof FaultLibc>[0],
  name: string,
): SocketPair {
  const rig = new Rig(layout);
  if (name.startsWith("kernels")) rig.libc.segmentError = EIO;
  const nobody = open("127.0.0.1", new FaultLibc());
  nobody.close();
  const { a, b, toB } = rig;
  return {
    a: checked(a),
    b: checked(b),
    toB,
    toNobody: a.address("127.0.0.1", nobody.localAddress.port),
    hasIpAddresses: true,
    step: () => Promise.resolve(),
    close() {
      rig[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

/** What stands in front of it checks counts. */
function checked(socket: NativeSocket): NativeSocket {
  const poll = socket.poll.bind(socket);
  socket.poll = (sink, maxDatagrams = 1024) => {
    if (!(maxDatagrams >= 1 && Number.isInteger(maxDatagrams))) {
      throw new RangeError("Cannot poll");
    }
    return poll(sink, maxDatagrams);
  };
  return socket;
}

Deno.test({
  name: "NativeSocket sends a burst in one call",
  ignore,
  fn() {
    using rig = new Rig();
    const { a, libc, toB } = rig;
    toB.retain();
    a.send(new Uint8Array(100), toB);
    libc.sendCalls = 0;
    for (let i = 0; i < 31; i++) a.send(new Uint8Array(100).fill(i), toB);
    assertEquals(libc.sendCalls, 0);
    a.flush();
    assertEquals(libc.sendCalls, 1);
    assertEquals(rig.receiveAll().length, 32);
  },
});

Deno.test({
  name: "NativeSocket sends each 32 without a flush",
  ignore,
  fn() {
    using rig = new Rig();
    using other = new Rig();
    const { a, libc, toB } = rig;
    const to = [
      toB,
      a.address("127.0.0.1", other.b.localAddress.port),
    ] as const;
    for (const address of to) {
      address.retain();
      a.send(new Uint8Array(100), address);
    }
    libc.sendCalls = 0;
    for (let i = 1; i <= 100; i++) {
      a.send(new Uint8Array(100), to[i % 2 as 0 | 1]);
      assertEquals(libc.sendCalls, Math.floor(i / 32));
    }
    assertEquals(rig.receiveAll().length, 1 + 48);
    a.flush();
    assertEquals(rig.receiveAll().length, 2);
    assertEquals(other.receiveAll().length, 1 + 50);
  },
});

Deno.test({
  name: "NativeSocket tries each 32 while the system has no room",
  ignore,
  fn() {
    using rig = new Rig();
    const { a, libc, toB } = rig;
    toB.retain();
    a.send(new Uint8Array(100), toB);
    libc.sendErrors.push(...new Array(1_000).fill(layoutHere()!.EAGAIN));
    libc.sendCalls = 0;
    for (let i = 1; i <= 320; i++) {
      assertEquals(a.send(new Uint8Array(100), toB), SendResult.Sent);
      assertEquals(libc.sendCalls, Math.floor(i / 32));
    }
    libc.sendErrors.length = 0;
    a.flush();
    assertEquals(rig.receiveAll().length, 321);
    assertEquals(a.counters.failed + a.counters.full, 0);
  },
});

Deno.test({
  name: "NativeSocket keeps order and bytes of datagrams of any sizes",
  ignore,
  fn() {
    const seed = 73;
    const random = new SeededRandom(seed);
    for (const hostname of ["127.0.0.1", "::1"]) {
      using rig = new Rig({}, hostname);
      using other = new Rig({}, hostname);
      const { a, libc } = rig;
      const to = [rig.toB, a.address(hostname, other.b.localAddress.port)];
      for (const address of to) address.retain();
      const sizes = [0, 1, 100, 100, 1200, 1200, 1200, 1500];
      for (let round = 0; round < 100; round++) {
        const expected: Uint8Array[][] = [[], []];
        libc.maxMessages = 1 + random.nextU32() % 8;
        const count = 1 + random.nextU32() % 200;
        let size = 100;
        let which = 0;
        for (let i = 0; i < count; i++) {
          if (random.nextU32() % 6 === 0) {
            size = sizes[random.nextU32() % sizes.length]!;
          }
          if (random.nextU32() % 10 === 0) which ^= 1;
          if (random.nextU32() % 40 === 0) a.flush();
          if (random.nextU32() % 40 === 0) {
            libc.segmentError = [0, EIO, EINVAL][random.nextU32() % 3]!;
          }
          const datagram = new Uint8Array(size);
          random.fill(datagram);
          assertEquals(a.send(datagram, to[which]!), SendResult.Sent);
          expected[which]!.push(datagram);
        }
        a.flush();
        const where = `seed ${seed}, round ${round}`;
        assertEquals(rig.receiveAll(), expected[0]!, where);
        assertEquals(other.receiveAll(), expected[1]!, where);
      }
      assertEquals(a.counters.failed + a.counters.full, 0);
      assertEquals(
        a.counters.sent,
        rig.b.counters.received + other.b.counters.received,
      );
      assertEquals(
        a.counters.sentBytes,
        rig.b.counters.receivedBytes + other.b.counters.receivedBytes,
      );
    }
  },
});

Deno.test({
  name: "NativeSocket.send() answers Full when the system has no room",
  ignore,
  fn() {
    for (const errno of [layoutHere()!.EAGAIN, layoutHere()!.ENOBUFS]) {
      using rig = new Rig();
      const { a, libc, toB } = rig;
      toB.retain();
      libc.sendErrors.push(errno);
      assertEquals(a.send(new Uint8Array([0]), toB), SendResult.Full);
      assertEquals(a.send(new Uint8Array([1, 0]), toB), SendResult.Sent);
      // Some wait in the batch, the others are refused; none of either is lost or doubled.
      libc.sendErrors.push(...new Array(100_000).fill(errno));
      const results: number[] = [];
      for (let i = 2; i < 6000; i++) {
        results.push(a.send(new Uint8Array([i, i >> 8]), toB));
      }
      const full = results.indexOf(SendResult.Full);
      assert(full > 60, `${full}`);
      assert(results.slice(full).every((it) => it === SendResult.Full));
      assertEquals(a.counters.full, 1 + results.length - full);
      libc.sendErrors.length = 0;
      a.flush();
      assertEquals(
        rig.receiveAll().map(([low = 0, high = 0]) => low + high * 256),
        Array.from({ length: full + 1 }, (_, i) => i + 1),
      );
      assertEquals(a.counters.sent, full + 1);
      assertEquals(a.counters.failed, 0);
    }
  },
});

Deno.test({
  name: "NativeSocket.send() answers TooLarge above what the path takes",
  ignore,
  fn() {
    using rig = new Rig();
    const { a, libc, toB } = rig;
    toB.retain();
    const { EMSGSIZE } = layoutHere()!;
    assertEquals(a.send(new Uint8Array(1200), toB), SendResult.Sent);
    libc.sendErrors.push(EMSGSIZE);
    assertEquals(a.send(new Uint8Array(1400), toB), SendResult.TooLarge);
    assertEquals(a.counters.failed, 1);
    assertEquals(a.send(new Uint8Array(1300), toB), SendResult.Sent);
    // The path got smaller while one waited.
    assertEquals(a.send(new Uint8Array(1300), toB), SendResult.Sent);
    libc.sendErrors.push(EMSGSIZE, EMSGSIZE);
    a.flush();
    assertEquals(a.counters.failed, 2);
    assertEquals(a.send(new Uint8Array(1300), toB), SendResult.TooLarge);
    assertEquals(a.send(new Uint8Array(1200), toB), SendResult.Sent);
    assertEquals(rig.receiveAll().map(({ length }) => length), [
      1200,
      1300,
      1200,
    ]);
  },
});

Deno.test({
  name: "NativeSocket drops what is larger than it takes, and counts it",
  ignore,
  fn() {
    using rig = new Rig();
    const { a } = rig;
    const large = NativeSocket.open({
      hostname: "127.0.0.1",
      port: 0,
      isIpv6: false,
      isIpv6Only: false,
      maxDatagramBytes: 65_507,
      receiveBufferBytes: 4 << 20,
      sendBufferBytes: 4 << 20,
    });
    large.addresses.socket = large;
    const to = large.address("127.0.0.1", a.localAddress.port);
    assertEquals(large.send(new Uint8Array(65_507), to), SendResult.Sent);
    large.close();
    // It is larger than the other end takes in.
    assertEquals(a.poll(() => {}, 10), 0);
    assertEquals(a.counters.dropped, 1);
  },
});

Deno.test({
  name: "NativeSocket.send() answers Refused when the system forbids it",
  ignore,
  fn() {
    using rig = new Rig();
    const { a, libc, toB } = rig;
    toB.retain();
    libc.sendErrors.push(EPERM);
    assertEquals(a.send(new Uint8Array(9), toB), SendResult.Refused);
    assertEquals(a.counters.failed, 1);
    assertEquals(a.send(new Uint8Array(9), toB), SendResult.Sent);
    assertEquals(a.send(new Uint8Array(8), rig.b.localAddress), 4);
    assertEquals(a.counters.failed, 2);
    assertEquals(rig.receiveAll().length, 1);
  },
});

Deno.test({
  name: "NativeSocket survives interruptions and refused connections",
  ignore,
  fn() {
    using rig = new Rig();
    const { a, libc, toB } = rig;
    toB.retain();
    const { EINTR, ECONNREFUSED } = layoutHere()!;
    libc.sendErrors.push(ECONNREFUSED, EINTR, ECONNREFUSED);
    assertEquals(a.send(new Uint8Array([1]), toB), SendResult.Sent);
    assertEquals(a.send(new Uint8Array([2]), toB), SendResult.Sent);
    libc.sendErrors.push(ECONNREFUSED, EINTR);
    a.flush();
    assertEquals(a.counters.failed, 0);
    assertEquals(rig.receiveAll(), [new Uint8Array([1]), new Uint8Array([2])]);
    rig.b.send(
      new Uint8Array([3]),
      rig.b.address("127.0.0.1", a.localAddress.port),
    );
    libc.receiveErrors.push(ECONNREFUSED, EINTR, ECONNREFUSED);
    let came = 0;
    a.poll(() => came++, 10);
    assertEquals(came, 1);
    // Also if it does not end.
    libc.receiveErrors.push(...new Array(1000).fill(ECONNREFUSED));
    assertEquals(a.poll(() => {}, 10), 0);
  },
});

Deno.test({
  name: "NativeSocket counts what the system has dropped",
  ignore,
  fn() {
    // Of a message of several datagrams, the system would count one.
    using rig = new Rig({ hasSegments: false });
    const { a, b, toB } = rig;
    toB.retain();
    for (let i = 0; i < 20_000; i++) a.send(new Uint8Array(1000), toB);
    a.flush();
    const { length } = rig.receiveAll();
    assert(length < 20_000);
    assertEquals(b.counters.dropped, 20_000 - length);
    b.close();
    assertEquals(b.counters.dropped, 20_000 - length);
  },
});
