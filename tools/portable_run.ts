/**
 * Runs one program in Deno, Node, Bun and Chromium, on the files that would be published.
 *
 * @module
 */

import { pack, toJavaScript } from "./pack.ts";
import { ROOT } from "./run.ts";
import {
  ChromiumPage,
  findChromium,
  installRuntime,
  type Runtime,
} from "./runtimes.ts";

export type { Runtime } from "./runtimes.ts";

/** A runtime that the package has to work in. */
export interface PortableRuntime {
  /** Its name, for people. */
  readonly name: "Deno" | "node" | "bun" | "Chromium";
  /** Its program, or why there is none. */
  readonly runtime: Runtime;
}

/** What a program came to. */
export interface PortableRun {
  /** What it has said, a line each, and what it has printed besides. */
  readonly output: string;
  /**
   * Milliseconds from its last line until its process had ended; `undefined` in Chromium,
   * whose pages do not end by themselves.
   */
  readonly lingerMs: number | undefined;
}

/** What came of one case: the text of a line, in JSON. */
export interface PortableResult {
  /** The name of the case. */
  readonly name: string;
  /** How long it took, in milliseconds. */
  readonly tookMs: number;
  /** What went wrong, if something did. */
  readonly error?: string;
}

/**
 * Takes what a program has said apart.
 *
 * @param run What it came to.
 * @returns The results of its cases, and the lines that are none.
 */
export function readResults(
  { output }: PortableRun,
): { results: PortableResult[]; others: string[] } {
  const results: PortableResult[] = [];
  const others: string[] = [];
  for (const line of output.split("\n")) {
    try {
      results.push(JSON.parse(line));
    } catch {
      others.push(line);
    }
  }
  return { results, others };
}

/** Options for {@linkcode PortableSite.open}. */
export interface PortableSiteOptions {
  /**
   * The program, in JavaScript: a module with
   * `main(site: string, say: (line: string) => Promise<void>): Promise<void>`, where `site`
   * is the address of the {@linkcode PortableSite} without a slash at its end.
   */
  readonly main: string;
  /**
   * Files of the repository that it imports and that are not published, by their paths; the
   * extension becomes `.js`.
   *
   * @default {[]}
   */
  readonly sources?: readonly string[];
  /**
   * Answers POST requests of the program.
   *
   * @default {() => new Response(null, { status: 404 })}
   */
  readonly handler?: (request: Request) => Response | Promise<Response>;
  /**
   * Milliseconds for a run.
   *
   * @default {60000}
   */
  readonly timeoutMs?: number;
}

const SAY_PATH = "/portable/say";
const END_PATH = "/portable/end";

const RUN = `import { main } from "./main.js";
  await main("SITE", async (line) => console.log(line));`;

const PAGE = `<!doctype html><script type="module">
  function post(path, body) {
    return fetch(path, { method: "POST", body });
  }
  try {
    const { main } = await import("./main.js");
    await main(location.origin, (line) => post("${SAY_PATH}", line));
  } catch (error) {
    await post("${SAY_PATH}", String(error));
  }
  await post("${END_PATH}");
  </script>`;

/**
 * Finds the runtimes.
 *
 * @returns All of them, those that are missing too.
 */
export async function portableRuntimes(): Promise<readonly PortableRuntime[]> {
  return [
    { name: "Deno", runtime: { program: Deno.execPath() } },
    { name: "node", runtime: await installRuntime("node") },
    { name: "bun", runtime: await installRuntime("bun") },
    { name: "Chromium", runtime: await findChromium() },
  ];
}

/**
 * Tells whether a test is to be left out, as its runtime is missing. With `CI=true` it is
 * not, and fails.
 *
 * @param runtime The runtime.
 * @returns What to add to the name of the test, and whether to ignore it.
 */
export function missingNote(
  { runtime }: PortableRuntime,
): { readonly note: string; readonly ignore: boolean } {
  if ("program" in runtime) return { note: "", ignore: false };
  return {
    note: ` (${runtime.missing})`,
    ignore: Deno.env.get("CI") !== "true",
  };
}

