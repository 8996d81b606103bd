// A server with 16 clients while 20,000 datagrams a second come in that nobody should have sent;
// and, as sender and clients share the machine's processors with it, while as many go elsewhere.
import { type Command, deno, Program, run } from "../_programs.ts";
import {
  atLeast,
  atMost,
  quantile,
  type Row,
  type Section,
} from "../_report.ts";
import { buildPeers, missing } from "./_build.ts";
import { connects } from "./_contenders.ts";
import type { StepFigures } from "./_steps.ts";

const CLIENTS = 16;
const HZ = 60;
const BYTES = 100;
const FLOOD_HZ = 20_000;
/** Until a flood, or its end, has had its effect. */
const SETTLE_MS = 300;
const SERVER_PROGRAM = import.meta.resolve("./_game_server.ts");
const CLIENTS_PROGRAM = import.meta.resolve("./_game_clients.ts");
/** The port that a flood takes for "not the server". */
const ELSEWHERE = 0;
/** The counters of a server's link that a flood raises. */
const REASONS = [
  "forged",
  "replayed",
  "badToken",
  "rateLimited",
  "tokenUsed",
] as const;

/** What the server tells. */
interface ServerFigures extends StepFigures {
  readonly atMs: number;
  readonly cpuUs: number;
  readonly arrived: number;
  readonly dropped: number;
  readonly link: Readonly<Record<string, number>>;
}

/** What the clients tell. */
interface ClientsFigures extends StepFigures {
  readonly rttMs: readonly number[];
  readonly cpuUs: number;
  /** `port:sequence` of each. */
  readonly seen: readonly string[];
}

/** What is asked, of all rounds of one kind. */
class Phase {
  readonly name: string;
  ms = 0;
  rttMs: number[] = [];
  serverStepMs: number[] = [];
  serverPauseMs: number[] = [];
  clientsStepMs: number[] = [];
  serverUs = 0;
  clientsUs = 0;
  floodUs = 0;
  arrived = 0;
  dropped = 0;
  readonly refused: Record<typeof REASONS[number], number> = {
    forged: 0,
    replayed: 0,
    badToken: 0,
    rateLimited: 0,
    tokenUsed: 0,
  };

  constructor(name: string) {
    this.name = name;
  }

  get p99Ms(): number {
    return quantile(this.rttMs, 0.99);
  }

  get arrivedPerSecond(): number {
    return this.arrived / this.ms * 1_000;
  }
}

/** The programs that are measured. */
interface Programs {
  readonly server: Program;
  readonly clients: Program;
  /** The flood, in C. */
  readonly path: string;
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
  await using server = await Program.start(deno(SERVER_PROGRAM));
  await using clients = await Program.start(
    deno(CLIENTS_PROGRAM, ...[server.port, CLIENTS, HZ, BYTES].map(String)),
  );
  const programs = { server, clients, path };
  const quiet = new Phase("quiet");
  const elsewhere = new Phase("the flood at a socket that nobody reads");
  const flooded = new Phase("flood");
  let isSpoofed = false;
  async function measure(phase: Phase): Promise<void> {
    if (phase === quiet) {
      await measurePhase(phase, programs, undefined, seconds);
      return;
    }
    const port = phase === flooded ? server.port : ELSEWHERE;
    await using flooder = await Program.start(await floodAt(port, programs));
    isSpoofed = flooder.hello["isSpoofed"] === true;
    await measurePhase(phase, programs, flooder, seconds);
  }
  for (let round = 0; round < rounds; round++) {
    // Both orders, so that none is always the first.
    for (const phase of [quiet, elsewhere, flooded]) await measure(phase);
    for (const phase of [flooded, elsewhere, quiet]) await measure(phase);
  }
  const count = isSmoke ? 5 : 50;
  const connectMs = await measureConnects(
    await floodAt(server.port, programs),
    server.port,
    count,
  );
  return {
    title,
    notes: [
      `${CLIENTS} clients with an echo of ${BYTES} bytes ${HZ} times a second each, on a reliable channel, the server and they polled each millisecond, each in a process of its own; ${seconds} s at a time, ${
        2 * rounds
      } times without a flood, with one at a socket that nobody reads and with one at the server, in turns. Round trips in milliseconds, of all of them.`,
      "The flood, of a program in C: a third payloads of 1,200 bytes that nobody sealed, with sequences just ahead of the clients', a third requests with a token that nobody issued, a third copies of a client's request.",
      isSpoofed
        ? "The forged payloads come from the clients' addresses, the requests from all of 127.0.0.0/8."
        : "Not root: all of it comes from 16 sockets of the flood's own, and forged payloads are as good as nothing to the server.",
      "A step is a poll; p99 ms of the server's, of what lies between two of them, which is a timer of a millisecond, and of the clients' process, which is one for all of them.",
      "Refused by the server, a second: payloads that do not open, or have old sequences; no token that it opens, one that it had no time to try, a token used elsewhere.",
    ],
    rows: [
      ...[quiet, elsewhere, flooded].map(row),
      {
        name: "a connect in the flood",
        "p50 ms": quantile(connectMs, 0.5),
        "p99 ms": quantile(connectMs, 0.99),
        worst: quantile(connectMs, 1),
        "not in 5 s": count - connectMs.length,
      },
    ],
    bars: [
      atMost(
        "the clients' p99 rises by",
        5,
        flooded.p99Ms - quiet.p99Ms,
        "ms",
      ),
      // What is not processed costs nothing.
      atLeast(
        "datagrams that arrived at the server",
        FLOOD_HZ * 0.95,
        flooded.arrivedPerSecond - quiet.arrivedPerSecond,
        "a second",
      ),
    ],
  };
}

