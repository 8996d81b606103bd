import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { createHash } from "node:crypto";
import { SeededRandom } from "../core/mod.ts";
import { type Cut, TcpProxy, type TcpProxyOptions } from "./tcp_proxy.ts";

const HOSTNAME = "127.0.0.1";
const DEADLINE_MS = 20_000;
const CUTS: readonly Cut[] = ["fin", "rst", "blackHole"];

type Listener = Deno.TcpListener;
type Conn = Deno.TcpConn;

/** A client and the server that it reached through the proxy. */
interface Pair extends Disposable {
  readonly client: Conn;
  readonly server: Conn;
}

function listen(): Listener {
  return Deno.listen({ hostname: HOSTNAME, port: 0 });
}

function connectTo(port: number): Promise<Conn> {
  return Deno.connect({ hostname: HOSTNAME, port });
}

function proxyTo(
  listener: Listener,
  options: Omit<TcpProxyOptions, "targetPort"> = {},
): Promise<TcpProxy> {
  return TcpProxy.listen({ targetPort: listener.addr.port, ...options });
}

async function openPair(proxy: TcpProxy, listener: Listener): Promise<Pair> {
  const client = await connectTo(proxy.port);
  const server = await listener.accept();
  return {
    client,
    server,
    [Symbol.dispose]() {
      client.close();
      server.close();
    },
  };
}

/** A reset may come as early as within `connect()`. */
async function connectAndRead(port: number): Promise<number | null> {
  using client = await connectTo(port);
  return await client.read(new Uint8Array(1));
}

