import { assertEquals } from "@std/assert";
import { portableEntries } from "./entries.ts";
import { pack, toJavaScript } from "./pack.ts";
import {
  ChromiumPage,
  findChromium,
  installRuntime,
  type Runtime,
} from "./runtimes.ts";

const BODY = `{"runtime":"any","scores":[3,2,1]}`;
const EXPECTED = `success 200 ${BODY}`;

/** Serves a folder to pages and, from another origin, JSON; keeps what a page reports. */
class ProbeServer {
  readonly reported: Promise<string>;
  readonly #report: (text: string) => void;
  readonly #folder: URL;
  readonly #pages: Deno.HttpServer<Deno.NetAddr>;
  readonly #api: Deno.HttpServer<Deno.NetAddr>;

  constructor(folder: URL) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.reported = promise;
    this.#report = resolve;
    this.#folder = folder;
    const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
    this.#pages = Deno.serve(options, (request) => this.#answer(request));
    this.#api = Deno.serve(options, () =>
      new Response(BODY, {
        headers: {
          "content-type": "application/json",
          "access-control-allow-origin": "*",
        },
      }));
  }

  get pagesUrl(): string {
    return `http://127.0.0.1:${this.#pages.addr.port}/`;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.#api.addr.port}/scores`;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.method === "POST") {
      this.#report(await request.text());
      return new Response();
    }
    try {
      const file = await Deno.readFile(new URL(`.${pathname}`, this.#folder));
      const type = pathname.endsWith(".js") ? "text/javascript" : "text/html";
      return new Response(file, { headers: { "content-type": type } });
    } catch {
      return new Response(null, { status: 404 });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#pages.shutdown(), this.#api.shutdown()]);
  }
}

/** Packs the package with programs beside it that load all of it and run the probe. */
async function packProbe(folder: URL, apiUrl: string): Promise<void> {
  await pack(folder);
  const entries = portableEntries().map((entry) => entry.replace(/ts$/, "js"));
  const files = {
    "probe.js": toJavaScript(
      await Deno.readTextFile(new URL("portability_probe.ts", import.meta.url)),
    ),
    "main.js": `${entries.map((entry) => `import "${entry}";`).join("\n")}
      import * as tickwire from "./mod.js";
      import { probe } from "./probe.js";
      export function main() {
        return probe(tickwire, "${apiUrl}");
      }`,
    "run.js": `import { main } from "./main.js";
      console.log(await main());`,
    "index.html": `<!doctype html><script type="module">
      const main = import("./main.js").then((module) => module.main());
      const body = await main.catch((error) => String(error));
      await fetch("/", { method: "POST", body });
      </script>`,
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(new URL(name, folder), text);
  }
}

/** Runs the probe with a way to load it, and takes what it says. */
async function runProbe(
  load: (server: ProbeServer, folder: URL) => Promise<string>,
): Promise<string> {
  const path = await Deno.makeTempDir();
  try {
    const folder = new URL(`file://${path}/`);
    await using server = new ProbeServer(folder);
    await packProbe(folder, server.apiUrl);
    return await load(server, folder);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

async function runProgram(program: string, args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  const decoder = new TextDecoder();
  return (decoder.decode(stdout) + decoder.decode(stderr)).trim();
}

async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`Nothing came within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Registers a test that is ignored, with the reason in its name, outside of CI. */
function testIn(
  name: string,
  runtime: Runtime,
  load: (
    program: string,
    server: ProbeServer,
    folder: URL,
  ) => Promise<string>,
): void {
  const missing = "missing" in runtime ? ` (${runtime.missing})` : "";
  Deno.test({
    name: `the published files load and fetch in ${name}${missing}`,
    ignore: missing !== "" && Deno.env.get("CI") !== "true",
    fn: async () => {
      if ("missing" in runtime) throw new Error(runtime.missing);
      const said = await runProbe((server, folder) =>
        load(runtime.program, server, folder)
      );
      assertEquals(said, EXPECTED);
    },
  });
}

testIn(
  "Deno",
  { program: Deno.execPath() },
  (program, _server, folder) =>
    runProgram(program, [
      "run",
      "--no-config",
      "--allow-net=127.0.0.1",
      new URL("run.js", folder).pathname,
    ]),
);

for (const name of ["node", "bun"] as const) {
  testIn(
    name,
    await installRuntime(name),
    (program, _server, folder) =>
      runProgram(program, [new URL("run.js", folder).pathname]),
  );
}

testIn("Chromium", await findChromium(), async (program, server) => {
  await using _page = await ChromiumPage.open(
    program,
    `${server.pagesUrl}index.html`,
  );
  return await within(60_000, server.reported);
});
