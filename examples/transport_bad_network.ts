/**
 * The echo over networks that lose, delay and reorder, in virtual time: how long messages take there and back on each kind
 * of channel, and what that costs.
 *
 *     deno run -A examples/transport_bad_network.ts [--seconds 30] [--seed 1] [--json]
 *
 * @module
 */

import { SeededRandom } from "../core/mod.ts";
import {
  Channel,
  ConnectionManager,
  InsecureLink,
  type NetworkConditions,
  NoRedundancy,
  type PeerOptions,
  SimulatedNetwork,
} from "../transport/mod.ts";
import { CHANNELS, LATEST, PROTOCOL } from "./transport_echo/echo_protocol.ts";
import { EchoSession } from "./transport_echo/echo_session.ts";

/** A network that the echo goes over. */
export interface BadNetwork {
  /** For people. */
  readonly name: string;
  /** What it is like, in each direction. */
  readonly conditions: NetworkConditions;
}

/** A way to send. */
export interface Row {
  /** For people. */
  readonly name: string;
  /** The channel. */
  readonly channel: number;
  /** What both ends' connections are made with. */
  readonly connection?: PeerOptions;
}

/** What became of the messages of one row over one network. */
export interface Outcome {
  /** Messages that were sent. */
  readonly sent: number;
  /** Messages that came back. */
  readonly back: number;
  /** Whether a message came twice, or against the channel's order, or not at all on a reliable one. */
  readonly isPromiseBroken: boolean;
  /** How long they took there and back, in milliseconds. */
  readonly rttMs: { readonly p50: number; readonly p99: number };
  /** Bytes of datagrams of both directions for each message that was sent. */
  readonly bytesPerMessage: number;
}

/** What the networks are like. */
export const NETWORKS: readonly BadNetwork[] = [
  { name: "clean", conditions: { latencyMs: 50 } },
  { name: "5 % lost", conditions: { latencyMs: 50, loss: 0.05 } },
  {
    name: "bursts",
    conditions: {
      latencyMs: 50,
      jitterMs: 20,
      burstLoss: { share: 0.03, length: 4 },
    },
  },
  {
    name: "storm",
    conditions: {
      latencyMs: 50,
      jitterMs: 30,
      loss: 0.2,
      duplication: 0.05,
    },
  },
];

/** The ways to send. */
export const ROWS: readonly Row[] = [
  { name: "reliable, ordered", channel: Channel.ReliableOrdered },
  {
    name: "  without copies",
    channel: Channel.ReliableOrdered,
    connection: { redundancy: () => new NoRedundancy() },
  },
  { name: "reliable", channel: Channel.Reliable },
  { name: "latest", channel: LATEST },
  { name: "unreliable, ordered", channel: Channel.UnreliableOrdered },
  { name: "unreliable", channel: Channel.Unreliable },
];

const MESSAGE_BYTES = 100;
const RATE = 60;
const SERVER = { host: "10.0.0.1", port: 9_000 };
/** How long the last messages may take to come back. */
const DRAIN_MS = 5_000;

/**
 * Sends messages over one network in one way.
 *
 * @param conditions What the network is like.
 * @param row How they are sent.
 * @param seconds For how long.
 * @param seed What chance does.
 * @returns What became of them: always the same with the same arguments.
 */
