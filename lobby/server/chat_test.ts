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
  await world.start({ chat: { history: 2 } });
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
