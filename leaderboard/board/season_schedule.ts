// This module is browser compatible.
import { Cron } from "./_cron.ts";
import { ZoneOffsets } from "./_zone_offsets.ts";

/** A season: from one reset, which is in it, to the next, which is not. */
export interface Season {
  /** When it began, in epoch milliseconds. */
  readonly startMs: number;
  /** When the next one begins; `Infinity` if it never ends. */
  readonly endMs: number;
}

/** When seasons begin. */
export interface SeasonScheduleOptions {
  /**
   * Minute (0 to 59), hour (0 to 23), day of the month (1 to 31), month (1 to 12 or `jan` to `dec`) and day of the week
   * (0 to 7 or `sun` to `sat`; 0 and 7 are Sunday), separated by blanks. Each is `*` for all, a number, a range (`1-5`),
   * a range or `*` with a step behind a slash (`0-59/15`), or a list of them with commas. Where neither of the days has
   * a `*` in it, it is enough that one of them fits, as in crontab(5).
   */
  readonly cron: string;
  /**
   * The zone whose clocks it goes by, as the IANA names it.
   *
   * @default {"UTC"}
   */
  readonly timeZone?: string;
}

const MINUTE_MS = 60_000;
/** No zone has ever been further from UTC. */
const MAX_OFFSET_MS = 16 * 3_600_000;
/** No clock has ever been set further. */
const MAX_JUMP_MS = 2 * MAX_OFFSET_MS;
/** The end of the year 9999. */
const MAX_EPOCH_MS = 253_402_300_799_999;

/**
 * Seasons that begin at times of day, by the clocks of a time zone.
 *
 * Where the clocks are set, no reset is missed and none comes twice: one whose time the clocks skip comes when they
 * jump, together with others of which that is so, and one whose time they show twice comes at the first of the two. A
 * cron with a `*` in its hour is about the clock and not the day, and follows it: what is skipped is not made up, what
 * is shown twice comes twice, and so hours stay real hours.
 *
 * The zone's rules are those that the runtime knows (`Intl`).
 *
 * @example Mondays at midnight in Berlin, on the week in which summer time ends
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SeasonSchedule } from "@tickwire/net/leaderboard";
 *
 * const weekly = new SeasonSchedule({ cron: "0 0 * * mon", timeZone: "Europe/Berlin" });
 * const { startMs, endMs } = weekly.seasonAt(Date.UTC(2026, 9, 22));
 * assertEquals(new Date(startMs).toISOString(), "2026-10-18T22:00:00.000Z");
 * assertEquals(new Date(endMs).toISOString(), "2026-10-25T23:00:00.000Z");
 * ```
 */
export class SeasonSchedule {
  readonly #cron: Cron;
  readonly #zone: ZoneOffsets;
  #last: Season | undefined;

  /**
   * Creates a schedule.
   *
   * @param options When the seasons begin.
   * @throws {TypeError} If an option is not a string.
   * @throws {SyntaxError} If `cron` is no such text, or names only days that never come, such as 30 February.
   * @throws {RangeError} If the runtime does not know the zone.
   */
  constructor(options: SeasonScheduleOptions) {
    const { cron, timeZone = "UTC" } = options;
    checkString("cron", cron);
    checkString("timeZone", timeZone);
    this.#cron = new Cron(cron);
    this.#zone = new ZoneOffsets(timeZone);
  }

  /**
   * Finds the season that a moment is in. The one that was found last is kept, so that asking again costs nothing.
   *
   * @param epochMs The moment, in epoch milliseconds: 0 to 253402300799999, the end of the year 9999.
   * @returns The reset at or before it, and the next one after it.
   * @throws {RangeError} If `epochMs` is out of range.
   */
  seasonAt(epochMs: number): Season {
    if (!(epochMs >= 0 && epochMs <= MAX_EPOCH_MS)) {
      throw new RangeError(
        `Cannot find season as epochMs must be 0 to ${MAX_EPOCH_MS}: current value is ${epochMs}`,
      );
    }
    const last = this.#last;
    if (last !== undefined && epochMs >= last.startMs && epochMs < last.endMs) {
      return last;
    }
    const season = this.#cron.hasAnyHour
      ? {
        startMs: this.#shownBefore(epochMs),
        endMs: this.#shownAfter(epochMs),
      }
      : this.#seasonOfDays(epochMs);
    this.#last = Object.freeze(season);
    return season;
  }

  /** What the clocks have shown never becomes undone by setting them back: a reset comes when its time is first passed. */
  #seasonOfDays(epochMs: number): Season {
    const minute = this.#lastReached(epochMs);
    return {
      startMs: this.#reachedMs(this.#cron.atOrBefore(minute)),
      endMs: this.#reachedMs(this.#cron.atOrAfter(minute + 1)),
    };
  }

  /** The latest minute that the clocks have shown or skipped by then. */
  #lastReached(epochMs: number): number {
    let latest = -Infinity;
    let at = epochMs - MAX_JUMP_MS;
    for (;;) {
      const { endMs, offsetMs } = this.#zone.segmentAt(at);
      if (endMs > epochMs) {
        return Math.max(latest, Math.floor((epochMs + offsetMs) / MINUTE_MS));
      }
      latest = Math.max(latest, Math.ceil((endMs + offsetMs) / MINUTE_MS) - 1);
      at = endMs;
    }
  }

  /** When the clocks first show a minute, or a later one. */
  #reachedMs(minute: number): number {
    const shown = minute * MINUTE_MS;
    let at = shown - MAX_OFFSET_MS;
    for (;;) {
      const { startMs, endMs, offsetMs } = this.#zone.segmentAt(at);
      const reached = Math.max(startMs, shown - offsetMs);
      if (reached < endMs) return reached;
      at = endMs;
    }
  }

  /** When the clocks last showed one of the times. */
  #shownBefore(epochMs: number): number {
    let at = epochMs;
    for (;;) {
      const { startMs, offsetMs } = this.#zone.segmentAt(at);
      const shown = this.#cron.atOrBefore(
        Math.floor((at + offsetMs) / MINUTE_MS),
      ) * MINUTE_MS;
      if (shown - offsetMs >= startMs) return shown - offsetMs;
      // Far from all the times, whatever the clocks do meanwhile.
      const near = this.#cron.atOrBefore(
        Math.floor((at + offsetMs + MAX_JUMP_MS) / MINUTE_MS),
      ) * MINUTE_MS;
      at = Math.min(startMs - 1, near - offsetMs + MAX_JUMP_MS);
    }
  }

  /** When the clocks next show one of the times. */
  #shownAfter(epochMs: number): number {
    let at = epochMs + 1;
    for (;;) {
      const { endMs, offsetMs } = this.#zone.segmentAt(at);
      const shown = this.#cron.atOrAfter(
        Math.ceil((at + offsetMs) / MINUTE_MS),
      ) * MINUTE_MS;
      if (shown - offsetMs < endMs) return shown - offsetMs;
      const near = this.#cron.atOrAfter(
        Math.ceil((at + offsetMs - MAX_JUMP_MS) / MINUTE_MS),
      ) * MINUTE_MS;
      at = Math.max(endMs, near - offsetMs - MAX_JUMP_MS);
    }
  }
}

function checkString(name: string, value: unknown): void {
  if (typeof value === "string") return;
  throw new TypeError(
    `Cannot schedule seasons as ${name} must be a string: current type is ${typeof value}`,
  );
}
