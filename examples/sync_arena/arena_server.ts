import { type Clock, SeededRandom, type Vec3 } from "../../core/mod.ts";
import type { MessageLink } from "../../protocol/mod.ts";
import {
  type EntityId,
  MatchRecorder,
  Rewind,
  ServerInputs,
  type SyncPeer,
  SyncServer,
  ViewGuard,
} from "../../sync/mod.ts";
import {
  ARENA,
  HALF_SIZE,
  INPUT,
  MAX_SPAN,
  moved,
  PLAYER,
  PLAYER_RADIUS,
  type PlayerInput,
  SEND_RATE,
  TICK_RATE,
} from "./arena_world.ts";

const CUBES = 40;
const DAMAGE = 20;
const FULL_HEALTH = 100;

/** A player and what the server knows of whoever plays it. */
export interface Seat {
  /** The player. */
  readonly id: EntityId;
  /** Who plays. */
  readonly name: string;
  readonly peer: SyncPeer;
  readonly guard: ViewGuard;
  /** Ticks whose input was not there, or in which the player was put elsewhere. */
  readonly surprises: number[];
  /** Shots whose input was there. */
  shots: number;
  /** Those that hit somebody. */
  hits: number;
}

/** A shot that has hit somebody, as the server saw it. */
export interface Hit {
  /** The tick of the input. */
  readonly tick: number;
  /** Who shot. */
  readonly shooter: EntityId;
  /** Who was hit. */
  readonly target: EntityId;
  /** Where that one was, on the shooter's screen as the server makes it out. */
  readonly where: Vec3;
}

/** The server of the arena: cubes that go round, and players that shoot at each other. */
export class ArenaServer {
  /** What sends the world. */
  readonly sync: SyncServer<typeof ARENA.schemas>;
  /** The inputs of all players. */
  readonly inputs = new ServerInputs<PlayerInput>(INPUT, {
    tickRate: TICK_RATE,
  });
  /** All of the match. */
  readonly recorder = new MatchRecorder(ARENA);
  /** Who plays. */
  readonly seats: Seat[] = [];
  /** Is told of each hit. */
  onHit: (hit: Hit) => void = () => {};
  readonly #rewind: Rewind;
  readonly #random: SeededRandom;
  readonly #cubes: readonly EntityId[];

  /** Creates a server whose world has cubes and no players. */
  constructor(clock: Clock, seed: number) {
    this.sync = new SyncServer(ARENA, {
      inputs: this.inputs,
      sendRate: SEND_RATE,
      priorities: { player: 4 },
      clock,
    });
    this.#random = new SeededRandom(seed);
    this.#rewind = new Rewind(this.sync.history, PLAYER, { teleport: "jumps" });
    this.#cubes = Array.from(
      { length: CUBES },
      (_, i) => this.sync.entities.spawn("cube", cubeAt(i, 0))!,
    );
  }

  /** Takes in somebody who wants to play. */
  join(link: MessageLink, name: string): void {
    const peer = this.sync.connect(link)!;
    const id = this.sync.entities.spawn("player", {
      position: this.#anywhere(),
      rotation: 0,
      jumps: 0,
      health: FULL_HEALTH,
      name,
    })!;
    const guard = new ViewGuard({ maxRewindTicks: 30, maxSpan: MAX_SPAN });
    const counts = { surprises: [], shots: 0, hits: 0 };
    this.seats.push({ id, name, peer, guard, ...counts });
  }

  /** A tick of the world. */
  tick(): void {
    this.sync.tick(1 / TICK_RATE, (tick) => {
      this.#cubes.forEach((id, i) => {
        this.sync.entities.set(id, "cube", cubeAt(i, tick));
      });
      for (const seat of this.seats) this.#play(seat, tick);
    });
    this.recorder.record(this.sync.history.newest!, this.sync.entities.tables);
    // A game would tell who has come and gone.
    for (const _ of this.sync.drainEvents());
  }

  #play(seat: Seat, tick: number): void {
    const { entities } = this.sync;
    const { input, view, missing } = this.inputs.take(seat.peer, tick);
    if (missing > 0) seat.surprises.push(tick);
    if (input === undefined) return;
    const { position } = entities.get(seat.id, "player")!;
    position.x = moved(position.x, input.x);
    position.z = moved(position.z, input.z);
    const { rotation, fire, aim } = input;
    entities.set(seat.id, "player", { position, rotation });
    const origin = entities.get(seat.id, "player")!.position;
    // An input that is repeated, as the next one is missing, has shot already.
    if (!fire || view === undefined) return;
    seat.shots++;
    const { newest, oldest } = this.sync.history;
    if (newest === undefined || oldest === undefined) return;
    if (!this.#rewind.to(seat.guard.check(view, newest, oldest))) return;
    const hit = this.#rewind.raycast(
      { origin, direction: aim },
      { type: "sphere", radius: PLAYER_RADIUS },
      seat.id,
    );
    if (hit === undefined) return;
    seat.hits++;
    const where = { x: 0, y: 0, z: 0 };
    this.#rewind.position(hit.id, where);
    this.onHit({ tick, shooter: seat.id, target: hit.id, where });
    this.#hurt(hit.id, tick);
  }

  #hurt(id: EntityId, tick: number): void {
    const { entities } = this.sync;
    const player = entities.get(id, "player");
    if (player === undefined) return;
    const health = player.health - DAMAGE;
    if (health > 0) {
      entities.set(id, "player", { health });
      return;
    }
    entities.set(id, "player", {
      health: FULL_HEALTH,
      position: this.#anywhere(),
      jumps: player.jumps + 1 & 7,
    });
    // Nobody can predict this.
    this.seats.find((seat) => seat.id === id)!.surprises.push(tick);
  }

  #anywhere(): Vec3 {
    const at = (): number => (this.#random.nextFloat() * 2 - 1) * HALF_SIZE;
    return { x: at(), y: 0, z: at() };
  }
}

/** Where a cube is, and how it is turned: round and round, which no client predicts. */
function cubeAt(
  index: number,
  tick: number,
): {
  position: Vec3;
  rotation: { x: number; y: number; z: number; w: number };
} {
  // Every other cube rests.
  const turn = index % 2 === 0 ? tick / TICK_RATE / 2 + index : index;
  const radius = 4 + index / CUBES * (HALF_SIZE - 4);
  return {
    position: {
      x: Math.sin(turn) * radius,
      y: 2 + index % 3,
      z: Math.cos(turn) * radius,
    },
    rotation: { x: 0, y: Math.sin(turn / 2), z: 0, w: Math.cos(turn / 2) },
  };
}
