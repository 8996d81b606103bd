// This module is browser compatible.
// What a match over bad links comes to, as hashes that are to be the same in every engine.
import { Fnv1a64, ManualClock, SeededRandom } from "../../core/mod.ts";
import { SyncClient } from "../client/sync_client.ts";
import { StrongCoder } from "../coder/strong/strong_coder.ts";
import type { SyncCoders } from "../coder/sync_coders.ts";
import { InputSender } from "../input/input_sender.ts";
import { ServerInputs } from "../input/server_inputs.ts";
import { viewStamp } from "../input/view_stamp.ts";
import {
  frameOf,
  randomTable,
  THING_LAYOUT,
} from "../interpolation/_testing/random_tables.ts";
import { extrapolate } from "../interpolation/extrapolate.ts";
import { Frame } from "../interpolation/frame.ts";
import { frameLayout } from "../interpolation/frame_layout.ts";
import { interpolate } from "../interpolation/interpolate.ts";
import { interpolateCurve } from "../interpolation/interpolate_curve.ts";
import { SnapshotPlayer } from "../interpolation/snapshot_player.ts";
import { Rewind } from "../lag/rewind.ts";
import { Predictor } from "../prediction/predictor.ts";
import { MatchRecorder } from "../recording/match_recorder.ts";
import {
  Bot,
  drive,
  INPUT,
  MATCH,
  MatchGame,
  type MatchInput,
  TICK_RATE,
} from "../recording/_testing/match_game.ts";
import type { SyncPeer } from "../server/sync_peer.ts";
import { SyncServer } from "../server/sync_server.ts";
import type { EntityId } from "../world/entity_id.ts";
import { LossyLinks } from "./lossy_links.ts";

const CODERS: SyncCoders = { strong: (form) => new StrongCoder(form) };
const LEAD = 8;
const BALL = MATCH.byName.get("ball")!;
const PLAYER = MATCH.byName.get("player")!;
/** Without a smoothing, whose strength an engine may round otherwise. */
const LAYOUT = frameLayout(BALL.schema, {
  velocities: { position: "velocity" },
  tickRate: TICK_RATE,
});

/** Hashes of what both ends said and did, by what it was, and counts. */
export interface MatchDigests {
  readonly [what: string]: string | number;
}

/** A hash of bytes and of doubles, to the bit. */
class Digest {
  readonly #hash = new Fnv1a64();
  readonly #view = new DataView(new ArrayBuffer(8));
  readonly #bytes = new Uint8Array(this.#view.buffer);

  bytes(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.#hash.update(bytes);
  }

  number(value: number): void {
    this.#view.setFloat64(0, value);
    this.#hash.update(this.#bytes);
  }

  /** What is in the places with an entity. */
  frame(
    { alive, values, capacity }: Pick<Frame, "alive" | "values" | "capacity">,
  ): void {
    for (let slot = 0; slot < capacity; slot++) {
      if ((alive[slot >>> 5]! >>> (slot & 31) & 1) === 0) continue;
      this.number(slot);
      for (let at = slot; at < values.length; at += capacity) {
        this.number(values[at]!);
      }
    }
  }

  get hex(): string {
    return this.#hash.hex();
  }
}

