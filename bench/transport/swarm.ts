// A server with 1,000 clients, 20 messages of 100 bytes a second each way, and what a connection
// that does nothing holds.
import {
  atLeast,
  atMost,
  type Bar,
  type Row,
  type Section,
} from "../_report.ts";
import { buildPeers } from "./_build.ts";
import { type Contender, enet, missing, tickwire } from "./_contenders.ts";
import type { ServerFigures } from "../_load.ts";
import { Program, run } from "../_programs.ts";

const HOST = "127.0.0.1";
const HZ = 20;
const BYTES = 100;
/** Until all have connected, and a while. */
const SETTLE_MS = 4_000;
const SMOKE_SETTLE_MS = 1_000;

export async function measureSwarm(isSmoke: boolean): Promise<Section[]> {
  return [await measureBusy(isSmoke), await measureIdle(isSmoke)];
}

async function measureBusy(isSmoke: boolean): Promise<Section> {
  const peers = await buildPeers();
  const clients = isSmoke ? 50 : 1_000;
  const seconds = isSmoke ? 0.5 : 10;
  const rows: Row[] = [];
  const bars: Bar[] = [];
  for (const contender of [tickwire("native"), ...enet(peers)]) {
    const settleMs = isSmoke ? SMOKE_SETTLE_MS : SETTLE_MS;
    await using server = await Program.start(contender.serve(HZ));
    const swarm = run(
      contender.client(
        "swarm",
        HOST,
        server.port,
        clients,
        HZ,
        seconds + settleMs / 1_000,
        BYTES,
      ),
    );
    await pause(settleMs);
    const before = await server.figures();
    await pause(seconds * 1_000);
    const after = await server.figures();
    const client = await swarm;
    const ms = after.atMs - before.atMs;
    const percent = (after.cpuUs - before.cpuUs) / ms / 10;
    const out = Number(client["messages"]) / Number(client["seconds"]);
    const arrived = (after.messages - before.messages) / ms * 1_000;
    rows.push({
      name: contender.name,
      clients: after.peers,
      "processor %": percent,
      "messages a second: in": arrived,
      out,
      ...datagrams(before, after, ms),
      "memory MB": after.rssBytes / 1e6,
    });
    if (bars.length > 0) continue;
    bars.push(
      atMost(
        `server of ${clients} clients`,
        30,
        percent,
        "% of a core",
      ),
      // What is not processed costs nothing.
      atLeast(
        "messages that arrived at the server",
        clients * HZ * 0.95,
        arrived,
        "a second",
      ),
      atLeast(
        "messages of the server that arrived",
        clients * HZ * 0.95,
        out,
        "a second",
      ),
    );
  }
  return {
    title: `transport: ${clients} clients at ${HZ} Hz`,
    notes: [
      `${BYTES} bytes both ways on a reliable channel, the server polled every millisecond, the clients in another process; processor time of the server alone over ${seconds} s.`,
      ...missing({ ...peers, udp: "", tcp: "" }),
    ],
    rows,
    bars,
  };
}

async function measureIdle(isSmoke: boolean): Promise<Section> {
  const peers = await buildPeers();
  const clients = isSmoke ? 50 : 2_000;
  const rows: (Row & { readonly bytes: number })[] = [];
  for (const contender of [tickwire("native"), ...enet(peers)]) {
    rows.push(await measureMemory(contender, clients, isSmoke));
  }
  return {
    title: "transport: memory of an idle connection",
    notes: [
      `What the server's heap and buffers have grown by with ${clients} connections that have said nothing, per connection, after a collection; for ENet its resident memory, which is allocated for all peers at the start.`,
      ...missing({ ...peers, udp: "", tcp: "" }),
    ],
    rows,
    bars: [atMost("an idle connection", 10_000, rows[0]!.bytes, "bytes")],
  };
}

async function measureMemory(
  contender: Contender,
  clients: number,
  isSmoke: boolean,
): Promise<Row & { readonly bytes: number }> {
  await using server = await Program.start(contender.serve());
  const before = await server.figures("memory");
  const settleMs = isSmoke ? SMOKE_SETTLE_MS : SETTLE_MS;
  const swarm = run(
    contender.client(
      "swarm",
      HOST,
      server.port,
      clients,
      0,
      settleMs / 1_000 + (isSmoke ? 1 : 3),
      BYTES,
    ),
  );
  await pause(settleMs);
  const after = await server.figures("memory");
  await swarm;
  const connections = after.peers;
  const heap = after.heapBytes ?? after.rssBytes;
  const heapBefore = before.heapBytes ?? before.rssBytes;
  return {
    name: contender.name,
    connections,
    bytes: (heap - heapBefore) / connections,
    "resident bytes": (after.rssBytes - before.rssBytes) / connections,
  };
}

function datagrams(
  before: ServerFigures,
  after: ServerFigures,
  ms: number,
): Partial<Row> {
  if (after.datagrams === undefined || before.datagrams === undefined) {
    return {};
  }
  const [inBefore, outBefore] = before.datagrams;
  const [inAfter, outAfter] = after.datagrams;
  return {
    "datagrams a second: in": (inAfter - inBefore) / ms * 1_000,
    "their out": (outAfter - outBefore) / ms * 1_000,
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