/** Gives way to whatever else goes on until the condition holds. */
async function until(what: string, condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!condition()) {
    assert(performance.now() < deadlineMs, `Not within the deadline: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function writeAll(to: Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) {
    sent += await to.write(bytes.subarray(sent));
  }
}

async function readExactly(from: Conn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let got = 0; got < length;) {
    const count = await from.read(bytes.subarray(got));
    assert(count !== null, `The stream ended after ${got} of ${length} bytes`);
    got += count;
  }
  return bytes;
}

/** Sends one byte each way: what was sent earlier has arrived, and time has passed. */
async function roundTrip({ client, server }: Pair): Promise<void> {
  await writeAll(client, new Uint8Array([1]));
  assertEquals(await readExactly(server, 1), new Uint8Array([1]));
  await writeAll(server, new Uint8Array([2]));
  assertEquals(await readExactly(client, 1), new Uint8Array([2]));
}

/** Sends chunks of random sizes and ends; returns the hash of what was sent. */
async function sendRandom(
  to: Conn,
  total: number,
  random: SeededRandom,
): Promise<string> {
  const hash = createHash("sha256");
  for (let sent = 0; sent < total;) {
    const length = Math.min(total - sent, 1 + random.nextU32() % 20_000);
    const bytes = new Uint8Array(length);
    random.fill(bytes);
    hash.update(bytes);
    await writeAll(to, bytes);
    sent += length;
  }
  await to.closeWrite();
  return hash.digest("hex");
}

/** Reads to the end; returns the hash of what came. */
async function hashAll(from: Conn): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return hash.digest("hex");
    hash.update(buffer.subarray(0, count));
  }
}

/** Writes until nothing is taken any more for as long as some round trips take. */
async function writeUntilStalled(to: Conn, beside: Pair): Promise<{
  readonly pending: Promise<void>;
  readonly sent: () => number;
  readonly stop: () => void;
}> {
  const block = new Uint8Array(65_536);
  let sent = 0;
  let isStopped = false;
  const pending = (async () => {
    while (!isStopped) sent += await to.write(block);
  })();
  const deadlineMs = performance.now() + DEADLINE_MS;
  for (let before = -1, same = 0; same < 200;) {
    assert(performance.now() < deadlineMs, `Still writes after ${sent} bytes`);
    await roundTrip(beside);
    same = sent === before ? same + 1 : 0;
    before = sent;
  }
  return { pending, sent: () => sent, stop: () => isStopped = true };
}

Deno.test("TcpProxy passes bytes unchanged both ways, under latency, jitter and a rate", async () => {
  const seed = 41;
  const total = 300_000;
  using listener = listen();
  await using proxy = await proxyTo(listener, {
    latencyMs: 5,
    jitterMs: 20,
    bytesPerSecond: 2_000_000,
    random: new SeededRandom(seed),
  });
  using pair = await openPair(proxy, listener);
  const { client, server } = pair;
  const [sentUp, sentDown, gotUp, gotDown] = await Promise.all([
    sendRandom(client, total, new SeededRandom(seed + 1)),
    sendRandom(server, total, new SeededRandom(seed + 2)),
    hashAll(server),
    hashAll(client),
  ]);
  assertEquals([gotUp, gotDown], [sentUp, sentDown], `seed ${seed}`);
  await until("closed", () => proxy.stats().open === 0);
  assertEquals(proxy.stats(), {
    connections: 1,
    refused: 0,
    open: 0,
    bytesToServer: total,
    bytesToClient: total,
  });
});

Deno.test("TcpProxy passes on many bytes as fast as they are taken", async () => {
  const total = 20_000_000;
  using listener = listen();
  await using proxy = await proxyTo(listener);
  using pair = await openPair(proxy, listener);
  const [sent, got] = await Promise.all([
    sendRandom(pair.client, total, new SeededRandom(7)),
    hashAll(pair.server),
  ]);
  assertEquals(got, sent);
});

Deno.test("TcpProxy passes on the end of one side while the other goes on", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener, { latencyMs: 5 });
  using pair = await openPair(proxy, listener);
  await pair.client.closeWrite();
  assertEquals(await pair.server.read(new Uint8Array(1)), null);
  await writeAll(pair.server, new Uint8Array([5]));
  assertEquals(await readExactly(pair.client, 1), new Uint8Array([5]));
});

Deno.test("TcpProxy passes on a reset", async () => {
  using listener = listen();
  await using back = await proxyTo(listener);
  await using front = await TcpProxy.listen({ targetPort: back.port });
  using pair = await openPair(front, listener);
  await roundTrip(pair);
  back.cut("rst");
  for (const end of [pair.client, pair.server]) {
    await assertRejects(
      () => end.read(new Uint8Array(1)),
      Deno.errors.ConnectionReset,
    );
  }
});

Deno.test("TcpProxy resets a client whose server is not there", async () => {
  const listener = listen();
  await using proxy = await proxyTo(listener);
  listener.close();
  await assertRejects(
    () => connectAndRead(proxy.port),
    Deno.errors.ConnectionReset,
  );
});

Deno.test("TcpProxy delays each way by the latency", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener);
  using pair = await openPair(proxy, listener);
  await roundTrip(pair);
  proxy.setConditions({ latencyMs: 30 }, "toServer");
  proxy.setConditions({ latencyMs: 20, jitterMs: 1 }, "toClient");
  const startMs = performance.now();
  await roundTrip(pair);
  // A timer may fire a fraction of a millisecond early, a busy machine only late.
  assertGreater(performance.now() - startMs, 49);
});

Deno.test("TcpProxy takes the time that the rate says", async () => {
  const rate = 1_000_000;
  const total = 250_000;
  using listener = listen();
  await using proxy = await proxyTo(listener, { bytesPerSecond: rate });
  using pair = await openPair(proxy, listener);
  const startMs = performance.now();
  const [sent, got] = await Promise.all([
    sendRandom(pair.client, total, new SeededRandom(3)),
    hashAll(pair.server),
  ]);
  const elapsedMs = performance.now() - startMs;
  assertEquals(got, sent);
  assertGreater(elapsedMs, 0.8 * total / rate * 1_000);
});

Deno.test("TcpProxy.setConditions() frees open connections from a rate", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener, { bytesPerSecond: 1 });
  using pair = await openPair(proxy, listener);
  const bytes = new Uint8Array(100_000).fill(9);
  await writeAll(pair.client, bytes);
  await until("first byte", () => proxy.stats().bytesToServer > 0);
  proxy.setConditions({ bytesPerSecond: Infinity });
  assertEquals(await readExactly(pair.server, bytes.length), bytes);
});

Deno.test("TcpProxy.setConditions() refuses what is out of range", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener);
  for (
    const conditions of [
      { latencyMs: -1 },
      { latencyMs: Infinity },
      { jitterMs: NaN },
      { bytesPerSecond: 0 },
    ]
  ) {
    assertThrows(() => proxy.setConditions(conditions), RangeError, "Cannot");
    await assertRejects(() => proxyTo(listener, conditions), RangeError);
  }
});

Deno.test("TcpProxy pushes back on the sender where it would hold too much", async () => {
  using listener = listen();
  await using other = await proxyTo(listener);
  using beside = await openPair(other, listener);
  for (
    const [why, conditions] of Object.entries({
      "the receiver does not read": {},
      "the rate is low": { bytesPerSecond: 1_000 },
      "the latency is high": { latencyMs: 1_000_000 },
    })
  ) {
    await using proxy = await proxyTo(listener, conditions);
    using pair = await openPair(proxy, listener);
    const writer = await writeUntilStalled(pair.client, beside);
    writer.stop();
    // The write that hangs ends with the connection.
    proxy.cut("rst");
    await assertRejects(() => writer.pending, Error, undefined, why);
  }
});

Deno.test("TcpProxy.cut() with fin ends both sides in order", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener);
  for (const isPaused of [false, true]) {
    using pair = await openPair(proxy, listener);
    await roundTrip(pair);
    if (isPaused) proxy.pause();
    for (const end of [pair.client, pair.server]) {
      await writeAll(end, new Uint8Array(1_000));
    }
    proxy.cut("fin");
    for (const end of [pair.client, pair.server]) {
      // What comes now is thrown away, and is no reason for a reset.
      await writeAll(end, new Uint8Array(20_000_000));
      await hashAll(end);
    }
    assertEquals(proxy.stats().open, 1);
    await pair.client.closeWrite();
    await pair.server.closeWrite();
    await until("closed", () => proxy.stats().open === 0);
  }
});

Deno.test("TcpProxy.cut() with rst is ECONNRESET for both sides", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener);
  using pair = await openPair(proxy, listener);
  await roundTrip(pair);
  proxy.cut("rst");
  for (const end of [pair.client, pair.server]) {
    const error = await assertRejects(
      () => end.read(new Uint8Array(1)),
      Deno.errors.ConnectionReset,
    );
    assertEquals((error as Error & { code?: string }).code, "ECONNRESET");
  }
  await until("closed", () => proxy.stats().open === 0);
});

Deno.test("TcpProxy.cut() with rst resets a connection that is just being made", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener);
  for (let i = 0; i < 20; i++) {
    using pair = await openPair(proxy, listener);
    await until("accepted", () => proxy.stats().connections > i);
    proxy.cut("rst");
    for (const end of [pair.client, pair.server]) {
      await assertRejects(
        () => end.read(new Uint8Array(1)),
        Deno.errors.ConnectionReset,
      );
    }
  }
});

Deno.test("TcpProxy.cut() with blackHole shows nothing, and the connection stays open", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener);
  using pair = await openPair(proxy, listener);
  await roundTrip(pair);
  const [connection] = proxy.connections;
  proxy.cut("blackHole");
  using beside = await openPair(proxy, listener);
  let seen: unknown = "nothing";
  const reads = [pair.client, pair.server].map(async (end) => {
    seen = await end.read(new Uint8Array(1)).catch((error) => error);
    return seen;
  });
  // More than the kernels hold: it is read and lost.
  for (const end of [pair.client, pair.server]) {
    await writeAll(end, new Uint8Array(10_000_000));
  }
  await pair.client.closeWrite();
  for (let i = 0; i < 100; i++) await roundTrip(beside);
  assertEquals(seen, "nothing");
  assertEquals(connection!.fate, "blackHole");
  assertEquals(proxy.stats().open, 2);
  assertEquals(proxy.stats().bytesToServer, 101);

  connection!.cut("rst");
  for (const result of await Promise.all(reads)) {
    assert(result instanceof Deno.errors.ConnectionReset, `${result}`);
  }
});

Deno.test("TcpProxy.cut() with blackHole lets go when both sides have ended", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener);
  using pair = await openPair(proxy, listener);
  await roundTrip(pair);
  proxy.cut("blackHole");
  await pair.client.closeWrite();
  await pair.server.closeWrite();
  await until("closed", () => proxy.stats().open === 0);
});

Deno.test("TcpProxyConnection.cut() leaves the other connections alone", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener);
  using one = await openPair(proxy, listener);
  using two = await openPair(proxy, listener);
  const { port } = two.client.localAddr;
  proxy.connections.find(({ clientPort }) => clientPort === port)!.cut("fin");
  assertEquals(await two.client.read(new Uint8Array(1)), null);
  await roundTrip(one);
});

Deno.test("TcpProxy loses what is on its way when it cuts", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener, { latencyMs: 1_000_000 });
  using pair = await openPair(proxy, listener);
  await writeAll(pair.client, new Uint8Array(100));
  proxy.cut("fin");
  assertEquals(await pair.server.read(new Uint8Array(1)), null);
  assertEquals(proxy.stats().bytesToServer, 0);
});

Deno.test("TcpProxyConnection.pause() stalls the sender, and all arrives after resume()", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener);
  using pair = await openPair(proxy, listener);
  using beside = await openPair(proxy, listener);
  await roundTrip(pair);
  const [connection] = proxy.connections;
  connection!.pause();
  const writer = await writeUntilStalled(pair.client, beside);
  const stalledAt = writer.sent();
  const before = proxy.stats().bytesToServer;
  writer.stop();
  connection!.resume();
  const received = hashAll(pair.server);
  await writer.pending;
  await pair.client.closeWrite();
  const hash = createHash("sha256").update(new Uint8Array(writer.sent()));
  assertEquals(await received, hash.digest("hex"));
  assert(writer.sent() >= stalledAt);
  assert(proxy.stats().bytesToServer - before >= writer.sent());
});

Deno.test("TcpProxyConnection.pause() hides a reset until resume()", async () => {
  using listener = listen();
  await using back = await proxyTo(listener);
  await using front = await TcpProxy.listen({ targetPort: back.port });
  using pair = await openPair(front, listener);
  using beside = await openPair(front, listener);
  await roundTrip(pair);
  // A write that hangs within the proxy fails at once, whatever is paused.
  back.connections[0]!.pause();
  const writer = await writeUntilStalled(pair.client, beside);
  writer.stop();
  front.connections[0]!.pause();
  let seen: unknown = "nothing";
  const write = writer.pending.catch((error) => seen = error);
  const read = pair.client.read(new Uint8Array(1)).catch((error) =>
    seen = error
  );
  back.connections[0]!.cut("rst");
  for (let i = 0; i < 100; i++) await roundTrip(beside);
  assertEquals(seen, "nothing");
  front.resume();
  await Promise.all([read, write]);
  assert(seen instanceof Error, `${seen}`);
});

Deno.test("TcpProxy.pause() also holds connections that come later", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener);
  await using other = await proxyTo(listener);
  proxy.pause();
  using held = await openPair(proxy, listener);
  using beside = await openPair(other, listener);
  await writeAll(held.client, new Uint8Array([1, 2, 3]));
  for (let i = 0; i < 100; i++) await roundTrip(beside);
  assertEquals(proxy.stats().bytesToServer, 0);
  proxy.resume();
  assertEquals(await readExactly(held.server, 3), new Uint8Array([1, 2, 3]));
});

Deno.test("TcpProxy.refuse() cuts new connections and spares open ones", async () => {
  using listener = listen();
  await using proxy = await proxyTo(listener);
  using open = await openPair(proxy, listener);

  proxy.refuse("fin");
  using ended = await connectTo(proxy.port);
  assertEquals(await ended.read(new Uint8Array(1)), null);

  proxy.refuse("rst");
  await assertRejects(
    () => connectAndRead(proxy.port),
    Deno.errors.ConnectionReset,
  );

  proxy.refuse("blackHole");
  using unanswered = await connectTo(proxy.port);
  let seen: unknown = "nothing";
  const read = unanswered.read(new Uint8Array(1)).catch((error) => {
    seen = error;
  });
  await writeAll(unanswered, new Uint8Array([1]));
  for (let i = 0; i < 100; i++) await roundTrip(open);
  assertEquals(seen, "nothing");

  proxy.refuse(undefined);
  using later = await openPair(proxy, listener);
  await roundTrip(later);
  assertEquals(proxy.stats().connections, 5);
  assertEquals(proxy.stats().refused, 3);

  proxy.cut("rst");
  await read;
  assert(seen instanceof Deno.errors.ConnectionReset, `${seen}`);
});

Deno.test("TcpProxy leaves nothing open of 100 connections cut at random", async () => {
  const seed = 100;
  const random = new SeededRandom(seed);
  const counts: Record<string, number> = {};
  using listener = listen();
  {
    await using proxy = await proxyTo(listener, { latencyMs: 1, jitterMs: 2 });
    const pairs: Pair[] = [];
    const cut = async (): Promise<void> => {
      const at = random.nextU32() % pairs.length;
      const [pair] = pairs.splice(at, 1);
      const { port } = pair!.client.localAddr;
      const connection = proxy.connections.find((connection) =>
        connection.clientPort === port
      )!;
      const how = CUTS[random.nextU32() % CUTS.length]!;
      counts[how] = (counts[how] ?? 0) + 1;
      if (random.nextU32() % 4 === 0) connection.pause();
      await writeAll(pair!.client, new Uint8Array(random.nextU32() % 5_000));
      connection.cut(how);
      if (random.nextU32() % 2 === 0) {
        pair![Symbol.dispose]();
        return;
      }
      // The others leave the proxy's sockets open, for it to close.
      leftOpen.push(pair!);
    };
    const leftOpen: Pair[] = [];
    for (let i = 0; i < 100; i++) {
      const pair = await openPair(proxy, listener);
      pairs.push(pair);
      await writeAll(pair.server, new Uint8Array(random.nextU32() % 5_000));
      if (random.nextU32() % 2 === 0) await cut();
    }
    while (pairs.length > 0) await cut();
    assertEquals(proxy.stats().connections, 100, `seed ${seed}`);
    for (const how of CUTS) assertGreater(counts[how] ?? 0, 15, how);
    for (const pair of leftOpen) pair[Symbol.dispose]();
  }
  // The sanitizers tell whether a socket is left.
});

Deno.test("TcpProxy[Symbol.asyncDispose]() resets what is open, and stops to listen", async () => {
  using listener = listen();
  const proxy = await proxyTo(listener);
  const { port } = proxy;
  using pair = await openPair(proxy, listener);
  await roundTrip(pair);
  proxy.setConditions({ latencyMs: 1_000_000 });
  await writeAll(pair.client, new Uint8Array(100));
  await proxy[Symbol.asyncDispose]();
  await assertRejects(
    () => pair.server.read(new Uint8Array(1)),
    Deno.errors.ConnectionReset,
  );
  await assertRejects(
    () => connectTo(port),
    Deno.errors.ConnectionRefused,
  );
});
