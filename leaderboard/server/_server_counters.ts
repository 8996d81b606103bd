// This module is browser compatible.
import type { Metric } from "../../core/mod.ts";
import { metricMakers } from "../../http/server/mod.ts";
import type { Outcome } from "./_decide.ts";

export const { counter, gauge } = metricMakers("tickwire_leaderboard_");

/** What a server has counted since it was made. */
export class ServerCounters {
  /** Runs that were begun. */
  runs = 0;
  /** How often `verify` was asked and did not answer. */
  verifyFailures = 0;
  /** Entries that retention and the removal of boards have asked for to be dropped, in calls. */
  drops = 0;
  readonly #responses = new Map<number, number>();
  readonly #outcomes = { accepted: 0, pending: 0, quarantined: 0, rejected: 0 };
  readonly #refusals = new Map<string, number>();
  #duplicates = 0;

  countResponse(status: number): void {
    this.#responses.set(status, (this.#responses.get(status) ?? 0) + 1);
  }

  countOutcome(outcome: Outcome): void {
    if (outcome.type === "refused") return;
    if (outcome.isDuplicate) this.#duplicates += 1;
    else this.#outcomes[outcome.outcome] += 1;
  }

  countRefusal(code: string): void {
    this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
  }

  /** All of them by the names that they have outside. */
  *metrics(): IterableIterator<Metric> {
    for (const [status, value] of this.#responses) {
      yield counter("responses", "Answers to requests", value, {
        status: `${status}`,
      });
    }
    for (const [outcome, value] of Object.entries(this.#outcomes)) {
      yield counter("submissions", "Submissions that were taken", value, {
        outcome,
      });
    }
    yield counter(
      "duplicates",
      "Submissions that came again and had no second effect",
      this.#duplicates,
    );
    for (const [code, value] of this.#refusals) {
      yield counter("refusals", "Submissions that were refused", value, {
        code,
      });
    }
    yield counter("runs", "Runs that were begun", this.runs);
    yield counter(
      "verify_failures",
      "Times that verify was asked and failed",
      this.verifyFailures,
    );
    yield counter(
      "drops",
      "Slices of entries that were removed with their season or board",
      this.drops,
    );
  }
}
