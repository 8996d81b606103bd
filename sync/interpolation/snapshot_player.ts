// This module is browser compatible.
import { checkInteger, checkNotNegative } from "../../core/mod.ts";
import {
  MAX_VIEW_SPAN,
  VIEW_STEPS,
  type ViewStamp,
  viewStamp,
} from "../input/view_stamp.ts";
import type { TableContent } from "../snapshot/entity_table.ts";
import { hasBit } from "../world/bit_set.ts";
import { extrapolate } from "./extrapolate.ts";
import { Frame } from "./frame.ts";
import type { FrameLayout } from "./frame_layout.ts";
import { FrameRing } from "./_frame_ring.ts";
import { Gaps } from "./_gaps.ts";
import { interpolate, type RotationBlend } from "./interpolate.ts";
import { interpolateCurve } from "./interpolate_curve.ts";
import { Correction } from "./_correction.ts";

/** The options of a {@linkcode SnapshotPlayer}. */
export interface SnapshotPlayerOptions {
  /**
   * How many snapshots it holds: an integer from 4 to 1024. Each takes 8 bytes for each
   * number of each place, once it is needed.
   *
   * @default {32}
   */
  readonly capacity?: number;
  /**
   * What points move on between snapshots: a `"line"`, or a `"curve"` as of
   * `interpolateCurve`.
   *
   * @default {"line"}
   */
  readonly path?: "line" | "curve";
  /**
   * How rotations are blended.
   *
   * @default {"corrected"}
   */
  readonly rotations?: RotationBlend;
  /**
   * How long everything moves on after the last snapshot, in milliseconds of the
   * world's ticks: 0 or more. Then it stands.
   *
   * @default {250}
   */
  readonly maxExtrapolationMs?: number;
  /**
   * When a snapshot shows that what was drawn was wrong, in how many milliseconds the
   * error shrinks to a third (to 1/e): 0 or more. With 0 it is mended at once.
   *
   * @default {100}
   */
  readonly smoothingMs?: number;
}

/**
 * What a frame is made of:
 *
 * - `"waiting"`: nothing, as there is no snapshot yet;
 * - `"early"`: the first snapshot, which is later than the moment;
 * - `"interpolated"`: the two snapshots around the moment;
 * - `"extrapolated"`: the last ones, from which everything moves on;
 * - `"stalled"`: the same, but the time of moving on is over.
 */
export type PlayState =
  | "waiting"
  | "early"
  | "interpolated"
  | "extrapolated"
  | "stalled";

/** How far off an extrapolation was, as a snapshot has shown. */
export interface ExtrapolationError {
  /** How many times this was found out. The rest is about the last time. */
  readonly count: number;
  /** How many ticks it went beyond the last snapshot. */
  readonly ticks: number;
  /** How many entities were compared. Those that jumped or went are not. */
  readonly entities: number;
  /** The largest distance of an entity from where it was, in units of its points. */
  readonly max: number;
  /** The mean of all distances. */
  readonly mean: number;
}

/**
 * Draws the entities of one type from snapshots as they come: it keeps them, finds those
 * around the moment that is drawn, and interpolates, or moves on for a while when there
 * are none. Once there are frames for all that it holds, no object is made.
 *
 * Where a snapshot shows that what was drawn is wrong (it was extrapolated, or a late
 * snapshot fills a gap), nothing jumps: the difference shrinks with a time constant. The
 * same goes for an entity of which partial snapshots had nothing new, if they are told.
 *
 * @example Between two snapshots, and beyond
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vec2 } from "@tickwire/net/protocol";
 * import { defineEntity, EntityTable, frameLayout, SnapshotPlayer } from "@tickwire/net/sync";
 *
 * const at = vec2({ min: 0, max: 100, step: 1 });
 * const ship = defineEntity({ at }, { maxEntities: 1 });
 * const player = new SnapshotPlayer(frameLayout(ship));
 * const table = new EntityTable(ship);
 * table.place(0, 0);
 * for (const tick of [10, 12]) {
 *   table.values.set([tick, 50]);
 *   player.push(tick, table);
 * }
 * assertEquals(player.update(10.5, 1 / 60), "interpolated");
 * assertEquals([...player.frame.values], [10.5, 50]);
 * assertEquals(player.update(13, 1 / 60), "extrapolated");
 * assertEquals([...player.frame.values], [13, 50]);
 * ```
 */
