import { assert, assertEquals } from "@std/assert";
import { playerId, renderOpenMetrics } from "../../core/mod.ts";
import { type LobbyId, lobbyId } from "../lobby_id.ts";
import { ClusterWorld, LEASE_MS } from "./_testing/cluster_world.ts";

Deno.test("LobbyServers send a client to the one that has the lobby", async () => {
  const world = new ClusterWorld();
  await world.start("a");
  await world.start("b");
  const ada = world.join("ada", ["a"]);
  const bob = world.join("bob", ["b"]);
  const { lobby } = await world.done(ada, ada.client.create());
  // Both are asked of the one, and done by the other.
  const joined = bob.client.join(lobby as LobbyId);
  const ready = bob.client.setReady(true);
  await world.done(bob, joined);
  await world.done(bob, ready);
  assertEquals(world.nodeOf(bob), "a");
  const numbers = renderOpenMetrics(world.nodes.get("b")!.server.metrics());
  assert(numbers.includes("tickwire_lobby_cluster_servers 1\n"), numbers);
  assert(!numbers.includes("tickwire_lobby_server_redirected_total 0\n"));
  await world.until(() => ada.client.lobby?.players.length === 2);
  assertEquals(bob.client.lobby, ada.client.lobby);
  assertEquals(ada.client.lobby?.players[1]?.isReady, true);
  assert(bob.client.isSynced);
});

Deno.test("LobbyServers send a player who comes anywhere to the seat", async () => {
  const world = new ClusterWorld();
  await world.start("a");
  await world.start("b");
  const ada = world.join("ada", ["a"]);
  await world.done(ada, ada.client.create());
  ada.client.close();
  await world.run();
  const again = world.join("ada", ["b"]);
  await world.until(() => again.client.isSynced);
  assertEquals(world.nodeOf(again), "a");
  assertEquals(again.client.lobby?.players[0]?.id, playerId("ada"));
});

Deno.test("LobbyServers have a player in one lobby of all", async () => {
  const world = new ClusterWorld();
  const a = await world.start("a");
  const b = await world.start("b");
  // Two clients of one player, at once.
  const one = world.join("ada", ["a"]);
  const other = world.join("ada", ["b"]);
  await world.until(() => one.client.isSynced && other.client.isSynced);
  const requests = [one.client.create(), other.client.create()];
  const outcomes = [
    await world.outcome(one, requests[0]),
    await world.outcome(other, requests[1]),
  ];
  assertEquals(outcomes.map(({ type }) => type).sort(), ["done", "refused"]);
  assertEquals(a.server.lobbyCount + b.server.lobbyCount, 1);
  const refused = outcomes.find(({ type }) => type === "refused")!;
  assert(refused.type === "refused");
  assertEquals(refused.error.type, "playerAlreadyInLobby");
  // Who has left is free to go anywhere.
  await world.done(one, one.client.leave());
  assertEquals(
    world.redis.hash("tickwire:{lobby}:owners").has("server:seat:ada"),
    false,
  );
});

Deno.test("LobbyServers end what a game has made twice, and keep what was there first", async () => {
  const world = new ClusterWorld();
  const a = await world.start("a");
  const b = await world.start("b");
  const ada = world.join("ada", ["a"]);
  const id = lobbyId("same");
  const eve = playerId("eve");
  await world.done(ada, ada.client.create({ config: { name: "first" } }));
  assert(a.server.manager.createLobby(playerId("bob"), {}, { id }).isOk);
  await world.run(20);
  // The game at the other server knows of neither.
  assert(b.server.manager.createLobby(eve, {}, { id }).isOk);
  assert(b.server.manager.createLobby(playerId("ada")).isOk);
  await world.run(40);
  assertEquals(b.server.manager.lobbyCount, 0);
  assertEquals(a.server.manager.lobby(id)?.host, "bob");
  assertEquals(
    a.server.manager.lobbyForPlayer(playerId("ada"))?.config.name,
    "first",
  );
  assertEquals(ada.client.lobby?.config.name, "first");
  const owners = world.redis.hash("tickwire:{lobby}:owners");
  assertEquals(
    [...owners].filter(([, owner]) => owner !== String(a.cluster.token)),
    [],
  );
  // What is listed there is the first one still.
  const max = world.join("max", ["b"]);
  max.client.browse({});
  await world.until(() =>
    max.client.browser.filteredSorted().some((it) => it.id === id)
  );
  // Who was sent away may come in anywhere.
  assert(b.server.manager.createLobby(eve).isOk);
  await world.run(20);
  assertEquals(b.server.manager.lobbyForPlayer(eve)?.host, eve);
});

