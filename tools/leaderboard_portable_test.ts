// The same cases of `leaderboard` in each runtime, on the files that would be published.
import { isPlayerId } from "../core/mod.ts";
import { PORTABLE_CASES } from "../leaderboard/client/_testing/portable_cases.ts";
import {
  LeaderboardServer,
  MemoryLeaderboardStore,
} from "../leaderboard/mod.ts";
import { PortableSite } from "./portable_run.ts";
import { testInEachRuntime } from "./portable_steps.ts";

const MAIN = `export { main } from "./tools/leaderboard_portable_main.js";`;
const NAMES = PORTABLE_CASES.map(({ name }) => name);

/** Starts a leaderboard server for each case. */
class Servers implements AsyncDisposable {
  readonly #ends: (() => Promise<void>)[] = [];

  /** Answers with where the new server is mounted. */
  start(): Response {
    const store = new MemoryLeaderboardStore();
    const leaderboard = new LeaderboardServer({
      store,
      authenticate: (request) => {
        const token = request.headers.get("authorization")?.slice(7) ?? "";
        const id = decodeURIComponent(token);
        return isPlayerId(id) ? { playerId: id } : undefined;
      },
      basePath: "/scores",
      boards: {
        main: {},
        sum: { operator: "sum" },
        latest: { operator: "latest" },
      },
      allowedOrigins: ["*"],
    });
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      leaderboard.handler,
    );
    this.#ends.push(async () => {
      await server.shutdown();
      await leaderboard.close();
      await store.close();
    });
    return new Response(`http://127.0.0.1:${server.addr.port}/scores`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#ends.map((end) => end()));
  }
}

Deno.test("leaderboard does the same in every runtime", async (t) => {
  await using servers = new Servers();
  await using site = await PortableSite.open({
    main: MAIN,
    sources: [
      "tools/leaderboard_portable_main.ts",
      "leaderboard/client/_testing/portable_cases.ts",
    ],
    handler: () => servers.start(),
    timeoutMs: 300_000,
  });
  await testInEachRuntime(t, site, NAMES);
});
