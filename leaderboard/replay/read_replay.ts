// This module is browser compatible.
import { gunzip, type NextBytes } from "../../http/server/mod.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import type { ReplayDescription, ReplayStore } from "./replay_store.ts";
import { sha256 } from "./sha256.ts";

/** What is read of a store at once. */
const READ_BYTES = 262_144;

/** Reads part of encoded bytes; `undefined` if they are gone. */
export type ReadBytes = (
  offset: number,
  maxBytes: number,
) => Promise<Uint8Array<ArrayBuffer> | undefined>;

/**
 * Decodes a replay's bytes and compares them with its name. No more than its `bytes` are held.
 *
 * @param description What it should be.
 * @param read Reads what it is as it is encoded.
 * @returns A promise of the bytes as they are without an encoding, or of `undefined` if they are something else.
 */
export async function decodeReplay(
  description: ReplayDescription,
  read: ReadBytes,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { bytes, encoding } = description;
  const next = inOrder(description.encodedBytes, read);
  const decoded = await (encoding === "gzip" ? unzip : join)(next, bytes);
  return decoded !== undefined && await sha256(decoded) === description.sha256
    ? decoded
    : undefined;
}

/**
 * Reads a replay whole: decompressed, and its hash compared.
 *
 * @param store Where it is.
 * @param replay Which one.
 * @returns A promise of the bytes. It rejects with a {@linkcode LeaderboardError} of code `"storeFailed"` if they are
 * gone, or not what they were.
 */
export async function readReplay(
  store: ReplayStore,
  replay: ReplayDescription,
): Promise<Uint8Array<ArrayBuffer>> {
  const decoded = await decodeReplay(
    replay,
    (offset, maxBytes) => store.read(replay.sha256, offset, maxBytes),
  );
  if (decoded !== undefined) return decoded;
  throw new LeaderboardError(
    "storeFailed",
    `Cannot read replay as it is gone or damaged: current value is "${replay.sha256}"`,
  );
}

function inOrder(byteLength: number, read: ReadBytes): NextBytes {
  let offset = 0;
  return async () => {
    if (offset >= byteLength) return undefined;
    const chunk = await read(
      offset,
      Math.min(READ_BYTES, byteLength - offset),
    );
    // Gone, or cut short: the sum of the lengths will tell.
    if (chunk === undefined || chunk.length === 0) return undefined;
    offset += chunk.length;
    return chunk;
  };
}

async function unzip(
  next: NextBytes,
  byteLength: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = await gunzip(next, byteLength, byteLength);
  return typeof bytes !== "string" && bytes.length === byteLength
    ? bytes
    : undefined;
}

async function join(
  next: NextBytes,
  byteLength: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(byteLength);
  let held = 0;
  for (
    let chunk = await next();
    chunk !== undefined;
    chunk = await next()
  ) {
    if (held + chunk.length > byteLength) return undefined;
    bytes.set(chunk, held);
    held += chunk.length;
  }
  return held === byteLength ? bytes : undefined;
}
