import { assert, assertEquals } from "@std/assert";
import { playerId, renderOpenMetrics } from "../../core/mod.ts";
import type { LobbyClientOptions } from "../client/lobby_client_options.ts";
import { HeldStore } from "../_testing/held_store.ts";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { Player } from "../_testing/player_world.ts";
import { type LobbyId, lobbyId } from "../lobby_id.ts";

/** Two players in a lobby, the first one its host. */
async function seatTwo(
  world: LobbyWorld,
  options: Partial<LobbyClientOptions> = {},
): Promise<{ ada: Player; bob: Player; id: LobbyId }> {
  const ada = world.join("ada");
  const bob = world.join("bob", options);
  const { lobby } = await world.done(
    ada,
    ada.client.create({ config: { name: "Duel", maxPlayers: 4 } }),
  );
  const id = lobbyId(lobby as string);
  await world.done(bob, bob.client.join(id));
  await world.run();
  return { ada, bob, id };
}

Deno.test("LobbyServer seats players, tells all of them, and their game", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const { ada, bob, id } = await seatTwo(world);
  assertEquals(ada.client.lobby?.config.name, "Duel");
  assertEquals(ada.client.lobby, bob.client.lobby);
  assertEquals(ada.client.lobby, server.manager.lobby(id));
  assertEquals(
    ada.client.lobby?.players.map(({ id, name }) => [id, name]),
    [["ada", "ADA"], ["bob", "BOB"]],
  );
  await world.done(bob, bob.client.setReady(true));
  await world.done(ada, ada.client.startGame());
  await world.until(() => bob.client.lobby?.state === "inGame");
  const started = world.events.find((event) =>
    event.type === "lobby" && event.event.type === "gameStarted"
  );
  assert(started?.type === "lobby");
  assertEquals(started.view.players.map(({ id }) => id), ["ada", "bob"]);
  server.manager.endGame(id, { winner: "bob" });
  await world.until(() => ada.client.lobby?.state === "postgame");
  assertEquals(ada.client.lobby?.results, { winner: "bob" });
  assertEquals(ada.client.lobby, bob.client.lobby);
});

Deno.test("LobbyServer does what clients ask, and tells what it refuses", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const { ada, bob, id } = await seatTwo(world);
  await world.done(
    ada,
    ada.client.configure({ teams: { count: 2, assignment: "manual" } }),
  );
  await world.done(bob, bob.client.setTeam(1 as never));
  await world.done(ada, ada.client.setTeam(0 as never));
  await world.done(ada, ada.client.setMetadata({ level: 3 }));
  await world.done(bob, bob.client.setPlayerMetadata({ hat: "red" }));
  const { code } = await world.done(ada, ada.client.invite({ uses: 1 }));
  const eve = world.join("eve");
  await world.done(eve, eve.client.joinByCode(code as string));
  assertEquals(
    (await world.refused(eve, eve.client.joinByCode(code as string))).type,
    "notFound",
  );
  assertEquals(
    (await world.refused(eve, eve.client.startGame())).type,
    "notHost",
  );
  assertEquals(
    (await world.refused(eve, eve.client.reserve([playerId("joe")]))).type,
    "notHost",
  );
  const { reservation } = await world.done(
    ada,
    ada.client.reserve([playerId("joe")], 60_000),
  );
  assertEquals(ada.client.lobby?.reservedSeats, 1);
  await world.done(ada, ada.client.cancelReservation(reservation as number));
  await world.done(eve, eve.client.setRole("spectator"));
  await world.done(ada, ada.client.startReadyCheck(20_000));
  await world.done(ada, ada.client.vote(true));
  await world.done(bob, bob.client.vote(true));
  await world.until(() => bob.client.lobby?.players[1]?.isReady === true);
  await world.done(ada, ada.client.kick(playerId("eve"), { isBanned: true }));
  assertEquals(world.told(eve, "left").at(-1)?.reason, "kicked");
  assertEquals(eve.client.lobby, undefined);
  assertEquals((await world.refused(eve, eve.client.join(id))).type, "banned");
  await world.done(ada, ada.client.unban(playerId("eve")));
  await world.done(ada, ada.client.transferHost(playerId("bob")));
  assertEquals(bob.client.lobby?.host, "bob");
  await world.done(bob, bob.client.leave());
  assertEquals(bob.client.lobby, undefined);
  assertEquals(ada.client.lobby?.host, "ada");
  assertEquals(ada.client.lobby, server.manager.lobby(id));
  await world.done(ada, ada.client.leave());
  assertEquals(server.manager.lobby(id), undefined);
  assertEquals(server.lobbyCount, 0);
  for (const { client } of [ada, bob, eve]) {
    assertEquals(client.unreadableMessages, 0);
  }
});

