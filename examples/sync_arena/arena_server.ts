import { type Clock, SeededRandom, type Vec3 } from "../../core/mod.ts";
import type { MessageLink } from "../../protocol/mod.ts";
import {
  type EntityId,
  Rewind,
  ServerInputs,
  type SyncPeer,
  SyncServer,
} from "../../sync/mod.ts";
import {
  ARENA,
  FULL_HEALTH,
  HALF_SIZE,
  INPUT,
  MAX_SPAN,
  moved,
  PLAYER,
  PLAYER_RADIUS,
  type PlayerInput,
  RELOAD,
  SEND_RATE,
  TICK_RATE,
} from "./arena_world.ts";

const CUBES = 40;
const DAMAGE = 20;
/** A player whose inputs have not come for so many ticks stands. */
const MAX_MISSING = 20;
/** How long ago, in ticks, a picture may be that is shot at: for slow lines, as on the page. */
const MAX_REWIND = 36;

/** A player and what the server knows of whoever plays it. */
export interface Seat {
  /** The player. */
  readonly id: EntityId;
  /** Who plays. */
  readonly name: string;
  readonly peer: SyncPeer;
  /** The first tick of the next shot. */
  readyTick: number;
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
  /** Whether that was the end of it. */
  readonly isKill: boolean;
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
    views: { maxRewindTicks: MAX_REWIND, maxSpan: MAX_SPAN },
  });
  /** Who plays. */
  readonly seats: Seat[] = [];
  /** Is told of each hit. */
  onHit: (hit: Hit) => void = () => {};
  /** Is told of a tick whose input was not there, or in which a player was put elsewhere. */
  onSurprise: (seat: Seat, tick: number) => void = () => {};
  readonly #rewind: Rewind;
  readonly #random: SeededRandom;
  readonly #cubes: readonly EntityId[];

  /** Creates a server whose world has cubes and no players. */
  constructor(clock: Clock, seed: number) {
    this.sync = new SyncServer(ARENA, {
      inputs: this.inputs,
      sendRate: SEND_RATE,
      clock,
    });
    this.#random = new SeededRandom(seed);
    this.#rewind = new Rewind(this.sync.history, PLAYER, { teleport: "jumps" });
    this.#cubes = Array.from(
      { length: CUBES },
      (_, i) => this.sync.entities.spawn("cube", cubeAt(i, 0))!,
    );
  }

  /**
   * Takes in somebody who wants to play.
   *
   * @param link The link to the client.
   * @param name The name, which fits the world's field.
   * @returns The place; `undefined` if there is none. It is given up when the link closes.
   */
  join(link: MessageLink, name: string): Seat | undefined {
    const id = this.sync.entities.spawn("player", {
      position: this.#anywhere(),
      rotation: 0,
      jumps: 0,
      shots: 0,
      health: FULL_HEALTH,
      score: 0,
      name,
    });
    if (id === undefined) return undefined;
    const peer = this.sync.connect(link);
    if (peer === undefined) {
      this.sync.entities.despawn(id);
      return undefined;
    }
    this.sync.own(peer, id);
    const seat = { id, name, peer, readyTick: 0, shots: 0, hits: 0 };
    this.seats.push(seat);
    return seat;
  }

  /** A tick of the world. */
  tick(dt = 1 / TICK_RATE): void {
    this.sync.tick(dt, (tick) => {
      this.#cubes.forEach((id, i) => {
        this.sync.entities.set(id, "cube", cubeAt(i, tick));
      });
      for (const seat of this.seats) this.#play(seat, tick);
    });
    for (const event of this.sync.drainEvents()) {
      if (event.type === "peerDisconnected") this.#leave(event.peer);
    }
  }

  #leave(peer: SyncPeer): void {
    const at = this.seats.findIndex((seat) => seat.peer === peer);
    if (at < 0) return;
    this.sync.entities.despawn(this.seats[at]!.id);
    this.seats.splice(at, 1);
  }

  #play(seat: Seat, tick: number): void {
    const { entities } = this.sync;
    const { input, view, missing } = this.inputs.take(seat.peer, tick);
    if (missing > 0) this.onSurprise(seat, tick);
    if (input === undefined || missing > MAX_MISSING) return;
    const { position, shots } = entities.get(seat.id, "player")!;
    position.x = moved(position.x, input.x);
    position.z = moved(position.z, input.z);
    const { rotation, fire, aim } = input;
    entities.set(seat.id, "player", { position, rotation });
    // An input that is repeated, as the next one is missing, has shot already.
    if (!fire || missing > 0 || tick < seat.readyTick) return;
    seat.readyTick = tick + RELOAD;
    seat.shots++;
    entities.set(seat.id, "player", { shots: shots + 1 & 63 });
    if (view === undefined || !this.#rewind.to(view)) return;
    const origin = entities.get(seat.id, "player")!.position;
    const hit = this.#rewind.raycast(
      { origin, direction: aim },
      { type: "sphere", radius: PLAYER_RADIUS },
      seat.id,
    );
    if (hit === undefined) return;
    seat.hits++;
    const where = { x: 0, y: 0, z: 0 };
    this.#rewind.position(hit.id, where);
    const { id: target } = hit;
    const isKill = this.#hurt(target, seat, tick);
    this.onHit({ tick, shooter: seat.id, target, isKill, where });
  }

  /** Takes a player's health, and tells whether that was the last of it. */
  #hurt(id: EntityId, by: Seat, tick: number): boolean {
    const { entities } = this.sync;
    const player = entities.get(id, "player");
    // Whoever was seen may have left.
    if (player === undefined) return false;
    const health = player.health - DAMAGE;
    if (health > 0) {
      entities.set(id, "player", { health });
      return false;
    }
    entities.set(id, "player", {
      health: FULL_HEALTH,
      position: this.#anywhere(),
      jumps: player.jumps + 1 & 7,
    });
    const { score } = entities.get(by.id, "player")!;
    entities.set(by.id, "player", { score: score + 1 & 0xffff });
    // Nobody can predict this.
    const seat = this.seats.find((seat) => seat.id === id);
    if (seat !== undefined) this.onSurprise(seat, tick);
    return true;
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