/** A folder with the package and one program, and a server of its own for it. */
export class PortableSite {
  readonly #folder: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #handler: (request: Request) => Response | Promise<Response>;
  readonly #timeoutMs: number;
  #page: { readonly lines: string[]; end(): void } | undefined;

  private constructor(
    folder: string,
    { handler, timeoutMs = 60_000 }: PortableSiteOptions,
  ) {
    this.#folder = folder;
    this.#handler = handler ?? (() => new Response(null, { status: 404 }));
    this.#timeoutMs = timeoutMs;
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  /**
   * Packs the package with the program beside it, and starts the server.
   *
   * @param options The program.
   * @returns The site.
   */
  static async open(options: PortableSiteOptions): Promise<PortableSite> {
    const folder = await Deno.makeTempDir();
    const base = new URL(`file://${folder}/`);
    await pack(base);
    const site = new PortableSite(folder, options);
    const files: Record<string, string> = {
      "main.js": options.main,
      "run.js": RUN.replace("SITE", site.url),
      "index.html": PAGE,
    };
    for (const source of options.sources ?? []) {
      files[source.replace(/\.ts$/, ".js")] = toJavaScript(
        await Deno.readTextFile(new URL(source, ROOT)),
      );
    }
    for (const [name, text] of Object.entries(files)) {
      const target = new URL(name, base);
      await Deno.mkdir(new URL("./", target), { recursive: true });
      await Deno.writeTextFile(target, text);
    }
    return site;
  }

  /** Its address, without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /**
   * Runs the program once, for as long as the site's patience lasts. Runs may overlap, but
   * for two in Chromium.
   *
   * @param where The runtime.
   * @returns What it came to.
   * @throws {Error} If the runtime is missing.
   */
  async run({ name, runtime }: PortableRuntime): Promise<PortableRun> {
    if ("missing" in runtime) throw new Error(runtime.missing);
    const file = `${this.#folder}/run.js`;
    switch (name) {
      case "Chromium":
        return await this.#runPage(runtime.program);
      case "Deno":
        return await this.#runProgram(runtime.program, [
          "run",
          "--no-config",
          "--allow-net=127.0.0.1",
          file,
        ]);
      default:
        return await this.#runProgram(runtime.program, [file]);
    }
  }

  /** Stops the server and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #runProgram(program: string, args: string[]): Promise<PortableRun> {
    const process = new Deno.Command(program, {
      args,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(this.#timeoutMs),
    }).spawn();
    let output = "";
    let saidMs = performance.now();
    async function collect(stream: ReadableStream<Uint8Array>): Promise<void> {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) {
        output += text;
        saidMs = performance.now();
      }
    }
    const [{ code, signal }] = await Promise.all([
      process.status,
      collect(process.stdout),
      collect(process.stderr),
    ]);
    const lingerMs = performance.now() - saidMs;
    if (code !== 0) output += `\nIt ended with ${signal ?? `code ${code}`}`;
    return { output: output.trim(), lingerMs };
  }

  async #runPage(program: string): Promise<PortableRun> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const lines: string[] = [];
    this.#page = { lines, end: resolve };
    const timer = setTimeout(() => {
      lines.push(`Nothing more came within ${this.#timeoutMs} ms`);
      resolve();
    }, this.#timeoutMs);
    try {
      await using _page = await ChromiumPage.open(
        program,
        `${this.url}/index.html`,
      );
      await promise;
    } finally {
      clearTimeout(timer);
    }
    return { output: lines.join("\n"), lingerMs: undefined };
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.method === "POST") {
      if (pathname === SAY_PATH) this.#page?.lines.push(await request.text());
      else if (pathname === END_PATH) this.#page?.end();
      else return await this.#handler(request);
      return new Response();
    }
    try {
      const file = await Deno.readFile(`${this.#folder}${pathname}`);
      const type = pathname.endsWith(".js") ? "text/javascript" : "text/html";
      return new Response(file, { headers: { "content-type": type } });
    } catch {
      return new Response(null, { status: 404 });
    }
  }
}
