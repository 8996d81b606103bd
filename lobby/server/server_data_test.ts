import { assert, assertEquals, assertFalse } from "@std/assert";
import { HeldStore } from "../_testing/held_store.ts";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import { type LobbyId, lobbyId } from "../lobby_id.ts";

Deno.test("LobbyServer has what its game keeps for a lobby after a death, and tells nobody", async () => {
  const world = new LobbyWorld();
  const server = await world.start({ list: { metadata: ["level"] } });
  const ada = world.join("ada");
  const bob = world.join("bob");
  const { lobby } = await world.done(ada, ada.client.create());
  const id = lobby as LobbyId;
  bob.client.browse();
  assert(server.manager.setServerData(id, { deck: ["queen"] }).isOk);
  await world.done(bob, bob.client.join(id));
  await world.done(ada, ada.client.setMetadata({ level: 3 }));
  await world.run(20);
  world.kill();
  const restored = await world.start();
  const kept = [...restored.manager.lobbies()].map(({ id }) => [
    id,
    restored.manager.serverData(id),
  ]);
  assertEquals(kept, [[id, { deck: ["queen"] }]]);
  await world.until(() =>
    [ada, bob].every(({ client }) =>
      client.isSynced && client.lobby !== undefined
    )
  );
  const told = JSON.stringify([
    ada.events,
    bob.events,
    ada.client.lobby,
    [...bob.client.browser.filteredSorted()],
    world.events,
  ]);
  assert(told.includes('"level"'));
  assertFalse(told.includes("queen"));
});

Deno.test("LobbyServer stores what its game keeps for a lobby, though nothing else changes", async () => {
  const store = new HeldStore();
  const world = new LobbyWorld(1, store);
  const server = await world.start();
  const ada = world.join("ada");
  const { lobby } = await world.done(ada, ada.client.create());
  const id = lobbyId(lobby as string);
  const { version } = server.manager.lobby(id)!;
  server.manager.setServerData(id, [1, 2, 3]);
  await world.run(2);
  const [record] = await store.load();
  assertEquals(JSON.parse(record!.value).serverData, [1, 2, 3]);
  assertEquals(server.manager.lobby(id)!.version, version);
});
