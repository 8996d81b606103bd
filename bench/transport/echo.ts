// A message of 100 bytes, 60 times a second, echoed at once, over three lines.
import {
  atMost,
  type Bar,
  quantile,
  type Row,
  type Section,
} from "../_report.ts";
import { buildPeers } from "./_build.ts";
import { LINES } from "./_conditions.ts";
import { missing, onLines } from "./_contenders.ts";
import { LINE_NOTE, measureOver, type Run } from "./_lines.ts";

const HZ = 60;
const BYTES = 100;
/** What the bars are for. */
const BAR_SECONDS = 30;

type Line = "random" | "bursty" | "clean";

const TITLES: Readonly<Record<Line, string>> = {
  random: "5 % lost, 50 ms each way",
  bursty: "3 % lost in bursts of 4, 25 ms and 0 to 20 of jitter each way",
  clean: "nothing lost, 50 ms each way",
};

export async function measureEcho(isSmoke: boolean): Promise<Section[]> {
  const sections = [];
  for (const line of ["random", "bursty", "clean"] as const) {
    sections.push(await measureLine(line, isSmoke));
  }
  return sections;
}

async function measureLine(line: Line, isSmoke: boolean): Promise<Section> {
  const peers = await buildPeers();
  const seconds = isSmoke ? 0.4 : BAR_SECONDS;
  const contenders = await onLines(peers, isSmoke);
  const runs = new Map<string, Run>();
  for (const contender of contenders) {
    const { name } = contender;
    const run = await measureOver(
      LINES[line],
      contender,
      peers,
      "rate",
      HZ,
      seconds,
      BYTES,
    );
    if (run !== undefined) runs.set(name, run);
  }
  return {
    title: `transport: echo at ${HZ} Hz, ${TITLES[line]}`,
    notes: [
      `${BYTES} bytes on one reliable-ordered channel for ${seconds} s, both ends polled every millisecond; round trips in milliseconds.`,
      LINE_NOTE,
      ...missing({ ...peers, udp: "" }),
    ],
    rows: [...runs].map(([name, run]) => row(name, run)),
    bars: bars(line, [...runs], seconds),
  };
}

function row(name: string, { client, server, line }: Run): Row {
  const { rttMs = [], sent, cpuUs } = client;
  return {
    name,
    p50: quantile(rttMs, 0.5),
    p99: quantile(rttMs, 0.99),
    "p99.9": quantile(rttMs, 0.999),
    worst: quantile(rttMs, 1),
    "not back": sent - rttMs.length,
    "KB in all": line.bytes / 1_000,
    "bytes a message": line.bytes / sent,
    "lost %": line.lost / (line.lost + line.passed) * 100,
    "client's processor ms": cpuUs / 1_000,
    "server's": server.cpuUs / 1_000,
  };
}

function bars(
  line: Line,
  runs: readonly (readonly [string, Run])[],
  seconds: number,
): Bar[] {
  const [ours, other] = runs;
  if (ours === undefined) return [];
  const { client, line: { bytes } } = ours[1];
  const share = seconds / BAR_SECONDS;
  const p99 = quantile(client.rttMs!, 0.99);
  if (line === "clean") {
    return other?.[0] !== "ENet" ? [] : [
      atMost("bytes of ENet's", 1.1, bytes / other[1].line.bytes, "times"),
    ];
  }
  const [ms, mb] = line === "random" ? [120, 1.35] : [130, 1.5];
  return [
    atMost(`p99, ${TITLES[line]}`, ms, p99, "ms"),
    atMost("its bytes", mb * share, bytes / 1e6, "MB"),
    atMost("not back", 0, client.sent - client.rttMs!.length, "messages"),
  ];
}
