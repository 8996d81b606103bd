import { assert, assertEquals, assertThrows } from "@std/assert";
import { LeaderboardClient } from "./client.ts";
import type { LeaderboardEvent } from "./event.ts";
import { LeaderboardFilter } from "./filter.ts";
import { ScoreSubmission } from "./score_submission.ts";
import {
  accepted,
  BASE,
  ClientRig,
  entryJson,
  jsonBody,
  pageJson,
  refusal,
} from "./_testing/client_rig.ts";

const SUBMISSION = new ScoreSubmission("ada", "Ada", 4_200);

Deno.test("LeaderboardClient.submit() sends the score with its key and checksum, and tells the rank", async () => {
  const rig = new ClientRig();
  rig.client.withApiKey("title-key");
  const id = rig.client.submit(SUBMISSION);
  await rig.step();
  const [call] = rig.fake.calls;
  assertEquals(call!.url, `${BASE}/v1/boards/main/scores`);
  assertEquals(call!.init.method, "POST");
  assertEquals(call!.init.redirect, "error");
  assertEquals(call!.headers.get("x-api-key"), "title-key");
  assertEquals(call!.headers.get("content-type"), "application/json");
  assertEquals(await jsonBody(call!), {
    playerId: "ada",
    name: "Ada",
    score: 4_200,
    checksum: SUBMISSION.checksum,
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
  assertEquals([event.applied, event.isDuplicate], [true, false]);
  assertEquals(event.standings.map(({ period }) => period), [
    "daily",
    "allTime",
  ]);
  assertEquals(
    event.submission.idempotencyKey,
    call!.headers.get("idempotency-key")!,
  );
  assertEquals(rig.client.pendingCount, 0);
});

Deno.test("LeaderboardClient.submit() makes a key for each call, and keeps that of a submission told", async () => {
  const rig = new ClientRig();
  rig.client.submit(SUBMISSION);
  await rig.step();
  rig.fake.calls[0]!.fail();
  assertEquals(await rig.step(), ["scoreRejected"]);
  const rejected = rig.the("scoreRejected");
  assertEquals([rejected.reason, rejected.code], [
    "unreachable",
    "unreachable",
  ]);
  rig.client.submit(SUBMISSION);
  rig.client.submit(rejected.submission);
  await rig.step();
  rig.fake.calls[1]!.answer(accepted(1));
  await rig.step();
  const keys = rig.fake.calls.map((it) => it.headers.get("idempotency-key"));
  assertEquals(keys.length, 3);
  assertEquals(keys[2], keys[0]);
  assert(keys[1] !== keys[0]);
});

Deno.test("LeaderboardClient.submit() carries what does not fit a number", async () => {
  const rig = new ClientRig();
  rig.client.submit(
    new ScoreSubmission("ada", undefined, 2n ** 63n - 1n).onBoard("big"),
  );
  await rig.step();
  const [call] = rig.fake.calls;
  assertEquals(call!.path, "/scores/v1/boards/big/scores");
  assertEquals((await jsonBody(call!)).score, "9223372036854775807");
  call!.answer(accepted("9223372036854775807", { isDuplicate: true }));
  await rig.step();
  const event = rig.the("scoreSubmitted");
  assertEquals(event.score, 2n ** 63n - 1n);
  assertEquals(event.isDuplicate, true);
});

Deno.test("LeaderboardClient.submit() tells of a hidden player's score without a rank", async () => {
  const rig = new ClientRig();
  rig.client.submit(SUBMISSION);
  await rig.step();
  rig.fake.calls[0]!.answer(accepted(1, { standings: [], applied: true }));
  await rig.step();
  const event = rig.the("scoreSubmitted");
  assertEquals([event.rank, event.score], [undefined, 4_200]);
});

for (const status of ["pending", "quarantined"] as const) {
  Deno.test(`LeaderboardClient.submit() tells that a score is ${status}`, async () => {
    const rig = new ClientRig();
    rig.client.submit(SUBMISSION);
    await rig.step();
    rig.fake.calls[0]!.answer(Response.json({ status }, { status: 202 }));
    assertEquals(await rig.step(), ["scorePending"]);
    assertEquals(rig.the("scorePending").status, status);
  });
}

Deno.test("LeaderboardClient tells why the server refuses", async () => {
  const rig = new ClientRig();
  rig.client.submit(SUBMISSION);
  await rig.step();
  rig.fake.calls[0]!.answer(
    refusal(422, "scoreOutOfBounds", { field: "score" }),
  );
  await rig.step();
  const { reason, code, message, field, status, submission } = rig.the(
    "scoreRejected",
  );
  assertEquals({ reason, code, message, field, status }, {
    reason: "refused",
    code: "scoreOutOfBounds",
    message: "no: scoreOutOfBounds",
    field: "score",
    status: 422,
  });
  assertEquals(submission.score, 4_200);
});

Deno.test("LeaderboardClient tells the failures of the way apart", async () => {
  const html = () => new Response("<html>", { status: 200 });
  const cases: readonly (readonly [
    (rig: ClientRig) => void | Promise<unknown>,
    string,
    number | undefined,
  ])[] = [
    [(rig) => rig.fake.calls[0]!.fail(), "unreachable", undefined],
    [(rig) => rig.fake.calls[0]!.answer(html()), "malformedResponse", 200],
    [
      (rig) => rig.fake.calls[0]!.answer("", { status: 404 }),
      "malformedResponse",
      404,
    ],
    [
      (rig) => rig.fake.calls[0]!.answer(refusal(503, "unavailable")),
      "unavailable",
      503,
    ],
    [
      (rig) => rig.fake.calls[0]!.answer("", { status: 502 }),
      "serverFailed",
      502,
    ],
    [
      (rig) =>
        rig.fake.calls[0]!.answer(
          refusal(429, "rateLimited", { retryAfterMs: 5 }),
        ),
      "rateLimited",
      429,
    ],
    [(rig) => rig.step(31), "timeout", undefined],
  ];
  for (const [happen, code, status] of cases) {
    const rig = new ClientRig();
    rig.client.fetch();
    await rig.step();
    await happen(rig);
    await rig.step();
    const event = rig.the("fetchFailed");
    assertEquals([event.code, event.status], [code, status]);
    if (code === "rateLimited") assertEquals(event.retryAfterMs, 5);
  }
});

Deno.test("LeaderboardClient.fetch() asks for what the filter says", async () => {
  const rig = new ClientRig({ board: "race" });
  rig.client.fetch();
  rig.client.fetch(
    LeaderboardFilter.weekly().class("any%").page(3).pageSize(20)
      .minScore(-5).maxScore(2n ** 60n).season(86_400_000).onBoard("other"),
  );
  rig.client.fetch(
    LeaderboardFilter.daily().season(7).page(4).cursor("abc=+&"),
  );
  rig.client.fetchAround(
    "a,b&c",
    LeaderboardFilter.allTime().pageSize(5).cursor("x").minScore(1),
  );
  rig.client.fetchPlayers(["a,b", "ü", "+ %"], LeaderboardFilter.daily());
  await rig.step();
  assertEquals(
    rig.fake.calls.map(({ url }) =>
      url.slice(`${BASE}/v1/boards/`.length).split(/[?&]/)
    ),
    [
      ["race/entries", "pageSize=100"],
      [
        "other/entries",
        "period=weekly",
        "season=86400000",
        "class=any%25",
        "pageSize=20",
        "page=3",
        "minScore=-5",
        "maxScore=1152921504606846976",
      ],
      ["race/entries", "period=daily", "pageSize=100", "cursor=abc%3D%2B%26"],
      ["race/entries", "period=allTime", "pageSize=5", "around=a%2Cb%26c"],
      [
        "race/entries",
        "period=daily",
        "players=a%252Cb%2C%25C3%25BC%2C%252B%2520%2525",
      ],
    ],
  );
});

Deno.test("LeaderboardClient.fetch() hands out a page, and fetchNext() goes on behind it", async () => {
  const rig = new ClientRig();
  const filter = LeaderboardFilter.allTime().pageSize(2);
  const id = rig.client.fetch(filter);
  await rig.step();
  rig.fake.calls[0]!.answer(Response.json(pageJson([
    entryJson(1, {
      class: "any%",
      metadata: { level: 3, hard: true, note: "x" },
      replayUrl: `/v1/replays/${"ab".repeat(32)}`,
    }),
    entryJson(2, { score: "-9223372036854775808" }),
  ], { nextCursor: "behind-2" })));
  await rig.step();
  const page = rig.the("fetchSuccess");
  assertEquals([page.id, page.total, page.page, page.nextCursor], [
    id,
    250,
    1,
    "behind-2",
  ]);
  const [first, second] = page.entries;
  assertEquals(first, {
    rank: 1,
    playerId: first!.playerId,
    name: "Player 1",
    score: 999,
    subscore: 0,
    class: "any%",
    metadata: { level: 3, hard: true, note: "x" },
    timestamp: "2026-11-25T21:28:39.000Z",
    replayUrl: `${BASE}/v1/replays/${"ab".repeat(32)}`,
  });
  assertEquals(second!.score, -(2n ** 63n));
  assertEquals([second!.class, second!.replayUrl, second!.metadata], [
    undefined,
    undefined,
    {},
  ]);

  assert(rig.client.fetchNext(page) !== undefined);
  await rig.step();
  assert(rig.fake.calls[1]!.url.includes("cursor=behind-2"));
  rig.fake.calls[1]!.answer(Response.json(pageJson([entryJson(3)])));
  rig.events.length = 0;
  await rig.step();
  assertEquals(rig.client.fetchNext(rig.the("fetchSuccess")), undefined);
});

Deno.test("LeaderboardClient.getRank() tells rank and percentile, or that there is none", async () => {
  const rig = new ClientRig();
  const found = rig.client.getRank("player-7", LeaderboardFilter.daily());
  const missing = rig.client.getRank("a/b");
  const boardless = rig.client.getRank("ada");
  const odd = rig.client.getRank("..");
  await rig.step();
  assertEquals(
    rig.fake.calls.map(({ url }) => url.slice(BASE.length)),
    [
      "/v1/boards/main/players/player-7?period=daily",
      "/v1/boards/main/players/a%2Fb",
      "/v1/boards/main/players/ada",
    ],
  );
  rig.fake.calls[0]!.answer(Response.json({
    board: "main",
    period: "daily",
    season: 5,
    entry: entryJson(7),
    total: 100,
    percentile: 93.93,
  }));
  rig.fake.calls[1]!.answer(refusal(404, "playerNotFound"));
  rig.fake.calls[2]!.answer(refusal(404, "boardNotFound"));
  await rig.step();
  const rank = rig.the("playerRank");
  assertEquals(
    [rank.id, rank.rank, rank.total, rank.percentile, rank.period],
    [found, 7, 100, 93.93, "daily"],
  );
  assertEquals(rig.the("rankNotFound").id, missing);
  const failures = rig.events.flatMap((event) =>
    event.type === "fetchFailed" ? [[event.id, event.code]] : []
  );
  assertEquals(failures.toSorted(), [
    [boardless, "boardNotFound"],
    [odd, "invalidRequest"],
  ]);
});

Deno.test("LeaderboardClient.startRun() brings the token of a run", async () => {
  const rig = new ClientRig();
  const mine = rig.client.startRun();
  const other = rig.client.startRun("race", "bob");
  await rig.step();
  const [first, second] = rig.fake.calls;
  assertEquals(await jsonBody(first!), {});
  assertEquals(second!.path, "/scores/v1/boards/race/runs");
  assertEquals(await jsonBody(second!), { playerId: "bob" });
  const expiresAt = "2026-11-25T22:00:00.000Z";
  first!.answer(Response.json({ run: "to_ken", expiresAt }, { status: 201 }));
  second!.answer(refusal(403, "forbidden"));
  await rig.step();
  const started = rig.the("runStarted");
  assertEquals([started.id, started.run, started.board, started.expiresAt], [
    mine,
    "to_ken",
    "main",
    expiresAt,
  ]);
  const failed = rig.the("runFailed");
  assertEquals([failed.id, failed.code, failed.board], [
    other,
    "forbidden",
    "race",
  ]);
});

Deno.test("LeaderboardClient.fetchBoards() and fetchSeasons() list what there is", async () => {
  const rig = new ClientRig();
  rig.client.fetchBoards();
  rig.client.fetchSeasons(LeaderboardFilter.daily().onBoard("race"));
  await rig.step();
  const [boards, seasons] = rig.fake.calls;
  assertEquals(boards!.path, "/scores/v1/boards");
  assertEquals(
    seasons!.url,
    `${BASE}/v1/boards/race/seasons?period=daily`,
  );
  boards!.answer(Response.json({
    boards: [{
      id: "race",
      order: "ascending",
      subscoreOrder: "descending",
      operator: "best",
      ties: "shared",
      classes: ["any%"],
      requiresRun: true,
      requiresReplay: false,
      periods: { daily: { season: 5, nextReset: 9 }, allTime: { season: 0 } },
    }],
  }));
  seasons!.answer(Response.json({
    period: "daily",
    seasons: [{ season: 5, endsAt: 9 }, { season: 0 }],
  }));
  await rig.step();
  const [board] = rig.the("boardsFetched").boards;
  assertEquals([board!.id, board!.ties, board!.classes], [
    "race",
    "shared",
    ["any%"],
  ]);
  assertEquals([...board!.periods], [
    ["daily", { season: 5, nextReset: 9 }],
    ["allTime", { season: 0, nextReset: undefined }],
  ]);
  const event = rig.the("seasonsFetched");
  assertEquals([event.board, event.period], ["race", "daily"]);
  assertEquals(event.seasons, [
    { season: 5, endsAt: 9 },
    { season: 0, endsAt: undefined },
  ]);
});

Deno.test("LeaderboardClient.submitBatch() tells the end of each", async () => {
  const rig = new ClientRig();
  const ids = rig.client.submitBatch([
    SUBMISSION,
    new ScoreSubmission("bob", "Bob", 7).onBoard("race"),
    SUBMISSION,
    SUBMISSION,
  ]);
  assertEquals(rig.client.submitBatch([]), []);
  await rig.step();
  assertEquals(rig.fake.calls.length, 1);
  const [call] = rig.fake.calls;
  assertEquals(call!.path, "/scores/v1/scores");
  const { submissions } = await jsonBody(call!) as {
    submissions: Record<string, unknown>[];
  };
  assertEquals(submissions.map(({ board }) => board), [
    "main",
    "race",
    "main",
    "main",
  ]);
  assertEquals(
    new Set(submissions.map(({ idempotencyKey }) => idempotencyKey)).size,
    4,
  );
  call!.answer(Response.json({
    results: [
      await accepted(4_200).json(),
      { status: 422, code: "boardFull", message: "full" },
      { status: "pending" },
      "nonsense",
    ],
  }));
  await rig.step();
  const told = (event: LeaderboardEvent) =>
    event.type === "scoreRejected" ? [event.type, event.code] : [event.type];
  assertEquals(ids.map((id) => rig.of(id).map(told).flat()), [
    ["scoreSubmitted"],
    ["scoreRejected", "boardFull"],
    ["scorePending"],
    ["scoreRejected", "malformedResponse"],
  ]);
});

Deno.test("LeaderboardClient.submitBatch() cuts what is too large for a server, in order", async () => {
  const rig = new ClientRig();
  const large = SUBMISSION.withMeta("text", "é".repeat(4_000));
  const ids = rig.client.submitBatch(Array(20).fill(large));
  const counts: number[] = [];
  for (let i = 0; i < 6; i++) {
    await rig.step();
    // One after another, as all are of one player.
    assert(rig.fake.open.length <= 1);
    const [call] = rig.fake.open;
    if (call === undefined) continue;
    const bytes = await new Response(call.init.body as BodyInit).bytes();
    assert(bytes.length <= 65_536, `${bytes.length}`);
    const { submissions } = JSON.parse(new TextDecoder().decode(bytes));
    counts.push(submissions.length);
    const one = await accepted(1).json();
    call.answer(Response.json({ results: submissions.map(() => one) }));
  }
  assertEquals(counts, [7, 7, 6]);
  assertEquals(ids.map((id) => rig.of(id).length), Array(20).fill(1));
});

Deno.test("LeaderboardClient sends the scores of one player to one board in order, others beside them", async () => {
  const rig = new ClientRig();
  const bob = new ScoreSubmission("bob", "Bob", 1);
  for (let score = 1; score <= 3; score++) {
    rig.client.submit(new ScoreSubmission("ada", "Ada", score));
  }
  rig.client.submit(bob);
  rig.client.submit(SUBMISSION.onBoard("race"));
  await rig.step();
  assertEquals(rig.fake.calls.length, 3);
  const scores: unknown[] = [];
  for (let i = 0; i < 8; i++) {
    for (const call of rig.fake.open) {
      if (call.path.includes("/main/")) {
        const { playerId, score } = await jsonBody(call);
        if (playerId === "ada") scores.push(score);
      }
      call.answer(accepted(1));
    }
    await rig.step();
  }
  assertEquals(scores, [1, 2, 3]);
  assertEquals(rig.client.pendingCount, 0);
});

Deno.test("LeaderboardClient.cancel() ends a call once, and of a batch only what it names", async () => {
  const rig = new ClientRig();
  const fetched = rig.client.fetch();
  const [first, second] = rig.client.submitBatch([SUBMISSION, SUBMISSION]);
  await rig.step();
  assertEquals(rig.client.cancel(fetched), true);
  assertEquals(rig.client.cancel(fetched), false);
  assertEquals(rig.client.cancel(first!), true);
  assertEquals(rig.fake.open.length, 1);
  const one = await accepted(1).json();
  rig.fake.open[0]!.answer(Response.json({ results: [one, one] }));
  assertEquals(await rig.step(), ["cancelled", "cancelled", "scoreSubmitted"]);
  assertEquals(rig.the("scoreSubmitted").id, second);
  const [third, fourth] = rig.client.submitBatch([SUBMISSION, SUBMISSION]);
  await rig.step();
  rig.client.cancel(third!);
  rig.client.cancel(fourth!);
  assertEquals(rig.fake.open.length, 0);
  assertEquals(rig.client.pendingCount, 0);
});

Deno.test("LeaderboardClient.close() cancels what is under way, and later calls", async () => {
  const rig = new ClientRig();
  rig.client.fetch();
  rig.client.submitBatch([SUBMISSION, SUBMISSION]);
  await rig.step();
  rig.client.close();
  rig.client.close();
  const late = rig.client.getRank("ada");
  const types = [...rig.client.drainEvents()].map(({ type }) => type);
  assertEquals(types, Array(4).fill("cancelled"));
  assertEquals(rig.client.cancel(late), false);
  assertEquals(rig.client.pendingCount, 0);
  rig.client.tick(1);
  assertEquals(rig.client.pollEvent(), undefined);
});

Deno.test("LeaderboardClient refuses calls beyond maxPending, and tells of each", async () => {
  const rig = new ClientRig({ maxPending: 2 });
  const ids = [1, 2, 3, 4].map(() => rig.client.fetch());
  rig.client.tick(0);
  assertEquals(rig.fake.calls.length, 2);
  const refused = rig.client.pollEvent();
  assert(refused?.type === "refused");
  assertEquals([refused.id, refused.reason, refused.maxPending], [
    ids[2],
    "queueFull",
    2,
  ]);
  assertEquals(await rig.step(), ["refused"]);
  rig.fake.calls.forEach((call) => call.answer(Response.json(pageJson([]))));
  rig.client.tick(0);
  // Ended, but nobody has drained that.
  const [batched] = rig.client.submitBatch([SUBMISSION]);
  await rig.step();
  await rig.step();
  assertEquals(ids.map((id) => rig.of(id).at(-1)?.type), [
    "fetchSuccess",
    "fetchSuccess",
    undefined,
    "refused",
  ]);
  assertEquals(rig.of(batched!).map(({ type }) => type), ["refused"]);
  rig.client.fetch();
  await rig.step();
  assertEquals(rig.fake.calls.length, 3);
});

Deno.test("LeaderboardClient resolves what is relative to where the server is mounted", async () => {
  for (
    const [base, url] of [
      ["http://game.test", "http://game.test/v1/boards"],
      ["http://game.test/", "http://game.test/v1/boards"],
      ["https://game.test:8443/a/b", "https://game.test:8443/a/b/v1/boards"],
      ["https://game.test/a/b/", "https://game.test/a/b/v1/boards"],
    ] as const
  ) {
    const rig = new ClientRig({ base });
    rig.client.fetchBoards();
    await rig.step();
    assertEquals(rig.fake.calls[0]!.url, url);
    rig.client.close();
  }
  for (
    const base of [
      "",
      "/scores",
      "ftp://game.test",
      "http://game.test/?a",
      "http://game.test/#a",
      "http://user:secret@game.test/",
    ]
  ) {
    const error = assertThrows(() => new LeaderboardClient(base), TypeError);
    assertEquals(error.message.includes("secret"), false);
  }
});

Deno.test("LeaderboardClient refuses options and arguments that are out of range", () => {
  assertThrows(() => new LeaderboardClient(BASE, { board: "a/b" }), RangeError);
  assertThrows(
    () => new LeaderboardClient(BASE, { maxPending: 0 }),
    RangeError,
  );
  const { client } = new ClientRig();
  assertThrows(() => client.withApiKey("a b"), RangeError);
  assertThrows(() => client.getRank(""), RangeError);
  assertThrows(() => client.fetchPlayers([]), RangeError);
  assertThrows(() => client.fetchPlayers(Array(101).fill("a")), RangeError);
  assertThrows(
    () => client.fetchPlayers(Array(100).fill("ü".repeat(32))),
    RangeError,
    "7000",
  );
  assertThrows(
    () => client.submitBatch(Array(101).fill(SUBMISSION)),
    RangeError,
  );
  assertThrows(() => client.startRun(".."), RangeError);
  assertThrows(() => client.tick(-1), RangeError);
  assertThrows(() => LeaderboardFilter.period("a b"), RangeError);
  assertThrows(() => LeaderboardFilter.daily().page(0), RangeError);
  assertThrows(() => LeaderboardFilter.daily().pageSize(1_001), RangeError);
  assertThrows(() => LeaderboardFilter.daily().season(-1), RangeError);
  assertThrows(() => LeaderboardFilter.daily().cursor("a b"), RangeError);
  assertThrows(() => LeaderboardFilter.daily().minScore(0.5), RangeError);
  assertEquals(client.pendingCount, 0);
});

Deno.test("LeaderboardClient sends the player's token, and asks for a new one once after a 401", async () => {
  const refreshes: boolean[] = [];
  const rig = new ClientRig({
    playerToken: ({ refresh }) => {
      refreshes.push(refresh);
      return `token-${refreshes.length}`;
    },
  });
  rig.client.submit(SUBMISSION);
  await rig.step();
  await rig.step();
  const [first] = rig.fake.calls;
  assertEquals(first!.headers.get("authorization"), "Bearer token-1");
  first!.answer(refusal(401, "unauthenticated"));
  await rig.step();
  await rig.step();
  const second = rig.fake.calls[1]!;
  assertEquals(second.headers.get("authorization"), "Bearer token-2");
  assertEquals(
    second.headers.get("idempotency-key"),
    first!.headers.get("idempotency-key"),
  );
  second.answer(accepted(1));
  assertEquals(await rig.step(), ["scoreSubmitted"]);
  assertEquals(refreshes, [false, true]);
});

Deno.test("LeaderboardClient.setOnline() has calls wait for the network", async () => {
  const rig = new ClientRig();
  rig.client.setOnline(false);
  rig.client.submit(SUBMISSION);
  for (let i = 0; i < 100; i++) await rig.step(1);
  assertEquals(rig.fake.calls.length, 0);
  rig.client.setOnline(true);
  await rig.step();
  rig.fake.calls[0]!.answer(accepted(1));
  assertEquals(await rig.step(), ["scoreSubmitted"]);
});

Deno.test("LeaderboardClient.tick() may be called from within itself", async () => {
  let ticks = 0;
  const client: LeaderboardClient = new LeaderboardClient(BASE, {
    http: {
      fetch: () => {
        if (ticks++ < 3) client.tick(0);
        client.fetchBoards();
        return Promise.resolve(Response.json({ boards: [] }));
      },
    },
    maxPending: 4,
  });
  client.fetchBoards();
  for (let i = 0; i < 5; i++) {
    client.tick(0.1);
    await new Promise((resolve) => setTimeout(resolve));
    [...client.drainEvents()];
  }
  assert(ticks > 3);
  client.close();
});
