// This module is browser compatible.
// A small match that is the same in every engine: + - * / and sqrt, which all round alike, and seeded chance.
import { SeededRandom } from "../../../core/mod.ts";
import {
  angle,
  bits,
  bool,
  choice,
  f32,
  f64,
  float,
  int,
  list,
  quat,
  string,
  struct,
  u32,
  u8,
  vec2,
  vec3,
} from "../../../protocol/mod.ts";
import { defineEntity } from "../../schema/define_entity.ts";
import { defineWorld } from "../../schema/define_world.ts";
import type { EntityId } from "../../world/entity_id.ts";
import type { EntityStore } from "../../world/entity_store.ts";

export const TICK_RATE = 60;
const WALL = 15;
/** How many ticks a ball lives. */
const BALL_TICKS = 24;

/** Fields of all kinds, and bytes beside the columns. */
export const MATCH = defineWorld({
  ball: defineEntity({
    position: vec3({ min: -16, max: 16, step: 1 / 64 }),
    velocity: vec3({ min: -16, max: 16, step: 1 / 32 }),
    rotation: quat({ bits: 9 }),
    heat: f32,
  }, { maxEntities: 10 }),
  player: defineEntity({
    position: vec2({ min: -16, max: 16, step: 1 / 64 }),
    velocity: vec2({ min: -8, max: 8, step: 1 / 128 }),
    aim: angle({ bits: 9 }),
    health: float({ min: 0, max: 100, step: 0.5 }),
    level: int({ min: -3, max: 9 }),
    jumps: bits(3),
    ready: bool,
    team: choice("red", "blue", "none"),
    name: string({ maxBytes: 8 }),
    bag: list(u8, { maxLength: 4 }),
  }, { maxEntities: 4 }),
  round: defineEntity({ score: u32, time: f64 }, { maxEntities: 1 }),
});

/** What a player does in a tick. */
export const INPUT = struct({
  x: float({ min: -1, max: 1, step: 1 / 4 }),
  y: float({ min: -1, max: 1, step: 1 / 4 }),
  aim: angle({ bits: 9 }),
  kick: bool,
});

/** What a player does in a tick. */
export interface MatchInput {
  readonly x: number;
  readonly y: number;
  readonly aim: number;
  readonly kick: boolean;
}

/**
 * Moves a player on by a tick, at either end.
 *
 * @param values Lanes of numbers.
 * @param position Where the x of its position is; the y is `capacity` further.
 * @param velocity The same of its velocity.
 * @param capacity From one lane to the next.
 * @param input What the player does.
 */
export function drive(
  values: Float64Array,
  position: number,
  velocity: number,
  capacity: number,
  { x, y }: MatchInput,
): void {
  for (let axis = 0; axis < 2; axis++) {
    const p = position + axis * capacity;
    const v = velocity + axis * capacity;
    values[v] = values[v]! * 0.9 + (axis === 0 ? x : y) * 0.7;
    values[p]! += values[v]! / 6;
    if (Math.abs(values[p]!) <= WALL) continue;
    values[p] = values[p]! > 0 ? WALL : -WALL;
    values[v] = -values[v]!;
  }
}

/** Makes up what a player does, tick after tick. */
export class Bot {
  readonly #random: SeededRandom;
  #input: MatchInput = { x: 0, y: 0, aim: 0, kick: false };

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  next(): MatchInput {
    const random = this.#random;
    const share = (): number => (random.nextU32() % 9 - 4) / 4;
    if (random.nextU32() % 6 === 0) {
      const aim = random.nextU32() % 512 / 512 * 2 * Math.PI;
      this.#input = { x: share(), y: share(), aim, kick: false };
    }
    return { ...this.#input, kick: random.nextU32() % 12 === 0 };
  }
}

interface Ball {
  readonly id: EntityId;
  readonly endTick: number;
}

/** The match, in a store of entities. */
export class MatchGame {
  readonly players: EntityId[] = [];
  readonly #entities: EntityStore<typeof MATCH.schemas>;
  readonly #random: SeededRandom;
  readonly #body = new Float64Array(4);
  #balls: Ball[] = [];
  #round: EntityId | undefined;

  constructor(entities: EntityStore<typeof MATCH.schemas>, seed: number) {
    this.#entities = entities;
    this.#random = new SeededRandom(seed);
  }

