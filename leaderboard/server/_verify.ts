// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { Score } from "../score.ts";
import type { ServerContext } from "./_server_context.ts";
import type { VerifyDecision, VerifyResult } from "./server_options.ts";

/** A submission to be verified, now or later. */
export interface ToVerify {
  /** With its title. */
  readonly board: string;
  readonly playerId: PlayerId;
  readonly name: string;
  readonly score: Score;
  readonly subscore: Score;
  readonly className: string;
  /** As it is stored. */
  readonly metadata: string;
  readonly submittedMs: number;
  readonly runMs: number | undefined;
  /** The replay's SHA-256 in hex, or `""`. */
  readonly replay: string;
}

/** What `verify` said. */
export interface Verdict {
  readonly decision: VerifyDecision;
  readonly reason: string;
}

/** Asks the server's author; `undefined` if that failed, of which he is told. */
export async function judge(
  { verify, replays, counters, onError }: ServerContext,
  toVerify: ToVerify,
): Promise<Verdict | undefined> {
  const { board: id, replay: sha256, metadata, ...rest } = toVerify;
  const [title = "", board = ""] = id.split("/");
  try {
    const replay = sha256 === "" ? undefined : await replays?.use(sha256);
    const result = await verify!({
      ...rest,
      title,
      board,
      metadata: metadata === "" ? undefined : JSON.parse(metadata),
    }, replay && replays?.toVerify(replay));
    return verdictOf(result);
  } catch (error) {
    counters.verifyFailures += 1;
    onError(error);
    return undefined;
  }
}

function verdictOf(result: VerifyResult): Verdict {
  const { decision, reason } = typeof result === "object" && result !== null
    ? result
    : { decision: result };
  if (
    decision !== "accept" && decision !== "reject" && decision !== "quarantine"
  ) {
    throw new TypeError(
      `Cannot verify as verify must return "accept", "reject" or "quarantine": current value is "${decision}"`,
    );
  }
  return { decision, reason: typeof reason === "string" ? reason : "" };
}
