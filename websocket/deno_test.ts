import { assert, assertEquals, assertThrows } from "@std/assert";
import { playerId } from "../core/mod.ts";
import { upgradeWebSocket } from "./deno.ts";
import { WsClient, WsHub } from "./mod.ts";

function serve(
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    handler,
  );
}

Deno.test("upgradeWebSocket() makes a socket whose bytes are ArrayBuffers", async () => {
  const { promise: received, resolve } = Promise.withResolvers<unknown>();
  await using server = serve((request) => {
    const { socket, response } = upgradeWebSocket(request);
    assertEquals(socket.binaryType, "arraybuffer");
    socket.addEventListener("message", ({ data }) => resolve(data));
    return response;
  });
  const client = new WebSocket(`ws://127.0.0.1:${server.addr.port}`);
  client.onopen = () => client.send(new Uint8Array([1, 2, 3]));
  const data = await received;
  assert(data instanceof ArrayBuffer);
  assertEquals(new Uint8Array(data), new Uint8Array([1, 2, 3]));
  const { promise: closed, resolve: close } = Promise.withResolvers<unknown>();
  client.onclose = close;
  client.close();
  await closed;
});

Deno.test("upgradeWebSocket() throws for a request that asks for no WebSocket", async () => {
  await using server = serve((request) => {
    assertThrows(() => upgradeWebSocket(request), TypeError);
    return new Response("asserted");
  });
  const response = await fetch(`http://127.0.0.1:${server.addr.port}`);
  assertEquals(await response.text(), "asserted");
});

Deno.test("upgradeWebSocket() is the upgrade of a hub, which authenticates before it", async () => {
  const asked: (string | null)[] = [];
  const hub = new WsHub({
    upgrade: upgradeWebSocket,
    authenticate: async (request) => {
      await Promise.resolve();
      asked.push(request.headers.get("upgrade"));
      return { playerId: playerId("ada") };
    },
    channel: () => ({ isRelayed: true }),
  });
  await using server = serve(hub.handler);
  const client = new WsClient({
    url: `ws://127.0.0.1:${server.addr.port}`,
    mux: true,
  });
  client.connect();
  client.subscribe("chat");
  client.sendOnChannel("chat", "hello");
  const texts: string[] = [];
  const endMs = performance.now() + 20_000;
  while (texts.length === 0) {
    assert(performance.now() < endMs, "Nothing came");
    await new Promise((resolve) => setTimeout(resolve));
    client.tick(0.001);
    hub.tick(0.001);
    for (const event of client.drainEvents()) {
      if (event.type === "message" && event.message.type === "text") {
        texts.push(event.message.text);
      }
    }
  }
  assertEquals([texts, asked], [["hello"], ["websocket"]]);
  client.close();
  hub.close();
});
