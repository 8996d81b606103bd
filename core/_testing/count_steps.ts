// How much a function does with texts, in steps instead of milliseconds.

/** What a step of a pattern leads to: where the match ends, or -1. */
type Next = (at: number) => number;
type Matcher = (text: string, at: number, next: Next) => number;

interface Part {
  readonly match: Matcher;
  /** The most characters that it takes. */
  readonly most: number;
  /** Set if it takes one character, whichever of these it is. */
  readonly takes?: (text: string, at: number) => number;
}

/** One alternative, and whether it begins at the beginning of the text only. */
interface Pattern {
  readonly match: Matcher;
  readonly isAnchored: boolean;
}

const realExec = RegExp.prototype.exec;
const patterns = new Map<string, Pattern>();
let steps = 0;

/**
 * Counts what `run` does with texts: characters that are read by `charCodeAt()` or looked at by patterns (as an engine that
 * backtracks looks at them), and characters that methods of String go through. `text[i]` and loops over a text are not seen.
 *
 * It is for texts of some thousand characters: what grows with the square shows where a text of four times the length takes
 * much more than four times the steps.
 *
 * @param run What is counted. It must not await.
 * @returns How many steps.
 */
export function countSteps(run: () => void): number {
  const restore = watch();
  try {
    run();
  } finally {
    restore();
  }
  return steps;
}

/**
 * The same for what awaits, while nothing else goes on.
 *
 * @param run What is counted.
 * @returns How many steps.
 */
export async function countAsyncSteps(
  run: () => Promise<void>,
): Promise<number> {
  const restore = watch();
  try {
    await run();
  } finally {
    restore();
  }
  return steps;
}

/** Begins to count; what it returns ends it. */
function watch(): () => void {
  const names = Object.keys(COSTS) as (keyof typeof COSTS)[];
  const methods = String.prototype as unknown as Record<
    string,
    (this: string, ...args: unknown[]) => unknown
  >;
  const real = new Map(names.map((name) => [name, methods[name]!]));
  steps = 0;
  let isInside = false;
  /** What the counting itself does is not counted. */
  function outside(count: () => void): void {
    if (isInside) return;
    isInside = true;
    try {
      count();
    } finally {
      isInside = false;
    }
  }
  for (const [name, method] of real) {
    methods[name] = function (...args) {
      const value = method.apply(this, args);
      outside(() => steps += COSTS[name](`${this}`, args, value));
      return value;
    };
  }
  RegExp.prototype.exec = function (text) {
    const from = this.global || this.sticky ? this.lastIndex : 0;
    const found = realExec.call(this, text);
    outside(() => countPattern(this, `${text}`, from, found));
    return found;
  };
  return () => {
    RegExp.prototype.exec = realExec;
    for (const [name, method] of real) methods[name] = method;
  };
}

/**
 * Tells how many times as many steps are taken for a text that is four times as long.
 *
 * @param part What the texts are made of, again and again.
 * @param run What is done with them.
 * @param length The length of the shorter one.
 * @returns About 4 if the steps grow with the text, and 16 if they grow with its square.
 */
export function growthOf(
  part: string,
  run: (text: string) => void,
  length: number,
): number {
  const short = part.repeat(length).slice(0, length);
  const long = part.repeat(4 * length).slice(0, 4 * length);
  // What is made once is made here.
  run(short);
  // Where there are next to none, a few more are nothing.
  const few = length + countSteps(() => run(short));
  return (length + countSteps(() => run(long))) / few;
}