export class SnapshotPlayer {
  /** What is drawn. The next `update` overwrites it. */
  readonly frame: Frame;
  /** Places with an entity that was not there at the `update` before the last. */
  readonly appeared: Uint32Array;
  /** Places whose entity of then is not there any more, or has made room for another. */
  readonly disappeared: Uint32Array;
  /**
   * How far off each place was when an extrapolation was last compared; -1 for those that
   * were not.
   */
  readonly errors: Float64Array;
  readonly #layout: FrameLayout;
  readonly #isCurve: boolean;
  readonly #rotations: RotationBlend;
  readonly #maxTicks: number;
  readonly #smoothingMs: number;
  readonly #ring: FrameRing;
  readonly #gaps: Gaps;
  readonly #others: Uint32Array;
  readonly #truth: Frame;
  readonly #guess: Frame;
  readonly #correction: Correction;
  readonly #shownAlive: Uint32Array;
  readonly #shownMarks: Uint32Array;
  readonly #error = { count: 0, ticks: 0, entities: 0, max: 0, mean: 0 };
  /** What the last frame was made of. */
  readonly #plan: Plan = emptyPlan();
  readonly #check: Plan = emptyPlan();
  #hasNews = false;
  /** Whether news have changed frames that were there. */
  #isMended = false;

  /**
   * Creates a player without snapshots.
   *
   * @param layout What is drawn.
   * @param options How.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(layout: FrameLayout, options: SnapshotPlayerOptions = {}) {
    const {
      capacity = 32,
      path = "line",
      rotations = "corrected",
      maxExtrapolationMs = 250,
      smoothingMs = 100,
    } = options;
    checkInteger("capacity", capacity, 4, 1024);
    checkNotNegative("maxExtrapolationMs", maxExtrapolationMs);
    checkNotNegative("smoothingMs", smoothingMs);
    this.#layout = layout;
    this.#isCurve = path === "curve";
    this.#rotations = rotations;
    // Beyond this, a tick would not be a safe integer any more.
    this.#maxTicks = Math.min(
      maxExtrapolationMs / 1_000 * layout.tickRate,
      2 ** 32,
    );
    this.#smoothingMs = smoothingMs;
    this.#ring = new FrameRing(layout, capacity);
    this.#gaps = new Gaps(layout, this.#maxTicks);
    this.frame = new Frame(layout);
    this.#others = new Uint32Array(this.frame.alive.length);
    this.#truth = new Frame(layout);
    this.#guess = new Frame(layout);
    this.#correction = new Correction(layout);
    this.appeared = new Uint32Array(this.frame.alive.length);
    this.disappeared = new Uint32Array(this.frame.alive.length);
    this.errors = new Float64Array(layout.capacity).fill(-1);
    this.#shownAlive = new Uint32Array(this.frame.alive.length);
    this.#shownMarks = new Uint32Array(layout.capacity);
  }

  /** How many snapshots it holds. */
  get size(): number {
    return this.#ring.size;
  }

  /** The tick of the newest snapshot; -1 if there is none. */
  get newestTick(): number {
    const { size } = this.#ring;
    return size === 0 ? -1 : this.#ring.at(size - 1).tick;
  }

  /** What the last frame was made of. */
  get state(): PlayState {
    return this.#plan.state;
  }

  /**
   * The snapshot that the entities of the last frame are of: the earlier one of two.
   */
  get beforeTick(): number {
    return this.#plan.before;
  }

  /** The later one of the two; the same as `beforeTick` if there was only one. */
  get afterTick(): number {
    return this.#plan.after;
  }

  /** How far the last frame was from `beforeTick` to `afterTick`: 0 to 1. */
  get blend(): number {
    const { before, after, tick } = this.#plan;
    return after > before ? (tick - before) / (after - before) : 0;
  }

  /**
   * What a player saw on the last frame, for the input that goes with it; `undefined` if
   * there was none, or its snapshots are more than 63 ticks apart.
   */
  get view(): ViewStamp | undefined {
    const { before, after, tick } = this.#plan;
    return before < 0 || after - before > MAX_VIEW_SPAN
      ? undefined
      : viewStamp(before, after, tick);
  }

  /** How far off extrapolations were. It changes as they are compared. */
  get extrapolationError(): ExtrapolationError {
    return this.#error;
  }

