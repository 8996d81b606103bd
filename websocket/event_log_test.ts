import { assert, assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../core/mod.ts";
import { MemoryNetwork } from "./_testing/memory_network.ts";
import type { Delivery, WsEvent, WsHubEvent } from "./mod.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SEEDS = IS_SOAK ? 200 : 5;
const STEPS = 400;
const CHANNELS = ["chat", "state", "news"];

/** A schedule of what clients and a hub do, of cuts and of hubs that are killed; all events of both. */
async function logOf(seed: number): Promise<string> {
  const random = new SeededRandom(seed);
  const below = (n: number): number => random.nextU32() % n;
  const network = new MemoryNetwork();
  const start = (): void => {
    network.start({
      channel: (name) => ({
        delivery: CHANNELS.indexOf(name) as Delivery,
        isRelayed: true,
        historyMessages: 3,
      }),
    });
  };
  start();
  const clients = Array.from(
    { length: 3 },
    (_, i) => network.client(`p${i}`, seed + i),
  );
  for (const client of clients) {
    client.connect();
    for (const name of CHANNELS) {
      client.subscribe(name, { history: 2, presence: true });
    }
  }
  const log: (WsEvent | WsHubEvent)[] = [];
  for (let step = 0; step < STEPS; step++) {
    const client = clients[below(clients.length)]!;
    const channel = CHANNELS[below(CHANNELS.length)]!;
    switch (below(10)) {
      case 0:
      case 1:
        client.sendOnChannel(channel, `${step}`);
        break;
      case 2:
        client.request(channel, `${step}`, { timeoutMs: 1 + below(3_000) });
        break;
      case 3:
        network.hub?.publish(channel, new Uint8Array(below(200)).fill(step));
        break;
      case 4:
        if (below(4) === 0) network.cut(below(9));
        break;
      case 5:
        if (below(9) > 0) break;
        if (network.hub === undefined) start();
        else if (below(2) === 0) network.kill();
        else {
          network.hub.close();
          await network.pump();
          network.kill();
        }
        break;
      default: {
        const dt = below(20) === 0 ? below(20) : below(100) / 1_000;
        network.clock.advance(dt * 1_000);
        for (const client of clients) client.tick(dt);
        await network.pump();
        network.hub?.tick(dt);
        for (const client of clients) log.push(...client.drainEvents());
        for (const event of network.hub?.drainEvents() ?? []) {
          log.push(event);
          if (event.type === "message" && event.request !== undefined) {
            network.hub!.reply(event.client, channel, event.request, "yes");
          }
        }
      }
    }
  }
  return JSON.stringify(
    log,
    (_, value) => value instanceof Uint8Array ? encodeHex(value) : value,
  );
}

Deno.test("WsClient and WsHub with the same seed and clock have the same events", async () => {
  const seen = new Set<string>();
  const types = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const log = await logOf(seed);
    assert(log === await logOf(seed), `seed ${seed}`);
    assert(log.length > 2_000, `seed ${seed}: ${log.length}`);
    seen.add(log);
    for (const [, type] of log.matchAll(/"type":"(\w+)"/g)) types.add(type!);
  }
  assertEquals(seen.size, SEEDS);
  for (
    const type of [
      "clientDisconnected",
      "message",
      "presence",
      "reply",
      "requestFailed",
      "session",
      "undelivered",
    ]
  ) assert(types.has(type), `${type} is not in ${[...types]}`);
});
