// A lobby server on SQLite in a process of its own: `path [port]`. It has a queue of duels, "duels". It does not outlive who
// has started it.
import { playerId } from "../../core/mod.ts";
import { upgradeWebSocket } from "../../websocket/deno.ts";
import { LobbyServer } from "../server/lobby_server.ts";
import { SqliteLobbyStore } from "../sqlite/sqlite_lobby_store.ts";

const FRAME_MS = 10;

const [path, port = "0"] = Deno.args;
const store = new SqliteLobbyStore({ path: path! });
const lobbies = new LobbyServer({
  upgrade: upgradeWebSocket,
  authenticate: (request) => ({
    playerId: playerId(new URL(request.url).pathname.slice(1)),
  }),
  store,
  queues: { duels: { modes: { duel: { teams: 2, teamSize: 1 } } } },
  passwords: { iterations: 1_000 },
  rate: { perSecond: 1_000, burst: 1_000 },
  hub: { maxSocketsPerAddress: 10_000 },
});
await lobbies.ready;
const http = Deno.serve(
  { hostname: "127.0.0.1", port: Number(port), onListen: () => {} },
  lobbies.handler,
);
console.log(`ready ${http.addr.port}`);
const { ppid } = Deno;
let lastMs = performance.now();
setInterval(() => {
  if (Deno.ppid !== ppid) Deno.exit(1);
  const nowMs = performance.now();
  lobbies.tick((nowMs - lastMs) / 1_000);
  lastMs = nowMs;
  for (const _ of lobbies.drainEvents());
}, FRAME_MS);
