import type { StoredEvent } from "../store/store.ts";

const ZERO = 48;
const NINE = 57;
const COMMA = 44;
const QUOTE = 34;
const BACKSLASH = 92;
const OPEN = 91;
/** Names of events that are known in quotes: as many as all titles have in general. */
const MAX_QUOTED = 4096;

/**
 * Writes the events of blocks: `[[number, ms, "name", {fields}],⏎ …]`, with 0 for one that is gone. It is JSON, for people and
 * their tools, and as each event has a line of its own, it can be read without making anything of those not asked for.
 */
export class BlockWriter {
  readonly #quoted = new Map<string, string>();

  /** Writes some of a list; of those that are gone it has `undefined`. */
  write(
    events: readonly (StoredEvent | undefined)[],
    start: number,
    end: number,
    firstMs: number,
  ): string {
    let text = "[";
    for (let i = start; i < end; i++) {
      if (i > start) text += ",\n";
      const event = events[i];
      if (event === undefined) {
        text += "0";
        continue;
      }
      const { number, name, timeMs, data } = event;
      text += "[" + number + "," + (timeMs - firstMs) + "," +
        this.#quote(name) + "," + data + "]";
    }
    text += "]";
    if (linesOf(text) === end - start) return text;
    const lines = events.slice(start, end).map((event) =>
      event && { ...event, data: oneLine(event.data) }
    );
    return this.write(lines, 0, lines.length, firstMs);
  }

  #quote(name: string): string {
    let quoted = this.#quoted.get(name);
    if (quoted === undefined) {
      quoted = JSON.stringify(name);
      if (this.#quoted.size >= MAX_QUOTED) this.#quoted.clear();
      this.#quoted.set(name, quoted);
    }
    return quoted;
  }
}

/** Reads the events of blocks, one after the other; it holds what is in its fields until the next one. */
export class BlockReader {
  #text = "";
  #firstMs = 0;
  #at = 0;
  #nameStart = 0;
  #nameEnd = 0;
  #end = 0;
  /** What digits came to. */
  #value = 0;
  #parsed: readonly unknown[] | undefined;

  /** Which one of the block it is, from 0 on. */
  index = -1;
  /** Its number in its session. */
  number = 0;
  /** Its time. */
  timeMs = 0;

  /**
   * Begins with a block.
   *
   * @throws {Error} If its text is no list.
   */
  open(text: string, firstMs: number): void {
    if (text[0] !== "[" || text.at(-1) !== "]") throw damaged();
    this.#text = text;
    this.#firstMs = firstMs;
    this.#at = 1;
    this.index = -1;
  }

  /**
   * Goes to the next one that is there, of a name if one is given: as it stands in JSON, with the comma behind it.
   *
   * @returns Whether there is one.
   * @throws {Error} If the text is damaged.
   */
  next(quotedName?: string): boolean {
    const text = this.#text;
    while (this.#at < text.length) {
      const lineEnd = text.indexOf("\n", this.#at);
      const isLast = lineEnd < 0;
      // Without the comma, or the bracket that closes the list.
      const end = (isLast ? text.length : lineEnd) - 1;
      const start = this.#at;
      this.#at = isLast ? text.length : lineEnd + 1;
      this.index++;
      if (text.charCodeAt(start) !== OPEN) {
        if (text.slice(start, end) === "0") continue;
        throw damaged();
      }
      const numberEnd = this.#readInt(start + 1);
      this.number = this.#value;
      const timeEnd = this.#readInt(numberEnd + 1);
      this.timeMs = this.#firstMs + this.#value;
      const name = timeEnd + 1;
      if (quotedName !== undefined && !text.startsWith(quotedName, name)) {
        continue;
      }
      this.#readName(name, start, end);
      this.#end = end - 1;
      return true;
    }
    return false;
  }

  /** The event's name. */
  get name(): string {
    return this.#parsed === undefined
      ? this.#text.slice(this.#nameStart, this.#nameEnd)
      : this.#parsed[2] as string;
  }

  /** The values of its fields, as JSON. */
  get data(): string {
    return this.#parsed === undefined
      ? this.#text.slice(this.#nameEnd + 2, this.#end)
      : JSON.stringify(this.#parsed[3]);
  }

  /** The event as it was stored. */
  toEvent(): StoredEvent {
    const { number, name, timeMs, data } = this;
    return { number, name, timeMs, data };
  }

  /** Reads digits up to a comma; gives where that is. */
  #readInt(at: number): number {
    const text = this.#text;
    let value = 0;
    let i = at;
    for (;; i++) {
      const code = text.charCodeAt(i);
      if (code >= ZERO && code <= NINE) value = value * 10 + (code - ZERO);
      else if (code === COMMA && i > at) break;
      else throw damaged();
    }
    this.#value = value;
    return i;
  }

  #readName(at: number, start: number, end: number): void {
    const text = this.#text;
    const close = text.indexOf('"', at + 1);
    if (
      text.charCodeAt(at) !== QUOTE || close < 0 || close > end ||
      text.charCodeAt(end - 1) !== OPEN + 2
    ) throw damaged();
    this.#nameStart = at + 1;
    this.#nameEnd = close;
    this.#parsed = undefined;
    for (let i = at + 1; i < close; i++) {
      if (text.charCodeAt(i) !== BACKSLASH) continue;
      // No name of an event has one: it is read like any JSON.
      this.#parsed = JSON.parse(text.slice(start, end));
      return;
    }
  }
}

/** What stands in a block before the fields of events of a name. */
export function quotedNameOf(name: string): string {
  return JSON.stringify(name) + ",";
}

function linesOf(text: string): number {
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
    lines++;
  }
  return lines;
}

/** In JSON a line may break between values only. */
function oneLine(data: string): string {
  return data.replaceAll("\n", " ");
}

function damaged(): Error {
  return new Error("a block of events is damaged");
}
