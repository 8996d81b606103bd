// A lobby server of a cluster in a process of its own: the socket file of Redis, and for how long a lease is. It has a queue
// of duels, "duels". It does not outlive who has started it.
import { createClient } from "redis";
import { fromNodeRedis, playerId } from "../../core/mod.ts";
import { upgradeWebSocket } from "../../websocket/deno.ts";
import { LobbyCluster } from "../cluster/lobby_cluster.ts";
import { LobbyServer } from "../server/lobby_server.ts";

const FRAME_MS = 10;

const [path, leaseMs] = Deno.args;
const client = createClient({ socket: { path: path!, tls: false } });
client.on("error", () => {});
await client.connect();
let handler = (_: Request): Promise<Response> =>
  Promise.resolve(new Response(null, { status: 503 }));
const http = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => {} },
  (request) => handler(request),
);
const cluster = await LobbyCluster.open(fromNodeRedis(client), {
  url: `ws://127.0.0.1:${http.addr.port}`,
  leaseMs: Number(leaseMs),
});
const lobbies = new LobbyServer({
  upgrade: upgradeWebSocket,
  authenticate: (request) => ({
    playerId: playerId(new URL(request.url).pathname.slice(1)),
  }),
  store: cluster,
  queues: { duels: { modes: { duel: { teams: 2, teamSize: 1 } } } },
  rate: { perSecond: 1_000, burst: 1_000 },
  hub: { maxSocketsPerAddress: 10_000 },
});
handler = lobbies.handler;
const { ppid } = Deno;
let lastMs = performance.now();
setInterval(() => {
  if (Deno.ppid !== ppid) Deno.exit(1);
  const nowMs = performance.now();
  lobbies.tick((nowMs - lastMs) / 1_000);
  lastMs = nowMs;
  for (const event of lobbies.drainEvents()) {
    // The test starts another one.
    if (event.type === "clusterLost") Deno.exit(2);
  }
}, FRAME_MS);
await lobbies.ready;
console.log(`ready ${http.addr.port}`);
