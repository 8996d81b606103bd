/**
 * A client of the echo: sends messages at a fixed rate over the socket of your choice, checks their order and that none is
 * lost, and tells how long they take there and back.
 *
 *     deno run -A examples/transport_echo_server.ts
 *     deno run -A examples/transport_echo_client.ts --socket native|deno|node|websocket|webtransport
 *         [--server http://127.0.0.1:8000] [--seconds 10] [--rate 60] [--hz 1000] [--json]
 *
 * Without `--socket` it takes the best UDP socket that is allowed. It polls `--hz` times a second: a game that polls once a
 * frame sees what came in up to a frame later.
 *
 * @module
 */

import { decodeBase64, PollLoop } from "../core/mod.ts";
import { NonBlockingSocket } from "../transport/deno.ts";
import {
  type DatagramAddress,
  TransportError,
  WebSocketDatagramSocket,
  WebTransportDatagramSocket,
} from "../transport/mod.ts";
import {
  type EchoInfo,
  INFO_PATH,
  SOCKET_PATH,
} from "./transport_echo/echo_protocol.ts";
import { EchoSession } from "./transport_echo/echo_session.ts";

/** What a client can speak over. */
export const SOCKETS = [
  "native",
  "deno",
  "node",
  "websocket",
  "webtransport",
] as const;
/** One of them. */
export type EchoSocket = typeof SOCKETS[number];

/** Options for {@linkcode run}. */
export interface RunOptions {
  /** Where the server's page is. */
  readonly url: string;
  /** What to speak over; the best UDP socket that is allowed if it is left out. */
  readonly socket?: EchoSocket;
  /** How long to send. @default {10} */
  readonly seconds?: number;
  /** Messages per second. @default {60} */
  readonly rate?: number;
  /** Polls per second. @default {1000} */
  readonly hz?: number;
  /** Told once the server is there. */
  readonly onConnected?: (over: string) => void;
  /** Told of each second. */
  readonly onSecond?: (second: SecondFigures) => void;
  /** Ends it early: what was sent still comes back. */
  readonly signal?: AbortSignal;
}

/** What happened within a second. */
export interface SecondFigures {
  /** Which second, from 1 on. */
  readonly second: number;
  /** Messages that were sent in it. */
  readonly sent: number;
  /** Messages that came back in it. */
  readonly back: number;
  /** How long they took, in milliseconds. */
  readonly rttMs: { readonly p50: number; readonly p99: number };
  /** The share of packets lost lately, in percent. */
  readonly lossPct: number;
  /** Bytes of datagrams per second. */
  readonly bytesPerSecUp: number;
  /** Bytes of datagrams per second. */
  readonly bytesPerSecDown: number;
}

/** What became of a run. */
export interface EchoSummary {
  /** What it spoke over. */
  readonly over: string;
  /** Messages that were sent. */
  readonly sent: number;
  /** Messages that came back. */
  readonly back: number;
  /** Messages that did not. */
  readonly lost: number;
  /** Messages that came back again. */
  readonly twice: number;
  /** Messages that came back after a later one. */
  readonly outOfOrder: number;
  /** How long they took there and back, in milliseconds. */
  readonly rttMs: {
    readonly p50: number;
    readonly p99: number;
    readonly worst: number;
  };
  /** Bytes of datagrams. */
  readonly bytesUp: number;
  /** Bytes of datagrams. */
  readonly bytesDown: number;
  /** Datagrams that were sent, and how many of them were lost. */
  readonly packets: { readonly sent: number; readonly lost: number };
  /** Copies that left before anybody knew of a loss. */
  readonly copies: number;
  /** Messages that left again after a loss. */
  readonly resent: number;
  /** Why it ended early, if it did. */
  readonly ending?: string;
}

/** How long the last messages may take to come back. */
const DRAIN_MS = 10_000;
/** How long saying goodbye may take. */
const CLOSE_MS = 5_000;

/** Opens a socket and gives the server's address at it, and what it is in words. */
async function open(
  url: URL,
  info: EchoInfo,
  wanted: EchoSocket | undefined,
): Promise<{ readonly server: DatagramAddress; readonly over: string }> {
  const { udp, webTransport } = info;
  if (wanted === "websocket") {
    const target = new URL(SOCKET_PATH, url);
    target.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = await WebSocketDatagramSocket.connect(target);
    return { server: socket.serverAddress, over: "WebSocket" };
  }
  if (wanted === "webtransport") {
    if (webTransport === undefined) {
      throw new TransportError("unsupported", "The server has no WebTransport");
    }
    const { port, hash } = webTransport;
    const target = new URL(SOCKET_PATH, url);
    target.protocol = "https:";
    target.port = `${port}`;
    const socket = await WebTransportDatagramSocket.connect(target, {
      certificateHashes: hash === undefined ? [] : [decodeBase64(hash)!],
    });
    return { server: socket.serverAddress, over: "WebTransport" };
  }
  const host = await addressOf(url.hostname.replace(/^\[|\]$/g, ""));
  const socket = await NonBlockingSocket.bind({
    hostname: host.includes(":") ? "::" : "0.0.0.0",
    ...(wanted !== undefined && { backend: wanted }),
  });
  const over = `UDP (${socket.backend} socket)`;
  return { server: socket.address(host, udp.port), over };
}

