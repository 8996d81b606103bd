// This module is browser compatible.
import type { EventDefinition, FieldValue } from "../event/event_definition.ts";
import type { DropCount } from "./_drop_counts.ts";
import type { Run } from "./_entry.ts";
import type { Item } from "./_item.ts";
import type { NameEntry } from "./_name_table.ts";
import type { Session } from "./_session.ts";

/** A run is small, so that batches can be cut where they have to be. */
const MAX_EVENTS = 1_000;
const MAX_CHARACTERS = 49_152;

/** Writes the text of a run (PROTOCOL.md, section 4), an event at a time. */
export class RunWriter {
  readonly #session: Session;
  readonly #firstNumber: number;
  readonly #startMs: number;
  #previousMs: number;
  #lastMs: number;
  #count = 0;
  #events = "";
  readonly #definitions = new Map<EventDefinition, number>();
  #definitionTexts = "";
  readonly #names = new Map<string, number>();
  readonly #drops: DropCount[] = [];

  /** Begins a run with the session and number of its first event. */
  constructor(first: Item) {
    this.#session = first.session;
    this.#firstNumber = first.number;
    this.#startMs = this.#previousMs = this.#lastMs = first.timeMs;
  }

  /** Whether an event can be the next one. */
  takes({ session, number, timeMs }: Item): boolean {
    return session === this.#session &&
      number === this.#firstNumber + this.#count &&
      timeMs >= this.#previousMs && this.#count < MAX_EVENTS &&
      this.#events.length < MAX_CHARACTERS;
  }

  /** Adds the next event. */
  add({ event, entry, timeMs }: Item): void {
    const index = this.#indexOf(entry);
    let text = `[${index},${timeMs - this.#previousMs}`;
    let missing = "";
    const { fields } = event;
    for (const field of entry.fields) {
      const value = fields[field];
      if (value === undefined) {
        missing += ",null";
      } else {
        text += `${missing},${textOf(value)}`;
        missing = "";
      }
    }
    this.#events += this.#count === 0 ? `${text}]` : `,${text}]`;
    this.#count++;
    this.#previousMs = this.#lastMs = timeMs;
    const { name } = entry.definition;
    if (name === "drop") {
      this.#drops.push(fields as unknown as DropCount);
    } else {
      this.#names.set(name, (this.#names.get(name) ?? 0) + 1);
    }
  }

  /** Ends the run. */
  finish(): Run {
    const { id, player, build, platform, common, base } = this.#session;
    const body = `{"s":"${id}"${
      player === undefined ? "" : `,"i":"${player}"`
    },"b":${JSON.stringify(build)},"p":${JSON.stringify(platform)}${
      common === "" ? "" : `,"c":${common}`
    },"n":${
      base + this.#firstNumber
    },"d":[${this.#definitionTexts}],"e":[${this.#events}]`;
    return {
      session: id,
      startMs: this.#startMs,
      lastMs: this.#lastMs,
      count: this.#count,
      names: [...this.#names],
      drops: this.#drops,
      body,
    };
  }

  #indexOf({ definition, fields }: NameEntry): number {
    let index = this.#definitions.get(definition);
    if (index === undefined) {
      index = this.#definitions.size;
      this.#definitions.set(definition, index);
      const text = JSON.stringify([definition.name, ...fields]);
      this.#definitionTexts += index === 0 ? text : `,${text}`;
    }
    return index;
  }
}

/** The JSON of a run whose events are all at or before a time, as those of another process' clock may not be. */
export function runText(run: Run, sentAtMs: number): string {
  const startMs = run.startMs - Math.max(0, run.lastMs - sentAtMs);
  return `${run.body},"t":${Math.max(0, startMs)}}`;
}

function textOf(value: FieldValue): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "object":
      return `[${value.join()}]`;
    default:
      return `${value}`;
  }
}
