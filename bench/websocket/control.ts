// How long a small message takes beside a bulk transfer that fills a line of 10 Mbit/s, and
// how much of the line the transfer uses. Both ends tick 60 times a second; so does what is
// compared, a WebSocket that everything is given to in turn.
import { playerId } from "../../core/mod.ts";
import { TcpProxy } from "../../tools/tcp_proxy.ts";
import { type ClientId, WsClient, WsHub } from "../../websocket/mod.ts";
import { atLeast, atMost, quantile, type Section } from "../_report.ts";
import { pause } from "./_drive.ts";

const BYTES_PER_SECOND = 1_250_000;
const FRAME_MS = 1_000 / 60;
const CONTROL_EVERY_MS = 50;
const CONTROL_BYTES = 100;
const BULK_BYTES = 32_768;
/** What a naive program keeps in the socket, so that it never runs dry. */
const NAIVE_QUEUE_BYTES = 1_048_576;

/** Both ends of a line under load. */
interface Ends {
  /** Fills up with bulk; then control messages, if there are any; then both ends tick. */
  frame(dt: number, controls: number): void;
  /** When the control messages arrived of which each holds when it was sent. */
  readonly latenciesMs: number[];
}

interface Result {
  readonly name: string;
  readonly p50: number;
  readonly p99: number;
  readonly use: number;
}

const OURS = "tickwire, hub to client";
const OURS_UP = "tickwire, client to hub";

export async function measureControl(isSmoke: boolean): Promise<Section> {
  const ms = isSmoke ? 1_000 : 8_000;
  const results = [
    await measureHub(OURS, "down", "control", ms),
    await measureHub(OURS_UP, "up", "control", ms),
    await measureHub("tickwire, all on one channel", "down", "bulk", ms),
    await measureNaive("a WebSocket, all in one queue", ms),
  ];
  const bars = [OURS, OURS_UP].flatMap((name) => {
    const { p99, use } = results.find((it) => it.name === name)!;
    return [
      atMost(`${name}, p99`, 80, p99, "ms"),
      atLeast(`${name}, line used`, 90, use, "%"),
    ];
  });
  return {
    title: "websocket: control messages beside bulk at 10 Mbit/s",
    notes: [
      `A control message of ${CONTROL_BYTES} bytes every ${CONTROL_EVERY_MS} ms, bulk in messages of ${BULK_BYTES} bytes, for ${
        ms / 1_000
      } s; one`,
      "way, through a proxy that lets 1,250,000 bytes a second pass. Both ends tick at 60 Hz.",
    ],
    rows: results.map(({ name, p50, p99, use }) => ({
      name,
      "p50 ms": p50,
      "p99 ms": p99,
      "% of the line": use,
    })),
    bars,
  };
}

