/**
 * A small shooter over a bad network, in virtual time: a server with cubes and players, and four clients whose bots walk about
 * and shoot at what they see. It prints what that costs, and how well it is kept together.
 *
 *     deno run -A examples/sync_arena.ts [--seconds 30] [--seed 1] [--loss 2] [--json] [--recording FILE]
 *
 * The loss is in percent.
 *
 * @module
 */

import { type Clock, SeededRandom } from "../core/mod.ts";
import { type EntityId, MatchPlayer, MatchRecorder } from "../sync/mod.ts";
import {
  ConnectionManager,
  InsecureLink,
  SimulatedNetwork,
} from "../transport/mod.ts";
import { ArenaBot } from "./sync_arena/arena_bot.ts";
import type { ArenaClient, Shot } from "./sync_arena/arena_client.ts";
import { ArenaServer, type Hit, type Seat } from "./sync_arena/arena_server.ts";
import { ARENA, STEP, TICK_RATE } from "./sync_arena/arena_world.ts";

/** Options for {@linkcode play}. */
export interface ArenaOptions {
  /** For how long, of virtual time. @default {30} */
  readonly seconds?: number;
  /** What chance does. @default {1} */
  readonly seed?: number;
  /** The share of datagrams that is lost: 0 to 1. @default {0.02} */
  readonly loss?: number;
  /** By how many milliseconds datagrams are late at most. @default {15} */
  readonly jitterMs?: number;
}

/** What became of one client. */
export interface ClientOutcome {
  /** Bytes of a snapshot and of a report, on average. */
  readonly bytes: { readonly down: number; readonly up: number };
  /** Thousands of bits a second, with all that the transport adds. */
  readonly kbits: { readonly down: number; readonly up: number };
  /** The round trip, in milliseconds. */
  readonly rttMs: number;
  /** What is drawn lies so far behind the server, in milliseconds. */
  readonly renderDelayMs: number;
  /** What is predicted lies so far ahead of the server, in milliseconds. */
  readonly leadMs: number;
  /** How wrong the clock was at the end, and at most in the second half, in milliseconds. */
  readonly clockErrorMs: { readonly last: number; readonly max: number };
  /** What it took for its own bound, in milliseconds, at the end. */
  readonly clockBoundMs: number;
  /** Looks at the clock at which the bound did not hold. */
  readonly boundsBroken: number;
  /** States that were compared with what was predicted, and those that were not as predicted. */
  readonly compared: number;
  readonly corrections: number;
  /** Ticks that the server had no input for, and times that it put the player elsewhere. */
  readonly surprises: number;
  /** Corrections that none of these explains: there must be none. */
  readonly unexplained: number;
  /** Shots, those that hit on the screen, and those of them that the server confirms. */
  readonly shots: number;
  readonly claimed: number;
  readonly confirmed: number;
  /** Hits of the server's that the screen did not show. */
  readonly unseen: number;
  /** Views that the server took for lies. */
  readonly viewsMoved: number;
  /** The share of snapshots that were lost. */
  readonly lost: number;
  readonly desyncs: number;
}

/** What became of a match. */
export interface ArenaOutcome {
  readonly clients: readonly ClientOutcome[];
  /** By how much at most a target was elsewhere on the shooter's screen, in steps of positions. */
  readonly worstHitSteps: number;
  /** The recording. */
  readonly recording: Uint8Array;
  /** How many ticks it plays, and whether the last one is what the server has. */
  readonly recordedTicks: number;
  readonly isReplayRight: boolean;
}

interface Correction {
  readonly after: number;
  readonly tick: number;
}

/** One client and what it is on. */
interface End {
  readonly client: ArenaClient;
  readonly manager: ConnectionManager;
  readonly clock: Clock;
  readonly frameMs: number;
  /** The shots, by the ticks of their inputs. */
  readonly shots: ReadonlyMap<number, Shot>;
  /** The ticks that were not as predicted, each with the one that was compared before. */
  readonly corrections: readonly Correction[];
  nextMs: number;
  maxErrorMs: number;
  boundsBroken: number;
}

