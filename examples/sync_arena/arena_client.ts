import type { Clock, SeededRandom, Vec3 } from "../../core/mod.ts";
import type { MessageLink } from "../../protocol/mod.ts";
import {
  type EntityId,
  type EntityTable,
  frameLayout,
  InputSender,
  NetworkClock,
  Predictor,
  raySphere,
  SnapshotPlayer,
  SyncClient,
  Timelines,
  type WorldSnapshot,
} from "../../sync/mod.ts";
import {
  ARENA,
  CUBE,
  INPUT,
  MAX_SPAN,
  moved,
  PLAYER,
  PLAYER_RADIUS,
  type PlayerInput,
  SEND_RATE,
  TICK_RATE,
} from "./arena_world.ts";

/** Ticks from one shot to the next. */
const RELOAD = 12;
/** Ticks until a bot thinks of another way to go. */
const STROLL = 30;
/** So many ticks are made up for after a pause. */
const MAX_BEHIND = 8;

/** A shot as it was on the screen of who shot. */
export interface Shot {
  /** Whom it hit there; `undefined` if nobody. */
  readonly claimed: EntityId | undefined;
  /** Where the players were on the screen. */
  readonly seen: ReadonlyMap<EntityId, Vec3>;
}

/** A client of the arena with a bot that walks about and shoots at whom it sees. */
export class ArenaClient {
  /** What gets the world. */
  readonly sync: SyncClient<typeof ARENA.schemas>;
  /** What it draws, predicts and takes for the server's present. */
  readonly timelines = new Timelines(
    new NetworkClock({ tickRate: TICK_RATE }),
    { sendIntervalMs: 1_000 / SEND_RATE },
  );
  /** The bot's own player. */
  readonly predictor: Predictor<PlayerInput>;
  /** All players, as they are drawn. */
  readonly players = new SnapshotPlayer(
    frameLayout(PLAYER.schema, { teleport: "jumps", tickRate: TICK_RATE }),
    { smoothingMs: 0 },
  );
  /** All cubes, as they are drawn. */
  readonly cubes = new SnapshotPlayer(
    frameLayout(CUBE.schema, { tickRate: TICK_RATE }),
  );
  /** The shots, by the ticks of their inputs. */
  readonly shots = new Map<number, Shot>();
  /** Snapshots that were sent, by their numbers; those that did not come are lost. */
  sent = 0;
  /** Those of them that were decoded. */
  decoded = 0;
  /** The ticks that were not as predicted, each with the one that was compared before. */
  readonly corrections: { readonly after: number; readonly tick: number }[] =
    [];
  /** How often the server had to say that something was not decoded rightly. */
  desyncs = 0;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #inputs = new InputSender<PlayerInput>(INPUT);
  #me: EntityId | undefined;
  readonly #rhythm: number;
  #tick = -1;
  #lastSequence = -1;
  #comparedTick = -1;
  #course: { x: number; z: number } = { x: 0, z: 0 };

  /** Creates a client; the server is to make a player of the name. */
  constructor(
    link: MessageLink,
    name: string,
    clock: Clock,
    random: SeededRandom,
  ) {
    this.#name = name;
    this.#clock = clock;
    this.#random = random;
    this.#rhythm = random.nextU32() % RELOAD;
    this.sync = new SyncClient(ARENA, link, {
      clock,
      inputs: this.#inputs,
      onTimes: (sample) => this.timelines.recordTimes(sample),
      onSnapshot: (snapshot, tables) => this.#take(snapshot, tables),
    });
    this.predictor = new Predictor(PLAYER, {
      tickRate: TICK_RATE,
      fields: ["position", "rotation"],
      maxEntities: 1,
      step(state, input) {
        const { values, capacity } = state;
        const at = state.at("position");
        values[at] = moved(values[at]!, input.x);
        values[at + 2 * capacity] = moved(
          values[at + 2 * capacity]!,
          input.z,
        );
        values[state.at("rotation")] = input.rotation;
      },
    });
  }

  /** Whose player it is; `undefined` before it has come. */
  get id(): EntityId | undefined {
    return this.#me;
  }

