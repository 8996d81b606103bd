// The servers of the figures of `server.ts`, in a process of their own: a bare one that answers a constant, and a
// leaderboard on SQLite with so many players as the first argument says. It prints both ports when the board is filled,
// and ends when its standard input does.
import { isPlayerId, type PlayerId } from "../../core/mod.ts";
import { LeaderboardServer } from "../../leaderboard/mod.ts";
import { SqliteLeaderboardStore } from "../../leaderboard/sqlite.ts";
import { bareResponse } from "./_bare_response.ts";
import { GAME_KEY, playerName } from "./_server_load.ts";

const FILL_AT_ONCE = 1_000;
const UNLIMITED = { perSecond: 1e6, burst: 1e6 };

const playerCount = Number(Deno.args[0]);
const folder = await Deno.makeTempDir();
const store = new SqliteLeaderboardStore({ path: `${folder}/boards.db` });
const leaderboard = new LeaderboardServer({
  store,
  authenticate: (request) => {
    const id = request.headers.get("authorization")?.slice("Bearer ".length);
    return isPlayerId(id) ? { playerId: id } : undefined;
  },
  apiKeys: [{ key: GAME_KEY, role: "game" }],
  boards: { bench: {} },
  playerRate: UNLIMITED,
  addressRate: UNLIMITED,
  onError: console.error,
});
for (let i = 0; i < playerCount; i += FILL_AT_ONCE) {
  const count = Math.min(FILL_AT_ONCE, playerCount - i);
  await Promise.all(
    Array.from({ length: count }, (_, j) =>
      leaderboard.submit("bench", {
        playerId: playerName(i + j) as PlayerId,
        score: ((i + j) * 7_919) % 1_000_003,
      })),
  );
}
const ticking = setInterval(() => leaderboard.tick(0.1), 100);
const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
const bare = Deno.serve(options, bareResponse);
const served = Deno.serve(options, leaderboard.handler);
console.log(`${bare.addr.port} ${served.addr.port}`);

// A parent that dies takes the servers along.
for await (const _ of Deno.stdin.readable);
clearInterval(ticking);
await leaderboard.close();
await Promise.all([bare.shutdown(), served.shutdown()]);
await store.close();
await Deno.remove(folder, { recursive: true });
