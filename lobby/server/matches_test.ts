import { assert, assertEquals, assertRejects } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { Player } from "../_testing/player_world.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyQueueOptions } from "./lobby_queue_options.ts";

const DUEL: LobbyQueueOptions = {
  modes: { duel: { teams: 2, teamSize: 1 } },
};

const ASKED: LobbyQueueOptions = { ...DUEL, acceptTimeoutMs: 5_000 };

const TEAMS: LobbyQueueOptions = {
  modes: { pairs: { teams: 2, teamSize: 2, maps: ["forest", "harbour"] } },
  regions: ["eu", "us"],
  lobby: (match) => ({
    config: { name: `Pairs on ${match.map}`, countdownMs: 0 },
    metadata: { region: match.region! },
  }),
};

async function sync(world: LobbyWorld, ...names: string[]): Promise<Player[]> {
  const players = names.map((name) => world.join(name));
  await world.until(() => players.every(({ client }) => client.isSynced));
  return players;
}

Deno.test("LobbyServer finds matches, and seats the players", async () => {
  const world = new LobbyWorld();
  const server = await world.start({ queues: { ranked: DUEL } });
  const [ada, bob] = await sync(world, "ada", "bob") as [Player, Player];
  const status = await world.done(ada, ada.client.enqueue("ranked"));
  assertEquals(status.players, ["ada"]);
  assertEquals(ada.client.ticket?.queue, "ranked");
  assertEquals(
    (await world.refused(ada, ada.client.enqueue("ranked"))).reason,
    "alreadyQueued",
  );
  const unknown = await world.refused(bob, bob.client.enqueue("none"));
  assertEquals([unknown.type, unknown.message], [
    "queueNotFound",
    'Cannot find queue "none"',
  ]);
  await world.done(bob, bob.client.enqueue("ranked"));
  await world.until(() => bob.client.lobby !== undefined);
  await world.until(() => ada.client.lobby !== undefined);
  assertEquals(ada.client.lobby, bob.client.lobby);
  const { config, players } = ada.client.lobby!;
  assertEquals([config.mode, config.access, config.maxPlayers], [
    "duel",
    "inviteOnly",
    2,
  ]);
  assertEquals(players.map(({ id }) => id).sort(), ["ada", "bob"]);
  for (const player of [ada, bob]) {
    assertEquals(player.client.ticket, undefined);
    assertEquals(world.told(player, "ticketEnded").map((it) => it.reason), [
      "matched",
    ]);
  }
  const made = world.events.find(({ type }) => type === "matchMade");
  assert(made?.type === "matchMade");
  assertEquals(made.lobby, ada.client.lobby!.id);
  assertEquals(made.teams.flat().sort(), ["ada", "bob"] as never);
  // Nobody has to begin it.
  await world.until(() => ada.client.lobby?.state === "inGame");
  assertEquals(server.manager.lobbyCount, 1);
});

Deno.test("LobbyServer takes a party along, in one team, out of its lobby", async () => {
  const world = new LobbyWorld();
  const server = await world.start({ queues: { pairs: TEAMS } });
  const [ada, bob, eve, joe] = await sync(
    world,
    "ada",
    "bob",
    "eve",
    "joe",
  ) as [
    Player,
    Player,
    Player,
    Player,
  ];
  const { lobby } = await world.done(ada, ada.client.create());
  await world.done(bob, bob.client.join(lobby as LobbyId));
  const wish = { maps: ["harbour"], latencies: { eu: 20, us: 120 } };
  bob.client.setLatencies(wish.latencies);
  assertEquals(
    (await world.refused(
      bob,
      bob.client.enqueue("pairs", { ...wish, isParty: true }),
    )).type,
    "notHost",
  );
  assertEquals(
    (await world.refused(bob, bob.client.enqueue("pairs", wish))).type,
    "playerAlreadyInLobby",
  );
  assertEquals(
    (await world.refused(
      joe,
      joe.client.enqueue("pairs", { ...wish, isParty: true }),
    )).type,
    "playerNotFound",
  );
  assertEquals(
    (await world.refused(joe, joe.client.enqueue("pairs"))).reason,
    "invalidTicket",
  );
  await world.done(
    ada,
    ada.client.enqueue("pairs", { ...wish, isParty: true }),
  );
  await world.until(() => bob.client.ticket !== undefined);
  assertEquals(bob.client.ticket?.players, ["ada", "bob"] as never);
  await world.done(eve, eve.client.enqueue("pairs", wish));
  const { modes } = await world.done(eve, eve.client.explain());
  assertEquals((modes as { reason: string }[])[0]?.reason, "notEnoughPlayers");
  await world.done(joe, joe.client.enqueue("pairs", wish));
  const all = [ada, bob, eve, joe];
  await world.until(() =>
    all.every(({ client }) => client.lobby?.players.length === 4)
  );
  const view = joe.client.lobby!;
  assertEquals(view.config.name, "Pairs on harbour");
  assertEquals(view.metadata, { region: "eu" });
  const team = new Map(view.players.map(({ id, team }) => [id, team]));
  assertEquals(team.get(playerId("ada")), team.get(playerId("bob")));
  assertEquals(team.get(playerId("eve")), team.get(playerId("joe")));
  assert(team.get(playerId("ada")) !== team.get(playerId("eve")));
  const party = new Map(view.players.map(({ id, party }) => [id, party]));
  assertEquals(party.get(playerId("bob")), "ada");
  assertEquals(party.get(playerId("joe")), undefined);
  // The lobby that they came from is empty, and gone.
  assertEquals(server.manager.lobby(lobby as LobbyId), undefined);
  for (const { client } of all) assertEquals(client.unreadableMessages, 0);
});

