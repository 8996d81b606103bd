import { assert, assertEquals } from "@std/assert";
import { PollLoop } from "../core/mod.ts";
import {
  LeaderboardClient,
  type LeaderboardEvent,
  LeaderboardFilter,
  ScoreSubmission,
} from "../leaderboard/mod.ts";
import { GameBoards } from "./leaderboard_server.ts";

const DEADLINE_MS = 30_000;

/** Ticks a client until it has all of these events, in whatever order. */
async function eventsOf(
  client: LeaderboardClient,
  types: readonly string[],
): Promise<LeaderboardEvent[]> {
  const seen: LeaderboardEvent[] = [];
  const endMs = performance.now() + DEADLINE_MS;
  while (!types.every((type) => seen.some((event) => event.type === type))) {
    if (performance.now() > endMs) throw new Error(JSON.stringify(seen));
    client.tick(0.005);
    seen.push(...client.drainEvents());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return seen;
}

for (const where of ["memory", "a file"]) {
  Deno.test(`GameBoards takes scores by its rules, and shows them, from ${where}`, async () => {
    const folder = await Deno.makeTempDir();
    const database = where === "memory" ? undefined : `${folder}/boards.db`;
    const boards = new GameBoards(database);
    const http = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request, info) => boards.handler(request, info),
    );
    const stop = new AbortController();
    const loop = new PollLoop();
    loop.add(boards);
    const running = loop.run({ hz: 60, signal: stop.signal });
    const url = `http://127.0.0.1:${http.addr.port}/`;
    try {
      using client = new LeaderboardClient(url, {
        board: "speedrun",
        playerToken: "ada",
      });
      client.watch(LeaderboardFilter.daily().class("any%"));
      await eventsOf(client, ["boardChanged"]);
      client.submit(
        new ScoreSubmission("ada", "Ada", 42_000).withClass("any%"),
      );
      const seen = await eventsOf(client, ["scoreSubmitted", "boardChanged"]);
      const change = seen.find(({ type }) => type === "boardChanged");
      assert(change?.type === "boardChanged" && !change.isReset);
      assertEquals(change.entries.map(({ score }) => score), [42_000]);

      client.submit(new ScoreSubmission("ada", "Ada", 9_000));
      const [rejected] = await eventsOf(client, ["scoreRejected"]);
      assert(rejected?.type === "scoreRejected");
      assertEquals(rejected.code, "scoreOutOfBounds");

      client.submit(new ScoreSubmission("ada", "Ada", 7).onBoard("gems"));
      client.submit(new ScoreSubmission("ada", "Ada", 5_000).onBoard("gems"));
      await eventsOf(client, ["scoreSubmitted", "scorePending"]);
      const { entries } = await boards.server.page("gems");
      assertEquals(entries.map(({ entry }) => entry.score), [7]);

      const page = await fetch(url);
      assertEquals(
        page.headers.get("content-type"),
        "text/html; charset=utf-8",
      );
      assert((await page.text()).includes("<table"));
    } finally {
      stop.abort();
      await running;
      await boards.close();
      await http.shutdown();
      await Deno.remove(folder, { recursive: true });
    }
  });
}
