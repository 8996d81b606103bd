// Several hubs that act as one.
import { assert, assertEquals } from "@std/assert";
import { createClient } from "redis";
import { fromNodeRedis } from "../../core/mod.ts";
import { until } from "../_testing/backplane_conformance.ts";
import { BackplaneBus } from "../_testing/backplane_bus.ts";
import { RedisServer, whyNoRedis } from "../../tools/redis_server.ts";
import { type Client, TICK_SECONDS, World } from "./_testing/hub_world.ts";
import type { Backplane } from "./backplane.ts";
import { BroadcastChannelBackplane } from "./broadcast_channel_backplane.ts";
import { RedisBackplane } from "./redis_backplane.ts";

const missing = await whyNoRedis();

/**
 * Makes what waits until something is so, while no more time goes by for the hubs than really does: what is between them
 * may be as slow as the machine, and must not seem dead for that.
 */
function waiting(
  worlds: readonly World[],
): (isSo: () => boolean) => Promise<void> {
  return (isSo) => {
    let lastMs = performance.now();
    return until(() => {
      const nowMs = performance.now();
      const dt = Math.min((nowMs - lastMs) / 1_000, TICK_SECONDS);
      lastMs = nowMs;
      for (const world of worlds) world.run(1, dt);
      return isSo();
    });
  };
}

/** What two hubs do, whatever is between them. */
async function useTwoHubs(backplanes: readonly Backplane[]): Promise<void> {
  await using closing = new AsyncDisposableStack();
  for (const backplane of backplanes) closing.defer(() => backplane.close());
  const worlds = backplanes.map((backplane) => new World({ backplane }));
  const [one, two] = worlds as [World, World];
  const ada = await one.connect("ada");
  const bob = await two.connect("bob");
  for (const client of [ada, bob]) client.subscribe("chat", 0, true);
  const wait = waiting(worlds);
  const seenBy = (client: Client): string =>
    client.controls.flatMap((message) =>
      message.type === "presence"
        ? message.members.map(({ playerId }) => `${message.change} ${playerId}`)
        : []
    ).join();
  const isThere = (client: Client, who: string): boolean =>
    /(?:all|joined) /.test(seenBy(client)) && seenBy(client).includes(who);
  await wait(() => isThere(ada, "bob") && isThere(bob, "ada"));

  // A client's message, and the hub's.
  const out = ada.session.openChannel("chat")!;
  ada.session.send(out, new TextEncoder().encode("1"), { isText: true });
  await wait(() => ada.messages.length > 0);
  assertEquals(one.hub.publish("chat", "2"), 1);
  await wait(() => bob.messages.length >= 2);
  assertEquals(two.hub.publish("chat", "3"), 1);
  await wait(() => ada.messages.length >= 3 && bob.messages.length >= 3);
  for (let i = 0; i < 5; i++) await wait(() => true);
  const expected = ["chat: 1", "chat: 2", "chat: 3"];
  assertEquals([ada.messages, bob.messages], [expected, expected]);
  // Who sent it is told where it is, and nowhere else.
  const told = worlds.map(({ events }) =>
    events.filter(({ type }) => type === "message").length
  );
  assertEquals(told, [1, 0]);

  // Both remember what both said.
  const eve = await two.connect("eve");
  eve.subscribe("chat", 10);
  await wait(() => eve.messages.length >= 3);
  assertEquals(eve.messages, expected);
  await wait(() => isThere(ada, "eve"));
  eve.say({ type: "unsubscribe", channel: "chat" });
  await wait(() => seenBy(ada).endsWith("left eve"));
  two.hub.close();
  await wait(() => seenBy(ada).endsWith("left bob"));
  one.hub.close();
}

Deno.test("WsHub is one with another over BroadcastChannel", async () => {
  const name = crypto.randomUUID();
  await useTwoHubs([
    new BroadcastChannelBackplane(name),
    new BroadcastChannelBackplane(name),
  ]);
});

Deno.test({
  name: `WsHub is one with another over Redis${missing}`,
  ignore: missing !== "",
  fn: async () => {
    await using server = await RedisServer.start();
    const client = createClient({
      socket: { path: server.socket, tls: false },
    });
    await client.connect();
    try {
      await useTwoHubs([
        await RedisBackplane.open(fromNodeRedis(client)),
        await RedisBackplane.open(fromNodeRedis(client)),
      ]);
    } finally {
      client.destroy();
    }
  },
});

