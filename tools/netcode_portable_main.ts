import { PacketCodec } from "../transport/netcode/_packet_codec.ts";
import { CODEC_CASES } from "../transport/netcode/_testing/codec_cases.ts";
import type { PortableResult } from "./portable_run.ts";

/**
 * Runs every case of netcode's codec on what the runtime has, one after the other; or says
 * why there is no codec.
 *
 * @param site The address of the server that knows the vectors.
 * @param say Takes one line for each case.
 */
export async function main(
  site: string,
  say: (line: string) => Promise<void>,
): Promise<void> {
  try {
    new PacketCodec(0n);
  } catch (error) {
    return await say(String(error));
  }
  const answer = await fetch(`${site}/vectors`, { method: "POST" });
  const vectors = await answer.json();
  for (const { name, run } of CODEC_CASES) {
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
