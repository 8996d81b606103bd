import type { Clock, Vec3 } from "../../core/mod.ts";
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
  moved,
  PLAYER,
  PLAYER_RADIUS,
  type PlayerInput,
  RELOAD,
  SEND_RATE,
  TICK_RATE,
} from "./arena_world.ts";

/** So many ticks are made up for after a pause. */
const MAX_BEHIND = 8;

/** A shot as it was on the screen of who shot. */
export interface Shot {
  /** The tick of its input. */
  readonly tick: number;
  /** Where it came from, and where it went to. */
  readonly from: Vec3;
  readonly aim: Vec3;
  /** Whom it hit there; `undefined` if nobody. */
  readonly claimed: EntityId | undefined;
  /** Where the others were on the screen. */
  readonly seen: ReadonlyMap<EntityId, Vec3>;
}

/** Who plays, and who is told of it. */
export interface ArenaClientOptions {
  /** Tells what the player does in a tick. A shot that comes too soon after another does not go off. */
  readonly decide: (tick: number, client: ArenaClient) => PlayerInput;
  /** The name of the player, by which it is found; if left out, `ArenaClient.id` has to be set. */
  readonly name?: string;
  /** Is told of each snapshot, after it was taken in. */
  readonly onSnapshot?: (tick: number) => void;
  /** Is told of each shot. */
  readonly onShot?: (shot: Shot) => void;
  /** Is told when a tick was not as predicted, and which one was compared before. */
  readonly onCorrection?: (after: number, tick: number) => void;
}

/** A client of the arena: draws, predicts one player and sends what it does. */
export class ArenaClient {
  /** What gets the world. */
  readonly sync: SyncClient<typeof ARENA.schemas>;
  /** What it draws, predicts and takes for the server's present. */
  readonly timelines = new Timelines(
    new NetworkClock({ tickRate: TICK_RATE }),
    { sendIntervalMs: 1_000 / SEND_RATE },
  );
  /** The client's own player. */
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
  /** Whose player it is; `undefined` before that is known. */
  id: EntityId | undefined;
  /** Whether the player does nothing, as nothing can be sent. */
  isPaused = false;
  /** Snapshots that were sent, by their numbers; those that did not come are lost. */
  sent = 0;
  /** Those of them that were decoded. */
  decoded = 0;
  /** How often the server had to say that something was not decoded rightly. */
  desyncs = 0;
  readonly #options: ArenaClientOptions;
  readonly #clock: Clock;
  readonly #inputs = new InputSender<PlayerInput>(INPUT);
  #tick = -1;
  #readyTick = -1;
  #lastSequence = -1;
  #comparedTick = -1;

  /** Creates a client. */
  constructor(link: MessageLink, clock: Clock, options: ArenaClientOptions) {
    this.#options = options;
    this.#clock = clock;
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

  /** A frame: takes in what came, draws, and plays on. */
  frame(dt: number): void {
    this.sync.tick(dt, () => this.#play(dt));
  }

  /** Where the others are on the screen. */
  seen(): Map<EntityId, Vec3> {
    const { frame } = this.players;
    const { capacity, values, layout } = frame;
    const at = layout.lanes("position").first * capacity;
    const seen = new Map<EntityId, Vec3>();
    for (const id of this.sync.ids("player")) {
      const slot = frame.placeOf(id);
      if (id === this.id || slot < 0) continue;
      seen.set(id, {
        x: values[at + slot]!,
        y: values[at + capacity + slot]!,
        z: values[at + 2 * capacity + slot]!,
      });
    }
    return seen;
  }

  /** Where the own player is, as predicted; `undefined` before it is there. */
  where(): Vec3 | undefined {
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

  #play(dt: number): void {
    const { sync, timelines } = this;
    for (const event of sync.drainEvents()) {
      if (event.type === "desync") this.desyncs++;
      if (event.type !== "entitySpawned" || event.entity !== "player") {
        continue;
      }
      const { name } = sync.get(event.id, "player") ?? {};
      if (name !== undefined && name === this.#options.name) {
        this.id = event.id;
      }
    }
    timelines.tick(dt, this.#clock.nowMs());
    if (!timelines.clock.isSynced) return;
    this.players.update(timelines.renderTick, dt);
    this.cubes.update(timelines.renderTick, dt);
    if (this.id === undefined || this.isPaused) return;
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
    this.#options.onSnapshot?.(tick);
    if (this.id === undefined || isPartial) return;
    const { predictor } = this;
    const { mispredicted } = predictor.counts;
    predictor.add(this.id, tick, tables[PLAYER.number]!);
    predictor.reconcile(tick, tables[PLAYER.number]!);
    if (predictor.counts.mispredicted > mispredicted) {
      this.#options.onCorrection?.(this.#comparedTick, tick);
    }
    this.#comparedTick = tick;
  }

  /** Plays a tick: what the player does goes to the server, and is done here at once. */
  #act(tick: number): void {
    const { predictor } = this;
    if (tick <= predictor.tick) return;
    const wanted = this.#options.decide(tick, this);
    const fire = wanted.fire && tick >= this.#readyTick;
    const { view } = this.players;
    const input = this.#inputs.push(tick, { ...wanted, fire }, view);
    predictor.apply(tick, input);
    if (!fire) return;
    this.#readyTick = tick + RELOAD;
    this.#shoot(tick, input.aim);
  }

  #shoot(tick: number, aim: Vec3): void {
    const from = this.where();
    if (from === undefined) return;
    const length = Math.sqrt(aim.x * aim.x + aim.y * aim.y + aim.z * aim.z);
    const seen = this.seen();
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
    this.#options.onShot?.({ tick, from, aim, claimed, seen });
  }
}
