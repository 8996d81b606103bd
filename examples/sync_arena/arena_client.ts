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

  /** The client's own player; `undefined` before it is there. */
  get id(): EntityId | undefined {
    return this.sync.owned[0];
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
    for (let slot = 0; slot < frame.extent; slot++) {
      const id = frame.idOf(slot, PLAYER);
      if (id === undefined || id === this.id) continue;
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
    }
    timelines.tick(dt, this.#clock.nowMs());
    if (!timelines.clock.isSynced) return;
    this.players.update(timelines.renderTick, dt);
    this.cubes.update(timelines.renderTick, dt);
    if (this.id === undefined || this.isPaused) return;
    for (const tick of timelines.ticksToPredict(this.predictor.tick)) {
      this.#act(tick);
    }
    this.predictor.tickCorrection(dt);
  }

  #take(
    { sequence, tick, stale }: WorldSnapshot,
    tables: readonly EntityTable[],
  ): void {
    this.decoded++;
    this.sent += sequence - this.#lastSequence & 0xffff;
    this.#lastSequence = sequence;
    const players = tables[PLAYER.number]!;
    const older = stale[PLAYER.number]!;
    this.players.push(tick, players, older);
    this.cubes.push(tick, tables[CUBE.number]!, stale[CUBE.number]!);
    const { predictor, id } = this;
    if (id === undefined || !this.sync.isFresh(id)) return;
    const { mispredicted } = predictor.counts;
    predictor.add(id, tick, players, older);
    predictor.reconcile(tick, players, older);
    if (predictor.counts.mispredicted > mispredicted) {
      this.#options.onCorrection?.(this.#comparedTick, tick);
    }
    this.#comparedTick = tick;
  }

  /** Plays a tick: what the player does goes to the server, and is done here at once. */
  #act(tick: number): void {
    const { predictor } = this;
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
