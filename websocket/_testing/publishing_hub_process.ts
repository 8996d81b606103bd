// A hub in a process of its own that publishes numbered messages and tells what memory that
// takes: `<delivery> <slow> <messages> <bytes>`. It begins, and goes on, as "pace" says up to
// which number all readers have them, and prints a line of JSON when all are out and read.
import { playerId } from "../../core/mod.ts";
import { type Delivery, WsHub } from "../mod.ts";

/** What the program prints at its end. */
export interface Footprint {
  /** The heap and what hangs on it, the most after a collection. */
  readonly heldBytes: number;
  /** The whole process, the most after a collection. */
  readonly rssBytes: number;
  /** The most before one. */
  readonly uncollectedRssBytes: number;
  /** How many clients have left, as too slow. */
  readonly slow: number;
  /** How many subscribers had no room for the last message. */
  readonly full: number;
}

/** `--expose-gc` adds it. */
const { gc: collect } = globalThis as unknown as { gc: () => void };
const FRAME_MS = 4;
const PER_FRAME = 16;
/** What no reader is behind, in messages and in bytes: it fits its queue. */
const MAX_AHEAD = 900;
const MAX_AHEAD_BYTES = 900_000;
const SAMPLE_MS = 200;

function start(): void {
  const [delivery, slow, messages, byteCount] = Deno.args;
  const last = Number(messages);
  const maxAhead = Math.min(MAX_AHEAD, MAX_AHEAD_BYTES / Number(byteCount));
  const hub = new WsHub({
    upgrade: (request) => Deno.upgradeWebSocket(request, { idleTimeout: 0 }),
    authenticate: () => ({ playerId: playerId("ada") }),
    channel: () => ({
      delivery: Number(delivery) as Delivery,
      slow: slow as "drop" | "disconnect",
    }),
    rate: { perSecond: 1e6, burst: 1e6 },
    // Silence alone is no reason here.
    keepaliveMs: 3_600_000,
  });
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    hub.handler,
  );
  console.log(`ready ${server.addr.port}`);
  const decoder = new TextDecoder();
  const { ppid } = Deno;
  let lastMs = performance.now();
  let read = -1;
  let published = 0;
  let sampledMs = 0;
  let heldBytes = 0;
  let rssBytes = 0;
  let uncollectedRssBytes = 0;
  let left = 0;
  let full = 0;
  const timer = setInterval(() => {
    // It does not outlive the test, however that ends.
    if (Deno.ppid !== ppid) Deno.exit(1);
    const nowMs = performance.now();
    hub.tick((nowMs - lastMs) / 1_000);
    lastMs = nowMs;
    for (const event of hub.drainEvents()) {
      if (event.type === "message" && event.channel === "pace") {
        read = Number(decoder.decode(event.bytes));
      } else if (event.type === "clientLeft" && event.reason === "slow") {
        left += 1;
      }
    }
    if (nowMs - sampledMs >= SAMPLE_MS || read >= last) {
      sampledMs = nowMs;
      uncollectedRssBytes = Math.max(
        uncollectedRssBytes,
        Deno.memoryUsage().rss,
      );
      collect();
      const { heapUsed, external, rss } = Deno.memoryUsage();
      heldBytes = Math.max(heldBytes, heapUsed + external);
      rssBytes = Math.max(rssBytes, rss);
    }
    for (
      let i = 0;
      i < PER_FRAME && read >= 0 && published < last &&
      published - read < maxAhead;
      i++
    ) {
      const bytes = new Uint8Array(Number(byteCount));
      new DataView(bytes.buffer).setUint32(0, ++published);
      full = hub.clientCount - hub.publish("news", bytes);
    }
    if (read < last) return;
    clearInterval(timer);
    const footprint: Footprint = {
      heldBytes,
      rssBytes,
      uncollectedRssBytes,
      slow: left,
      full,
    };
    console.log(JSON.stringify(footprint));
  }, FRAME_MS);
}

if (import.meta.main) start();