  join(name: string): EntityId {
    const id = this.#entities.spawn("player", {
      position: { x: this.players.length * 4 - 4, y: 1 },
      velocity: { x: 0, y: 0 },
      aim: 0,
      health: 100,
      level: 0,
      jumps: 0,
      ready: false,
      team: this.players.length % 2 === 0 ? "red" : "blue",
      name,
      bag: [],
    })!;
    this.players.push(id);
    return id;
  }

  /** Plays a tick. */
  step(
    tick: number,
    inputOf: (player: EntityId) => MatchInput | undefined,
  ): void {
    for (const player of this.players) {
      this.#play(player, tick, inputOf(player));
    }
    this.#balls = this.#balls.filter((ball) => this.#roll(ball, tick));
    this.#score(tick);
  }

  #play(id: EntityId, tick: number, input: MatchInput | undefined): void {
    const entities = this.#entities;
    const random = this.#random;
    const player = entities.get(id, "player")!;
    const body = this.#body;
    const { position, velocity } = player;
    body.set([position.x, position.y, velocity.x, velocity.y]);
    if (input !== undefined) {
      drive(body, 0, 2, 1, input);
      entities.set(id, "player", { aim: input.aim, ready: true });
      if (input.kick) this.#kick(body, tick);
    }
    // What no client can know.
    switch (random.nextU32() % 40) {
      case 0:
        body[0] = random.nextFloat() * 20 - 10;
        entities.set(id, "player", { jumps: player.jumps + 1 & 7 });
        break;
      case 1:
        entities.set(id, "player", {
          health: Math.max(0, player.health - 12.5),
          level: player.level < 9 ? player.level + 1 : -3,
          team: (["red", "blue", "none"] as const)[random.nextU32() % 3]!,
        });
        break;
      case 2:
        entities.set(id, "player", {
          bag: Array.from(
            { length: random.nextU32() % 5 },
            () => random.nextU32() & 255,
          ),
        });
        break;
      case 3:
        entities.set(id, "player", { name: `p${random.nextU32() % 1_000}` });
    }
    entities.set(id, "player", {
      position: { x: body[0]!, y: body[1]! },
      velocity: { x: body[2]!, y: body[3]! },
    });
  }

  #kick(body: Float64Array, tick: number): void {
    const random = this.#random;
    const id = this.#entities.spawn("ball", {
      position: { x: body[0]!, y: body[1]!, z: 1 },
      velocity: { x: body[2]! * 2, y: body[3]! * 2, z: 6 },
      rotation: { x: 0, y: 0, z: 0, w: 1 },
      heat: 20 + random.nextFloat(),
    });
    if (id === undefined) return;
    this.#balls.push({ id, endTick: tick + BALL_TICKS });
  }

  #roll({ id, endTick }: Ball, tick: number): boolean {
    const entities = this.#entities;
    const { position: p, velocity: v, rotation: q, heat } = entities.get(
      id,
      "ball",
    )!;
    if (tick >= endTick || heat < 1) {
      entities.despawn(id);
      return false;
    }
    v.z -= 20 / TICK_RATE;
    for (const axis of ["x", "y", "z"] as const) {
      p[axis] += v[axis] / TICK_RATE;
      const low = axis === "z" ? 0 : -WALL;
      if (p[axis] >= low && p[axis] <= WALL) continue;
      p[axis] = p[axis] < low ? low : WALL;
      v[axis] *= -0.5;
    }
    // Half a turn in about a second: q + q * (v, 0) / 2, of length 1 again.
    const [x, y, z] = [v.y / 64, -v.x / 64, 1 / 64];
    const turned = {
      x: q.x + q.w * x + q.y * z - q.z * y,
      y: q.y + q.w * y + q.z * x - q.x * z,
      z: q.z + q.w * z + q.x * y - q.y * x,
      w: q.w - q.x * x - q.y * y - q.z * z,
    };
    const length = Math.sqrt(
      turned.x * turned.x + turned.y * turned.y + turned.z * turned.z +
        turned.w * turned.w,
    );
    entities.set(id, "ball", {
      position: p,
      velocity: v,
      rotation: {
        x: turned.x / length,
        y: turned.y / length,
        z: turned.z / length,
        w: turned.w / length,
      },
      heat: heat - heat * heat / 500,
    });
    return true;
  }

  /** Rounds follow each other in the one place that there is. */
  #score(tick: number): void {
    const entities = this.#entities;
    if (this.#round !== undefined && tick % 20 === 19) {
      entities.despawn(this.#round);
      this.#round = undefined;
      return;
    }
    this.#round ??= entities.spawn("round", {
      score: tick * 1e6 % 2 ** 31,
      time: 0,
    });
    if (this.#round === undefined || tick % 4 > 0) return;
    const { score } = entities.get(this.#round, "round")!;
    entities.set(this.#round, "round", {
      score: score + this.#balls.length,
      time: tick / TICK_RATE,
    });
  }
}
