import { assertEquals } from "@std/assert";
import { ClusterWorld } from "../cluster/_testing/cluster_world.ts";
import type { LobbyId } from "../lobby_id.ts";

Deno.test("LobbyServer counts on from what was said in a lobby at another server", async () => {
  const world = new ClusterWorld();
  const queues = { pairs: { modes: { pair: { teams: 2, teamSize: 2 } } } };
  await world.start("a", { queues });
  await world.start("b", { queues });
  // The queue is at the first one.
  const eve = world.join("eve", ["a"]);
  await world.done(eve, eve.client.enqueue("pairs"));
  const ada = world.join("ada", ["b"]);
  const bob = world.join("bob", ["b"]);
  const { lobby } = await world.done(ada, ada.client.create());
  await world.done(bob, bob.client.join(lobby as LobbyId));
  await world.done(ada, ada.client.chat("b"));
  await world.done(bob, bob.client.chat("b"));
  await world.done(ada, ada.client.enqueue("pairs", { isParty: true }));
  await world.until(() => bob.client.ticket !== undefined);
  assertEquals([world.nodeOf(ada), world.nodeOf(bob)], ["a", "a"]);
  await world.done(bob, bob.client.chat("a"));
  await world.run();
  for (const { events } of [ada, bob]) {
    const numbers = events.flatMap((event) =>
      event.type === "chat" ? [event.message.number] : []
    );
    assertEquals(numbers, [1, 2, 3]);
  }
});
