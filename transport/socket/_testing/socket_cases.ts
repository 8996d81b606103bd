// This module is browser compatible.
import type { DatagramAddress } from "../datagram_address.ts";
import {
  type DatagramSink,
  type DatagramSocket,
  SendResult,
} from "../datagram_socket.ts";

/** Two sockets of an implementation that reach each other without loss. */
export interface SocketPair {
  /** The one that begins: a client, where the implementation has two kinds. */
  readonly a: DatagramSocket;
  /** The one that answers. */
  readonly b: DatagramSocket;
  /** Where `b` is, as `a` knows it; not retained. */
  readonly toB: DatagramAddress;
  /** An address of `a` at which nobody listens, where that means anything. */
  readonly toNobody?: DatagramAddress;
  /** Whether `address()` takes IP addresses. */
  readonly hasIpAddresses: boolean;
  /** Lets what is under way go on: a turn of the event loop, or some simulated time. */
  step(): Promise<void>;
  /** Closes both, if they are not closed yet, and what they stand on. */
  close(): Promise<void>;
}

/** One thing that every {@linkcode DatagramSocket} does. */
export interface SocketCase {
  /** Symbol, then behaviour. */
  readonly name: string;
  /** Throws where the pair does otherwise. */
  run(pair: SocketPair): Promise<void>;
}

const DEADLINE_MS = 30_000;

