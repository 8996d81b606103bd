import { assert, assertEquals } from "@std/assert";
import { isPlayerId } from "../../core/mod.ts";
import { MemoryReplayStore } from "../replay/memory_replay_store.ts";
import { MemoryLeaderboardStore } from "../store/memory_store.ts";
import { ADMIN_KEY, GAME_KEY, SERVER_KEY } from "./_testing/harness.ts";
import { LeaderboardServer } from "./server.ts";

interface Loopback {
  readonly leaderboard: LeaderboardServer;
  readonly url: string;
  fetch(path: string, init?: RequestInit & { as?: string }): Promise<Response>;
}

async function withServer(run: (it: Loopback) => Promise<void>): Promise<void> {
  const store = new MemoryLeaderboardStore();
  const leaderboard = new LeaderboardServer({
    store,
    replays: new MemoryReplayStore(),
    authenticate: (request) => {
      const id = request.headers.get("authorization")?.slice(7);
      return isPlayerId(id) ? { playerId: id } : undefined;
    },
    apiKeys: [
      { key: GAME_KEY, role: "game" },
      { key: SERVER_KEY, role: "server" },
      { key: ADMIN_KEY, role: "admin" },
    ],
    boards: { b: { requiresRun: true }, sum: { operator: "sum" } },
    playerRate: { perSecond: 1_000, burst: 10_000 },
    addressRate: { perSecond: 1_000, burst: 10_000 },
  });
  const http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    leaderboard.handler,
  );
  const url = `http://127.0.0.1:${http.addr.port}`;
  try {
    await run({
      leaderboard,
      url,
      fetch: (path, { as, ...init } = {}) =>
        fetch(url + path, {
          ...init,
          headers: {
            "x-api-key": GAME_KEY,
            ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
            ...init.headers as Record<string, string>,
          },
        }),
    });
  } finally {
    await leaderboard.close();
    await http.shutdown();
    await store.close();
  }
}

Deno.test("LeaderboardServer takes a run, a score and its copies over a socket", () =>
  withServer(async ({ fetch }) => {
    const begun = await fetch("/v1/boards/b/runs", {
      method: "POST",
      as: "ada",
    });
    assertEquals(begun.status, 201);
    const { run } = await begun.json();
    const submit = () =>
      fetch("/v1/boards/b/scores", {
        method: "POST",
        as: "ada",
        headers: { "idempotency-key": "k", "content-type": "application/json" },
        body: JSON.stringify({ playerId: "ada", score: 7, run }),
      });
    const answers = await Promise.all(Array.from({ length: 8 }, submit));
    const bodies = await Promise.all(answers.map((it) => it.json()));
    assertEquals(answers.map(({ status }) => status), Array(8).fill(200));
    assertEquals(bodies.filter((it) => it.isDuplicate !== true).length, 1);
    const page = await fetch("/v1/boards/b/entries");
    assertEquals((await page.json()).entries[0].score, 7);
    const head = await fetch("/v1/boards/b/entries", { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
  }));

Deno.test("LeaderboardServer has one effect of each of many submissions over sockets", () =>
  withServer(async ({ fetch }) => {
    const players = ["ada", "bob", "carl", "dora"];
    const sends = players.flatMap((as) =>
      Array.from({ length: 75 }, (_, i) => ({ as, key: `k${i % 25}` }))
    );
    const statuses = await Promise.all(sends.map(async ({ as, key }) => {
      const response = await fetch("/v1/boards/sum/scores", {
        method: "POST",
        as,
        headers: {
          "idempotency-key": key,
          "content-type": "application/json",
        },
        body: JSON.stringify({ playerId: as, score: 1 }),
      });
      await response.body?.cancel();
      return response.status;
    }));
    assertEquals(new Set(statuses), new Set([200]));
    const page = await (await fetch("/v1/boards/sum/entries")).json();
    assertEquals(
      page.entries.map((it: { score: number }) => it.score),
      [25, 25, 25, 25],
    );
  }));

Deno.test("LeaderboardServer refuses a body that is too long without reading it, over a socket", () =>
  withServer(async ({ fetch }) => {
    const response = await fetch("/v1/scores", {
      method: "POST",
      as: "ada",
      headers: { "content-type": "application/json" },
      body: new Uint8Array(1_000_000).fill(0x20),
    });
    assertEquals(response.status, 413);
    assertEquals((await response.json()).code, "bodyTooLarge");
  }));

Deno.test("LeaderboardServer tells who watches what changes, and ends with close()", () =>
  withServer(async ({ leaderboard, fetch }) => {
    const response = await fetch("/v1/boards/sum/events");
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    const reader = response.body!.pipeThrough(new TextDecoderStream())
      .getReader();
    await leaderboard.submit("sum", { playerId: "ada" as never, score: 5 });
    const ticking = setInterval(() => leaderboard.tick(0.05), 10);
    let text = "";
    while (!text.includes("event: change")) {
      const { done, value } = await reader.read();
      assert(!done, text);
      text += value;
    }
    clearInterval(ticking);
    assert(text.includes('"playerId":"ada"'), text);
    await leaderboard.close();
    while (!(await reader.read()).done);
  }));

Deno.test("LeaderboardServer exports over a socket, and hides from who may not", () =>
  withServer(async ({ leaderboard, fetch }) => {
    await leaderboard.submit("sum", { playerId: "ada" as never, score: 5 });
    const refused = await fetch("/v1/boards/sum/export");
    assertEquals(refused.status, 403);
    await refused.body?.cancel();
    const csv = await fetch("/v1/boards/sum/export", {
      headers: { "x-api-key": ADMIN_KEY },
    });
    assertEquals((await csv.text()).split("\r\n").length, 3);
  }));
