import { assert, assertEquals, assertGreater } from "@std/assert";
import { MatchPlayer } from "../sync/mod.ts";
import { play } from "./sync_arena.ts";
import { ARENA } from "./sync_arena/arena_world.ts";

for (
  const { loss, jitterMs } of [
    { loss: 0, jitterMs: 0 },
    { loss: 0.02, jitterMs: 15 },
    { loss: 0.15, jitterMs: 30 },
  ]
) {
  const title = `${loss * 100} % lost and ${jitterMs} ms of jitter`;
  Deno.test(`sync_arena.ts keeps both ends together with ${title}`, () => {
    const seed = 5;
    const outcome = play({ seconds: 8, seed, loss, jitterMs });
    const message = `seed ${seed}`;
    assertEquals(outcome.clients.length, 4);
    for (const client of outcome.clients) {
      assertEquals(client.desyncs, 0, message);
      assertEquals(client.boundsBroken, 0, message);
      assert(client.clockErrorMs.last <= client.clockBoundMs, message);
      // Each correction has its cause at the server, after the state compared before.
      assertEquals(client.unexplained, 0, message);
      assertGreater(client.compared, 100, message);
      assertEquals(client.viewsMoved, 0, message);
      assertGreater(client.claimed, 0, message);
      assert(client.confirmed <= client.claimed, message);
      assert(loss > 0 || client.lost === 0, message);
    }
    const confirmed = outcome.clients.reduce(
      (sum, it) => sum + it.confirmed,
      0,
    );
    assertGreater(confirmed, 10, message);
    assert(outcome.worstHitSteps <= 1, `${message}, ${outcome.worstHitSteps}`);
    assert(outcome.isReplayRight, message);
    assertEquals(
      new MatchPlayer(ARENA, outcome.recording).length,
      outcome.recordedTicks,
    );
  });
}

Deno.test("sync_arena.ts prints what became of the match, and keeps its recording", async () => {
  const file = await Deno.makeTempFile();
  try {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        new URL("sync_arena.ts", import.meta.url).href,
        "--seconds",
        "2",
        "--seed",
        "3",
        "--json",
        "--recording",
        file,
      ],
    }).output();
    assertEquals(code, 0);
    const told = JSON.parse(new TextDecoder().decode(stdout));
    const bytes = await Deno.readFile(file);
    assertEquals(told.recordingBytes, bytes.length);
    const match = new MatchPlayer(ARENA, bytes);
    assertEquals(match.length, told.recordedTicks);
    assert(match.seek(60));
    assertEquals([...match.ids("player")].length, 4);
  } finally {
    await Deno.remove(file);
  }
});
