import {
  type StrongVectors,
  VECTOR_CASES,
} from "../sync/coder/strong/_testing/vector_cases.ts";
import type { PortableResult } from "./portable_run.ts";

/**
 * Runs every case of the strong coder's vectors, one after the other.
 *
 * @param site The address of the server that knows the vectors.
 * @param say Takes one line for each case.
 */
export async function main(
  site: string,
  say: (line: string) => Promise<void>,
): Promise<void> {
  const answer = await fetch(`${site}/vectors`, { method: "POST" });
  const vectors: StrongVectors = await answer.json();
  for (const { name, run } of VECTOR_CASES) {
    const startMs = performance.now();
    let error: string | undefined;
    try {
      run(vectors);
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
