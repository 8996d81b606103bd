/** What a runtime reads into at once: a chunk is a view of it, also if it is one byte. */
export const BUFFER_BYTES = 65_536;

/** A request whose body comes byte by byte, each a view of a buffer of its own: 0, 1, …, 250, 0, … */
export function byteByByte(chunks: number): Request {
  let count = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (count === chunks) return controller.close();
      const buffer = new Uint8Array(BUFFER_BYTES);
      buffer[0] = count++ % 251;
      controller.enqueue(buffer.subarray(0, 1));
    },
  });
  return new Request("http://localhost/", { method: "POST", body });
}

/** Compresses. */
export async function gzip(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream();
  const compressed = stream.pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}
