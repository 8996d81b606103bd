// This module is browser compatible.

import { MemoryJournal } from "../core/mod.ts";
import { Analytics, AnalyticsEvent } from "../analytics/mod.ts";
import type { PortableResult } from "./portable_run.ts";

/** What the client does in every runtime: each case throws where it does otherwise. */
const CASES: readonly {
  readonly name: string;
  run(endpoint: string): Promise<void>;
}[] = [
  {
    name: "Analytics sends what was recorded, compressed",
    async run(endpoint) {
      const analytics = new Analytics("1.2.0", "web", { apiKey: "game-key" });
      analytics.record(AnalyticsEvent.custom({ key: "before" }));
      analytics.enable(endpoint);
      for (let i = 0; i < 500; i++) {
        analytics.record(AnalyticsEvent.custom({ key: "portable", value: i }));
        analytics.recordFrame(16);
        analytics.tick(1 / 60);
      }
      await analytics.close(10_000);
      if (analytics.uploadsSent === 0) throw new Error("Nothing was sent");
    },
  },
  {
    name: "Analytics goes on with what a process before it left",
    async run(endpoint) {
      const journal = new MemoryJournal();
      const shared = {
        append: (bytes: Uint8Array) => journal.append(bytes),
        read: (afterId: number, maxBytes: number) =>
          journal.read(afterId, maxBytes),
        remove: (upToId: number) => journal.remove(upToId),
        close: () => Promise.resolve(),
      };
      const options = { apiKey: "game-key", journal: () => shared };
      const offline = new Analytics("1.2.0", "web", {
        ...options,
        http: { fetch: () => Promise.reject(new TypeError("offline")) },
      });
      offline.enable(endpoint);
      offline.record(AnalyticsEvent.custom({ key: "left", value: 1 }));
      await offline.close();
      const online = new Analytics("1.2.0", "web", options);
      online.enable(endpoint);
      await online.close(10_000);
      if (online.uploadsSent !== 1) {
        throw new Error(`${online.uploadsSent} batches were sent`);
      }
    },
  },
];

/** The names of the cases. */
export const ANALYTICS_CASES: readonly string[] = CASES.map(({ name }) => name);

/**
 * Runs every case, one after the other.
 *
 * @param site The address of the server that tells where the collector is.
 * @param say Takes one line for each case.
 */
export async function main(
  site: string,
  say: (line: string) => Promise<void>,
): Promise<void> {
  const asked = await fetch(`${site}/analytics`, { method: "POST" });
  const endpoint = await asked.text();
  for (const { name, run } of CASES) {
    const startMs = performance.now();
    let error: string | undefined;
    try {
      await run(endpoint);
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
