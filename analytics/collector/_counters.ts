// This module is browser compatible.
import type { Metric } from "../../core/mod.ts";
import { metricMakers } from "../../http/server/mod.ts";
import type { RefusalReason } from "./_event_reader.ts";

export const { counter, gauge } = metricMakers("tickwire_analytics_");

/** What a collector has counted since it was made. */
export class Counters {
  /** Batches that were stored. */
  batches = 0;
  /** Bytes of batches, as they were held: what came, and what it was decompressed to. */
  bytes = 0;
  /** Events that were stored. */
  accepted = 0;
  /** Events that had come before. */
  duplicates = 0;
  /** Players that asked for their data to be erased. */
  erasures = 0;
  /** Rows that were removed as they were old. */
  expired = 0;
  readonly #responses = new Map<number, number>();
  readonly #refused = new Map<RefusalReason, number>();

  countResponse(status: number): void {
    this.#responses.set(status, (this.#responses.get(status) ?? 0) + 1);
  }

  countRefused(reason: RefusalReason, count: number): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + count);
  }

  /** All of them by the names that they have outside. */
  *metrics(): IterableIterator<Metric> {
    for (const [status, value] of this.#responses) {
      yield counter("responses", "Answers to requests", value, {
        status: `${status}`,
      });
    }
    yield counter("batches", "Batches that were stored", this.batches);
    yield counter(
      "batch_bytes",
      "Bytes of batches that were read, with what they were decompressed to",
      this.bytes,
    );
    const events = { accepted: this.accepted, duplicate: this.duplicates };
    for (const [outcome, value] of Object.entries(events)) {
      yield counter("events", "Events that were taken", value, { outcome });
    }
    for (const [reason, value] of this.#refused) {
      yield counter("refused_events", "Events that were refused", value, {
        reason,
      });
    }
    yield counter(
      "erasures",
      "Requests to erase what is stored of a player",
      this.erasures,
    );
    yield counter(
      "expired_rows",
      "Rows that were removed as they were old",
      this.expired,
    );
  }
}
