import { assert, assertEquals } from "@std/assert";
import { MemoryReplayStore } from "../replay/memory_replay_store.ts";
import { MemoryLeaderboardStore } from "../store/memory_store.ts";
import {
  ADMIN_KEY,
  type Ask,
  GAME_KEY,
  Harness,
  OTHER_KEY,
  SERVER_KEY,
} from "./_testing/harness.ts";
import { LeaderboardServer } from "./server.ts";

const ADMIN = { key: ADMIN_KEY };
const KEY = { "idempotency-key": "k" };
const ADA = { as: "ada", headers: KEY };
const SCORES = "/v1/boards/b/scores";

/** Method, path, what comes with it, the status, and the code and field of the error. */
type Case = readonly [
  method: string,
  path: string,
  ask: Ask,
  status: number,
  code?: string,
  field?: string,
];

const CASES: readonly Case[] = [
  // No such path, or not for this method.
  ["GET", "/", {}, 404, "notFound"],
  ["GET", "/v1", {}, 404, "notFound"],
  ["GET", "/v1/", {}, 404, "notFound"],
  ["GET", "/v2/boards", {}, 404, "notFound"],
  ["GET", "/v1/boards/", {}, 404, "notFound"],
  ["GET", "/v1//boards", {}, 404, "notFound"],
  ["GET", "/v1/boards/b/entries/x", {}, 404, "notFound"],
  ["GET", "/v1/boards/b/none", {}, 404, "notFound"],
  ["POST", "/v1/boards", {}, 405, "methodNotAllowed"],
  ["PATCH", "/v1/boards/b", {}, 405, "methodNotAllowed"],
  ["GET", SCORES, {}, 405, "methodNotAllowed"],
  ["PUT", "/v1/boards/b/players/ada", {}, 405, "methodNotAllowed"],
  ["POST", "/v1/boards/b/events", {}, 405, "methodNotAllowed"],
  // Keys and roles.
  ["GET", "/v1/boards", { key: "" }, 401, "unauthenticated"],
  ["GET", "/v1/boards", { key: "none" }, 401, "unauthenticated"],
  ["GET", "/v1/boards", { key: `${GAME_KEY} ` }, 200],
  ["GET", "/v1/boards", { key: GAME_KEY.slice(1) }, 401, "unauthenticated"],
  ["PUT", "/v1/boards/b", { body: {} }, 403, "forbidden"],
  ["PUT", "/v1/boards/b", { key: SERVER_KEY, body: {} }, 403, "forbidden"],
  ["DELETE", "/v1/boards/b", {}, 403, "forbidden"],
  ["GET", "/v1/boards/b/held", {}, 403, "forbidden"],
  ["POST", "/v1/boards/b/held/x", { body: {} }, 403, "forbidden"],
  ["PATCH", "/v1/boards/b/players/ada", { body: {} }, 403, "forbidden"],
  ["DELETE", "/v1/boards/b/players/ada", {}, 403, "forbidden"],
  ["GET", "/v1/boards/b/export", { key: SERVER_KEY }, 403, "forbidden"],
  ["POST", SCORES, { headers: KEY, body: {} }, 401, "unauthenticated"],
  ["POST", "/v1/boards/b/runs", {}, 401, "unauthenticated"],
  [
    "POST",
    "/v1/scores",
    { body: { submissions: [] } },
    401,
    "unauthenticated",
  ],
  // Names.
  ["GET", "/v1/boards/none", {}, 404, "boardNotFound", "board"],
  ["GET", "/v1/boards/b", { key: OTHER_KEY }, 404, "boardNotFound", "board"],
  ["GET", "/v1/boards/a%2Fb", {}, 400, "invalidName", "board"],
  ["GET", "/v1/boards/-b", {}, 400, "invalidName", "board"],
  ["GET", `/v1/boards/${"b".repeat(65)}`, {}, 400, "invalidName", "board"],
  ["PUT", "/v1/boards/~b", { ...ADMIN, body: {} }, 400, "invalidName", "board"],
  ["GET", "/v1/boards/%", {}, 400, "invalidRequest"],
  ["GET", "/v1/boards/%ff", {}, 400, "invalidRequest"],
  ["GET", "/v1/boards/b/players/ada", {}, 404, "playerNotFound", "player"],
  ["GET", "/v1/boards/b/players/%00", {}, 400, "invalidName", "player"],
  [
    "GET",
    `/v1/boards/b/players/${"x".repeat(65)}`,
    {},
    400,
    "invalidName",
    "player",
  ],
  // Queries.
  ["GET", "/v1/boards/b/entries?period=x", {}, 400, "invalidName", "period"],
  ["GET", "/v1/boards/b/entries?class=x", {}, 400, "invalidName", "class"],
  [
    "GET",
    "/v1/boards/b/entries?class=%zz",
    {},
    400,
    "invalidRequest",
    "class",
  ],
  ["GET", "/v1/boards/b/entries?%zz=1", {}, 400, "invalidRequest"],
  ...["0", "1001", "x", "1.5", "", "1e2", " 1", "99999999999999999"].map((
    text,
  ): Case => [
    "GET",
    `/v1/boards/b/entries?pageSize=${text}`,
    {},
    400,
    "invalidRequest",
    "pageSize",
  ]),
  ["GET", "/v1/boards/b/entries?page=0", {}, 400, "invalidRequest", "page"],
  [
    "GET",
    "/v1/boards/b/entries?season=-1",
    {},
    400,
    "invalidRequest",
    "season",
  ],
  [
    "GET",
    "/v1/boards/b/entries?minScore=1.5",
    {},
    400,
    "invalidRequest",
    "minScore",
  ],
  [
    "GET",
    "/v1/boards/b/entries?maxScore=9223372036854775808",
    {},
    400,
    "invalidRequest",
    "maxScore",
  ],
  ["GET", "/v1/boards/b/entries?cursor=", {}, 400, "invalidCursor", "cursor"],
  [
    "GET",
    "/v1/boards/b/entries?cursor=AAAA",
    {},
    400,
    "invalidCursor",
    "cursor",
  ],
  [
    "GET",
    "/v1/boards/b/entries?page=1&cursor=AAAA",
    {},
    400,
    "invalidRequest",
    "page",
  ],
  [
    "GET",
    "/v1/boards/b/entries?around=ada&players=ada",
    {},
    400,
    "invalidRequest",
    "players",
  ],
  [
    "GET",
    "/v1/boards/b/entries?around=ada&minScore=1",
    {},
    400,
    "invalidRequest",
    "minScore",
  ],
  [
    "GET",
    "/v1/boards/b/entries?around=ada",
    {},
    404,
    "playerNotFound",
    "around",
  ],
  ["GET", "/v1/boards/b/entries?around=", {}, 400, "invalidName", "around"],
  ["GET", "/v1/boards/b/entries?players=", {}, 400, "invalidName", "players"],
  [
    "GET",
    "/v1/boards/b/entries?players=a,,b",
    {},
    400,
    "invalidName",
    "players",
  ],
  [
    "GET",
    "/v1/boards/b/entries?players=%2525%zz",
    {},
    400,
    "invalidRequest",
    "players",
  ],
  [
    "GET",
    `/v1/boards/b/entries?players=${Array(101).fill("a").join(",")}`,
    {},
    400,
    "invalidRequest",
    "players",
  ],
  ["GET", "/v1/boards/b/seasons?period=x", {}, 400, "invalidName", "period"],
  ["GET", "/v1/boards/b/held?limit=0", ADMIN, 400, "invalidRequest", "limit"],
  ["GET", "/v1/boards/b/held?after=-1", ADMIN, 400, "invalidRequest", "after"],
  ["GET", `/v1/boards?x=${"x".repeat(8_192)}`, {}, 400, "invalidRequest"],
  // Bodies.
  [
    "POST",
    SCORES,
    { as: "ada", body: {} },
    400,
    "invalidRequest",
    "idempotencyKey",
  ],
  [
    "POST",
    SCORES,
    { as: "ada", headers: { "idempotency-key": "a b" }, body: {} },
    400,
    "invalidRequest",
    "idempotencyKey",
  ],
  [
    "POST",
    SCORES,
    { as: "ada", headers: { "idempotency-key": "k".repeat(129) }, body: {} },
    400,
    "invalidRequest",
    "idempotencyKey",
  ],
  ["POST", SCORES, { ...ADA, body: "" }, 400, "invalidRequest"],
  ["POST", SCORES, { ...ADA, body: "{" }, 400, "invalidRequest"],
  ["POST", SCORES, { ...ADA, body: "[]" }, 400, "invalidRequest"],
  ["POST", SCORES, { ...ADA, body: "null" }, 400, "invalidRequest"],
  ["POST", SCORES, { ...ADA, body: '{"a":1}x' }, 400, "invalidRequest"],
  [
    "POST",
    SCORES,
    { ...ADA, body: '{"a":'.repeat(17) + "1" + "}".repeat(17) },
    400,
    "invalidRequest",
  ],
  [
    "POST",
    SCORES,
    { ...ADA, body: `{"a":"${"x".repeat(65_536)}"}` },
    413,
    "bodyTooLarge",
  ],
  [
    "POST",
    SCORES,
    {
      as: "ada",
      headers: { ...KEY, "content-type": "text/plain" },
      body: "{}",
    },
    415,
    "unsupportedMediaType",
  ],
  [
    "POST",
    SCORES,
    {
      as: "ada",
      headers: {
        "idempotency-key": "taken",
        "content-type": "application/json; charset=utf-8",
      },
      body: { playerId: "ada", score: 1 },
    },
    200,
  ],
  ["POST", SCORES, { ...ADA, body: {} }, 400, "invalidRequest", "playerId"],
  [
    "POST",
    SCORES,
    { ...ADA, body: { playerId: "bob", score: 1 } },
    403,
    "playerMismatch",
    "playerId",
  ],
  ...[undefined, null, 1.5, "1.5", "", "1e3", true, {}, 2 ** 53, "07"].map((
    score,
  ): Case => [
    "POST",
    SCORES,
    { ...ADA, body: { playerId: "ada", score } },
    400,
    "invalidRequest",
    "score",
  ]),
  ...([
    ["subscore", "x"],
    ["name", ""],
    ["name", "a\nb"],
    ["name", "x".repeat(65)],
    ["class", ""],
    ["class", 5],
    ["metadata", []],
    ["metadata", "x"],
    ["replay", "0".repeat(63)],
    ["replay", "F".repeat(64)],
    ["run", 5],
    ["run", "x".repeat(1_025)],
    ["checksum", 5],
  ] as const).map(([field, value]): Case => [
    "POST",
    SCORES,
    { ...ADA, body: { playerId: "ada", score: 1, [field]: value } },
    400,
    "invalidRequest",
    field,
  ]),
  // Rules.
  ...([
    ["class", "x", 422, "invalidClass"],
    ["metadata", { a: {} }, 422, "invalidMetadata"],
    ["replay", "0".repeat(64), 404, "replayNotFound"],
    ["run", "x", 403, "invalidRun"],
    ["checksum", "0".repeat(16), 422, "checksumMismatch"],
  ] as const).map(([field, value, status, code]): Case => [
    "POST",
    SCORES,
    { ...ADA, body: { playerId: "ada", score: 1, [field]: value } },
    status,
    code,
    field === "metadata" ? "metadata.a" : field,
  ]),
  [
    "POST",
    "/v1/boards/r/scores",
    { ...ADA, body: { playerId: "ada", score: 1 } },
    422,
    "replayRequired",
    "replay",
  ],
  [
    "POST",
    "/v1/boards/inc/scores",
    { ...ADA, body: { playerId: "ada", score: -1 } },
    422,
    "scoreOutOfBounds",
    "score",
  ],
  [
    "POST",
    "/v1/boards/servers/runs",
    { as: "ada" },
    403,
    "forbidden",
  ],
  // Batches.
  [
    "POST",
    "/v1/scores",
    { as: "ada", body: {} },
    400,
    "invalidRequest",
    "submissions",
  ],
  [
    "POST",
    "/v1/scores",
    { as: "ada", body: { submissions: Array(101).fill(0) } },
    400,
    "invalidRequest",
    "submissions",
  ],
  ["POST", "/v1/scores", { as: "ada", body: { submissions: [] } }, 200],
  // Moderation.
  [
    "POST",
    "/v1/boards/b/held/x",
    { ...ADMIN, body: { decision: "maybe" } },
    400,
    "invalidRequest",
    "decision",
  ],
  [
    "PATCH",
    "/v1/boards/b/players/ada",
    { ...ADMIN, body: { isHidden: 1 } },
    400,
    "invalidRequest",
    "isHidden",
  ],
  ["GET", "/v1/boards/none/export", ADMIN, 404, "boardNotFound", "board"],
  [
    "PUT",
    "/v1/boards/new",
    { ...ADMIN, body: { unknown: 1 } },
    400,
    "invalidRequest",
    "unknown",
  ],
  [
    "PUT",
    "/v1/boards/b",
    { ...ADMIN, body: { order: "ascending" } },
    409,
    "conflict",
    "order",
  ],
];

