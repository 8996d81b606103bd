// This module is browser compatible.

import * as tickwire from "../transport/mod.ts";
import { TOKEN_CASES } from "../transport/netcode/_testing/token_cases.ts";
import { PORTABLE_CASES } from "../transport/web/_testing/portable_cases.ts";
import type { PortableResult } from "./portable_run.ts";

/**
 * Runs every portable case, one after the other.
 *
 * @param site The address of the server that knows where the listeners are.
 * @param say Takes one line for each case.
 */
export async function main(
  site: string,
  say: (line: string) => Promise<void>,
): Promise<void> {
  const opened = await fetch(`${site}/transport`, { method: "POST" });
  const env = await opened.json();
  const cases = [
    ...PORTABLE_CASES.map(({ name, run }) => ({
      name,
      run: () => run(tickwire, env),
    })),
    ...TOKEN_CASES.map(({ name, run }) => ({
      name,
      run: () => run(tickwire, env.game),
    })),
  ];
  for (const { name, run } of cases) {
    const startMs = performance.now();
    let error: string | undefined;
    try {
      await run();
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