Deno.test("LobbyServer gives a match with fewer teams a lobby of as many", async () => {
  const world = new LobbyWorld();
  await world.start({
    queues: {
      pairs: {
        modes: {
          pairs: {
            teams: 4,
            teamSize: 2,
            fewerTeams: { min: 2, afterMs: 1_000 },
          },
        },
      },
    },
  });
  const players = await sync(world, "ada", "bob", "eve", "joe");
  for (const player of players) {
    await world.done(player, player.client.enqueue("pairs"));
  }
  await world.until(() => players.every(({ client }) => client.lobby));
  const { config, players: seated } = players[0]!.client.lobby!;
  assertEquals([config.teams.count, config.teams.maxSize], [2, 2]);
  assertEquals([config.minPlayers, config.maxPlayers], [4, 4]);
  assertEquals(seated.map(({ team }) => team).sort(), [0, 0, 1, 1] as never);
});

Deno.test("LobbyServer lets a party go that breaks up, and one that has had enough", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: { pairs: TEAMS } });
  const [ada, bob] = await sync(world, "ada", "bob") as [Player, Player];
  const { lobby } = await world.done(ada, ada.client.create());
  await world.done(bob, bob.client.join(lobby as LobbyId));
  for (const { client } of [ada, bob]) client.setLatencies({ eu: 20 });
  const wish = { isParty: true };
  await world.run();
  await world.done(ada, ada.client.enqueue("pairs", wish));
  await world.done(bob, bob.client.dequeue());
  await world.until(() => ada.client.ticket === undefined);
  assertEquals(world.told(ada, "ticketEnded").at(-1)?.reason, "cancelled");
  assertEquals(
    (await world.refused(ada, ada.client.dequeue())).reason,
    "ticketNotFound",
  );
  await world.done(ada, ada.client.enqueue("pairs", wish));
  await world.done(bob, bob.client.leave());
  await world.until(() => ada.client.ticket === undefined);
  assertEquals(world.told(bob, "ticketEnded").length, 2);
});

Deno.test("LobbyServer takes no answer for another match than was asked about", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: { ranked: ASKED, casual: ASKED } });
  const players = await sync(world, "ada", "bob") as [Player, Player];
  const [ada, bob] = players;
  const numbers = new Set<number>();
  for (const queue of ["ranked", "casual"]) {
    for (const { client } of players) client.enqueue(queue);
    await world.until(() => bob.client.proposal !== undefined);
    numbers.add(ada.client.proposal!.proposal);
    if (queue === "casual") break;
    await world.done(ada, ada.client.dequeue());
    await world.done(bob, bob.client.dequeue());
  }
  // It is asked while nobody is there, and is for a match that the next server does not know.
  world.kill();
  await world.run(2);
  const late = ada.client.answer(ada.client.proposal!.proposal, true);
  await world.restart();
  const refusal = await world.refused(ada, late);
  assertEquals(refusal.reason, "proposalNotFound");
  await world.until(() =>
    world.told(ada, "proposal").length === 3 && ada.client.isSynced
  );
  const { proposal, isAccepted } = ada.client.proposal!;
  assertEquals([numbers.add(proposal).size, isAccepted], [3, false]);
});

