// This module is browser compatible.
import { decodeBase64Url, encodeBase64Url, Fnv1a64 } from "../../core/mod.ts";
import { normalizeScore, type Score } from "../score.ts";
import type { RankingKey, RankingPosition } from "../store/store.ts";
import { Problem } from "./problem.ts";

const VERSION = 1;
/** Version, season, score, subscore, sequence. */
const BODY_BYTES = 1 + 4 * 8;
const CURSOR_BYTES = BODY_BYTES + 8;

const UTF8 = new TextEncoder();

/**
 * Writes where the next page begins: u8 version, i64 season, score, subscore and sequence, then the FNV-1a hash of these
 * and of the board, period and class that they belong to. The hash finds accidents and cursors of another ranking; who
 * makes one up sees what he could have asked for.
 *
 * @param ranking The ranking.
 * @param position Its last entry that was seen.
 * @returns The cursor.
 */
export function encodeCursor(
  ranking: RankingKey,
  position: RankingPosition,
): string {
  const bytes = new Uint8Array(CURSOR_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setBigInt64(1, BigInt(ranking.season));
  view.setBigInt64(9, BigInt(position.score));
  view.setBigInt64(17, BigInt(position.subscore));
  view.setBigInt64(25, BigInt(position.sequence));
  sign(bytes, ranking, view);
  return encodeBase64Url(bytes);
}

/**
 * Reads a cursor, from anybody.
 *
 * @param text The cursor.
 * @param ranking What it must belong to; its season comes with it.
 * @returns Its season, and the place behind which the page begins.
 * @throws {Problem} `invalidCursor`.
 */
export function decodeCursor(
  text: string,
  ranking: Omit<RankingKey, "season">,
): { readonly season: number; readonly after: RankingPosition } {
  const bytes = text.length > 2 * CURSOR_BYTES
    ? undefined
    : decodeBase64Url(text);
  if (bytes?.length !== CURSOR_BYTES || bytes[0] !== VERSION) throw invalid();
  const view = new DataView(bytes.buffer);
  const hash = view.getBigUint64(BODY_BYTES);
  sign(bytes, ranking, view);
  if (view.getBigUint64(BODY_BYTES) !== hash) throw invalid();
  return {
    season: safeAt(view, 1),
    after: {
      score: scoreAt(view, 9),
      subscore: scoreAt(view, 17),
      sequence: safeAt(view, 25),
    },
  };
}

function sign(
  bytes: Uint8Array,
  { board, period, className }: Omit<RankingKey, "season">,
  view: DataView,
): void {
  const hash = new Fnv1a64();
  hash.update(bytes, 0, BODY_BYTES);
  hash.update(UTF8.encode(`${board}\n${period}\n${className}`));
  view.setUint32(BODY_BYTES, hash.high);
  view.setUint32(BODY_BYTES + 4, hash.low);
}

function scoreAt(view: DataView, at: number): Score {
  return normalizeScore(view.getBigInt64(at));
}

function safeAt(view: DataView, at: number): number {
  const value = Number(view.getBigInt64(at));
  if (!Number.isSafeInteger(value) || value < 0) throw invalid();
  return value;
}

function invalid(): Problem {
  return new Problem(
    "invalidCursor",
    "Cannot go on as the cursor is none of this board, period and class",
    { field: "cursor" },
  );
}
