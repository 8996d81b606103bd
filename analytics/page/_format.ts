// This module is browser compatible.

/** What a figure is. */
export type FigureKind =
  | "text"
  | "time"
  | "hour"
  | "day"
  | "count"
  | "share"
  | "frameMs"
  | "durationMs"
  | "bytes";

/** Writes figures for people, as their browser would. Times are UTC, as the collector's hours and days are. */
export interface Format {
  /** A figure in full. */
  figure(value: number, kind: FigureKind): string;
  /** How much more or less something is: "+12%". */
  change(share: number): string;
  /** A figure for an axis, short. */
  short(value: number, kind: FigureKind): string;
  /** The beginning of an hour or a day. */
  start(timeMs: number, step: "hour" | "day"): string;
  /** The same for an axis: an hour of a day, or a day. */
  tick(timeMs: number, step: "hour" | "day"): string;
  /** A time to the second. */
  moment(timeMs: number): string;
  /** A day. */
  day(timeMs: number): string;
  /** A time of the reader's own clock. */
  clock(timeMs: number): string;
  /** A number of things: "1 session", "2 sessions". */
  many(count: number, one: string, more?: string): string;
}

/** Makes the {@linkcode Format} of the page. */
export function makeFormat(): Format {
  const utc = { timeZone: "UTC" } as const;
  const whole = new Intl.NumberFormat([], { maximumFractionDigits: 0 });
  const compact = new Intl.NumberFormat([], {
    notation: "compact",
    maximumFractionDigits: 1,
  });
  const oneDigit = new Intl.NumberFormat([], {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  const upToOne = new Intl.NumberFormat([], { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat([], {
    style: "percent",
    maximumFractionDigits: 1,
  });
  const signed = new Intl.NumberFormat([], {
    style: "percent",
    maximumFractionDigits: 1,
    signDisplay: "exceptZero",
  });
  const hourOfDay = new Intl.DateTimeFormat([], {
    ...utc,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const shortDay = new Intl.DateTimeFormat([], {
    ...utc,
    day: "numeric",
    month: "short",
  });
  const longDay = new Intl.DateTimeFormat([], {
    ...utc,
    day: "numeric",
    month: "short",
    year: "numeric",
  });
  const toSecond = new Intl.DateTimeFormat([], {
    ...utc,
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const ownClock = new Intl.DateTimeFormat([], { timeStyle: "medium" });
  const units = ["day", "hour", "minute", "second"].map((unit) =>
    new Intl.NumberFormat([], { style: "unit", unit, unitDisplay: "narrow" })
  );

  /** The two largest units: "3h 20m", "45s". */
  function duration(valueMs: number): string {
    const seconds = Math.round(valueMs / 1_000);
    if (valueMs > 0 && seconds === 0) {
      return `${whole.format(Math.max(1, valueMs))} ms`;
    }
    const parts = [
      Math.floor(seconds / 86_400),
      Math.floor(seconds / 3_600) % 24,
      Math.floor(seconds / 60) % 60,
      seconds % 60,
    ];
    const first = parts.findIndex((it) => it > 0);
    if (first === -1) return units[3]!.format(0);
    const texts = [units[first]!.format(parts[first]!)];
    const next = parts[first + 1];
    if (next !== undefined && next > 0) {
      texts.push(units[first + 1]!.format(next));
    }
    return texts.join(" ");
  }

  function bytes(value: number): string {
    const names = ["B", "KiB", "MiB", "GiB", "TiB"];
    let rank = 0;
    while (value >= 1_024 && rank < names.length - 1) {
      value /= 1_024;
      rank++;
    }
    return `${(value < 10 ? upToOne : whole).format(value)} ${names[rank]}`;
  }

  function figure(value: number, kind: FigureKind): string {
    switch (kind) {
      case "time":
        return toSecond.format(value);
      case "hour":
      case "day":
        return start(value, kind);
      case "share":
        return percent.format(value);
      case "frameMs":
        return `${
          value < 1_000 ? oneDigit.format(value) : whole.format(value)
        } ms`;
      case "durationMs":
        return duration(value);
      case "bytes":
        return bytes(value);
      default:
        return whole.format(value);
    }
  }

  function short(value: number, kind: FigureKind): string {
    if (kind === "count") return compact.format(value);
    if (kind === "frameMs") return upToOne.format(value);
    return figure(value, kind);
  }

  function start(timeMs: number, step: "hour" | "day"): string {
    return step === "day"
      ? longDay.format(timeMs)
      : `${shortDay.format(timeMs)}, ${hourOfDay.format(timeMs)}`;
  }

  function tick(timeMs: number, step: "hour" | "day"): string {
    return step === "day" || timeMs % 86_400_000 === 0
      ? shortDay.format(timeMs)
      : hourOfDay.format(timeMs);
  }

  function many(count: number, one: string, more = `${one}s`): string {
    return `${whole.format(count)} ${count === 1 ? one : more}`;
  }

  return {
    figure,
    change: (share) => signed.format(share),
    short,
    start,
    tick,
    moment: (timeMs) => toSecond.format(timeMs),
    day: (timeMs) => longDay.format(timeMs),
    clock: (timeMs) => ownClock.format(timeMs),
    many,
  };
}