/** A flood that begins now: it has sequences that the clients come to soon. */
async function floodAt(
  port: number,
  { clients, path }: Programs,
): Promise<Command> {
  const { request } = clients.hello;
  const { seen } = await clients.ask() as unknown as ClientsFigures;
  return [path, String(port), String(FLOOD_HZ), String(request), ...seen];
}

async function measurePhase(
  phase: Phase,
  { server, clients }: Programs,
  flooder: Program | undefined,
  seconds: number,
): Promise<void> {
  await pause(SETTLE_MS);
  const floodBefore = await flooder?.figures();
  const clientsBefore = await clients.ask() as unknown as ClientsFigures;
  const before = await server.ask() as unknown as ServerFigures;
  await pause(seconds * 1_000);
  const clientsAfter = await clients.ask() as unknown as ClientsFigures;
  const after = await server.ask() as unknown as ServerFigures;
  const floodAfter = await flooder?.figures();
  phase.ms += after.atMs - before.atMs;
  phase.rttMs = phase.rttMs.concat(clientsAfter.rttMs);
  phase.serverStepMs = phase.serverStepMs.concat(after.workMs);
  phase.serverPauseMs = phase.serverPauseMs.concat(after.pauseMs);
  phase.clientsStepMs = phase.clientsStepMs.concat(clientsAfter.workMs);
  phase.serverUs += after.cpuUs - before.cpuUs;
  phase.clientsUs += clientsAfter.cpuUs - clientsBefore.cpuUs;
  phase.floodUs += (floodAfter?.cpuUs ?? 0) - (floodBefore?.cpuUs ?? 0);
  phase.arrived += after.arrived - before.arrived;
  phase.dropped += after.dropped - before.dropped;
  for (const reason of REASONS) {
    phase.refused[reason] += after.link[reason]! - before.link[reason]!;
  }
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

function row(phase: Phase): Row {
  const perSecond = 1_000 / phase.ms;
  return {
    name: phase.name,
    "p50 ms": quantile(phase.rttMs, 0.5),
    "p99 ms": phase.p99Ms,
    worst: quantile(phase.rttMs, 1),
    "server's step": quantile(phase.serverStepMs, 0.99),
    "between": quantile(phase.serverPauseMs, 0.99),
    "clients' step": quantile(phase.clientsStepMs, 0.99),
    "server's processor %": phase.serverUs / phase.ms / 10,
    "the clients'": phase.clientsUs / phase.ms / 10,
    "the flood's": phase.floodUs / phase.ms / 10,
    "datagrams a second": phase.arrivedPerSecond,
    "lost in the socket": phase.dropped * perSecond,
    "refused: forged": phase.refused.forged * perSecond,
    "replayed": phase.refused.replayed * perSecond,
    "bad token": phase.refused.badToken * perSecond,
    "no time": phase.refused.rateLimited * perSecond,
    "used": phase.refused.tokenUsed * perSecond,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
