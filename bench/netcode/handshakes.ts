// What a connect costs both ends, and how long one takes on loopback.
import { LINKS } from "../_links.ts";
import { Program, run } from "../_programs.ts";
import { median, quantile, type Row, type Section } from "../_report.ts";
import { connects, link } from "./_contenders.ts";
import { Exchange } from "./_exchange.ts";

/** Connects under way at once. */
const BATCH = 128;
/** Clients of one server, before there is another. */
const CLIENTS = 1_024;
const SERVER_PORT = 40_000;
const FIRST_CLIENT_PORT = 1_024;

/** Milliseconds of one round. */
interface Spent {
  issueMs: number;
  serverMs: number;
  clientMs: number;
}

export async function measureHandshakes(isSmoke: boolean): Promise<Section[]> {
  return [measureCost(isSmoke), await measureLatency(isSmoke)];
}

function measureCost(isSmoke: boolean): Section {
  const count = isSmoke ? BATCH : CLIENTS;
  const rounds = isSmoke ? 1 : 7;
  const spent: Spent[] = [];
  for (let round = isSmoke ? 0 : -2; round < rounds; round++) {
    const one = connectAll(count);
    // The first warm up.
    if (round >= 0) spent.push(one);
  }
  return {
    title: "netcode: connects in memory",
    notes: [
      `${count} clients of one server, each with its own token, ${BATCH} at a time, both ends in one thread without a socket; medians of ${rounds} rounds.`,
    ],
    rows: [
      row("a token issued", count, spent.map((it) => it.issueMs)),
      row("the server's share", count, spent.map((it) => it.serverMs)),
      row("the client's share", count, spent.map((it) => it.clientMs)),
      row(
        "a connect, both ends",
        count,
        spent.map((it) => it.serverMs + it.clientMs),
      ),
    ],
    bars: [],
  };
}

function row(name: string, count: number, ms: readonly number[]): Row {
  const us = median(ms) * 1_000 / count;
  return { name, us, "a second": 1e6 / us };
}

function connectAll(count: number): Spent {
  const { server, client, credentials } = LINKS.netcode;
  const exchange = new Exchange(
    server(SERVER_PORT, count),
    client(),
    SERVER_PORT,
  );
  const spent = { issueMs: 0, serverMs: 0, clientMs: 0 };
  function time(what: keyof Spent, run: () => void): void {
    const startMs = performance.now();
    run();
    spent[what] += performance.now() - startMs;
  }
  let connected = 0;
  let clients = 0;
  while (clients < count) {
    const tokens: Uint8Array[] = [];
    time("issueMs", () => {
      while (tokens.length < BATCH) tokens.push(credentials(SERVER_PORT));
    });
    const ways = tokens.map(() =>
      exchange.addClient(FIRST_CLIENT_PORT + clients++)
    );
    time("clientMs", () => {
      for (const [i, token] of tokens.entries()) {
        exchange.clients.connect(ways[i]!, token);
      }
    });
    // Request, challenge; response, keep-alive.
    for (let turn = 0; turn < 2; turn++) {
      time("serverMs", () => exchange.deliverToServer());
      time("clientMs", () => exchange.deliverToClients());
    }
    for (const event of exchange.clients.drainEvents()) {
      if (event.type === "peerConnected") connected++;
    }
    for (const _ of exchange.server.drainEvents());
  }
  if (connected !== count) {
    throw new Error(
      `Cannot measure as ${count} clients must connect: current value is ${connected}`,
    );
  }
  return spent;
}

async function measureLatency(isSmoke: boolean): Promise<Section> {
  const count = isSmoke ? 20 : 500;
  const heldCount = isSmoke ? 3 : 50;
  const contender = link("", "native", "netcode");
  await using server = await Program.start(contender.serve());
  const ours = await run(connects(server.port, count));
  const held = await run(connects(server.port, heldCount, "held"));
  return {
    title: "netcode: one connect on loopback",
    notes: [
      `One client after the other, each with a socket of its own, to a server in another process that is polled without a pause; from connect() to the event. The second is our client whose answers wait for the next of ten sends a second, as those of clients do that send by that timer alone.`,
    ],
    rows: [
      latencyRow("tickwire", count, ours["connectMs"] as number[]),
      latencyRow("held to 10 Hz", heldCount, held["connectMs"] as number[]),
    ],
    bars: [],
  };
}

function latencyRow(
  name: string,
  connects: number,
  ms: readonly number[],
): Row {
  return {
    name,
    connects,
    "p50 ms": quantile(ms, 0.5),
    "p99 ms": quantile(ms, 0.99),
    worst: quantile(ms, 1),
  };
}
