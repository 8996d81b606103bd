// What a flood of 150,000 messages a second does to the frames of a client that drains with
// a budget: `tick()` and the drain, at 60 Hz, the server in a process of its own.
import { Delivery, WsClient } from "../../websocket/mod.ts";
import { atMost, quantile, type Section } from "../_report.ts";
import { MESSAGE_BYTES, pause, Server } from "./_drive.ts";

const PER_SECOND = 150_000;
const FRAME_MS = 1_000 / 60;
const BUDGET_MS = 4;
const IDLE_FRAMES = 30;

interface Result {
  readonly name: string;
  readonly sent: number;
  readonly taken: number;
  readonly disconnects: number;
  readonly tickMs: number[];
  readonly frameMs: number[];
}

export async function measureFlood(isSmoke: boolean): Promise<Section> {
  const ms = isSmoke ? 500 : 2_000;
  const atMostOnce = String(Delivery.AtMostOnce);
  const exactlyOnce = String(Delivery.ExactlyOnce);
  const results = [
    await measure("mux, at most once", ["hub", "frames", atMostOnce], true, ms),
    await measure(
      "mux, exactly once",
      ["hub", "frames", exactlyOnce],
      true,
      ms,
    ),
    await measure("plain, a frame each", ["raw"], false, ms),
  ];
  return {
    title: "websocket: 150,000 messages a second into one client",
    notes: [
      `${MESSAGE_BYTES} bytes each, for ${
        ms / 1_000
      } s; the client ticks at 60 Hz and drains for ${BUDGET_MS} ms at most.`,
      "frame: tick() and the drain; what the runtime does between frames is not in it.",
    ],
    rows: results.map(
      ({ name, sent, taken, disconnects, tickMs, frameMs }) => ({
        name,
        sent,
        taken,
        disconnects,
        "tick p50 ms": quantile(tickMs, 0.5),
        "frame p50 ms": quantile(frameMs, 0.5),
        "frame p99 ms": quantile(frameMs, 0.99),
        "worst frame ms": quantile(frameMs, 1),
      }),
    ),
    bars: results.map(({ name, frameMs }) =>
      atMost(
        `worst frame, ${name}`,
        FRAME_MS,
        quantile(frameMs, 1),
        "ms",
      )
    ),
  };
}

async function measure(
  name: string,
  args: readonly string[],
  mux: boolean,
  ms: number,
): Promise<Result> {
  await using server = await Server.start(...args);
  const client = new WsClient({
    url: `ws://127.0.0.1:${server.port}/`,
    mux,
  });
  if (mux) client.subscribe("news");
  client.connect();
  const tickMs: number[] = [];
  const frameMs: number[] = [];
  let taken = 0;
  let disconnects = 0;
  let lastMs = performance.now();
  let isSubscribed = !mux;
  async function frame(): Promise<void> {
    const startMs = performance.now();
    client.tick((startMs - lastMs) / 1_000);
    lastMs = startMs;
    const tickedMs = performance.now();
    for (const { type } of client.drainEvents(BUDGET_MS)) {
      if (type === "message") taken++;
      else if (type === "subscribed") isSubscribed = true;
      else if (type === "disconnected") disconnects++;
    }
    const endMs = performance.now();
    tickMs.push(tickedMs - startMs);
    frameMs.push(endMs - startMs);
    await pause(Math.max(0, FRAME_MS - (endMs - startMs)));
  }
  while (!client.isConnected || !isSubscribed) await frame();
  tickMs.length = 0;
  frameMs.length = 0;
  let sent = -1;
  const flood = server.ask(`flood ${PER_SECOND} ${ms}`);
  void flood.then((count) => sent = count);
  while (sent < 0) await frame();
  // What is on its way counts too.
  for (let idle = 0, before = taken; idle < IDLE_FRAMES; before = taken) {
    await frame();
    idle = taken === before ? idle + 1 : 0;
  }
  client.close();
  return { name, sent, taken, disconnects, tickMs, frameMs };
}