Deno.test({
  name: `WsHub finds the others again after an outage of Redis${missing}`,
  ignore: missing !== "",
  fn: async () => {
    await using server = await RedisServer.start();
    const client = createClient({
      socket: { path: server.socket, tls: false, reconnectStrategy: 5 },
    });
    client.on("error", () => {});
    await client.connect();
    // Whatever comes: a test that fails must not have the next ones fail.
    await using closing = new AsyncDisposableStack();
    closing.defer(() => client.destroy());
    const backplanes = [
      await RedisBackplane.open(fromNodeRedis(client)),
      await RedisBackplane.open(fromNodeRedis(client)),
    ];
    for (const backplane of backplanes) closing.defer(() => backplane.close());
    const worlds = backplanes.map((backplane) => new World({ backplane }));
    const [one, two] = worlds as [World, World];
    const wait = waiting(worlds);
    const ada = await one.connect("ada");
    ada.subscribe("chat", 0, true);
    const hasLast = (change: string, who: string): boolean => {
      const last = ada.controls.at(-1);
      return last?.type === "presence" && last.change === change &&
        last.members.some(({ playerId }) => playerId === who);
    };
    (await two.connect("bob")).subscribe("chat");
    await wait(() => hasLast("joined", "bob"));
    await server.stop();
    // Each takes the other for dead, after a time that is nobody's to wait for.
    await until(() => {
      for (const world of worlds) world.run(1);
      return hasLast("left", "bob");
    });
    one.hub.publish("chat", "meanwhile");
    await server.startAgain();
    await wait(() => hasLast("joined", "bob"));
    two.hub.publish("chat", "back");
    await wait(() => ada.messages.length >= 2);
    assertEquals(ada.messages, ["chat: meanwhile", "chat: back"]);
    for (const { hub } of worlds) hub.close();
  },
});

Deno.test("WsHub tells of a player once, at however many hubs", async () => {
  const bus = new BackplaneBus();
  const worlds = [0, 1, 2].map(() => new World({ backplane: bus.open() }));
  const run = (ticks = 6): void => {
    for (let i = 0; i < ticks; i++) {
      for (const world of worlds) world.run(1);
      bus.run();
    }
  };
  const [one, two, three] = worlds as [World, World, World];
  const watcher = await one.connect("watcher");
  watcher.subscribe("room", 0, true);
  const adas = [await two.connect("ada"), await three.connect("ada")];
  for (const ada of adas) ada.subscribe("room");
  run();
  for (const ada of adas) {
    ada.say({ type: "unsubscribe", channel: "room" });
    run();
  }
  const changes = watcher.controls.flatMap((message) =>
    message.type === "presence"
      ? [`${message.change} ${message.members.map((m) => m.playerId)}`]
      : []
  );
  assertEquals(changes, ["all watcher", "joined ada", "left ada"]);
});

Deno.test("WsHub tells who is there of a channel that it did not have before", async () => {
  const bus = new BackplaneBus();
  const [one, two] = [0, 1].map(() => new World({ backplane: bus.open() }));
  const run = (): void => {
    for (let i = 0; i < 6; i++) {
      for (const world of [one!, two!]) world.run(1);
      bus.run();
    }
  };
  (await one!.connect("ada")).subscribe("room");
  run();
  const bob = await two!.connect("bob");
  bob.subscribe("room", 0, true);
  run();
  const presence = bob.controls.find(({ type }) => type === "presence");
  assert(presence?.type === "presence");
  assertEquals(presence.members.map(({ playerId }) => playerId), [
    "ada",
    "bob",
  ]);
  const peers = [...two!.hub.metrics()].find(({ name }) =>
    name === "tickwire_hub_peer_hubs"
  );
  assertEquals(peers?.value, 1);
});

Deno.test("WsHub keeps its own subscribers while the backplane takes nothing", async () => {
  const bus = new BackplaneBus();
  bus.isFull = true;
  const world = new World({ backplane: bus.open() });
  const ada = await world.connect("ada");
  ada.subscribe("chat");
  world.run();
  for (let i = 0; i < 3; i++) world.hub.publish("chat", `${i}`);
  world.run();
  assertEquals(ada.messages, ["chat: 0", "chat: 1", "chat: 2"]);
});
