import { assert, assertEquals } from "@std/assert";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { Player } from "../_testing/player_world.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { TeamId } from "../team_id.ts";

function heard(world: LobbyWorld, player: Player): string[] {
  return world.told(player, "chat").map(({ message }) => message.text);
}

async function seat(
  world: LobbyWorld,
  ...names: readonly string[]
): Promise<Player[]> {
  const players = names.map((name) => world.join(name));
  const [host, ...guests] = players;
  const { lobby } = await world.done(
    host!,
    host!.client.create({
      config: { teams: { count: 2, assignment: "manual" } },
    }),
  );
  for (const guest of guests) {
    await world.done(guest, guest.client.join(lobby as LobbyId));
  }
  return players;
}

Deno.test("LobbyServer tells what is said to all in the lobby, and to nobody else", async () => {
  const world = new LobbyWorld();
  await world.start({ chat: { history: 3 } });
  const [ada, bob, eve] = await seat(world, "ada", "bob", "eve") as [
    Player,
    Player,
    Player,
  ];
  const joe = world.join("joe");
  await world.done(ada, ada.client.chat("hello\nall"));
  await world.done(bob, bob.client.chat("\u{1f44b}"));
  await world.run();
  for (const player of [ada, bob, eve]) {
    assertEquals(heard(world, player), ["hello\nall", "\u{1f44b}"]);
  }
  assertEquals(heard(world, joe), []);
  assertEquals(
    (await world.refused(joe, joe.client.chat("let me in"))).type,
    "playerNotFound",
  );
  // To the own team alone.
  assertEquals(
    (await world.refused(eve, eve.client.chat("psst", { isTeam: true }))).type,
    "notAllowed",
  );
  await world.done(ada, ada.client.setTeam(1 as TeamId));
  await world.done(bob, bob.client.setTeam(1 as TeamId));
  await world.done(ada, ada.client.chat("psst", { isTeam: true }));
  await world.done(bob, bob.client.chat("third"));
  await world.run();
  assertEquals(heard(world, bob).at(-2), "psst");
  assertEquals(heard(world, eve).at(-2), "\u{1f44b}");
  // Who comes later is told the last of what was said to all.
  await world.done(joe, joe.client.join(ada.client.lobby!.id));
  await world.run();
  assertEquals(heard(world, joe), ["\u{1f44b}", "third"]);
  const numbers = world.told(joe, "chat").map(({ message }) => message.number);
  assertEquals(numbers, [2, 4]);
  assertEquals(world.told(joe, "chatMissed"), []);
});

Deno.test("LobbyServer lets nobody say too much, too often, or what cannot be shown", async () => {
  const world = new LobbyWorld();
  await world.start({
    chat: { maxBytes: 10, rate: { perSecond: 1, burst: 3 } },
  });
  const [ada, bob] = await seat(world, "ada", "bob") as [Player, Player];
  for (
    const text of [
      "",
      "   ",
      "elevenbytes",
      "\u00e9".repeat(6),
      "a\u202eb",
      "a\u061cb",
      "a\u2028b",
      "a\u2029b",
      "a\0",
      "a\x1b[2J",
    ]
  ) {
    const { type, field } = await world.refused(ada, ada.client.chat(text));
    assertEquals(
      [type, field],
      ["invalidRequest", "text"],
      JSON.stringify(text),
    );
  }
  for (let i = 0; i < 3; i++) await world.done(ada, ada.client.chat(`${i}`));
  const { type, retryAfterMs } = await world.refused(ada, ada.client.chat("3"));
  assertEquals(type, "rateLimited");
  assert(retryAfterMs as number <= 1_000);
  // Another connection of the same player gets no more.
  const tab = world.join("ada");
  await world.until(() => tab.client.isSynced);
  await world.done(bob, bob.client.chat("b"));
  await world.run(20);
  await world.done(ada, ada.client.chat("3"));
  assertEquals(heard(world, bob), ["0", "1", "2", "b", "3"]);
});

Deno.test("LobbyServer keeps nothing that was said", async () => {
  const world = new LobbyWorld();
  await world.start();
  const [ada] = await seat(world, "ada") as [Player];
  await world.done(ada, ada.client.chat("for your eyes only"));
  const records = JSON.stringify(await world.store.load());
  assert(!records.includes("eyes"));
});