/** What every {@linkcode DatagramSocket} does. */
export const SOCKET_CASES: readonly SocketCase[] = [
  {
    name: "send() reaches the other end, which can answer",
    async run(pair) {
      const { a, b, toB } = pair;
      assertEquals(a.send(bytesOf(1, 2, 3), toB), SendResult.Sent, "result");
      const [first] = await receive(pair, b, 1);
      assertEquals(first!.bytes, bytesOf(1, 2, 3), "at b");
      assertEquals(
        b.send(bytesOf(4, 5), first!.from),
        SendResult.Sent,
        "result",
      );
      const [answer] = await receive(pair, a, 1);
      assertEquals(answer!.bytes, bytesOf(4, 5), "at a");
      assertEquals(answer!.from.key, toB.key, "the address of b");
    },
  },
  {
    name: "send() consumes the datagram before it returns",
    async run(pair) {
      const { a, b, toB } = pair;
      const buffer = new Uint8Array(600);
      for (let i = 1; i <= 16; i++) {
        buffer.fill(i);
        const part = buffer.subarray(i, 500 + i);
        assertEquals(a.send(part, toB), SendResult.Sent, "result");
        buffer.fill(255);
      }
      const all = await receive(pair, b, 16);
      for (const [i, { bytes }] of all.entries()) {
        assertEquals(bytes, new Uint8Array(500).fill(i + 1), `datagram ${i}`);
      }
    },
  },
  {
    name: "send() takes every length up to maxDatagramBytes",
    async run(pair) {
      const { a, b, toB } = pair;
      assert(a.maxDatagramBytes >= 1200, `${a.maxDatagramBytes} bytes`);
      const most = Math.min(a.maxDatagramBytes, b.maxDatagramBytes);
      for (const length of [1, 2, 3, 63, 64, 65, 1199, 1200, most, 1]) {
        const sent = numbered(length, length);
        assertEquals(a.send(sent, toB), SendResult.Sent, `${length} bytes`);
        const [received] = await receive(pair, b, 1);
        assertEquals(received!.bytes, sent, `${length} bytes`);
      }
    },
  },
  {
    name: "send() refuses what is larger than maxDatagramBytes",
    async run(pair) {
      const { a, b, toB } = pair;
      const { maxDatagramBytes } = a;
      const tooLarge = new Uint8Array(maxDatagramBytes + 1);
      for (let i = 0; i < 3; i++) {
        assertEquals(a.send(tooLarge, toB), SendResult.TooLarge, "result");
      }
      assertEquals(a.counters.failed, 3, "failed");
      assertEquals(a.counters.sent, 0, "sent");
      // What follows comes first.
      a.send(bytesOf(1), toB);
      const [first] = await receive(pair, b, 1);
      assertEquals(first!.bytes, bytesOf(1), "the first");
    },
  },
  {
    name: "send() keeps the order",
    async run(pair) {
      const { a, b, toB } = pair;
      let next = 0;
      for (let round = 0; round < 8; round++) {
        for (let i = 0; i < 50; i++) {
          const sent = numbered(round * 50 + i, 1 + i * 23);
          assertEquals(a.send(sent, toB), SendResult.Sent, "result");
        }
        for (const { bytes } of await receive(pair, b, 50)) {
          assertEquals(bytes, numbered(next, 1 + (next % 50) * 23), `${next}`);
          next++;
        }
      }
    },
  },
  {
    name: "send() answers Full rather than to wait or to grow",
    async run(pair) {
      const { a, b, toB } = pair;
      const datagram = new Uint8Array(1000);
      let sent = 0;
      let full = 0;
      for (let i = 0; i < 5000; i++) {
        const result = a.send(datagram, toB);
        if (result === SendResult.Sent) sent++;
        else if (result === SendResult.Full) full++;
        else throw new Error(`Result ${result} at datagram ${i}`);
      }
      assertEquals(a.counters.full, full, "full");
      // Now it goes on, also if some of those were dropped on the way.
      const mark = new Uint8Array(7);
      let hasCome = false;
      const deadline = Date.now() + DEADLINE_MS;
      while (!hasCome) {
        assert(Date.now() < deadline, "nothing gets through any more");
        a.send(mark, toB);
        a.flush();
        await pair.step();
        b.poll((bytes) => hasCome ||= bytes.length === 7);
      }
      assertEquals(
        a.counters.failed,
        0,
        `failed, of ${sent} sent and ${full} full`,
      );
    },
  },
  {
    name: "send() and flush() work within a sink",
    async run(pair) {
      const { a, b, toB } = pair;
      for (let i = 0; i < 20; i++) a.send(bytesOf(i), toB);
      a.flush();
      const deadline = Date.now() + DEADLINE_MS;
      const echoed: number[] = [];
      while (echoed.length < 20) {
        assert(Date.now() < deadline, `only ${echoed.length} came back`);
        b.poll((bytes, from) => {
          b.send(bytesOf(bytes[0]!, 1), from);
          b.flush();
        });
        await pair.step();
        a.poll((bytes) => {
          echoed.push(bytes[0]!);
        });
      }
      assertEquals(echoed, Array.from({ length: 20 }, (_, i) => i), "echoes");
    },
  },
  {
    name: "poll() hands out at most maxDatagrams, the rest later",
    async run(pair) {
      const { a, b, toB } = pair;
      for (let i = 0; i < 40; i++) a.send(bytesOf(i), toB);
      a.flush();
      const seen: number[] = [];
      let turns = 0;
      const deadline = Date.now() + DEADLINE_MS;
      while (seen.length < 40) {
        assert(Date.now() < deadline, `only ${seen.length} came`);
        const before = seen.length;
        const count = b.poll((bytes) => seen.push(bytes[0]!), 7);
        assert(count <= 7, `${count} at once`);
        assertEquals(seen.length - before, count, "the count");
        if (count > 0) turns++;
        else await pair.step();
      }
      assertEquals(seen, Array.from({ length: 40 }, (_, i) => i), "order");
      assert(turns >= 6, `${turns} turns`);
      assertEquals(b.poll(() => {}, 1), 0, "after all");
    },
  },
  {
    name: "poll() refuses a maxDatagrams that is no count",
    // deno-lint-ignore require-await
    async run({ b }) {
      for (const count of [0, -1, 0.5, NaN]) {
        assertThrows(() => b.poll(() => {}, count), RangeError);
      }
    },
  },
  {
    name: "poll() works on after a sink that throws",
    async run(pair) {
      const { a, b, toB } = pair;
      a.send(bytesOf(1), toB);
      a.flush();
      let hasThrown = false;
      const deadline = Date.now() + DEADLINE_MS;
      while (!hasThrown) {
        assert(Date.now() < deadline, "nothing came");
        await pair.step();
        try {
          b.poll(() => {
            throw new Error("of the sink");
          });
        } catch (error) {
          assertEquals((error as Error).message, "of the sink", "the error");
          hasThrown = true;
        }
      }
      a.send(bytesOf(2), toB);
      const [next] = await receive(pair, b, 1);
      assertEquals(next!.bytes, bytesOf(2), "the next one");
    },
  },
  {
    name: "a retained address is the same object at every datagram",
    async run(pair) {
      const { a, b, toB } = pair;
      toB.retain();
      a.send(bytesOf(1), toB);
      let from: DatagramAddress | undefined;
      const deadline = Date.now() + DEADLINE_MS;
      while (from === undefined) {
        assert(Date.now() < deadline, "nothing came");
        a.flush();
        await pair.step();
        b.poll((_, address) => {
          from = address;
          address.retain();
        });
      }
      assert(from.socket === b, "from belongs to b");
      assert(toB.socket === a, "toB belongs to a");
      assert(from.key.length >= 1 && from.key.length <= 32, "the key's length");
      assert(from.toString() !== "", "the text");
      for (let i = 0; i < 10; i++) {
        a.send(bytesOf(i), toB);
        const [one] = await receive(pair, b, 1);
        assert(one!.from === from, "b knows a");
        b.send(bytesOf(i), from);
        const [answer] = await receive(pair, a, 1);
        assert(answer!.from === toB, "a knows b");
      }
      // Counted: two holds need two releases.
      from.retain();
      from.release();
      a.send(bytesOf(0), toB);
      const [one] = await receive(pair, b, 1);
      assert(one!.from === from, "still held");
      from.release();
      toB.release();
    },
  },
  {
    name: "address() gives the address of an IP address, and only of one",
    async run(pair) {
      const { a, b, toB, hasIpAddresses } = pair;
      if (!hasIpAddresses) return;
      toB.retain();
      assert(a.address(toB.host, toB.port) === toB, "the same object");
      assertEquals(toB.port, b.localAddress.port, "the port");
      assertEquals(toB.key.length, 18, "the key's length");
      assertEquals(toB.key[16]! * 256 + toB.key[17]!, toB.port, "in the key");
      for (const host of ["", "localhost", "1.2.3", "1.2.3.4.5", "01.2.3.4"]) {
        assertThrows(() => a.address(host, 1), TypeError);
      }
      for (const port of [0, -1, 65_536, 1.5, NaN]) {
        assertThrows(() => a.address(toB.host, port), RangeError);
      }
      a.send(bytesOf(1), a.address(toB.host, toB.port));
      const [one] = await receive(pair, b, 1);
      assertEquals(one!.from.port, a.localAddress.port, "the port of a");
      toB.release();
    },
  },
  {
    name: "counters tell what was sent and received",
    async run(pair) {
      const { a, b, toB } = pair;
      const { counters } = a;
      for (let i = 1; i <= 10; i++) a.send(new Uint8Array(i * 10), toB);
      await receive(pair, b, 10);
      assert(a.counters === counters, "the same object");
      assertEquals(a.counters.sent, 10, "sent");
      assertEquals(a.counters.sentBytes, 550, "sentBytes");
      assertEquals(b.counters.received, 10, "received");
      assertEquals(b.counters.receivedBytes, 550, "receivedBytes");
      assertEquals(b.counters.sent, 0, "sent by b");
      assertEquals(a.counters.received, 0, "received by a");
      for (const counter of ["full", "failed", "dropped"] as const) {
        assertEquals(a.counters[counter], 0, counter);
        assertEquals(b.counters[counter], 0, counter);
      }
    },
  },
  {
    name: "a port at which nobody listens is survived",
    async run(pair) {
      const { a, b, toB, toNobody } = pair;
      if (toNobody === undefined) return;
      for (let i = 0; i < 20; i++) {
        assertEquals(a.send(bytesOf(9), toNobody), SendResult.Sent, "result");
        a.flush();
        await pair.step();
        a.poll(() => {});
        assertEquals(a.send(bytesOf(i), toB), SendResult.Sent, "result");
        const [one] = await receive(pair, b, 1);
        assertEquals(one!.bytes, bytesOf(i), `datagram ${i}`);
        b.send(bytesOf(i), one!.from);
        await receive(pair, a, 1);
      }
      assert(!a.isClosed, "closed");
    },
  },
  {
    name: "close() flushes, and ends it for good",
    async run(pair) {
      const { a, b, toB } = pair;
      a.send(bytesOf(1), toB);
      // What needs the event loop may lose what was sent just before its end.
      a.flush();
      await pair.step();
      a.send(bytesOf(2), toB);
      assert(!a.isClosed, "open");
      a.close();
      a.close();
      assert(a.isClosed, "closed");
      assertEquals(a.send(bytesOf(3), toB), SendResult.Closed, "result");
      assertEquals(a.poll(() => {}), 0, "poll()");
      a.flush();
      const all: Uint8Array[] = [];
      const deadline = Date.now() + DEADLINE_MS;
      while (all.length === 0) {
        assert(Date.now() < deadline, "nothing came");
        b.poll((bytes) => all.push(bytes.slice()));
        await pair.step();
      }
      for (const [i, bytes] of all.entries()) {
        assertEquals(bytes, bytesOf(i + 1), "sent before");
      }
      assertEquals(a.counters.sent + a.counters.failed, 3, "counters");
    },
  },
  {
    name: "close() within a sink ends the poll",
    async run(pair) {
      const { a, b, toB } = pair;
      for (let i = 0; i < 10; i++) a.send(bytesOf(i), toB);
      a.flush();
      let count = 0;
      const deadline = Date.now() + DEADLINE_MS;
      while (count === 0) {
        assert(Date.now() < deadline, "nothing came");
        await pair.step();
        b.poll(() => {
          count++;
          b.close();
        });
      }
      assertEquals(count, 1, "calls of the sink");
      assert(b.isClosed, "closed");
      assertEquals(b.poll(() => count++), 0, "after it");
    },
  },
];

