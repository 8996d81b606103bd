import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MTU } from "../constants.ts";
import { SendResult } from "../socket/datagram_socket.ts";
import { FakeWebSocket } from "./_testing/fake_web_socket.ts";
import { TransportError } from "../transport_error.ts";
import {
  WebSocketDatagramSocket,
  type WebSocketDatagramSocketOptions,
} from "./web_socket_datagram_socket.ts";

async function open(
  options: WebSocketDatagramSocketOptions = {},
): Promise<{ socket: WebSocketDatagramSocket; webSocket: FakeWebSocket }> {
  const webSocket = new FakeWebSocket();
  const connecting = WebSocketDatagramSocket.connect("wss://game.example/udp", {
    ...options,
    create: () => webSocket,
  });
  webSocket.open();
  return { socket: await connecting, webSocket };
}

async function failure(
  webSocket: FakeWebSocket,
  options: WebSocketDatagramSocketOptions,
  act: () => void,
): Promise<string> {
  const connecting = WebSocketDatagramSocket.connect("ws://[::1]:9000", {
    ...options,
    create: () => webSocket,
  });
  act();
  const error = await assertRejects(() => connecting, TransportError);
  return error.code;
}

Deno.test("WebSocketDatagramSocket sends to its server and nobody else", async () => {
  const { socket, webSocket } = await open();
  const { serverAddress } = socket;
  assertEquals(`${serverAddress}`, "game.example:443");
  assertEquals(socket.address("game.example", 443), serverAddress);
  assertThrows(() => socket.address("game.example", 80), TypeError, "server");
  assertThrows(() => socket.address("game.example", 0), RangeError, "port");
  const bytes = new Uint8Array(MTU).fill(7);
  assertEquals(socket.send(bytes, serverAddress), SendResult.Sent);
  assertEquals(socket.send(bytes, socket.localAddress), SendResult.Refused);
  assertEquals(
    socket.send(new Uint8Array(MTU + 1), serverAddress),
    SendResult.TooLarge,
  );
  assertEquals(webSocket.sent, [[...bytes]]);
  assertEquals([socket.counters.sent, socket.counters.failed], [1, 2]);
});

Deno.test("WebSocketDatagramSocket answers Full while too much waits", async () => {
  const { socket, webSocket } = await open({ maxBufferedBytes: 3_000 });
  const bytes = new Uint8Array(1_000);
  webSocket.isStalled = true;
  const results = [...Array(4)].map(() =>
    socket.send(bytes, socket.serverAddress)
  );
  assertEquals(results, [0, 0, 0, SendResult.Full]);
  webSocket.bufferedAmount = 0;
  assertEquals(socket.send(bytes, socket.serverAddress), SendResult.Sent);
  assertEquals([socket.counters.sent, socket.counters.full], [4, 1]);
});

Deno.test("WebSocketDatagramSocket drops what is no datagram, and what finds no room", async () => {
  const { socket, webSocket } = await open({ maxReceiveBytes: 4_096 });
  webSocket.receive("text");
  webSocket.receive(new Uint8Array(MTU + 1));
  assertEquals(socket.counters.dropped, 2);
  // 768 bytes and 256 beside: four find room.
  for (let i = 0; i < 6; i++) webSocket.receive(new Uint8Array(768).fill(i));
  assertEquals(socket.counters.dropped, 4);
  const first: number[] = [];
  socket.poll((datagram) => first.push(datagram[0]!), 3);
  webSocket.receive([9]);
  socket.poll((datagram, from) => {
    assertEquals(from, socket.serverAddress);
    first.push(datagram[0]!);
  });
  assertEquals(first, [0, 1, 2, 3, 9]);
  assertEquals(socket.isClosed, false);
});

Deno.test("WebSocketDatagramSocket is closed when the other end closes, and what came before can be polled", async () => {
  const { socket, webSocket } = await open();
  webSocket.receive([1]);
  webSocket.end(4004, "No session");
  assertEquals([socket.isClosed, socket.closeReason], [true, "No session"]);
  assertEquals(
    socket.send(new Uint8Array(1), socket.serverAddress),
    SendResult.Closed,
  );
  assertEquals(socket.poll(() => {}), 1);
  webSocket.receive([2]);
  assertEquals(socket.poll(() => {}), 0);
});

Deno.test("WebSocketDatagramSocket is closed when the connection breaks", async () => {
  const { socket, webSocket } = await open();
  webSocket.fail();
  assertEquals([socket.isClosed, socket.closeReason], [true, ""]);
});

Deno.test("WebSocketDatagramSocket.close() closes the WebSocket and forgets what came", async () => {
  const { socket, webSocket } = await open();
  webSocket.receive([1]);
  socket.close();
  socket.close();
  webSocket.receive([2]);
  assertEquals(socket.poll(() => {}), 0);
  assertEquals([socket.isClosed, socket.closeReason], [true, undefined]);
  assertEquals(webSocket.closeCodes.length, 1);
});

Deno.test("WebSocketDatagramSocket.connect() rejects when it cannot open", async () => {
  const refused = new FakeWebSocket();
  assertEquals(
    await failure(refused, {}, () => refused.end()),
    "connectFailed",
  );
  const failed = new FakeWebSocket();
  assertEquals(await failure(failed, {}, () => failed.fail()), "connectFailed");
  const silent = new FakeWebSocket();
  assertEquals(await failure(silent, { timeoutMs: 1 }, () => {}), "timedOut");
  assertEquals(silent.closeCodes.length, 1);
  const abort = new AbortController();
  const options = { signal: abort.signal };
  const unwanted = new FakeWebSocket();
  assertEquals(
    await failure(unwanted, options, () => abort.abort()),
    "aborted",
  );
  assertEquals(unwanted.closeCodes.length, 1);
  assertEquals(
    await failure(new FakeWebSocket(), options, () => {}),
    "aborted",
  );
});

Deno.test("WebSocketDatagramSocket closes when its signal is aborted", async () => {
  const abort = new AbortController();
  const { socket, webSocket } = await open({ signal: abort.signal });
  abort.abort();
  assertEquals([socket.isClosed, webSocket.closeCodes.length], [true, 1]);
});

Deno.test("WebSocketDatagramSocket.connect() refuses wrong arguments", async () => {
  await assertRejects(
    () => WebSocketDatagramSocket.connect("ftp://game.example"),
    TypeError,
    "wss:",
  );
  for (
    const options of [
      { maxBufferedBytes: MTU - 1 },
      { maxReceiveBytes: 4_095 },
      { timeoutMs: 0 },
    ]
  ) {
    await assertRejects(
      () => WebSocketDatagramSocket.connect("ws://game.example", options),
      RangeError,
      Object.keys(options)[0],
    );
  }
});