async function measureHub(
  name: string,
  way: "up" | "down",
  controlChannel: string,
  ms: number,
): Promise<Result> {
  const hub = new WsHub({
    upgrade: (request) => Deno.upgradeWebSocket(request),
    authenticate: () => ({ playerId: playerId("p") }),
    channel: (name) => ({ priority: name === "control" ? 0 : 7 }),
    rate: { perSecond: 1e9, burst: 1e9 },
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    hub.handler,
  );
  const proxy = await TcpProxy.listen({ targetPort: server.addr.port });
  const client = new WsClient({
    url: `ws://127.0.0.1:${proxy.port}/`,
    mux: {
      control: { priority: 0 },
      bulk: { priority: 7, maxBytes: 1_048_576 },
    },
  });
  client.connect();
  let id: ClientId | undefined;
  while (id === undefined) {
    client.tick(0);
    hub.tick(0);
    for (const event of hub.drainEvents()) {
      if (event.type === "clientConnected") id = event.client;
    }
    await pause(1);
  }
  const to = id;
  const bulk = new Uint8Array(BULK_BYTES);
  const latenciesMs: number[] = [];
  function send(channel: string, bytes: Uint8Array): boolean {
    return way === "up"
      ? client.sendOnChannel(channel, bytes)
      : hub.sendTo(to, channel, bytes);
  }
  function take(bytes: Uint8Array): void {
    if (bytes.length === CONTROL_BYTES) latenciesMs.push(ageMs(bytes));
  }
  try {
    return await measure(name, proxy, ms, {
      latenciesMs,
      frame(dt, controls) {
        for (let i = 0; i < controls; i++) send(controlChannel, stamped());
        while (send("bulk", bulk));
        client.tick(dt);
        hub.tick(dt);
        for (const event of client.drainEvents()) {
          if (event.type === "message" && event.message.type === "binary") {
            take(event.message.bytes);
          }
        }
        for (const event of hub.drainEvents()) {
          if (event.type === "message") take(event.bytes);
        }
      },
    });
  } finally {
    client.close();
    hub.close();
    await proxy[Symbol.asyncDispose]();
    await server.shutdown();
  }
}

async function measureNaive(name: string, ms: number): Promise<Result> {
  let from: WebSocket | undefined;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      from = socket;
      return response;
    },
  );
  const proxy = await TcpProxy.listen({ targetPort: server.addr.port });
  const to = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
  to.binaryType = "arraybuffer";
  await new Promise((resolve) => to.onopen = resolve);
  while (from?.readyState !== WebSocket.OPEN) await pause(1);
  const socket = from;
  const bulk = new Uint8Array(BULK_BYTES);
  const latenciesMs: number[] = [];
  to.onmessage = ({ data }) => {
    if (data.byteLength === CONTROL_BYTES) {
      latenciesMs.push(ageMs(new Uint8Array(data)));
    }
  };
  try {
    return await measure(name, proxy, ms, {
      latenciesMs,
      frame(_dt, controls) {
        for (let i = 0; i < controls; i++) socket.send(stamped());
        while (socket.bufferedAmount < NAIVE_QUEUE_BYTES) socket.send(bulk);
      },
    });
  } finally {
    to.close();
    await proxy[Symbol.asyncDispose]();
    await server.shutdown();
  }
}

/** Runs frames: a quarter of the time to fill the line, then what counts. */
async function measure(
  name: string,
  proxy: TcpProxy,
  ms: number,
  ends: Ends,
): Promise<Result> {
  // The handshake was to be fast.
  proxy.setConditions({ bytesPerSecond: BYTES_PER_SECOND });
  const bytes = (): number => {
    const { bytesToClient, bytesToServer } = proxy.stats();
    return Math.max(bytesToClient, bytesToServer);
  };
  let lastMs = performance.now();
  let controlMs = lastMs;
  async function frames(untilMs: number): Promise<void> {
    while (performance.now() < untilMs) {
      const nowMs = performance.now();
      let controls = 0;
      for (; controlMs <= nowMs; controlMs += CONTROL_EVERY_MS) controls++;
      ends.frame((nowMs - lastMs) / 1_000, controls);
      lastMs = nowMs;
      await pause(Math.max(0, FRAME_MS - (performance.now() - nowMs)));
    }
  }
  await frames(lastMs + ms / 4);
  ends.latenciesMs.length = 0;
  const startMs = performance.now();
  const startBytes = bytes();
  await frames(startMs + ms);
  const seconds = (performance.now() - startMs) / 1_000;
  const use = 100 * (bytes() - startBytes) / seconds / BYTES_PER_SECOND;
  const got = ends.latenciesMs.length > 0 ? ends.latenciesMs : [Infinity];
  return { name, p50: quantile(got, 0.5), p99: quantile(got, 0.99), use };
}

/** A control message that holds when it was made. */
function stamped(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(CONTROL_BYTES);
  new DataView(bytes.buffer).setFloat64(0, performance.now());
  return bytes;
}

function ageMs({ buffer, byteOffset }: Uint8Array): number {
  return performance.now() - new DataView(buffer, byteOffset).getFloat64(0);
}
