import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { playerId, renderOpenMetrics } from "../../core/mod.ts";
import { HeldStore } from "../_testing/held_store.ts";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { Player } from "../_testing/player_world.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyServer } from "./lobby_server.ts";

const ADA = playerId("ada");
const BOB = playerId("bob");

/** What a player was told on the game's channel. */
function heard({ events }: Player): string[] {
  return events.flatMap((event) =>
    event.type === "socket" && event.event.type === "message" &&
      event.event.channel === "game" && event.event.message.type === "text"
      ? [event.event.message.text]
      : []
  );
}

/** A lobby with Ada and Bob in it, and Eve who looks on. */
async function seat(world: LobbyWorld): Promise<{
  readonly id: LobbyId;
  readonly ada: Player;
  readonly bob: Player;
  readonly eve: Player;
}> {
  const [ada, bob, eve] = ["ada", "bob", "eve"].map((it) => world.join(it)) as [
    Player,
    Player,
    Player,
  ];
  const { lobby } = await world.done(ada, ada.client.create());
  const id = lobby as LobbyId;
  await world.done(bob, bob.client.join(id));
  await world.done(eve, eve.client.join(id, { role: "spectator" }));
  return { id, ada, bob, eve };
}

function counted(server: LobbyServer, name: string): number {
  const text = renderOpenMetrics(server.metrics());
  return Number(
    new RegExp(`^tickwire_lobby_server_${name} (\\d+)$`, "m").exec(text)![1],
  );
}

Deno.test("LobbyServer.sendToPlayer() reaches all clients of a player, and nobody else", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const { ada, bob } = await seat(world);
  const tab = world.join("ada");
  await world.until(() => tab.client.isSynced);
  assertEquals(server.clientsOf(ADA).length, 2);
  assert(server.sendToPlayer(ADA, "game", "one"));
  const bytes = new TextEncoder().encode("two");
  assert(server.sendToPlayer(ADA, "game", bytes));
  // It is a copy.
  bytes.fill(0);
  assertFalse(server.sendToPlayer(playerId("joe"), "game", "three"));
  await world.run();
  for (const player of [ada, tab]) assertEquals(heard(player), ["one"]);
  const [binary] = ada.events.flatMap((event) =>
    event.type === "socket" && event.event.type === "message" &&
      event.event.message.type === "binary"
      ? [new TextDecoder().decode(event.event.message.bytes)]
      : []
  );
  assertEquals(binary, "two");
  assertEquals(heard(bob), []);
  tab.client.close();
  await world.until(() => server.clientsOf(ADA).length === 1);
  assertEquals(counted(server, "game_messages_total"), 4);
});

Deno.test("LobbyServer.sendToLobby() reaches the players, and who looks on if that is wanted", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const { id, ada, bob, eve } = await seat(world);
  const joe = world.join("joe");
  await world.until(() => joe.client.isSynced);
  assert(server.sendToLobby(id, "game", "players"));
  assert(server.sendToLobby(id, "game", "all", { withSpectators: true }));
  assertFalse(server.sendToLobby("none" as LobbyId, "game", "nobody"));
  await world.run();
  for (const player of [ada, bob]) {
    assertEquals(heard(player), ["players", "all"]);
  }
  assertEquals(heard(eve), ["all"]);
  assertEquals(heard(joe), []);
});

Deno.test("LobbyServer.sendToPlayer() tells nothing before what was changed is stored", async () => {
  const store = new HeldStore();
  const world = new LobbyWorld(1, store);
  const server = await world.start();
  const { id, ada } = await seat(world);
  store.isHeld = true;
  server.manager.setServerData(id, { round: 2 });
  server.sendToPlayer(ADA, "game", "round 2");
  await world.run(20);
  assertEquals(heard(ada), []);
  store.release();
  await world.until(() => heard(ada).length > 0);
  const [record] = await store.load();
  assertEquals(JSON.parse(record!.value).serverData, { round: 2 });
});

Deno.test("LobbyServer.flush() sends what was said since the tick", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const { id } = await seat(world);
  server.manager.setServerData(id, 1);
  server.sendToPlayer(ADA, "game", "now");
  const before = counted(server, "game_messages_total");
  server.flush();
  for (let i = 0; i < 8; i++) await Promise.resolve();
  assertEquals(counted(server, "game_messages_total"), before + 1);
});

Deno.test("LobbyServer.sendToPlayer() refuses what is too long, and the server's own channels", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const { id } = await seat(world);
  for (const channel of ["", "x".repeat(129), "lobby", "lobby.list"]) {
    assertThrows(
      () => server.sendToPlayer(ADA, channel, "x"),
      RangeError,
      "channel must be one of the game's own",
    );
  }
  for (
    const message of ["x".repeat(2 ** 20 + 1), new Uint8Array(2 ** 20 + 1)]
  ) {
    assertThrows(
      () => server.sendToLobby(id, "game", message),
      RangeError,
      "must have at most 1048576 bytes: current value is 1048577",
    );
  }
  await server.close(0);
  assertFalse(server.sendToPlayer(ADA, "game", "late"));
});

Deno.test("LobbyServer.sendToPlayer() holds no more than it may while the store fails", async () => {
  const store = new HeldStore();
  const world = new LobbyWorld(1, store);
  const server = await world.start({ maxHeld: 100 });
  const { id, ada } = await seat(world);
  store.isHeld = true;
  server.manager.setServerData(id, 1);
  let count = 0;
  while (server.sendToPlayer(ADA, "game", `${count}`)) {
    assert(++count <= 100);
  }
  assert(count > 80, `${count}`);
  store.release();
  await world.until(() => heard(ada).length === count);
  assertEquals(heard(ada), Array.from({ length: count }, (_, i) => `${i}`));
  assert(server.sendToPlayer(ADA, "game", "on"));
  // Few of them, and long.
  await world.run();
  store.isHeld = true;
  server.manager.setServerData(id, 2);
  // A kibibyte each is what may be held.
  const long = "x".repeat(10 * 1_024);
  count = 0;
  while (server.sendToPlayer(BOB, "game", long)) assert(++count <= 10);
  assertEquals(count, 10);
  store.release();
});

Deno.test("LobbyServer tells its game who has no room, at most once a second", async () => {
  const world = new LobbyWorld();
  const server = await world.start({
    hub: { channel: () => ({ maxQueuedMessages: 8 }) },
  });
  const { ada, bob } = await seat(world);
  const dropped = (): string[] =>
    world.events.flatMap((event) =>
      event.type === "messagesDropped" ? [event.player] : []
    );
  for (let i = 0; i < 30; i++) server.sendToPlayer(ADA, "game", `${i}`);
  server.sendToPlayer(BOB, "game", "hello");
  await world.run(22);
  assertEquals(dropped(), ["ada"]);
  assertEquals(heard(ada), ["0", "1", "2", "3", "4", "5", "6", "7"]);
  assertEquals(heard(bob), ["hello"]);
  assertEquals(counted(server, "dropped_game_messages_total"), 22);
  // As there is room, and nothing more was left out, that was all.
  server.sendToPlayer(ADA, "game", "whole");
  await world.run(42);
  assertEquals(dropped(), ["ada"]);
  assertEquals(heard(ada).at(-1), "whole");
});
