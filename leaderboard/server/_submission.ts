// This module is browser compatible.
import { isPlayerId, type PlayerId } from "../../core/mod.ts";
import { isRecord } from "../../http/server/mod.ts";
import { isClassName, isDisplayName } from "../board/name.ts";
import { hashJson, submissionChecksum } from "../checksum.ts";
import { isSha256 } from "../replay/sha256.ts";
import { parseScore, type Score, scoreToJson } from "../score.ts";
import { Problem } from "./problem.ts";

/** Longer than any token, so that what is wrong with it is found out by who knows about tokens. */
const MAX_RUN_LENGTH = 1_024;

/** A submission of which every field has the right kind; whether its board takes it is found out later. */
export interface Submission {
  readonly playerId: PlayerId;
  readonly name: string | undefined;
  readonly score: Score;
  readonly subscore: Score;
  readonly className: string;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  /** The replay's SHA-256 in hex, or `""`. */
  readonly replay: string;
  /** The run's token, or `""`. */
  readonly run: string;
}

/**
 * Reads a submission of a request.
 *
 * @param body The object.
 * @returns The submission.
 * @throws {Problem} `invalidRequest`, or `checksumMismatch`.
 */
export function parseSubmission(
  body: Readonly<Record<string, unknown>>,
): Submission {
  const { playerId } = body;
  if (!isSubmitterId(playerId)) throw wrong("playerId", "a player's id");
  const name = optional(body, "name", isDisplayName, "1 to 64 bytes of text");
  const score = parseScore(body.score);
  if (score === undefined) throw wrong("score", "an integer of 64 bits");
  const subscore = parseScore(body.subscore ?? 0);
  if (subscore === undefined) throw wrong("subscore", "an integer of 64 bits");
  const className = optional(body, "class", isClassName, "a class's name");
  const metadata = optional(body, "metadata", isRecord, "an object");
  const replay = optional(body, "replay", isSha256, "64 hex digits");
  const run = optional(body, "run", isShort, "a run's token");
  const checksum = optional(body, "checksum", isShort, "16 hex digits");
  if (checksum !== undefined && checksum !== submissionChecksum(body)) {
    throw new Problem(
      "checksumMismatch",
      "Cannot submit as the checksum is not that of what came",
      { field: "checksum" },
    );
  }
  return {
    playerId,
    name,
    score,
    subscore,
    className: className ?? "",
    metadata,
    replay: replay ?? "",
    run: run ?? "",
  };
}

/**
 * Tells the submissions of a player with one key apart, as what he says is one text or another: 16 hex digits. What is
 * said in two ways, such as a score as text, is the same. Who makes two submissions of one fingerprint has the second
 * taken for the first, and no more by it.
 */
export function fingerprintOf(submission: Submission): string {
  return hashJson([
    submission.playerId,
    submission.name ?? null,
    scoreToJson(submission.score),
    scoreToJson(submission.subscore),
    submission.className,
    submission.metadata ?? null,
    submission.replay,
    submission.run,
  ]);
}

/** Whether somebody of this id may submit: no path can have these two, so that nobody could moderate them. */
export function isSubmitterId(value: unknown): value is PlayerId {
  return isPlayerId(value) && value !== "." && value !== "..";
}

function optional<T>(
  body: Readonly<Record<string, unknown>>,
  field: string,
  is: (value: unknown) => value is T,
  wanted: string,
): T | undefined {
  const value = body[field] ?? undefined;
  if (value === undefined) return undefined;
  if (!is(value)) throw wrong(field, wanted);
  return value;
}

function isShort(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 &&
    value.length <= MAX_RUN_LENGTH;
}

function wrong(field: string, wanted: string): Problem {
  return new Problem(
    "invalidRequest",
    `Cannot submit as ${field} must be ${wanted}`,
    { field },
  );
}
