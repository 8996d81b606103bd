import { assert, assertEquals } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import type { LobbyId } from "../lobby_id.ts";
import { ClusterWorld, LEASE_MS } from "./_testing/cluster_world.ts";

const QUEUES = {
  pairs: { modes: { pair: { teams: 2, teamSize: 2 } }, regions: ["eu", "us"] },
};

/** What is stored of the ticket of who asked first. */
function stored(world: ClusterWorld, token: number, player: string): unknown {
  const records = world.redis.hash(`tickwire:{lobby}:records:${token}`);
  const value = records.get(`ticket:pairs\n${player}`);
  return value === undefined ? undefined : JSON.parse(value).latencies;
}

Deno.test("LobbyServers take a party's latencies along to the queue's server", async () => {
  const world = new ClusterWorld();
  const a = await world.start("a", { queues: QUEUES });
  const b = await world.start("b", { queues: QUEUES });
  // The queue is at the first one.
  const eve = world.join("eve", ["a"]);
  eve.client.setLatencies({ us: 30 });
  await world.done(eve, eve.client.enqueue("pairs"));
  const ada = world.join("ada", ["b"]);
  const bob = world.join("bob", ["b"]);
  const { lobby } = await world.done(ada, ada.client.create());
  await world.done(bob, bob.client.join(lobby as LobbyId));
  ada.client.setLatencies({ eu: 20, us: 30 });
  await world.run();
  // What would be refused there does not have the lobby go there.
  const refused = await world.refused(
    ada,
    ada.client.enqueue("pairs", { isParty: true }),
  );
  assertEquals([refused.reason, refused.players], ["invalidTicket", ["bob"]]);
  assertEquals([a.server.lobbyCount, b.server.lobbyCount], [0, 1]);
  bob.client.setLatencies({ us: 70 });
  await world.run();
  // His client does not follow at once.
  bob.client.close();
  await world.run();
  await world.done(ada, ada.client.enqueue("pairs", { isParty: true }));
  assertEquals([world.nodeOf(ada), world.nodeOf(bob)], ["a", undefined]);
  assertEquals(stored(world, a.cluster.token, "ada"), { us: 70 });
  // What went with his seat is not kept there.
  await world.run(4);
  assertEquals(
    world.redis.hash(`tickwire:{lobby}:records:${a.cluster.token}`)
      .get("server:seat:bob"),
    "",
  );
  bob.client.connect();
  const dan = world.join("dan", ["b"]);
  dan.client.setLatencies({ us: 40 });
  dan.client.enqueue("pairs");
  await world.until(() =>
    [ada, bob, eve, dan].every(({ client }) =>
      client.lobby?.players.length === 4
    )
  );
  const made = a.events.find(({ type }) => type === "matchMade");
  assert(made?.type === "matchMade");
  assertEquals(made.region, "us");
  assertEquals(made.teams.flat().includes(playerId("bob")), true);
});

Deno.test("LobbyServers know a party's latencies when its server has died, and its tickets have theirs", async () => {
  const world = new ClusterWorld();
  const a = await world.start("a", { queues: QUEUES });
  const b = await world.start("b", { queues: QUEUES });
  const ada = world.join("ada", ["a", "b"]);
  const bob = world.join("bob", ["a", "b"]);
  const { lobby } = await world.done(ada, ada.client.create());
  await world.done(bob, bob.client.join(lobby as LobbyId));
  ada.client.setLatencies({ eu: 20 });
  bob.client.setLatencies({ eu: 70 });
  await world.run();
  await world.done(ada, ada.client.enqueue("pairs", { isParty: true }));
  bob.client.setLatencies({ eu: 40 });
  await world.run();
  world.kill(a);
  await world.run(LEASE_MS / 50 + 60);
  await world.until(() =>
    [ada, bob].every((player) =>
      world.nodeOf(player) === "b" && player.client.isSynced
    )
  );
  assertEquals(stored(world, b.cluster.token, "ada"), { eu: 70 });
  await world.done(bob, bob.client.dequeue());
  // Their clients have told the heir.
  await world.done(ada, ada.client.enqueue("pairs", { isParty: true }));
  assertEquals(stored(world, b.cluster.token, "ada"), { eu: 40 });
});
