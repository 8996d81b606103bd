// Deliveries per second of what a server publishes to 100 and to 1,000 subscribers. The server
// is in a process of its own; the subscribers are TCP connections that only count.
import { Delivery } from "../../websocket/mod.ts";
import {
  atLeast,
  atMost,
  type Contender,
  median,
  pairedMedian,
  type Section,
  takeTurns,
} from "../_report.ts";
import { MESSAGE_BYTES, Server } from "./_drive.ts";
import { type Dialect, Subscribers } from "./_subscriber.ts";

const RAW = "raw";
const SINGLE = "tickwire, single";
const COALESCED = "tickwire, 50 a tick";
const EXACTLY_ONCE = String(Delivery.ExactlyOnce);
const AT_MOST_ONCE = String(Delivery.AtMostOnce);

interface Entrant {
  readonly name: string;
  readonly server: readonly string[];
  readonly dialect: Dialect;
  readonly perTick: number;
}

const ENTRANTS: readonly Entrant[] = [
  { name: RAW, server: ["raw"], dialect: "plain", perTick: 1 },
  {
    name: SINGLE,
    server: ["hub", "frames", EXACTLY_ONCE],
    dialect: "mux",
    perTick: 1,
  },
  {
    name: "tickwire, single, at most once",
    server: ["hub", "frames", AT_MOST_ONCE],
    dialect: "mux",
    perTick: 1,
  },
  {
    name: "tickwire, 10 a tick",
    server: ["hub", "frames", EXACTLY_ONCE],
    dialect: "mux",
    perTick: 10,
  },
  {
    name: COALESCED,
    server: ["hub", "frames", EXACTLY_ONCE],
    dialect: "mux",
    perTick: 50,
  },
  {
    name: "tickwire, 50 a tick, at most once",
    server: ["hub", "frames", AT_MOST_ONCE],
    dialect: "mux",
    perTick: 50,
  },
  { name: "ws", server: ["ws"], dialect: "plain", perTick: 1 },
  {
    name: "socket.io",
    server: ["socket.io"],
    dialect: "socket.io",
    perTick: 1,
  },
];

export async function measureFanOut(isSmoke: boolean): Promise<Section[]> {
  const sections: Section[] = [];
  for (const subscribers of isSmoke ? [20, 100] : [100, 1_000]) {
    sections.push(await measureAt(subscribers, isSmoke));
  }
  return sections;
}

async function measureAt(count: number, isSmoke: boolean): Promise<Section> {
  await using stack = new AsyncDisposableStack();
  const serverCpuUs = new Map<string, number[]>();
  const contenders: Contender[] = [];
  for (const { name, server: args, dialect, perTick } of ENTRANTS) {
    const server = stack.use(await Server.start(...args));
    const subscribers = await Subscribers.connect(server.port, count, dialect);
    stack.defer(() => subscribers.close());
    const own: number[] = [];
    serverCpuUs.set(name, own);
    contenders.push({
      name,
      async run(deliveries) {
        // More for what is faster, so that each turn takes about as long.
        const times = perTick === 1 ? 1 : perTick === 10 ? 4 : 8;
        const rounds = deliveries / count * times;
        const before = await server.ask("cpu");
        const all = subscribers.expect(rounds * count);
        await server.ask(`publish ${rounds} ${perTick}`);
        await all;
        own.push((await server.ask("cpu") - before) / (rounds * count));
      },
    });
  }
  const repetitions = isSmoke ? 3 : 9;
  const samples = await takeTurns(contenders, {
    count: isSmoke ? 2_000 : count === 100 ? 10_000 : 20_000,
    repetitions,
    warmUps: isSmoke ? 1 : 2,
  });
  const factors = new Map(ENTRANTS.map(({ name, perTick }) => [
    name,
    perTick === 1 ? 1 : perTick === 10 ? 4 : 8,
  ]));
  function us(name: string): number {
    return median(samples.get(name)!.map(({ us }) => us)) / factors.get(name)!;
  }
  function cpu(name: string): number {
    return median(serverCpuUs.get(name)!.slice(-repetitions));
  }
  function ratio(name: string): number {
    return factors.get(name)! * pairedMedian(
      samples.get(RAW)!,
      samples.get(name)!,
      (a, b) => a / b,
    );
  }
  return {
    title: `websocket: fan-out to ${count.toLocaleString("en-US")} subscribers`,
    notes: [
      `${MESSAGE_BYTES} bytes, published until all have all. The subscribers are TCP connections`,
      "that count what comes and acknowledge it, in this process; the server is in one of its own.",
      "single: a tick for each message. cpu: of the server's process, all threads.",
    ],
    rows: ENTRANTS.map(({ name }) => ({
      name,
      "deliveries/s": Math.round(1e6 / us(name)),
      "server cpu us/delivery": cpu(name),
      "of raw": ratio(name),
    })),
    bars: [
      atLeast(`${SINGLE}, ${count}`, 0.95, ratio(SINGLE), "of raw"),
      atLeast(`${COALESCED}, ${count}`, 8, ratio(COALESCED), "of raw"),
      atMost(`${COALESCED}, ${count}`, 0.7, cpu(COALESCED), "us CPU"),
    ],
  };
}
