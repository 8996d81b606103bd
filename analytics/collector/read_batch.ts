// This module is browser compatible.
import {
  type HttpProblem,
  invalidRequest,
  isRecord,
} from "../../http/server/mod.ts";
import type { EventCatalog } from "../event/event_catalog.ts";
import { hasLabelForm, isLabel } from "../event/label.ts";
import { isName } from "../event/name.ts";
import { isCount } from "../is_count.ts";
import { isId } from "../session/id.ts";
import type { StoredEvent } from "../store/store.ts";
import { EventReader, type RefusalReason } from "./_event_reader.ts";
import type { LabelGuard } from "./_label_guard.ts";

/** The most events of a batch; PROTOCOL.md, section 1. */
export const MAX_EVENTS = 16_384;
const MAX_RUNS = 256;
/** The most definitions of a run: far more than any game has, and each has to be made ready. */
const MAX_DEFINITIONS = 256;
/** The most fields of a definition, the event's name before them. */
const MAX_FIELDS = 32;
/** The most common properties of a run. */
const MAX_COMMON = 32;
/** By how much a client's clock may be wrong before it matters. */
const MAX_SKEW_MS = 5_000;
const MAX_AGE_MS = 30 * 86_400_000;

/** What stands for a name that is none of an event and that looks like somebody's. */
const UNKNOWN = "unknown";

/** Events that were refused for one reason. */
export interface Refusal {
  /** The event's name as it came; `"unknown"` if there is no such event and it looks like personal data. */
  readonly name: string;
  /** Why. */
  readonly reason: RefusalReason;
  /** How many. */
  readonly count: number;
}

/** A run as it was read. */
export interface ReadRun {
  /** The session's id. */
  readonly session: string;
  /** The id whose hash stands for the player: his own, or the session's. */
  readonly owner: string;
  /** The build as it is counted. */
  readonly build: string;
  /** The platform as it is counted. */
  readonly platform: string;
  /** The common properties, an object as JSON. */
  readonly common: string;
  /** The events that may be stored, by ascending number. */
  readonly events: readonly StoredEvent[];
  /** The others. */
  readonly refusals: readonly Refusal[];
}

/** What a batch is read with. */
export interface ReadBatchContext {
  /** The events that there are. */
  readonly catalog: EventCatalog;
  /** Bounds the labels of the batch's title. */
  readonly guard: LabelGuard;
  /** When the batch came, in epoch milliseconds. */
  readonly nowMs: number;
}

/**
 * Reads a batch (PROTOCOL.md, section 4), of which nothing can be trusted.
 *
 * @param value The value of the body's JSON.
 * @param context What it is read with.
 * @returns The runs.
 * @throws {HttpProblem} `invalidRequest` if it is no batch: then it has no effect at all.
 */
export function readBatch(
  value: unknown,
  context: ReadBatchContext,
): readonly ReadRun[] {
  if (!isRecord(value)) throw invalid("", "the batch must be an object");
  const { v, sentAt, runs } = value;
  if (v !== 1) {
    const current = typeof v === "number" ? `: current value is ${v}` : "";
    throw invalid("v", `v must be 1${current}`);
  }
  if (!isCount(sentAt)) throw invalid("sentAt", "sentAt must be a time");
  if (!Array.isArray(runs) || runs.length > MAX_RUNS) {
    throw invalid("runs", `runs must be an array of at most ${MAX_RUNS}`);
  }
  const skewMs = context.nowMs - sentAt;
  const shiftMs = Math.abs(skewMs) > MAX_SKEW_MS ? skewMs : 0;
  const reader = new RunReader(context, shiftMs);
  return runs.map((run: unknown, i) => reader.read(run, `runs.${i}.`));
}

/** Reads the runs of one batch. */
class RunReader {
  readonly #context: ReadBatchContext;
  readonly #shiftMs: number;
  #events = 0;

  constructor(context: ReadBatchContext, shiftMs: number) {
    this.#context = context;
    this.#shiftMs = shiftMs;
  }

  read(run: unknown, path: string): ReadRun {
    if (!isRecord(run)) throw invalid(path, "a run must be an object");
    const { s, i, b, p, c, n, t, d, e } = run;
    if (!isId(s)) throw invalid(`${path}s`, "s must be 22 of base64url");
    if (i !== undefined && !isId(i)) {
      throw invalid(`${path}i`, "i must be 22 of base64url");
    }
    if (!hasLabelForm(b)) {
      throw invalid(`${path}b`, "b must have the form of a label");
    }
    if (!isLabel(p)) throw invalid(`${path}p`, "p must be a label");
    if (!isCount(t)) throw invalid(`${path}t`, "t must be a time");
    if (!Array.isArray(e) || e.length + this.#events > MAX_EVENTS) {
      throw invalid(
        `${path}e`,
        `e must be an array, with at most ${MAX_EVENTS} events in the batch`,
      );
    }
    this.#events += e.length;
    if (!isCount(n) || n > Number.MAX_SAFE_INTEGER - MAX_EVENTS) {
      throw invalid(`${path}n`, "n must be an integer of 0 or more");
    }
    const { guard, nowMs } = this.#context;
    const common = readCommon(c, `${path}c`);
    const readers = this.#readersOf(d, `${path}d`);
    const refusals = new Refusals();
    return {
      session: s,
      owner: i ?? s,
      build: guard.build(b, nowMs),
      platform: guard.platform(p, nowMs),
      common,
      events: this.#readEvents(e, readers, n, t, `${path}e`, refusals),
      refusals: refusals.all,
    };
  }

