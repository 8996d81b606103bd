// What the WebSocket client and hub cost, beside raw Deno, ws and socket.io in the same run.
// The contenders take turns, the figures are medians over all rounds, and each promised
// figure is printed with what was measured, met or missed.
//
// echo      messages to a server and back, 1 and 64 in flight
// fan_out   messages to 100 and 1,000 subscribers
// control   small messages beside a bulk transfer over a narrow line
// flood     150,000 messages per second into one client with a frame budget
// stalled   20 subscribers beside one that reads nothing
//
//     deno task bench websocket_bench.ts [--smoke] [--json] [--only=echo,fan_out]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureControl } from "./websocket/control.ts";
import { measureEcho } from "./websocket/echo.ts";
import { measureFanOut } from "./websocket/fan_out.ts";
import { measureFlood } from "./websocket/flood.ts";
import { measureStalled } from "./websocket/stalled.ts";

const PARTS: Parts = {
  echo: measureEcho,
  fan_out: measureFanOut,
  control: measureControl,
  flood: measureFlood,
  stalled: measureStalled,
};

if (import.meta.main) await runParts(PARTS, Deno.args);
