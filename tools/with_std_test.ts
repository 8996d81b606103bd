import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { ROOT } from "./run.ts";
import standIns from "./std/import_map.json" with { type: "json" };

const STD_TEST = "tools/std/std_test.ts";

/** What each package of JSR exports, with the stand-ins as its files. */
const PACKAGES: Record<string, Record<string, string>> = {
  "@std/assert": { ".": "./assert.ts" },
  "@std/encoding": { "./base64": "./encoding.ts", "./hex": "./encoding.ts" },
  "@std/testing": { "./mock": "./mock.ts", "./time": "./time.ts" },
};

/** A JSR on loopback: the metadata of each package and of its one version, and files. */
class FakeJsr {
  readonly requests: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({
      port: 0,
      hostname: "127.0.0.1",
      onListen: () => {},
    }, (request) => this.#answer(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.requests.push(pathname);
    const [, name = "", file = ""] =
      /^\/(@std\/[a-z]+)\/(?:1\.0\.0\/)?(.+)$/.exec(pathname) ?? [];
    const exports = PACKAGES[name];
    if (exports === undefined) return new Response(null, { status: 404 });
    if (file === "meta.json") {
      return Response.json({
        scope: "std",
        name: name.slice("@std/".length),
        latest: "1.0.0",
        versions: { "1.0.0": {} },
      });
    }
    if (file === "1.0.0_meta.json") {
      return Response.json({ manifest: await manifestOfStandIns(), exports });
    }
    return new Response(await readStandIn(file), {
      headers: { "content-type": "text/typescript" },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function readStandIn(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return Deno.readFile(new URL(`tools/std/${file}`, ROOT));
}

async function manifestOfStandIns(): Promise<Record<string, unknown>> {
  const manifest: Record<string, unknown> = {};
  for (const file of ["assert.ts", "encoding.ts", "mock.ts", "time.ts"]) {
    const bytes = await readStandIn(file);
    const hash = await crypto.subtle.digest("SHA-256", bytes);
    const checksum = `sha256-${new Uint8Array(hash).toHex()}`;
    manifest[`/${file}`] = { size: bytes.length, checksum };
  }
  return manifest;
}

/** Runs Deno with nothing in its cache and with JSR at another address. */
async function runDenoWith(
  jsrUrl: string,
  args: string[],
): Promise<{ success: boolean; stdout: string; stderr: string }> {
  const cache = await Deno.makeTempDir();
  try {
    const output = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: ROOT,
      env: { JSR_URL: jsrUrl, DENO_DIR: cache, NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return {
      success: output.success,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr),
    };
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

Deno.test("with_std.ts takes the packages of JSR where it answers", async () => {
  await using jsr = new FakeJsr();
  const args = ["run", "-A", "tools/with_std.ts", "test", "-A", STD_TEST];
  const { success, stdout, stderr } = await runDenoWith(jsr.url, args);
  assert(success, stdout + stderr);
  assertStringIncludes(stderr, "@std: the packages of JSR");
  assertStringIncludes(stdout, " passed | 0 failed");
  assert(jsr.requests.includes("/@std/testing/1.0.0/time.ts"));
});

Deno.test("with_std.ts takes the stand-ins where JSR refuses", async () => {
  // Nothing listens at the port of a server that has ended.
  const jsr = new FakeJsr();
  const { url } = jsr;
  await jsr[Symbol.asyncDispose]();
  const args = ["run", "-A", "tools/with_std.ts", "test", "-A", STD_TEST];
  const { success, stdout, stderr } = await runDenoWith(url, args);
  assert(success, stdout + stderr);
  assertStringIncludes(stderr, "@std: the stand-ins of tools/std");
  assertStringIncludes(stdout, " passed | 0 failed");
});

Deno.test("with_std.ts hands on the exit code of a failing run", async () => {
  await using jsr = new FakeJsr();
  const args = ["run", "-A", "tools/with_std.ts", "check", "no_such_file.ts"];
  const { success, stderr } = await runDenoWith(jsr.url, args);
  assertEquals(success, false);
  assertStringIncludes(stderr, "@std: the packages of JSR");
  assertStringIncludes(stderr, "no_such_file.ts");
});

Deno.test("chooseStd() gives up on a JSR that never answers", async () => {
  using silent = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const url = `http://127.0.0.1:${silent.addr.port}/`;
  const startMs = performance.now();
  const { success, stdout, stderr } = await runDenoWith(url, [
    "eval",
    `import { chooseStd } from ${
      JSON.stringify(new URL("tools/with_std.ts", ROOT))
    };
    console.log((await chooseStd({ timeoutMs: 500 })).join());`,
  ]);
  assert(success, stderr);
  assertEquals(stdout.trim(), `--import-map=${standInsUrl()}`);
  // Without the bound it takes the minutes that a connection may take to time out.
  assert(performance.now() - startMs < 60_000);
});

function standInsUrl(): string {
  return new URL("tools/std/import_map.json", ROOT).href;
}

Deno.test("tools/std/import_map.json repeats the imports of deno.json", () => {
  // The flag replaces all imports, not only those of @std.
  const entries = Object.entries(config.imports);
  const others = entries.filter(([, to]) => !to.startsWith("jsr:"));
  const repeated = Object.entries(standIns.imports)
    .filter(([name]) => !name.startsWith("@std/"));
  assertEquals(Object.fromEntries(repeated), Object.fromEntries(others));

  const fromJsr = entries.filter(([, to]) => to.startsWith("jsr:"));
  for (const name of Object.keys(standIns.imports)) {
    if (!name.startsWith("@std/")) continue;
    assert(
      fromJsr.some(([from]) => name === from || name.startsWith(`${from}/`)),
    );
  }
  for (const [name, to] of fromJsr) {
    assert(to.startsWith(`jsr:${name}@`), `${name} is another package: ${to}`);
    const names = Object.keys(standIns.imports);
    assert(
      names.some((given) => given === name || given.startsWith(`${name}/`)),
    );
  }
});