  /**
   * Takes a snapshot, in whatever order they come. At the bound the oldest makes room.
   *
   * @param tick Its tick: an integer from 0 to 2^32 - 1.
   * @param table A table of the layout's type, whose numbers are valid. It is copied.
   * @param stale The places whose values are older than the tick, as of
   * `WorldSnapshot.stale`; none if left out. They move on as they did, and once there is a
   * later sample of an entity, it moves straight to that.
   * @param changed The places in which it differs from the snapshot of `baseTick`, which
   * saves the work for the others; all if left out.
   * @param baseTick The tick of a snapshot that was pushed. If it is not there any more,
   * all places are taken.
   * @returns `false` if it was refused: there is one of the tick, or it is older than
   * all of a full player.
   * @throws {RangeError} If `tick` is no such integer.
   */
  push(
    tick: number,
    table: TableContent,
    stale?: Uint32Array,
    changed?: Uint32Array,
    baseTick?: number,
  ): boolean {
    checkInteger("tick", tick, 0, 0xffff_ffff);
    const base = changed === undefined || baseTick === undefined
      ? undefined
      : this.#ring.find(baseTick);
    const frame = this.#ring.insert(tick);
    if (frame === undefined) return false;
    const { alive, guessed } = frame;
    if (base === undefined) {
      frame.fill(table);
    } else {
      const others = this.#others;
      for (let i = 0; i < others.length; i++) {
        others[i] = changed![i]! | base.guessed[i]!;
      }
      // At the bound, the base may be the very frame that makes room.
      if (base !== frame) frame.copyFrom(base);
      frame.fill(table, others);
    }
    frame.tick = tick;
    for (let i = 0; i < guessed.length; i++) {
      guessed[i] = stale === undefined ? 0 : stale[i]! & alive[i]!;
    }
    if (this.#gaps.mend(this.#ring, this.#ring.placeAfter(tick) - 1)) {
      this.#isMended = true;
    }
    this.#hasNews = true;
    return true;
  }

