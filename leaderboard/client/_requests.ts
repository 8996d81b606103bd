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
/** Of the 65,536 that a server takes, with room for what is around them. */
const MAX_BATCH_BYTES = 65_000;
/**
 * The 30 days for which a server keeps keys, counted from when it first saw one, less an hour: an attempt takes its time,
 * and clocks drift.
 */
const SUBMISSION_LIFE_MS = (30 * 24 - 1) * 3_600_000;

const UTF_8 = new TextEncoder();

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
  // A list has its commas as they are, and those of its members encoded, which no other parameter needs.
  const list = players === undefined
    ? ""
    : `?players=${players.map(encodeURIComponent).join(",")}`;
  return get(`v1/boards/${board}/entries${list}`, MAX_PAGE_BYTES)
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
      minScore: isPlaced ? undefined : json(query.minScore),
      maxScore: isPlaced ? undefined : json(query.maxScore),
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

/** The entries of a page that have a replay. */
export function replaysRequest(
  board: string,
  query: LeaderboardQuery,
): HttpRequest {
  const { pageSize, cursor } = query;
  return get(`v1/boards/${board}/replays`, MAX_PAGE_BYTES)
    .withQuery({ ...rankingQuery(query), pageSize, cursor });
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

/** A submission with its board and key. */
export function submitRequest(submission: ScoreSubmission): HttpRequest {
  // The body's bound is the client's own: a page too large for a smaller one must not end a durable request.
  return HttpRequest.postJson(
    `v1/boards/${submission.board}/scores`,
    submissionJson(submission),
  ).withRedirect("error").withIdempotencyKey(submission.idempotencyKey!)
    .withOrder(orderOf(submission));
}

/** A submission that is kept until it is answered, or may count twice. */
export function durableRequest(
  submission: ScoreSubmission,
  epochMs: number,
): HttpRequest {
  return submitRequest(submission).withDurability().withExpiry(
    epochMs + SUBMISSION_LIFE_MS,
  );
}

/** Cuts submissions into batches that are no larger than what a server takes. */
export function batchesOf<T extends { readonly submission: ScoreSubmission }>(
  pending: readonly T[],
): readonly (readonly T[])[] {
  const batches: T[][] = [];
  let left = 0;
  for (const each of pending) {
    const byteLength = UTF_8.encode(batchText(each.submission)).length;
    if (byteLength > left) {
      batches.push([]);
      left = MAX_BATCH_BYTES;
    }
    batches.at(-1)!.push(each);
    left -= byteLength;
  }
  return batches;
}

/** Several submissions with their boards and keys. */
export function batchRequest(
  submissions: readonly ScoreSubmission[],
): HttpRequest {
  return common(
    HttpRequest.post(
      "v1/scores",
      `{"submissions":[${submissions.map(batchText).join(",")}]}`,
    ).withHeader("content-type", "application/json"),
    MAX_ANSWER_BYTES,
    // Each submission has a key of its own: the whole may be repeated.
  ).withIdempotencyKey().withOrder(...submissions.map(orderOf));
}

/** Submissions of one player to one board overtake each other nowhere: with some operators the last one counts. */
function orderOf({ board, playerId }: ScoreSubmission): string {
  return `${board}/${playerId}`;
}

function batchText(submission: ScoreSubmission): string {
  const { board, idempotencyKey } = submission;
  return JSON.stringify({
    board,
    idempotencyKey,
    ...submissionJson(submission),
  });
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
