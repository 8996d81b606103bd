import { assert, assertEquals } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { Player } from "../_testing/player_world.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { LobbyQueueOptions } from "./lobby_queue_options.ts";

const PAIRS: LobbyQueueOptions = {
  modes: { pairs: { teams: 2, teamSize: 2 } },
  regions: ["eu", "us", "asia"],
};
const QUEUES = {
  pairs: PAIRS,
  anywhere: { modes: PAIRS.modes },
};
const PARTY = { isParty: true } as const;

/** Players of whom the first ones are together in a lobby of the very first one. */
async function gather(
  world: LobbyWorld,
  together: number,
  ...names: string[]
): Promise<Player[]> {
  const players = names.map((name) => world.join(name));
  const [host, ...guests] = players.slice(0, together) as [Player, ...Player[]];
  const { lobby } = await world.done(host, host.client.create());
  for (const guest of guests) {
    await world.done(guest, guest.client.join(lobby as LobbyId));
  }
  return players;
}

/** What is stored of the ticket of a player. */
async function stored(
  world: LobbyWorld,
  player: string,
): Promise<Record<string, unknown> | undefined> {
  const records = await world.store.load();
  return records.filter(({ kind }) => kind === "ticket")
    .map(({ value }) => JSON.parse(value) as Record<string, unknown>)
    .find(({ players }) => (players as string[]).includes(player));
}

Deno.test("LobbyServer makes a party's latency that of its worst member, where all have told one", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: QUEUES });
  const [ada, bob, eve, joe] = await gather(
    world,
    2,
    "ada",
    "bob",
    "eve",
    "joe",
  ) as [Player, Player, Player, Player];
  ada.client.setLatencies({ eu: 20, us: 60, mars: 1 });
  bob.client.setLatencies({ us: 70, eu: 150, asia: 10 });
  await world.run();
  await world.done(ada, ada.client.enqueue("pairs", PARTY));
  await world.until(() => bob.client.ticket !== undefined);
  const record = await stored(world, "bob");
  assertEquals(record?.latencies, { eu: 150, us: 70 });
  // Alone what was told counts as well, and what the request itself says counts before it.
  eve.client.setLatencies({ eu: 20, us: 40 });
  await world.done(eve, eve.client.enqueue("pairs"));
  joe.client.setLatencies({ asia: 1 });
  const latencies = { eu: 20, us: 45 };
  await world.done(joe, joe.client.enqueue("pairs", { latencies }));
  const all = [ada, bob, eve, joe];
  await world.until(() =>
    all.every(({ client }) => client.lobby?.players.length === 4)
  );
  const made = world.events.find(({ type }) => type === "matchMade");
  assert(made?.type === "matchMade");
  assertEquals(made.region, "us");
});

Deno.test("LobbyServer takes what a host asks with for the host alone", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: QUEUES });
  const [ada, bob] = await gather(world, 2, "ada", "bob") as [Player, Player];
  ada.client.setLatencies({ eu: 99 });
  bob.client.setLatencies({ eu: 30, us: 30 });
  await world.run();
  const latencies = { eu: 20, us: 40 };
  await world.done(ada, ada.client.enqueue("pairs", { ...PARTY, latencies }));
  const record = await stored(world, "ada");
  assertEquals(record?.latencies, { eu: 30, us: 40 });
});

Deno.test("LobbyServer refuses a party of which somebody has told no latency, and says who", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: QUEUES });
  const [ada, bob, eve, joe] = await gather(
    world,
    3,
    "ada",
    "bob",
    "eve",
    "joe",
  ) as [Player, Player, Player, Player];
  const latencies = { eu: 20 };
  const ask = { ...PARTY, latencies };
  // Of regions that the queue does not have nothing is kept.
  bob.client.setLatencies({ mars: 5 });
  await world.run();
  const refused = await world.refused(ada, ada.client.enqueue("pairs", ask));
  assertEquals([refused.type, refused.reason, refused.players], [
    "matchmakingError",
    "invalidTicket",
    ["bob", "eve"],
  ]);
  assert(
    String(refused.message).endsWith(
      'the queue ("eu", "us", "asia"): missing are "bob", "eve"',
    ),
    `${refused.message}`,
  );
  assertEquals(ada.client.ticket, undefined);
  bob.client.setLatencies({ eu: 20 });
  eve.client.setLatencies({ us: 20 });
  await world.run();
  const apart = await world.refused(ada, ada.client.enqueue("pairs", ask));
  assertEquals([apart.reason, apart.players], ["invalidTicket", undefined]);
  // Latest word counts, and teams of two take no three.
  eve.client.setLatencies({ eu: 20 });
  await world.run();
  const large = await world.refused(ada, ada.client.enqueue("pairs", ask));
  assertEquals([large.reason, large.players], ["invalidTicket", undefined]);
  await world.done(eve, eve.client.leave());
  await world.done(ada, ada.client.enqueue("pairs", ask));
  // Who is alone is told in the same way.
  const alone = await world.refused(joe, joe.client.enqueue("pairs"));
  assertEquals([alone.reason, alone.players], ["invalidTicket", ["joe"]]);
});