Deno.test("LobbyServers find lobbies by invite code, wherever they are", async () => {
  const world = new ClusterWorld();
  await world.start("a");
  await world.start("b");
  const ada = world.join("ada", ["a"]);
  const bob = world.join("bob", ["b"]);
  await world.done(
    ada,
    ada.client.create({ config: { access: "inviteOnly" } }),
  );
  const { code } = await world.done(ada, ada.client.invite());
  await world.done(bob, bob.client.joinByCode(code as string));
  assertEquals(bob.client.lobby?.id, ada.client.lobby?.id);
  const eve = world.join("eve", ["b"]);
  const error = await world.refused(eve, eve.client.joinByCode("nothing"));
  assertEquals(error.type, "notFound");
});

Deno.test("LobbyServers list what all of them have, and forget the dead", async () => {
  const world = new ClusterWorld();
  const a = await world.start("a");
  await world.start("b");
  const ada = world.join("ada", ["a"]);
  const bob = world.join("bob", ["b"]);
  await world.done(ada, ada.client.create({ config: { name: "one" } }));
  bob.client.browse();
  const names = () =>
    bob.client.browser.filteredSorted().map(({ name }) => name).sort();
  await world.until(() => names().join() === "one");
  // Who comes later reads what there is.
  await world.start("c");
  const cat = world.join("cat", ["c"]);
  cat.client.browse();
  await world.until(() => cat.client.browser.filteredSorted().length === 1);
  // Messages may be lost.
  world.nodes.get("b")!.redis.losesMessages = true;
  await world.done(ada, ada.client.configure({ name: "two" }));
  await world.until(() => names().join() === "two");
  world.nodes.get("b")!.redis.losesMessages = false;
  await world.done(ada, ada.client.leave());
  await world.until(() => names().length === 0);
  await world.done(ada, ada.client.create({ config: { name: "three" } }));
  await world.until(() => names().join() === "three");
  // The lobby is taken over, and with it its listing.
  world.kill(a);
  await world.run(LEASE_MS / 50 + 60);
  assertEquals(names(), ["three"]);
  assertEquals(cat.client.browser.filteredSorted().length, 1);
});

Deno.test("LobbyServers list a lobby no longer that has moved and is gone", async () => {
  const world = new ClusterWorld();
  const queues = { pairs: { modes: { pair: { teams: 2, teamSize: 2 } } } };
  await world.start("a", { queues });
  const b = await world.start("b", { queues });
  const eve = world.join("eve", ["a"]);
  await world.done(eve, eve.client.enqueue("pairs"));
  const ada = world.join("ada", ["b"]);
  const readers = ["a", "b"].map((name) =>
    world.join(`reader-${name}`, [name])
  );
  for (const { client } of readers) client.browse();
  const counts = (): string =>
    readers.map(({ client }) => client.browser.filteredSorted().length).join();
  await world.done(ada, ada.client.create());
  await world.until(() => counts() === "1,1", "the lobby");
  // What has changed in it just before it moves is stored while it does.
  const { command } = b.redis;
  b.redis.command = async (args) => {
    if (args[1]?.startsWith("-- save")) {
      for (let i = 0; i < 500; i++) await Promise.resolve();
    }
    return await command(args);
  };
  ada.client.setMetadata({ is: "ours" });
  await world.done(ada, ada.client.enqueue("pairs", { isParty: true }));
  assertEquals(world.nodeOf(ada), "a");
  await world.run(40);
  assertEquals(counts(), "1,1");
  await world.done(ada, ada.client.leave());
  await world.run(40);
  assertEquals(counts(), "0,0");
});

