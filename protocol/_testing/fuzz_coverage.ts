// What the engine counted: which code ran, and which was passed over. Block coverage of V8, by its inspector, of the scripts
// that were loaded after it began.
import { Session } from "node:inspector";

/** A place in the code, for people and to compare by. */
export interface Place {
  /** The file, below the root that was given. */
  readonly file: string;
  /** The function. */
  readonly name: string;
  /** The code there, without line breaks. */
  readonly code: string;
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface FunctionCoverage {
  readonly functionName: string;
  readonly ranges: readonly Range[];
}

interface ScriptCoverage {
  readonly scriptId: string;
  readonly url: string;
  readonly functions: readonly FunctionCoverage[];
}

/** What was counted since the last time. */
export type Counts = readonly ScriptCoverage[];

/**
 * Which functions are looked at, by their names and first lines: those of a file, or
 * of all other files in a folder, whose name ends with a slash.
 */
export type Scope = Readonly<Record<string, RegExp>>;

interface Script {
  readonly file: string;
  readonly source: string;
  /** The functions, by where they begin and end. */
  readonly functions: Map<string, { name: string; start: number; end: number }>;
  /** For each character the key of the innermost function that it lies in. */
  owners: string[];
  /** For each character whether it ever ran. */
  readonly reached: Uint8Array;
  /** Where blocks begin that were passed over by code around them that ran. */
  readonly passed: Set<number>;
}

/** What V8 calls the function that sets the members of a new object. */
const MEMBERS = "<instance_members_initializer>";
/** What programmers' mistakes lead to. No bytes are one. */
const MISTAKE = /^\W*(?:static )?throw new (?:RangeError|TypeError)\(/;

/** Counts from `start()` on. */
export class Coverage {
  readonly #root: string;
  readonly #scope: Scope;
  readonly #session = new Session();
  readonly #scripts = new Map<string, Script>();

  /** Looks at the files of `scope` below the URL `root`. */
  constructor(root: string, scope: Scope) {
    this.#root = root;
    this.#scope = scope;
  }

  /** Begins to count, before the scripts are loaded. */
  async start(): Promise<void> {
    this.#session.connect();
    await this.#post("Profiler.enable");
    await this.#post("Debugger.enable");
    await this.#post("Profiler.startPreciseCoverage", {
      callCount: true,
      detailed: true,
    });
  }

  /** Gives what was counted since the last time. */
  async take(): Promise<Counts> {
    const { result } = await this.#post<{ result: ScriptCoverage[] }>(
      "Profiler.takePreciseCoverage",
    );
    const counts = result.filter(({ url }) => this.#fileOf(url) !== undefined);
    for (const script of counts) await this.#learn(script);
    return counts;
  }

  /** Tells whether anything ran or was passed over that never was before. */
  isNew(counts: Counts): boolean {
    return this.#compare(counts, false);
  }

  /** Takes note of what ran and what was passed over. */
  add(counts: Counts): void {
    this.#compare(counts, true);
  }

  /** The files and folders of the scope in which no function was found. */
  missing(): string[] {
    const missing = new Set(Object.keys(this.#scope));
    this.#eachFunction(({ file }) => missing.delete(this.#keyOf(file)));
    return [...missing];
  }

  /** How much of the code ran, 0 to 1: by its characters, comments and all. */
  reachedShare(): number {
    let reached = 0;
    let all = 0;
    this.#eachFunction((script, key, { start, end }) => {
      for (let at = start; at < end; at++) {
        if (script.owners[at] !== key) continue;
        reached += script.reached[at]!;
        all += 1;
      }
    });
    return reached / all;
  }

