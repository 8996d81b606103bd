import { assertEquals, assertThrows } from "@std/assert";
import { toJavaScript } from "./pack.ts";

Deno.test("toJavaScript() erases types and imports files of JavaScript", () => {
  const source = `import { a, type B } from "./a.ts";
import type { C } from "./c.ts";
export * from "../d/mod.ts";
export const e: B = await import("./e.ts") as B;
import "./f.ts";
const text = "./g.ts";`;
  const lines = toJavaScript(source).split("\n").map((line) =>
    line.replaceAll(/ +/g, " ").trim()
  );
  assertEquals(lines, [
    `import { a, } from "./a.js";`,
    ``,
    `export * from "../d/mod.js";`,
    `export const e = await import("./e.js") ;`,
    `import "./f.js";`,
    `const text = "./g.ts";`,
  ]);
});

Deno.test("toJavaScript() refuses what is more than types", () => {
  assertThrows(() => toJavaScript("enum A { B }"), Error, "enum");
});
