// This module is browser compatible.

import type { AnalyticsEvent } from "../event/analytics_event.ts";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import { HitchMeter } from "./_hitch_meter.ts";

/** 70 minutes. One frame after a night's sleep of the machine would push all others out of a sketch. */
const MAX_FRAME_MS = 2 ** 22;
/** 4 TiB. */
const MAX_MEMORY_BYTES = 2 ** 42;

const COLUMNS = [
  "deaths",
  "kills",
  "floors",
  "items",
  "score",
  "playTime",
  "bossesSeen",
  "bossesKilled",
  "maxFloor",
  "totalDamageDealt",
  "totalDamageTaken",
  "frames",
  "avgFrameMs",
  "p50FrameMs",
  "p99FrameMs",
  "p999FrameMs",
  "hitches",
  "maxMemoryBytes",
] as const;

/** What a session came to, as the fields of a `sessionEnd`. */
export interface SessionFigures {
  /** How much was played, in milliseconds: an integer, 0 or more. */
  readonly playTimeMs: number;
  /** How often the player died: an integer, 0 or more. */
  readonly deaths: number;
  /** How many enemies fell: an integer, 0 or more. */
  readonly kills: number;
  /** How many floors were completed: an integer, 0 or more. */
  readonly floors: number;
  /** How many items were picked up: an integer, 0 or more. */
  readonly items: number;
  /** The score: a finite number. */
  readonly score: number;
  /** How many fights with bosses there were: an integer, 0 or more. */
  readonly bossesSeen: number;
  /** How many of them were won: an integer, 0 or more. */
  readonly bossesKilled: number;
  /** The highest floor: an integer, 0 to 1,000,000. */
  readonly maxFloor: number;
  /** The damage that the player dealt: 0 or more. */
  readonly totalDamageDealt: number;
  /** The damage that the player took: 0 or more. */
  readonly totalDamageTaken: number;
}

/** What was measured since it was last taken. */
export interface TakenFrames {
  /** The frame times in milliseconds. */
  readonly sketch: QuantileSketch;
  /** How many of them were hitches. */
  readonly hitches: number;
}

/**
 * What happened in a session: counters that a game may set as it likes and that events update, and sketches of frame times
 * and memory, which take the same room after an hour as after a minute.
 *
 * @example A few frames and a death
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsEvent, SessionStats } from "@tickwire/net/analytics";
 *
 * const stats = new SessionStats();
 * for (let frame = 0; frame < 600; frame++) stats.recordFrame(frame % 300 === 299 ? 90 : 16.7);
 * stats.apply(AnalyticsEvent.death({ cause: "spikes", floor: 3 }));
 * stats.kills += 2;
 *
 * assertEquals([stats.deaths, stats.kills, stats.maxFloor], [1, 2, 3]);
 * assertEquals(stats.hitches, 2);
 * assertEquals(Math.round(stats.p50FrameMs), 17);
 * ```
 */
export class SessionStats {
  /** How often the player died. */
  deaths = 0;
  /** How many enemies fell. */
  kills = 0;
  /** How many floors were completed. */
  floors = 0;
  /** How many items were picked up. */
  items = 0;
  /** The score; only the game sets it. */
  score = 0;
  /** How long was played, in seconds; only whoever ticks sets it. */
  playTime = 0;
  /** How many fights with bosses there were. */
  bossesSeen = 0;
  /** How many of them were won. */
  bossesKilled = 0;
  /** The highest floor that an event was on. */
  maxFloor = 0;
  /** The damage that the player dealt. */
  totalDamageDealt = 0;
  /** The damage that the player took. */
  totalDamageTaken = 0;

  readonly #frames = new QuantileSketch();
  readonly #memory = new QuantileSketch();
  readonly #hitchMeter = new HitchMeter();
  #newFrames = new QuantileSketch();
  #newMemory = new QuantileSketch();
  #hitches = 0;
  #newHitches = 0;

  /**
   * Adds a frame. It is a hitch if it took longer than 25 ms and than twice the running median of the frames before it.
   *
   * @param ms How long it took, in milliseconds: above 2^22 (70 minutes) it counts as that, below 0 as 0, and what is no
   * number not at all.
   */
  recordFrame(ms: number): void {
    if (ms > MAX_FRAME_MS) ms = MAX_FRAME_MS;
    this.#frames.add(ms);
    this.#newFrames.add(ms);
    if (this.#hitchMeter.isHitch(ms)) {
      this.#hitches++;
      this.#newHitches++;
    }
  }

  /**
   * Adds a measurement of the memory in use.
   *
   * @param bytes How much it is, in bytes: above 2^42 it counts as that, below 0 as 0, and what is no number not at all.
   */
  recordMemory(bytes: number): void {
    if (bytes > MAX_MEMORY_BYTES) bytes = MAX_MEMORY_BYTES;
    this.#memory.add(bytes);
    this.#newMemory.add(bytes);
  }

  /** How many frames there were. */
  get frames(): number {
    return this.#frames.count;
  }

  /** The mean of the frame times in milliseconds; 0 before the first frame. */
  get avgFrameMs(): number {
    const { count, sum } = this.#frames;
    return count === 0 ? 0 : sum / count;
  }

  /** The median of the frame times in milliseconds, within 0.55 %; 0 before the first frame. */
  get p50FrameMs(): number {
    return this.frameQuantile(0.5);
  }

  /** What 99 % of the frame times are below, in milliseconds, within 0.55 %; 0 before the first frame. */
  get p99FrameMs(): number {
    return this.frameQuantile(0.99);
  }

