// This module is browser compatible.
import { decodeBase64, encodeBase64 } from "../../core/mod.ts";
import type {
  ReplayDescription,
  ReplayEncoding,
  ReplayUpload,
  StoredReplay,
} from "../replay/replay_store.ts";

/** Writes what two uploads of the same have in common: bytes, encoding, encodedBytes. */
export function encodeForm(
  { bytes, encoding, encodedBytes }: ReplayDescription,
): string {
  return `${bytes}\n${encoding}\n${encodedBytes}`;
}

/** Reads an upload as a script writes it, or says that it is none. */
export function decodeUpload(text: string): ReplayUpload | undefined {
  const [
    id,
    sha256,
    bytes,
    encoding,
    encodedBytes,
    offset,
    expiresMs,
    ...rest
  ] = text.split("\n");
  const numbers = [bytes, encodedBytes, offset, expiresMs].map(Number);
  if (
    id === undefined || sha256 === undefined || !isEncoding(encoding) ||
    numbers.some(Number.isNaN) || rest.length === 0
  ) return undefined;
  return {
    sha256,
    bytes: numbers[0]!,
    encoding,
    encodedBytes: numbers[1]!,
    id,
    owner: rest.join("\n"),
    offset: numbers[2]!,
    expiresMs: numbers[3]!,
  };
}

/** Reads a replay as a script writes it, or says that it is none. */
export function decodeReplay(text: string): StoredReplay | undefined {
  const [sha256, bytes, encoding, encodedBytes, usedMs, isLinked, ...rest] =
    text.split("\n");
  const numbers = [bytes, encodedBytes, usedMs].map(Number);
  if (
    sha256 === undefined || !isEncoding(encoding) ||
    numbers.some(Number.isNaN) || rest.length === 0
  ) return undefined;
  return {
    sha256,
    bytes: numbers[0]!,
    encoding,
    encodedBytes: numbers[1]!,
    owner: rest.join("\n"),
    usedMs: numbers[2]!,
    isLinked: isLinked === "1",
  };
}

/** Writes a part such that its groups of three bytes are those of the whole, with zeros for the bytes before it. */
export function encodePart(offset: number, bytes: Uint8Array): string {
  const before = offset % 3;
  if (before === 0) return encodeBase64(bytes);
  const padded = new Uint8Array(before + bytes.length);
  padded.set(bytes, before);
  return encodeBase64(padded);
}

/** Reads the bytes from an offset on of groups that begin at or before it, or says that it is no base64. */
export function decodeSlice(
  text: string,
  offset: number,
  maxBytes: number,
): Uint8Array<ArrayBuffer> | undefined {
  const bytes = decodeBase64(text);
  if (bytes === undefined || text === "") return bytes;
  const before = offset % 3;
  return bytes.slice(before, before + maxBytes);
}

function isEncoding(text: string | undefined): text is ReplayEncoding {
  return text === "identity" || text === "gzip";
}
