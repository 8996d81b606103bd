import { assert, assertEquals, assertRejects } from "@std/assert";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import { SendResult } from "../socket/datagram_socket.ts";
import { upgradeToDatagrams } from "./deno_web_socket.ts";
import { TransportError } from "../transport_error.ts";
import type { WebDatagramListenerOptions } from "./web_datagram_listener.ts";
import { WebSocketDatagramListener } from "./web_socket_datagram_listener.ts";
import { WebSocketDatagramSocket } from "./web_socket_datagram_socket.ts";

const DEADLINE_MS = 20_000;

/** A listener behind a real server; it echoes on its own when `isEchoing`. */
class Site implements AsyncDisposable {
  readonly listener: WebSocketDatagramListener;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(options: WebDatagramListenerOptions = {}) {
    this.listener = new WebSocketDatagramListener(options);
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request, info) =>
        upgradeToDatagrams(request, this.listener, {
          host: info.remoteAddr.hostname,
          port: info.remoteAddr.port,
        }),
    );
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close();
    await until("all are gone", () => this.listener.clientCount === 0);
    await this.#server.shutdown();
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!condition()) {
    assert(performance.now() < endMs, `It takes too long: ${what}`);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

Deno.test("WebSocketDatagramSocket and its listener exchange datagrams over loopback", async () => {
  await using site = new Site();
  const { listener } = site;
  using socket = await WebSocketDatagramSocket.connect(site.url);
  const lengths = [0, 1, 125, 126, 1_200, 1_400];
  const datagram = new Uint8Array(1_400);
  for (const [i, length] of lengths.entries()) {
    datagram.fill(i);
    const result = socket.send(
      datagram.subarray(0, length),
      socket.serverAddress,
    );
    assertEquals(result, SendResult.Sent);
    datagram.fill(255);
  }
  let from: DatagramAddress | undefined;
  const answers: string[] = [];
  await until("all came back", () => {
    listener.poll((bytes, address) => {
      from = address;
      assertEquals(listener.send(bytes, address), SendResult.Sent);
    });
    socket.poll((bytes) => answers.push(`${bytes.length} of ${bytes[0]}`));
    return answers.length === lengths.length;
  });
  assertEquals(
    answers,
    lengths.map((length, i) => `${length} of ${length > 0 ? i : undefined}`),
  );
  assertEquals(from?.host, "127.0.0.1");
  socket.close();
  await until("it left", () => listener.clientCount === 0);
  assertEquals(listener.send(datagram, from!), SendResult.Closed);
});

Deno.test("WebSocketDatagramSocket is closed by its listener, with a reason", async () => {
  await using site = new Site({ strangerTimeoutMs: 1 });
  using socket = await WebSocketDatagramSocket.connect(site.url);
  await until("it is closed", () => {
    site.listener.poll(() => {});
    return socket.isClosed;
  });
  assertEquals(socket.closeReason, "No session");
  assertEquals(site.listener.ended.stranger, 1);
});

Deno.test("WebSocketDatagramSocket.connect() rejects where nobody listens, or has no room", async () => {
  await using site = new Site({ maxClients: 1 });
  const first = await WebSocketDatagramSocket.connect(site.url);
  const full = await assertRejects(
    () => WebSocketDatagramSocket.connect(site.url),
    TransportError,
  );
  assertEquals(full.code, "connectFailed");
  first.close();
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  const nobody = await assertRejects(
    () => WebSocketDatagramSocket.connect(`ws://127.0.0.1:${port}`),
    TransportError,
  );
  assertEquals(nobody.code, "connectFailed");
});

Deno.test("upgradeToDatagrams() refuses what asks for no WebSocket", async () => {
  await using site = new Site();
  const response = await fetch(`http://127.0.0.1:${site.port}`);
  assertEquals(response.status, 426);
  await response.body?.cancel();
});

Deno.test("WebSocketDatagramListener bounds what a client costs that reads nothing, and serves the others", async () => {
  await using site = new Site();
  const { listener } = site;
  using slow = await Deno.connect({ hostname: "127.0.0.1", port: site.port });
  await slow.write(new TextEncoder().encode(
    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  ));
  assert((await slow.read(new Uint8Array(1_024)))! > 0);
  // A masked frame with one byte, so that its address is known.
  await slow.write(new Uint8Array([0x82, 0x81, 0, 0, 0, 0, 1]));
  let slowAddress: DatagramAddress | undefined;
  await until("it spoke", () => {
    listener.poll((_, from) => slowAddress = from);
    return slowAddress !== undefined;
  });
  const datagram = new Uint8Array(1_200);
  let fulls = 0;
  await until("what the system buffers is full", () => {
    const result = listener.send(datagram, slowAddress!);
    fulls = result === SendResult.Full ? fulls + 1 : 0;
    for (let i = 0; result === SendResult.Sent && i < 50; i++) {
      listener.send(datagram, slowAddress!);
    }
    return fulls > 20;
  });
  using socket = await WebSocketDatagramSocket.connect(site.url);
  let answers = 0;
  socket.send(datagram, socket.serverAddress);
  await until("another gets its answer", () => {
    listener.poll((bytes, from) => listener.send(bytes, from));
    answers += socket.poll(() => {});
    return answers === 1;
  });
  assertEquals(listener.send(datagram, slowAddress!), SendResult.Full);
});

Deno.test("WebSocketDatagramListener closes real clients that flood or send no datagrams, and serves the others", async () => {
  await using site = new Site();
  const { listener } = site;
  const codes: Promise<number>[] = [];
  function join(onOpen: (webSocket: WebSocket) => void): void {
    const webSocket = new WebSocket(site.url);
    webSocket.onopen = () => onOpen(webSocket);
    codes.push(
      new Promise((resolve) => webSocket.onclose = ({ code }) => resolve(code)),
    );
  }
  join((webSocket) => {
    const datagram = new Uint8Array(10);
    for (let i = 0; i < 10_000; i++) webSocket.send(datagram);
  });
  join((webSocket) => webSocket.send("hello"));
  join((webSocket) => webSocket.send(new Uint8Array(5_000_000)));
  using socket = await WebSocketDatagramSocket.connect(site.url);
  // Not polled: what the flood sends piles up.
  await until("the flood is over", () => listener.ended.flooded === 1);
  await until("all are gone", () => {
    listener.poll(() => {});
    return listener.clientCount === 1;
  });
  // Whoever had more under way may see its connection reset instead of the code.
  assertEquals((await Promise.all(codes)).slice(1), [4000, 4001]);
  const { flooded, notBinary, oversized } = listener.ended;
  assertEquals([flooded, notBinary, oversized], [1, 1, 1]);
  socket.send(new Uint8Array([7]), socket.serverAddress);
  let answers = 0;
  await until("the other gets its answer", () => {
    listener.poll((bytes, from) => listener.send(bytes, from));
    answers += socket.poll(() => {});
    return answers === 1;
  });
});
