// A server of the load programs, in a process of its own: it echoes, publishes when it is
// told to, and tells what processor time it has used. A line of standard input is a command,
// a line of standard output its answer; it ends when its standard input does.
import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cpuUsage } from "node:process";
import { Server as SocketIo } from "socket.io";
import { WebSocketServer } from "ws";
import { type ClientId, type Delivery, WsHub } from "../../websocket/mod.ts";
import { playerId } from "../../core/mod.ts";
import { message, turn } from "./_drive.ts";

/** A server that was started. */
interface Peer {
  readonly port: number;
  /** Publishes a message; returns whether there was room for every subscriber. */
  publish(bytes: Uint8Array): boolean;
  /** Sends what publish() has left. */
  flush(): void;
}

const HOSTNAME = "127.0.0.1";
const FRAME_MS = 1_000 / 60;
const STAMP_MS = 5;
const LONG_MS = 2 ** 31 - 1;

/** When the hub is ticked besides: with each frame that comes, or 60 times a second. */
type HubMode = "arrival" | "turn" | "frames";

function startRaw(): Peer {
  const sockets = new Set<WebSocket>();
  const server = Deno.serve(
    { hostname: HOSTNAME, port: 0, onListen() {} },
    (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request, {
        idleTimeout: 0,
      });
      socket.binaryType = "arraybuffer";
      socket.onopen = () => sockets.add(socket);
      socket.onclose = () => sockets.delete(socket);
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    },
  );
  return {
    port: server.addr.port,
    publish(bytes) {
      for (const socket of sockets) {
        socket.send(bytes as Uint8Array<ArrayBuffer>);
      }
      return true;
    },
    flush() {},
  };
}

function startHub(
  mode: HubMode,
  delivery: Delivery,
  slow: "drop" | "disconnect",
): Peer {
  let lastMs = performance.now();
  let isArmed = false;
  const hub = new WsHub({
    upgrade: (request) => {
      const upgraded = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
      // After the hub's own listener.
      queueMicrotask(() => {
        upgraded.socket.addEventListener("message", onArrival);
      });
      return upgraded;
    },
    authenticate: () => ({ playerId: playerId("p") }),
    channel: () => ({ delivery, maxQueuedMessages: 16_384, slow }),
    maxSocketsPerAddress: 10_000,
    keepaliveMs: LONG_MS,
    rate: { perSecond: 1e9, burst: 1e9 },
  });
  function tick(): void {
    const nowMs = performance.now();
    hub.tick((nowMs - lastMs) / 1_000);
    lastMs = nowMs;
  }
  function echo(): void {
    tick();
    for (const event of hub.drainEvents()) {
      if (event.type !== "message") continue;
      hub.sendTo(event.client as ClientId, event.channel, event.bytes);
    }
    hub.flush();
  }
  function onArrival(): void {
    if (mode === "arrival") return echo();
    if (mode === "frames" || isArmed) return;
    isArmed = true;
    setImmediate(() => {
      isArmed = false;
      echo();
    });
  }
  setInterval(echo, FRAME_MS);
  const server = Deno.serve(
    { hostname: HOSTNAME, port: 0, onListen() {} },
    hub.handler,
  );
  return {
    port: server.addr.port,
    publish: (bytes) => hub.publish("news", bytes) === hub.clientCount,
    flush: tick,
  };
}

async function startWs(): Promise<Peer> {
  const http = createServer();
  const server = new WebSocketServer({
    server: http,
    perMessageDeflate: false,
  });
  server.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => {
      socket.send(data, { binary: isBinary });
    });
  });
  const port = await listen(http);
  return {
    port,
    publish(bytes) {
      for (const socket of server.clients) socket.send(bytes);
      return true;
    },
    flush() {},
  };
}

async function startSocketIo(): Promise<Peer> {
  const http = createServer();
  const io = new SocketIo(http, {
    transports: ["websocket"],
    pingInterval: 1_000_000_000,
    serveClient: false,
  });
  io.on("connection", (socket) => {
    socket.on("m", (data: unknown) => socket.emit("m", data));
  });
  const port = await listen(http);
  return {
    port,
    publish(bytes) {
      // As text: bytes would go in a frame of their own beside it.
      return io.emit("m", Buffer.from(bytes).toString("latin1"));
    },
    flush() {},
  };
}

function listen(http: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve) => {
    http.listen(0, HOSTNAME, () => {
      resolve((http.address() as AddressInfo).port);
    });
  });
}

function start(kind: string, args: readonly string[]): Promise<Peer> | Peer {
  switch (kind) {
    case "raw":
      return startRaw();
    case "hub":
      return startHub(
        args[0] as HubMode,
        Number(args[1]) as Delivery,
        (args[2] ?? "drop") as "drop" | "disconnect",
      );
    case "ws":
      return startWs();
    case "socket.io":
      return startSocketIo();
  }
  throw new TypeError(
    `Cannot start a server as its kind must be known: current value is "${kind}"`,
  );
}

async function* lines(): AsyncGenerator<string> {
  let text = "";
  const decoded = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  for await (const chunk of decoded) {
    text += chunk;
    for (let end; (end = text.indexOf("\n")) >= 0; text = text.slice(end + 1)) {
      yield text.slice(0, end);
    }
  }
}

async function publish(
  peer: Peer,
  count: number,
  perFlush: number,
): Promise<void> {
  const bytes = message();
  for (let i = 0; i < count; i += perFlush) {
    for (let k = 0; k < perFlush; k++) {
      if (!peer.publish(bytes)) {
        throw new Error("Cannot measure as a message found no room");
      }
    }
    peer.flush();
    await turn();
  }
}

/**
 * Publishes so many messages, some in every frame; what a frame was late comes with the
 * next. Returns for how many there was room.
 */
async function flood(
  peer: Peer,
  perSecond: number,
  durationMs: number,
): Promise<number> {
  const bytes = message();
  const startMs = performance.now();
  let published = 0;
  let accepted = 0;
  for (let ms = 0; ms < durationMs;) {
    await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
    ms = Math.min(performance.now() - startMs, durationMs);
    for (; published < perSecond * ms / 1_000; published++) {
      if (peer.publish(bytes)) accepted++;
    }
    peer.flush();
  }
  return accepted;
}

/** Publishes some messages every few milliseconds, each with the time of the epoch. */
async function stamp(
  peer: Peer,
  perTick: number,
  durationMs: number,
  byteCount: number,
): Promise<void> {
  const bytes = new Uint8Array(byteCount);
  const view = new DataView(bytes.buffer);
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, STAMP_MS));
    view.setFloat64(0, performance.timeOrigin + performance.now());
    for (let k = 0; k < perTick; k++) peer.publish(bytes);
    peer.flush();
  }
}

async function run(peer: Peer, line: string): Promise<number> {
  const [command, ...args] = line.split(" ");
  const [first = 0, second = 0, third = 0] = args.map(Number);
  switch (command) {
    case "cpu": {
      const { user, system } = cpuUsage();
      return user + system;
    }
    case "publish":
      await publish(peer, first, second);
      return first;
    case "flood":
      return await flood(peer, first, second);
    case "stamp":
      await stamp(peer, first, second, third);
      return first;
  }
  throw new TypeError(
    `Cannot run a command as it must be known: current value is "${command}"`,
  );
}

if (import.meta.main) {
  const peer = await start(Deno.args[0]!, Deno.args.slice(1));
  console.log(peer.port);
  for await (const line of lines()) console.log(await run(peer, line));
  Deno.exit(0);
}