Deno.test("LobbyServer asks whether a match is wanted, and makes it when all say so", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: { ranked: ASKED } });
  const [ada, bob, eve] = await sync(world, "ada", "bob", "eve") as [
    Player,
    Player,
    Player,
  ];
  await world.done(ada, ada.client.enqueue("ranked"));
  await world.done(bob, bob.client.enqueue("ranked"));
  await world.until(() => bob.client.proposal !== undefined);
  const first = ada.client.proposal!;
  assertEquals([first.players, first.timeoutMs], [2, 5_000]);
  assertEquals(
    (await world.refused(ada, ada.client.answer(999, true))).reason,
    "proposalNotFound",
  );
  await world.done(ada, ada.client.answer(first.proposal, true));
  await world.done(bob, bob.client.answer(first.proposal, false));
  await world.until(() => ada.client.proposal === undefined);
  assertEquals(world.told(ada, "proposalEnded").at(-1)?.missing, [
    "bob",
  ] as never);
  // The one who said no is out, the other waits on.
  await world.until(() => bob.client.ticket === undefined);
  assertEquals(world.told(bob, "ticketEnded").at(-1)?.reason, "declined");
  assert(ada.client.ticket !== undefined);
  await world.done(eve, eve.client.enqueue("ranked"));
  await world.until(() => eve.client.proposal !== undefined);
  const second = eve.client.proposal!.proposal;
  await world.done(eve, eve.client.answer(second, true));
  await world.done(ada, ada.client.answer(second, true));
  await world.until(() => eve.client.lobby?.players.length === 2);
  assertEquals(world.told(eve, "proposalEnded").at(-1)?.isConfirmed, true);
  // Who says nothing is out as well.
  await world.done(bob, bob.client.enqueue("ranked"));
  const [joe] = await sync(world, "joe") as [Player];
  await world.done(joe, joe.client.enqueue("ranked"));
  await world.until(() => joe.client.proposal !== undefined);
  await world.done(joe, joe.client.answer(joe.client.proposal!.proposal, true));
  await world.until(() => bob.client.ticket === undefined);
  assertEquals(joe.client.ticket?.players, ["joe"] as never);
  assertEquals(joe.client.lobby, undefined);
});

Deno.test("LobbyServer proposes the next match in the tick in which one has come to nothing", async () => {
  const world = new LobbyWorld();
  await world.start({
    queues: { ranked: { ...ASKED, acceptTimeoutMs: 1_000 } },
  });
  const [ada, bob] = await sync(world, "ada", "bob") as [Player, Player];
  for (const { client } of [ada, bob]) client.enqueue("ranked");
  await world.until(() => ada.client.proposal !== undefined);
  const first = ada.client.proposal!.proposal;
  await world.done(ada, ada.client.answer(first, true));
  // Who comes next waits while the two are asked.
  const [cat] = await sync(world, "cat") as [Player];
  await world.done(cat, cat.client.enqueue("ranked"));
  assertEquals(cat.client.proposal, undefined);
  await world.until(() => cat.client.proposal !== undefined);
  await world.run(2);
  const { proposal } = cat.client.proposal!;
  assertEquals(ada.client.proposal?.proposal, proposal);
  assertEquals(bob.client.proposal, undefined);
  assertEquals(
    [ada, bob].map((it) =>
      world.told(it, "proposalEnded").map((event) => [
        event.proposal,
        event.missing,
      ])
    ),
    [[[first, ["bob"]]], [[first, ["bob"]]]] as never,
  );
  for (const player of [ada, cat]) {
    await world.done(player, player.client.answer(proposal, true));
  }
  await world.until(() => ada.client.lobby?.players.length === 2);
});