/** A player at its own end. */
class Seat {
  readonly links: LossyLinks;
  readonly sender = new InputSender<MatchInput>(INPUT);
  readonly client: SyncClient<typeof MATCH.schemas>;
  readonly recorder = new MatchRecorder(MATCH, { keyEveryTicks: 30 });
  readonly #bot: Bot;
  readonly #predictor: Predictor<MatchInput>;
  readonly #lines = new SnapshotPlayer(LAYOUT, { smoothingMs: 0 });
  readonly #curves = new SnapshotPlayer(LAYOUT, {
    smoothingMs: 0,
    path: "curve",
  });
  /** The own player, as the game tells. */
  id: EntityId | undefined;
  #tick = -1;

  constructor(clock: ManualClock, random: SeededRandom) {
    this.#bot = new Bot(random.nextU32());
    this.links = new LossyLinks({
      random,
      loss: 0.15,
      duplication: 0.1,
      delay: 2,
      jitter: 3,
    });
    this.client = new SyncClient(MATCH, this.links.b, {
      clock,
      coders: CODERS,
      inputs: this.sender,
    });
    this.#predictor = new Predictor<MatchInput>(PLAYER, {
      tickRate: TICK_RATE,
      fields: ["position", "velocity", "aim"],
      maxEntities: 1,
      step({ values, capacity, ...state }, input) {
        const lanes = state.fields;
        drive(
          values,
          lanes[0]!.first * capacity,
          lanes[1]!.first * capacity,
          capacity,
          input,
        );
        values[lanes[2]!.first * capacity] = input.aim;
      },
    });
  }

  get counts(): string {
    return JSON.stringify(this.#predictor.counts);
  }

  /** A frame in which the server plays a tick. */
  frame(serverTick: number, predicted: Digest, drawn: Digest): void {
    const { client } = this;
    client.tick(1 / TICK_RATE, () => this.#play(serverTick, predicted));
    const moment = serverTick - 6.25;
    for (const player of [this.#lines, this.#curves]) {
      player.update(moment, 1 / TICK_RATE);
      drawn.frame(player.frame);
    }
    for (const _ of client.drainEvents());
  }

  #play(serverTick: number, digest: Digest): void {
    const { newest, tables } = this.client;
    const predictor = this.#predictor;
    if (newest !== undefined && newest.tick > this.#tick) {
      this.#tick = newest.tick;
      this.recorder.record(newest.tick, tables);
      this.#lines.push(newest.tick, tables[BALL.number]!);
      this.#curves.push(newest.tick, tables[BALL.number]!);
      if (this.id !== undefined) {
        predictor.add(this.id, newest.tick, tables[PLAYER.number]!);
        predictor.reconcile(newest.tick, tables[PLAYER.number]!);
      }
    }
    const tick = serverTick + LEAD;
    if (tick > predictor.tick) {
      predictor.apply(tick, this.sender.push(tick, this.#bot.next()));
    }
    digest.frame(predictor.state);
  }
}

/**
 * Plays a match over links that lose, double and reorder: a server, a client with either
 * coder, inputs, prediction, drawing and rewinding.
 *
 * @param seed What chance does.
 * @param ticks How long.
 * @returns What it has come to.
 */
export function matchDigests(seed: number, ticks: number): MatchDigests {
  const random = new SeededRandom(seed);
  const clock = new ManualClock();
  const inputs = new ServerInputs<MatchInput>(INPUT, { tickRate: TICK_RATE });
  const server = new SyncServer(MATCH, {
    clock,
    coders: CODERS,
    inputs,
    // Now and then not all has room.
    messageBytes: 192,
    checksumEvery: 8,
  });
  const game = new MatchGame(server.entities, seed);
  const rewind = new Rewind(server.history, BALL);
  const recorder = new MatchRecorder(MATCH, { keyEveryTicks: 30 });
  const names = ["messages", "predicted", "drawn", "rewound"] as const;
  const [messages, predicted, drawn, rewound] = names.map(() =>
    new Digest()
  ) as [
    Digest,
    Digest,
    Digest,
    Digest,
  ];
  const peers = new Map<EntityId, SyncPeer>();
  const seats = (["fast", "strong"] as const).map((coder) => {
    const seat = new Seat(clock, random);
    const { a, b } = seat.links;
    a.onSend = b.onSend = (bytes): void => messages.bytes(bytes);
    seat.id = game.join(coder);
    peers.set(seat.id, server.connect(a, { coder })!);
    return seat;
  });
  for (let frame = 0; frame < ticks; frame++) {
    clock.advance(1_000 / TICK_RATE);
    for (const { links } of seats) links.tick();
    server.tick(1 / TICK_RATE, (tick) => {
      game.step(tick, (player) => inputs.take(peers.get(player)!, tick).input);
    });
    for (const _ of server.drainEvents());
    const tick = server.history.newest!;
    recorder.record(tick, server.entities.tables);
    for (const seat of seats) seat.frame(tick, predicted, drawn);
    if (frame > 12) lookBack(rewind, tick, random, rewound);
  }
  const snapshots =
    [...server.metrics()].find(({ name }) =>
      name === "tickwire_sync_partial_snapshots"
    )!.value;
  const result: Record<string, string | number> = {
    messages: messages.hex,
    predicted: predicted.hex,
    drawn: drawn.hex,
    rewound: rewound.hex,
    partialSnapshots: snapshots,
  };
  for (
    const [name, it] of [
      ["server", recorder] as const,
      ...seats.map((seat, i) => [`client ${i}`, seat.recorder] as const),
    ]
  ) {
    const digest = new Digest();
    digest.bytes(it.takeBytes());
    result[`recording of ${name}`] = digest.hex;
  }
  seats.forEach((seat, i) => result[`prediction of ${i}`] = seat.counts);
  return result;
}

/** Where the balls were, and what a ray hits of them. */
function lookBack(
  rewind: Rewind,
  tick: number,
  random: SeededRandom,
  digest: Digest,
): void {
  const to = tick - random.nextU32() % 6;
  const from = to - 2;
  const isThere = rewind.to(viewStamp(from, to, from + 2 * random.nextFloat()));
  if (!isThere) return digest.number(-1);
  const hit = rewind.raycast({
    origin: { x: 0, y: 0, z: 8 },
    direction: {
      x: random.nextFloat() - 0.5,
      y: random.nextFloat() - 0.5,
      z: -0.5,
    },
  }, { type: "sphere", radius: 3 });
  digest.number(hit?.distance ?? -2);
  digest.number(hit?.x ?? -2);
}

/**
 * Blends random tables in all the ways whose numbers are to be the same everywhere.
 *
 * @param seed What chance does.
 * @param runs How many.
 * @returns A hash of all that came out.
 */
export function blendDigest(seed: number, runs: number): string {
  const random = new SeededRandom(seed);
  const digest = new Digest();
  const out = new Frame(THING_LAYOUT);
  for (let run = 0; run < runs; run++) {
    const [a, b, c, d] = [4, 8, 12, 17].map((tick) =>
      frameOf(randomTable(random, 0.8, 2), tick)
    ) as [Frame, Frame, Frame, Frame];
    const blend = random.nextFloat();
    interpolate(b, c, blend, out);
    digest.frame(out);
    interpolateCurve(a, b, c, d, blend, out);
    digest.frame(out);
    extrapolate(c, d, 8 * blend, out);
    digest.frame(out);
  }
  return digest.hex;
}