Deno.test("LobbyServer tells everybody of a lobby that is closed", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const { ada, bob, id } = await seatTwo(world);
  server.manager.destroyLobby(id);
  await world.run();
  for (const player of [ada, bob]) {
    assertEquals(world.told(player, "left"), [
      { type: "left", lobby: id, reason: "destroyed" },
    ]);
    assertEquals(player.client.lobby, undefined);
  }
});

Deno.test("LobbyServer tells the last one that it has left, and those who look on that the lobby is gone", async () => {
  const world = new LobbyWorld();
  await world.start();
  const ada = world.join("ada");
  const eve = world.join("eve");
  const { lobby } = await world.done(ada, ada.client.create());
  const id = lobby as LobbyId;
  await world.done(eve, eve.client.join(id, { role: "spectator" }));
  await world.done(ada, ada.client.leave());
  await world.run();
  assertEquals(world.told(ada, "left"), [
    { type: "left", lobby: id, reason: "left" },
  ]);
  assertEquals(world.told(eve, "left"), [
    { type: "left", lobby: id, reason: "destroyed" },
  ]);
});

Deno.test("LobbyServer tells what happened to a lobby that was gone when it came to tell", async () => {
  const world = new LobbyWorld();
  const server = await world.start({ manager: { reconnectGraceMs: 1_000 } });
  const { ada, bob, id } = await seatTwo(world);
  // All seats are given up in one tick, and with the last the lobby.
  ada.client.close();
  bob.client.close();
  await world.run(30);
  const made = server.manager.createLobby(playerId("eve"), { name: "short" });
  assert(made.isOk);
  server.manager.leave(playerId("eve"));
  await world.run(1);
  assertEquals(server.lobbyCount, 0);
  const types = (lobby: LobbyId): string[] =>
    world.events.flatMap((event) =>
      event.type === "lobby" && event.event.lobby === lobby
        ? [`${event.event.type} ${event.view.players.length}`]
        : []
    );
  assertEquals(types(id).slice(-3), [
    "connectionChanged 2",
    "playerLeft 1",
    "lobbyDestroyed 1",
  ]);
  assertEquals(types(made.value.id), ["lobbyCreated 1", "lobbyDestroyed 1"]);
  assertEquals(await world.store.load(), []);
});

Deno.test("LobbyServer tells nobody anything before it is stored", async () => {
  const store = new HeldStore();
  const world = new LobbyWorld(1, store);
  const server = await world.start();
  const ada = world.join("ada");
  await world.until(() => ada.client.isSynced);
  store.isHeld = true;
  const create = ada.client.create({ config: { name: "Duel" } });
  await world.run(20);
  assertEquals(server.lobbyCount, 1);
  assertEquals(ada.client.lobby, undefined);
  assertEquals(ada.events.filter(({ type }) => type === "done"), []);
  assertEquals(world.events.filter(({ type }) => type === "lobby"), []);
  assertEquals((await store.load()).length, 0);
  store.release();
  await world.done(ada, create);
  assertEquals(ada.client.lobby?.config.name, "Duel");
  assertEquals((await store.load()).length, 1);
});

Deno.test("LobbyServer waits for a store that fails, and says so", async () => {
  const store = new HeldStore();
  const world = new LobbyWorld(1, store);
  await world.start({ maxHeld: 50 });
  const ada = world.join("ada");
  await world.until(() => ada.client.isSynced);
  store.error = new Error("the disk is full");
  const create = ada.client.create();
  // What comes meanwhile waits at its clients, beyond a bound.
  for (let i = 0; i < 100; i++) {
    ada.client.setMetadata({ i });
    await world.run(2);
  }
  const failures = world.events.filter(({ type }) => type === "storeFailed");
  assert(failures.length >= 5 && failures.length < 20, `${failures.length}`);
  assertEquals(ada.events.filter(({ type }) => type === "done"), []);
  const metrics = renderOpenMetrics(world.server!.metrics());
  const held = Number(/lobby_server_held (\d+)/.exec(metrics)![1]);
  assert(held > 10 && held < 200, `${held}`);
  store.error = undefined;
  await world.done(ada, create);
  assertEquals(
    world.events.filter(({ type }) => type === "storeRecovered").length,
    1,
  );
  await world.until(() => ada.client.lobby?.metadata.i !== undefined);
});