Deno.test("LeaderboardServer answers each wrong request with its status, code and field", async () => {
  await using harness = new Harness({ replays: new MemoryReplayStore() });
  await harness.putBoard("b");
  await harness.putBoard("r", { requiresReplay: true });
  await harness.putBoard("inc", { operator: "increment" });
  await harness.putBoard("servers", { submitters: "servers" });
  for (const [method, path, ask, status, code, field] of CASES) {
    const before = await harness.store.rankings("main/b");
    const answer = await harness.ask(method, path, ask);
    const where = `${method} ${path.slice(0, 80)} ${
      JSON.stringify(ask).slice(0, 200)
    } -> ${answer.status} ${answer.text.slice(0, 200)}`;
    assertEquals(answer.status, status, where);
    if (status < 400) continue;
    assertEquals(answer.headers.get("content-type"), "application/json", where);
    assertEquals(answer.headers.get("cache-control"), "no-store", where);
    if (code !== undefined) assertEquals(answer.body.code, code, where);
    if (code !== undefined) assertEquals(answer.body.field, field, where);
    assert(answer.body.message.startsWith("Cannot "), where);
    assertEquals(status === 405, answer.headers.has("allow"), where);
    assertEquals(await harness.store.rankings("main/b"), before);
  }
  assertEquals(harness.errors, []);
});

