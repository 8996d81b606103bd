// This module is browser compatible.
import { invalidRequest } from "../../http/server/mod.ts";
import type { Call } from "../collector/call.ts";
import { hasLabelForm } from "../event/label.ts";
import { isName } from "../event/name.ts";
import type { RangeQuery } from "../store/store.ts";
import { MAX_FUNNEL_STEPS } from "./_bounds.ts";
import { DAY_MS, HOUR_MS } from "./_range.ts";
import type { FunnelStep } from "./funnel.ts";

/** The longest range. */
const MAX_RANGE_MS = 400 * DAY_MS;
/** The latest time that dates can have (ECMA-262). */
const MAX_TIME_MS = 8_640_000_000_000_000;
/** The longest build or platform. */
const MAX_TEXT = 128;
/** The most names of events. */
const MAX_EVENTS = 10;
/** The most conditions of a step. */
const MAX_CONDITIONS = 4;

/** The parameters of a query, each of which is checked. One that is empty is as one that is left out. */
export class QueryParams {
  readonly #call: Call;

  /**
   * Reads the parameters of a call.
   *
   * @param call The call.
   * @param names The names of those that there may be, besides those of every query.
   * @throws {HttpProblem} If there is any other.
   */
  constructor(call: Call, names: readonly string[]) {
    this.#call = call;
    const known = ["from", "to", "build", "platform", "format", ...names];
    for (const name of call.url.searchParams.keys()) {
      // A key may be there in place of the header.
      if (name === "key" || known.includes(name)) continue;
      throw invalidRequest(
        `Cannot answer as every parameter must be one of ${
          known.join(", ")
        }: current value is ${quote(name)}`,
        name.slice(0, 64),
      );
    }
  }

  /** Whose data is asked for; by default of so many days up to the end of this hour. */
  range(defaultDays: number): RangeQuery {
    const { title, clock } = this.#call;
    const nextHourMs = (Math.floor(clock.epochMs() / HOUR_MS) + 1) * HOUR_MS;
    const toMs = this.integer("to", nextHourMs, 1, MAX_TIME_MS);
    const fromMs = this.integer(
      "from",
      Math.max(0, toMs - defaultDays * DAY_MS),
      0,
      MAX_TIME_MS,
    );
    if (fromMs >= toMs) {
      throw invalidRequest(
        `Cannot answer as from must be before to, which is ${toMs}: current value is ${fromMs}`,
        "from",
      );
    }
    if (toMs - fromMs > MAX_RANGE_MS) {
      throw invalidRequest(
        `Cannot answer as from must be at most 400 days before to, which is ${toMs}: current value is ${fromMs}`,
        "from",
      );
    }
    const build = this.#label("build");
    const platform = this.#label("platform");
    return {
      title,
      fromMs,
      toMs,
      ...(build === undefined ? {} : { build }),
      ...(platform === undefined ? {} : { platform }),
    };
  }

  /** A text of a few. */
  oneOf<const T extends string>(
    name: string,
    values: readonly T[],
    otherwise: T,
  ): T {
    const text = this.#text(name) ?? otherwise;
    const value = values.find((it) => it === text);
    if (value !== undefined) return value;
    throw invalidRequest(
      `Cannot answer as ${name} must be one of ${
        values.join(", ")
      }: current value is ${quote(text)}`,
      name,
    );
  }

  /** An integer within bounds. */
  integer(name: string, otherwise: number, min: number, max: number): number {
    const text = this.#text(name);
    if (text === undefined) return otherwise;
    const value = /^-?\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw invalidRequest(
      `Cannot answer as ${name} must be an integer from ${min} to ${max}: current value is ${
        quote(text)
      }`,
      name,
    );
  }

  /** The names of events, separated by commas: none to 10. */
  events(name: string): readonly string[] {
    const names = this.#text(name)?.split(",") ?? [];
    if (names.length > MAX_EVENTS) {
      throw invalidRequest(
        `Cannot answer as ${name} must be at most ${MAX_EVENTS} names: current length is ${names.length}`,
        name,
      );
    }
    for (const it of names) this.#checkName(name, it);
    return names;
  }

  /** The steps of a funnel, separated by commas, each a name and then `;field=value` for each condition. */
  steps(name: string): readonly FunnelStep[] {
    const texts = this.#text(name)?.split(",") ?? [];
    if (texts.length < 2 || texts.length > MAX_FUNNEL_STEPS) {
      throw invalidRequest(
        `Cannot answer as ${name} must be 2 to ${MAX_FUNNEL_STEPS} events, separated by commas: current length is ${texts.length}`,
        name,
      );
    }
    return texts.map((text) => this.#step(name, text));
  }

  #step(name: string, text: string): FunnelStep {
    const [event = "", ...conditions] = text.split(";");
    this.#checkName(name, event);
    if (conditions.length === 0) return { event };
    if (conditions.length > MAX_CONDITIONS) {
      throw invalidRequest(
        `Cannot answer as a step of ${name} must have at most ${MAX_CONDITIONS} conditions: current length is ${conditions.length}`,
        name,
      );
    }
    const where = conditions.map((condition): [string, string] => {
      const equals = condition.indexOf("=");
      const field = condition.slice(0, Math.max(equals, 0));
      const value = condition.slice(equals + 1);
      // Numbers have the form of a label as well.
      if (isName(field) && hasLabelForm(value)) return [field, value];
      throw invalidRequest(
        `Cannot answer as a condition of ${name} must be field=value: current value is ${
          quote(condition)
        }`,
        name,
      );
    });
    return { event, where: Object.fromEntries(where) };
  }

  #checkName(name: string, value: string): void {
    if (isName(value)) return;
    throw invalidRequest(
      `Cannot answer as ${name} must be names of events, each 1 to 64 of A-Z a-z 0-9 _ and beginning with a letter: current value is ${
        quote(value)
      }`,
      name,
    );
  }

  #label(name: string): string | undefined {
    const text = this.#text(name);
    if (text === undefined || text.length <= MAX_TEXT) return text;
    throw invalidRequest(
      `Cannot answer as ${name} must be at most ${MAX_TEXT} characters: current length is ${text.length}`,
      name,
    );
  }

  #text(name: string): string | undefined {
    const text = this.#call.query.get(name);
    return text === "" ? undefined : text;
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
