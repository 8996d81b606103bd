// This module is browser compatible.

/**
 * A page that shows the boards of a `LeaderboardServer` live, for servers that run on any runtime.
 *
 * @example Beside the server
 * ```ts
 * import { LeaderboardServer, MemoryLeaderboardStore } from "@tickwire/net/leaderboard";
 * import { LeaderboardPage } from "@tickwire/net/leaderboard/page";
 *
 * const store = new MemoryLeaderboardStore();
 * const leaderboard = new LeaderboardServer({
 *   store,
 *   authenticate: () => undefined,
 *   boards: { speedrun: { order: "ascending" } },
 * });
 * const page = await LeaderboardPage.make();
 * const server = Deno.serve({ port: 0, onListen: () => {} }, (request, info) =>
 *   new URL(request.url).pathname === "/"
 *     ? page.respond(request.method)
 *     : leaderboard.handler(request, info));
 *
 * await server.shutdown();
 * await leaderboard.close();
 * await store.close();
 * ```
 *
 * @module
 */
export * from "./leaderboard_page.ts";
