import { assert, assertEquals } from "@std/assert";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { Player } from "../_testing/player_world.ts";
import type { MatchMode } from "../matchmaking/match_mode.ts";
import type { LobbyServerEvent } from "./lobby_server_event.ts";

const DUEL: MatchMode = { teams: 2, teamSize: 1 };
const BOOM = new Error("boom");
const BROKEN: MatchMode = {
  ...DUEL,
  match(): never {
    throw BOOM;
  },
};

type Failed = LobbyServerEvent & { type: "queueFailed" };

function failures(world: LobbyWorld): Failed[] {
  return world.events.filter((it): it is Failed => it.type === "queueFailed");
}

function counted(world: LobbyWorld): number {
  for (const { name, value } of world.server!.metrics()) {
    if (name === "tickwire_lobby_server_queue_failures") return value;
  }
  throw new Error("There is no such metric");
}

function join(world: LobbyWorld): Player[] {
  return ["ada", "bob"].map((name) => world.join(name));
}

Deno.test("LobbyServer goes on where a queue's own match throws at every tick, and tells of it", async () => {
  const world = new LobbyWorld();
  await world.start({
    queues: {
      broken: { modes: { broken: BROKEN, behind: DUEL } },
      other: { modes: { duel: DUEL } },
    },
  });
  const players = join(world);
  const [ada, bob] = players as [Player, Player];
  const wishes = [["broken", "behind"], ["other", "duel"]] as const;
  for (const [queue, mode] of wishes) {
    for (const { client } of players) client.enqueue(queue, { modes: [mode] });
    await world.until(() =>
      players.every(({ client }) => client.lobby?.players.length === 2)
    );
    assertEquals(ada.client.lobby, bob.client.lobby);
    for (const player of players) {
      await world.done(player, player.client.leave());
    }
  }
  // Ten seconds, of twenty ticks each.
  const before = failures(world).length;
  const countBefore = counted(world);
  await world.run(200);
  const told = failures(world);
  assertEquals(told.length - before, 10);
  for (const { queue, error } of told) {
    assertEquals([queue, error], ["broken", BOOM]);
  }
  assertEquals(told[0]!.times, 1);
  const times = told.reduce((sum, it) => sum + it.times, 0);
  assert(times <= counted(world) && times > counted(world) - 20, `${times}`);
  assertEquals(counted(world) - countBefore, 200);
});

Deno.test("LobbyServer makes the other matches of a mode whose own score throws for one", async () => {
  const world = new LobbyWorld();
  await world.start({
    queues: {
      ranked: {
        modes: {
          duel: {
            ...DUEL,
            score({ tickets }) {
              if (tickets.some(({ skill }) => skill === 13)) throw BOOM;
              return 0;
            },
          },
        },
      },
    },
    skillOf: (player) => ({ skill: player === "eve" ? 13 : 14 }),
  });
  const eve = world.join("eve");
  const players = join(world);
  await world.done(eve, eve.client.enqueue("ranked"));
  for (const player of players) player.client.enqueue("ranked");
  await world.until(() =>
    players.every(({ client }) => client.lobby?.players.length === 2)
  );
  assert(eve.client.ticket !== undefined);
  assertEquals(failures(world)[0]?.error, BOOM);
});

Deno.test("LobbyServer says so where a queue's own lobby throws, and leaves the players where they are", async () => {
  const world = new LobbyWorld();
  await world.start({
    queues: {
      ranked: {
        modes: { duel: DUEL },
        lobby: () => {
          throw BOOM;
        },
      },
    },
  });
  const [ada, bob] = join(world) as [Player, Player];
  await world.done(ada, ada.client.create());
  await world.done(ada, ada.client.enqueue("ranked", { isParty: true }));
  await world.done(bob, bob.client.enqueue("ranked"));
  await world.until(() => world.told(ada, "ticketEnded").length === 2);
  assertEquals(world.told(ada, "ticketEnded").map(({ reason }) => reason), [
    "matched",
    "failed",
  ]);
  assertEquals(ada.client.lobby?.players.length, 1);
  const failed = world.events.find(({ type }) => type === "matchFailed");
  assert(failed?.type === "matchFailed");
  assert(failed.error.type === "matchmakingError");
  assertEquals(failed.error.reason, "cannotSeat");
  assertEquals(failures(world).map(({ queue, error }) => [queue, error]), [
    ["ranked", BOOM],
  ]);
  // What others ask for is done.
  await world.done(bob, bob.client.create());
});