Deno.test("LobbyServers seat everybody again of one that has died", async () => {
  const world = new ClusterWorld();
  const a = await world.start("a");
  const b = await world.start("b");
  const ada = world.join("ada", ["a", "b"]);
  const bob = world.join("bob", ["b", "a"]);
  const { lobby } = await world.done(ada, ada.client.create());
  await world.done(bob, bob.client.join(lobby as LobbyId));
  const { code } = await world.done(ada, ada.client.invite());
  await world.done(bob, bob.client.setPlayerMetadata({ hat: "red" }));
  a.server.manager.setServerData(lobby as LobbyId, { round: 3 });
  await world.run(2);
  world.kill(a);
  await world.until(
    () =>
      [ada, bob].every((player) =>
        world.nodeOf(player) === "b" && player.client.isSynced &&
        player.client.lobby?.players.every(({ isConnected }) => isConnected)
      ),
    "everybody's return",
  );
  assertEquals(ada.client.lobby?.id, lobby);
  assertEquals(ada.client.lobby, bob.client.lobby);
  assertEquals(ada.client.lobby?.players[1]?.metadata, { hat: "red" });
  assertEquals(
    [ada, bob].flatMap(({ events }) =>
      events.filter(({ type }) => type === "left")
    ),
    [],
  );
  assertEquals(b.events.filter(({ type }) => type === "inherited").length, 1);
  assertEquals(b.server.manager.serverData(lobby as LobbyId), { round: 3 });
  const cat = world.join("cat", ["b"]);
  await world.done(cat, cat.client.joinByCode(code as string));
});

Deno.test("LobbyServer hands over what it has when it is closed", async () => {
  const world = new ClusterWorld();
  const a = await world.start("a");
  await world.start("b");
  const ada = world.join("ada", ["a", "b"]);
  const { lobby } = await world.done(ada, ada.client.create());
  await a.server.close(0);
  await a.cluster.close();
  await world.run(1);
  world.kill(a);
  // It does not take as long as the lease.
  await world.run(LEASE_MS / 50 / 2);
  assertEquals(world.nodeOf(ada), "b");
  assertEquals(ada.client.lobby?.id, lobby);
  assert(ada.client.isSynced);
});

Deno.test("LobbyServer is over when it has stood still beyond its lease", async () => {
  const world = new ClusterWorld();
  const a = await world.start("a");
  const b = await world.start("b");
  const ada = world.join("ada", ["a", "b"]);
  await world.done(ada, ada.client.create());
  a.isPaused = true;
  await world.until(() => b.server.lobbyCount === 1, "the heir");
  assertEquals(a.server.lobbyCount, 1);
  a.isPaused = false;
  await world.until(() => world.nodeOf(ada) === "b" && ada.client.isSynced);
  assertEquals(a.events.at(-1)?.type, "clusterLost");
  assertEquals(
    (await a.server.handler(new Request("http://a.test"))).status,
    503,
  );
  assertEquals(ada.client.lobby?.players[0]?.id, playerId("ada"));
});

Deno.test("LobbyServer is over when it cannot renew its lease, before another one begins", async () => {
  const world = new ClusterWorld();
  const a = await world.start("a");
  const b = await world.start("b");
  const ada = world.join("ada", ["a", "b"]);
  await world.done(ada, ada.client.create());
  a.redis.isCut = true;
  await world.until(() => !a.cluster.isHeld, "the end");
  assertEquals(b.server.lobbyCount, 0);
  await world.until(() => b.server.lobbyCount === 1, "the heir");
  await world.until(() => world.nodeOf(ada) === "b" && ada.client.isSynced);
  assert(
    a.events.some(({ type }) =>
      type === "storeFailed" || type === "clusterLost"
    ),
  );
});

Deno.test("LobbyServers match players who wait at different ones", async () => {
  const world = new ClusterWorld();
  const queues = { duels: { modes: { duel: { teams: 2, teamSize: 1 } } } };
  const a = await world.start("a", { queues });
  await world.start("b", { queues });
  const ada = world.join("ada", ["a", "b"]);
  await world.done(ada, ada.client.enqueue("duels"));
  const eve = world.join("eve", ["b"]);
  assertEquals(
    (await world.refused(eve, eve.client.enqueue("nothing"))).type,
    "queueNotFound",
  );
  // The queue's server dies: its tickets wait on.
  world.kill(a);
  await world.start("c", { queues });
  const bob = world.join("bob", ["c"]);
  // Its death is not known yet.
  bob.client.enqueue("duels");
  await world.until(() =>
    ada.client.lobby?.players.length === 2 &&
    bob.client.lobby?.players.length === 2
  );
  assertEquals(world.nodeOf(bob), world.nodeOf(ada));
});

