// Payloads of 1,200 bytes there and back on loopback, sealed, as fast as they go.
import { steadyPerSecond } from "../_load.ts";
import { Program, run } from "../_programs.ts";
import { atLeast, median, type Row, type Section } from "../_report.ts";
import { buildPeers, missing } from "./_build.ts";
import { type Contender, inC, link } from "./_contenders.ts";

const BYTES = 1_200;
/** Payloads under way: the line is full, and no socket's buffer is. */
const WINDOW = 64;
const NATIVE = "tickwire, native socket";

/** Of one run. */
interface Echoes {
  readonly perSecond: number;
  /** Processor time of an echo in microseconds. */
  readonly serverUs: number;
  readonly clientUs: number;
  readonly lost: number;
}

export async function measureEcho(isSmoke: boolean): Promise<Section> {
  const peers = await buildPeers();
  const contenders = [
    link(NATIVE, "native", "netcode"),
    link("the same, insecure link", "native", "insecure"),
    link("tickwire, Deno's socket", "deno", "netcode"),
    ...inC(peers),
  ];
  const seconds = isSmoke ? 0.8 : 3;
  const rounds = isSmoke ? 1 : 5;
  const all = new Map<string, Echoes[]>(contenders.map((it) => [it.name, []]));
  for (let round = 0; round < rounds; round++) {
    // In turns, each round beginning with another one.
    for (let i = 0; i < contenders.length; i++) {
      const contender = contenders[(i + round) % contenders.length]!;
      all.get(contender.name)!.push(await measureOne(contender, seconds));
    }
  }
  const ours = all.get(NATIVE)!;
  return {
    title: `netcode: an echo of ${BYTES} bytes on loopback`,
    notes: [
      `A client keeps ${WINDOW} payloads under way to a server in another process, ${seconds} s, counted where they come back, without the first half second; medians of ${rounds} rounds, ratios by round.`,
      "processor: microseconds per echo, each of which is received, opened, sealed and sent at both ends. Ours polls without a pause, which counts; C waits in the kernel, begins without a handshake, and does not ask the kernel to merge datagrams.",
      ...missing(peers.netcode_echo, "gcc, libsodium-dev"),
    ],
    rows: contenders.map(({ name }) => row(name, all.get(name)!, ours)),
    bars: [
      atLeast(
        "native socket",
        35_000,
        median(ours.map((it) => it.perSecond)),
        "echoes/s",
      ),
    ],
  };
}

function row(
  name: string,
  echoes: readonly Echoes[],
  ours: readonly Echoes[],
): Row {
  return {
    name,
    "echoes a second": median(echoes.map((it) => it.perSecond)),
    "the first's of it": median(
      echoes.map((it, i) => ours[i]!.perSecond / it.perSecond),
    ),
    "server's processor us": median(echoes.map((it) => it.serverUs)),
    "client's": median(echoes.map((it) => it.clientUs)),
    "not back": median(echoes.map((it) => it.lost)),
  };
}

async function measureOne(
  contender: Contender,
  seconds: number,
): Promise<Echoes> {
  await using server = await Program.start(contender.serve());
  const before = await server.figures();
  const client = await run(
    contender.pump(server.port, seconds, BYTES, WINDOW),
  );
  const after = await server.figures();
  const messages = Number(client["messages"]);
  return {
    perSecond: steadyPerSecond(client),
    serverUs: (after.cpuUs - before.cpuUs) / messages,
    clientUs: client.cpuUs / messages,
    // Those that were under way at the end are not lost.
    lost: Math.max(0, client.sent - messages - WINDOW),
  };
}