Deno.test("LobbyServer ends the proposal of a match that is one party's alone", async () => {
  const world = new LobbyWorld();
  await world.start({
    queues: {
      raid: {
        modes: { raid: { teams: 1, teamSize: 2 } },
        acceptTimeoutMs: 5_000,
      },
    },
  });
  const [ada, bob] = await sync(world, "ada", "bob") as [Player, Player];
  const { lobby } = await world.done(ada, ada.client.create());
  await world.done(bob, bob.client.join(lobby as LobbyId));
  await world.done(ada, ada.client.enqueue("raid", { isParty: true }));
  await world.until(() => bob.client.proposal !== undefined);
  await world.done(bob, bob.client.dequeue());
  await world.run(2);
  for (const { client } of [ada, bob]) {
    assertEquals([client.ticket, client.proposal], [undefined, undefined]);
  }
});

Deno.test("LobbyServer lets nobody keep others from matches by declining them again and again", async () => {
  const world = new LobbyWorld();
  await world.start({
    queues: { ranked: { ...ASKED, acceptTimeoutMs: 1_000 } },
  });
  const [ada, eve] = await sync(world, "ada", "eve") as [Player, Player];
  await world.done(ada, ada.client.enqueue("ranked"));
  const proposed = async (): Promise<number> => {
    await world.done(eve, eve.client.enqueue("ranked"));
    await world.until(() => eve.client.proposal !== undefined);
    return eve.client.proposal!.proposal;
  };
  await world.done(eve, eve.client.answer(await proposed(), false));
  // To go away instead of answering is no better, nor is it to say nothing.
  await proposed();
  await world.done(eve, eve.client.dequeue());
  const last = await proposed();
  await world.done(ada, ada.client.answer(last, true));
  await world.until(() => eve.client.ticket === undefined);
  const refused = await world.refused(eve, eve.client.enqueue("ranked"));
  assertEquals(refused.type, "rateLimited");
  const { retryAfterMs } = refused;
  assert(retryAfterMs as number > 20_000, `${retryAfterMs}`);
  // The one who was kept waiting is in no way worse off.
  assertEquals(ada.client.ticket?.players, ["ada"] as never);
  const [bob] = await sync(world, "bob") as [Player];
  await world.done(bob, bob.client.enqueue("ranked"));
  await world.until(() => bob.client.proposal !== undefined);
  for (const { client } of [ada, bob]) {
    client.answer(bob.client.proposal!.proposal, true);
  }
  await world.until(() => ada.client.lobby !== undefined);
  await world.run(30, 1);
  await world.done(eve, eve.client.enqueue("ranked"));
});

Deno.test("LobbyServer counts who ends a party's match, and not the rest of the party", async () => {
  const world = new LobbyWorld();
  await world.start({
    queues: { pairs: { ...TEAMS, acceptTimeoutMs: 5_000 } },
  });
  const parties = await sync(world, "ada", "bob", "eve", "joe");
  const [ada, bob, eve, joe] = parties as [Player, Player, Player, Player];
  for (const { client } of parties) client.setLatencies({ eu: 20 });
  const party = { isParty: true };
  for (const [host, guest] of [[ada, bob], [eve, joe]] as const) {
    const { lobby } = await world.done(host, host.client.create());
    await world.done(guest, guest.client.join(lobby as LobbyId));
  }
  await world.done(eve, eve.client.enqueue("pairs", party));
  for (let i = 0; i < 3; i++) {
    await world.done(ada, ada.client.enqueue("pairs", party));
    await world.until(() => bob.client.proposal !== undefined);
    await world.done(bob, bob.client.dequeue());
  }
  const { type } = await world.refused(ada, ada.client.enqueue("pairs", party));
  assertEquals(type, "rateLimited");
  await world.done(ada, ada.client.kick(bob.client.player!));
  await world.done(ada, ada.client.enqueue("pairs", party));
});

Deno.test("LobbyServer counts the host who ends a party's match by a kick", async () => {
  const world = new LobbyWorld();
  await world.start({
    queues: { pairs: { ...TEAMS, acceptTimeoutMs: 5_000 } },
  });
  const players = await sync(world, "ada", "bob", "eve", "joe");
  const [ada, bob, eve, joe] = players as [Player, Player, Player, Player];
  for (const { client } of players) client.setLatencies({ eu: 20 });
  for (const { client } of [eve, joe]) client.enqueue("pairs");
  const { lobby } = await world.done(ada, ada.client.create());
  for (let i = 0; i < 3; i++) {
    await world.done(bob, bob.client.join(lobby as LobbyId));
    await world.done(ada, ada.client.enqueue("pairs", { isParty: true }));
    await world.until(() => ada.client.proposal !== undefined);
    await world.done(ada, ada.client.kick(bob.client.player!));
  }
  const party = { isParty: true };
  const { type } = await world.refused(ada, ada.client.enqueue("pairs", party));
  assertEquals(type, "rateLimited");
  await world.done(bob, bob.client.enqueue("pairs"));
});

