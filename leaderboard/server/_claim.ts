// This module is browser compatible.

/** What is known of a submission by its key. */
export interface Claimed {
  /** What tells it from others. */
  readonly fingerprint: string;
  /** What became of it. */
  readonly outcome: "accepted" | "pending" | "quarantined" | "rejected";
  /** Whether an entry changed. */
  readonly isApplied: boolean;
}

const OUTCOMES = ["accepted", "pending", "quarantined", "rejected"] as const;

/** The name of the claim of an idempotency key. */
export function keyClaim(key: string): string {
  return `key ${key}`;
}

/** The name of the claim of a run. */
export function runClaim(runId: string): string {
  return `run ${runId}`;
}

/** Writes what a key is claimed with. */
export function encodeClaim(
  { fingerprint, outcome, isApplied }: Claimed,
): string {
  return `${fingerprint} ${outcome} ${isApplied ? 1 : 0}`;
}

/** Reads it. What cannot be read is of no submission that anybody could send again. */
export function decodeClaim(value: string): Claimed {
  const [fingerprint = "", outcome, isApplied] = value.split(" ");
  return {
    fingerprint,
    outcome: OUTCOMES.find((it) => it === outcome) ?? "accepted",
    isApplied: isApplied === "1",
  };
}
