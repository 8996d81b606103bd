// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { HttpRequest } from "../../http/mod.ts";
import { scoreToJson } from "../score.ts";
import type { LeaderboardQuery } from "./filter.ts";
import { submissionJson } from "./_submission_json.ts";
import type { ScoreSubmission } from "./score_submission.ts";

/** What an answer without a list in it may have. */
export const MAX_ANSWER_BYTES = 1_048_576;
/** An entry with the most metadata that a board may allow. */
const MAX_ENTRY_BYTES = 20_000;
const MAX_PAGE_BYTES = 16_777_216;

/** What is asked of entries besides the filter. */
export interface EntriesExtra {
  readonly around?: PlayerId;
  readonly players?: readonly PlayerId[];
}

/** A page of entries. URLs are relative to where the server is mounted. */
export function entriesRequest(
  board: string,
  query: LeaderboardQuery,
  extra: EntriesExtra = {},
): HttpRequest {
  const { around, players } = extra;
  const { cursor } = query;
  const isPlaced = around !== undefined || players !== undefined;
  return get(`v1/boards/${board}/entries`, MAX_PAGE_BYTES)
    .withMaxBodyBytes(
      Math.min(
        MAX_PAGE_BYTES,
        MAX_ANSWER_BYTES +
          (players?.length ?? query.pageSize) * MAX_ENTRY_BYTES,
      ),
    )
    .withQuery({
      ...rankingQuery(query),
      pageSize: players === undefined ? query.pageSize : undefined,
      page: isPlaced || cursor !== undefined || query.page === 1
        ? undefined
        : query.page,
      cursor: isPlaced ? undefined : cursor,
      around,
      // Each by itself, for a comma may be part of an id.
      players: players?.map(encodeURIComponent).join(","),
      minScore: json(query.minScore),
      maxScore: json(query.maxScore),
    });
}

/** A player's place; not for the ids "." and "..", which no path can have. */
export function rankRequest(
  board: string,
  playerId: PlayerId,
  query: LeaderboardQuery,
): HttpRequest {
  return get(`v1/boards/${board}/players/${encodeURIComponent(playerId)}`)
    .withQuery(rankingQuery(query));
}

/** The boards. */
export function boardsRequest(): HttpRequest {
  return get("v1/boards", MAX_PAGE_BYTES);
}

/** The seasons of a period. */
export function seasonsRequest(
  board: string,
  period: string | undefined,
): HttpRequest {
  return get(`v1/boards/${board}/seasons`, MAX_PAGE_BYTES)
    .withQuery({ period });
}

/** A run. Not repeated by itself: a second token would do no harm, and is not needed. */
export function runRequest(
  board: string,
  playerId: PlayerId | undefined,
): HttpRequest {
  return common(
    HttpRequest.postJson(
      `v1/boards/${board}/runs`,
      playerId === undefined ? {} : { playerId },
    ),
    MAX_ANSWER_BYTES,
  ).withIdempotencyKey();
}

/** A submission with its key. */
export function submitRequest(
  board: string,
  submission: ScoreSubmission,
): HttpRequest {
  return common(
    HttpRequest.postJson(
      `v1/boards/${board}/scores`,
      submissionJson(submission),
    ),
    MAX_ANSWER_BYTES,
  ).withIdempotencyKey(submission.idempotencyKey!);
}

/** Several submissions with their boards and keys. */
export function batchRequest(
  submissions: readonly ScoreSubmission[],
): HttpRequest {
  return common(
    HttpRequest.postJson("v1/scores", {
      submissions: submissions.map((submission) => ({
        board: submission.board,
        idempotencyKey: submission.idempotencyKey,
        ...submissionJson(submission),
      })),
    }),
    MAX_ANSWER_BYTES,
    // Each submission has a key of its own: the whole may be repeated.
  ).withIdempotencyKey();
}

function get(url: string, maxBytes = MAX_ANSWER_BYTES): HttpRequest {
  return common(HttpRequest.get(url), maxBytes);
}

function common(request: HttpRequest, maxBytes: number): HttpRequest {
  // The API key is for this server alone, and a redirected POST would come as a GET.
  return request.withRedirect("error").withMaxBodyBytes(maxBytes);
}

function rankingQuery(
  query: LeaderboardQuery,
): Readonly<Record<string, string | number | undefined>> {
  return {
    period: query.period,
    // A cursor brings its season with it.
    season: query.cursor === undefined ? query.season : undefined,
    class: query.class,
  };
}

function json(
  score: LeaderboardQuery["minScore"],
): string | number | undefined {
  return score === undefined ? undefined : scoreToJson(score);
}