Deno.test("LeaderboardServer names what could have been asked for", async () => {
  await using harness = new Harness();
  await harness.putBoard("b", { classes: ["any%"] });
  for (
    const [path, known] of [
      ["entries?period=x", "daily, weekly, allTime"],
      ["seasons?period=x", "daily, weekly, allTime"],
      ["players/ada?class=x", "any%"],
    ] as const
  ) {
    const { body } = await harness.ask("GET", `/v1/boards/b/${path}`);
    assertEquals(body.code, "invalidName");
    assert(body.message.endsWith(`: it has ${known}`), body.message);
  }
});

Deno.test("LeaderboardServer names the methods that a path has", async () => {
  await using harness = new Harness();
  const { headers } = await harness.ask("POST", "/v1/boards/b/players/ada");
  assertEquals(headers.get("allow"), "GET, PATCH, DELETE, HEAD, OPTIONS");
});

Deno.test("LeaderboardServer answers HEAD like GET, without the body", async () => {
  await using harness = new Harness();
  await harness.putBoard("b");
  for (
    const path of ["/v1/boards", "/v1/boards/b/entries", "/v1/boards/none"]
  ) {
    const get = await harness.ask("GET", path);
    const head = await harness.ask("HEAD", path);
    assertEquals([head.status, head.text], [get.status, ""]);
    assertEquals([...head.headers], [...get.headers]);
  }
  const exported = await harness.ask("HEAD", "/v1/boards/b/export", ADMIN);
  assertEquals([exported.status, exported.text], [200, ""]);
});

Deno.test("LeaderboardServer answers beneath its basePath, and nowhere else", async () => {
  await using harness = new Harness({ basePath: "/games/lb" });
  for (
    const [path, status] of [
      ["/games/lb/v1/boards", 200],
      ["/v1/boards", 404],
      ["/games/lbv1/boards", 404],
      ["/games/v1/boards", 404],
      ["/games/lb/games/lb/v1/boards", 404],
    ] as const
  ) {
    assertEquals((await harness.ask("GET", path)).status, status, path);
  }
});

Deno.test("LeaderboardServer without keys has one title, and whoever asks is a player", async () => {
  const store = new MemoryLeaderboardStore();
  const server = new LeaderboardServer({
    store,
    authenticate: () => undefined,
    boards: { b: {} },
  });
  const get = await server.handler(new Request("http://x/v1/boards/b"));
  assertEquals(get.status, 200);
  await get.body?.cancel();
  const put = await server.handler(
    new Request("http://x/v1/boards/c", { method: "PUT", body: "{}" }),
  );
  assertEquals(put.status, 403);
  await put.body?.cancel();
  await server.close();
  await store.close();
});
