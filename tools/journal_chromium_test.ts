import { assertEquals } from "@std/assert";
import { JOURNAL_CASES } from "../core/_testing/journal_conformance.ts";
import { toJavaScript } from "./pack.ts";
import { ROOT } from "./run.ts";
import { ChromiumPage, findChromium } from "./runtimes.ts";

const TIMEOUT_MS = 60_000;

/** Runs every case on both journals of the browser, and reports what failed. */
const PAGE = `<!doctype html>
  <script type="importmap">
    { "imports": { "@std/assert": "/tools/std/assert.js" } }
  </script>
  <script type="module">
    async function main() {
      const { JOURNAL_CASES } = await import("/core/_testing/journal_conformance.js");
      const { IndexedDbJournal, LocalStorageJournal } = await import("/core/mod.js");
      const subjects = {
        IndexedDbJournal: (name, limits) => IndexedDbJournal.open(name, limits),
        LocalStorageJournal: async (name, limits) =>
          new LocalStorageJournal(localStorage, name, limits),
      };
      const failed = [];
      let passed = 0;
      for (const [subject, make] of Object.entries(subjects)) {
        for (const { name, run } of JOURNAL_CASES) {
          let journal;
          async function open(limits = {}) {
            await journal?.close();
            return journal = await make(name, limits);
          }
          try {
            await run({ persistent: true, open });
            passed++;
          } catch (error) {
            failed.push(subject + "." + name + ": " + error);
          }
          await journal?.close();
          localStorage.clear();
        }
      }
      const full = new LocalStorageJournal(localStorage, "full", { maxBytes: 1e9 });
      let quota = "none within 100 MB";
      for (let i = 0; i < 100 && quota.startsWith("none"); i++) {
        await full.append(new Uint8Array(1e6)).catch((error) => quota = error.code);
      }
      return { passed, failed, quota };
    }
    const report = await main().catch((error) => ({ failed: [String(error)] }));
    await fetch("/", { method: "POST", body: JSON.stringify(report) });
  </script>`;

async function answer(
  request: Request,
  report: (text: string) => void,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (request.method === "POST") {
    report(await request.text());
    return new Response();
  }
  if (pathname === "/") {
    return new Response(PAGE, { headers: { "content-type": "text/html" } });
  }
  try {
    const path = `.${pathname.replace(/\.js$/, ".ts")}`;
    const source = await Deno.readTextFile(new URL(path, ROOT));
    return new Response(toJavaScript(source), {
      headers: { "content-type": "text/javascript" },
    });
  } catch {
    return new Response(null, { status: 404 });
  }
}

const chromium = await findChromium();
const missing = "missing" in chromium ? ` (${chromium.missing})` : "";

Deno.test({
  name: `the journals of the browser conform in Chromium${missing}`,
  ignore: missing !== "" && Deno.env.get("CI") !== "true",
  fn: async () => {
    if ("missing" in chromium) throw new Error(chromium.missing);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const timer = setTimeout(
      () => reject(new Error(`Nothing came within ${TIMEOUT_MS} ms`)),
      TIMEOUT_MS,
    );
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => answer(request, resolve),
    );
    try {
      await using _page = await ChromiumPage.open(
        chromium.program,
        `http://127.0.0.1:${server.addr.port}/`,
      );
      assertEquals(JSON.parse(await promise), {
        passed: 2 * JOURNAL_CASES.length,
        failed: [],
        quota: "full",
      });
    } finally {
      clearTimeout(timer);
    }
  },
});