export function play(
  conditions: NetworkConditions,
  row: Row,
  seconds: number,
  seed: number,
): Outcome {
  const network = new SimulatedNetwork({ seed, conditions });
  const { clock } = network;
  const random = new SeededRandom(seed);
  using server = new ConnectionManager({
    link: new InsecureLink({ protocol: PROTOCOL, maxClients: 1, random }),
    connection: { ...row.connection, channels: CHANNELS, random },
    clock,
  });
  server.bind(network.socket(SERVER.host, SERVER.port));
  const socket = network.socket("10.0.0.2");
  using session = new EchoSession({
    server: socket.address(SERVER.host, SERVER.port),
    rate: RATE,
    messageBytes: MESSAGE_BYTES,
    channel: row.channel,
    clock,
    random,
    ...(row.connection !== undefined && { connection: row.connection }),
  });

  /** Lets pass what happens until some time, from one event to the next. */
  function runUntil(endMs: number): void {
    while (clock.nowMs() < endMs) {
      session.tick();
      server.poll((peer, bytes, channel) => {
        server.send(peer, bytes, channel);
      });
      for (const _ of server.drainEvents());
      const nextMs = Math.min(
        network.nextEventMs,
        session.nextWakeMs,
        server.nextWakeMs,
        endMs,
      );
      network.advanceTo(Math.max(nextMs, clock.nowMs()));
    }
  }

  while (!session.isConnected) runUntil(clock.nowMs() + 1);
  runUntil(clock.nowMs() + seconds * 1_000);
  session.pause();
  runUntil(clock.nowMs() + DRAIN_MS);

  const { sent, received, figures } = session;
  const [p50, p99] = session.roundTrips.quantiles(0.5, 0.99);
  const isReliable = row.channel === Channel.Reliable ||
    row.channel === Channel.ReliableOrdered;
  return {
    sent,
    back: received,
    isPromiseBroken: session.twice > 0 || session.isOrderBroken ||
      (isReliable && received < sent),
    rttMs: { p50: p50!, p99: p99! },
    bytesPerMessage: (figures!.bytesSent + figures!.bytesRecv) / sent,
  };
}

function cell(outcome: Outcome): string {
  const { sent, back, rttMs, bytesPerMessage } = outcome;
  const numbers = [
    rttMs.p50.toFixed(0).padStart(4),
    rttMs.p99.toFixed(0).padStart(4),
    (100 * back / sent).toFixed(0).padStart(4),
    bytesPerMessage.toFixed(0).padStart(4),
  ];
  return numbers.join(" ") + (outcome.isPromiseBroken ? "!" : " ");
}

function show(
  outcomes: ReadonlyMap<Row, readonly Outcome[]>,
  seconds: number,
): void {
  console.log(
    `${RATE} messages of ${MESSAGE_BYTES} bytes a second for ${seconds} s, there and back, 50 ms each way`,
  );
  console.log(
    "p50 and p99 of the round trip in ms, % that came back, bytes of both ways a message\n",
  );
  const line = (name: string, cells: readonly string[]): void => {
    const columns = cells.map((text) => text.padEnd(20)).join("  ");
    console.log((name.padEnd(21) + columns).trimEnd());
  };
  line("", NETWORKS.map(({ name }) => name));
  line("", NETWORKS.map(() => " p50  p99    %    B"));
  for (const [{ name }, cells] of outcomes) line(name, cells.map(cell));
}

function option(name: string, otherwise: number): number {
  const at = Deno.args.indexOf(name);
  const value = at < 0 ? otherwise : Number(Deno.args[at + 1]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`Cannot run as ${name} must be an integer >= 1`);
  Deno.exit(2);
}

if (import.meta.main) {
  const seconds = option("--seconds", 30);
  const seed = option("--seed", 1);
  const outcomes = new Map(
    ROWS.map((row) => [
      row,
      NETWORKS.map(({ conditions }) => play(conditions, row, seconds, seed)),
    ]),
  );
  if (Deno.args.includes("--json")) {
    const table = [...outcomes].map(([{ name }, cells]) => ({
      name: name.trim(),
      networks: Object.fromEntries(
        cells.map((outcome, i) => [NETWORKS[i]!.name, outcome]),
      ),
    }));
    console.log(JSON.stringify(table));
  } else show(outcomes, seconds);
  const isBroken = [...outcomes.values()].flat()
    .some(({ isPromiseBroken }) => isPromiseBroken);
  if (isBroken) Deno.exit(1);
}
