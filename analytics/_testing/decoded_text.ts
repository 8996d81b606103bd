/** The text of a body, decompressed if its headers say that it is compressed. */
export async function decodedText(
  bytes: Uint8Array<ArrayBuffer>,
  headers: Headers,
): Promise<string> {
  if (headers.get("content-encoding") !== "gzip") {
    return new TextDecoder().decode(bytes);
  }
  const stream = new Blob([bytes]).stream();
  const plain = stream.pipeThrough(new DecompressionStream("gzip"));
  return await new Response(plain).text();
}