/** A datagram as a sink was given it, copied. */
interface Received {
  readonly bytes: Uint8Array;
  readonly from: DatagramAddress;
}

/** Flushes and polls until so many have come; more are refused. */
async function receive(
  pair: SocketPair,
  socket: DatagramSocket,
  count: number,
): Promise<Received[]> {
  const received: Received[] = [];
  const sink: DatagramSink = (datagram, from) => {
    received.push({ bytes: datagram.slice(), from });
  };
  const other = socket === pair.a ? pair.b : pair.a;
  const deadline = Date.now() + DEADLINE_MS;
  while (true) {
    other.flush();
    socket.poll(sink);
    if (received.length >= count) break;
    assert(
      Date.now() < deadline,
      `only ${received.length} of ${count} datagrams came`,
    );
    await pair.step();
  }
  assertEquals(received.length, count, "datagrams");
  return received;
}

/** A datagram whose content tells its number and length. */
function numbered(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = number * 31 + i * 7;
  return bytes;
}

function bytesOf(...bytes: number[]): Uint8Array {
  return new Uint8Array(bytes);
}

function assert(isRight: boolean, message: string): asserts isRight {
  if (!isRight) throw new Error(message);
}

/** For numbers, strings, and lists of numbers. */
function assertEquals(
  actual: number | string | ArrayLike<number>,
  expected: number | string | ArrayLike<number>,
  what: string,
): void {
  const [is, shall] = [actual, expected].map((value) =>
    typeof value === "object" ? Array.from(value).join() : value
  );
  if (is !== shall) throw new Error(`${what}: ${is} instead of ${shall}`);
}

function assertThrows(
  call: () => unknown,
  Kind: new (message: string) => Error,
): void {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  assert(thrown instanceof Kind, `${thrown} instead of a ${Kind.name}`);
}
