import { assertEquals } from "@std/assert";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { Player } from "../_testing/player_world.ts";
import type { LobbyClient } from "../client/lobby_client.ts";
import type { LobbyConfigChanges } from "../manager/lobby_config.ts";
import type { LobbyQueueOptions } from "./lobby_queue_options.ts";

/** A queue whose matches do not begin, as far as they are not said to. */
function duel(config: LobbyConfigChanges): LobbyQueueOptions {
  return {
    modes: { duel: { teams: 2, teamSize: 1 } },
    lobby: () => ({ config }),
  };
}

/** Two players in the lobby of a match; the first one is its host. */
async function match(
  world: LobbyWorld,
  config: LobbyConfigChanges,
): Promise<[Player, Player]> {
  await world.start({ queues: { duel: duel(config) } });
  const players = [world.join("ada"), world.join("bob")] as const;
  const [ada, bob] = players;
  await world.until(() => players.every(({ client }) => client.isSynced));
  for (const { client } of players) client.enqueue("duel");
  await world.until(() => players.every(({ client }) => client.lobby));
  await world.run(2);
  return ada.client.isHost ? [ada, bob] : [bob, ada];
}

/** What only a host may ask for, about others. */
const OF_HOSTS: Readonly<
  Record<string, (client: LobbyClient, other: Player) => number | undefined>
> = {
  kick: (client, { client: { player } }) => client.kick(player!),
  unban: (client, { client: { player } }) => client.unban(player!),
  transferHost: (client, { client: { player } }) =>
    client.transferHost(player!),
  configure: (client) => client.configure({ name: "Mine" }),
  setHostRights: (client) => client.configure({ hostRights: "full" }),
  setPassword: (client) => client.setPassword("mine"),
  noPassword: (client) => client.setPassword(undefined),
  setMetadata: (client) => client.setMetadata({ mine: true }),
  setTeam: (client, { client: { player } }) =>
    client.setTeam(undefined, player),
  setRole: (client, { client: { player } }) =>
    client.setRole("spectator", player),
  assignTeams: (client) => client.assignTeams(),
  rebalanceTeams: (client) => client.rebalanceTeams(),
  reserve: (client, { client: { player } }) => client.reserve([player!]),
  cancelReservation: (client) => client.cancelReservation(1),
  start: (client) => client.startGame(),
  cancelStart: (client) => client.cancelStart(),
  reset: (client) => client.resetLobby(),
  readyCheck: (client) => client.startReadyCheck(),
  cancelReadyCheck: (client) => client.cancelReadyCheck(),
  enqueue: (client) => client.enqueue("duel", { isParty: true }),
};

Deno.test("LobbyServer gives the host of a match no power over others, in any state", async () => {
  const world = new LobbyWorld();
  const [host, guest] = await match(world, { isAutoStarted: false });
  const { manager } = world.server!;
  const { id } = host.client.lobby!;
  const before = { ...host.client.lobby!, version: 0 };
  for (const state of ["waiting", "inGame", "postgame"]) {
    assertEquals(host.client.lobby?.state, state);
    for (const [name, ask] of Object.entries(OF_HOSTS)) {
      const error = await world.refused(host, ask(host.client, guest));
      assertEquals(
        [error.type, error.rule],
        ["notAllowed", "hostRights"],
        `${name} while ${state}`,
      );
      // Requests have a limit.
      await world.run(3);
      const other = await world.refused(guest, ask(guest.client, host));
      assertEquals(other.type, "notHost", `${name} while ${state}`);
      await world.run(3);
    }
    if (state === "waiting") {
      assertEquals({ ...host.client.lobby!, version: 0 }, before);
      manager.startGame(manager.lobby(id)!.host);
    } else if (state === "inGame") manager.endGame(id);
    await world.run(3);
  }
  // What is about oneself is everybody's.
  await world.done(host, host.client.setRole("spectator"));
  await world.done(guest, guest.client.leave());
});

Deno.test("LobbyServer begins a match when it is made, so that nobody can hold it up", async () => {
  const world = new LobbyWorld();
  const [host, guest] = await match(world, {});
  assertEquals(host.client.lobby?.state, "inGame");
  const unready = await world.refused(guest, guest.client.setReady(false));
  assertEquals(unready.type, "alreadyInGame");
  // A rematch is what both want.
  world.server!.manager.endGame(host.client.lobby!.id);
  await world.run(3);
  await world.done(host, host.client.setReady(true));
  assertEquals(host.client.lobby?.state, "postgame");
  await world.done(guest, guest.client.setReady(true));
  assertEquals(host.client.lobby?.state, "inGame");
});

Deno.test("LobbyServer lets no client say what rights hosts have", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const ada = world.join("ada");
  const error = await world.refused(
    ada,
    ada.client.create({ config: { hostRights: "none" } }),
  );
  assertEquals([error.type, error.rule], ["notAllowed", "hostRights"]);
  await world.done(ada, ada.client.create({ config: { hostRights: "full" } }));
  const { config, host, id } = ada.client.lobby!;
  const refused = await world.refused(
    ada,
    ada.client.configure({ hostRights: "none" }),
  );
  assertEquals([refused.type, refused.rule], ["notAllowed", "hostRights"]);
  // Who sends back what there is changes nothing of it.
  await world.done(ada, ada.client.configure({ ...config, map: "quarry" }));
  server.manager.configure(host, { hostRights: "none" });
  assertEquals(server.manager.lobby(id)?.config.hostRights, "none");
});
