// A server with 16 clients while 20,000 datagrams a second come in that nobody should have sent.
import type { ServerFigures } from "../_load.ts";
import { type Command, deno, Program, run } from "../_programs.ts";
import {
  atLeast,
  atMost,
  quantile,
  type Row,
  type Section,
} from "../_report.ts";
import { tickwire } from "../transport/_contenders.ts";
import { buildPeers, missing } from "./_build.ts";
import { connects } from "./_contenders.ts";

const CLIENTS = 16;
const HZ = 60;
const BYTES = 100;
const FLOOD_HZ = 20_000;
/** Until a flood, or its end, has had its effect. */
const SETTLE_MS = 300;
const CLIENTS_PROGRAM = import.meta.resolve("./_game_clients.ts");
/** The counters of a server's link that a flood raises. */
const REASONS = ["forged", "badToken", "rateLimited", "tokenUsed"] as const;

/** What is asked, of all rounds with a flood or of those without. */
interface Phase {
  ms: number;
  rttMs: number[];
  serverUs: number;
  floodUs: number;
  arrived: number;
  readonly refused: Record<typeof REASONS[number], number>;
}

export async function measureFlood(isSmoke: boolean): Promise<Section> {
  const { netcode_flood: path } = await buildPeers();
  const title =
    `netcode: ${CLIENTS} clients beside ${FLOOD_HZ} forged a second`;
  if (path === undefined) {
    return { title, notes: missing(path, "gcc"), rows: [], bars: [] };
  }
  const seconds = isSmoke ? 0.4 : 4;
  const rounds = isSmoke ? 1 : 5;
  await using server = await Program.start(
    tickwire("native", "netcode").serve(),
  );
  await using clients = await Program.start(
    deno(CLIENTS_PROGRAM, ...[server.port, CLIENTS, HZ, BYTES].map(String)),
  );
  const { request, ports } = clients.hello;
  const flood: Command = [
    path,
    String(server.port),
    String(FLOOD_HZ),
    String(request),
    ...(ports as number[]).map(String),
  ];
  const quiet = emptyPhase();
  const flooded = emptyPhase();
  let isSpoofed = false;
  for (let round = 0; round < rounds; round++) {
    await measureQuiet();
    await measureFlooded();
    // Both orders, so that neither is always the first.
    await measureFlooded();
    await measureQuiet();
  }
  async function measureQuiet(): Promise<void> {
    await measurePhase(quiet, server, clients, undefined, seconds);
  }
  async function measureFlooded(): Promise<void> {
    await using flooder = await Program.start(flood);
    isSpoofed = flooder.hello["isSpoofed"] === true;
    await measurePhase(flooded, server, clients, flooder, seconds);
  }
  const count = isSmoke ? 5 : 50;
  const connectMs = await measureConnects(flood, server.port, count);
  const rise = p99(flooded) - p99(quiet);
  return {
    title,
    notes: [
      `${CLIENTS} clients with an echo of ${BYTES} bytes ${HZ} times a second each, on a reliable channel, the server and they polled each millisecond, each in a process of its own; ${seconds} s at a time, ${
        2 * rounds
      } with the flood and ${
        2 * rounds
      } without, in turns. Round trips in milliseconds, of all of them.`,
      "The flood, of a program in C: a third payloads of 1,200 bytes that nobody sealed, a third requests with a token that nobody issued, a third copies of a client's request.",
      isSpoofed
        ? "The forged payloads come from the clients' addresses, the requests from all of 127.0.0.0/8."
        : "Not root: all of it comes from 16 sockets of the flood's own, and forged payloads are as good as nothing to the server.",
      "Refused by the server, a second: no token that it opens, one that it had no time to try, a token used elsewhere.",
    ],
    rows: [
      row("quiet", quiet),
      row("flood", flooded),
      {
        name: "a connect in the flood",
        "p50 ms": quantile(connectMs, 0.5),
        "p99 ms": quantile(connectMs, 0.99),
        worst: quantile(connectMs, 1),
        "not in 5 s": count - connectMs.length,
      },
    ],
    bars: [
      atMost("the clients' p99 rises by", 5, rise, "ms"),
      // What is not processed costs nothing.
      atLeast(
        "datagrams that arrived at the server",
        FLOOD_HZ * 0.95,
        (flooded.arrived / flooded.ms - quiet.arrived / quiet.ms) * 1_000,
        "a second",
      ),
    ],
  };
}

function emptyPhase(): Phase {
  const refused = { forged: 0, badToken: 0, rateLimited: 0, tokenUsed: 0 };
  return { ms: 0, rttMs: [], serverUs: 0, floodUs: 0, arrived: 0, refused };
}

async function measurePhase(
  phase: Phase,
  server: Program,
  clients: Program,
  flooder: Program | undefined,
  seconds: number,
): Promise<void> {
  await pause(SETTLE_MS);
  await clients.ask();
  const floodBefore = await flooder?.figures();
  const before = await server.figures();
  await pause(seconds * 1_000);
  const { rttMs } = await clients.ask();
  const after = await server.figures();
  const floodAfter = await flooder?.figures();
  phase.ms += after.atMs - before.atMs;
  phase.rttMs = phase.rttMs.concat(rttMs as number[]);
  phase.serverUs += after.cpuUs - before.cpuUs;
  phase.floodUs += (floodAfter?.cpuUs ?? 0) - (floodBefore?.cpuUs ?? 0);
  phase.arrived += arrived(after) - arrived(before);
  for (const reason of REASONS) {
    phase.refused[reason] += after.link![reason]! - before.link![reason]!;
  }
}

function arrived({ datagrams }: ServerFigures): number {
  return datagrams![0];
}

async function measureConnects(
  flood: Command,
  port: number,
  count: number,
): Promise<number[]> {
  await using _flooder = await Program.start(flood);
  await pause(SETTLE_MS);
  const figures = await run(connects(port, count));
  return figures["connectMs"] as number[];
}

function p99({ rttMs }: Phase): number {
  return quantile(rttMs, 0.99);
}

function row(name: string, phase: Phase): Row {
  const perSecond = 1_000 / phase.ms;
  return {
    name,
    "p50 ms": quantile(phase.rttMs, 0.5),
    "p99 ms": p99(phase),
    worst: quantile(phase.rttMs, 1),
    "datagrams a second": phase.arrived * perSecond,
    "server's processor %": phase.serverUs / phase.ms / 10,
    "the flood's": phase.floodUs / phase.ms / 10,
    "refused: forged": phase.refused.forged * perSecond,
    "bad token": phase.refused.badToken * perSecond,
    "no time": phase.refused.rateLimited * perSecond,
    "used": phase.refused.tokenUsed * perSecond,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
