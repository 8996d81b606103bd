import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ManualClock, playerId } from "../../core/mod.ts";
import { BoardOptionsError } from "../board/board_options_error.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import { MemoryLeaderboardStore } from "../store/memory_store.ts";
import {
  ADMIN_KEY,
  Harness,
  OTHER_KEY,
  SERVER_KEY,
  START_MS,
} from "./_testing/harness.ts";
import { LeaderboardServer } from "./server.ts";

const ADMIN = { key: ADMIN_KEY };
const DAY_MS = 86_400_000;

Deno.test("PUT board makes a board, changes it, and keeps how it orders", async () => {
  await using harness = new Harness();
  const path = "/v1/boards/b";
  const made = await harness.ask("PUT", path, {
    ...ADMIN,
    body: { order: "ascending" },
  });
  assertEquals(made.status, 201);
  assertEquals(made.body, {
    id: "b",
    order: "ascending",
    subscoreOrder: "ascending",
    operator: "best",
    ties: "earliest",
    classes: [],
    requiresRun: false,
    requiresReplay: false,
    periods: {
      daily: {
        season: Date.UTC(2026, 10, 25),
        nextReset: Date.UTC(2026, 10, 26),
      },
      weekly: {
        season: Date.UTC(2026, 10, 23),
        nextReset: Date.UTC(2026, 10, 30),
      },
      allTime: { season: 0 },
    },
  });
  assertEquals((await harness.ask("GET", path)).body, made.body);
  const changed = await harness.ask("PUT", path, {
    ...ADMIN,
    body: { order: "ascending", classes: ["x"] },
  });
  assertEquals([changed.status, changed.body.classes], [200, ["x"]]);
  for (const field of ["order", "operator", "ties", "subscoreOrder"]) {
    const body = {
      order: "ascending",
      [field]: { order: "descending", operator: "sum", ties: "dense" }[field] ??
        "descending",
    };
    const refused = await harness.ask("PUT", path, { ...ADMIN, body });
    assertEquals([refused.status, refused.body.code], [409, "conflict"]);
  }
  const wrong = await harness.ask("PUT", path, {
    ...ADMIN,
    body: { periods: { daily: { cron: "61 * * * *" } } },
  });
  assertEquals([wrong.status, wrong.body.code, wrong.body.field], [
    400,
    "invalidRequest",
    "periods.daily.cron",
  ]);
});

Deno.test("GET boards lists a title's boards, and no other's", async () => {
  await using harness = new Harness({
    boards: { "main/b": {}, "main/a": {}, "other/c": {} },
  });
  const ids = async (key?: string) =>
    (await harness.ask("GET", "/v1/boards", key === undefined ? {} : { key }))
      .body.boards.map(({ id }: { id: string }) => id);
  assertEquals(await ids(), ["a", "b"]);
  assertEquals(await ids(OTHER_KEY), ["c"]);
  const { status } = await harness.ask("GET", "/v1/boards/c");
  assertEquals(status, 404);
});

