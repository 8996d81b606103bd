// A hub for many clients, in a process of its own: `[port]`. "close" closes it, and another one
// takes its place at once; "times" is answered with the times of the upgrades since the start,
// or since "close", in milliseconds of the epoch.
import { playerId } from "../../core/mod.ts";
import { upgradeWebSocket } from "../deno.ts";
import { WsHub } from "../mod.ts";

const FRAME_MS = 5;

let times: number[] = [];
let hub = start();

function start(): WsHub {
  times = [];
  return new WsHub({
    upgrade: (request) => {
      times.push(performance.timeOrigin + performance.now());
      return upgradeWebSocket(request);
    },
    authenticate: (request) => ({
      playerId: playerId(new URL(request.url).pathname.slice(1)),
    }),
    maxSocketsPerAddress: 10_000,
  });
}

const server = Deno.serve(
  { port: Number(Deno.args[0] ?? 0), hostname: "127.0.0.1", onListen() {} },
  (request, info) => hub.handler(request, info),
);
console.log(`ready ${server.addr.port}`);
const { ppid } = Deno;
let lastMs = performance.now();
setInterval(() => {
  // It does not outlive the test, however that ends.
  if (Deno.ppid !== ppid) Deno.exit(1);
  const nowMs = performance.now();
  const dt = (nowMs - lastMs) / 1_000;
  lastMs = nowMs;
  hub.tick(dt);
  for (const event of hub.drainEvents()) {
    if (event.type !== "message") continue;
    if (event.channel === "times") {
      hub.sendTo(event.client, "times", JSON.stringify(times));
    } else if (event.channel === "close") {
      hub.close();
      hub = start();
      break;
    }
  }
}, FRAME_MS);