Deno.test("LobbyServer holds so many bytes for a store that hangs, whoever sends them", async () => {
  const store = new HeldStore();
  const world = new LobbyWorld(1, store);
  const server = await world.start({ maxHeld: 100 });
  store.isHeld = true;
  const eve = world.connect("eve");
  await world.run();
  eve.request("lobby", '{"do":"create"}');
  const sent = 40;
  for (let i = 0; i < sent; i++) {
    assert(eve.sendOnChannel("game", "x".repeat(10_000)));
    await world.run(1);
  }
  // Some are messages, others say who has come.
  const metrics = renderOpenMetrics(server.metrics());
  const held = Number(/lobby_server_held (\d+)/.exec(metrics)![1]);
  assert(held > 10 && held < 20, `${held}`);
  store.release();
  const told = () =>
    world.events.filter((event) =>
      event.type === "hub" && event.event.type === "message"
    ).length;
  await world.until(() => told() === sent);
});

Deno.test("LobbyServer answers 503 until what is stored is here, and after its end", async () => {
  const store = new HeldStore();
  const world = new LobbyWorld(1, store);
  const server = await world.start();
  const response = await server.handler(new Request("http://lobby.test/ada"));
  assertEquals(response.status, 426);
  await server.close(0);
  const after = await server.handler(new Request("http://lobby.test/ada"));
  assertEquals(after.status, 503);
  assertEquals(after.headers.get("retry-after"), "1");
});

Deno.test("LobbyServer.ready rejects where the store cannot be read", async () => {
  const store = new HeldStore();
  store.load = () => Promise.reject(new Error("no such disk"));
  const world = new LobbyWorld(1, store);
  let message = "";
  try {
    await world.start();
  } catch (error) {
    message = (error as Error).message;
  }
  assertEquals(message, "no such disk");
});

Deno.test("LobbyServer.close() stores what has happened, and sends everybody away", async () => {
  const store = new HeldStore();
  const world = new LobbyWorld(1, store);
  const server = await world.start();
  const { ada, id } = await seatTwo(world);
  server.manager.setMetadata(playerId("ada"), { last: true });
  await server.close(0);
  world.server = undefined;
  await world.run(5);
  const [record] = await store.load();
  assertEquals(JSON.parse(record!.value).lobby.metadata, { last: true });
  assert(!ada.client.socket.isConnected);
  await world.start();
  await world.until(() => ada.client.isSynced);
  assertEquals(ada.client.lobby?.id, id);
  assertEquals(ada.client.lobby?.metadata, { last: true });
});

Deno.test("LobbyServer restores what it can, and leaves the rest", async () => {
  const world = new LobbyWorld();
  await world.start();
  const { ada, bob, id } = await seatTwo(world);
  world.kill();
  // Another row that says that it is the same lobby, and comes first.
  const [genuine] = await world.store.load();
  await world.store.save({ changed: [], removed: [genuine!] });
  await world.store.save({
    changed: [
      { kind: "lobby", key: "another", value: genuine!.value },
      genuine!,
      { kind: "lobby", key: "broken", value: "{" },
      { kind: "lobby", key: "empty", value: "{}" },
      { kind: "ticket", key: "none", value: "{}" },
    ],
    removed: [],
  });
  const server = await world.start();
  const view = server.manager.lobby(id)!;
  assertEquals(view.players.map((it) => it.isConnected), [false, false]);
  await world.run(1);
  const restored = world.events.findLast(({ type }) => type === "restored");
  assert(restored?.type === "restored");
  assertEquals([restored.lobbies, restored.tickets], [1, 0]);
  assertEquals(
    restored.refused.map(({ key }) => key),
    ["another", "broken", "empty", "none"],
  );
  await world.until(() =>
    [ada, bob].every(({ client }) =>
      client.lobby?.players.every(({ isConnected }) => isConnected) === true &&
      client.lobby.version > view.version
    )
  );
  assertEquals(ada.client.lobby, server.manager.lobby(id));
  assertEquals(bob.client.lobby, server.manager.lobby(id));
  assertEquals((await world.store.load()).length, 5);
});

Deno.test("LobbyServer has its clients notice in time that it is gone without a word", async () => {
  const world = new LobbyWorld();
  await world.start();
  const { ada } = await seatTwo(world);
  const states = new Set<string>();
  // Its machine is off: connections stand, and nothing comes.
  world.server = undefined;
  for (let second = 0; second < 21; second++) {
    await world.run(20);
    states.add(ada.client.state);
  }
  // That leaves most of the minute for which a seat is kept to find another server.
  assert(states.has("reconnectBackoff"), [...states].join());
});

