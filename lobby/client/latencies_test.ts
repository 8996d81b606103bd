import { assert, assertEquals, assertThrows } from "@std/assert";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { Player } from "../_testing/player_world.ts";

const QUEUES = {
  pairs: { modes: { pairs: { teams: 2, teamSize: 2 } }, regions: ["eu", "us"] },
};

/** Whether the server knows how far away a player is. */
async function isKnown(world: LobbyWorld, player: Player): Promise<boolean> {
  const { client } = player;
  const outcome = await world.outcome(player, client.enqueue("pairs"));
  if (outcome.type === "done") await world.done(player, client.dequeue());
  return outcome.type === "done";
}

/** How many requests of the name the server has answered. */
function asked(world: LobbyWorld, name: string): number {
  let sum = 0;
  for (const { name: metric, labels, value } of world.server!.metrics()) {
    if (metric === "tickwire_lobby_server_requests" && labels?.do === name) {
      sum += value;
    }
  }
  return sum;
}

Deno.test("LobbyClient.setLatencies() tells them before what is asked after it, also before there is a connection", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: QUEUES });
  const ada = world.join("ada");
  ada.client.setLatencies({ eu: 20 });
  assert(await isKnown(world, ada));
  const bob = world.join("bob");
  bob.client.close();
  bob.client.setLatencies({ eu: 20 });
  bob.client.connect();
  assert(await isKnown(world, bob));
  // It is no request of the game's, and ends with no event.
  const ended = ["done", "refused", "failed"] as const;
  for (const type of ended) {
    for (const event of world.told(ada, type)) {
      assert(event.do !== "setLatencies");
    }
  }
  assertEquals(asked(world, "setLatencies"), 2);
});

Deno.test("LobbyClient tells its latencies again in each session, and no more often", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: QUEUES });
  const ada = world.join("ada");
  ada.client.setLatencies({ eu: 20 });
  await world.until(() => ada.client.isSynced);
  world.cut(0);
  await world.run(40);
  // The session has gone on.
  assertEquals(asked(world, "setLatencies"), 1);
  await world.restart();
  await world.run();
  await world.until(() => ada.client.isSynced);
  assert(await isKnown(world, ada));
  assertEquals(asked(world, "setLatencies"), 1);
  ada.client.close();
  await world.run();
  ada.client.connect();
  await world.until(() => ada.client.isSynced);
  assertEquals(asked(world, "setLatencies"), 2);
});

Deno.test("LobbyClient tells its latencies again where that came too often", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: QUEUES, rate: { perSecond: 10, burst: 20 } });
  const ada = world.join("ada");
  await world.until(() => ada.client.isSynced);
  for (let i = 0; i < 40; i++) ada.client.setLatencies({ mars: i });
  // This one is refused, and said again by itself.
  ada.client.setLatencies({ eu: 20 });
  await world.run(2);
  const taken = asked(world, "setLatencies");
  assert(taken >= 18 && taken <= 22, `${taken}`);
  await world.run(40);
  assert(await isKnown(world, ada));
});

Deno.test("LobbyClient.setLatencies() keeps a copy, and refuses what is none", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: QUEUES });
  const ada = world.join("ada");
  const latencies: Record<string, number> = { eu: 20 };
  ada.client.setLatencies(latencies);
  latencies.eu = NaN;
  for (
    const wrong of [
      { eu: -1 },
      { eu: NaN },
      { eu: Infinity },
      { "": 1 },
      { ["x".repeat(65)]: 1 },
      { "\ud800": 1 },
      Object.fromEntries([...Array(65).keys()].map((it) => [`${it}`, it])),
    ]
  ) {
    assertThrows(
      () => ada.client.setLatencies(wrong),
      RangeError,
      "Cannot set latencies as",
    );
  }
  // What was said before holds.
  await world.restart();
  await world.run();
  assert(await isKnown(world, ada));
  ada.client.setLatencies({});
  assertEquals(await isKnown(world, ada), false);
});
