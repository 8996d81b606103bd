// This module is browser compatible.

import { MemoryJournal, SeededRandom } from "../core/mod.ts";
import * as leaderboard from "../leaderboard/mod.ts";
import { PORTABLE_CASES } from "../leaderboard/client/_testing/portable_cases.ts";
import type { PortableResult } from "./portable_run.ts";

/**
 * Runs every portable case, one after the other.
 *
 * @param site The address of the server that starts a leaderboard server for each.
 * @param say Takes one line for each case.
 */
export async function main(
  site: string,
  say: (line: string) => Promise<void>,
): Promise<void> {
  const tickwire = { ...leaderboard, MemoryJournal, SeededRandom };
  for (const { name, run } of PORTABLE_CASES) {
    const startMs = performance.now();
    let error: string | undefined;
    try {
      const opened = await fetch(`${site}/leaderboard`, { method: "POST" });
      await run(tickwire, await opened.text());
    } catch (thrown) {
      error = thrown instanceof Error
        ? thrown.stack ?? thrown.message
        : String(thrown);
    }
    const tookMs = Math.round(performance.now() - startMs);
    const result: PortableResult = error === undefined
      ? { name, tookMs }
      : { name, tookMs, error };
    await say(JSON.stringify(result));
  }
}
