// This module is browser compatible.
import { type Season, SeasonSchedule } from "./season_schedule.ts";

const ENDLESS: Season = Object.freeze({ startMs: 0, endMs: Infinity });

/** A period of a board, with its options settled. */
export class BoardPeriod {
  readonly name: string;
  /** When seasons begin; `undefined` for a period that has only one. */
  readonly cron: string | undefined;
  readonly timeZone: string;
  /** How many seasons that are over stay readable. */
  readonly keepSeasons: number;
  readonly #schedule: SeasonSchedule | undefined;

  /** @throws {SyntaxError | RangeError} As {@linkcode SeasonSchedule} does. */
  constructor(
    name: string,
    cron: string | undefined,
    timeZone: string,
    keepSeasons: number,
  ) {
    this.name = name;
    this.cron = cron;
    this.timeZone = timeZone;
    this.keepSeasons = keepSeasons;
    if (cron !== undefined) {
      this.#schedule = new SeasonSchedule({ cron, timeZone });
    }
  }

  /** The season that a moment is in: 0 to `Infinity` for the only one. Quick enough for every request to ask. */
  seasonAt(epochMs: number): Season {
    return this.#schedule?.seasonAt(epochMs) ?? ENDLESS;
  }
}