Deno.test("DELETE board removes it for everybody at once, and its entries by and by", async () => {
  const store = new MemoryLeaderboardStore();
  const clock = new ManualClock({ epochMs: START_MS });
  const verify = ({ score }: { score: number | bigint }) =>
    score > 10_000 ? "quarantine" as const : "accept" as const;
  const one = new Harness({ store, verify }, clock);
  await one.putBoard("b");
  for (let i = 0; i < 2_500; i++) {
    await one.submit("b", `p${i}`, { score: i });
  }
  await one.submit("b", "cheat", { score: 10_001 });
  await one.ask("PATCH", "/v1/boards/b/players/p1", {
    ...ADMIN,
    body: { isHidden: true },
  });
  assertEquals((await one.ask("DELETE", "/v1/boards/b", ADMIN)).status, 204);
  const gone = await one.ask("GET", "/v1/boards/b");
  assertEquals([gone.status, gone.body.code], [404, "boardNotFound"]);
  assertEquals((await one.submit("b", "p", { score: 1 })).status, 404);
  const early = await one.ask("PUT", "/v1/boards/b", { ...ADMIN, body: {} });
  assertEquals([early.status, early.body.code], [409, "conflict"]);
  assertEquals(await one.order("c").catch(() => "none"), "none");
  // Some of it goes, and then the server.
  for (let i = 0; i < 6; i++) {
    one.server.tick(1);
    clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await one.server.close();
  assertEquals((await store.rankings("main/b")).length > 0, true);
  await using two = new Harness({ store }, clock);
  await two.until(async () => (await store.board("main/b")) === undefined);
  assertEquals(await store.rankings("main/b"), []);
  const query = { state: "quarantined", afterSequence: 0, limit: 9 } as const;
  assertEquals(await store.held("main/b", query), []);
  const anew = await two.ask("PUT", "/v1/boards/b", { ...ADMIN, body: {} });
  assertEquals(anew.status, 201);
  assertEquals(await two.order("b"), []);
  await two.submit("b", "p1", { score: 1 });
  assertEquals(await two.order("b"), ["p1"]);
});

Deno.test("LeaderboardServer drops the seasons beyond those that a period keeps", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", {
    periods: {
      daily: { cron: "0 0 * * *", keepSeasons: 2 },
      hourly: { cron: "0 * * * *", keepSeasons: 0 },
      allTime: { keepSeasons: 0 },
    },
    classes: ["x"],
  });
  for (let day = 0; day < 5; day++) {
    harness.clock.setEpochMs(START_MS + day * DAY_MS);
    await harness.submit("b", "ada", { score: day, class: "x" });
  }
  const today = Date.UTC(2026, 10, 29);
  const seasonsOf = async (name: string) =>
    (await harness.store.rankings("main/b")).filter(({ period }) =>
      period === name
    ).map(({ season }) => season).sort((a, b) => a - b);
  await harness.until(async () => (await seasonsOf("daily")).length === 6, 0.5);
  assertEquals(await seasonsOf("daily"), [
    today - 2 * DAY_MS,
    today - 2 * DAY_MS,
    today - DAY_MS,
    today - DAY_MS,
    today,
    today,
  ]);
  await harness.until(
    async () => (await seasonsOf("hourly")).length === 2,
    0.5,
  );
  assertEquals(await seasonsOf("allTime"), [0, 0]);
  assertEquals(await harness.order("b", "?period=daily&class=x"), ["ada"]);
});

Deno.test("LeaderboardServer sees within a second what another machine has changed", async () => {
  const store = new MemoryLeaderboardStore();
  const clock = new ManualClock({ epochMs: START_MS });
  await using one = new Harness({ store }, clock);
  await using two = new Harness({ store }, clock);
  await one.putBoard("b");
  assertEquals((await two.ask("GET", "/v1/boards/b")).status, 200);
  await one.putBoard("b", { classes: ["x"] });
  clock.advance(1_000);
  assertEquals((await two.ask("GET", "/v1/boards/b")).body.classes, ["x"]);
});

Deno.test("LeaderboardServer.ready() makes the boards of its options, and says where it cannot", async () => {
  const store = new MemoryLeaderboardStore();
  await using one = new Harness({ store, boards: { "main/b": {} } });
  await one.server.ready();
  assertEquals((await one.ask("GET", "/v1/boards/b")).status, 200);
  const two = new Harness({
    store,
    boards: { "main/b": { order: "ascending" } },
  });
  const error = await assertRejects(
    () => two.server.ready(),
    LeaderboardError,
    "its order must stay",
  );
  assertEquals((error as LeaderboardError).code, "conflict");
  assertEquals((await two.ask("GET", "/v1/boards/b")).status, 503);
  assertEquals(two.errors.length > 0, true);
  await two.server.close();
});

Deno.test("LeaderboardServer does in code what its routes do", async () => {
  await using harness = new Harness({ apiKeys: [{ key: "g", role: "game" }] });
  const { server } = harness;
  const ada = playerId("ada");
  assertEquals(await server.putBoard("b", { maxScore: 2n ** 60n }), true);
  assertEquals(await server.putBoard("b", { maxScore: 2n ** 61n }), false);
  await assertRejects(
    () => server.putBoard("b", { maxScore: "x" }),
    BoardOptionsError,
  );
  await assertRejects(() => server.putBoard("none/b", {}), RangeError);
  await assertRejects(
    () => server.submit("none", { playerId: ada, score: 1 }),
    LeaderboardError,
    "no such board",
  );
  const big = 2n ** 60n;
  const taken = await server.submit("b", { playerId: ada, score: big });
  assertEquals(taken.status === "accepted" && taken.standings.length, 3);
  const refused = await server.submit("b", {
    playerId: ada,
    score: 2n ** 62n,
    idempotencyKey: "k",
  });
  assertEquals(
    refused.status === "refused" && refused.code,
    "scoreOutOfBounds",
  );
  assertEquals((await server.standing("b", ada))?.entry.score, big);
  assertEquals((await server.page("b", { period: "daily" })).total, 1);
  await assertRejects(
    () => server.page("b", { period: "x" }),
    LeaderboardError,
    "period",
  );
  assertEquals(await server.setHidden("b", ada, true), 3);
  assertEquals(await server.standing("b", ada), undefined);
  assertEquals(await server.setHidden("b", ada, false), 3);
  assertEquals(await server.removePlayer("b", ada), 3);
  await server.removeBoard("b");
  await assertRejects(() => server.page("b"), LeaderboardError, "no such");
});

