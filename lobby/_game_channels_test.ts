import { assertEquals } from "@std/assert";
import { playerId } from "../core/mod.ts";
import { GAME_CHANNEL, GameChannels } from "./_game_channels.ts";
import { LobbyWorld } from "./_testing/lobby_world.ts";

Deno.test("GameChannels let the host alone end the game, and read nothing endless", async () => {
  const world = new LobbyWorld();
  const server = await world.start();
  const channels = new GameChannels(() => server);
  const [ada, eve] = ["ada", "eve"].map((name) => world.connect(name));
  await world.run();
  const [host, guest] = [playerId("ada"), playerId("eve")];
  const made = server.manager.createLobby(host, {
    minPlayers: 1,
    countdownMs: 0,
  });
  if (!made.isOk) throw new Error(made.error.message);
  const { id } = made.value;
  server.manager.join(guest, id, { role: "spectator" });
  server.manager.startGame(host);
  await world.run();
  const channel = `${GAME_CHANNEL}${id}`;
  const ask = async (client: typeof ada, text: string): Promise<unknown> => {
    client!.request(channel, text);
    await world.run();
    for (const event of world.events.splice(0)) channels.onEvent(event);
    await world.run();
    for (const event of client!.drainEvents()) {
      if (event.type !== "reply" || event.message.type !== "text") continue;
      const { ok, error } = JSON.parse(event.message.text);
      return ok || error.type;
    }
    return undefined;
  };
  const end = '{"do":"end","results":{"winner":"ada"}}';
  assertEquals(await ask(eve, end), "notHost");
  for (
    const text of [
      "",
      "null",
      "[]",
      '"end"',
      '{"do":"End"}',
      end.padEnd(16_385),
      "[".repeat(16_384),
    ]
  ) {
    assertEquals(await ask(ada, text), "invalidRequest", text.slice(0, 40));
  }
  for (
    const results of [
      '{"__proto__":1}',
      '"\\ud800"',
      "[".repeat(20) + "]".repeat(20),
    ]
  ) {
    const text = `{"do":"end","results":${results}}`;
    assertEquals(await ask(ada, text), "invalidConfig", text);
  }
  assertEquals(await ask(ada, end), true);
  assertEquals(await ask(ada, end), "wrongState");
  assertEquals(server.manager.lobby(id)?.results, { winner: "ada" });
});