/** What a call of a method of String costs, by its text, arguments and answer. */
const COSTS = {
  charCodeAt: () => 1,
  codePointAt: () => 1,
  at: () => 1,
  slice: () => 1,
  substring: () => 1,
  startsWith: (_text, [start]) => `${start}`.length,
  endsWith: (_text, [end]) => `${end}`.length,
  indexOf: (text, [, from], at) => distance(text, Number(from ?? 0), at),
  includes: (text) => text.length,
  lastIndexOf: (text, [, from], at) => {
    const end = Math.min(Number(from ?? Infinity), text.length);
    return at === -1 ? end : end - Number(at);
  },
  split: (text) => text.length,
  trim: (text) => text.length,
  trimStart: (text) => text.length,
  trimEnd: (text) => text.length,
  toLowerCase: (text) => text.length,
  toUpperCase: (text) => text.length,
  toWellFormed: (text) => text.length,
  isWellFormed: (text) => text.length,
  // Marks are sorted by insertion.
  normalize: (text) => text.length ** 2,
} satisfies Record<
  string,
  (text: string, args: readonly unknown[], value: unknown) => number
>;

function distance(text: string, from: number, at: unknown): number {
  return (at === -1 ? text.length : Number(at) + 1) - from;
}

/** Does what the pattern did, and checks that it came to the same. */
function countPattern(
  { source, flags }: RegExp,
  text: string,
  from: number,
  found: RegExpExecArray | null,
): void {
  const key = `${flags}/${source}`;
  let pattern = patterns.get(key);
  if (pattern === undefined) {
    pattern = new PatternParser(source, flags).pattern();
    patterns.set(key, pattern);
  }
  const isOnce = flags.includes("y") || pattern.isAnchored;
  let start = from;
  let end = -1;
  for (; start <= text.length; start++) {
    steps++;
    end = pattern.match(text, start, (at) => at);
    if (end >= 0 || isOnce) break;
  }
  const isSame = end < 0
    ? found === null
    : found?.index === start && found[0].length === end - start;
  if (!isSame) throw new Error(`Steps are counted wrong of ${key}`);
}