Deno.test("LeaderboardServer refuses options that are none", () => {
  const store = new MemoryLeaderboardStore();
  const base = { store, authenticate: () => undefined };
  const wrong: [object, string][] = [
    [{ basePath: "/a/" }, "basePath"],
    [{ basePath: "a" }, "basePath"],
    [{ runKey: new Uint8Array(31) }, "runKey"],
    [{ runLifetimeMs: 31 * DAY_MS }, "runLifetimeMs"],
    [{ apiKeys: [] }, "apiKeys"],
    [{ apiKeys: [{ key: "short", role: "admin" }] }, "at least 16"],
    [{ apiKeys: [{ key: "a b", role: "game" }] }, "visible"],
    [{ apiKeys: [{ key: "a", role: "root" }] }, "role"],
    [
      { apiKeys: [{ key: "a", role: "game" }, { key: "a", role: "game" }] },
      "once",
    ],
    [{ apiKeys: [{ key: "a", role: "game", title: "a/b" }] }, "title"],
    [{ playerRate: { perSecond: 0, burst: 1 } }, "refillPerSecond"],
    [{ addressRate: { perSecond: 1, burst: 0 } }, "capacity"],
    [{ boards: { "a b": {} } }, "name"],
    [{ boards: { "x/b": {} } }, "title"],
    [{ boards: { b: { order: "up" } } }, "order"],
    [{ maxVerifications: 0 }, "maxVerifications"],
    [{ maxStreams: 0 }, "maxStreams"],
    [{ authenticate: undefined }, "authenticate"],
  ];
  for (const [options, text] of wrong) {
    assertThrows(
      () => new LeaderboardServer({ ...base, ...options }),
      Error,
      text,
    );
  }
});

Deno.test("LeaderboardServer.tick() refuses a time that is none", async () => {
  await using harness = new Harness();
  for (const dt of [-1, NaN, Infinity]) {
    assertThrows(() => harness.server.tick(dt), RangeError, "dt");
  }
});

Deno.test("LeaderboardServer gives a game server no admin's rights", async () => {
  await using harness = new Harness();
  const { status, body } = await harness.ask("PUT", "/v1/boards/b", {
    key: SERVER_KEY,
    body: {},
  });
  assertEquals([status, body.code], [403, "forbidden"]);
});

Deno.test("GET boards works out no board's schedules again that have not changed", async () => {
  await using harness = new Harness();
  for (let i = 0; i < 3; i++) {
    const daily = { cron: "0 4 * * *", timeZone: "Europe/Berlin" };
    await harness.putBoard(`b${i}`, { periods: { daily } });
  }
  const first = await harness.ask("GET", "/v1/boards");
  const make = Intl.DateTimeFormat;
  let made = 0;
  Intl.DateTimeFormat = new Proxy(make, {
    construct(target, args) {
      made += 1;
      return Reflect.construct(target, args);
    },
  });
  try {
    for (let i = 0; i < 10; i++) {
      harness.clock.advance(5_000);
      const again = await harness.ask("GET", "/v1/boards");
      assertEquals(again.body, first.body);
    }
    assertEquals(made, 0);
    const daily = { cron: "0 5 * * *", timeZone: "Europe/Berlin" };
    await harness.putBoard("b1", { periods: { daily } });
    const { body } = await harness.ask("GET", "/v1/boards");
    assertEquals(
      body.boards[1].periods.daily.nextReset -
        first.body.boards[1].periods.daily.nextReset,
      3_600_000,
    );
    assert(made > 0);
  } finally {
    Intl.DateTimeFormat = make;
  }
});
