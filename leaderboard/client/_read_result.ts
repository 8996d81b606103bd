// This module is browser compatible.
import type { HttpTerminalEvent } from "../../http/mod.ts";
import { parseScore } from "../score.ts";
import { isClassName, isName } from "../board/name.ts";
import { isVisible } from "./_checks.ts";
import type { LeaderboardTerminalEvent, RankingName } from "./event.ts";
import {
  type FailureDetails,
  failureOf,
  jsonOf,
  malformed,
  refusalOf,
} from "./_failure.ts";
import type {
  PendingBatch,
  PendingFetch,
  PendingSubmission,
} from "./_pending.ts";
import {
  isCount,
  isObject,
  isTimestamp,
  type Json,
  readEntries,
  readEntry,
  type ResolveUrl,
} from "./_read_entry.ts";
import { readBoards, readSeasons } from "./_read_board.ts";
import type { ScoreStanding } from "./score_entry.ts";

const MAX_LIST_BYTES = 16_777_216;
const MAX_RESULT_BYTES = 1_048_576;
const MAX_CURSOR_LENGTH = 4_096;
const MAX_RUN_LENGTH = 1_024;
/** A board has at most 8 periods; a server may come to allow more. */
const MAX_STANDINGS = 64;

/** What became of a fetch. */
export function readFetch(
  pending: PendingFetch,
  event: HttpTerminalEvent,
  resolve: ResolveUrl,
): LeaderboardTerminalEvent {
  const { id } = pending;
  if (event.type === "cancelled") return { type: "cancelled", id };
  if (event.type === "success" && event.response.isSuccess) {
    const json = jsonOf(event.response, MAX_LIST_BYTES);
    const read = json && readAnswer(pending, json, resolve);
    return read ?? failed(pending, malformed(event.response.status));
  }
  const failure = failureOf(event);
  return pending.type === "rank" && failure.code === "playerNotFound"
    ? { type: "rankNotFound", id, playerId: pending.playerId }
    : failed(pending, failure);
}

/** What became of a submission. */
export function readSubmission(
  pending: PendingSubmission,
  event: HttpTerminalEvent,
): LeaderboardTerminalEvent {
  const { id } = pending;
  if (event.type === "cancelled") return { type: "cancelled", id };
  if (event.type === "success" && event.response.isSuccess) {
    const { status } = event.response;
    const json = jsonOf(event.response, MAX_RESULT_BYTES);
    return readResult(pending, json) ?? rejected(pending, malformed(status));
  }
  return rejected(pending, failureOf(event));
}

/** What became of each submission of a batch. */
export function readBatch(
  { submissions }: PendingBatch,
  event: HttpTerminalEvent,
): readonly LeaderboardTerminalEvent[] {
  if (event.type === "success" && event.response.isSuccess) {
    const { status } = event.response;
    const results = jsonOf(event.response, MAX_RESULT_BYTES)?.results;
    if (!Array.isArray(results) || results.length !== submissions.length) {
      return submissions.map((it) => rejected(it, malformed(status)));
    }
    return submissions.map((it, i) => readBatchResult(it, results[i]));
  }
  return submissions.map((it) => readSubmission(it, event));
}

function readBatchResult(
  pending: PendingSubmission,
  value: unknown,
): LeaderboardTerminalEvent {
  if (isObject(value) && isCount(value.status, 400)) {
    const refusal = refusalOf(value, value.status);
    if (refusal !== undefined) return rejected(pending, refusal);
  }
  return readResult(pending, value) ?? rejected(pending, malformed(200));
}

