import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { TransportError } from "../transport_error.ts";
import { type DatagramAddress, SendResult } from "../deno.ts";
import { socketConformance } from "./_testing/socket_conformance.ts";
import type { SocketPair } from "./_testing/socket_cases.ts";
import {
  NonBlockingSocket,
  type NonBlockingSocketBackend,
} from "./non_blocking_socket.ts";

const BACKENDS: readonly NonBlockingSocketBackend[] = [
  "native",
  "deno",
  "node",
];

for (const backend of BACKENDS) {
  socketConformance(
    `NonBlockingSocket "${backend}" on IPv4`,
    () => makePair(backend, "127.0.0.1"),
  );
  socketConformance(
    `NonBlockingSocket "${backend}" on IPv6`,
    () => makePair(backend, "::1"),
  );
}

async function makePair(
  backend: NonBlockingSocketBackend,
  hostname: string,
): Promise<SocketPair> {
  const nobody = await NonBlockingSocket.bind({ hostname, backend });
  const a = await NonBlockingSocket.bind({ hostname, backend });
  const b = await NonBlockingSocket.bind({ hostname, backend });
  nobody.close();
  return {
    a,
    b,
    toB: a.address(hostname, b.localAddress.port),
    toNobody: a.address(hostname, nobody.localAddress.port),
    hasIpAddresses: true,
    step: turn,
    async close() {
      a.close();
      b.close();
      // What is closed in the event loop's time.
      for (let i = 0; i < 4; i++) await turn();
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

for (const backend of BACKENDS) {
  Deno.test(`NonBlockingSocket "${backend}" on :: speaks IPv4 too`, async () => {
    const both = await NonBlockingSocket.bind({ hostname: "::", backend });
    const old = await NonBlockingSocket.bind({
      hostname: "127.0.0.1",
      backend,
    });
    const { port } = both.localAddress;
    assertEquals(both.localAddress.host, "::");
    assertEquals(old.sendTo(new Uint8Array([1]), "127.0.0.1", port), 0);
    const { bytes, from } = await next(both, old);
    assertEquals(bytes, new Uint8Array([1]));
    assertEquals(`${from}`, `${old.localAddress}`);
    assertEquals(from.key, old.localAddress.key);
    assertEquals(both.send(new Uint8Array([2]), from), SendResult.Sent);
    assertEquals((await next(old, both)).bytes, new Uint8Array([2]));
    from.retain();
    assertStrictEquals(both.address(`::ffff:${from.host}`, from.port), from);
    from.release();
    await closeAll(both, old);
  });

  Deno.test(`NonBlockingSocket "${backend}" takes addresses of its family`, async () => {
    const old = await NonBlockingSocket.bind({
      hostname: "127.0.0.1",
      backend,
    });
    assertThrows(() => old.address("::1", 1), TypeError, "family");
    assertThrows(() => old.sendTo(new Uint8Array(1), "::1", 1), TypeError);
    assertThrows(
      () => old.sendTo(new Uint8Array(1), "127.0.0.1", 0),
      RangeError,
    );
    const other = await NonBlockingSocket.bind({
      hostname: "127.0.0.1",
      backend,
    });
    // One of another socket is none of this one's.
    assertEquals(
      old.send(new Uint8Array(1), other.localAddress),
      SendResult.Refused,
    );
    await closeAll(old, other);
  });

  Deno.test(`NonBlockingSocket.bind() rejects for "${backend}" with a reason`, async () => {
    const hostname = "127.0.0.1";
    const taken = await NonBlockingSocket.bind({ hostname, backend });
    const { port } = taken.localAddress;
    const inUse = await assertRejects(
      () => NonBlockingSocket.bind({ hostname, port, backend }),
      TransportError,
      `${port}`,
    );
    assertEquals(inUse.code, "addressInUse");
    // Of a network for documentation (RFC 5737), which no machine has.
    const foreign = await assertRejects(
      () => NonBlockingSocket.bind({ hostname: "192.0.2.1", backend }),
      TransportError,
      "192.0.2.1",
    );
    assertEquals(foreign.code, "addressNotAvailable");
    await closeAll(taken);
  });

  Deno.test(`NonBlockingSocket "${backend}" carries empty datagrams`, async () => {
    const hostname = "127.0.0.1";
    const a = await NonBlockingSocket.bind({ hostname, backend });
    const b = await NonBlockingSocket.bind({ hostname, backend });
    const { port } = b.localAddress;
    for (const length of [0, 3, 0, 0, 3]) {
      assertEquals(a.sendTo(new Uint8Array(length), hostname, port), 0);
    }
    const lengths: number[] = [];
    while (lengths.length < 5) {
      lengths.push((await next(b, a)).bytes.length);
    }
    assertEquals(lengths, [0, 3, 0, 0, 3]);
    await closeAll(a, b);
  });

  Deno.test(`NonBlockingSocket "${backend}" closes when its signal aborts`, async () => {
    const stop = new AbortController();
    const { signal } = stop;
    const socket = await NonBlockingSocket.bind({ backend, signal });
    assertEquals(socket.localAddress.host, "0.0.0.0");
    assertEquals(socket.isClosed, false);
    stop.abort();
    assertEquals(socket.isClosed, true);
    await assertRejects(
      () => NonBlockingSocket.bind({ backend, signal }),
      DOMException,
    );
    await closeAll(socket);
  });

  Deno.test(`NonBlockingSocket "${backend}" keeps what waits at a close`, async () => {
    const hostname = "127.0.0.1";
    const a = await NonBlockingSocket.bind({ hostname, backend });
    const b = await NonBlockingSocket.bind({ hostname, backend });
    for (let i = 0; i < 20; i++) {
      a.sendTo(new Uint8Array([i]), hostname, b.localAddress.port);
    }
    a.close();
    for (let i = 0; i < 20; i++) {
      assertEquals((await next(b, a)).bytes, new Uint8Array([i]));
    }
    await closeAll(b);
  });
}

for (const backend of ["deno", "node"] as const) {
  Deno.test(`NonBlockingSocket "${backend}" bounds what waits to be sent`, async () => {
    const hostname = "127.0.0.1";
    const a = await NonBlockingSocket.bind({
      hostname,
      backend,
      sendBufferBytes: 10_000,
    });
    const b = await NonBlockingSocket.bind({ hostname, backend });
    const to = a.address(hostname, b.localAddress.port);
    to.retain();
    const results = Array.from(
      { length: 20 },
      (_, i) => a.send(new Uint8Array(1000).fill(i), to),
    );
    const full = results.indexOf(SendResult.Full);
    assert(full >= 9 && full <= 11, `${full}`);
    assertEquals(a.counters.full, 20 - full);
    for (let i = 0; i < full; i++) {
      assertEquals((await next(b, a)).bytes[0], i);
    }
    assertEquals(a.send(new Uint8Array(1000), to), SendResult.Sent);
    await closeAll(a, b);
  });
}

Deno.test('NonBlockingSocket "deno" leaves what has no room to the system', async () => {
  const hostname = "127.0.0.1";
  const backend = "deno";
  const a = await NonBlockingSocket.bind({ hostname, backend });
  const b = await NonBlockingSocket.bind({
    hostname,
    backend,
    receiveBufferBytes: 4096,
  });
  for (let i = 0; i < 40; i++) {
    a.sendTo(new Uint8Array(1000).fill(i), hostname, b.localAddress.port);
  }
  for (let i = 0; i < 20; i++) await turn();
  for (let i = 0; i < 40; i++) {
    assertEquals((await next(b, a)).bytes, new Uint8Array(1000).fill(i));
  }
  assertEquals(b.counters.dropped, 0);
  await closeAll(a, b);
});

Deno.test('NonBlockingSocket "node" does not let Deno make an array of the whole buffer for each datagram', async () => {
  using a = await NonBlockingSocket.bind({
    hostname: "127.0.0.1",
    backend: "node",
    receiveBufferBytes: 1 << 30,
  });
  assertEquals(a.receiveBufferBytes, 0);
  // In as many arrays of 1 GiB no machine would get them.
  for (let i = 0; i < 100; i++) {
    a.sendTo(new Uint8Array([i]), "127.0.0.1", a.localAddress.port);
    assertEquals((await next(a, a)).bytes, new Uint8Array([i]));
  }
});

Deno.test("NonBlockingSocket.poll() refuses to be called by its sink", async () => {
  using a = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
  a.sendTo(new Uint8Array(1), "127.0.0.1", a.localAddress.port);
  const errors: unknown[] = [];
  while (errors.length === 0) {
    a.poll(() => errors.push(assertThrows(() => a.poll(() => {}), TypeError)));
    await turn();
  }
});

Deno.test("NonBlockingSocket.bind() refuses options outside of their limits", async () => {
  for (
    const options of [
      { port: -1 },
      { port: 65_536 },
      { port: 1.5 },
      { maxDatagramBytes: 1199 },
      { maxDatagramBytes: 65_508 },
      { receiveBufferBytes: 0 },
      { sendBufferBytes: 2 ** 31 },
    ]
  ) {
    await assertRejects(
      () => NonBlockingSocket.bind(options),
      RangeError,
      Object.keys(options)[0],
    );
  }
  for (const hostname of ["localhost", "", "127.1", "[::1]"]) {
    await assertRejects(
      () => NonBlockingSocket.bind({ hostname }),
      TypeError,
      "hostname",
    );
  }
  await assertRejects(
    () => NonBlockingSocket.bind({ backend: "tcp" as "node" }),
    TypeError,
    "tcp",
  );
});

/** What a program with some permissions gets, and with each backend forced. */
const PERMISSIONS: readonly [
  flags: string[],
  picked: string,
  forced: string,
][] = [
  [["-A", "--unstable-net"], "native", "native deno node"],
  [["--allow-ffi", "--allow-net"], "native", "native unsupported node"],
  // Deno's limits of the network do not hold for a native socket: it has to be asked for.
  [
    ["--allow-ffi", "--allow-net=127.0.0.1", "--unstable-net"],
    "deno",
    "native deno node",
  ],
  [
    ["--allow-net=127.0.0.1", "--unstable-net"],
    "deno",
    "notAllowed deno node",
  ],
  [["--allow-net=127.0.0.1"], "node", "notAllowed unsupported node"],
  [
    ["--allow-net=127.0.0.2", "--unstable-net"],
    "notAllowed",
    "notAllowed notAllowed notAllowed",
  ],
  [[], "notAllowed", "notAllowed unsupported notAllowed"],
];

Deno.test({
  name: "NonBlockingSocket.bind() picks what is allowed, and asks nobody",
  ignore: Deno.build.os !== "linux",
  fn: async (t) => {
    const runs = PERMISSIONS.map(([flags]) =>
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-config",
          "--no-check",
          ...flags,
          new URL("./_testing/bind_process.ts", import.meta.url).href,
        ],
        env: { NO_COLOR: "1" },
        stdin: "null",
      }).output()
    );
    for (const [i, [flags, picked, forced]] of PERMISSIONS.entries()) {
      await t.step(`with ${flags.join(" ") || "nothing"}`, async () => {
        const { stdout, stderr } = await runs[i]!;
        const decoder = new TextDecoder();
        assertEquals(decoder.decode(stderr), "");
        assertEquals(decoder.decode(stdout), `${picked} ${forced}\n`);
      });
    }
  },
});

/** The next datagram that comes to one socket, while another one sends. */
async function next(
  socket: NonBlockingSocket,
  sender: NonBlockingSocket,
): Promise<{ bytes: Uint8Array; from: DatagramAddress }> {
  const deadline = Date.now() + 30_000;
  while (true) {
    sender.flush();
    let got: { bytes: Uint8Array; from: DatagramAddress } | undefined;
    socket.poll((datagram, from) => {
      got = { bytes: datagram.slice(), from };
    }, 1);
    if (got !== undefined) return got;
    assert(Date.now() < deadline, "nothing came");
    await turn();
  }
}

async function closeAll(...sockets: NonBlockingSocket[]): Promise<void> {
  for (const socket of sockets) socket.close();
  for (let i = 0; i < 4; i++) await turn();
}
