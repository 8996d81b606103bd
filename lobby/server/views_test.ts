import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { Player } from "../_testing/player_world.ts";
import { isWanted, prepareFilter } from "../browser/lobby_filter.ts";
import { lobbyListing } from "../browser/lobby_listing.ts";

const FILTERS = [{}, { hideFull: true }, { mode: "race" }, { name: "A" }];

/** Something that a player of a game might do. */
function act(random: SeededRandom, { client }: Player, all: Player[]): void {
  const { lobby } = client;
  const other = all[random.nextU32() % all.length]!;
  const target = other.client.lobby;
  if (lobby === undefined) {
    if (target !== undefined && random.nextU32() % 4 > 0) {
      client.join(target.id, {
        role: random.nextU32() % 4 === 0 ? "spectator" : "player",
      });
    } else {
      client.create({
        config: {
          name: `lobby of ${random.nextU32() % 100}`,
          mode: random.nextU32() % 2 === 0 ? "race" : "chess",
          maxPlayers: 2 + random.nextU32() % 3,
          countdownMs: 200,
          isAutoStarted: random.nextU32() % 2 === 0,
          teams: { count: random.nextU32() % 2 * 2, assignment: "manual" },
        },
      });
    }
    return;
  }
  const player = lobby.players[random.nextU32() % lobby.players.length]!.id;
  switch (random.nextU32() % 16) {
    case 0:
      client.leave();
      break;
    case 1:
    case 2:
    case 3:
      client.setReady(random.nextU32() % 3 > 0);
      break;
    case 4:
      client.kick(player, { banMs: random.nextU32() % 2 * 1_000 });
      break;
    case 5:
      client.transferHost(player);
      break;
    case 6:
      client.setMetadata({ [`k${random.nextU32() % 3}`]: random.nextU32() });
      break;
    case 7:
      client.setPlayerMetadata({ hat: random.nextU32() % 2 ? null : "red" });
      break;
    case 8:
      client.setTeam((random.nextU32() % 2) as never);
      break;
    case 9:
      client.setRole(random.nextU32() % 2 ? "player" : "spectator");
      break;
    case 10:
      client.startGame();
      break;
    case 11:
      client.resetLobby();
      break;
    case 12:
      client.startReadyCheck(1_000);
      break;
    case 13:
      client.vote(random.nextU32() % 3 > 0);
      break;
    case 14:
      client.configure({ maxPlayers: 2 + random.nextU32() % 3 });
      break;
    case 15:
      client.invite();
  }
}

Deno.test("LobbyClient has what the server has, after cuts and restarts and whatever was done", async () => {
  const seeds = Deno.env.get("TICKWIRE_SOAK") ? 60 : 1;
  for (let seed = 1; seed <= seeds; seed++) {
    const random = new SeededRandom(seed);
    const world = new LobbyWorld(seed);
    await world.start({
      manager: { reconnectGraceMs: 20_000 },
      rate: { perSecond: 1_000, burst: 1_000 },
      list: { intervalMs: 100, maxListed: 1_000 },
    });
    for (let i = 0; i < 8; i++) world.join(`player-${i}`);
    for (const [i, { client }] of world.players.entries()) {
      client.browse(FILTERS[i % FILTERS.length]);
    }
    for (let step = 0; step < 160; step++) {
      const player = world.players[random.nextU32() % 8]!;
      if (player.client.isSynced) act(random, player, world.players);
      if (random.nextU32() % 12 === 0) world.cut(random.nextU32());
      if (random.nextU32() % 80 === 0) await world.restart();
      // The game's own server has its say.
      const { server } = world;
      if (random.nextU32() % 10 === 0) {
        for (const { id, state } of server!.manager.lobbies()) {
          if (state === "inGame") server!.manager.endGame(id, { step });
        }
      }
      await world.run(1 + random.nextU32() % 3);
    }
    await world.until(
      () =>
        world.players.every(({ client }) =>
          client.isSynced && client.socket.isConnected
        ),
      `seed ${seed}: peace`,
    );
    await world.run(20);
    const { manager } = world.server!;
    for (const [i, { name, client, events }] of world.players.entries()) {
      const where = `seed ${seed}, ${name}`;
      const lobby = manager.lobbyForPlayer(client.player!);
      assertEquals(client.lobby, lobby, where);
      assertEquals(client.unreadableMessages, 0, where);
      // What was told is what there was, step by step.
      let version = 0;
      let id = "";
      for (const event of events) {
        if (event.type === "entered") {
          ({ id, version } = event.lobby);
        } else if (event.type === "replaced") {
          assert(event.lobby.version > version, where);
          version = event.lobby.version;
        } else if (event.type === "lobby") {
          assertEquals(event.lobby.id, id, where);
          assertEquals(event.event.version, version + 1, where);
          version = event.lobby.version;
        }
      }
      const filter = prepareFilter(FILTERS[i % FILTERS.length]!);
      const expected = manager.publicLobbies().map((it) => lobbyListing(it))
        .filter((it) => isWanted(it, filter));
      assertEquals(
        client.browser.filteredSorted({}, { by: "name" })
          .toSorted((a, b) => a.id < b.id ? -1 : 1),
        expected.toSorted((a, b) => a.id < b.id ? -1 : 1),
        where,
      );
    }
    // What is stored is what there is.
    const stored = await world.store.load();
    assertEquals(
      stored.map(({ key }) => key).sort(),
      [...manager.lobbies()].map(({ id }) => id).sort() as string[],
    );
    for (const { key, value } of stored) {
      assertEquals(
        JSON.parse(value).lobby,
        JSON.parse(JSON.stringify(manager.lobby(key as never))),
        `seed ${seed}`,
      );
    }
  }
});
