import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import { MTU } from "../constants.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import { SendResult } from "../socket/datagram_socket.ts";
import { FakeWebSocket } from "./_testing/fake_web_socket.ts";
import type { WebDatagramListenerOptions } from "./web_datagram_listener.ts";
import { WebSocketDatagramListener } from "./web_socket_datagram_listener.ts";

interface Rig {
  readonly listener: WebSocketDatagramListener;
  readonly clock: ManualClock;
  join(host?: string): { webSocket: FakeWebSocket; address: DatagramAddress };
  /** Hands out what came in, as `"address: bytes"`. */
  poll(maxDatagrams?: number): string[];
}

function rig(options: WebDatagramListenerOptions = {}): Rig {
  const clock = new ManualClock();
  const listener = new WebSocketDatagramListener({ clock, ...options });
  let port = 0;
  return {
    listener,
    clock,
    join(host = "10.0.0.1") {
      const webSocket = new FakeWebSocket();
      const address = listener.accept(webSocket, { host, port: ++port });
      assert(address !== undefined, "no room");
      webSocket.open();
      return { webSocket, address };
    },
    poll(maxDatagrams) {
      const all: string[] = [];
      listener.poll((datagram, from) => {
        all.push(`${from}: ${datagram}`);
      }, maxDatagrams);
      return all;
    },
  };
}

Deno.test("WebSocketDatagramListener hands out datagrams of its clients in turns", () => {
  const { join, poll, listener } = rig();
  const [ada, bob] = [join(), join("::1")];
  for (let i = 0; i < 4; i++) ada.webSocket.receive([1, i]);
  bob.webSocket.receive([2, 0]);
  bob.webSocket.receive([]);
  assertEquals(poll(3), [
    "10.0.0.1:1: 1,0",
    "[::1]:2: 2,0",
    "10.0.0.1:1: 1,1",
  ]);
  assertEquals(poll(), ["[::1]:2: ", "10.0.0.1:1: 1,2", "10.0.0.1:1: 1,3"]);
  assertEquals(poll(), []);
  const { received, receivedBytes } = listener.counters;
  assertEquals([received, receivedBytes], [6, 10]);
});

Deno.test("WebSocketDatagramListener sends to the client of an address", () => {
  const { listener, join } = rig();
  const [ada, bob] = [join(), join()];
  const largest = new Uint8Array(MTU);
  assertEquals(listener.send(largest, bob.address), SendResult.Sent);
  assertEquals(
    listener.send(new Uint8Array(MTU + 1), bob.address),
    SendResult.TooLarge,
  );
  assertEquals([ada.webSocket.sent, bob.webSocket.sent], [[], [[...largest]]]);
  const stranger = rig().join().address;
  assertEquals(listener.send(largest, stranger), SendResult.Refused);
  assertEquals(
    listener.send(largest, listener.localAddress),
    SendResult.Refused,
  );
  const { sent, sentBytes, failed, full } = listener.counters;
  assertEquals([sent, sentBytes, failed, full], [1, MTU, 3, 0]);
});

Deno.test("WebSocketDatagramListener gives every client a key of its own", () => {
  const { join } = rig();
  const keys = [join(), join(), join()].map(({ address }) => `${address.key}`);
  assertEquals(keys, ["0,0,0,0,0,0,0,1", "0,0,0,0,0,0,0,2", "0,0,0,0,0,0,0,3"]);
});

Deno.test("WebSocketDatagramListener closes who sends what is no datagram, and nobody else", () => {
  const { listener, join, poll } = rig();
  const [texter, giant, ada] = [join(), join(), join()];
  for (const { webSocket } of [texter, giant, ada]) webSocket.receive([1]);
  texter.webSocket.receive("hello");
  giant.webSocket.receive(new Uint8Array(MTU + 1));
  ada.webSocket.receive(new Uint8Array(MTU));
  assertEquals(texter.webSocket.closeCodes, [4000]);
  assertEquals(giant.webSocket.closeCodes, [4001]);
  assertEquals(ada.webSocket.closeCodes, []);
  for (const { address } of [texter, giant]) {
    assertEquals(
      listener.send(new Uint8Array(1), address),
      SendResult.Closed,
    );
  }
  // Those that go on nonetheless are not heard.
  texter.webSocket.receive([2]);
  assertEquals(
    poll().map((line) => line.slice(0, 10)),
    Array(2).fill("10.0.0.1:3"),
  );
  assertEquals(listener.counters.dropped, 2);
  assertEquals([listener.ended.notBinary, listener.ended.oversized], [1, 1]);
});

