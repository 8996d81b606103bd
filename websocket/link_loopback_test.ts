// Links over real sockets.
import { assert, assertEquals } from "@std/assert";
import { playerId } from "../core/mod.ts";
import { Channel, type MessageLink } from "../protocol/mod.ts";
import { upgradeWebSocket } from "./deno.ts";
import { WsClient, WsHub } from "./mod.ts";

const DEADLINE_MS = 120_000;

Deno.test("WsClient.link() and WsHub.link() carry messages both ways, over real sockets", async () => {
  const hub = new WsHub({
    upgrade: upgradeWebSocket,
    authenticate: () => ({ playerId: playerId("p") }),
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
  const atClient = client.link("sums");
  let atHub: MessageLink | undefined;
  const others: string[] = [];
  const sums: number[] = [];
  let asked = 0;
  const endMs = performance.now() + DEADLINE_MS;
  let lastMs = performance.now();
  const frame = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve));
    const nowMs = performance.now();
    assert(nowMs < endMs, "It takes too long");
    const dt = (nowMs - lastMs) / 1_000;
    lastMs = nowMs;
    hub.tick(dt);
    for (const event of hub.drainEvents()) {
      if (event.type === "clientConnected") {
        atHub = hub.link(event.client, "sums");
      } else others.push(event.type);
    }
    atHub?.poll((bytes, channel) => {
      const sum = bytes.reduce((a, b) => a + b, 0);
      assert(atHub!.send(Uint8Array.of(sum), channel));
    });
    client.tick(dt);
    for (const event of client.drainEvents()) {
      if (event.type === "message") others.push(event.type);
    }
    atClient.poll((bytes) => sums.push(bytes[0]!));
  };
  while (sums.length < 100) {
    await frame();
    if (
      asked < 100 &&
      atClient.send(Uint8Array.of(asked, 1), Channel.ReliableOrdered)
    ) asked += 1;
  }
  assertEquals(sums, Array.from({ length: 100 }, (_, i) => i + 1));
  assertEquals(others, []);
  atClient.close("enough");
  while (atHub!.state.type !== "closed") await frame();
  assertEquals(atHub!.state, { type: "closed", reason: "enough" });
  client.close();
  while (hub.socketCount > 0) await frame();
  assertEquals(others.at(-1), "clientLeft");
  hub.close();
  await server.shutdown();
});