  /** A frame: takes in what came, draws, and plays on. */
  frame(dt: number): void {
    this.sync.tick(dt, () => this.#play(dt));
  }

  #play(dt: number): void {
    const { sync, timelines } = this;
    for (const event of sync.drainEvents()) {
      if (event.type === "desync") this.desyncs++;
      if (event.type !== "entitySpawned" || event.entity !== "player") {
        continue;
      }
      const { name } = sync.get(event.id, "player") ?? {};
      if (name === this.#name) this.#me = event.id;
    }
    timelines.tick(dt, this.#clock.nowMs());
    if (!timelines.clock.isSynced || this.#me === undefined) return;
    this.players.update(timelines.renderTick, dt);
    this.cubes.update(timelines.renderTick, dt);
    const tick = Math.floor(timelines.predictionTick);
    this.#tick = Math.max(this.#tick, tick - MAX_BEHIND);
    while (this.#tick < tick) this.#act(++this.#tick);
    this.predictor.tickCorrection(dt);
  }

  #take(
    { sequence, tick, isPartial }: WorldSnapshot,
    tables: readonly EntityTable[],
  ): void {
    this.decoded++;
    this.sent += sequence - this.#lastSequence & 0xffff;
    this.#lastSequence = sequence;
    this.players.push(tick, tables[PLAYER.number]!);
    this.cubes.push(tick, tables[CUBE.number]!);
    if (this.#me === undefined || isPartial) return;
    const { predictor } = this;
    const { mispredicted } = predictor.counts;
    predictor.add(this.#me, tick, tables[PLAYER.number]!);
    predictor.reconcile(tick, tables[PLAYER.number]!);
    if (predictor.counts.mispredicted > mispredicted) {
      this.corrections.push({ after: this.#comparedTick, tick });
    }
    this.#comparedTick = tick;
  }

  /** Plays a tick: what the bot does goes to the server, and is done here at once. */
  #act(tick: number): void {
    const { predictor } = this;
    if (tick <= predictor.tick) return;
    const seen = this.#look();
    const { view } = this.players;
    if (tick % STROLL === 0) {
      const at = (): number => this.#random.nextU32() % 17 / 8 - 1;
      this.#course = { x: at(), z: at() };
    }
    const target = [...seen.values()][Math.floor(tick / 240) % seen.size];
    const me = this.#where();
    const aim = { x: 0, y: 0, z: 1 };
    if (target !== undefined && me !== undefined) {
      const next = this.#afterMoving(me);
      // Nobody aims well while walking.
      const sway = (this.#random.nextFloat() - 0.5) * 0.15;
      const x = target.x - next.x;
      const z = target.z - next.z;
      const length = Math.sqrt(x * x + z * z) || 1;
      aim.x = clamp((x - z * sway) / length);
      aim.z = clamp((z + x * sway) / length);
    }
    // What is guessed, or drawn over a long gap, is not worth a shot.
    const { state, beforeTick, afterTick } = this.players;
    const isSteady = state === "interpolated" &&
      afterTick - beforeTick <= MAX_SPAN;
    const fire = tick % RELOAD === this.#rhythm && target !== undefined &&
      isSteady;
    const input = this.#inputs.push(tick, {
      ...this.#course,
      rotation: Math.atan2(aim.x, aim.z),
      fire,
      aim,
    }, view);
    predictor.apply(tick, input);
    if (fire) this.#shoot(tick, input.aim, seen);
  }

  #shoot(
    tick: number,
    aim: Vec3,
    seen: ReadonlyMap<EntityId, Vec3>,
  ): void {
    const from = this.#where();
    if (from === undefined) return;
    const length = Math.sqrt(aim.x * aim.x + aim.y * aim.y + aim.z * aim.z);
    let claimed: EntityId | undefined;
    let nearest = Infinity;
    for (const [id, { x, y, z }] of seen) {
      const distance = raySphere(
        from.x,
        from.y,
        from.z,
        aim.x / length,
        aim.y / length,
        aim.z / length,
        x,
        y,
        z,
        PLAYER_RADIUS,
      );
      if (distance >= nearest) continue;
      nearest = distance;
      claimed = id;
    }
    this.shots.set(tick, { claimed, seen });
  }

  /** Where the others are on the screen. */
  #look(): Map<EntityId, Vec3> {
    const { frame } = this.players;
    const { capacity, values, layout } = frame;
    const at = layout.lanes("position").first * capacity;
    const seen = new Map<EntityId, Vec3>();
    for (const id of this.sync.ids("player")) {
      const slot = frame.placeOf(id);
      if (id === this.#me || slot < 0) continue;
      seen.set(id, {
        x: values[at + slot]!,
        y: values[at + capacity + slot]!,
        z: values[at + 2 * capacity + slot]!,
      });
    }
    return seen;
  }

  /** Where the bot's player is, as predicted. */
  #where(): Vec3 | undefined {
    const { state } = this.predictor;
    if (!state.isAlive(0)) return undefined;
    const at = state.at("position");
    const { values, capacity } = state;
    return {
      x: values[at]!,
      y: values[at + capacity]!,
      z: values[at + 2 * capacity]!,
    };
  }

  #afterMoving({ x, y, z }: Vec3): Vec3 {
    const course = this.#course;
    return { x: moved(x, course.x), y, z: moved(z, course.z) };
  }
}

function clamp(value: number): number {
  return Math.min(1, Math.max(-1, value));
}
