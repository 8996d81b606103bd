// This module is browser compatible.

/** Below this the header of gzip takes what is won. */
const MIN_BYTES = 200;
const UTF_8 = new TextEncoder();

/** Text as it is sent: compressed by gzip where the runtime can do that and it helps. */
export async function compress(
  text: string,
): Promise<{ readonly bytes: Uint8Array; readonly isCompressed: boolean }> {
  const plain = UTF_8.encode(text);
  if (plain.length < MIN_BYTES || typeof CompressionStream === "undefined") {
    return { bytes: plain, isCompressed: false };
  }
  try {
    const stream = new Blob([plain]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    return { bytes, isCompressed: true };
  } catch {
    return { bytes: plain, isCompressed: false };
  }
}
