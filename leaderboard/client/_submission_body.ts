// This module is browser compatible.
import { scoreToJson } from "../score.ts";
import type { ScoreSubmission } from "./score_submission.ts";

/** What a submission's checksum is of: the fields of its body, `undefined` for what that leaves out. */
export function submissionBody(
  submission: ScoreSubmission,
): Readonly<Record<string, unknown>> {
  const { playerId, name, score, subscore, metadata, replay, run } = submission;
  return {
    playerId,
    name,
    score: scoreToJson(score),
    subscore: subscore === undefined ? undefined : scoreToJson(subscore),
    class: submission.class,
    metadata,
    replay,
    run,
  };
}