const CLIENTS = 4;
const PROTOCOL = "tickwire arena 1";
const SERVER = { host: "10.0.0.1", port: 9_000 };
const TICK_MS = 1_000 / TICK_RATE;
const LATENCY_MS = 50;

/** A clock of a machine of its own: it began at another time, and runs at another speed. */
class DriftingClock implements Clock {
  readonly #true: Clock;
  readonly #startMs: number;
  readonly #rate: number;

  constructor(clock: Clock, startMs: number, ppm: number) {
    this.#true = clock;
    this.#startMs = startMs;
    this.#rate = 1 + ppm / 1e6;
  }

  nowMs(): number {
    return this.#startMs + this.#true.nowMs() * this.#rate;
  }

  epochMs(): number {
    return this.nowMs();
  }
}

/**
 * Plays a match.
 *
 * @param options How long, and over what.
 * @returns What became of it: always the same with the same options.
 */
export function play(options: ArenaOptions = {}): ArenaOutcome {
  const { seconds = 30, seed = 1, loss = 0.02, jitterMs = 15 } = options;
  const network = new SimulatedNetwork({
    seed,
    conditions: { latencyMs: LATENCY_MS, jitterMs, loss },
  });
  const { clock } = network;
  const random = new SeededRandom(seed);
  using manager = new ConnectionManager({
    link: new InsecureLink({ protocol: PROTOCOL, maxClients: CLIENTS, random }),
    connection: { random },
    clock,
  });
  manager.bind(network.socket(SERVER.host, SERVER.port));
  const arena = new ArenaServer(clock, seed);
  const hits: Hit[] = [];
  arena.onHit = (hit) => hits.push(hit);
  const surprises = new Map<Seat, number[]>();
  arena.onSurprise = (seat, tick) => surprises.get(seat)!.push(tick);
  const recorder = new MatchRecorder(ARENA);
  const ends = Array.from(
    { length: CLIENTS },
    (_, i) => joining(network, i, seed),
  );

  let nextMs = 0;
  let startMs: number | undefined;
  const endMs = seconds * 1_000;
  while (clock.nowMs() < endMs) {
    const nowMs = clock.nowMs();
    if (nowMs >= nextMs) {
      manager.poll(() => {});
      for (const event of manager.drainEvents()) {
        if (event.type !== "peerConnected") continue;
        const name = new TextDecoder().decode(event.userData);
        surprises.set(arena.join(manager.link(event.peer)!, name)!, []);
      }
      startMs ??= nowMs;
      arena.tick();
      const { history, entities } = arena.sync;
      recorder.record(history.newest!, entities.tables);
      manager.flush();
      nextMs += TICK_MS;
    }
    for (const end of ends) {
      if (nowMs < end.nextMs) continue;
      end.manager.poll(() => {});
      for (const _ of end.manager.drainEvents());
      end.client.frame(end.frameMs / 1_000);
      end.manager.flush();
      end.nextMs += end.frameMs;
      watchClock(end, nowMs - startMs!, nowMs > endMs / 2);
    }
    network.advanceTo(
      Math.min(nextMs, endMs, ...ends.map((end) => end.nextMs)),
    );
  }

  const recording = recorder.takeBytes();
  const replay = new MatchPlayer(ARENA, recording);
  while (replay.next());
  const shots = new Map(ends.map(({ client, shots }) => [client.id, shots]));
  const outcome = {
    clients: ends.map((end) => {
      const seat = arena.seats.find(({ id }) => id === end.client.id)!;
      const { checked, passed } = arena.inputs.guardOf(seat.peer).counts;
      return {
        ...outcomeOf(end, surprises.get(seat)!, hits, endMs),
        viewsMoved: checked - passed,
      };
    }),
    worstHitSteps: worstOf(hits, shots),
    recording,
    recordedTicks: replay.length,
    isReplayRight: replay.ending === "complete" &&
      arena.seats.every(({ id }) =>
        JSON.stringify(replay.get(id, "player")) ===
          JSON.stringify(arena.sync.entities.get(id, "player"))
      ),
  };
  for (const end of ends) end.manager[Symbol.dispose]();
  return outcome;
}

