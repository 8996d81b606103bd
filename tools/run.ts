/** Starts Deno, for the other tools. @module */

/** The folder of the repository. */
export const ROOT: URL = new URL("../", import.meta.url);

/** The import map that puts the stand-ins in the place of the `@std` packages. */
export const IMPORT_MAP: string =
  new URL("tools/std/import_map.json", ROOT).href;

/**
 * Runs the Deno that runs this program (it need not be on the `PATH`) in the folder of
 * the repository, with the terminal as its own.
 *
 * @param args The subcommand and its arguments.
 * @returns The exit code.
 */
export async function runDeno(args: readonly string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  return (await child.status).code;
}
