/**
 * Writes what would be published into a folder, as the JavaScript that every runtime
 * loads without a build:
 *
 *     deno run -A tools/pack.ts <folder>
 *
 * @module
 */

import { stripTypeScriptTypes } from "node:module";
import config from "../deno.json" with { type: "json" };
import { ROOT } from "./run.ts";

/**
 * Asks `deno publish` which files it would publish.
 *
 * @returns Their paths, relative to the folder of the repository.
 * @throws {Error} If the package cannot be published.
 */
export async function publishedFiles(): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "publish",
      "--dry-run",
      // What is refused for its types or a dirty tree is refused by the checks.
      "--allow-dirty",
      "--allow-slow-types",
      "--no-check",
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  const output = decoder.decode(stdout) + decoder.decode(stderr);
  const files = [...output.matchAll(/^\s+(file:\/\/\S+) \(/gm)]
    .map(([, url = ""]) => url);
  if (!success || files.length === 0) {
    throw new Error(`Cannot list what would be published: ${output}`);
  }
  return files.map((url) => decodeURI(url.slice(ROOT.href.length)));
}

/**
 * Turns a module of TypeScript into the same module of JavaScript.
 *
 * @param source A module whose types can be erased.
 * @returns The module, which imports `.js` where the source imports `.ts`.
 * @throws {Error} If the source has syntax that is more than types, such as an `enum`.
 */
export function toJavaScript(source: string): string {
  return stripTypeScriptTypes(source).replaceAll(
    /(\bfrom\s*|\bimport\s*\(?\s*)"(\.{1,2}\/[^"\n]+)\.ts"/g,
    '$1"$2.js"',
  );
}

/**
 * Writes the package as JavaScript, with a `package.json` that Node and Bun understand.
 *
 * @param folder An existing folder, as a URL that ends in a slash.
 */
export async function pack(folder: URL): Promise<void> {
  for (const file of await publishedFiles()) {
    if (!file.endsWith(".ts")) continue;
    const target = new URL(asJavaScriptPath(file), folder);
    await Deno.mkdir(new URL("./", target), { recursive: true });
    const source = await Deno.readTextFile(new URL(file, ROOT));
    await Deno.writeTextFile(target, toJavaScript(source));
  }
  const exports = Object.fromEntries(
    Object.entries(config.exports).map((
      [name, file],
    ) => [name, asJavaScriptPath(file)]),
  );
  const { name, version, license } = config;
  await Deno.writeTextFile(
    new URL("package.json", folder),
    JSON.stringify({ name, version, license, type: "module", exports }),
  );
}

function asJavaScriptPath(file: string): string {
  return file.replace(/\.ts$/, ".js");
}

if (import.meta.main) {
  const [folder] = Deno.args;
  if (folder === undefined) {
    console.error("Usage: pack.ts <folder>");
    Deno.exit(2);
  }
  await Deno.mkdir(folder, { recursive: true });
  await pack(new URL(`file://${await Deno.realPath(folder)}/`));
}