  /**
   * Makes the frame of a moment.
   *
   * @param renderTick The moment in ticks, a fraction too; it may go back. It is rounded
   * to the 1/1024 tick that a `ViewStamp` can tell.
   * @param dt Seconds since the last call: 0 or more.
   * @returns What it is made of.
   * @throws {RangeError} If `renderTick` is not finite, or `dt` is negative.
   */
  update(renderTick: number, dt: number): PlayState {
    if (!Number.isFinite(renderTick)) {
      throw new RangeError(
        `Cannot update a SnapshotPlayer as renderTick must be finite: current value is ${renderTick}`,
      );
    }
    checkNotNegative("dt", dt);
    if (this.#hasNews) this.#takeNews();
    const plan = this.#plan;
    this.#planFor(Math.round(renderTick * VIEW_STEPS) / VIEW_STEPS, plan);
    if (plan.state !== "waiting") {
      this.#play(plan, this.frame);
      if (this.#smoothingMs > 0) {
        this.#correction.apply(this.frame, dt * 1_000 / this.#smoothingMs);
      }
    }
    this.#compareShown();
    return plan.state;
  }

  /** Forgets all snapshots, and what was drawn. */
  clear(): void {
    this.#ring.clear();
    this.#correction.clear();
    Object.assign(this.#plan, emptyPlan());
    this.#hasNews = this.#isMended = false;
    this.frame.alive.fill(0);
    this.#compareShown();
  }

  /** Finds out what news say about the last frame. */
  #takeNews(): void {
    this.#hasNews = false;
    const plan = this.#plan;
    if (plan.state === "waiting") return;
    const check = this.#check;
    this.#planFor(plan.tick, check);
    const isMended = this.#isMended;
    this.#isMended = false;
    const isSame = isSamePlan(plan, check);
    if (isSame && !isMended) return;
    if (!isSame) this.#compareGuess();
    if (this.#smoothingMs === 0) return;
    this.#play(check, this.#truth);
    this.#correction.take(this.frame, this.#truth);
  }

  /** Compares what was extrapolated with what is known now. */
  #compareGuess(): void {
    const plan = this.#plan;
    if (plan.state !== "extrapolated" && plan.state !== "stalled") return;
    const tick = Math.min(plan.tick, this.newestTick);
    const last = this.#ring.find(plan.before);
    const earlier = this.#ring.find(plan.earlier) ?? last;
    if (last === undefined || earlier === undefined || tick <= last.tick) {
      return;
    }
    const ticks = Math.min(tick - last.tick, this.#maxTicks);
    extrapolate(earlier, last, ticks, this.#guess);
    this.#planFor(tick, this.#check);
    this.#play(this.#check, this.#truth);
    const { guessed } = this.#ring.find(this.#check.after)!;
    measure(this.#guess, this.#truth, guessed, this.errors, this.#error);
    this.#error.ticks = ticks;
    this.#planFor(plan.tick, this.#check);
  }

  #planFor(tick: number, into: Plan): void {
    const ring = this.#ring;
    const { size } = ring;
    into.tick = tick;
    into.earlier =
      into.later =
      into.before =
      into.after =
        -1;
    if (size === 0) {
      into.state = "waiting";
      return;
    }
    const place = ring.placeAfter(tick) - 1;
    if (place < 0) {
      into.state = "early";
      into.before = into.after = ring.at(0).tick;
      return;
    }
    const before = ring.at(place);
    into.before = into.after = before.tick;
    if (place > 0) into.earlier = ring.at(place - 1).tick;
    if (place + 1 < size) {
      into.state = "interpolated";
      into.after = ring.at(place + 1).tick;
      if (place + 2 < size) into.later = ring.at(place + 2).tick;
    } else if (tick === before.tick) {
      into.state = "interpolated";
    } else {
      into.state = tick - before.tick > this.#maxTicks
        ? "stalled"
        : "extrapolated";
    }
    if (into.state === "interpolated" && !this.#isCurve) {
      into.earlier = into.later = -1;
    }
  }

  #play(plan: Plan, out: Frame): void {
    const ring = this.#ring;
    const before = ring.find(plan.before)!;
    if (plan.state === "extrapolated" || plan.state === "stalled") {
      const ticks = Math.min(plan.tick - before.tick, this.#maxTicks);
      extrapolate(ring.find(plan.earlier) ?? before, before, ticks, out);
      return;
    }
    if (plan.after === plan.before) {
      out.copyFrom(before);
      out.blended.set(out.alive);
      return;
    }
    const after = ring.find(plan.after)!;
    const blend = (plan.tick - before.tick) / (after.tick - before.tick);
    if (this.#isCurve) {
      interpolateCurve(
        ring.find(plan.earlier),
        before,
        after,
        ring.find(plan.later),
        blend,
        out,
        this.#rotations,
      );
    } else interpolate(before, after, blend, out, this.#rotations);
  }

  #compareShown(): void {
    const { alive, marks } = this.frame;
    const shown = this.#shownAlive;
    const shownMarks = this.#shownMarks;
    for (let word = 0; word < alive.length; word++) {
      let others = 0;
      let both = alive[word]! & shown[word]!;
      while (both !== 0) {
        const bit = both & -both;
        both ^= bit;
        const slot = (word << 5) + 31 - Math.clz32(bit);
        if ((marks[slot]! ^ shownMarks[slot]!) >>> 16 !== 0) others |= bit;
      }
      this.appeared[word] = alive[word]! & ~shown[word]! | others;
      this.disappeared[word] = shown[word]! & ~alive[word]! | others;
    }
    shown.set(alive);
    shownMarks.set(marks);
  }
}

/** What a frame is made of: ticks of snapshots, -1 for none. */
interface Plan {
  state: PlayState;
  tick: number;
  earlier: number;
  before: number;
  after: number;
  later: number;
}

function emptyPlan(): Plan {
  return {
    state: "waiting",
    tick: 0,
    earlier: -1,
    before: -1,
    after: -1,
    later: -1,
  };
}

function isSamePlan(a: Plan, b: Plan): boolean {
  return a.state === b.state && a.before === b.before && a.after === b.after &&
    a.earlier === b.earlier && a.later === b.later;
}

/** Measures how far the points of entities are from where they should be. */
function measure(
  guess: Frame,
  truth: Frame,
  guessed: Uint32Array,
  errors: Float64Array,
  into: { count: number; entities: number; max: number; mean: number },
): void {
  const { fields } = guess.layout;
  const { capacity } = guess;
  let entities = 0;
  let max = 0;
  let sum = 0;
  for (let slot = 0; slot < capacity; slot++) {
    errors[slot] = -1;
    if (!guess.isAlive(slot) || !truth.isAlive(slot)) continue;
    if (guess.marks[slot] !== truth.marks[slot]) continue;
    if (hasBit(guessed, slot)) continue;
    let worst = 0;
    for (let i = 0; i < fields.length; i++) {
      const { kind, first, count } = fields[i]!;
      if (kind !== "point") continue;
      let square = 0;
      for (let lane = first; lane < first + count; lane++) {
        const at = lane * capacity + slot;
        const off = guess.values[at]! - truth.values[at]!;
        square += off * off;
      }
      worst = Math.max(worst, square);
    }
    const error = Math.sqrt(worst);
    errors[slot] = error;
    entities++;
    sum += error;
    max = Math.max(max, error);
  }
  into.count++;
  into.entities = entities;
  into.max = max;
  into.mean = entities === 0 ? 0 : sum / entities;
}