Deno.test("LobbyServer ends the wait of a party of which somebody only looks on", async () => {
  const world = new LobbyWorld();
  await world.start({
    queues: { pairs: { modes: { duel: { teams: 2, teamSize: 2 } } } },
  });
  const [ada, bob] = ["ada", "bob"].map((name) => world.join(name));
  const { lobby } = await world.done(ada!, ada!.client.create());
  await world.done(bob!, bob!.client.join(lobby as LobbyId));
  await world.done(ada!, ada!.client.enqueue("pairs", { isParty: true }));
  await world.done(bob!, bob!.client.setRole("spectator"));
  await world.run();
  for (const player of [ada!, bob!]) {
    assertEquals(player.client.ticket, undefined);
    const ended = world.told(player, "ticketEnded").map((it) => it.reason);
    assertEquals(ended, ["cancelled"]);
  }
});

Deno.test("LobbyServer ends the wait of a party whose lobby is gone", async () => {
  const world = new LobbyWorld();
  const server = await world.start({ queues: { ranked: DUEL, pairs: TEAMS } });
  const [ada, bob] = await sync(world, "ada", "bob") as [Player, Player];
  const party = { isParty: true };
  // The last one leaves.
  await world.done(ada, ada.client.create());
  await world.done(ada, ada.client.enqueue("ranked", party));
  await world.done(ada, ada.client.leave());
  await world.run(2);
  assertEquals(ada.client.ticket, undefined);
  // The game closes it.
  const { lobby } = await world.done(ada, ada.client.create());
  await world.done(bob, bob.client.join(lobby as LobbyId));
  for (const { client } of [ada, bob]) client.setLatencies({ eu: 20 });
  await world.run(2);
  await world.done(ada, ada.client.enqueue("pairs", party));
  server.manager.destroyLobby(lobby as LobbyId);
  await world.run(2);
  for (const player of [ada, bob]) {
    assertEquals(player.client.ticket, undefined);
    assertEquals(world.told(player, "ticketEnded").at(-1)?.reason, "cancelled");
  }
});

Deno.test("LobbyServer waits for a while for who looks for a match and is cut off", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: { ranked: { ...DUEL, graceMs: 3_000 } } });
  const [ada] = await sync(world, "ada") as [Player];
  await world.done(ada, ada.client.enqueue("ranked"));
  world.cut(0);
  await world.run(40);
  assert(ada.client.ticket !== undefined);
  ada.client.close();
  await world.run(80);
  const [bob] = await sync(world, "bob") as [Player];
  await world.done(bob, bob.client.enqueue("ranked"));
  await world.run(40);
  assertEquals(bob.client.lobby, undefined);
  ada.client.connect();
  await world.until(() => ada.client.isSynced);
  assertEquals(ada.client.ticket, undefined);
});

Deno.test("LobbyServer counts how long who looks for a match is away when the session is forgotten", async () => {
  const world = new LobbyWorld();
  const server = await world.start({
    hub: { resumeWindowMs: 1_000 },
    queues: { ranked: { ...DUEL, graceMs: 40_000 } },
  });
  const [ada] = await sync(world, "ada") as [Player];
  await world.done(ada, ada.client.enqueue("ranked"));
  await world.run(60, 1);
  ada.client.close();
  await world.run(30, 1);
  assertEquals(server.clientsOf(ada.client.player!), []);
  ada.client.connect();
  await world.until(() => ada.client.isSynced);
  assertEquals(ada.client.ticket?.queue, "ranked");
});

