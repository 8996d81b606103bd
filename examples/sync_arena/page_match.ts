import { SystemClock, type Vec3 } from "../../core/mod.ts";
import type { MessageLink } from "../../protocol/mod.ts";
import { type EntityId, type Frame, raySphere } from "../../sync/mod.ts";
import { ArenaClient, type Shot } from "./arena_client.ts";
import type { OwnMessage } from "./arena_message.ts";
import {
  HALF_SIZE,
  moved,
  PLAYER,
  PLAYER_RADIUS,
  type PlayerInput,
} from "./arena_world.ts";
import { DelayedLink } from "./delayed_link.ts";
import type { Controls } from "./page_controls.ts";
import {
  type ArenaView,
  colourOf,
  type DrawnCube,
  type DrawnPlayer,
} from "./page_view.ts";

/** Shots that the server may still confirm. */
const MAX_SHOTS = 64;
const CENTRE = { x: 0, z: 0 };

/** What was seen of a player last. */
interface Known {
  readonly health: number;
  readonly shots: number;
  readonly jumps: number;
}

/** Something that has happened by the moment that is drawn. */
interface Happening {
  readonly id: EntityId;
  readonly kind: "shot" | "hurt" | "jump";
}

/** A player in the list of scores. */
export interface Score {
  readonly id: EntityId;
  readonly name: string;
  readonly score: number;
  readonly isOwn: boolean;
}

/** The game in one session of the connection: a new one begins with the next. */
export class Match {
  /** What the world comes over, with what the sliders add. */
  readonly link: DelayedLink;
  /** The client of it. */
  readonly client: ArenaClient;
  /** Shots, those that hit on the screen, and those of them that the server has confirmed. */
  readonly counts = { shots: 0, claimed: 0, confirmed: 0 };
  /** How red the screen is as the player was hit: 0 to 1. */
  hurt = 0;
  readonly #view: ArenaView;
  readonly #controls: Controls;
  readonly #shots = new Map<number, Shot>();
  readonly #known = new Map<EntityId, Known>();
  #centre: { readonly x: number; readonly z: number } = CENTRE;

  /** Begins a match over a link of the session. */
  constructor(link: MessageLink, view: ArenaView, controls: Controls) {
    this.#view = view;
    this.#controls = controls;
    this.link = new DelayedLink(link);
    this.client = new ArenaClient(this.link, new SystemClock(), {
      decide: () => this.#decide(),
      onShot: (shot) => this.#onShot(shot),
    });
  }

  /** Whether the player is there. */
  get isPlaying(): boolean {
    return this.client.where() !== undefined;
  }

  /** Takes what the hub tells this player. */
  onOwnMessage(message: OwnMessage): void {
    const shot = this.#shots.get(message.tick);
    if (shot === undefined || shot.claimed !== message.target) return;
    this.counts.confirmed++;
    const at = shot.seen.get(message.target)!;
    this.#view.mark(at.x, at.z);
  }

  /**
   * Plays and draws a frame.
   *
   * @param dt Seconds since the last one.
   * @param isConnected Whether anything can be sent.
   */
  frame(dt: number, isConnected: boolean): void {
    const { client } = this;
    client.isPaused = !isConnected;
    this.link.tick(dt);
    client.frame(dt);
    this.hurt = Math.max(0, this.hurt - dt * 2.5);
    const players = this.#players();
    this.#show(this.#compare(), players);
    const own = players.find(({ isOwn }) => isOwn);
    if (own !== undefined) this.#centre = own;
    this.#view.draw(players, this.#cubes(), this.#centre, this.#controls, dt);
  }

  /** Who plays, the best first. */
  scores(): Score[] {
    const { sync, id: own } = this.client;
    return [...sync.ids("player")].map((id) => {
      const { name, score } = sync.get(id, "player")!;
      return { id, name, score, isOwn: id === own };
    }).sort((a, b) => b.score - a.score || a.id - b.id);
  }

  /** Leaves it. */
  close(): void {
    this.client.sync.close();
  }