Deno.test("LobbyServers take a party to the queue's server, with all of its lobby", async () => {
  const world = new ClusterWorld();
  const queues = { pairs: { modes: { pair: { teams: 2, teamSize: 2 } } } };
  const a = await world.start("a", { queues });
  const b = await world.start("b", { queues });
  // The queue is at the first one.
  const eve = world.join("eve", ["a"]);
  await world.done(eve, eve.client.enqueue("pairs"));
  const ada = world.join("ada", ["b"]);
  const bob = world.join("bob", ["b"]);
  const { lobby } = await world.done(
    ada,
    ada.client.create({ config: { maxPlayers: 3 }, metadata: { is: "ours" } }),
  );
  await world.done(bob, bob.client.join(lobby as LobbyId));
  const { code } = await world.done(ada, ada.client.invite());
  b.server.manager.setServerData(lobby as LobbyId, { round: 3 });
  const waits = ada.client.enqueue("pairs", { isParty: true });
  // What is asked meanwhile is done in its turn.
  const said = ada.client.setMetadata({ more: true });
  const done = bob.client.setPlayerMetadata({ hat: "red" });
  await world.done(ada, waits);
  await world.done(ada, said);
  await world.done(bob, done);
  assertEquals([world.nodeOf(ada), world.nodeOf(bob)], ["a", "a"]);
  assertEquals([a.server.lobbyCount, b.server.lobbyCount], [1, 0]);
  assertEquals(a.server.manager.serverData(lobby as LobbyId), { round: 3 });
  await world.until(() => bob.client.ticket !== undefined);
  assertEquals(ada.client.lobby?.id, lobby);
  assertEquals(ada.client.lobby?.metadata, { is: "ours", more: true });
  assert(ada.client.lobby!.players.every(({ isConnected }) => isConnected));
  assertEquals(
    [ada, bob].flatMap(({ events }) =>
      events.filter(({ type }) => type === "left")
    ),
    [],
  );
  // Its code leads there.
  const cat = world.join("cat", ["b"]);
  await world.done(cat, cat.client.joinByCode(code as string, {}));
  await world.done(cat, cat.client.leave());
  const dan = world.join("dan", ["b"]);
  dan.client.enqueue("pairs");
  await world.until(() =>
    [ada, bob, eve, dan].every(({ client }) =>
      client.lobby?.players.length === 4
    )
  );
});

Deno.test("LobbyServer keeps a party whose queue's server dies", async () => {
  const world = new ClusterWorld();
  const queues = { pairs: { modes: { pair: { teams: 2, teamSize: 2 } } } };
  const a = await world.start("a", { queues });
  const b = await world.start("b", { queues });
  const eve = world.join("eve", ["a", "b"]);
  await world.done(eve, eve.client.enqueue("pairs"));
  const ada = world.join("ada", ["b"]);
  await world.done(ada, ada.client.create({ config: { maxPlayers: 3 } }));
  // It dies just before the lobby is handed to it, and the others do not know.
  const { command } = b.redis;
  b.redis.command = (args) => {
    if (args[1]?.startsWith("-- give")) world.kill(a);
    return command(args);
  };
  ada.client.enqueue("pairs", { isParty: true });
  await world.until(() => a.isDead, "the gift");
  b.redis.command = command;
  await world.until(() => b.server.lobbyCount === 1, "the lobby");
  await world.until(() =>
    ada.client.isSynced && ada.client.lobby !== undefined
  );
  await world.until(() => ada.client.lobby!.players[0]!.isConnected);
  await world.done(ada, ada.client.setMetadata({ is: "here" }));
  assertEquals(world.nodeOf(ada), "b");
});

Deno.test("LobbyServers read no list for a client that has left meanwhile", async () => {
  const world = new ClusterWorld();
  const { server } = await world.start("a");
  const eve = world.join("eve", ["a"]);
  await world.until(() => eve.client.isSynced);
  // One waits for the word of the others, and the other behind it.
  eve.client.create();
  eve.client.browse();
  eve.client.flush();
  eve.client.close();
  await world.until(() => server.lobbyCount === 1);
  await world.run();
  const numbers = renderOpenMetrics(server.metrics());
  assert(numbers.includes("tickwire_lobby_server_list_filters 0\n"), numbers);
  // Nor does anybody sit there for ever.
  assertEquals(
    [...server.manager.lobbies()].map(({ players }) => players[0]?.isConnected),
    [false],
  );
});