/** What a player has been told was said: the numbers, and a pair for those that it has missed. */
function numbers(
  player: Pick<Player, "events">,
): (number | [number, number])[] {
  const told: (number | [number, number])[] = [];
  for (const event of player.events) {
    if (event.type === "chat") told.push(event.message.number);
    if (event.type === "chatMissed") told.push([event.from, event.to]);
  }
  return told;
}

Deno.test("LobbyServer tells who was away what was said meanwhile, and what of it is not there any more", async () => {
  const world = new LobbyWorld();
  await world.start({
    chat: { history: 4, rate: { perSecond: 100, burst: 100 } },
    hub: { resumeWindowMs: 1_000 },
  });
  const [ada, bob] = await seat(world, "ada", "bob") as [Player, Player];
  const say = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await world.done(ada, ada.client.chat(`${i}`));
    }
    await world.run();
  };
  const isBack = () => bob.client.isSynced && bob.client.socket.isConnected;
  const away = async (count: number): Promise<void> => {
    bob.client.socket.setOnline(false);
    while (world.wireCount > 0) world.cut(0);
    await world.run(40);
    await say(count);
    bob.client.socket.setOnline(true);
    await world.until(isBack);
    await world.run();
  };
  // Who has heard nothing yet knows that as well.
  await away(6);
  assertEquals(numbers(bob), [[1, 2], 3, 4, 5, 6]);
  await say(1);
  await away(3);
  assertEquals(numbers(bob).slice(5), [7, 8, 9, 10]);
  await away(0);
  await away(5);
  assertEquals(numbers(bob).slice(9), [[11, 11], 12, 13, 14, 15]);
  // Another page knows nothing, and has missed nothing.
  const page = world.join("bob");
  await world.until(() => page.client.isSynced);
  assertEquals(numbers(page), [12, 13, 14, 15]);
  // The numbers go on after a restart, and what was said to nobody is known to be lost.
  await world.restart();
  await world.run(40);
  await world.until(isBack);
  await say(1);
  assertEquals(numbers(bob).slice(14), [16]);
  bob.client.socket.setOnline(false);
  while (world.wireCount > 0) world.cut(0);
  await world.run(40);
  await say(2);
  await world.restart();
  bob.client.socket.setOnline(true);
  await world.run(40);
  await world.until(isBack);
  await say(1);
  assertEquals(numbers(bob).slice(15), [[17, 18], 19]);
  assertEquals(numbers(page).slice(-1), [19]);
  assertEquals(bob.client.unreadableMessages, 0);
});

Deno.test("LobbyServer tells what was said to a team to those who were in it then, also later", async () => {
  const world = new LobbyWorld();
  await world.start({ chat: { rate: { perSecond: 100, burst: 100 } } });
  const [ada, bob, eve] = await seat(world, "ada", "bob", "eve") as [
    Player,
    Player,
    Player,
  ];
  for (const { client } of [ada, bob]) {
    await world.done(ada, ada.client.chat("to all"));
    client.setTeam(1 as TeamId);
  }
  await world.run();
  await world.done(ada, ada.client.chat("psst", { isTeam: true }));
  await world.done(eve, eve.client.setTeam(1 as TeamId));
  const pages = [world.join("bob"), world.join("eve")];
  await world.until(() => pages.every(({ client }) => client.isSynced));
  assertEquals(pages.map((page) => heard(world, page)), [
    ["to all", "to all", "psst"],
    ["to all", "to all"],
  ]);
});

Deno.test("LobbyServer tells a client that took too little what was said, in its order", async () => {
  const world = new LobbyWorld();
  await world.start({
    chat: { maxBytes: 8_192, rate: { perSecond: 1e4, burst: 1e4 } },
    rate: { perSecond: 1e4, burst: 1e4 },
  });
  const [ada] = await seat(world, "ada") as [Player];
  const bob = world.join("bob", { maxUndrained: 64, maxUndrainedEvents: 64 });
  await world.done(bob, bob.client.join(ada.client.lobby!.id));
  bob.isDrained = false;
  const long = "x".repeat(8_000);
  let said = 0;
  for (; said < 400; said++) await world.done(ada, ada.client.chat(long));
  bob.isDrained = true;
  await world.run(100);
  const told = numbers(bob);
  assertEquals(bob.client.lobby, ada.client.lobby);
  // All of it comes in its order, once, or is known to be missed.
  let next = 1;
  for (const it of told) {
    const [from, to] = typeof it === "number" ? [it, it] : it;
    assertEquals(from, next);
    next = to + 1;
  }
  assertEquals(next, said + 1);
  assert(told.some((it) => typeof it !== "number"), "nothing was missed");
});
