import { assert, assertEquals } from "@std/assert";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { Player } from "../_testing/player_world.ts";
import type { LobbyId } from "../lobby_id.ts";
import type {
  LobbyConfigVerdict,
  LobbyConfigWish,
} from "./lobby_server_options.ts";

/** At most four play, and nobody calls a lobby what nobody should. */
function vet({ config }: LobbyConfigWish): LobbyConfigVerdict | undefined {
  if (config.name.includes("rude")) {
    return { type: "refused", reason: "name" };
  }
  return config.maxPlayers > 4
    ? { type: "changed", changes: { maxPlayers: 4, teams: { maxSize: 2 } } }
    : undefined;
}

async function sync(world: LobbyWorld, ...names: string[]): Promise<Player[]> {
  const players = names.map((name) => world.join(name));
  await world.until(() => players.every(({ client }) => client.isSynced));
  return players;
}

Deno.test("LobbyServer has its game judge what lobbies are made and set to", async () => {
  const world = new LobbyWorld();
  await world.start({ vetConfig: vet });
  const [ada] = await sync(world, "ada") as [Player];
  const error = await world.refused(
    ada,
    ada.client.create({ config: { name: "a rude one" } }),
  );
  assertEquals([error.type, error.reason], ["configRefused", "name"]);
  assert((error.message as string).length > 0);
  assertEquals(ada.client.lobby, undefined);
  // The default is eight.
  await world.done(
    ada,
    ada.client.create({ config: { name: "Duel", teams: { count: 2 } } }),
  );
  const { config } = ada.client.lobby!;
  assertEquals([config.name, config.maxPlayers], ["Duel", 4]);
  assertEquals([config.teams.count, config.teams.maxSize], [2, 2]);
  await world.done(ada, ada.client.configure({ maxPlayers: 3 }));
  assertEquals(ada.client.lobby?.config.maxPlayers, 3);
  await world.done(
    ada,
    ada.client.configure({ maxPlayers: 64, map: "forest" }),
  );
  const { maxPlayers, map } = ada.client.lobby!.config;
  assertEquals([maxPlayers, map], [4, "forest"]);
  const again = await world.refused(
    ada,
    ada.client.configure({ name: "rude", map: "harbour" }),
  );
  assertEquals(again.type, "configRefused");
  assertEquals(ada.client.lobby?.config.map, "forest");
});

Deno.test("LobbyServer checks what its game makes of a wish", async () => {
  const world = new LobbyWorld();
  await world.start({ vetConfig: vet });
  const [ada] = await sync(world, "ada") as [Player];
  const error = await world.refused(
    ada,
    ada.client.create({ config: { maxPlayers: 8, minPlayers: 6 } }),
  );
  assertEquals([error.type, error.field], ["invalidConfig", "minPlayers"]);
});

Deno.test("LobbyServer asks its game about nothing that it refuses anyway", async () => {
  const world = new LobbyWorld();
  const wishes: LobbyConfigWish[] = [];
  const server = await world.start({
    vetConfig: (wish) => {
      wishes.push(wish);
      return undefined;
    },
  });
  const [ada, bob] = await sync(world, "ada", "bob") as [Player, Player];
  for (const config of [{ name: " " }, { maxPlayers: 1e9 }]) {
    const error = await world.refused(ada, ada.client.create({ config }));
    assertEquals(error.type, "invalidConfig");
  }
  const none = await world.refused(ada, ada.client.configure({ map: "x" }));
  assertEquals(none.type, "playerNotFound");
  assertEquals(wishes, []);
  const { lobby } = await world.done(
    ada,
    ada.client.create({ password: "sesame" }),
  );
  assertEquals(wishes.length, 1);
  assertEquals(wishes[0]!.player, "ada" as never);
  assertEquals(wishes[0]!.lobby, undefined);
  assertEquals(wishes[0]!.config, ada.client.lobby!.config);
  assert(Object.isFrozen(wishes[0]!.config.teams));
  await world.refused(ada, ada.client.create());
  await world.done(
    bob,
    bob.client.join(lobby as LobbyId, { password: "sesame" }),
  );
  const error = await world.refused(bob, bob.client.configure({ map: "x" }));
  assertEquals(error.type, "notHost");
  assertEquals(wishes.length, 1);
  await world.done(ada, ada.client.configure({ map: "x" }));
  assertEquals(wishes[1]!.lobby?.id, lobby as LobbyId);
  assertEquals(
    wishes[1]!.config,
    server.manager.lobby(lobby as LobbyId)!.config,
  );
});

Deno.test("LobbyServer has its game judge what the hosts of matches make of their lobbies", async () => {
  const world = new LobbyWorld();
  await world.start({
    vetConfig: vet,
    queues: {
      duels: {
        modes: { duel: { teams: 6, teamSize: 1 } },
        lobby: () => ({
          config: {
            name: "not rude",
            hostRights: "full",
            isAutoStarted: false,
          },
        }),
      },
    },
  });
  const players = await sync(world, ..."abcdef");
  for (const { client } of players) client.enqueue("duels");
  await world.until(() => players.every(({ client }) => client.lobby));
  // The game itself has said what it is like.
  const { config, host } = players[0]!.client.lobby!;
  assertEquals([config.name, config.maxPlayers], ["not rude", 6]);
  const ada = players.find(({ name }) => name === host)!;
  const error = await world.refused(ada, ada.client.configure({ map: "x" }));
  assertEquals(error.type, "configRefused");
});
