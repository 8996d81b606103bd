import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { WsClient, type WsEvent } from "../websocket/mod.ts";
import { MatchPlayer } from "./demo/match_player.ts";
import { startDemoServer } from "./demo_server.ts";

Deno.test("startDemoServer() serves pages that are confirmed by their ETag", async () => {
  await using server = await startDemoServer();
  const url = `${server.url}/leaderboard?page=2`;
  const first = await fetch(url);
  const page = await first.json();
  assertEquals(page.entries.length, 10);
  assertEquals(page.entries[0].rank, 11);
  assertEquals(page.total, 200);
  const etag = first.headers.get("ETag")!;
  const second = await fetch(url, { headers: { "If-None-Match": etag } });
  assertEquals(second.status, 304);

  const submission = JSON.stringify({ playerId: "7", score: 1_000_000 });
  const best = await fetch(`${server.url}/scores`, {
    method: "POST",
    body: submission,
  });
  assertEquals(await best.json(), { rank: 1, score: 1_000_000 });
  const third = await fetch(url, { headers: { "If-None-Match": etag } });
  assertEquals(third.status, 200);
  await third.body?.cancel();
});

Deno.test("startDemoServer() limits /offers and says so", async () => {
  await using server = await startDemoServer();
  const statuses = new Set<number>();
  // As many as fall into one second: on a slow machine that takes a few.
  const deadline = performance.now() + 60_000;
  while (statuses.size < 2 && performance.now() < deadline) {
    const response = await fetch(`${server.shopUrl}/offers`);
    await response.body?.cancel();
    statuses.add(response.status);
    assert(response.headers.has("RateLimit"));
    assertEquals(response.headers.has("Retry-After"), response.status === 429);
  }
  assertEquals([...statuses], [200, 429]);
});

Deno.test("startDemoServer() takes the match origin down and up again on the same port", async () => {
  await using server = await startDemoServer();
  const url = `${server.matchUrl}/match`;
  async function untilUp(up: boolean): Promise<void> {
    const deadline = performance.now() + 120_000;
    while (await isUp(url) !== up) {
      assert(performance.now() < deadline, `match origin is not ${up}`);
    }
  }
  assert(await isUp(url));
  const response = await fetch(`${server.url}/outage?ms=2000`, {
    method: "POST",
  });
  await response.body?.cancel();
  assertEquals(response.status, 202);
  await untilUp(false);
  await untilUp(true);
});

Deno.test("startDemoServer() answers what it does not know with 4xx", async () => {
  await using server = await startDemoServer();
  for (
    const [method, path, status] of [
      ["GET", "/", 404],
      ["GET", "/leaderboard?page=0", 404],
      ["GET", "/leaderboard?page=x", 404],
      ["GET", "/players/0", 404],
      ["POST", "/outage", 400],
      ["POST", "/outage?ms=1e9", 400],
      ["POST", "/scores", 422],
    ] as const
  ) {
    const response = await fetch(server.url + path, {
      method,
      ...(method === "POST" && { body: '{"playerId":"999","score":1}' }),
    });
    await response.body?.cancel();
    assertEquals(response.status, status, `${method} ${path}`);
  }
});