/** A UDP socket looks up no names. */
async function addressOf(host: string): Promise<string> {
  if (host.includes(":") || /^[\d.]+$/.test(host)) return host;
  const [first] = await Deno.resolveDns(host, "A").catch(() => []);
  return first ?? (host === "localhost" ? "127.0.0.1" : host);
}

/** Takes the figures of a second, each time it is asked. */
class Seconds {
  readonly #session: EchoSession;
  #second = 0;
  #sent = 0;
  #back = 0;
  #rttsMs: number[] = [];

  constructor(session: EchoSession) {
    this.#session = session;
    session.onEcho = (_number, ms) => this.#rttsMs.push(ms);
  }

  next(): SecondFigures {
    const { sent, received, figures } = this.#session;
    const rttsMs = this.#rttsMs.sort((a, b) => a - b);
    const at = (share: number): number =>
      rttsMs[Math.floor(share * rttsMs.length)] ?? NaN;
    const taken: SecondFigures = {
      second: ++this.#second,
      sent: sent - this.#sent,
      back: received - this.#back,
      rttMs: { p50: at(0.5), p99: at(0.99) },
      lossPct: figures?.packetLossPct ?? 0,
      bytesPerSecUp: figures?.bandwidthUp ?? 0,
      bytesPerSecDown: figures?.bandwidthDown ?? 0,
    };
    this.#sent = sent;
    this.#back = received;
    this.#rttsMs = [];
    return taken;
  }
}

/**
 * Sends messages to an echo server and takes them back.
 *
 * @param options Where to, over what, and how many.
 * @returns What became of them.
 * @throws {TransportError} If the socket cannot be opened.
 */
export async function run(options: RunOptions): Promise<EchoSummary> {
  const { seconds = 10, rate = 60, hz = 1_000, signal } = options;
  const url = new URL(options.url);
  const response = await fetch(new URL(INFO_PATH, url));
  const info: EchoInfo = await response.json();
  const { server, over } = await open(url, info, options.socket);
  using session = new EchoSession({ server, rate });
  const figures = new Seconds(session);
  const stop = new AbortController();
  const steps = follow(session, seconds, signal, {
    onConnected: () => options.onConnected?.(over),
    onSecond: () => options.onSecond?.(figures.next()),
  });
  const loop = new PollLoop();
  loop.add({
    tick(dt) {
      session.tick();
      if (steps.next(dt).done) stop.abort();
    },
  });
  await loop.run({ hz, signal: stop.signal });
  return summarise(session, over);
}

/** What a run goes through; it is given the seconds that have passed. */
function* follow(
  session: EchoSession,
  seconds: number,
  signal: AbortSignal | undefined,
  told: { onConnected(): void; onSecond(): void },
): Generator<void, void, number> {
  const isOver = (): boolean => session.ending !== undefined;
  const isEnough = (): boolean => isOver() || signal?.aborted === true;
  while (!session.isConnected && !isEnough()) yield;
  if (session.isConnected) told.onConnected();
  let passed = 0;
  for (let second = 1; second <= seconds; second++) {
    while (passed < second && !isEnough()) passed += yield;
    if (isEnough()) break;
    told.onSecond();
  }
  while (passed < seconds && !isEnough()) passed += yield;
  session.pause();
  const isBack = (): boolean => session.received === session.sent;
  for (let left = DRAIN_MS; left > 0 && !isBack() && !isOver();) {
    left -= 1_000 * (yield);
  }
  session.close();
  for (let left = CLOSE_MS; left > 0 && !session.manager.isClosed;) {
    left -= 1_000 * (yield);
  }
}

function summarise(session: EchoSession, over: string): EchoSummary {
  const { sent, received, figures, ending } = session;
  const [p50, p99, worst] = session.roundTrips.quantiles(0.5, 0.99, 1);
  return {
    over,
    sent,
    back: received,
    lost: sent - received,
    twice: session.twice,
    outOfOrder: session.outOfOrder,
    rttMs: { p50: p50!, p99: p99!, worst: worst! },
    bytesUp: figures?.bytesSent ?? 0,
    bytesDown: figures?.bytesRecv ?? 0,
    packets: {
      sent: figures?.packetsSent ?? 0,
      lost: figures?.packetsLost ?? 0,
    },
    copies: session.copies,
    resent: figures?.retransmits ?? 0,
    ...(!session.isOurEnd && ending !== undefined && { ending }),
  };
}