function joining(network: SimulatedNetwork, index: number, seed: number): End {
  const random = new SeededRandom(seed * 16 + index + 1);
  const socket = network.socket(`10.0.1.${index + 1}`);
  const name = `bot ${index + 1}`;
  const manager = new ConnectionManager({
    link: new InsecureLink({
      protocol: PROTOCOL,
      random,
    }),
    connection: { random },
    clock: network.clock,
  });
  manager.bind(socket);
  const peer = manager.connect(
    socket.address(SERVER.host, SERVER.port),
    new TextEncoder().encode(name),
  );
  const clock = new DriftingClock(
    network.clock,
    10_000 * (index + 1),
    40 * index - 60,
  );
  const shots = new Map<number, Shot>();
  const corrections: Correction[] = [];
  const bot = new ArenaBot(manager.link(peer)!, clock, random, {
    onShot: (shot) => shots.set(shot.tick, shot),
    onCorrection: (after, tick) => corrections.push({ after, tick }),
  });
  return {
    client: bot.client,
    shots,
    corrections,
    manager,
    clock,
    // Screens of 144 Hz, and one of 60.
    frameMs: index === 0 ? TICK_MS : 1_000 / 144,
    nextMs: index * 3 + 1,
    maxErrorMs: 0,
    boundsBroken: 0,
  };
}

/** Compares what a client takes for the server's time with what it is. */
function watchClock(end: End, serverMs: number, isCounted: boolean): void {
  const { clock } = end.client.timelines;
  if (!clock.isSynced) return;
  const errorMs = errorOf(end, serverMs);
  if (errorMs > clock.errorBoundMs) end.boundsBroken++;
  if (isCounted) end.maxErrorMs = Math.max(end.maxErrorMs, errorMs);
}

function errorOf({ client, clock }: End, serverMs: number): number {
  const { offset } = client.timelines.clock;
  return Math.abs(clock.nowMs() + offset - serverMs);
}

/** How far at most a target was from where its shooter saw it, in steps. */
function worstOf(
  hits: readonly Hit[],
  shots: ReadonlyMap<EntityId | undefined, ReadonlyMap<number, Shot>>,
): number {
  let worst = 0;
  for (const { tick, shooter, target, where } of hits) {
    const seen = shots.get(shooter)?.get(tick)?.seen.get(target);
    if (seen === undefined) return Infinity;
    for (const axis of ["x", "y", "z"] as const) {
      worst = Math.max(worst, Math.abs(seen[axis] - where[axis]) / STEP);
    }
  }
  return worst;
}

function outcomeOf(
  end: End,
  surprises: readonly number[],
  hits: readonly Hit[],
  endMs: number,
): Omit<ClientOutcome, "viewsMoved"> {
  const { client, manager, corrections, maxErrorMs, boundsBroken } = end;
  const own = hits.filter(({ shooter }) => shooter === client.id);
  const shots = [...end.shots.values()];
  const confirmed =
    own.filter(({ tick, target }) => end.shots.get(tick)?.claimed === target)
      .length;
  const stats = manager.peerStats(manager.peers()[0]!)!;
  const metrics = new Map(
    [...client.sync.metrics()].map(({ name, value }) => [name, value]),
  );
  const count = (name: string): number =>
    metrics.get(`tickwire_sync_client_${name}`) as number;
  const { timelines, predictor } = client;
  const network = timelines.clock;
  return {
    bytes: {
      down: client.sync.bytesIn / client.decoded,
      up: client.sync.bytesOut / count("reports"),
    },
    kbits: {
      down: stats.bytesRecv * 8 / endMs,
      up: stats.bytesSent * 8 / endMs,
    },
    rttMs: network.rttMs,
    renderDelayMs: timelines.renderDelayMs,
    leadMs: timelines.leadMs,
    clockErrorMs: {
      last: errorOf(end, endMs),
      max: maxErrorMs,
    },
    clockBoundMs: network.errorBoundMs,
    boundsBroken,
    compared: predictor.counts.compared,
    corrections: predictor.counts.mispredicted,
    surprises: surprises.length,
    unexplained:
      corrections.filter(({ after, tick }) =>
        !surprises.some((at) => at > after && at <= tick)
      ).length,
    shots: shots.length,
    claimed: shots.filter(({ claimed }) => claimed !== undefined).length,
    confirmed,
    unseen: own.length - confirmed,
    lost: 1 - client.decoded / client.sent,
    desyncs: client.desyncs,
  };
}

