// This module is browser compatible.

interface CronField {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** The names of `min` and those after it. */
  readonly names: readonly string[];
}

// deno-fmt-ignore
const FIELDS: readonly CronField[] = [
  { name: "minute", min: 0, max: 59, names: [] },
  { name: "hour", min: 0, max: 23, names: [] },
  { name: "day of the month", min: 1, max: 31, names: [] },
  { name: "month", min: 1, max: 12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] },
  { name: "day of the week", min: 0, max: 7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

const MAX_LENGTH = 256;
const DAY_MINUTES = 1_440;
const DAY_MS = 86_400_000;
/** After 400 years the Gregorian calendar repeats, days of the week included. */
const CYCLE_DAYS = 146_097;
const ITEM =
  /^(?:(\*)|([a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?)(\/(\d{1,2}))?$/;

/**
 * The times that a line of a crontab names, by the rules of crontab(5). It knows the calendar and no zones: a time is
 * that which a clock on the wall shows, in minutes since 1970-01-01T00:00 on that clock.
 */
export class Cron {
  /** Whether the hour is not fixed: there is a `*` in its field. */
  readonly hasAnyHour: boolean;
  readonly #minutesOfDay: readonly number[];
  readonly #daysOfMonth: ReadonlySet<number>;
  readonly #months: ReadonlySet<number>;
  readonly #daysOfWeek: ReadonlySet<number>;
  readonly #isEitherDay: boolean;

  /**
   * Parses the five fields.
   *
   * @throws {SyntaxError} If the text is none, or names no time that ever comes.
   */
  constructor(text: string) {
    if (text.length > MAX_LENGTH) {
      throw new SyntaxError(
        `Cannot parse cron as it must have at most ${MAX_LENGTH} characters: current value is ${text.length}`,
      );
    }
    const texts = text.trim().toLowerCase().split(/[ \t]+/);
    if (texts.length !== FIELDS.length) {
      throw new SyntaxError(
        `Cannot parse cron as it must have five fields (minute, hour, day of the month, month, day of the week): current value is ${
          JSON.stringify(text)
        }`,
      );
    }
    const [minutes, hours, daysOfMonth, months, daysOfWeek] = FIELDS.map(
      (field, i) => parseField(field, texts[i]!),
    ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
    if (daysOfWeek.delete(7)) daysOfWeek.add(0);
    this.hasAnyHour = texts[1]!.includes("*");
    this.#isEitherDay = !texts[2]!.includes("*") && !texts[4]!.includes("*");
    this.#daysOfMonth = daysOfMonth;
    this.#months = months;
    this.#daysOfWeek = daysOfWeek;
    this.#minutesOfDay = [...hours].flatMap((hour) =>
      [...minutes].map((minute) => hour * 60 + minute)
    ).sort((a, b) => a - b);
    if (this.#dayFrom(0, 1) === undefined) {
      throw new SyntaxError(
        `Cannot parse cron as one of its months must have one of its days: current value is ${
          JSON.stringify(text)
        }`,
      );
    }
  }

  /** The first of the times that is not before `minute`. */
  atOrAfter(minute: number): number {
    let day = Math.floor(minute / DAY_MINUTES);
    const ofDay = minute - day * DAY_MINUTES;
    if (this.#hasDay(new Date(day * DAY_MS))) {
      const next = this.#minutesOfDay.find((time) => time >= ofDay);
      if (next !== undefined) return day * DAY_MINUTES + next;
    }
    day = this.#dayFrom(day + 1, 1)!;
    return day * DAY_MINUTES + this.#minutesOfDay[0]!;
  }

  /** The last of the times that is not after `minute`. */
  atOrBefore(minute: number): number {
    let day = Math.floor(minute / DAY_MINUTES);
    const ofDay = minute - day * DAY_MINUTES;
    if (this.#hasDay(new Date(day * DAY_MS))) {
      const last = this.#minutesOfDay.findLast((time) => time <= ofDay);
      if (last !== undefined) return day * DAY_MINUTES + last;
    }
    day = this.#dayFrom(day - 1, -1)!;
    return day * DAY_MINUTES + this.#minutesOfDay.at(-1)!;
  }

  #hasDay(date: Date): boolean {
    if (!this.#months.has(date.getUTCMonth() + 1)) return false;
    const isDayOfMonth = this.#daysOfMonth.has(date.getUTCDate());
    const isDayOfWeek = this.#daysOfWeek.has(date.getUTCDay());
    return this.#isEitherDay
      ? isDayOfMonth || isDayOfWeek
      : isDayOfMonth && isDayOfWeek;
  }

  /** The nearest day there is, from one on in a direction; `undefined` if none ever comes. */
  #dayFrom(first: number, step: 1 | -1): number | undefined {
    let day = first;
    while (Math.abs(day - first) <= CYCLE_DAYS) {
      const date = new Date(day * DAY_MS);
      if (this.#hasDay(date)) return day;
      if (this.#months.has(date.getUTCMonth() + 1)) {
        day += step;
      } else {
        // To the next month's first day, or the last one's last.
        const month = date.getUTCMonth() + (step > 0 ? 1 : 0);
        const firstDay = Date.UTC(date.getUTCFullYear(), month, 1) / DAY_MS;
        day = step > 0 ? firstDay : firstDay - 1;
      }
    }
    return undefined;
  }
}

function parseField(field: CronField, text: string): Set<number> {
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const match = ITEM.exec(item);
    if (match === null) throw fieldError(field, item);
    const [, star, first, last, , step] = match;
    const from = star ? field.min : parseValue(field, first!, item);
    let to = last === undefined ? from : parseValue(field, last, item);
    if (star) to = field.max === 7 ? 6 : field.max;
    // As in "fri-sun".
    if (last === "sun" && from > 0) to = 7;
    const by = step === undefined ? 1 : Number(step);
    const isSingle = !star && last === undefined;
    if (from > to || by < 1 || (isSingle && step !== undefined)) {
      throw fieldError(field, item);
    }
    for (let value = from; value <= to; value += by) values.add(value);
  }
  return values;
}

function parseValue(field: CronField, text: string, item: string): number {
  const index = field.names.indexOf(text);
  const value = index < 0 ? Number(text) : field.min + index;
  if (!(value >= field.min && value <= field.max)) {
    throw fieldError(field, item);
  }
  return value;
}

function fieldError(field: CronField, item: string): SyntaxError {
  const { name, min, max, names } = field;
  const named = names.length > 0
    ? ` or "${names[0]}" to "${names.at(-1)}"`
    : "";
  return new SyntaxError(
    `Cannot parse cron as its ${name} must be "*", a number from ${min} to ${max}${named}, a range with its lower end first, either with a step behind a slash, or a list: current value is ${
      JSON.stringify(item)
    }`,
  );
}
