import type { Clock, SeededRandom, Vec3 } from "../../core/mod.ts";
import type { MessageLink } from "../../protocol/mod.ts";
import { ArenaClient, type ArenaClientOptions } from "./arena_client.ts";
import { MAX_SPAN, moved, type PlayerInput, RELOAD } from "./arena_world.ts";

/** Ticks until a bot thinks of another way to go. */
const STROLL = 30;
/** Ticks until it thinks of another one to shoot at. */
const GRUDGE = 240;

/** How well a bot plays. */
export interface BotSkill {
  /**
   * Ticks from one shot to the next: `RELOAD` or more.
   *
   * @default {RELOAD}
   */
  readonly everyTicks?: number;
  /**
   * By how much it aims wrong at most, in radians.
   *
   * @default {0.075}
   */
  readonly sway?: number;
}

/** A client of the arena that walks about and shoots at whom it sees. */
export class ArenaBot {
  /** What it plays with. */
  readonly client: ArenaClient;
  readonly #random: SeededRandom;
  readonly #everyTicks: number;
  readonly #sway: number;
  readonly #rhythm: number;
  #course: { x: number; z: number } = { x: 0, z: 0 };
  #off = 0;

  /** Creates a bot. */
  constructor(
    link: MessageLink,
    clock: Clock,
    random: SeededRandom,
    options: BotSkill & Omit<ArenaClientOptions, "decide"> = {},
  ) {
    const { everyTicks = RELOAD, sway = 0.075 } = options;
    this.#random = random;
    this.#everyTicks = everyTicks;
    this.#sway = sway;
    this.#rhythm = random.nextU32() % everyTicks;
    this.client = new ArenaClient(link, clock, {
      ...options,
      decide: (tick) => this.#decide(tick),
    });
  }

  #decide(tick: number): PlayerInput {
    const { client } = this;
    if (tick % STROLL === 0) {
      const at = (): number => this.#random.nextU32() % 17 / 8 - 1;
      this.#course = { x: at(), z: at() };
    }
    const seen = client.seen();
    const turn = Math.floor((tick + this.#rhythm) / GRUDGE);
    const target = [...seen.values()][turn % seen.size];
    const me = client.where();
    const aim = target !== undefined && me !== undefined
      ? this.#aimAt(target, me)
      : { x: 0, y: 0, z: 1 };
    // What is guessed, or drawn over a long gap, is not worth a shot.
    const { state, beforeTick, afterTick } = client.players;
    const isSteady = state === "interpolated" &&
      afterTick - beforeTick <= MAX_SPAN;
    const fire = tick % this.#everyTicks === this.#rhythm &&
      target !== undefined && isSteady;
    // Nobody aims well while walking.
    if (fire) this.#off = (2 * this.#random.nextFloat() - 1) * this.#sway;
    return {
      ...this.#course,
      rotation: Math.atan2(aim.x, aim.z),
      fire,
      aim,
    };
  }

  #aimAt(target: Vec3, me: Vec3): Vec3 {
    const course = this.#course;
    const x = target.x - moved(me.x, course.x);
    const z = target.z - moved(me.z, course.z);
    const length = Math.sqrt(x * x + z * z) || 1;
    const off = this.#off;
    return {
      x: clamp((x - z * off) / length),
      y: 0,
      z: clamp((z + x * off) / length),
    };
  }
}

function clamp(value: number): number {
  return Math.min(1, Math.max(-1, value));
}
