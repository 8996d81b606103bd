// This module is browser compatible.

/**
 * What is decompressed at once. DEFLATE makes at most 1032 bytes of one (RFC 1951), and some runtimes hand out all that
 * a write made in one piece: so much more than asked for may be in memory for a moment.
 */
const MAX_SLICE_BYTES = 4_096;
const FIRST_BYTES = 16_384;

/** Gives the next bytes, or `undefined` at the end. */
export type NextBytes = () => Promise<Uint8Array<ArrayBuffer> | undefined>;

/**
 * Decompresses gzip (RFC 1952) from anybody: never more than is allowed is held, whatever is in it.
 *
 * @param next Gives the compressed bytes in their order. What it rejects with is what the call rejects with.
 * @param maxBytes The most bytes that it may give.
 * @param firstBytes For how many there is room at first, up to `maxBytes`: all of them, where their number is known.
 * @returns A promise of the bytes, of `"tooLong"` if there are more, or of `"broken"` if it is no gzip, damaged, cut or
 * has something behind its end.
 */
export async function gunzip(
  next: NextBytes,
  maxBytes: number,
  firstBytes: number = FIRST_BYTES,
): Promise<Uint8Array<ArrayBuffer> | "tooLong" | "broken"> {
  let bytes = new Uint8Array(Math.min(firstBytes, maxBytes));
  let held = 0;
  const stream = new DecompressionStream("gzip");
  const feeding = feed(next, stream.writable.getWriter());
  const reader = stream.readable.getReader();
  let failure: "tooLong" | "broken" | undefined;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) break;
      const byteLength = held + value.length;
      if (byteLength > maxBytes) {
        failure = "tooLong";
        break;
      }
      if (byteLength > bytes.length) {
        const larger = new Uint8Array(
          Math.min(Math.max(byteLength, bytes.length * 2), maxBytes),
        );
        larger.set(bytes.subarray(0, held));
        bytes = larger;
      }
      bytes.set(value, held);
      held = byteLength;
    }
  } catch {
    failure = "broken";
  }
  // Ends the feeding too, where it has not come to its end.
  if (failure !== undefined) reader.cancel().catch(ignore);
  const fed = await feeding;
  if (fed.type === "sourceFailed") throw fed.error;
  if (failure !== undefined) return failure;
  if (fed.type === "refused") return "broken";
  return held === bytes.length ? bytes : bytes.slice(0, held);
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
