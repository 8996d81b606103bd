// This module is browser compatible.

/** A stretch of time in which a zone's clocks do not jump. It may go on, or have begun before. */
export interface ZoneSegment {
  /** Its first millisecond since the epoch. */
  readonly startMs: number;
  /** The first millisecond behind it. */
  readonly endMs: number;
  /** What clocks are ahead of UTC, in milliseconds. */
  readonly offsetMs: number;
}

/** No zone has two jumps within so short a time. */
const CELL_MS = 6 * 3_600_000;
const MAX_CELLS = 1_024;

/**
 * What a zone's clocks show, from the runtime's own time zone data. A look-up in it takes microseconds; what was found is
 * kept, in cells of a few hours.
 */
export class ZoneOffsets {
  readonly #format: Intl.DateTimeFormat;
  readonly #cells = new Map<number, readonly ZoneSegment[]>();

  /** @throws {RangeError} If the runtime does not know the zone. */
  constructor(timeZone: string) {
    // "+01:00", which some runtimes take and others do not, is no name.
    if (!/^[A-Za-z][\w+/-]{0,63}$/.test(timeZone)) throw zoneError(timeZone);
    try {
      this.#format = new Intl.DateTimeFormat("en-US", {
        timeZone,
        calendar: "gregory",
        numberingSystem: "latn",
        hourCycle: "h23",
        year: "numeric",
        month: "2-digit",
        day: "2-digit",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
      });
    } catch (error) {
      throw zoneError(timeZone, error);
    }
  }

  /** A segment that a moment is in. */
  segmentAt(epochMs: number): ZoneSegment {
    const index = Math.floor(epochMs / CELL_MS);
    let cell = this.#cells.get(index);
    if (cell === undefined) {
      cell = this.#readCell(index);
      if (this.#cells.size >= MAX_CELLS) this.#cells.clear();
      this.#cells.set(index, cell);
    }
    return epochMs < cell[0]!.endMs ? cell[0]! : cell[1]!;
  }

  #readCell(index: number): ZoneSegment[] {
    const startMs = index * CELL_MS;
    const endMs = startMs + CELL_MS;
    const before = this.#cells.get(index - 1)?.at(-1);
    const offsetMs = before?.offsetMs ?? this.#offsetMs(startMs);
    const after = this.#cells.get(index + 1)?.[0];
    const endOffsetMs = after?.offsetMs ?? this.#offsetMs(endMs);
    if (offsetMs === endOffsetMs) return [{ startMs, endMs, offsetMs }];
    let low = startMs / 1000;
    let high = endMs / 1000;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#offsetMs(middle * 1000) === offsetMs) low = middle;
      else high = middle;
    }
    const jumpMs = high * 1000;
    return [
      { startMs, endMs: jumpMs, offsetMs },
      { startMs: jumpMs, endMs, offsetMs: endOffsetMs },
    ];
  }

  #offsetMs(epochMs: number): number {
    const [month, day, year, hour, minute, second] = this.#format
      .format(epochMs).match(/\d+/g)!.map(Number) as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
    return Date.UTC(year, month - 1, day, hour, minute, second) - epochMs;
  }
}

function zoneError(timeZone: string, cause?: unknown): RangeError {
  return new RangeError(
    `Cannot use time zone as it must be one of the IANA's that this runtime knows: current value is ${
      JSON.stringify(timeZone.slice(0, 64))
    }`,
    { cause },
  );
}