Deno.test("LobbyServer keeps a seat over a cut, and tells the others", async () => {
  const world = new LobbyWorld();
  await world.start({ manager: { reconnectGraceMs: 5_000 } });
  const { ada, bob } = await seatTwo(world);
  world.cut(1);
  await world.until(() =>
    ada.client.lobby?.players.some(({ isConnected }) => !isConnected) === true
  );
  await world.until(() =>
    ada.client.lobby?.players.every(({ isConnected }) => isConnected) === true
  );
  await world.run();
  // The session goes on: nothing was said anew.
  assertEquals(world.told(bob, "synced").length, 1);
  assertEquals(bob.client.lobby, ada.client.lobby);
  // One who does not come back loses the seat.
  bob.client.socket.close();
  await world.until(() => ada.client.lobby?.players.length === 1);
});

Deno.test("LobbyServer counts a player as there while one of its connections is", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const { ada, id } = await seatTwo(world);
  const tab = world.join("bob");
  await world.until(() => tab.client.isSynced);
  assertEquals(tab.client.lobby, ada.client.lobby);
  const [, bob] = world.players;
  bob!.client.close();
  await world.run(20);
  assertEquals(
    server.manager.lobby(id)?.players.map(({ isConnected }) => isConnected),
    [true, true],
  );
  await world.done(tab, tab.client.setReady(true));
  tab.client.close();
  await world.until(() =>
    server.manager.lobby(id)?.players[1]?.isConnected === false
  );
});

Deno.test("LobbyServer passes on what is none of a lobby's, and keeps its channels to itself", async () => {
  const world = new LobbyWorld();
  const server = await world.start({
    hub: {
      channel: () => ({ isRelayed: true }),
      canSubscribe: (_, channel) => channel !== "secret",
    },
  });
  const ada = world.join("ada");
  const spy = world.connect("eve");
  spy.subscribe("lobby");
  spy.subscribe("lobby.list");
  spy.subscribe("secret");
  spy.subscribe("game");
  await world.run(20);
  const denied = [...spy.drainEvents()].flatMap((event) =>
    event.type === "subscriptionDenied" ? [event.channel] : []
  );
  assertEquals(denied, ["lobby", "lobby.list", "secret"]);
  ada.client.socket.sendOnChannel("game", "hello");
  await world.run(5);
  const heard = [...spy.drainEvents()].flatMap((event) =>
    event.type === "message" ? [event.channel] : []
  );
  assertEquals(heard, ["game"]);
  const message = world.events.find((event) =>
    event.type === "hub" && event.event.type === "message"
  );
  assert(message?.type === "hub" && message.event.type === "message");
  assertEquals(message.event.channel, "game");
  assertEquals(server.hub.clientCount, 2);
});

Deno.test("LobbyServer brings a client that takes too little up to date in one piece", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const { ada, bob, id } = await seatTwo(world, {
    maxUndrained: 64,
    maxUndrainedEvents: 64,
  });
  bob.isDrained = false;
  const pad = "x".repeat(1_000);
  for (let i = 0; i < 1_600; i++) {
    server.manager.setMetadata(playerId("ada"), { i, pad: pad + i });
    if (i % 200 === 199) await world.run(1);
  }
  assert(bob.client.lobby!.version < server.manager.lobby(id)!.version);
  bob.isDrained = true;
  await world.until(() =>
    bob.client.lobby?.version === server.manager.lobby(id)!.version
  );
  assertEquals(bob.client.lobby, server.manager.lobby(id));
  assertEquals(ada.client.lobby, server.manager.lobby(id));
  assert(world.told(bob, "replaced").length > 0);
});

Deno.test("LobbyServer.metrics() can be rendered, with queues and all", async () => {
  const world = new LobbyWorld();
  const modes = { duel: { teams: 2, teamSize: 1 } };
  const server = await world.start({ queues: { a: { modes }, b: { modes } } });
  await seatTwo(world);
  const text = renderOpenMetrics(server.metrics());
  assert(
    text.includes(
      'tickwire_lobby_server_requests_total{do="create",result="done"} 1',
    ),
  );
  assert(
    text.includes('tickwire_matchmaking_tickets{mode="duel",queue="b"} 0'),
  );
  const [, records] = /server_stored_records_total (\d+)/.exec(text)!;
  assert(Number(records) > 0);
});