  #decide(): PlayerInput {
    const push = this.#controls.push;
    const me = this.client.where() ?? { x: 0, y: 0, z: 0 };
    const x = moved(me.x, push.x);
    const z = moved(me.z, push.z);
    const at = this.#view.toScreen(x, z);
    const aim = this.#controls.aimFrom(at.x, at.y);
    return {
      ...push,
      rotation: Math.atan2(aim.x, aim.z),
      fire: this.#controls.isFiring,
      aim: { x: aim.x, y: 0, z: aim.z },
    };
  }

  #onShot(shot: Shot): void {
    const { tick, from, aim, claimed, seen } = shot;
    if (this.#shots.size === MAX_SHOTS) {
      this.#shots.delete(this.#shots.keys().next().value!);
    }
    this.#shots.set(tick, shot);
    this.counts.shots++;
    if (claimed !== undefined) this.counts.claimed++;
    this.#trace(from, aim.x, aim.z, seen.values(), this.client.id!);
  }

  /** Looks for what has happened since the last frame: to others, by what is drawn of them. */
  #compare(): Happening[] {
    const { sync, timelines, id: own } = this.client;
    const happenings: Happening[] = [];
    const drawn = sync.snapshotAt(timelines.renderTick);
    if (drawn === undefined) return happenings;
    for (const id of sync.ids("player")) {
      const player = sync.get(id, "player", id === own ? undefined : drawn);
      if (player === undefined) continue;
      const { health, shots, jumps } = player;
      const known = this.#known.get(id);
      this.#known.set(id, { health, shots, jumps });
      if (known === undefined) continue;
      if (shots !== known.shots && id !== own) {
        happenings.push({ id, kind: "shot" });
      }
      if (jumps !== known.jumps) happenings.push({ id, kind: "jump" });
      if (health < known.health || jumps !== known.jumps) {
        if (id === own) this.hurt = 1;
        happenings.push({ id, kind: "hurt" });
      }
    }
    for (const id of this.#known.keys()) {
      if (!sync.has(id)) this.#known.delete(id);
    }
    return happenings;
  }

  /** Shows what has happened. */
  #show(
    happenings: readonly Happening[],
    players: readonly DrawnPlayer[],
  ): void {
    for (const { id, kind } of happenings) {
      const player = players.find((it) => it.id === id);
      if (player === undefined) continue;
      const { x, z, rotation, isOwn } = player;
      if (kind !== "shot") {
        const colour = kind === "hurt" ? "#ff6b6b" : colourOf(id, isOwn);
        this.#view.burst(x, z, colour);
        continue;
      }
      const others = players.filter((it) => it.id !== id)
        .map(({ x, z }) => ({ x, y: 0, z }));
      const from = { x, y: 0, z };
      const aim = { x: Math.sin(rotation), z: Math.cos(rotation) };
      this.#trace(from, aim.x, aim.z, others, id);
    }
  }

  /** Draws a shot, up to whom or what it meets. */
  #trace(
    from: Vec3,
    x: number,
    z: number,
    others: Iterable<Vec3>,
    id: EntityId,
  ): void {
    const length = Math.hypot(x, z);
    if (length === 0) return;
    const dx = x / length;
    const dz = z / length;
    let end = Math.min(wallAt(from.x, dx), wallAt(from.z, dz));
    for (const at of others) {
      const distance = raySphere(
        from.x,
        0,
        from.z,
        dx,
        0,
        dz,
        at.x,
        0,
        at.z,
        PLAYER_RADIUS,
      );
      end = Math.min(end, distance);
    }
    const start = Math.min(end, PLAYER_RADIUS);
    this.#view.tracer(
      { x: from.x + dx * start, y: 0, z: from.z + dz * start },
      from.x + dx * end,
      from.z + dz * end,
      colourOf(id, id === this.client.id),
    );
  }

  #players(): DrawnPlayer[] {
    const { sync, players: { frame }, timelines, id: own } = this.client;
    const drawn: DrawnPlayer[] = [];
    const then = sync.snapshotAt(timelines.renderTick);
    for (let slot = 0; slot < frame.extent; slot++) {
      const id = frame.idOf(slot, PLAYER);
      if (id === undefined || id === own) continue;
      const player = sync.get(id, "player", then);
      if (player === undefined) continue;
      const { name, health } = player;
      const [x, , z] = read(frame, "position", slot);
      const [rotation] = read(frame, "rotation", slot);
      drawn.push({
        id,
        name,
        health,
        x: x!,
        z: z!,
        rotation: rotation!,
        isOwn: false,
      });
    }
    const me = this.#me();
    if (me !== undefined) drawn.push(me);
    return drawn;
  }

  /** The own player, as predicted. */
  #me(): DrawnPlayer | undefined {
    const { sync, predictor: { shown, state }, id } = this.client;
    const place = id === undefined ? -1 : state.placeOf(id);
    if (id === undefined || place < 0) return undefined;
    const { name, health } = sync.get(id, "player")!;
    const at = state.at("position") + place;
    return {
      id,
      name,
      health,
      x: shown[at]!,
      z: shown[at + 2 * state.capacity]!,
      rotation: shown[state.at("rotation") + place]!,
      isOwn: true,
    };
  }

  #cubes(): DrawnCube[] {
    const { frame } = this.client.cubes;
    const cubes: DrawnCube[] = [];
    for (let slot = 0; slot < frame.extent; slot++) {
      if (!frame.isAlive(slot)) continue;
      const [x, y, z] = read(frame, "position", slot);
      const [, sine, , cosine] = read(frame, "rotation", slot);
      const turn = 2 * Math.atan2(sine!, cosine!);
      cubes.push({ x: x!, y: y!, z: z!, turn });
    }
    return cubes;
  }
}

/** The numbers of a field at a place. */
function read(frame: Frame, field: string, slot: number): number[] {
  const { first, count } = frame.layout.lanes(field);
  return Array.from(
    { length: count },
    (_, i) => frame.values[(first + i) * frame.capacity + slot]!,
  );
}

/** How far it is to the wall along one axis. */
function wallAt(from: number, direction: number): number {
  if (direction === 0) return Infinity;
  return ((direction > 0 ? HALF_SIZE : -HALF_SIZE) - from) / direction;
}
