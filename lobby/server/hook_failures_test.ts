import { assertEquals } from "@std/assert";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { LobbyServerEvent } from "./lobby_server_event.ts";

const BOOM = new Error("boom");

function throwBoom(): never {
  throw BOOM;
}

function failures(world: LobbyWorld): (readonly [string, string, unknown])[] {
  return world.events.filter((event) => event.type === "hookFailed")
    .map((event) => event as LobbyServerEvent & { type: "hookFailed" })
    .map(({ hook, player, error }) => [hook, player, error] as const);
}

Deno.test("LobbyServer counts players as average where the game's skillOf throws, and tells of it", async () => {
  const world = new LobbyWorld();
  await world.start({
    skillOf: throwBoom,
    queues: { duels: { modes: { duel: { teams: 2, teamSize: 1 } } } },
  });
  const players = ["ada", "bob"].map((name) => world.join(name));
  for (const { client } of players) client.enqueue("duels");
  await world.until(() =>
    players.every(({ client }) => client.lobby?.state === "inGame")
  );
  assertEquals(failures(world)[0]?.slice(0, 1), ["skillOf"]);
  assertEquals(failures(world)[0]?.[2], BOOM);
});

Deno.test("LobbyServer makes and changes no lobby where the game's vetConfig throws, and tells of it", async () => {
  const world = new LobbyWorld();
  let isBroken = true;
  const server = await world.start({
    vetConfig: () => isBroken ? throwBoom() : undefined,
  });
  const ada = world.join("ada");
  const error = await world.refused(ada, ada.client.create());
  assertEquals(error.type, "unavailable");
  assertEquals(server.manager.lobbyCount, 0);
  assertEquals(failures(world), [["vetConfig", "ada", BOOM]]);
  isBroken = false;
  await world.done(ada, ada.client.create());
  isBroken = true;
  const refused = await world.refused(ada, ada.client.configure({ map: "x" }));
  assertEquals(refused.type, "unavailable");
  assertEquals(ada.client.lobby?.config.map, "");
});