function kilobytes(bytes: number): string {
  return (bytes / 1_000).toFixed(1).padStart(6);
}

function showSecond(figures: SecondFigures): void {
  const { second, sent, back, rttMs, lossPct } = figures;
  const count = (value: number): string => `${value}`.padStart(5);
  const ms = (value: number): string => value.toFixed(2).padStart(7);
  console.log(
    `${`${second}`.padStart(4)} s  sent${count(sent)}  back${
      count(back)
    }  round trip p50${ms(rttMs.p50)}  p99${ms(rttMs.p99)} ms  loss ${
      lossPct.toFixed(1).padStart(4)
    } %  up${kilobytes(figures.bytesPerSecUp)}  down${
      kilobytes(figures.bytesPerSecDown)
    } kB/s`,
  );
}

function showSummary(summary: EchoSummary): void {
  const { sent, back, lost, twice, outOfOrder, rttMs, packets } = summary;
  const each = (bytes: number): string =>
    `${bytes.toLocaleString("en")} (${(bytes / sent).toFixed(0)} a message)`;
  console.log(`${sent} messages sent and ${back} back over ${summary.over}`);
  console.log(`  lost ${lost}, twice ${twice}, out of order ${outOfOrder}`);
  console.log(
    `  round trip  p50 ${rttMs.p50.toFixed(2)}  p99 ${
      rttMs.p99.toFixed(2)
    }  worst ${rttMs.worst.toFixed(2)} ms`,
  );
  console.log(
    `  bytes       up ${each(summary.bytesUp)}, down ${
      each(summary.bytesDown)
    }`,
  );
  console.log(
    `  datagrams   ${packets.sent} sent, ${packets.lost} of them lost; ${summary.copies} copies, ${summary.resent} sent again`,
  );
}

const OPTIONS = [
  "--socket",
  "--server",
  "--seconds",
  "--rate",
  "--hz",
  "--json",
];

function option(name: string): string | undefined {
  const at = Deno.args.indexOf(name);
  return at < 0 ? undefined : Deno.args[at + 1] ?? "";
}

function numberOption(name: string, otherwise: number, max: number): number {
  const value = Number(option(name) ?? otherwise);
  if (value > 0 && value <= max) return value;
  fail(`Cannot run as ${name} must be above 0 and at most ${max}`, 2);
}

function socketOption(): EchoSocket | undefined {
  const value = option("--socket");
  if (value === undefined) return undefined;
  const found = SOCKETS.find((socket) => socket === value);
  if (found !== undefined) return found;
  fail(`Cannot run as --socket must be one of ${SOCKETS.join(", ")}`, 2);
}

function fail(message: string, code: number): never {
  console.error(message);
  Deno.exit(code);
}

async function main(): Promise<void> {
  const unknown = Deno.args.find((argument) =>
    argument.startsWith("--") && !OPTIONS.includes(argument)
  );
  if (unknown !== undefined) {
    fail(`There is no option "${unknown}", only ${OPTIONS.join(", ")}`, 2);
  }
  const url = option("--server") ?? "http://127.0.0.1:8000";
  if (!URL.canParse(url)) fail("Cannot run as --server must be a URL", 2);
  const socket = socketOption();
  const rate = numberOption("--rate", 60, 10_000);
  const isJson = Deno.args.includes("--json");
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort());
  let summary: EchoSummary;
  try {
    summary = await run({
      url,
      ...(socket !== undefined && { socket }),
      seconds: numberOption("--seconds", 10, 86_400),
      rate,
      hz: numberOption("--hz", 1_000, 1_000),
      signal: stop.signal,
      ...(!isJson && {
        onConnected: (over) =>
          console.log(`${rate} messages a second to ${url} over ${over}`),
        onSecond: showSecond,
      }),
    });
  } catch (error) {
    if (error instanceof TransportError) fail(error.message, 1);
    if (!(error instanceof TypeError)) throw error;
    // What `fetch` rejects with.
    fail(`Nobody answers at ${url}: is transport_echo_server.ts running?`, 1);
  }
  if (isJson) console.log(JSON.stringify(summary));
  else if (summary.sent > 0) showSummary(summary);
  const { lost, twice, outOfOrder, ending } = summary;
  if (ending !== undefined) console.error(`It has ended: ${ending}`);
  const isGood = lost + twice + outOfOrder === 0 && ending === undefined;
  Deno.exit(isGood ? 0 : 1);
}

if (import.meta.main) await main();
