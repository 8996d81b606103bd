import { assert, assertEquals } from "@std/assert";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import type { LobbyId } from "../lobby_id.ts";
import type { TeamId } from "../team_id.ts";
import type {
  LobbyChatVerdict,
  LobbyChatWish,
} from "./lobby_server_options.ts";

Deno.test("LobbyServer has its game judge what is said", async () => {
  const world = new LobbyWorld();
  const wishes: LobbyChatWish[] = [];
  await world.start({
    vetChat: (wish): LobbyChatVerdict | undefined => {
      wishes.push(wish);
      const { text } = wish;
      if (text === "spam") return { type: "refused", reason: "muted" };
      if (text === "void") return { type: "changed", text: "" };
      if (text === "boom") throw new Error("boom");
      return text.includes("darn")
        ? { type: "changed", text: text.replaceAll("darn", "****") }
        : undefined;
    },
  });
  const [ada, bob] = ["ada", "bob"].map((name) => world.join(name));
  const config = { teams: { count: 2, assignment: "manual" } } as const;
  const { lobby } = await world.done(ada!, ada!.client.create({ config }));
  await world.done(bob!, bob!.client.join(lobby as LobbyId));
  await world.done(ada!, ada!.client.setTeam(1 as TeamId));
  await world.done(ada!, ada!.client.chat("hello"));
  await world.done(ada!, ada!.client.chat("darn it", { isTeam: true }));
  await world.done(bob!, bob!.client.chat("darn it all"));
  const refused = await world.refused(bob!, bob!.client.chat("spam"));
  assertEquals([refused.type, refused.reason], ["chatRefused", "muted"]);
  await world.run(40);
  // What the game makes of it has to be fit to be said, too.
  for (const text of ["void", "boom"]) {
    const error = await world.refused(ada!, ada!.client.chat(text));
    assertEquals(error.type, "unavailable", text);
    await world.run(40);
  }
  const hooks = world.events.flatMap((event) =>
    event.type === "hookFailed" ? [event.hook] : []
  );
  assertEquals(hooks, ["vetChat", "vetChat"]);
  const heard = world.told(bob!, "chat").map(({ message }) => message.text);
  assertEquals(heard, ["hello", "**** it all"]);
  const own = world.told(ada!, "chat").map(({ message }) => message.text);
  assertEquals(own, ["hello", "**** it", "**** it all"]);
  assertEquals(
    wishes.map(({ player, team }) => `${player} ${team}`).slice(0, 3),
    ["ada undefined", "ada 1", "bob undefined"],
  );
  assert(wishes.every((wish) => wish.lobby.id === lobby));
});
