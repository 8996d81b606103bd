import { assert, assertEquals } from "@std/assert";
import { startDemoServer } from "./demo_server.ts";

Deno.test("startDemoServer() serves pages that are confirmed by their ETag", async () => {
  await using server = startDemoServer();
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
  await using server = startDemoServer();
  const statuses = new Set<number>();
  for (let i = 0; i < 8; i++) {
    const response = await fetch(`${server.shopUrl}/offers`);
    await response.body?.cancel();
    statuses.add(response.status);
    assert(response.headers.has("RateLimit"));
    assertEquals(response.headers.has("Retry-After"), response.status === 429);
  }
  assertEquals([...statuses], [200, 429]);
});

Deno.test("startDemoServer() takes the match origin down and up again on the same port", async () => {
  await using server = startDemoServer();
  const url = `${server.matchUrl}/match`;
  async function untilUp(up: boolean): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (await isUp(url) !== up) {
      assert(performance.now() < deadline, `match origin is not ${up}`);
    }
  }
  assert(await isUp(url));
  const response = await fetch(`${server.url}/outage?ms=200`, {
    method: "POST",
  });
  await response.body?.cancel();
  assertEquals(response.status, 202);
  await untilUp(false);
  await untilUp(true);
});

Deno.test("startDemoServer() answers what it does not know with 4xx", async () => {
  await using server = startDemoServer();
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

async function isUp(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
