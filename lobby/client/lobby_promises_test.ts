import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { LobbyWorld } from "../_testing/lobby_world.ts";
import { type LobbyId, lobbyId } from "../lobby_id.ts";
import { LobbyCallError, LobbyPromises } from "./lobby_promises.ts";

Deno.test("LobbyPromises settles one promise for each request", async () => {
  const world = new LobbyWorld();
  await world.start();
  const { client, events } = world.join("ada", { requestTimeoutMs: 1_000 });
  const promises = new LobbyPromises();
  const take = () => {
    for (const event of events.splice(0)) promises.take(event);
  };
  const request = client.create({ config: { name: "Duel" } });
  const made = promises.of(request);
  const refused = promises.of(client.join(lobbyId("nowhere")));
  const settled = Promise.allSettled([made, refused]);
  assertThrows(() => promises.of(request), TypeError, "no promise yet");
  assertEquals(promises.size, 2);
  await world.run();
  take();
  assertEquals(promises.size, 0);
  const lobby: LobbyId = (await made).lobby;
  assertEquals(lobby, client.lobby!.id);
  await settled;
  const refusal = await assertRejects(() => refused, LobbyCallError);
  assertEquals(
    [refusal.outcome, refusal.error?.type, refusal.reason],
    ["refused", "lobbyNotFound", undefined],
  );
  assertEquals(refusal.message, refusal.error!.message);
  const left = promises.of(client.leave());
  const caught = assertRejects(() => left, LobbyCallError, "in time");
  world.kill();
  await world.run(60);
  take();
  const failure = await caught;
  assertEquals([failure.outcome, failure.reason], ["failed", "timeout"]);
  client.close();
  const untaken = await assertRejects(
    () => promises.of(client.leave()),
    LobbyCallError,
  );
  assertEquals([untaken.outcome, untaken.error], ["notTaken", undefined]);
  assertEquals(promises.take({ type: "list" }), false);
});
