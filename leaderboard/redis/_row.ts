// This module is browser compatible.
import { isPlayerId, type PlayerId } from "../../core/mod.ts";
import { parseScore, scoreToJson } from "../score.ts";
import type {
  EntryChange,
  HeldSubmission,
  RankingKey,
  StoredEntry,
} from "../store/store.ts";
import { encodeMember, type Orders } from "./_member.ts";

// What scripts need of a row stands in lines of its own before the JSON, which has no line breaks. The first line is the
// revision, the sequence of the transaction that wrote the row: rows of the same revision are the same.

/** Writes a row: revision, member or nothing if it is hidden, replay, the rest. */
export function encodeRow(
  orders: Orders,
  entry: StoredEntry,
  revision: number,
): string {
  const { playerId, name, score, subscore, sequence } = entry;
  const { className, metadata, replay, submittedMs, isHidden } = entry;
  const member = isHidden ? "" : encodeMember(orders, entry, playerId);
  const rest = JSON.stringify([
    ...[playerId, name, scoreToJson(score), scoreToJson(subscore), sequence],
    ...[className, metadata, submittedMs],
  ]);
  return `${revision}\n${member}\n${replay}\n${rest}`;
}

/** Reads a row, or says that it is none. */
export function decodeRow(row: string): StoredEntry | undefined {
  const [, member, replay, rest] = row.split("\n");
  if (member === undefined || replay === undefined) return undefined;
  const fields = parseArray(rest);
  if (fields === undefined) return undefined;
  const [playerId, name, scoreField, subscoreField, sequence] = fields;
  const [className, metadata, submittedMs] = fields.slice(5);
  const score = parseScore(scoreField);
  const subscore = parseScore(subscoreField);
  if (
    !isPlayerId(playerId) || typeof name !== "string" ||
    score === undefined || subscore === undefined ||
    !Number.isSafeInteger(sequence) || typeof className !== "string" ||
    typeof metadata !== "string" || typeof submittedMs !== "number"
  ) return undefined;
  return {
    ...{ playerId, name, score, subscore, sequence: sequence as number },
    ...{ className, metadata, replay, submittedMs, isHidden: member === "" },
  };
}

/** The revision of a row or a held submission; `""` of none. */
export function revisionOf(row: string): string {
  return row.slice(0, Math.max(0, row.indexOf("\n")));
}

/** Writes a held submission: revision, state, replay, the rest. */
export function encodeHeld(held: HeldSubmission, revision: number): string {
  const { id, playerId, sequence, heldMs, state, replay, data } = held;
  const rest = JSON.stringify([id, playerId, sequence, heldMs, data]);
  return `${revision}\n${state}\n${replay}\n${rest}`;
}

/** Reads a held submission, or says that it is none. */
export function decodeHeld(
  board: string,
  row: string,
): HeldSubmission | undefined {
  const [, state, replay, rest] = row.split("\n");
  if (state !== "unverified" && state !== "quarantined") return undefined;
  const [id, playerId, sequence, heldMs, data] = parseArray(rest) ?? [];
  if (
    replay === undefined || typeof id !== "string" || !isPlayerId(playerId) ||
    typeof sequence !== "number" || typeof heldMs !== "number" ||
    typeof data !== "string"
  ) return undefined;
  return { id, board, playerId, sequence, heldMs, state, replay, data };
}

/** Writes what tells a ranking from others of its board. */
export function encodeRanking(
  { period, season, className }: RankingKey,
): string {
  return JSON.stringify([period, season, className]);
}

/** Reads a ranking, or says that it is none. */
export function decodeRanking(
  board: string,
  text: string | undefined,
): RankingKey | undefined {
  const [period, season, className] = parseArray(text) ?? [];
  if (
    typeof period !== "string" || typeof season !== "number" ||
    typeof className !== "string"
  ) return undefined;
  return { board, period, season, className };
}

/** Writes the first line of what is published of a player's changes; a script appends the others. */
export function encodeWhose(board: string, playerId: PlayerId): string {
  return JSON.stringify([board, playerId]);
}

/** A change, and which one of its board's it is. */
export interface NumberedChange {
  readonly change: EntryChange;
  readonly number: number;
}

/**
 * Reads what was published: whose, the ranking, rank, total, the change's number on its board, and the row if there is
 * one. Anybody may have done so.
 */
export function decodeMessage(message: string): NumberedChange | undefined {
  const [whose, key, rankLine, totalLine, numberLine, ...row] = message.split(
    "\n",
  );
  const [board, playerId] = parseArray(whose) ?? [];
  if (typeof board !== "string" || !isPlayerId(playerId)) return undefined;
  const ranking = decodeRanking(board, key);
  const rank = Number(rankLine);
  const total = Number(totalLine);
  const number = Number(numberLine);
  if (
    ranking === undefined || !isCount(rank) || !isCount(total) ||
    !isCount(number)
  ) return undefined;
  if (row.length === 0) {
    const change = { ranking, playerId, entry: undefined, rank, total };
    return rank === 0 ? { change, number } : undefined;
  }
  const entry = decodeRow(row.join("\n"));
  if (
    entry === undefined || entry.playerId !== playerId || entry.isHidden ||
    rank === 0
  ) return undefined;
  return { change: { ranking, playerId, entry, rank, total }, number };
}

function parseArray(text: string | undefined): unknown[] | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