  /** What 99.9 % of the frame times are below, in milliseconds, within 0.55 %; 0 before the first frame. */
  get p999FrameMs(): number {
    return this.frameQuantile(0.999);
  }

  /** How many frames were hitches. */
  get hitches(): number {
    return this.#hitches;
  }

  /** The most memory that was in use, in bytes; 0 before the first measurement. */
  get maxMemoryBytes(): number {
    return this.#memory.max;
  }

  /**
   * Estimates a quantile of the frame times.
   *
   * @param q Which, 0 to 1: 0.95 for what 95 % of the frames are below.
   * @returns It in milliseconds, within 0.55 %; 0 before the first frame.
   * @throws {RangeError} If `q` is not from 0 to 1.
   */
  frameQuantile(q: number): number {
    return this.#frames.quantile(q);
  }

  /**
   * Estimates a quantile of the memory in use.
   *
   * @param q Which, 0 to 1.
   * @returns It in bytes, within 0.55 %; 0 before the first measurement.
   * @throws {RangeError} If `q` is not from 0 to 1.
   */
  memoryQuantile(q: number): number {
    return this.#memory.quantile(q);
  }

  /**
   * Updates the counters by an event: `death`, `bossEncounter`, `itemPickup` and `floorComplete`; others have no effect.
   * Kills come from the `kills` of a `floorComplete`, items from each `itemPickup`; the `items` of a `floorComplete` are
   * the same ones again and are not counted.
   *
   * @param event An event that fits its definition.
   */
  apply(event: Pick<AnalyticsEvent, "name" | "fields">): void {
    const { name, fields } = event;
    switch (name) {
      case "death":
        this.deaths++;
        break;
      case "bossEncounter":
        this.bossesSeen++;
        if (fields.won === true) this.bossesKilled++;
        this.totalDamageDealt = numberOf(this.totalDamageDealt) +
          numberOf(fields.damageDealt);
        this.totalDamageTaken = numberOf(this.totalDamageTaken) +
          numberOf(fields.damageTaken);
        break;
      case "itemPickup":
        this.items++;
        break;
      case "floorComplete":
        this.floors++;
        this.kills = numberOf(this.kills) + numberOf(fields.kills);
        break;
      default:
        return;
    }
    this.maxFloor = Math.max(numberOf(this.maxFloor), numberOf(fields.floor));
  }

  /**
   * Adds to the play time, whatever a game has set it to.
   *
   * @param seconds How long was played.
   */
  addPlayTime(seconds: number): void {
    this.playTime = numberOf(this.playTime) + seconds;
  }

  /**
   * Hands out the frames since the last call (or the beginning), and begins anew.
   *
   * @returns What is sent as a `frameTime`; `undefined` if there was no frame. It belongs to the caller.
   */
  takeFrames(): TakenFrames | undefined {
    if (this.#newFrames.count === 0) return undefined;
    const taken = { sketch: this.#newFrames, hitches: this.#newHitches };
    this.#newFrames = new QuantileSketch();
    this.#newHitches = 0;
    return taken;
  }

  /**
   * Hands out the measurements of memory since the last call (or the beginning), and begins anew.
   *
   * @returns What is sent as a `memoryUsage`, in bytes; `undefined` if there was none. It belongs to the caller.
   */
  takeMemory(): QuantileSketch | undefined {
    if (this.#newMemory.count === 0) return undefined;
    const taken = this.#newMemory;
    this.#newMemory = new QuantileSketch();
    return taken;
  }

  /**
   * Gives the figures for a `sessionEnd`, made to fit its definition whatever the game has set: counts are rounded, and
   * what is out of range is the end of the range.
   *
   * @returns A new object.
   */
  figures(): SessionFigures {
    return {
      playTimeMs: toCount(numberOf(this.playTime) * 1000),
      deaths: toCount(this.deaths),
      kills: toCount(this.kills),
      floors: toCount(this.floors),
      items: toCount(this.items),
      score: toFinite(this.score, -Number.MAX_VALUE),
      bossesSeen: toCount(this.bossesSeen),
      bossesKilled: toCount(this.bossesKilled),
      maxFloor: Math.min(toCount(this.maxFloor), 1_000_000),
      totalDamageDealt: toFinite(this.totalDamageDealt, 0),
      totalDamageTaken: toFinite(this.totalDamageTaken, 0),
    };
  }

  /**
   * Gives the figures as a row of CSV (RFC 4180), times and sizes rounded to three decimals.
   *
   * @returns The row, without an end of line: as many numbers as {@linkcode SessionStats.csvHeader} has names.
   */
  toCsvRow(): string {
    return COLUMNS.map((column) => toCell(this[column])).join(",");
  }

  /**
   * Gives the names of the columns of {@linkcode toCsvRow}.
   *
   * @returns The header, without an end of line.
   */
  static csvHeader(): string {
    return COLUMNS.join(",");
  }
}

/** A game may set a counter to whatever it has, such as a score that is a bigint, or nothing at all. */
function numberOf(value: unknown): number {
  return typeof value === "number" || typeof value === "bigint"
    ? Number(value)
    : 0;
}

function toCount(value: number): number {
  return Math.round(Math.min(toFinite(value, 0), Number.MAX_SAFE_INTEGER));
}

function toFinite(value: number, min: number): number {
  const number = numberOf(value);
  if (Number.isNaN(number)) return 0;
  return Math.min(Math.max(number, min), Number.MAX_VALUE);
}

function toCell(value: number): number {
  const finite = toFinite(value, -Number.MAX_VALUE);
  // Above this there are no three decimals, and the product may overflow.
  return Math.abs(finite) < 1e12 ? Math.round(finite * 1000) / 1000 : finite;
}
