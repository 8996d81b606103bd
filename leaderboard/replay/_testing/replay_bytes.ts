import { AssertionError } from "@std/assert";
import { SeededRandom } from "../../../core/mod.ts";

/** Bytes that no compression makes shorter. */
export function randomBytes(
  length: number,
  seed = 1,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  new SeededRandom(seed).fill(bytes);
  return bytes;
}

/** Bytes as a game records them: a few values, most of them as the one before. */
export function recordedBytes(
  length: number,
  seed = 1,
): Uint8Array<ArrayBuffer> {
  const random = new SeededRandom(seed);
  const bytes = new Uint8Array(length);
  for (let i = 0, value = 0; i < length; i++) {
    if (random.nextU32() % 16 === 0) value = random.nextU32() % 256;
    bytes[i] = value;
  }
  return bytes;
}

/** Compresses. */
export async function gzip(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream();
  const compressed = stream.pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}

/** Asserts that many bytes are the same, and says where they are not. */
export function assertBytes(
  actual: Uint8Array | undefined,
  expected: Uint8Array,
  message = "",
): void {
  const length = actual?.length;
  let at = 0;
  while (at < expected.length && actual?.[at] === expected[at]) at++;
  if (length !== expected.length || at < expected.length) {
    throw new AssertionError(
      `Bytes differ at ${at} of ${expected.length}, with a length of ${length}. ${message}`,
    );
  }
}