/** Reads patterns, as far as there is need: no references back, and nothing without bounds behind a place. */
class PatternParser {
  readonly #source: string;
  readonly #flags: string;
  readonly #isUnicode: boolean;
  #at = 0;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#isUnicode = /[uv]/.test(flags);
    this.#flags = flags.replace(/[gyd]/g, "");
  }

  pattern(): Pattern {
    const { match } = this.#alternatives();
    if (this.#at < this.#source.length) this.#refuse();
    const isAnchored = !this.#flags.includes("m") &&
      /^\^(?:[^|]*|\(\?:[^()]*\)[^|]*)$/.test(this.#source);
    return { match, isAnchored };
  }

  #refuse(): never {
    throw new SyntaxError(
      `Cannot count steps at ${this.#at} of ${this.#source}`,
    );
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #alternatives(): Part {
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    if (parts.length === 1) return parts[0]!;
    return {
      most: Math.max(...parts.map(({ most }) => most)),
      match: (text, at, next) => {
        for (const { match } of parts) {
          const end = match(text, at, next);
          if (end >= 0) return end;
        }
        return -1;
      },
    };
  }

  #sequence(): Part {
    const parts: Part[] = [];
    while (this.#at < this.#source.length && !/[|)]/.test(this.#here)) {
      parts.push(this.#repeated(this.#atom()));
    }
    let match: Matcher = (_text, at, next) => next(at);
    for (const part of parts.toReversed()) {
      const rest = match;
      match = (text, at, next) =>
        part.match(text, at, (at) => rest(text, at, next));
    }
    return { match, most: parts.reduce((sum, { most }) => sum + most, 0) };
  }

  get #here(): string {
    return this.#source[this.#at]!;
  }

  #repeated(part: Part): Part {
    const found = this.#token(
      /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})(\??)/,
    );
    if (found === undefined) return part;
    const [, sign, from, comma, to, isLazy] = found;
    const least = sign === undefined ? Number(from) : sign === "+" ? 1 : 0;
    let most = sign === "?" ? 1 : Infinity;
    if (sign === undefined && !comma) most = least;
    else if (to) most = Number(to);
    if (isLazy !== "") this.#refuse();
    const { match, takes } = part;
    return {
      most: most * part.most,
      match: takes === undefined
        ? groups(match, least, most)
        : characters(takes, least, most),
    };
  }

  #token(pattern: RegExp): readonly (string | undefined)[] | undefined {
    const found = realExec.call(pattern, this.#source.slice(this.#at));
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }

  #atom(): Part {
    if (this.#take("(?=")) return this.#look(false, true);
    if (this.#take("(?!")) return this.#look(false, false);
    if (this.#take("(?<=")) return this.#look(true, true);
    if (this.#take("(?<!")) return this.#look(true, false);
    const group = this.#token(/^\((?:\?:|\?<\w+>)?(?!\?)/);
    if (group !== undefined) {
      const { match, most } = this.#alternatives();
      if (!this.#take(")")) this.#refuse();
      return { match, most };
    }
    if (this.#take("^")) return place((_text, at) => at === 0);
    if (this.#take("$")) return place((text, at) => at === text.length);
    const found = this.#token(
      /^(?:\[(?:[^\]\\]|\\.)*\]|\\(?:u\{[\da-f]+\}|u[\da-f]{4}|x[\da-f]{2}|[pP]\{[^}]*\}|[^1-9bBkc])|[^\\()[\]{}*+?|])/is,
    );
    if (found === undefined || this.#flags.includes("m")) this.#refuse();
    return this.#character(found[0]!);
  }

  #character(source: string): Part {
    const pattern = new RegExp(`^(?:${source})$`, this.#flags);
    const known = new Map<number, boolean>();
    const takes = (text: string, at: number): number => {
      steps++;
      if (at >= text.length) return 0;
      const code = this.#isUnicode
        ? text.codePointAt(at)!
        : text.charCodeAt(at);
      const character = String.fromCodePoint(code);
      let isTaken = known.get(code);
      if (isTaken === undefined) {
        isTaken = realExec.call(pattern, character) !== null;
        known.set(code, isTaken);
      }
      return isTaken ? character.length : 0;
    };
    return { ...matchOf(takes), most: this.#isUnicode ? 2 : 1, takes };
  }

  #look(isBehind: boolean, isWanted: boolean): Part {
    const { match, most } = this.#alternatives();
    if (!this.#take(")") || isBehind && most > 8) this.#refuse();
    return place((text, at) => {
      if (!isBehind) return match(text, at, (end) => end) >= 0 === isWanted;
      for (let from = at; from >= 0 && from >= at - most; from--) {
        const end = match(text, from, (end) => end === at ? end : -1);
        if (end >= 0) return isWanted;
      }
      return !isWanted;
    });
  }
}

function matchOf(takes: (text: string, at: number) => number): Part {
  return {
    most: 1,
    match: (text, at, next) => {
      const length = takes(text, at);
      return length === 0 ? -1 : next(at + length);
    },
  };
}

function place(isThere: (text: string, at: number) => boolean): Part {
  return {
    most: 0,
    match: (text, at, next) => {
      steps++;
      return isThere(text, at) ? next(at) : -1;
    },
  };
}

/** As many characters as there are, and fewer where the rest does not follow. */
function characters(
  takes: (text: string, at: number) => number,
  least: number,
  most: number,
): Matcher {
  return (text, at, next) => {
    const ends = [at];
    let end = at;
    while (ends.length <= most) {
      const length = takes(text, end);
      if (length === 0) break;
      end += length;
      ends.push(end);
    }
    for (let count = ends.length - 1; count >= least; count--) {
      steps++;
      const found = next(ends[count]!);
      if (found >= 0) return found;
    }
    return -1;
  };
}

function groups(match: Matcher, least: number, most: number): Matcher {
  function from(count: number, text: string, at: number, next: Next): number {
    steps++;
    if (count < most) {
      const end = match(text, at, (end) =>
        // One that takes nothing would be repeated without end.
        end === at && count >= least ? -1 : from(count + 1, text, end, next));
      if (end >= 0) return end;
    }
    return count >= least ? next(at) : -1;
  }
  return (text, at, next) => from(0, text, at, next);
}
