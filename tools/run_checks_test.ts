import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import browser from "./browser.json" with { type: "json" };
import { ROOT } from "./run.ts";

async function checkInBrowser(
  source: string,
): Promise<{ success: boolean; stderr: string }> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, source);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--config=tools/browser.json", file],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    return { success, stderr: new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("tools/browser.json knows the types of a browser", async () => {
  const { success, stderr } = await checkInBrowser(
    `export const a: string = document.title;
    export const b: Promise<Response> = fetch("/", { mode: "cors" });
    export const c: CacheStorage = caches;
    export const d: AsyncIterable<Uint8Array> = new Blob().stream();`,
  );
  assert(success, stderr);
});

Deno.test("tools/browser.json does not know Deno", async () => {
  const { success, stderr } = await checkInBrowser(`Deno.pid;`);
  assertEquals(success, false);
  assertStringIncludes(stderr, "Cannot find name 'Deno'");
});

Deno.test("tools/browser.json is as strict as deno.json", () => {
  const { lib: _lib, ...options } = browser.compilerOptions;
  assertEquals(options, config.compilerOptions);
});
