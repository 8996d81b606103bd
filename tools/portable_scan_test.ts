import { assert, assertEquals } from "@std/assert";
import { portableEntries } from "./entries.ts";
import { publishedFiles } from "./pack.ts";
import {
  PORTABLE_HEADER,
  scanPortable,
  scanPortableGraph,
} from "./portable_scan.ts";
import { ROOT } from "./run.ts";

/** Sources, and what keeps each of them from loading everywhere. */
const REFUSED: readonly [source: string, problem: string][] = [
  [`import { readFile } from "node:fs";`, `imports "node:fs"`],
  [`import type { Stats } from "node:fs";`, `imports "node:fs"`],
  [`import ky from "npm:ky";`, `imports "npm:ky"`],
  [`import ky from "ky";`, `imports "ky"`],
  [`import "jsr:@std/assert";`, `imports "jsr:@std/assert"`],
  [
    `export * from "https://a.example/b.ts";`,
    `imports "https://a.example/b.ts"`,
  ],
  [`export * as a from "@tickwire/net";`, `imports "@tickwire/net"`],
  [`export { a } from "node:fs";`, `imports "node:fs"`],
  [`await import("node:fs");`, `imports "node:fs"`],
  [`await import(name);`, `imports a computed name`],
  [`let a: import("node:fs").Stats;`, `imports "node:fs"`],
  [`/// <reference types="npm:@types/node" />`, `has a reference directive`],
  [`Deno.pid;`, `uses the global Deno`],
  [`globalThis.Deno;`, `uses the global Deno`],
  [`const { Deno } = globalThis;`, `uses the global Deno`],
  [`globalThis["Deno"];`, `asks for the global Deno`],
  [`"Deno" in globalThis;`, `asks for the global Deno`],
  [`let a: Deno.Conn;`, `uses the global Deno`],
  [`const a = Bun.version;`, `uses the global Bun`],
  [`process.env;`, `uses the global process`],
  [`const a = { process };`, `uses the global process`],
  [`let a: Buffer;`, `uses the global Buffer`],
  [`require("fs");`, `uses the global require`],
];

for (const [source, problem] of REFUSED) {
  Deno.test(`scanPortable() refuses ${source}`, () => {
    const { imports, problems } = scanPortable(
      "a.ts",
      PORTABLE_HEADER + source,
    );
    assertEquals(new Set(problems), new Set([`a.ts ${problem}`]));
    assertEquals(imports, []);
  });
}

Deno.test("scanPortable() refuses a file without the header", () => {
  assertEquals(scanPortable("a.ts", "export const a = 1;").problems, [
    'a.ts does not begin with "// This module is browser compatible."',
  ]);
});

Deno.test("scanPortable() lets comments, texts and names of members pass", () => {
  const source = PORTABLE_HEADER +
    `/** Deno.serve(), see "node:fs". */
    import type { A } from "./a.ts";
    export { b } from "../b.ts";
    class C { process = 1; global(): void {} }
    const text = "Deno.serve() is not here";
    new C().process;
    export const c = { process: text, d: await import("./d.ts") };`;
  assertEquals(scanPortable("c.ts", source), {
    imports: ["./a.ts", "../b.ts", "./d.ts"],
    problems: [],
  });
});

Deno.test("scanPortableGraph() follows the imports", async () => {
  const files: Record<string, string> = {
    "file:///mod.ts": `${PORTABLE_HEADER}export * from "./a/mod.ts";`,
    "file:///a/mod.ts": `${PORTABLE_HEADER}export * from "./bad.ts";`,
    "file:///a/bad.ts": `${PORTABLE_HEADER}import "../mod.ts"; Deno.pid;`,
  };
  const entries = [new URL("file:///mod.ts")];
  const { reached, problems } = await scanPortableGraph(
    entries,
    (url) => Promise.resolve(files[url.href] ?? ""),
  );
  assertEquals(reached, Object.keys(files));
  assertEquals(problems, ["file:///a/bad.ts uses the global Deno"]);
});

Deno.test("every mod.ts reaches only files that load everywhere", async () => {
  const entries = portableEntries().map((entry) => new URL(entry, ROOT));
  const { reached, problems } = await scanPortableGraph(
    entries,
    Deno.readTextFile,
  );
  assertEquals(problems, []);
  assert(reached.includes(new URL("core/event_queue.ts", ROOT).href));
});

Deno.test("every published file that claims to load everywhere does", async () => {
  for (const file of await publishedFiles()) {
    if (!file.endsWith(".ts")) continue;
    const source = await Deno.readTextFile(new URL(file, ROOT));
    if (!source.startsWith(PORTABLE_HEADER)) continue;
    assertEquals(scanPortable(file, source).problems, []);
  }
});