Deno.test("LobbyServer keeps tickets over a restart, which wait for their players", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: { ranked: { ...DUEL, graceMs: 5_000 } } });
  const [ada] = await sync(world, "ada") as [Player];
  await world.done(ada, ada.client.enqueue("ranked"));
  await world.run(40);
  await world.restart();
  const [bob] = await sync(world, "bob") as [Player];
  await world.until(() => ada.client.isSynced);
  assert(ada.client.ticket!.waitedMs >= 0);
  await world.done(bob, bob.client.enqueue("ranked"));
  await world.until(() => bob.client.lobby?.players.length === 2);
  assertEquals(ada.client.lobby, bob.client.lobby);
  const records = await world.store.load();
  assertEquals(records.map(({ kind }) => kind), ["lobby"]);
  // One whose player does not come back is given up.
  const [eve] = await sync(world, "eve") as [Player];
  await world.done(eve, eve.client.enqueue("ranked"));
  eve.client.close();
  const server = await world.restart();
  const restored = world.events.length;
  await world.run(10);
  const event = world.events.slice(restored).find(({ type }) =>
    type === "restored"
  );
  assert(event?.type === "restored");
  assertEquals([event.lobbies, event.tickets, event.refused], [1, 1, []]);
  await world.run(120);
  assertEquals((await world.store.load()).map(({ kind }) => kind), ["lobby"]);
  assert(server.lobbyCount === 1);
});

Deno.test("LobbyServer says where a match cannot be given a lobby", async () => {
  const world = new LobbyWorld();
  await world.start({
    queues: {
      ranked: { ...DUEL, lobby: () => ({ config: { name: "\n" } }) },
    },
  });
  const [ada, bob] = await sync(world, "ada", "bob") as [Player, Player];
  await world.done(ada, ada.client.enqueue("ranked"));
  await world.done(bob, bob.client.enqueue("ranked"));
  await world.until(() => ada.client.ticket === undefined);
  await world.run();
  assertEquals(world.told(ada, "ticketEnded").at(-1)?.reason, "failed");
  const failed = world.events.find(({ type }) => type === "matchFailed");
  assert(failed?.type === "matchFailed");
  assertEquals([...failed.players].sort(), ["ada", "bob"] as never);
  assertEquals(failed.error.type, "matchmakingError");
  // They can look for another.
  await world.done(ada, ada.client.enqueue("ranked"));
});

Deno.test("LobbyServer leaves players where they are if no lobby can be made for their match", async () => {
  const many = "x".repeat(5_000);
  for (
    const [lobby, cause] of [
      [() => ({ config: { name: "\n" } }), "name"],
      [() => ({ metadata: { many } }), "metadata"],
      [() => ({ config: { minPlayers: 3 } }), "minPlayers"],
    ] as const
  ) {
    const world = new LobbyWorld();
    const server = await world.start({
      queues: { ranked: { ...DUEL, lobby } },
    });
    const [ada, bob] = await sync(world, "ada", "bob") as [Player, Player];
    const { lobby: own } = await world.done(ada, ada.client.create());
    await world.done(ada, ada.client.enqueue("ranked", { isParty: true }));
    await world.done(bob, bob.client.enqueue("ranked"));
    await world.until(() => bob.client.ticket === undefined);
    await world.run();
    assertEquals(world.told(ada, "ticketEnded").at(-1)?.reason, "failed");
    assertEquals(ada.client.lobby?.id, own as LobbyId);
    assertEquals(server.lobbyCount, 1);
    const failed = world.events.find(({ type }) => type === "matchFailed");
    assert(failed?.type === "matchFailed");
    assert(failed.error.type === "matchmakingError");
    assertEquals(failed.error.reason, "cannotSeat");
    const found = failed.error.cause;
    assert(found?.type === "invalidConfig");
    assertEquals(found.field, cause);
  }
});

Deno.test("LobbyServer makes a match where there is room for its lobby once its players have left theirs", async () => {
  for (const others of [0, 1]) {
    const world = new LobbyWorld();
    const server = await world.start({
      manager: { limits: { lobbies: 1 } },
      queues: { ranked: DUEL },
    });
    const [ada, bob] = await sync(world, "ada", "bob") as [Player, Player];
    const { lobby: own } = await world.done(ada, ada.client.create());
    await world.done(ada, ada.client.enqueue("ranked", { isParty: true }));
    // One who stays keeps the lobby there.
    if (others === 1) {
      assert(server.manager.join(playerId("joe"), own as LobbyId).isOk);
    }
    await world.done(bob, bob.client.enqueue("ranked"));
    await world.until(() => bob.client.ticket === undefined);
    await world.run();
    const isMade = bob.client.lobby !== undefined;
    assertEquals([isMade, server.lobbyCount], [others === 0, 1]);
    const isThere = ada.client.lobby?.id === own;
    assertEquals(isThere, !isMade);
  }
});

