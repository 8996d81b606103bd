// Requests over real sockets.
import { assertEquals } from "@std/assert";
import { playerId } from "../core/mod.ts";
import { WsClient, type WsEvent, WsHub } from "./mod.ts";

Deno.test("WsClient.request() is answered by WsHub.reply(), over real sockets", async () => {
  const hub = new WsHub({
    upgrade: (request) => Deno.upgradeWebSocket(request),
    authenticate: () => ({ playerId: playerId("p") }),
    channel: () => ({ isRelayed: true }),
  });
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    hub.handler,
  );
  const client = new WsClient({
    url: `ws://127.0.0.1:${server.addr.port}`,
    mux: true,
  });
  client.connect();
  client.subscribe("sum");
  const first = client.request("sum", new Uint8Array([1, 2]));
  let second: number | undefined;
  const outcomes: WsEvent[] = [];
  const deadline = performance.now() + 30_000;
  let last = performance.now();
  while (outcomes.length < 2 && performance.now() < deadline) {
    const dt = (performance.now() - last) / 1_000;
    last = performance.now();
    hub.tick(dt);
    for (const event of hub.drainEvents()) {
      if (
        event.type !== "message" || event.request === undefined || event.isText
      ) continue;
      const sum = event.bytes.reduce((a, b) => a + b, 0);
      hub.reply(event.client, "sum", event.request, `${sum}`);
    }
    client.tick(dt);
    for (const event of client.drainEvents()) {
      if (["reply", "requestFailed", "message"].includes(event.type)) {
        outcomes.push(event);
      }
    }
    // Its time is not to be over before there is a connection.
    if (outcomes.length === 1) {
      second ??= client.request("sum", "never", { timeoutMs: 300 });
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assertEquals(outcomes, [
    { type: "reply", request: first!, message: { type: "text", text: "3" } },
    { type: "requestFailed", request: second!, reason: "timeout" },
  ]);
  client.close();
  hub.close();
  await server.shutdown();
});
