// This module is browser compatible.
import { parseScore } from "../score.ts";
import { submissionBody } from "./_submission_body.ts";
import { ScoreSubmission } from "./score_submission.ts";

/** A submission as it is sent, without its board and key. */
export function submissionJson(
  submission: ScoreSubmission,
): Readonly<Record<string, unknown>> {
  return { ...submissionBody(submission), checksum: submission.checksum };
}

/**
 * The submission that a stored request is of.
 *
 * @returns `undefined` if it is of none: a request of another program, or of another version of this one.
 */
export function readStoredSubmission(
  url: string,
  body: unknown,
  idempotencyKey: string,
): ScoreSubmission | undefined {
  const board = /^v1\/boards\/([^/?#]+)\/scores$/.exec(url)?.[1];
  if (board === undefined) return undefined;
  const text = typeof body === "string"
    ? body
    : body instanceof Uint8Array
    ? new TextDecoder().decode(body)
    : "";
  try {
    return readSubmission(JSON.parse(text)).onBoard(board)
      .withIdempotencyKey(idempotencyKey);
  } catch {
    return undefined;
  }
}

/** Throws whatever comes to hand if it is none. */
function readSubmission(json: Record<string, unknown>): ScoreSubmission {
  const { playerId, name, subscore, metadata, replay, run } = json;
  let submission = new ScoreSubmission(
    playerId as string,
    name as string | undefined,
    parseScore(json.score)!,
  );
  if (subscore !== undefined) {
    submission = submission.withSubscore(parseScore(subscore)!);
  }
  if (json.class !== undefined) {
    submission = submission.withClass(json.class as string);
  }
  for (const [key, value] of Object.entries(metadata ?? {})) {
    submission = submission.withMeta(key, value);
  }
  if (replay !== undefined) {
    submission = submission.withReplay(replay as string);
  }
  return run === undefined ? submission : submission.withRun(run as string);
}
