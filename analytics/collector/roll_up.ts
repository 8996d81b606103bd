// This module is browser compatible.
import type {
  EventSums,
  SessionInfo,
  SketchChange,
  StoredEvent,
} from "../store/store.ts";

const HOUR_MS = 3_600_000;
/** What counts for all that has no row of its own. */
export const OTHER = "other";
/** Floors have rows of their own from here … */
const MIN_FLOOR = -1_000;
/** … to here: whoever has the key of a game could make a row of each number that there is. */
const MAX_FLOOR = 8_999;

/** The most that one event adds to a sum, so that no number of them leaves what a store can count. */
const MAX_COUNT = 2 ** 31 - 1;
/** The fields that become keys of sums: of each there are only so many values (`LabelGuard`). */
export const KEY_FIELDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["death", new Set(["cause"])],
  ["drop", new Set(["event", "reason"])],
]);

/** The two keys of the sums of an event as one text; `undefined` of an event that has no such sums. */
export function keyPairOf(name: string, fields: Fields): string | undefined {
  switch (name) {
    case "death":
      return pairOf(textOf(fields.cause), floorOf(fields.floor));
    case "drop":
      return pairOf(textOf(fields.event), textOf(fields.reason));
    default:
      return undefined;
  }
}

/** Two keys as one text: neither has a line break. */
export function pairOf(key1: string, key2: string): string {
  return `${key1}\n${key2}`;
}

type Fields = Readonly<Record<string, unknown>>;

interface Sum {
  metric: string;
  hourMs: number;
  key1: string;
  key2: string;
  count: number;
}

/**
 * Sums events up. It depends on nothing but its arguments, so that what it added when events came can be taken back
 * when they are erased.
 *
 * | event                       | sums and sketches                                       |
 * | --------------------------- | ------------------------------------------------------- |
 * | each                        | `event` by name                                         |
 * | `death`                     | `death` by cause and floor                              |
 * | `drop`                      | `drop` by event and reason: `count` of it               |
 * | `frameTime`                 | the sketch `frameTime`; `hitch`: `hitches` of it        |
 * | `memoryUsage`               | the sketch `memoryUsage`                                |
 * | `sessionStart`              | when the session began, unless it was resumed by it     |
 * | `sessionEnd`                | why the session ended                                   |
 *
 * @param _session Whose events they are.
 * @param events The events.
 * @returns What they come to.
 */
export function rollUp(
  _session: SessionInfo,
  events: readonly StoredEvent[],
): EventSums {
  const sums = new Sums();
  const sketches: SketchChange[] = [];
  let startMs: number | undefined;
  let endReason: string | undefined;
  for (const { name, timeMs, data } of events) {
    const hourMs = hourOf(timeMs);
    sums.addEvent(hourMs, name);
    switch (name) {
      case "death": {
        const { cause, floor } = fieldsOf(data);
        sums.add("death", hourMs, textOf(cause), floorOf(floor), 1);
        break;
      }
      case "drop": {
        const { event, reason, count } = fieldsOf(data);
        sums.add("drop", hourMs, textOf(event), textOf(reason), countOf(count));
        break;
      }
      case "frameTime": {
        const { sketch, hitches } = fieldsOf(data);
        addSketch(sketches, name, hourMs, sketch);
        const hitched = countOf(hitches);
        if (hitched > 0) sums.add("hitch", hourMs, "", "", hitched);
        break;
      }
      case "memoryUsage":
        addSketch(sketches, name, hourMs, fieldsOf(data).sketch);
        break;
      case "sessionStart":
        if (fieldsOf(data).isResumed !== true) {
          startMs = Math.min(startMs ?? timeMs, timeMs);
        }
        break;
      case "sessionEnd":
        endReason = textOf(fieldsOf(data).reason);
        break;
    }
  }
  return { counts: sums.changes, sketches, startMs, endReason };
}

/** The beginning of a time's hour (UTC), in epoch milliseconds. */
export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
}

/** Adds up by metric, hour and keys, in the order in which they came first. */
class Sums {
  readonly changes: Sum[] = [];
  readonly #byKey = new Map<string, Sum>();
  /** Of `"event"`, in the hour of the last one: most events of a run are of one hour, and need no key to be made. */
  #events = new Map<string, Sum>();
  #hourMs = NaN;

  addEvent(hourMs: number, name: string): void {
    if (hourMs !== this.#hourMs) {
      this.#hourMs = hourMs;
      this.#events = new Map();
    }
    const known = this.#events.get(name);
    if (known !== undefined) known.count += 1;
    else this.#events.set(name, this.add("event", hourMs, name, "", 1));
  }

  add(
    metric: string,
    hourMs: number,
    key1: string,
    key2: string,
    count: number,
  ): Sum {
    // No key has a line break.
    const key = `${metric}\n${hourMs}\n${key1}\n${key2}`;
    let sum = this.#byKey.get(key);
    if (sum === undefined) {
      sum = { metric, hourMs, key1, key2, count: 0 };
      this.#byKey.set(key, sum);
      this.changes.push(sum);
    }
    sum.count += count;
    return sum;
  }
}

function addSketch(
  sketches: SketchChange[],
  metric: string,
  hourMs: number,
  sketch: unknown,
): void {
  if (!Array.isArray(sketch)) return;
  sketches.push({ metric, hourMs, sketch });
}

/** What stands in a store is what was checked when it came, but may be of an older version. */
function fieldsOf(data: string): Fields {
  const value: unknown = JSON.parse(data);
  return typeof value === "object" && value !== null ? value as Fields : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function intOf(value: unknown): number {
  return Number.isSafeInteger(value) ? value as number : 0;
}

function countOf(value: unknown): number {
  return Math.min(Math.max(intOf(value), 0), MAX_COUNT);
}

function floorOf(value: unknown): string {
  const floor = intOf(value);
  return floor >= MIN_FLOOR && floor <= MAX_FLOOR ? `${floor}` : OTHER;
}
