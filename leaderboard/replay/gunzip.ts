// This module is browser compatible.

/**
 * What is decompressed at once. DEFLATE makes at most 1032 bytes of one (RFC 1951), and some runtimes hand out all that
 * a write made in one piece: so much more than asked for may be in memory for a moment.
 */
const MAX_SLICE_BYTES = 4_096;

/** Gives the next bytes, or `undefined` at the end. */
export type NextBytes = () => Promise<Uint8Array<ArrayBuffer> | undefined>;

/**
 * Decompresses gzip (RFC 1952) from anybody, of which the length is known: never more than that is held, whatever is in
 * it.
 *
 * @param next Gives the compressed bytes in their order. What it rejects with is what the call rejects with.
 * @param byteLength How many bytes it must give.
 * @returns A promise of the bytes, or of `undefined` if it is no gzip, broken, has something behind its end, or gives
 * more or fewer bytes.
 */
export async function gunzip(
  next: NextBytes,
  byteLength: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(byteLength);
  const stream = new DecompressionStream("gzip");
  const feeding = feed(next, stream.writable.getWriter());
  const reader = stream.readable.getReader();
  let isRight = true;
  let held = 0;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) break;
      if (held + value.length > byteLength) {
        isRight = false;
        break;
      }
      bytes.set(value, held);
      held += value.length;
    }
  } catch {
    isRight = false;
  }
  // Ends the feeding too, where it has not come to its end.
  if (!isRight) reader.cancel().catch(ignore);
  const fed = await feeding;
  if (fed.type === "sourceFailed") throw fed.error;
  return isRight && fed.type === "done" && held === byteLength
    ? bytes
    : undefined;
}

type Fed =
  | { readonly type: "done" | "refused" }
  | { readonly type: "sourceFailed"; readonly error: unknown };

async function feed(
  next: NextBytes,
  writer: WritableStreamDefaultWriter<BufferSource>,
): Promise<Fed> {
  // Each failure is seen where it is awaited below.
  writer.closed.catch(ignore);
  while (true) {
    let chunk: Uint8Array<ArrayBuffer> | undefined;
    try {
      chunk = await next();
    } catch (error) {
      writer.abort().catch(ignore);
      return { type: "sourceFailed", error };
    }
    try {
      if (chunk === undefined) {
        await writer.close();
        return { type: "done" };
      }
      for (let at = 0; at < chunk.length; at += MAX_SLICE_BYTES) {
        await writer.write(chunk.subarray(at, at + MAX_SLICE_BYTES));
      }
    } catch {
      return { type: "refused" };
    }
  }
}

function ignore(): void {}