Deno.test("startDemoServer() has a hub that cuts the line as often as it is asked to", async () => {
  await using server = await startDemoServer();
  using client = new WsClient({
    url: `${server.hubUrl}/?name=ada`,
    mux: true,
    firstRetryMaxMs: 50,
    maxBackoffMs: 200,
  });
  const events: WsEvent[] = [];
  async function until(isDone: () => boolean): Promise<void> {
    const deadline = performance.now() + 120_000;
    while (!isDone()) {
      assert(performance.now() < deadline, JSON.stringify(events.slice(-9)));
      client.sendOnChannel("moves", "here");
      client.tick(1 / 60);
      events.push(...client.drainEvents());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  function count(type: WsEvent["type"], channel?: string): number {
    return events.filter((event) =>
      event.type === type &&
      (channel === undefined ||
        event.type === "message" && event.channel === channel)
    ).length;
  }
  client.subscribe({ name: "chat", history: 20, presence: true });
  client.subscribe("moves");
  client.subscribe("events");
  client.connect();
  client.request("server", "cut sometimes");
  await until(() =>
    ["chat", "moves", "events"].every((channel) =>
      count("message", channel) > 2
    ) && count("reply") === 1 && count("presence") > 0
  );
  client.request("server", "cut 300");
  await until(() => count("connected") > 2);
  client.request("server", "cut 0");
  await until(() => count("reply") === 3 && client.isConnected);
  assertEquals(
    events.flatMap((event) =>
      event.type === "reply" && event.message.type === "text"
        ? [event.message.text]
        : []
    ),
    ['Say "cut" and 0 or 200 to 60000', "cut 300", "cut 0"],
  );
  assertEquals([count("gap"), count("undelivered")], [0, 0]);
});

Deno.test("startDemoServer() has boards that are what they were after an outage", async () => {
  await using server = await startDemoServer();
  const url = `${server.boardsUrl}/v1/boards/coins`;
  async function send(
    path: string,
    method: string,
    body?: unknown,
  ): Promise<Response> {
    return await fetch(url + path, {
      method,
      headers: {
        "Authorization": "Bearer ada",
        "Content-Type": "application/json",
        "Idempotency-Key": "1",
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }
  const submission = { playerId: "ada", score: 5 };
  const first = await send("/scores", "POST", submission);
  assertEquals((await first.json()).standings[0].score, 5);
  for (const [ms, status] of [["1", 400], ["x", 400], ["50", 202]] as const) {
    const response = await fetch(`${server.boardsUrl}/outage?ms=${ms}`, {
      method: "POST",
    });
    await response.body?.cancel();
    assertEquals(response.status, status, ms);
  }
  const deadline = performance.now() + 120_000;
  let again: Response | undefined;
  while (again === undefined) {
    assert(performance.now() < deadline, "the boards are still away");
    // The first one may still meet the server that is about to go.
    again = await send("/scores", "POST", submission).catch(() => undefined);
  }
  const { isDuplicate, standings } = await again.json();
  assertEquals([isDuplicate, standings[0].score], [true, 5]);
});

Deno.test("startDemoServer() has a collector with a dashboard that fails every fourth batch", async () => {
  await using server = await startDemoServer();
  const page = await fetch(`${server.collectorUrl}/`);
  assertStringIncludes(await page.text(), "<!doctype html>");
  const nowMs = Date.now();
  const statuses: number[] = [];
  const accepted: number[] = [];
  for (let number = 0; number < 8; number++) {
    const response = await fetch(`${server.collectorUrl}/v1/batch`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        v: 1,
        sentAt: nowMs,
        runs: [{
          s: "A".repeat(22),
          b: "1",
          p: "linux",
          n: number,
          t: nowMs,
          d: [["achievement", "achievement"]],
          e: [[0, 0, "first"]],
        }],
      }),
    });
    statuses.push(response.status);
    if (response.ok) accepted.push((await response.json()).accepted);
    else await response.body?.cancel();
  }
  assertEquals(statuses, [200, 200, 200, 503, 200, 200, 200, 503]);
  assertEquals(accepted, [1, 1, 1, 1, 1, 1]);
  const events = await fetch(`${server.collectorUrl}/v1/query/recent`);
  // The last one was stored, though its answer says otherwise.
  assertEquals((await events.json()).rows.length, 7);
});

Deno.test("startDemoServer() has a match that bots are in, on a line as bad as a player asks for", async () => {
  await using server = await startDemoServer();
  using player = await MatchPlayer.join(server.matchToken, 60, 1);
  let nowMs = 0;
  async function until(isDone: () => boolean): Promise<void> {
    const deadline = performance.now() + 120_000;
    while (!isDone()) {
      assert(performance.now() < deadline, JSON.stringify(player.stats));
      player.tick(5 / 1_000, nowMs += 5);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  await until(() => player.places.length === 9 && player.answered > 9);
  player.askForWeather(3);
  await until(() => (player.stats?.packetsLost ?? 0) > 0);
  assertThrows(() => player.askForWeather(99), RangeError, '"index"');
  player.askForScoreboard();
  const shown: string[] = [];
  player.onEmote = (who, emote) => shown.push(`${who} ${emote}`);
  player.show("cheers");
  player.holdFire();
  await until(() => player.answered === player.fired && !player.isAsking);
  assertEquals(player.outOfOrder, 0);
  const { rank, scores } = player.scoreboard!;
  assertEquals(scores.length, 9);
  assertEquals(scores[rank - 1]!.name, "Player 9");
  // What players show is passed on by the server, and the first bot waves back.
  await until(() => shown.length === 2);
  assertEquals(shown, ["9 cheers", "1 waves"]);
});

async function isUp(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
