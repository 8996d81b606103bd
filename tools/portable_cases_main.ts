// This module is browser compatible.

import * as tickwire from "../websocket/mod.ts";
import {
  PORTABLE_CASES,
  type PortableEnv,
} from "../websocket/_testing/portable_cases.ts";
import type { PortableResult } from "./portable_run.ts";

/**
 * Runs every portable case, one after the other.
 *
 * @param site The address of the server with the worlds.
 * @param say Takes one line for each case.
 */
export async function main(
  site: string,
  say: (line: string) => Promise<void>,
): Promise<void> {
  for (const { name, run } of PORTABLE_CASES) {
    const startMs = performance.now();
    let error: string | undefined;
    try {
      const { env, close } = await openWorld(site);
      try {
        await run(tickwire, env);
      } finally {
        await close();
      }
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

async function openWorld(
  site: string,
): Promise<{ env: PortableEnv; close(): Promise<void> }> {
  async function post(world: string, command: string): Promise<Response> {
    const response = await fetch(`${site}/world/${world}`, {
      method: "POST",
      body: command,
    });
    if (!response.ok) throw new Error(await response.text());
    return response;
  }
  const opened = await post("open", "stats");
  const world = opened.headers.get("world")!;
  const { url } = await opened.json();
  return {
    env: {
      url,
      control: async (command) => (await post(world, command)).json(),
    },
    close: async () => {
      await (await post(world, "close")).body?.cancel();
    },
  };
}
