// This module is browser compatible.
import { Problem } from "../server/problem.ts";
import type { ReplayStore } from "./replay_store.ts";

/** What is read of the store at once. */
const READ_BYTES = 262_144;

/**
 * Makes the body of a download, which reads the store as fast as it is taken. If the replay is removed meanwhile, the
 * body breaks off.
 *
 * @param store Where the replay is.
 * @param sha256 Its name.
 * @param start The first byte.
 * @param end Behind the last byte.
 * @returns A promise of the body. It rejects if the store fails at once.
 */
export async function replayBody(
  store: ReplayStore,
  sha256: string,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>> {
  let offset = start;
  async function read(): Promise<Uint8Array<ArrayBuffer>> {
    const wanted = Math.min(READ_BYTES, end - offset);
    if (wanted === 0) return new Uint8Array(0);
    const bytes = await store.read(sha256, offset, wanted);
    if (bytes?.length !== wanted) {
      throw new Problem("replayNotFound", "Cannot find the replay any more");
    }
    offset += wanted;
    return bytes;
  }
  const first = await read();
  if (offset === end) return first;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      controller.enqueue(first);
    },
    async pull(controller) {
      controller.enqueue(await read());
      if (offset === end) controller.close();
    },
  });
}
