// The client on the genuine WebSocket of the runtime, over loopback.
import { assert, assertEquals } from "@std/assert";
import { WsClient } from "./client.ts";
import type { WsClientOptions } from "./client_options.ts";
import type { WsEvent } from "./event.ts";
import { WsMessage } from "./message.ts";

const DEADLINE_MS = 120_000;

/** A server whose sockets can be cut. */
function startServer(
  onSocket: (socket: WebSocket) => void,
  port = 0,
): Deno.HttpServer<Deno.NetAddr> & { cut(): Promise<void> } {
  const controller = new AbortController();
  const server = Deno.serve({
    port,
    hostname: "127.0.0.1",
    signal: controller.signal,
    onListen() {},
  }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    socket.onerror = () => {};
    sockets.push(socket);
    onSocket(socket);
    return response;
  });
  const sockets: WebSocket[] = [];
  return Object.assign(server, {
    cut: async (): Promise<void> => {
      for (const socket of sockets) {
        if (socket.readyState < 2) socket.close(1012, "restart");
      }
      controller.abort();
      await server.finished;
    },
  });
}

const echo = (socket: WebSocket): void => {
  socket.onmessage = ({ data }) => socket.send(data);
};

function makeClient(port: number, options: Partial<WsClientOptions> = {}) {
  const client = new WsClient({ url: `ws://127.0.0.1:${port}/`, ...options });
  const events: WsEvent[] = [];
  /** Runs frames until the condition holds; time goes as fast as it can. */
  const until = async (
    isDone: () => boolean,
    dt = 1 / 60,
  ): Promise<void> => {
    const deadline = performance.now() + DEADLINE_MS;
    while (!isDone()) {
      assert(
        performance.now() < deadline,
        `deadline; state ${client.state}, events ${
          JSON.stringify(events.slice(-5))
        }`,
      );
      client.tick(dt);
      events.push(...client.drainEvents());
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  const count = (type: WsEvent["type"]): number =>
    events.filter((event) => event.type === type).length;
  return { client, events, until, count };
}

Deno.test("WsClient gets its texts and bytes back from a real server", async () => {
  const server = startServer(echo);
  const { client, events, until, count } = makeClient(server.addr.port);
  client.connect();
  const large = new Uint8Array(3_000_000).map((_, i) => i * 7);
  assert(client.send("héllo"));
  assert(client.send(new Uint8Array([1, 2, 3])));
  await until(() => count("message") === 2, 0);
  assert(client.send(large));
  assert(client.send(""));
  await until(() => count("message") === 4, 0);
  const messages = events.flatMap((event) =>
    event.type === "message" ? [event.message] : []
  );
  assertEquals(messages[0], WsMessage.text("héllo"));
  assertEquals(messages[1], WsMessage.binary(new Uint8Array([1, 2, 3])));
  const [, , back] = messages;
  assert(back?.type === "binary" && back.bytes.length === large.length);
  assert(back.bytes.every((byte, i) => byte === large[i]));
  assertEquals(messages[3], WsMessage.text(""));
  assertEquals(client.bytesSent, client.bytesReceived);
  client.close();
  await server.shutdown();
});

Deno.test("WsClient comes back when the server does", async () => {
  const first = startServer(echo);
  const { port } = first.addr;
  const { client, events, until, count } = makeClient(port);
  client.connect();
  await until(() => client.isConnected);
  await first.cut();
  await until(() => count("disconnected") >= 1);
  client.send("while it was away");
  // Refused at least once.
  await until(() => count("error") >= 1, 1 / 4);
  const second = startServer(echo, port);
  await until(() => count("message") === 1, 1 / 4);
  assertEquals(events.find((event) => event.type === "message"), {
    type: "message",
    message: WsMessage.text("while it was away"),
    channel: undefined,
  });
  assertEquals(client.stats.reconnects, 1);
  client.close();
  await second.shutdown();
});

Deno.test("WsClient reports a port that refuses", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const { client, events, until } = makeClient(port, { maxReconnects: 2 });
  client.connect();
  await until(() => client.state === "closed", 1 / 10);
  assertEquals(
    events.map((event) => event.type === "error" ? event.reason : event.type),
    [
      "connectFailed",
      "disconnected",
      "reconnecting",
      "connectFailed",
      "disconnected",
      "reconnecting",
      "connectFailed",
      "disconnected",
    ],
  );
  const last = events.at(-1);
  assert(last?.type === "disconnected" && last.code === 1006);
});

Deno.test("WsClient gives up a server that never answers the upgrade", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const accepted: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) accepted.push(connection);
  })();
  const { port } = listener.addr as Deno.NetAddr;
  const { client, events, until } = makeClient(port, {
    maxReconnects: 1,
    connectTimeoutMs: 2_000,
  });
  client.connect();
  await until(() => accepted.length === 1, 0);
  await until(() => client.state === "closed");
  const errors = events.flatMap((event) =>
    event.type === "error" ? [event.reason] : []
  );
  assertEquals(errors, ["connectTimeout", "connectTimeout"]);
  listener.close();
  await accepting;
  for (const connection of accepted) connection.close();
});

Deno.test("WsClient reports the code of a real server's close", async () => {
  const server = startServer((socket) => {
    socket.onopen = () => socket.close(4001, "who are you?");
  });
  const { client, events, until } = makeClient(server.addr.port);
  client.connect();
  await until(() => client.state === "closed");
  assertEquals(events.at(-1), {
    type: "disconnected",
    code: 4001,
    reason: "who are you?",
    willReconnect: false,
  });
  await server.shutdown();
});

Deno.test("WsClient hands a flood out in order, under a budget", async () => {
  const COUNT = 50_000;
  const server = startServer((socket) => {
    socket.onmessage = () => {
      for (let i = 0; i < COUNT; i++) socket.send(`${i}`);
    };
  });
  const client = new WsClient({
    url: `http://127.0.0.1:${server.addr.port}/`,
  });
  client.connect();
  client.send("go");
  let next = 0;
  let frames = 0;
  const deadline = performance.now() + DEADLINE_MS;
  while (next < COUNT) {
    assert(performance.now() < deadline, `${next} messages`);
    client.tick(1 / 60);
    for (const event of client.drainEvents(2)) {
      assert(event.type === "message" || event.type === "connected");
      if (event.type !== "message") continue;
      assertEquals(WsMessage.asText(event.message as WsMessage), `${next++}`);
    }
    frames++;
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert(frames > 5, `${frames} frames`);
  assertEquals(client.messagesReceived, COUNT);
  assertEquals(client.stats.undrainedMessages, 0);
  client.close();
  await server.shutdown();
});
