import { assertEquals } from "@std/assert";
import { Harness } from "./_testing/harness.ts";

Deno.test("LeaderboardServer takes a score and shows it", async () => {
  await using harness = new Harness();
  await harness.putBoard("speedrun", { order: "ascending", classes: ["any%"] });
  const submitted = await harness.submit("speedrun", "ada", {
    score: 4200,
    class: "any%",
    metadata: { level: 3 },
  }, "key-a");
  assertEquals(submitted.status, 200, submitted.text);
  assertEquals(submitted.body.applied, true);
  assertEquals(submitted.body.standings.length, 3);
  const { body } = await harness.ask("GET", "/v1/boards/speedrun/entries");
  assertEquals(body, {
    board: "speedrun",
    period: "allTime",
    season: 0,
    entries: [{
      rank: 1,
      playerId: "ada",
      name: "ada",
      score: 4200,
      subscore: 0,
      class: "any%",
      metadata: { level: 3 },
      timestamp: "2026-11-25T12:00:00.000Z",
    }],
    total: 1,
    page: 1,
    offset: 0,
  });
  const again = await harness.submit("speedrun", "ada", {
    score: 4200,
    class: "any%",
    metadata: { level: 3 },
  }, "key-a");
  assertEquals(again.body, { ...submitted.body, isDuplicate: true });
});
