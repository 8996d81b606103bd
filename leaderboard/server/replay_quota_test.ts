import { assertEquals } from "@std/assert";
import { MemoryReplayStore } from "../replay/memory_replay_store.ts";
import { sha256 } from "../replay/sha256.ts";
import { ADMIN_KEY, type Answer, Harness } from "./_testing/harness.ts";

const BYTES = 8_192;

/** Uploads a replay and submits a score with it. */
async function submit(
  harness: Harness,
  player: string,
  score: number,
): Promise<Answer> {
  const bytes = new Uint8Array(BYTES).fill(score);
  const replay = await sha256(bytes);
  const authorization = `Bearer ${player}`;
  const begun = await harness.ask("POST", "/v1/replays", {
    as: player,
    body: {
      sha256: replay,
      bytes: BYTES,
      encoding: "identity",
      encodedBytes: BYTES,
    },
  });
  if (begun.status === 201) {
    const response = await harness.server.handler(
      new Request(`http://localhost/v1/uploads/${begun.body.upload}`, {
        method: "PATCH",
        headers: {
          authorization,
          "x-api-key": "game-key",
          "upload-offset": "0",
          "content-type": "application/octet-stream",
        },
        body: bytes,
      }),
    );
    await response.body?.cancel();
  } else if (begun.status !== 200) return begun;
  return await harness.submit("b", player, { score, replay });
}

for (const kind of ["replaced", "rejected"] as const) {
  Deno.test(`LeaderboardServer counts replays of ${kind} scores for their owner's quota`, async () => {
    const replays = new MemoryReplayStore({
      maxBytes: 100 * BYTES,
      maxBytesPerOwner: 4 * BYTES,
    });
    await using harness = new Harness({
      replays,
      ...(kind === "rejected" ? { verify: () => "quarantine" } : {}),
    });
    await harness.putBoard("b");
    let answer: Answer | undefined;
    for (let score = 1; score <= 50; score++) {
      answer = await submit(harness, "eve", score);
      if (answer.status >= 400) break;
      if (kind === "replaced") continue;
      const { body } = await harness.ask("GET", "/v1/boards/b/held", {
        key: ADMIN_KEY,
      });
      await harness.ask("POST", `/v1/boards/b/held/${body.held[0].id}`, {
        key: ADMIN_KEY,
        body: { decision: "reject" },
      });
    }
    assertEquals(answer?.body.code, "quotaExceeded");
    // The one of the entry counts for nobody.
    const held = kind === "replaced" ? 5 : 4;
    assertEquals(replays.bytes, held * BYTES);
    assertEquals((await submit(harness, "ada", 100)).status < 300, true);
    // A day later there is room again.
    harness.clock.advance(86_400_001);
    await harness.until(async () => {
      const { status } = await submit(harness, "eve", 60);
      return status < 300;
    }, 61);
  });
}

Deno.test("LeaderboardServer limits how often a player begins an upload", async () => {
  await using harness = new Harness({
    replays: new MemoryReplayStore(),
    playerRate: { perSecond: 1, burst: 3 },
  });
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) {
    const { status } = await harness.ask("POST", "/v1/replays", {
      as: "eve",
      body: {
        sha256: `${i}`.repeat(64),
        bytes: BYTES,
        encoding: "gzip",
        encodedBytes: 100,
      },
    });
    statuses.push(status);
  }
  assertEquals(statuses, [201, 201, 201, 429, 429]);
});
