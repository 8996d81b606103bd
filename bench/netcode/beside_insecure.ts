// What the secure link costs a game: the same managers, messages and sockets with it and with
// the insecure one.
import { type ClientFigures, steadyPerSecond } from "../_load.ts";
import type { LinkKind } from "../_links.ts";
import { Program, run } from "../_programs.ts";
import { median, quantile, type Row, type Section } from "../_report.ts";
import { tickwire } from "../transport/_contenders.ts";

const HOST = "127.0.0.1";
const KINDS: readonly LinkKind[] = ["insecure", "netcode"];
const BYTES = 100;
const ECHO_HZ = 60;
/** What goes into one datagram with the connection's own header, over either link. */
const ECHO_BYTES = 1_150;

interface Pumped {
  readonly perSecond: number;
  readonly senderUs: number;
  readonly receiverUs: number;
}

interface Echoed {
  readonly rttMs: readonly number[];
  readonly clientUs: number;
  readonly serverUs: number;
  readonly datagrams: number;
  readonly notBack: number;
}

export async function measureBesideInsecure(
  isSmoke: boolean,
): Promise<Section[]> {
  return [await measureMessages(isSmoke), await measureEchoes(isSmoke)];
}

async function measureMessages(isSmoke: boolean): Promise<Section> {
  const seconds = isSmoke ? 0.8 : 4;
  const { all, rounds } = await inTurns(isSmoke, (kind) => pump(kind, seconds));
  return {
    title:
      `netcode: reliable messages of ${BYTES} bytes, beside the insecure link`,
    notes: [
      `Two processes, ConnectionManager over the native socket, polled without a pause; ${seconds} s as fast as they go, counted where they arrive, without the first half second; medians of ${rounds} rounds, ratios by round.`,
      "processor: microseconds per message. Some ten messages share a packet, and so its seal.",
    ],
    rows: KINDS.map((kind): Row => ({
      name: kind,
      "messages a second": medianOf(all[kind], "perSecond"),
      "of insecure": ratio(all[kind], all.insecure, "perSecond"),
      "sender's processor us": medianOf(all[kind], "senderUs"),
      "of insecure ": ratio(all[kind], all.insecure, "senderUs"),
      "receiver's": medianOf(all[kind], "receiverUs"),
      "of insecure  ": ratio(all[kind], all.insecure, "receiverUs"),
    })),
    bars: [],
  };
}

async function measureEchoes(isSmoke: boolean): Promise<Section> {
  const seconds = isSmoke ? 0.4 : 10;
  const { all, rounds } = await inTurns(isSmoke, (kind) => echo(kind, seconds));
  return {
    title: `netcode: an echo at ${ECHO_HZ} Hz, beside the insecure link`,
    notes: [
      `${ECHO_BYTES} bytes on a reliable-ordered channel for ${seconds} s, on loopback, both ends polled each millisecond; medians of ${rounds} rounds.`,
      "processor: microseconds per echo, in which the polls that find nothing count.",
    ],
    rows: KINDS.map((kind): Row => ({
      name: kind,
      "p50 ms": quantile(all[kind].flatMap(({ rttMs }) => rttMs), 0.5),
      "p99 ms": quantile(all[kind].flatMap(({ rttMs }) => rttMs), 0.99),
      "not back": all[kind].reduce((sum, { notBack }) => sum + notBack, 0),
      "datagrams an echo": medianOf(all[kind], "datagrams"),
      "client's processor us": medianOf(all[kind], "clientUs"),
      "of insecure": ratio(all[kind], all.insecure, "clientUs"),
      "server's": medianOf(all[kind], "serverUs"),
      "of insecure ": ratio(all[kind], all.insecure, "serverUs"),
    })),
    bars: [],
  };
}

/** Measures each kind in turns, each round beginning with another one. */
async function inTurns<T>(
  isSmoke: boolean,
  measure: (kind: LinkKind) => Promise<T>,
): Promise<{ readonly all: Record<LinkKind, T[]>; readonly rounds: number }> {
  const rounds = isSmoke ? 1 : 5;
  const all: Record<LinkKind, T[]> = { insecure: [], netcode: [] };
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < KINDS.length; i++) {
      const kind = KINDS[(i + round) % KINDS.length]!;
      all[kind].push(await measure(kind));
    }
  }
  return { all, rounds };
}

async function pump(kind: LinkKind, seconds: number): Promise<Pumped> {
  const contender = tickwire("native", kind);
  await using server = await Program.start(contender.serve(0, "spin"));
  const before = await server.figures();
  const sent = await run(
    contender.client("pump", HOST, server.port, seconds, BYTES, "spin"),
  );
  const after = await server.figures();
  return {
    perSecond: steadyPerSecond(after),
    senderUs: sent.cpuUs / after.messages,
    receiverUs: (after.cpuUs - before.cpuUs) / after.messages,
  };
}

async function echo(kind: LinkKind, seconds: number): Promise<Echoed> {
  const contender = tickwire("native", kind);
  await using server = await Program.start(contender.serve());
  const before = await server.figures();
  const client: ClientFigures = await run(
    contender.client("rate", HOST, server.port, ECHO_HZ, seconds, ECHO_BYTES),
  );
  const after = await server.figures();
  const { rttMs = [], sent, cpuUs } = client;
  const [inBefore = 0, outBefore = 0] = before.datagrams ?? [];
  const [inAfter = 0, outAfter = 0] = after.datagrams ?? [];
  return {
    rttMs,
    clientUs: cpuUs / sent,
    serverUs: (after.cpuUs - before.cpuUs) / sent,
    datagrams: (inAfter - inBefore + outAfter - outBefore) / sent,
    notBack: sent - rttMs.length,
  };
}

type Numbers<T> = {
  [key in keyof T]: T[key] extends number ? key : never;
}[keyof T];

function medianOf<T>(all: readonly T[], key: Numbers<T>): number {
  return median(all.map((it) => Number(it[key])));
}

function ratio<T>(
  all: readonly T[],
  others: readonly T[],
  key: Numbers<T>,
): number {
  return median(all.map((it, i) => Number(it[key]) / Number(others[i]![key])));
}