Deno.test("WebSocketDatagramListener drops the newest of who sends too much, then closes it", () => {
  const { listener, clock, join, poll } = rig({
    maxReceiveBytesPerClient: 8_000,
  });
  const [flood, ada] = [join("6.6.6.6"), join()];
  // 744 bytes and 256 beside: eight find room.
  const datagram = new Uint8Array(744);
  for (let i = 0; i < 10; i++) {
    datagram[0] = i;
    flood.webSocket.receive(datagram);
  }
  ada.webSocket.receive([1]);
  assertEquals(listener.counters.dropped, 2);
  assertEquals(poll().map((line) => line.split(",")[0]), [
    "6.6.6.6:1: 0",
    "10.0.0.1:2: 1",
    ...[1, 2, 3, 4, 5, 6, 7].map((i) => `6.6.6.6:1: ${i}`),
  ]);
  // It may go over that for ever, but not that far within a second.
  for (let second = 0; second < 5; second++) {
    for (let i = 0; i < 2_000; i++) flood.webSocket.receive(datagram);
    assertEquals(flood.webSocket.closeCodes, []);
    clock.advance(1_000);
  }
  for (let i = 0; i < 2_100; i++) flood.webSocket.receive(datagram);
  assertEquals(flood.webSocket.closeCodes, [4002]);
  assertEquals(listener.ended.flooded, 1);
  ada.webSocket.receive([2]);
  assertEquals(poll(), ["10.0.0.1:2: 2"]);
});

Deno.test("WebSocketDatagramListener keeps room for everybody, however many flood", () => {
  const maxReceiveBytes = 100_000;
  const { join, poll } = rig({
    maxClients: 20,
    maxReceiveBytes,
    maxReceiveBytesPerClient: maxReceiveBytes,
  });
  const floods = Array.from({ length: 19 }, () => join("6.6.6.6").webSocket);
  const ada = join();
  let held = 0;
  for (const webSocket of floods) {
    for (let i = 0; i < 200; i++) webSocket.receive(new Uint8Array(744));
  }
  ada.webSocket.receive(new Uint8Array(MTU));
  const lines = poll();
  for (const line of lines) if (line.startsWith("6.6.6.6")) held += 1_000;
  assert(held > maxReceiveBytes / 2 && held < maxReceiveBytes, `${held} bytes`);
  assertEquals(lines.filter((line) => line.startsWith("10.")).length, 1);
  // All of the room is there again.
  for (let i = 0; i < 50; i++) floods[0]!.receive(new Uint8Array(744));
  assertEquals(poll().length, 50);
});

Deno.test("WebSocketDatagramListener answers Full for who does not read, by bytes and by frames", () => {
  const { listener, join } = rig({ maxBufferedBytes: 10_000 });
  const [slow, tiny, ada] = [join(), join(), join()];
  slow.webSocket.isStalled = true;
  tiny.webSocket.isStalled = true;
  const datagram = new Uint8Array(1_000);
  const results = [...Array(12)].map(() =>
    listener.send(datagram, slow.address)
  );
  assertEquals(results, [
    ...Array(10).fill(0),
    SendResult.Full,
    SendResult.Full,
  ]);
  // A frame of one byte costs as well.
  let frames = 0;
  while (listener.send(new Uint8Array(1), tiny.address) === 0) frames += 1;
  assertEquals(frames, 256);
  assertEquals(listener.counters.full, 3);
  for (let i = 0; i < 1_000; i++) {
    assertEquals(listener.send(datagram, ada.address), SendResult.Sent);
  }
  // Room comes back as frames leave.
  slow.webSocket.bufferedAmount = 8_500;
  tiny.webSocket.bufferedAmount = 250;
  assertEquals(listener.send(datagram, slow.address), SendResult.Sent);
  assertEquals(listener.send(datagram, slow.address), SendResult.Full);
  for (let i = 0; i < 6; i++) {
    assertEquals(listener.send(new Uint8Array(1), tiny.address), 0);
  }
  assertEquals(
    listener.send(new Uint8Array(1), tiny.address),
    SendResult.Full,
  );
});

Deno.test("WebSocketDatagramListener answers Full until a client has opened", () => {
  const { listener } = rig();
  const webSocket = new FakeWebSocket();
  const address = listener.accept(webSocket, { host: "10.0.0.1" })!;
  assertEquals(`${address}`, "10.0.0.1");
  assertEquals(webSocket.binaryType, "arraybuffer");
  assertEquals(listener.send(new Uint8Array(1), address), SendResult.Full);
  webSocket.open();
  assertEquals(listener.send(new Uint8Array(1), address), SendResult.Sent);
});

Deno.test("WebSocketDatagramListener closes who is silent, and whose address nobody retains", () => {
  const { listener, clock, join, poll } = rig({
    idleTimeoutMs: 5_000,
    strangerTimeoutMs: 10_000,
  });
  const [silent, stranger, peer, released] = [join(), join(), join(), join()];
  silent.address.retain();
  peer.address.retain();
  released.address.retain();
  for (let second = 0; second < 20; second++) {
    if (second === 5) released.address.release();
    for (const { webSocket } of [stranger, peer, released]) {
      webSocket.receive([1]);
    }
    poll();
    clock.advance(1_000);
    const closed = [silent, stranger, peer, released].map(({ webSocket }) =>
      webSocket.closeCodes[0]
    );
    assertEquals(closed, [
      second >= 5 ? 4003 : undefined,
      second >= 10 ? 4004 : undefined,
      undefined,
      second >= 14 ? 4004 : undefined,
    ], `after ${second} s`);
  }
  assertEquals([listener.ended.silent, listener.ended.stranger], [1, 2]);
});

