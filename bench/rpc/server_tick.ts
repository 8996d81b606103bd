// A server's tick with 64 clients: what each of them has called, and what is told to all.
import { atMost, median, quantile, type Section } from "../_report.ts";
import { Arena } from "./_arena.ts";

const CLIENTS = 64;
const CALLS = 4;
/** A tenth of a frame at 60 Hz. */
const TICK_MS = 1.67;

export function measureServerTick(isSmoke: boolean): Promise<Section> {
  const ticks = isSmoke ? 60 : 1_200;
  const arena = new Arena({ clients: CLIENTS });
  for (let i = 0; i < ticks / 2; i++) arena.frame(CALLS, CALLS);
  const times: number[] = [];
  let sent = Math.ceil(ticks / 2) * CLIENTS * CALLS;
  for (let i = 0; i < ticks; i++) {
    arena.serverMs = 0;
    arena.frame(CALLS, CALLS);
    times.push(arena.serverMs);
    sent += CLIENTS * CALLS;
  }
  const underWay = 4 * CLIENTS * CALLS;
  arena.check("calls in", arena.served, sent, underWay);
  arena.check("calls out", arena.heard, sent, underWay);
  const ms = median(times);
  const calls = 2 * CLIENTS * CALLS;
  return Promise.resolve({
    title: `rpc: a server's tick with ${CLIENTS} clients`,
    notes: [
      `Each client makes ${CALLS} typical calls a tick, each with a handler, and the server ${CALLS} to all; only the server's tick is timed.`,
      `Its calls in are ${
        CLIENTS * CALLS
      }, its calls out as many; the links are in memory.`,
    ],
    rows: [{
      name: "tickwire",
      "ms p50": ms,
      "p10": quantile(times, 0.1),
      "p99": quantile(times, 0.99),
      "calls/s": Math.round(calls / ms * 1_000),
      "ns a call": ms * 1e6 / calls,
    }],
    bars: [atMost("a tick, a tenth of a frame", TICK_MS, ms, "ms")],
  });
}
