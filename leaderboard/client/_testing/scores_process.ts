// A leaderboard server in a process of its own, to be killed: `<file>`. It says "ready <port>".
import { isPlayerId } from "../../../core/mod.ts";
import { LeaderboardServer } from "../../server/server.ts";
import { SqliteLeaderboardStore } from "../../sqlite.ts";

const rate = { perSecond: 100_000, burst: 100_000 };
const leaderboard = new LeaderboardServer({
  store: new SqliteLeaderboardStore({ path: Deno.args[0]! }),
  authenticate: (request) => {
    const id = request.headers.get("authorization")?.slice("Bearer ".length);
    return isPlayerId(id) ? { playerId: id } : undefined;
  },
  basePath: "/scores",
  boards: { sum: { operator: "sum" }, latest: { operator: "latest" } },
  playerRate: rate,
  addressRate: rate,
});
await leaderboard.ready();
const server = Deno.serve(
  { port: 0, hostname: "127.0.0.1", onListen() {} },
  (request, info) =>
    leaderboard.handler(request, {
      remoteAddr: { hostname: info.remoteAddr.hostname },
    }),
);
console.log(`ready ${server.addr.port}`);
const { ppid } = Deno;
setInterval(() => {
  // It does not outlive the test, however that ends.
  if (Deno.ppid !== ppid) Deno.exit(1);
  leaderboard.tick(0.1);
}, 100);
