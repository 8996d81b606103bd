import type { Random } from "../../../core/mod.ts";

/** What JSON is made of, so that mutants are JSON now and then. */
const TOKENS = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "null",
  "-1",
  "1e999",
  "true",
  '""',
  "\\u0000",
  "__proto__",
]
  .map((it) => new TextEncoder().encode(it));

/** Changes a few bytes: turned, left out, said twice, or in place of them something that means something. */
export function mutate(
  random: Random,
  source: Uint8Array,
): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(source);
  const edits = 1 + random.nextU32() % 3;
  for (let i = 0; i < edits; i++) {
    const at = random.nextU32() % (bytes.length + 1);
    const length = random.nextU32() % 8;
    switch (random.nextU32() % 5) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << random.nextU32() % 8;
        break;
      case 1:
        bytes = join(bytes.subarray(0, at), bytes.subarray(at + length));
        break;
      case 2:
        bytes = join(bytes.subarray(0, at + length), bytes.subarray(at));
        break;
      case 3: {
        const token = TOKENS[random.nextU32() % TOKENS.length]!;
        bytes = join(bytes.subarray(0, at), token, bytes.subarray(at + length));
        break;
      }
      case 4:
        if (at < bytes.length) bytes[at] = random.nextU32();
    }
  }
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