  /** Gives the code that never ran. */
  unreached(): Place[] {
    const places: Place[] = [];
    this.#eachFunction((script, key, { name, start, end }) => {
      const { source, owners, reached } = script;
      for (let at = start; at < end; at++) {
        if (owners[at] !== key || reached[at] === 1) continue;
        const from = at;
        while (at < end && owners[at] === key && reached[at] === 0) at++;
        const code = codeOf(source.slice(from, at));
        // Between the end of a block and that of the one around it.
        if (!/\w/.test(code) || MISTAKE.test(code)) continue;
        places.push({ file: script.file, name, code });
      }
    });
    return places;
  }

  /**
   * Gives the code that always ran where it might not have: blocks of an `if`
   * without an `else`, and what follows `&&`, `||` and `??`.
   */
  neverPassed(): Place[] {
    const places: Place[] = [];
    this.#eachFunction((script, key, { name, start, end }) => {
      const { source, owners, passed } = script;
      for (const [from, to] of passable(source, start, end)) {
        if (owners[from] !== key) continue;
        let isPassed = false;
        for (let at = from; at <= to && !isPassed; at++) {
          isPassed = passed.has(at);
        }
        if (isPassed) continue;
        const lineEnd = source.indexOf("\n", to + 1);
        const code = codeOf(source.slice(from, Math.min(lineEnd, end)));
        places.push({ file: script.file, name, code });
      }
    });
    return places;
  }

  #post<T>(method: string, params: object = {}): Promise<T> {
    return new Promise((resolve, reject) =>
      this.#session.post(
        method,
        params,
        (error: unknown, result?: object) =>
          error ? reject(error) : resolve(result as T),
      )
    );
  }

  #fileOf(url: string): string | undefined {
    const file = url.startsWith(this.#root)
      ? url.slice(this.#root.length)
      : undefined;
    return file !== undefined && this.#keyOf(file) in this.#scope
      ? file
      : undefined;
  }

  /** What a file is called in the scope. */
  #keyOf(file: string): string {
    return file in this.#scope ? file : file.replace(/\/[^/]*$/, "/");
  }

  /** Gets the source of a script, and the functions that it did not know of. */
  async #learn({ scriptId, url, functions }: ScriptCoverage): Promise<void> {
    let script = this.#scripts.get(url);
    if (script === undefined) {
      const { scriptSource: source } = await this.#post<
        { scriptSource: string }
      >("Debugger.getScriptSource", { scriptId });
      script = {
        file: this.#fileOf(url)!,
        source,
        functions: new Map(),
        owners: [],
        reached: new Uint8Array(source.length),
        passed: new Set(),
      };
      this.#scripts.set(url, script);
    }
    const known = script.functions.size;
    for (const { functionName, ranges } of functions) {
      const { startOffset: start, endOffset: end } = ranges[0]!;
      script.functions.set(`${start} ${end}`, {
        name: functionName,
        start,
        end,
      });
    }
    if (script.functions.size === known) return;
    const outerFirst = [...script.functions].sort(([, a], [, b]) =>
      (b.end - b.start) - (a.end - a.start)
    );
    script.owners = new Array(script.source.length);
    for (const [key, { start, end }] of outerFirst) {
      script.owners.fill(key, start, end);
    }
  }

  #compare(counts: Counts, isAdded: boolean): boolean {
    let isNew = false;
    for (const { url, functions } of counts) {
      const { owners, reached, passed } = this.#scripts.get(url)!;
      for (const { ranges } of functions) {
        const { startOffset, endOffset } = ranges[0]!;
        const key = `${startOffset} ${endOffset}`;
        const around: Range[] = [];
        let at = startOffset;
        // Each range lies in the one before it, or behind.
        const mark = (end: number): void => {
          const count = around.at(-1)?.count ?? 0;
          for (; at < end; at++) {
            if (count === 0 || reached[at] === 1 || owners[at] !== key) {
              continue;
            }
            isNew = true;
            if (isAdded) reached[at] = 1;
          }
        };
        for (const range of ranges) {
          while (
            around.length > 0 && around.at(-1)!.endOffset <= range.startOffset
          ) {
            mark(around.at(-1)!.endOffset);
            around.pop();
          }
          mark(range.startOffset);
          const outer = around.at(-1);
          if (
            outer !== undefined && range.count < outer.count &&
            !passed.has(range.startOffset)
          ) {
            isNew = true;
            if (isAdded) passed.add(range.startOffset);
          }
          around.push(range);
        }
        while (around.length > 0) {
          mark(around.at(-1)!.endOffset);
          around.pop();
        }
      }
    }
    return isNew;
  }

  #eachFunction(
    look: (
      script: Script,
      key: string,
      info: { name: string; start: number; end: number },
    ) => void,
  ): void {
    for (const script of this.#scripts.values()) {
      for (const [key, info] of script.functions) {
        const text = script.source.slice(info.start, info.end);
        const [firstLine = ""] = text.split("\n", 1);
        const isCalled = info.start > 0 && info.name !== MEMBERS &&
          !firstLine.startsWith("constructor(");
        if (
          isCalled &&
          this.#scope[this.#keyOf(script.file)]!.test(
            `${info.name} ${firstLine}`,
          )
        ) look(script, key, info);
      }
    }
  }
}

function codeOf(text: string): string {
  return withoutComments(text).replace(/\s+/g, " ").trim();
}

/** Blanks what is no code, so that all else keeps its place. */
function withoutComments(text: string): string {
  return text.replace(
    /\/\*[^]*?\*\/|\/\/.*/g,
    (comment) => " ".repeat(comment.length),
  );
}

function withoutText(text: string): string {
  return withoutComments(text).replace(
    /"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g,
    (quoted) => " ".repeat(quoted.length),
  );
}

/** Where the blocks begin that need not run: each a range of places. */
function passable(
  source: string,
  start: number,
  end: number,
): [number, number][] {
  const code = withoutText(source).slice(0, end);
  const places: [number, number][] = [];
  let mistakeEnd = 0;
  for (
    const { index, 0: found } of code.slice(start).matchAll(
      /\bif \(|&&|\|\||\?\?(?!=)/g,
    )
  ) {
    const at = start + index;
    const behind = at + found.length;
    if (found !== "if (") {
      if (at >= mistakeEnd) places.push([at - 1, behind + 1]);
      continue;
    }
    const thenStart = skipSpace(code, skipTo(code, behind, ")"));
    const isBlock = code[thenStart] === "{";
    const thenEnd = isBlock
      ? skipTo(code, thenStart + 1, "}")
      : skipTo(code, thenStart, ";");
    const next = skipSpace(code, thenEnd);
    if (
      MISTAKE.test(code.slice(thenStart, thenEnd)) ||
      MISTAKE.test(code.slice(next))
    ) {
      mistakeEnd = thenEnd;
    } else if (!code.startsWith("else", next)) {
      places.push([thenStart, thenStart]);
    }
  }
  return places;
}

function skipSpace(code: string, at: number): number {
  while (at < code.length && /\s/.test(code[at]!)) at++;
  return at;
}

/** Behind the next match that is in no brackets. */
function skipTo(code: string, at: number, wanted: string): number {
  let depth = 0;
  for (; at < code.length; at++) {
    const character = code[at]!;
    if (depth === 0 && character === wanted) return at + 1;
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth--;
  }
  return at;
}
