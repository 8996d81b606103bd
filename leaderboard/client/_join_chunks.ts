// This module is browser compatible.

/**
 * Puts chunks together.
 *
 * @param chunks The chunks, in order.
 * @param byteLength How many bytes they have in all.
 * @returns A copy of all of them.
 */
export function joinChunks(
  chunks: readonly Uint8Array[],
  byteLength: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteLength);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
