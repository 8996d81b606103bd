// Deflated messages between the client and the hub over real sockets, through a proxy that cuts them.
import { assert, assertEquals } from "@std/assert";
import { playerId } from "../core/mod.ts";
import { TcpProxy } from "../tools/tcp_proxy.ts";
import { WsClient, WsHub } from "./mod.ts";

const DEADLINE_MS = 120_000;

/** What a game might say of its world: some two kilobytes, and each time another. */
function stateOf(number: number): string {
  return JSON.stringify({
    number,
    players: Array.from({ length: 30 }, (_, id) => ({
      id,
      name: `player ${id}`,
      x: (id * 37 + number * 3) % 1_000 / 10,
      y: (id * 91 + number) % 1_000 / 10,
    })),
  });
}

Deno.test("WsClient and WsHub deflate both ways, over cuts, once and in order", async () => {
  const hub = new WsHub({
    upgrade: (request) => Deno.upgradeWebSocket(request),
    authenticate: () => ({ playerId: playerId("ada") }),
    deflateMinBytes: 1_000,
    keepaliveMs: 200,
  });
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    hub.handler,
  );
  const proxy = await TcpProxy.listen({ targetPort: server.addr.port });
  const client = new WsClient({
    url: `ws://127.0.0.1:${proxy.port}/`,
    mux: true,
    deflateMinBytes: 1_000,
    firstRetryMaxMs: 20,
    maxBackoffMs: 100,
    pingIntervalMs: 200,
    pongTimeoutMs: 200,
  });
  client.connect();
  client.subscribe("state");
  const down: string[] = [];
  const up: string[] = [];
  let isSubscribed = false;
  let lastMs = performance.now();
  const endMs = lastMs + DEADLINE_MS;
  const frame = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve));
    const nowMs = performance.now();
    assert(nowMs < endMs, `it takes too long: ${down.length}, ${up.length}`);
    const dt = (nowMs - lastMs) / 1_000;
    lastMs = nowMs;
    client.tick(dt);
    hub.tick(dt);
    for (const event of client.drainEvents()) {
      if (event.type === "subscribed") isSubscribed = true;
      if (event.type !== "message" || event.message.type !== "text") continue;
      down.push(event.message.text);
    }
    for (const event of hub.drainEvents()) {
      if (event.type !== "message") continue;
      up.push(new TextDecoder().decode(event.bytes));
    }
  };
  while (!isSubscribed) await frame();
  const COUNT = 120;
  const sent: string[] = [];
  for (let number = 1; number <= COUNT; number++) {
    // Some are too short to be deflated.
    sent.push(number % 5 === 0 ? `${number}` : stateOf(number));
    hub.publish("state", sent.at(-1)!);
    assert(client.sendOnChannel("input", sent.at(-1)!));
    if (number % 3 === 0) await frame();
    if (number === 40) proxy.cut("rst");
    if (number === 80) proxy.cut("fin");
  }
  while (down.length < COUNT || up.length < COUNT) await frame();
  assertEquals([down, up], [sent, sent]);
  const { bytesSaved, bytesSent, bytesReceived } = client.stats;
  // Payload is counted as the game knows it.
  assertEquals(bytesSent, bytesReceived);
  assert(bytesSaved > (bytesSent + bytesReceived) / 2, `${bytesSaved}`);
  client.close();
  await frame();
  hub.close();
  await proxy[Symbol.asyncDispose]();
  await server.shutdown();
});
