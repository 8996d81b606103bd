// Reliable messages of 100 bytes on loopback, as fast as they go, and one there and back.
import {
  atLeast,
  median,
  quantile,
  type Row,
  type Section,
} from "../_report.ts";
import { buildPeers } from "./_build.ts";
import {
  type Contender,
  enet,
  missing,
  tcp,
  tcpInDeno,
  tickwire,
} from "./_contenders.ts";
import { steadyPerSecond } from "../_load.ts";
import { Program, run } from "../_programs.ts";

const HOST = "127.0.0.1";
const BYTES = 100;

interface Measured {
  readonly perSecond: number[];
  readonly alonePerSecond: number[];
  readonly aloneUs: number[];
  readonly senderUs: number[];
  readonly receiverUs: number[];
  readonly rttMs: number[];
  readonly pingUs: number[];
}

export async function measureThroughput(isSmoke: boolean): Promise<Section> {
  const peers = await buildPeers();
  const native = tickwire("native");
  const slow = tickwire("deno");
  const contenders = [
    native,
    slow,
    ...enet(peers),
    // One of them shows that it runs.
    ...(await tcp(peers)).slice(0, isSmoke ? 1 : undefined),
    await tcpInDeno(),
  ];
  const seconds = isSmoke ? 0.6 : 4;
  const pings = isSmoke ? 100 : 5_000;
  const all = new Map<Contender, Measured>();
  for (let round = 0; round < (isSmoke ? 1 : 5); round++) {
    // In turns, each round beginning with another one.
    for (let i = 0; i < contenders.length; i++) {
      const contender = contenders[(i + round) % contenders.length]!;
      let measured = all.get(contender);
      if (measured === undefined) {
        measured = {
          perSecond: [],
          alonePerSecond: [],
          aloneUs: [],
          senderUs: [],
          receiverUs: [],
          rttMs: [],
          pingUs: [],
        };
        all.set(contender, measured);
      }
      await measureOne(contender, seconds, pings, measured);
    }
  }
  return {
    title: `transport: reliable messages of ${BYTES} bytes on loopback`,
    notes: [
      `Two processes: ${seconds} s of messages as fast as they go, counted where they arrive, without the first half second; then ${pings} of them there and back, one after the other. One process: both ends in turns in one thread.`,
      "processor: microseconds per message. Ours polls without a pause; ENet and TCP wait in the kernel. TCP's messages are put together by hand, 64 KB a write.",
      ...missing({ ...peers, udp: "" }),
    ],
    rows: contenders.map((contender) => row(contender, all.get(contender)!)),
    bars: [
      bar("native socket, two processes", 1_000_000, all.get(native)!),
      bar("Deno's socket, two processes", 500_000, all.get(slow)!),
    ],
  };
}

function bar(what: string, least: number, { perSecond }: Measured) {
  return atLeast(what, least, median(perSecond), "messages/s");
}

function row({ name }: Contender, measured: Measured): Row {
  const {
    perSecond,
    alonePerSecond,
    aloneUs,
    senderUs,
    receiverUs,
    rttMs,
    pingUs,
  } = measured;
  return {
    name,
    "two processes, a second": median(perSecond),
    "sender's processor us": median(senderUs),
    "receiver's": median(receiverUs),
    "one process, a second": alonePerSecond.length > 0
      ? median(alonePerSecond)
      : "",
    "its processor us": aloneUs.length > 0 ? median(aloneUs) : "",
    "there and back p50 us": quantile(rttMs, 0.5) * 1_000,
    "p99 us": quantile(rttMs, 0.99) * 1_000,
    "processor us": median(pingUs),
  };
}

async function measureOne(
  contender: Contender,
  seconds: number,
  pings: number,
  measured: Measured,
): Promise<void> {
  {
    await using server = await Program.start(contender.serve(0, "spin"));
    const before = await server.figures();
    const sent = await run(
      contender.client("pump", HOST, server.port, seconds, BYTES, "spin"),
    );
    const after = await server.figures();
    const { messages } = after;
    measured.perSecond.push(steadyPerSecond(after));
    measured.senderUs.push(sent.cpuUs / messages);
    measured.receiverUs.push((after.cpuUs - before.cpuUs) / messages);
    const back = await run(
      contender.client("ping", HOST, server.port, pings, BYTES),
    );
    measured.rttMs.push(...back.rttMs!);
    measured.pingUs.push(back.cpuUs / pings);
  }
  if (contender.alone === undefined) return;
  const both = await run(contender.alone(seconds, BYTES));
  measured.alonePerSecond.push(steadyPerSecond(both));
  measured.aloneUs.push(both.cpuUs / Number(both["messages"]));
}