function show(outcome: ArenaOutcome, loss: number, seconds: number): void {
  const { clients, recording, recordedTicks, isReplayRight } = outcome;
  console.log(
    `${CLIENTS} players and 40 cubes for ${seconds} s, ${LATENCY_MS} to ${
      LATENCY_MS + 15
    } ms each way, ${loss} % lost\n`,
  );
  const line = (
    name: string,
    cell: (client: ClientOutcome) => string | number,
  ): void => {
    const cells = clients.map((client) => `${cell(client)}`.padStart(14));
    console.log(name.padEnd(44) + cells.join(""));
  };
  const pair = (a: number, b: number, digits: number): string =>
    `${a.toFixed(digits)} / ${b.toFixed(digits)}`;
  line("", (client) => `bot ${clients.indexOf(client) + 1}`);
  line(
    "bytes of a snapshot / of a report",
    ({ bytes: { down, up } }) => pair(down, up, 0),
  );
  line(
    "kbit/s down / up, with the transport's",
    ({ kbits: { down, up } }) => pair(down, up, 1),
  );
  line("snapshots lost, %", ({ lost }) => (100 * lost).toFixed(1));
  line("round trip, ms", ({ rttMs }) => rttMs.toFixed(1));
  line(
    "drawn behind / predicted ahead, ms",
    (client) => pair(client.renderDelayMs, client.leadMs, 1),
  );
  line(
    "clock's error / its largest, ms",
    ({ clockErrorMs: { last, max } }) => pair(last, max, 2),
  );
  line("clock's bound, ms", ({ clockBoundMs }) => clockBoundMs.toFixed(1));
  line(
    "states compared / corrected",
    ({ compared, corrections }) => pair(compared, corrections, 0),
  );
  line(
    "inputs missing and respawns / unexplained",
    (client) => pair(client.surprises, client.unexplained, 0),
  );
  line("shots / hits claimed", ({ shots, claimed }) => pair(shots, claimed, 0));
  line(
    "hits confirmed / that nobody claimed",
    ({ confirmed, unseen }) => pair(confirmed, unseen, 0),
  );
  console.log(
    `\nHits were within ${
      outcome.worstHitSteps.toFixed(3)
    } steps of what was on the screen.`,
  );
  console.log(
    `The recording of ${recordedTicks} ticks has ${recording.length} bytes, and plays ${
      isReplayRight ? "to the same end" : "to ANOTHER end"
    }.`,
  );
}

function option(name: string, otherwise: number): number {
  const at = Deno.args.indexOf(name);
  const value = at < 0 ? otherwise : Number(Deno.args[at + 1]);
  if (value >= 0 && value < 1e6) return value;
  console.error(`Cannot run as ${name} must be a number >= 0`);
  Deno.exit(2);
}

if (import.meta.main) {
  const seconds = option("--seconds", 30);
  const seed = option("--seed", 1);
  const loss = option("--loss", 2);
  const outcome = play({ seconds, seed, loss: loss / 100 });
  const file = Deno.args.indexOf("--recording");
  if (file >= 0) Deno.writeFileSync(Deno.args[file + 1]!, outcome.recording);
  if (Deno.args.includes("--json")) {
    const { recording, ...figures } = outcome;
    console.log(
      JSON.stringify({ ...figures, recordingBytes: recording.length }),
    );
  } else show(outcome, loss, seconds);
}