Deno.test("LobbyServer fills up a lobby with players of a queue", async () => {
  const world = new LobbyWorld();
  const server = await world.start({
    queues: { pairs: { modes: { pairs: { teams: 2, teamSize: 2 } } } },
  });
  const [ada, bob, eve] = await sync(world, "ada", "bob", "eve") as [
    Player,
    Player,
    Player,
  ];
  const { lobby } = await world.done(
    ada,
    ada.client.create({
      config: {
        maxPlayers: 4,
        teams: { count: 2, assignment: "manual", maxSize: 2 },
      },
    }),
  );
  await world.done(ada, ada.client.setTeam(0 as never));
  const backfill = server.addBackfill("pairs", lobby as LobbyId, {
    mode: "pairs",
    openSeats: [1, 1],
    skill: 1_500,
  });
  assert(backfill.isOk);
  await world.done(bob, bob.client.enqueue("pairs"));
  await world.done(eve, eve.client.enqueue("pairs"));
  await world.until(() => eve.client.lobby?.players.length === 3);
  await world.until(() => bob.client.lobby?.players.length === 3);
  assertEquals(bob.client.lobby, ada.client.lobby);
  assertEquals(
    ada.client.lobby!.players.map(({ team }) => team).sort(),
    [0, 0, 1] as never,
  );
  const filled = world.events.filter(({ type }) => type === "backfilled");
  assertEquals(filled.length >= 1, true);
});

Deno.test("LobbyServer leaves players where they are if the lobby to fill up has no seat any more", async () => {
  const world = new LobbyWorld();
  const server = await world.start({
    queues: {
      pairs: {
        modes: { pairs: { teams: 2, teamSize: 2 } },
      },
    },
  });
  const [ada, bob, eve] = await sync(world, "ada", "bob", "eve") as [
    Player,
    Player,
    Player,
  ];
  const made = await world.done(
    ada,
    ada.client.create({ config: { maxPlayers: 3 } }),
  );
  const lobby = made.lobby as LobbyId;
  const { lobby: own } = await world.done(bob, bob.client.create());
  await world.done(bob, bob.client.enqueue("pairs", { isParty: true }));
  await world.done(eve, eve.client.enqueue("pairs"));
  const backfill = server.addBackfill("pairs", lobby, {
    mode: "pairs",
    openSeats: [1, 1],
    skill: 1_500,
  });
  assert(backfill.isOk);
  // Of the two seats one is taken by somebody else.
  assert(server.manager.join(playerId("joe"), lobby).isOk);
  await world.until(() => eve.client.ticket === undefined);
  await world.run();
  for (const player of [bob, eve]) {
    assertEquals(world.told(player, "ticketEnded").map((it) => it.reason), [
      "matched",
      "failed",
    ]);
  }
  assertEquals(bob.client.lobby?.id, own as LobbyId);
  assertEquals(eve.client.lobby, undefined);
  assertEquals(server.manager.lobby(lobby)?.players.length, 2);
  assertEquals(server.manager.reservations(lobby), []);
  assertEquals(world.events.filter(({ type }) => type === "backfilled"), []);
  const failed = world.events.find(({ type }) => type === "matchFailed");
  assert(failed?.type === "matchFailed");
  assertEquals([...failed.players].sort(), ["bob", "eve"] as never);
  assert(failed.error.type === "matchmakingError");
  assertEquals(failed.error.cause?.type, "lobbyFull");
});

Deno.test("LobbyServer refuses queues that are none, when it is made", async () => {
  for (
    const [queues, what] of [
      [{ "": DUEL }, "name"],
      [{ ranked: { ...DUEL, ttlMs: 0 } }, 'ttlMs of queue "ranked"'],
      [{ ranked: { ...DUEL, tickBudgetMs: -1 } }, "tickBudgetMs"],
      // As a file of JSON may have it.
      [{ ranked: { ...DUEL, graceMs: "soon" as never } }, "graceMs"],
      [{ ranked: { ...DUEL, acceptTimeoutMs: -1 } }, "acceptTimeoutMs"],
    ] as const
  ) {
    await assertRejects(
      () => new LobbyWorld().start({ queues }),
      RangeError,
      what,
    );
  }
});
