import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { largeContract } from "./_testing/large_contract.ts";

const CONFIG = new URL("../../deno.json", import.meta.url);
const MUST_FAIL = new URL("_testing/must_fail.ts", import.meta.url);

/** What the compiler says: all of it, and a line `file:line code` for each error. */
async function check(
  files: Readonly<Record<string, string>>,
): Promise<{ text: string; errors: string[] }> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--config", CONFIG.pathname, ...Object.keys(files)],
      cwd: folder,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
    }).output();
    const text = new TextDecoder().decode(stderr);
    const found = [
      ...text.matchAll(/^TS(\d+) [^]*?^ {4}at .*\/(\w+\.ts):(\d+):\d+$/gm),
    ];
    const total = /Found (\d+) errors?\./.exec(text)?.[1] ??
      String(found.length);
    assertEquals(String(found.length), total, text);
    assert(found.length > 0 || !text.includes("error"), text);
    const errors = found.map(([, code, file, line]) =>
      `${file}:${line} ${code}`
    );
    return { text, errors };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the types refuse just what they must, and check 200 calls", async () => {
  const text = (await Deno.readTextFile(MUST_FAIL)).replaceAll(
    /from "(\.[^"]+)"/g,
    (_, path) => `from "${new URL(path, MUST_FAIL).href}"`,
  );
  const expected: string[] = [];
  text.split("\n").forEach((line, i) => {
    const code = /@ts-expect-error (\d+) /.exec(line)?.[1];
    // What is wrong stands in the next line.
    if (code !== undefined) expected.push(`cases.ts:${i + 2} ${code}`);
  });
  const directives = text.match(/@ts-expect-error/g)!.length;
  assertEquals(expected.length, directives, "a directive has no number");
  const cases = text.replaceAll("@ts-expect-error", "expected:");
  // One mistake in the last line shows that the rest was looked at.
  const large = `${largeContract(200)}send("call198", {});`;
  const said = await check({ "cases.ts": cases, "large.ts": large });
  expected.push(`large.ts:${large.split("\n").length} 2345`);
  assertEquals(said.errors, expected);
  // The names that there are, not the types that they were made by.
  assertStringIncludes(
    said.text,
    `Type '"buy"' does not satisfy the expected type '"hit" | "miss"'`,
  );
});