  #readersOf(d: unknown, path: string): readonly EventReader[] {
    if (!Array.isArray(d) || d.length > MAX_DEFINITIONS) {
      throw invalid(path, `d must be an array of at most ${MAX_DEFINITIONS}`);
    }
    const { catalog, guard, nowMs } = this.#context;
    return d.map((entry: unknown) => {
      if (
        !Array.isArray(entry) || entry.length === 0 ||
        entry.length > MAX_FIELDS + 1 || !entry.every(isName) ||
        new Set(entry.slice(1)).size < entry.length - 1
      ) {
        throw invalid(
          path,
          `d must have arrays of an event's name and up to ${MAX_FIELDS} of its fields, each once`,
        );
      }
      const [name, ...fields] = entry as string[];
      const definition = catalog.get(name!);
      return new EventReader(
        definition === undefined && !isLabel(name) ? UNKNOWN : name!,
        definition,
        fields,
        guard,
        nowMs,
      );
    });
  }

  #readEvents(
    entries: readonly unknown[],
    readers: readonly EventReader[],
    firstNumber: number,
    firstMs: number,
    path: string,
    refusals: Refusals,
  ): readonly StoredEvent[] {
    const { nowMs } = this.#context;
    const oldestMs = nowMs - MAX_AGE_MS;
    const newestMs = nowMs + MAX_SKEW_MS;
    const events: StoredEvent[] = [];
    // By the client's clock until the end, so that no sum of differences is rounded.
    let clientMs = firstMs;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i];
      if (!Array.isArray(entry)) throw invalidEvent(path, i);
      const index: unknown = entry[0];
      const differenceMs: unknown = entry[1];
      // Any text would name a property, such as the array's length.
      const reader = typeof index === "number" ? readers[index] : undefined;
      if (reader === undefined || !Number.isSafeInteger(differenceMs)) {
        throw invalidEvent(path, i);
      }
      clientMs += differenceMs as number;
      if (!Number.isSafeInteger(clientMs)) throw invalidEvent(path, i);
      const timeMs = clientMs + this.#shiftMs;
      const data = timeMs >= oldestMs && timeMs <= newestMs
        ? reader.read(entry)
        : reader.refuse("invalidTime");
      const { name } = reader;
      if (data === undefined) refusals.add(name, reader.reason);
      else events.push({ number: firstNumber + i, name, timeMs, data });
    }
    return events;
  }
}

/** Adds up what was refused. */
export class Refusals {
  /** By name and reason, in the order in which they came. */
  readonly all: { name: string; reason: RefusalReason; count: number }[] = [];
  /** By reason and name: each event of a batch may have a name of its own. */
  readonly #known = new Map<string, { count: number }>();

  /** Adds some. */
  add(name: string, reason: RefusalReason, count = 1): void {
    const key = `${reason} ${name}`;
    const known = this.#known.get(key);
    if (known !== undefined) known.count += count;
    else {
      const refusal = { name, reason, count };
      this.#known.set(key, refusal);
      this.all.push(refusal);
    }
  }
}

function readCommon(value: unknown, path: string): string {
  if (value === undefined) return "{}";
  const entries = isRecord(value) ? Object.entries(value) : [];
  if (!isRecord(value) || entries.length > MAX_COMMON) {
    throw invalid(path, `c must be an object of at most ${MAX_COMMON}`);
  }
  for (const [name, property] of entries) {
    const isRight = isName(name) && isLabel(name) &&
      (typeof property === "boolean" || Number.isFinite(property) ||
        isLabel(property));
    if (!isRight) {
      throw invalid(path, "c must have labels, numbers, true and false");
    }
  }
  return JSON.stringify(value);
}

function invalid(field: string, must: string): HttpProblem {
  return invalidRequest(
    `Cannot read the batch as ${must}`,
    field === "" ? undefined : field.replace(/\.$/, ""),
  );
}

function invalidEvent(path: string, i: number): HttpProblem {
  return invalid(
    `${path}.${i}`,
    "an event must be an array of an index in d, milliseconds and values",
  );
}