Deno.test("LobbyServer asks nobody for latencies to a queue without regions", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: QUEUES });
  const [ada, bob] = await gather(world, 2, "ada", "bob") as [Player, Player];
  bob.client.setLatencies({ eu: 20 });
  await world.done(ada, ada.client.enqueue("anywhere", PARTY));
  assertEquals((await stored(world, "ada"))?.latencies, undefined);
});

Deno.test("LobbyServer keeps a party's latencies over a restart, and forgets who has told them", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: QUEUES });
  const [ada, bob] = await gather(world, 2, "ada", "bob") as [Player, Player];
  ada.client.setLatencies({ eu: 20 });
  bob.client.setLatencies({ eu: 60 });
  await world.run();
  await world.done(ada, ada.client.enqueue("pairs", PARTY));
  // It has measured something else since: the ticket stays as it is.
  bob.client.setLatencies({ us: 10 });
  await world.run();
  await world.restart();
  await world.until(() => ada.client.isSynced && bob.client.isSynced);
  await world.run();
  assertEquals((await stored(world, "ada"))?.latencies, { eu: 60 });
  const { modes } = await world.done(bob, bob.client.explain());
  assertEquals((modes as unknown[]).length, 1);
  await world.done(bob, bob.client.dequeue());
  // Both have told the new server by themselves, and the latest that they know.
  const refused = await world.refused(ada, ada.client.enqueue("pairs", PARTY));
  assertEquals([refused.reason, refused.players], ["invalidTicket", undefined]);
  const latencies = { us: 10 };
  await world.done(ada, ada.client.enqueue("pairs", { ...PARTY, latencies }));
  await world.done(ada, ada.client.dequeue());
  // Who is gone for good is forgotten; a seat in a lobby is none to forget.
  bob.client.close();
  await world.run(20, 10);
  const eve = world.connect("bob");
  await world.run();
  eve.request("lobby", JSON.stringify({ do: "enqueue", queue: "pairs" }));
  await world.run();
  const told = [...eve.drainEvents()].flatMap((event) =>
    event.type === "reply" && event.message.type === "text"
      ? [JSON.parse(event.message.text)]
      : []
  );
  assertEquals(told[0]?.error?.players, ["bob"]);
});

Deno.test("LobbyServer explains a party's wait to each of its players alike, and to nobody else", async () => {
  const world = new LobbyWorld();
  await world.start({ queues: QUEUES });
  const [ada, bob, eve] = await gather(
    world,
    2,
    "ada",
    "bob",
    "eve",
  ) as [Player, Player, Player];
  await world.done(
    eve,
    eve.client.join(ada.client.lobby!.id, { role: "spectator" }),
  );
  for (const { client } of [ada, bob]) client.setLatencies({ eu: 20 });
  await world.run();
  await world.done(ada, ada.client.enqueue("pairs", PARTY));
  await world.run();
  const requests = [ada.client.explain(), bob.client.explain()] as const;
  const first = await world.done(ada, requests[0]);
  const second = await world.done(bob, requests[1]);
  assertEquals(first, second);
  assertEquals((first.ticket as { players: unknown }).players, ["ada", "bob"]);
  const [mode] = first.modes as { mode: string; reason: string }[];
  assertEquals([mode?.mode, mode?.reason], ["pairs", "notEnoughPlayers"]);
  const refused = await world.refused(eve, eve.client.explain());
  assertEquals(refused.reason, "ticketNotFound");
  // A seat that passes on to another host changes nothing of it.
  await world.done(ada, ada.client.transferHost(playerId("bob")));
  await world.done(ada, ada.client.explain());
});
