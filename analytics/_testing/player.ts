import type { PlayerArgs } from "./player_process.ts";

const PROGRAM = new URL("player_process.ts", import.meta.url);
const IMPORT_MAP = new URL("../../tools/std/import_map.json", import.meta.url);

/**
 * Lets a game play, and kills it, if it is to be, when so many milliseconds have passed in it as pass in ours at best:
 * a machine that is busy lets it play as long as another.
 *
 * @returns The lines that it told, all of them whole.
 */
export async function playGame(
  args: PlayerArgs,
  killAfterMs: number | undefined,
): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "--quiet"],
      ...[`--import-map=${IMPORT_MAP.href}`, PROGRAM.href],
      JSON.stringify(args),
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let text = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  // What was written before the end is read after it.
  for await (
    const chunk of child.stdout.pipeThrough(new TextDecoderStream())
  ) {
    text += chunk;
    if (killAfterMs === undefined || timer !== undefined) continue;
    const frameMs = /.*\nf (\d+)\n/s.exec(text)?.[1];
    if (frameMs === undefined) continue;
    if (Number(frameMs) < killAfterMs * args.speed) continue;
    // Anywhere in a frame.
    timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs % 2);
  }
  clearTimeout(timer);
  const { success, signal } = await child.status;
  const isKilled = signal === "SIGKILL";
  if (!success && !(isKilled && killAfterMs !== undefined)) {
    throw new Error(`The game ended with ${signal}: ${text.slice(-500)}`);
  }
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").slice(0, -1);
}