/** Reads an answer of PROTOCOL.md, section 4; `undefined` if it is none. */
function readResult(
  { id, submission }: PendingSubmission,
  json: unknown,
): LeaderboardTerminalEvent | undefined {
  if (!isObject(json)) return undefined;
  const board = submission.board!;
  const { status, applied, isDuplicate = false } = json;
  if (typeof isDuplicate !== "boolean") return undefined;
  if (status === "pending" || status === "quarantined") {
    const type = "scorePending";
    return { type, id, submission, board, status, isDuplicate };
  }
  const standings = readStandings(json.standings);
  if (
    status !== "accepted" || typeof applied !== "boolean" ||
    standings === undefined
  ) {
    return undefined;
  }
  const main = standings.find(({ period }) => period === "allTime") ??
    standings[0];
  return {
    type: "scoreSubmitted",
    id,
    submission,
    board,
    rank: main?.rank,
    score: main?.score ?? submission.score,
    standings,
    applied,
    isDuplicate,
  };
}

function readStandings(value: unknown): ScoreStanding[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_STANDINGS) return undefined;
  const standings: ScoreStanding[] = [];
  for (const item of value) {
    if (!isObject(item)) return undefined;
    const { period, season, rank, total } = item;
    const score = parseScore(item.score);
    const subscore = parseScore(item.subscore);
    if (
      !isName(period) || !isCount(season) || !isCount(rank, 1) ||
      !isCount(total) || score === undefined || subscore === undefined
    ) {
      return undefined;
    }
    standings.push({ period, season, rank, total, score, subscore });
  }
  return standings;
}

function readAnswer(
  pending: PendingFetch,
  json: Json,
  resolve: ResolveUrl,
): LeaderboardTerminalEvent | undefined {
  const { id } = pending;
  switch (pending.type) {
    case "entries": {
      const { filter, limit } = pending;
      const ranking = readRanking(json);
      const entries = readEntries(json.entries, limit, resolve);
      const { total, page = 1, offset = 0, nextCursor } = json;
      if (
        ranking === undefined || entries === undefined || !isCount(total) ||
        !isCount(page, 1) || !isCount(offset) ||
        !(nextCursor === undefined || isVisible(nextCursor, MAX_CURSOR_LENGTH))
      ) {
        return undefined;
      }
      return {
        type: "fetchSuccess",
        id,
        filter,
        ...ranking,
        entries,
        total,
        page,
        offset,
        nextCursor,
      };
    }
    case "rank": {
      const ranking = readRanking(json);
      const entry = readEntry(json.entry, resolve);
      const { total, percentile } = json;
      const { playerId } = pending;
      if (
        ranking === undefined || entry?.playerId !== playerId ||
        !isCount(total, 1) || typeof percentile !== "number" ||
        !(percentile >= 0 && percentile <= 100)
      ) {
        return undefined;
      }
      const { rank } = entry;
      return {
        type: "playerRank",
        id,
        playerId,
        ...ranking,
        rank,
        entry,
        total,
        percentile,
      };
    }
    case "boards": {
      const boards = readBoards(json.boards);
      return boards && { type: "boardsFetched", id, boards };
    }
    case "seasons": {
      const { board } = pending;
      const { period } = json;
      const seasons = readSeasons(json.seasons);
      return isName(period) && seasons !== undefined
        ? { type: "seasonsFetched", id, board, period, seasons }
        : undefined;
    }
    case "run": {
      const { board } = pending;
      const { run, expiresAt } = json;
      return isVisible(run, MAX_RUN_LENGTH) && isTimestamp(expiresAt)
        ? { type: "runStarted", id, board, run, expiresAt }
        : undefined;
    }
  }
}

function readRanking(json: Json): RankingName | undefined {
  const { board, period, season } = json;
  return isName(board) && isName(period) && isCount(season) &&
      (json.class === undefined || isClassName(json.class))
    ? { board, period, season, class: json.class }
    : undefined;
}

function failed(
  pending: PendingFetch,
  failure: FailureDetails,
): LeaderboardTerminalEvent {
  const { id } = pending;
  return pending.type === "run"
    ? { type: "runFailed", id, board: pending.board, ...failure }
    : { type: "fetchFailed", id, ...failure };
}

function rejected(
  { id, submission }: PendingSubmission,
  failure: FailureDetails,
): LeaderboardTerminalEvent {
  const board = submission.board!;
  return { type: "scoreRejected", id, submission, board, ...failure };
}
