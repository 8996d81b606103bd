import { assert, assertEquals } from "@std/assert";
import { renderOpenMetrics } from "../../core/mod.ts";
import { MemoryLeaderboardStore } from "../store/memory_store.ts";
import type { LeaderboardStore } from "../store/store.ts";
import { GAME_KEY, Harness, SERVER_KEY } from "./_testing/harness.ts";

Deno.test("LeaderboardServer limits what an address may ask, and says when to come back", async () => {
  await using harness = new Harness({
    addressRate: { perSecond: 2, burst: 3 },
  });
  const from = "203.0.113.7";
  const get = (from: string, key = GAME_KEY) =>
    harness.ask("GET", "/v1/boards", { from, key });
  for (let i = 0; i < 3; i++) assertEquals((await get(from)).status, 200);
  const { status, body, headers } = await get(from);
  assertEquals([status, body.code, body.retryAfterMs], [
    429,
    "rateLimited",
    500,
  ]);
  assertEquals(headers.get("retry-after"), "1");
  assertEquals((await get("203.0.113.8")).status, 200);
  assertEquals((await get(from, SERVER_KEY)).status, 200);
  // Who tries keys is limited as well.
  assertEquals((await get(from, "guess")).status, 429);
  harness.clock.advance(500);
  assertEquals((await get(from)).status, 200);
  assertEquals((await get(from)).status, 429);
});

Deno.test("LeaderboardServer takes an IPv6 network of 64 bits for one address", async () => {
  await using harness = new Harness({
    addressRate: { perSecond: 1, burst: 2 },
  });
  const statuses: number[] = [];
  for (
    const from of [
      "2001:db8::1",
      "2001:db8::ffff:2",
      "2001:db8:0:0:1::1",
      "2001:db8:0:1::1",
    ]
  ) {
    statuses.push((await harness.ask("GET", "/v1/boards", { from })).status);
  }
  assertEquals(statuses, [200, 200, 429, 200]);
});

Deno.test("LeaderboardServer believes X-Forwarded-For from its proxies alone", async () => {
  await using harness = new Harness({
    addressRate: { perSecond: 1, burst: 1 },
    trustedProxies: ["10.0.0.1"],
  });
  const get = async (from: string, forwarded: string) =>
    (await harness.ask("GET", "/v1/boards", {
      from,
      headers: { "x-forwarded-for": forwarded },
    })).status;
  assertEquals(await get("10.0.0.1", "203.0.113.1"), 200);
  assertEquals(await get("10.0.0.1", "203.0.113.2"), 200);
  assertEquals(await get("10.0.0.1", "6.6.6.6, 203.0.113.2"), 429);
  assertEquals(await get("203.0.113.3", "203.0.113.4"), 200);
  assertEquals(await get("203.0.113.3", "203.0.113.5"), 429);
});

Deno.test("LeaderboardServer limits what a player submits, wherever from", async () => {
  await using harness = new Harness({
    playerRate: { perSecond: 1, burst: 3 },
  });
  await harness.putBoard("b");
  const one = (key: string) => ({
    board: "b",
    idempotencyKey: key,
    playerId: "ada",
    score: 1,
  });
  const { body } = await harness.ask("POST", "/v1/scores", {
    as: "ada",
    body: { submissions: ["a", "b", "c", "d"].map(one) },
  });
  assertEquals(
    body.results.map((it: { status: unknown }) => it.status),
    ["accepted", "accepted", "accepted", 429],
  );
  assert(body.results[3].retryAfterMs > 0);
  const run = await harness.ask("POST", "/v1/boards/b/runs", { as: "ada" });
  assertEquals([run.status, run.body.code], [429, "rateLimited"]);
  assertEquals((await harness.submit("b", "bob", { score: 1 })).status, 200);
  harness.clock.advance(1_000);
  // What was refused can come again, with the key that it had.
  const again = await harness.submit("b", "ada", { score: 1 }, "d");
  assertEquals([again.status, again.body.isDuplicate], [200, undefined]);
});

Deno.test("LeaderboardServer lets pages of allowed origins read its answers", async () => {
  await using harness = new Harness({
    allowedOrigins: ["https://game.example"],
  });
  const get = (origin: string) =>
    harness.ask("GET", "/v1/boards", { headers: { origin } });
  const allowed = await get("https://game.example");
  assertEquals(
    allowed.headers.get("access-control-allow-origin"),
    "https://game.example",
  );
  assertEquals(allowed.headers.get("vary"), "origin");
  assert(
    allowed.headers.get("access-control-expose-headers")!.includes(
      "Retry-After",
    ),
  );
  for (
    const origin of [
      "https://evil.example",
      "null",
      "https://game.example.evil",
    ]
  ) {
    const { status, headers } = await get(origin);
    assertEquals(status, 200);
    assertEquals(headers.get("access-control-allow-origin"), null);
  }
  const refused = await harness.ask("GET", "/v1/boards/none", {
    headers: { origin: "https://game.example" },
  });
  assertEquals(refused.status, 404);
  assert(refused.headers.has("access-control-allow-origin"));
  const preflight = await harness.ask("OPTIONS", "/v1/boards/b/scores", {
    key: "",
    headers: {
      origin: "https://game.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "idempotency-key,x-api-key",
    },
  });
  assertEquals(preflight.status, 204);
  const fields = preflight.headers.get("access-control-allow-headers")!;
  for (const name of ["Idempotency-Key", "X-Api-Key", "Authorization"]) {
    assert(fields.includes(name), name);
  }
  assert(
    preflight.headers.get("access-control-allow-methods")!.includes("PATCH"),
  );
});

