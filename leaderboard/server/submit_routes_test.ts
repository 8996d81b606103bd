import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import { submissionChecksum } from "../checksum.ts";
import { MemoryLeaderboardStore } from "../store/memory_store.ts";
import {
  ADMIN_KEY,
  Harness,
  SERVER_KEY,
  START_MS,
} from "./_testing/harness.ts";

Deno.test("POST scores has one effect, however often it comes at once", async () => {
  await using harness = new Harness({
    playerRate: { perSecond: 1, burst: 100_000 },
  });
  await harness.putBoard("sum", { operator: "sum" });
  const random = new SeededRandom(3);
  const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`);
  const sends = keys.flatMap((key, i) =>
    Array.from({ length: 10 }, () => ({ key, score: i + 1 }))
  );
  sends.sort(() => random.nextFloat() - 0.5);
  const answers = await Promise.all(
    sends.map(({ key, score }) => harness.submit("sum", "ada", { score }, key)),
  );
  assertEquals(answers.filter(({ status }) => status !== 200), []);
  const first = answers.filter(({ body }) => body.isDuplicate !== true);
  assertEquals(first.length, keys.length);
  const { body } = await harness.ask("GET", "/v1/boards/sum/players/ada");
  assertEquals(body.entry.score, 40 * 41 / 2);
});

Deno.test("POST scores tells the same key with another submission", async () => {
  await using harness = new Harness();
  await harness.putBoard("b");
  await harness.submit("b", "ada", { score: 5 }, "k");
  for (
    const fields of [
      { score: 6 },
      { score: 5, subscore: 1 },
      { score: 5, name: "Ada" },
      { score: 5, metadata: { a: 1 } },
    ]
  ) {
    const { status, body } = await harness.submit("b", "ada", fields, "k");
    assertEquals([status, body.code], [409, "idempotencyMismatch"]);
  }
  const same = await harness.submit("b", "ada", { score: "5" }, "k");
  assertEquals([same.status, same.body.isDuplicate], [200, true]);
  // Another player's key is his own.
  const bob = await harness.submit("b", "bob", { score: 6 }, "k");
  assertEquals([bob.status, bob.body.isDuplicate], [200, undefined]);
});

Deno.test("POST scores answers a duplicate with present standings, whatever the rules are by then", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", { attempts: { limit: 1, period: "allTime" } });
  const first = await harness.submit("b", "ada", { score: 5 }, "k");
  assertEquals(first.body.standings[0].rank, 1);
  await harness.submit("b", "bob", { score: 9 });
  await harness.putBoard("b", {
    attempts: { limit: 1, period: "allTime" },
    maxScore: 4,
    requiresRun: true,
  });
  harness.clock.advance(2_000);
  const again = await harness.submit("b", "ada", { score: 5 }, "k");
  assertEquals([again.status, again.body.isDuplicate], [200, true]);
  assertEquals(again.body.applied, true);
  assertEquals(again.body.standings[0], {
    ...first.body.standings[0],
    rank: 2,
    total: 2,
  });
});

Deno.test("POST scores claims no key when it refuses", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", { maxScore: 10 });
  const refused = await harness.submit("b", "ada", { score: 11 }, "k");
  assertEquals([refused.status, refused.body.code, refused.body.field], [
    422,
    "scoreOutOfBounds",
    "score",
  ]);
  const taken = await harness.submit("b", "ada", { score: 10 }, "k");
  assertEquals([taken.status, taken.body.isDuplicate], [200, undefined]);
});

Deno.test("POST scores forgets keys after 30 days", async () => {
  await using harness = new Harness();
  await harness.putBoard("sum", { operator: "sum" });
  const day = 86_400_000;
  await harness.submit("sum", "ada", { score: 1 }, "k");
  harness.clock.advance(30 * day - 1);
  const kept = await harness.submit("sum", "ada", { score: 1 }, "k");
  assertEquals(kept.body.isDuplicate, true);
  harness.clock.advance(1);
  const anew = await harness.submit("sum", "ada", { score: 1 }, "k");
  assertEquals(anew.body.isDuplicate, undefined);
});

Deno.test("POST scores counts attempts of a season, and not those it refused", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", {
    attempts: { limit: 2, period: "daily" },
    maxScore: 100,
  });
  const statuses: number[] = [];
  for (const score of [101, 1, 102, 2, 3]) {
    statuses.push((await harness.submit("b", "ada", { score })).status);
  }
  assertEquals(statuses, [422, 200, 422, 200, 422]);
  const last = await harness.submit("b", "ada", { score: 3 });
  assertEquals(last.body.code, "attemptsExhausted");
  harness.clock.setEpochMs(START_MS + 86_400_000);
  assertEquals((await harness.submit("b", "ada", { score: 3 })).status, 200);
});

Deno.test("POST scores keeps attempts and runs to their number under concurrency", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", { attempts: { limit: 5, period: "allTime" } });
  const answers = await Promise.all(
    Array.from(
      { length: 30 },
      (_, i) => harness.submit("b", "ada", { score: i }),
    ),
  );
  assertEquals(answers.filter(({ status }) => status === 200).length, 5);
});

Deno.test("POST scores lets a game server submit for anybody, and names as it likes", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", { submitters: "servers" });
  const body = { playerId: "ada", name: "Ada L.", score: 5 };
  const headers = { "idempotency-key": "k" };
  const path = "/v1/boards/b/scores";
  const own = await harness.ask("POST", path, { as: "ada", headers, body });
  assertEquals([own.status, own.body.code], [403, "forbidden"]);
  const { status } = await harness.ask("POST", path, {
    key: SERVER_KEY,
    headers,
    body,
  });
  assertEquals(status, 200);
  const page = await harness.ask("GET", "/v1/boards/b/entries");
  assertEquals(page.body.entries[0].name, "Ada L.");
});

Deno.test("POST scores puts an identity's display name before the submission's", async () => {
  await using harness = new Harness({
    authenticate: (request) => ({
      playerId: "ada" as never,
      displayName: request.headers.get("x-name")!,
    }),
  });
  await harness.putBoard("b", { operator: "latest" });
  const names: string[] = [];
  for (const name of ["Countess", "bad\u0007name", "x".repeat(65)]) {
    await harness.ask("POST", "/v1/boards/b/scores", {
      headers: {
        "idempotency-key": `k${names.length}`,
        "x-name": name.replace("\u0007", "\t"),
      },
      body: { playerId: "ada", name: "Ada", score: 1 },
    });
    names.push(
      (await harness.ask("GET", "/v1/boards/b/entries")).body.entries[0].name,
    );
  }
  assertEquals(names, ["Countess", "Ada", "Ada"]);
});

Deno.test("POST scores compares the checksum with the body as it came", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", { classes: ["any%"] });
  const parts = {
    playerId: "ada",
    name: "Ada",
    score: "1152921504606846976",
    subscore: 3,
    class: "any%",
    metadata: { "10": 1, "9": 2, z: "ü", a: true },
    replay: undefined,
    run: undefined,
  };
  const checksum = submissionChecksum(parts);
  const body = { ...parts, checksum };
  const right = await harness.submit("b", "ada", body);
  assertEquals(right.status, 200, right.text);
  for (
    const change of [{ subscore: 4 }, { name: undefined }, { class: null }]
  ) {
    const wrong = await harness.submit("b", "ada", { ...body, ...change });
    assertEquals([wrong.status, wrong.body.code, wrong.body.field], [
      422,
      "checksumMismatch",
      "checksum",
    ]);
  }
});

Deno.test("POST scores takes a run once, within its time", async () => {
  await using harness = new Harness({ runLifetimeMs: 60_000 });
  await harness.putBoard("b", { requiresRun: true, minRunMs: 5_000 });
  await harness.putBoard("c", { requiresRun: true });
  const without = await harness.submit("b", "ada", { score: 1 });
  assertEquals([without.status, without.body.code], [422, "runRequired"]);
  const started = await harness.ask("POST", "/v1/boards/b/runs", { as: "ada" });
  assertEquals(started.status, 201);
  assertEquals(started.body.expiresAt, "2026-11-25T12:01:00.000Z");
  const { run } = started.body;
  const codes: string[] = [];
  const attempt = async (board: string, player: string, key: string) => {
    const { status, body } = await harness.submit(
      board,
      player,
      { score: 1, run },
      key,
    );
    codes.push(
      status === 200
        ? body.isDuplicate ? "duplicate" : "accepted"
        : `${status} ${body.code}`,
    );
  };
  harness.clock.advance(4_999);
  await attempt("b", "ada", "k1");
  harness.clock.advance(1);
  await attempt("c", "ada", "k1");
  await attempt("b", "bob", "k1");
  await attempt("b", "ada", "k1");
  await attempt("b", "ada", "k1");
  await attempt("b", "ada", "k2");
  // Its time is over, and what came in time is known nonetheless.
  harness.clock.advance(60_000);
  await attempt("b", "ada", "k1");
  await attempt("b", "ada", "k3");
  assertEquals(codes, [
    "403 runTooShort",
    "403 invalidRun",
    "403 invalidRun",
    "accepted",
    "duplicate",
    "409 runUsed",
    "duplicate",
    "409 runUsed",
  ]);
  const late = await harness.ask("POST", "/v1/boards/b/runs", { as: "ada" });
  harness.clock.advance(60_001);
  const over = await harness.submit("b", "ada", {
    score: 1,
    run: late.body.run,
  });
  assertEquals([over.status, over.body.code], [403, "invalidRun"]);
});

Deno.test("POST scores lets one of many submissions have a run", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", { requiresRun: true });
  const { body: { run } } = await harness.ask("POST", "/v1/boards/b/runs", {
    as: "ada",
  });
  const answers = await Promise.all(
    Array.from(
      { length: 20 },
      (_, i) => harness.submit("b", "ada", { score: i, run }),
    ),
  );
  const codes = answers.map(({ status }) => status).sort();
  assertEquals(codes, [200, ...Array(19).fill(409)]);
});

Deno.test("POST runs lets a game server begin one for a player", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", { requiresRun: true });
  const { status, body } = await harness.ask("POST", "/v1/boards/b/runs", {
    key: SERVER_KEY,
    body: { playerId: "ada" },
  });
  assertEquals(status, 201);
  const taken = await harness.submit("b", "ada", { score: 1, run: body.run });
  assertEquals(taken.status, 200);
  const nobody = await harness.ask("POST", "/v1/boards/b/runs", {
    key: SERVER_KEY,
    body: {},
  });
  assertEquals([nobody.status, nobody.body.field], [400, "playerId"]);
});

Deno.test("POST scores takes a batch, each on its own and in order", async () => {
  await using harness = new Harness();
  await harness.putBoard("sum", { operator: "sum", maxScore: 100 });
  const one = (idempotencyKey: unknown, score: unknown, board = "sum") => ({
    board,
    idempotencyKey,
    playerId: "ada",
    score,
  });
  const { status, body } = await harness.ask("POST", "/v1/scores", {
    as: "ada",
    body: {
      submissions: [
        one("a", 1),
        one("b", 1_000),
        one("a", 1),
        one("c", 2, "none"),
        one("d", "x"),
        one(undefined, 4),
        null,
        { ...one("e", 8), playerId: "bob" },
        one("f", 16),
      ],
    },
  });
  assertEquals(status, 200);
  const seen = (body.results as { status: unknown; code?: string }[]).map(
    ({ status, code }) => code ?? status,
  );
  assertEquals(seen, [
    "accepted",
    "scoreOutOfBounds",
    "accepted",
    "boardNotFound",
    "invalidRequest",
    "invalidRequest",
    "invalidRequest",
    "playerMismatch",
    "accepted",
  ]);
  assertEquals(body.results[1].status, 422);
  assertEquals(body.results[2].isDuplicate, true);
  assertEquals(body.results[8].standings[0].score, 17);
});

Deno.test("POST scores applies score and subscore as one pair", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", { subscoreOrder: "ascending" });
  const applied: boolean[] = [];
  for (
    const [score, subscore] of [[5, 9], [5, 10], [4, 1], [5, 8], [6, 99]]
  ) {
    const { body } = await harness.submit("b", "ada", { score, subscore });
    applied.push(body.applied);
  }
  assertEquals(applied, [true, false, false, true, true]);
  const { body } = await harness.ask("GET", "/v1/boards/b/players/ada");
  assertEquals([body.entry.score, body.entry.subscore], [6, 99]);
});

Deno.test("POST scores refuses a sum that overflows, in all periods at once", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", { operator: "sum" });
  const max = "9223372036854775807";
  await harness.submit("b", "ada", { score: max });
  harness.clock.setEpochMs(START_MS + 86_400_000);
  // The new day alone would have room for it.
  const { status, body } = await harness.submit("b", "ada", { score: 1 });
  assertEquals([status, body.code], [422, "scoreOverflow"]);
  assertEquals(await harness.order("b", "?period=daily"), []);
});

Deno.test("POST scores refuses who comes to a full season, and takes who is in it", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", { maxEntries: 2 });
  await harness.submit("b", "ada", { score: 1 });
  await harness.submit("b", "bob", { score: 2 });
  const { status, body } = await harness.submit("b", "carl", { score: 3 }, "k");
  assertEquals([status, body.code], [422, "boardFull"]);
  assertEquals((await harness.submit("b", "ada", { score: 4 })).status, 200);
  await harness.ask("DELETE", "/v1/boards/b/players/ada", { key: ADMIN_KEY });
  // It claimed no key.
  const again = await harness.submit("b", "carl", { score: 3 }, "k");
  assertEquals([again.status, again.body.isDuplicate], [200, undefined]);
});

Deno.test("POST scores keeps metadata as it came, within the board's schema", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", {
    metadata: { fields: { level: { type: "integer", min: 1, max: 9 } } },
  });
  const wrong = await harness.submit("b", "ada", {
    score: 1,
    metadata: { level: 10 },
  });
  assertEquals([wrong.status, wrong.body.code, wrong.body.field], [
    422,
    "invalidMetadata",
    "metadata.level",
  ]);
  await harness.submit("b", "ada", { score: 1, metadata: { level: 9 } });
  const { body } = await harness.ask("GET", "/v1/boards/b/players/ada");
  assert(body.entry.metadata.level === 9);
});

Deno.test("POST scores and runs take no player whom no path can name", async () => {
  await using harness = new Harness();
  await harness.putBoard("b");
  for (const player of [".", ".."]) {
    const submitted = await harness.submit("b", player, { score: 1 });
    const run = await harness.ask("POST", "/v1/boards/b/runs", { as: player });
    for (const { status, body } of [submitted, run]) {
      assertEquals([status, body.field], [400, "playerId"], player);
    }
    const path = `/v1/boards/b/players/${player.replaceAll(".", "%2e")}`;
    const { status } = await harness.ask("DELETE", path, { key: ADMIN_KEY });
    assertEquals(status, 404);
  }
  assertEquals((await harness.submit("b", "...", { score: 1 })).status, 200);
});

Deno.test("POST scores takes a run once, also if the clock that began it is ahead", async () => {
  const shared = {
    store: new MemoryLeaderboardStore(),
    runKey: new Uint8Array(32).fill(7),
    runLifetimeMs: 30 * 86_400_000,
  };
  await using ahead = new Harness(
    shared,
    new ManualClock({ epochMs: START_MS + 50_000 }),
  );
  await using harness = new Harness(shared);
  await harness.putBoard("b", { operator: "sum" });
  const begun = await ahead.ask("POST", "/v1/boards/b/runs", { as: "ada" });
  const { run } = begun.body;
  assertEquals(
    (await harness.submit("b", "ada", { score: 1, run })).status,
    200,
  );
  harness.clock.advance(shared.runLifetimeMs + 40_000);
  await harness.store.prune(harness.clock.epochMs());
  const again = await harness.submit("b", "ada", { score: 1, run });
  assertEquals([again.status, again.body.code], [409, "runUsed"]);
});