Deno.test("WebSocketDatagramListener takes nobody for silent while it is not polled", () => {
  const { clock, join, poll } = rig({ idleTimeoutMs: 5_000 });
  const { webSocket, address } = join();
  address.retain();
  poll();
  clock.advance(3_600_000);
  poll();
  assertEquals(webSocket.closeCodes, []);
});

Deno.test("WebSocketDatagramListener has room for so many, in all and from one host", () => {
  const { listener, join } = rig({ maxClients: 3, maxClientsPerHost: 2 });
  const first = join("10.0.0.1");
  join("10.0.0.1");
  assertEquals(
    ["10.0.0.1", "10.0.0.2"].map((host) => listener.hasRoom(host)),
    [false, true],
  );
  join("10.0.0.2");
  assertEquals(listener.hasRoom("10.0.0.3"), false);
  const late = new FakeWebSocket();
  assertEquals(listener.accept(late, { host: "10.0.0.3" }), undefined);
  late.open();
  assert(late.closeCodes.includes(4005));
  assertEquals(listener.ended.refused, 1);
  // One that does not answer the closing handshake keeps its place.
  listener.disconnect(first.address);
  assertEquals([listener.clientCount, listener.hasRoom("10.0.0.1")], [
    3,
    false,
  ]);
  first.webSocket.end();
  assertEquals([listener.clientCount, listener.hasRoom("10.0.0.1")], [2, true]);
});

Deno.test("WebSocketDatagramListener hands out what a client sent before it left", () => {
  const { listener, join, poll } = rig({ maxClients: 1 });
  const { webSocket, address } = join();
  webSocket.receive([1]);
  webSocket.receive([2]);
  webSocket.end(1000);
  webSocket.end(1000);
  assertEquals(listener.send(new Uint8Array(1), address), SendResult.Closed);
  // Until then it has its place, so that such clients cannot pile up.
  assertEquals(listener.hasRoom("10.0.0.1"), false);
  assertEquals(poll(), ["10.0.0.1:1: 1", "10.0.0.1:1: 2"]);
  assertEquals([listener.clientCount, listener.ended.left], [0, 1]);
});

Deno.test("WebSocketDatagramListener.disconnect() closes a client and forgets what it sent", () => {
  const { listener, join, poll } = rig();
  const { webSocket, address } = join();
  webSocket.receive([1]);
  listener.disconnect(address);
  listener.disconnect(address);
  assertEquals(webSocket.closeCodes, [1000]);
  webSocket.end();
  assertEquals(poll(), []);
  assertEquals([listener.clientCount, listener.ended.disconnected], [0, 1]);
  assertEquals(listener.ended.left, 0);
  assertThrows(
    () => listener.disconnect(rig().join().address),
    TypeError,
    "of this listener",
  );
});

Deno.test("WebSocketDatagramListener.close() closes all, also inside of a sink", () => {
  const { listener, join } = rig();
  const clients = [join(), join()];
  for (const { webSocket } of clients) webSocket.receive([1]);
  const handed = listener.poll(() => listener.close());
  assertEquals([handed, listener.isClosed], [1, true]);
  listener.close();
  for (const { webSocket } of clients) {
    assertEquals(webSocket.closeCodes, [1000]);
    webSocket.receive([2]);
    webSocket.end();
  }
  assertEquals(listener.poll(() => {}), 0);
  assertEquals([listener.clientCount, listener.hasRoom("10.0.0.1")], [
    0,
    false,
  ]);
  assertEquals(
    listener.send(new Uint8Array(1), clients[0]!.address),
    SendResult.Closed,
  );
});

Deno.test("WebSocketDatagramListener.poll() refuses to be called by its sink, and goes on after one that throws", () => {
  const { listener, join, poll } = rig();
  const { webSocket } = join();
  for (let i = 0; i < 3; i++) webSocket.receive([i]);
  assertThrows(
    () => listener.poll(() => listener.poll(() => {})),
    TypeError,
    "inside of it",
  );
  assertThrows(
    () =>
      listener.poll(() => {
        throw new Error("mine");
      }),
    Error,
    "mine",
  );
  assertEquals(poll(), ["10.0.0.1:1: 2"]);
});

Deno.test("WebSocketDatagramListener refuses options out of their range, and addresses", () => {
  const wrong: WebDatagramListenerOptions[] = [
    { maxClients: 0 },
    { maxClientsPerHost: 1.5 },
    { maxBufferedBytes: MTU - 1 },
    { maxClients: 100, maxReceiveBytes: 300_000 },
    { maxReceiveBytesPerClient: 2_000 },
    { idleTimeoutMs: 0 },
    { strangerTimeoutMs: NaN },
    { origin: { host: "localhost", port: 65_536 } },
  ];
  for (const options of wrong) {
    assertThrows(
      () => new WebSocketDatagramListener(options),
      RangeError,
      Object.keys(options).at(-1),
    );
  }
  const { listener } = rig();
  assertThrows(() => listener.address("10.0.0.1", 1), TypeError, "connected");
  assertThrows(() => listener.poll(() => {}, 0), RangeError, "maxDatagrams");
});
