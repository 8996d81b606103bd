import { assertEquals } from "@std/assert";
import { ScoreSubmission } from "./score_submission.ts";
import { accepted, ClientRig, jsonBody } from "./_testing/client_rig.ts";

Deno.test("LeaderboardClient.submit() sends the score with its key and checksum, and tells the rank", async () => {
  const rig = new ClientRig();
  rig.client.withApiKey("title-key");
  const id = rig.client.submit(new ScoreSubmission("ada", "Ada", 4_200));
  await rig.step();
  const [call] = rig.fake.calls;
  assertEquals(call!.url, "http://game.test/scores/v1/boards/main/scores");
  assertEquals(call!.init.method, "POST");
  assertEquals(call!.headers.get("x-api-key"), "title-key");
  assertEquals(call!.headers.get("content-type"), "application/json");
  assertEquals(await jsonBody(call!), {
    playerId: "ada",
    name: "Ada",
    score: 4_200,
    checksum: new ScoreSubmission("ada", "Ada", 4_200).checksum,
  });
  call!.answer(accepted(4_200));
  assertEquals(await rig.step(), ["scoreSubmitted"]);
  const event = rig.the("scoreSubmitted");
  assertEquals([event.id, event.rank, event.score, event.board], [
    id,
    3,
    4_200,
    "main",
  ]);
  assertEquals(
    event.submission.idempotencyKey,
    call!.headers.get("idempotency-key")!,
  );
  assertEquals(rig.client.pendingCount, 0);
});
