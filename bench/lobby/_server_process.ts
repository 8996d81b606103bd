// A lobby server on SQLite in a process of its own, for `restart.ts`: the arguments are the file and the port, 0 for any. It
// prints a line of JSON when it listens, with how long the lobbies took to be there again, and ends when its standard input
// does, if nobody kills it before.
import { isPlayerId } from "../../core/mod.ts";
import { LobbyServer } from "../../lobby/mod.ts";
import { SqliteLobbyStore } from "../../lobby/sqlite.ts";
import { upgradeWebSocket } from "../../websocket/deno.ts";

const TICK_MS = 33;

const [path, port] = Deno.args;
const beganMs = performance.now();
const store = new SqliteLobbyStore({ path: path! });
const lobbies = new LobbyServer({
  upgrade: upgradeWebSocket,
  authenticate: (request) => {
    const id = new URL(request.url).searchParams.get("name");
    return isPlayerId(id) ? { playerId: id } : undefined;
  },
  store,
  hub: { maxSocketsPerAddress: 20_000 },
});
await lobbies.ready;
const restoredMs = performance.now() - beganMs;
const http = Deno.serve(
  // All come back at once: the kernel drops those beyond, which then wait for seconds.
  {
    hostname: "127.0.0.1",
    port: Number(port),
    tcpBacklog: 4_096,
    onListen: () => {},
  },
  lobbies.handler,
);
let lastMs = performance.now();
const ticking = setInterval(() => {
  const nowMs = performance.now();
  lobbies.tick((nowMs - lastMs) / 1_000);
  lastMs = nowMs;
  for (const event of lobbies.drainEvents()) {
    if (event.type === "storeFailed") console.error(event.error);
  }
}, TICK_MS);
console.log(JSON.stringify({
  port: http.addr.port,
  restoredMs,
  lobbies: lobbies.lobbyCount,
  // Of the process, from its beginning on.
  startedMs: performance.now(),
}));

// A parent that dies takes the server along.
for await (const _ of Deno.stdin.readable);
clearInterval(ticking);
await lobbies.close(0);
await http.shutdown();
await store.close();