Deno.test("LeaderboardServer says nothing about origins unless it is told of some", async () => {
  await using harness = new Harness();
  const { headers } = await harness.ask("OPTIONS", "/v1/boards", {
    headers: {
      origin: "https://game.example",
      "access-control-request-method": "GET",
    },
  });
  assertEquals(
    [...headers.keys()].filter((it) => it.startsWith("access-control")),
    [],
  );
  assert(headers.get("allow")!.includes("GET"));
});

Deno.test("LeaderboardServer answers 503 where authenticate fails, without its reasons", async () => {
  await using harness = new Harness({
    authenticate: () => {
      throw new Error("secret: the database is at 10.0.0.9");
    },
  });
  await harness.putBoard("b");
  const { status, body, text, headers } = await harness.submit("b", "ada", {
    score: 1,
  });
  assertEquals([status, body.code], [503, "unavailable"]);
  assert(!text.includes("secret"));
  assert(headers.has("retry-after"));
  assertEquals(harness.errors.length, 1);
  // Who reads need not be anybody.
  assertEquals((await harness.ask("GET", "/v1/boards/b/entries")).status, 200);
});

Deno.test("LeaderboardServer answers 503 where authenticate gives no player's id", async () => {
  await using harness = new Harness({
    authenticate: () => ({ playerId: "" as never }),
  });
  await harness.putBoard("b");
  assertEquals((await harness.submit("b", "ada", { score: 1 })).status, 503);
});

Deno.test("LeaderboardServer answers 503 where the store throws, counts it, and goes on when it is back", async () => {
  const store = new MemoryLeaderboardStore();
  let isBroken = false;
  const broken = new Proxy<LeaderboardStore>(store, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (isBroken) throw new Error("secret: disk /dev/sda1 is gone");
        return value.apply(target, args);
      };
    },
  });
  await using harness = new Harness({ store: broken });
  await harness.putBoard("b");
  await harness.submit("b", "ada", { score: 1 });
  isBroken = true;
  harness.clock.advance(5_000);
  for (
    const [method, path] of [
      ["GET", "/v1/boards"],
      ["GET", "/v1/boards/b"],
      ["GET", "/v1/boards/b/entries"],
      ["GET", "/v1/boards/b/players/ada"],
    ] as const
  ) {
    const { status, body, text, headers } = await harness.ask(method, path);
    assertEquals([status, body.code], [503, "unavailable"], path);
    assert(!text.includes("secret") && headers.has("retry-after"));
  }
  const lost = await harness.submit("b", "ada", { score: 2 }, "k");
  assertEquals(lost.status, 503);
  for (let i = 0; i < 200; i++) {
    harness.server.tick(1);
    await Promise.resolve();
  }
  const failures = [...harness.server.metrics()].find(({ name }) =>
    name === "tickwire_leaderboard_store_failures"
  )!;
  assert(failures.value >= 5, `${failures.value}`);
  assert(harness.errors.length >= 5);
  isBroken = false;
  const again = await harness.submit("b", "ada", { score: 2 }, "k");
  assertEquals([again.status, again.body.isDuplicate], [200, undefined]);
});

Deno.test("LeaderboardServer.metrics() can be rendered, and counts what happened", async () => {
  await using harness = new Harness({ verify: () => "accept" });
  await harness.putBoard("b", { maxScore: 10 });
  await harness.submit("b", "ada", { score: 1 }, "k");
  await harness.submit("b", "ada", { score: 1 }, "k");
  await harness.submit("b", "ada", { score: 11 });
  await harness.ask("GET", "/v1/nothing");
  const text = renderOpenMetrics(harness.server.metrics());
  for (
    const line of [
      'tickwire_leaderboard_responses_total{status="200"} 2',
      'tickwire_leaderboard_responses_total{status="201"} 1',
      'tickwire_leaderboard_responses_total{status="404"} 1',
      'tickwire_leaderboard_responses_total{status="422"} 1',
      'tickwire_leaderboard_submissions_total{outcome="accepted"} 1',
      "tickwire_leaderboard_duplicates_total 1",
      'tickwire_leaderboard_refusals_total{code="scoreOutOfBounds"} 1',
      "tickwire_leaderboard_requests_in_flight 0",
    ]
  ) assert(text.includes(line + "\n"), `${line}\n${text}`);
});

Deno.test("LeaderboardServer.close() has requests answered 503, and may be called twice", async () => {
  const harness = new Harness();
  await harness.putBoard("b");
  await harness.server.close();
  const { status, body } = await harness.ask("GET", "/v1/boards/b");
  assertEquals([status, body.code], [503, "unavailable"]);
  harness.server.tick(1);
  await harness.server.close();
  await harness.store.close();
});

Deno.test("POST scores goes by the board as it is when the body has come", async () => {
  await using harness = new Harness();
  await harness.putBoard("b");
  for (const change of ["closed", "removed"]) {
    let end = (): void => {};
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        const json = JSON.stringify({ playerId: "ada", score: 9 });
        end = () => {
          controller.enqueue(new TextEncoder().encode(json));
          controller.close();
        };
      },
    });
    const answered = harness.server.handler(
      new Request("http://localhost/v1/boards/b/scores", {
        method: "POST",
        headers: {
          "x-api-key": GAME_KEY,
          authorization: "Bearer ada",
          "idempotency-key": change,
        },
        body,
      }),
    );
    // Until the server waits for the body.
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (change === "closed") {
      await harness.putBoard("b", { submitters: "servers" });
    } else {
      await harness.putBoard("b", {});
      await harness.server.removeBoard("main/b");
    }
    harness.clock.advance(5_000);
    end();
    const { status } = await answered;
    assertEquals(status, change === "closed" ? 403 : 404, change);
    assertEquals((await harness.store.rankings("main/b")).length, 0);
  }
});
