import { SystemClock, type Vec3 } from "../../core/mod.ts";
import type { MessageLink } from "../../protocol/mod.ts";
import { type EntityId, type Frame, raySphere } from "../../sync/mod.ts";
import { ArenaClient, type Shot } from "./arena_client.ts";
import type { OwnMessage } from "./arena_message.ts";
import {
  HALF_SIZE,
  moved,
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

/** What was seen of a player in the newest snapshot. */
interface Known {
  readonly health: number;
  readonly shots: number;
  readonly jumps: number;
}

/** Something that has happened at a tick, and is shown when that is drawn. */
interface Happening {
  readonly tick: number;
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
  #happenings: Happening[] = [];
  #centre: { readonly x: number; readonly z: number } = CENTRE;

  /** Begins a match over a link of the session. */
  constructor(link: MessageLink, view: ArenaView, controls: Controls) {
    this.#view = view;
    this.#controls = controls;
    this.link = new DelayedLink(link);
    this.client = new ArenaClient(this.link, new SystemClock(), {
      decide: () => this.#decide(),
      onSnapshot: (tick) => this.#compare(tick),
      onShot: (shot) => this.#onShot(shot),
    });
  }

  /** Whether the player is there. */
  get isPlaying(): boolean {
    return this.client.where() !== undefined;
  }

  /** Takes what the hub tells this player. */
  onOwnMessage(message: OwnMessage): void {
    if (message.type === "seat") {
      this.client.id = message.id;
      return;
    }
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
    this.#show(players);
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

  /** Looks for what has happened since the last snapshot. */
  #compare(tick: number): void {
    const { sync, id: own } = this.client;
    for (const id of sync.ids("player")) {
      const { health, shots, jumps } = sync.get(id, "player")!;
      const known = this.#known.get(id);
      this.#known.set(id, { health, shots, jumps });
      if (known === undefined) continue;
      const tell = (kind: Happening["kind"]): void => {
        this.#happenings.push({ tick, id, kind });
      };
      if (shots !== known.shots && id !== own) tell("shot");
      if (jumps !== known.jumps) tell("jump");
      if (health < known.health || jumps !== known.jumps) {
        if (id === own) this.hurt = 1;
        tell("hurt");
      }
    }
    for (const id of this.#known.keys()) {
      if (!sync.has(id)) this.#known.delete(id);
    }
  }

  /** Shows what has happened when the picture has come to it. */
  #show(players: readonly DrawnPlayer[]): void {
    const { id: own } = this.client;
    const { renderTick } = this.client.timelines;
    const later: Happening[] = [];
    for (const happening of this.#happenings) {
      const { tick, id, kind } = happening;
      if (tick > renderTick && id !== own) {
        later.push(happening);
        continue;
      }
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
    this.#happenings = later;
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
    const { sync, players, predictor, id: own } = this.client;
    const drawn: DrawnPlayer[] = [];
    for (const id of sync.ids("player")) {
      const { name, health } = sync.get(id, "player")!;
      const isOwn = id === own;
      const place = isOwn
        ? predictor.state.placeOf(id)
        : players.frame.placeOf(id);
      if (place < 0) continue;
      if (isOwn) {
        const { shown, state } = predictor;
        const at = state.at("position") + place;
        const x = shown[at]!;
        const z = shown[at + 2 * state.capacity]!;
        const rotation = shown[state.at("rotation") + place]!;
        drawn.push({ id, name, health, x, z, rotation, isOwn });
        continue;
      }
      const [x, , z] = read(players.frame, "position", place);
      const [rotation] = read(players.frame, "rotation", place);
      drawn.push({
        id,
        name,
        health,
        x: x!,
        z: z!,
        rotation: rotation!,
        isOwn,
      });
    }
    return drawn;
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
