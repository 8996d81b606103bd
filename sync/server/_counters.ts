// This module is browser compatible.
import type { Metric } from "../../core/mod.ts";
import { noFaults, SYNC_FAULTS, type SyncFault } from "../wire/packet_kind.ts";

/** What a server has counted since it was made. */
export class ServerCounters {
  snapshots = 0;
  /** Those of them without a base. */
  fullSnapshots = 0;
  /** Those of them after which the client lacked something. */
  partialSnapshots = 0;
  /** Those of them that one entity made larger than the budget. */
  loneEntities = 0;
  /** Entities that no message of the link has room for: how often they were put off. */
  entitiesTooLarge = 0;
  bytesOut = 0;
  /** Snapshots that were due while the byte budget was used up. */
  overBudget = 0;
  /** Snapshots that the link did not take. */
  linkRefused = 0;
  /** Times that a client had nothing any more of what it had. */
  restarts = 0;
  reports = 0;
  bytesIn = 0;
  /** Reports beyond the budget of a client: dropped unread. */
  reportsOverBudget = 0;
  readonly faults: Record<SyncFault, number> = noFaults();

  *metrics(): IterableIterator<Metric> {
    yield counter("snapshots", "Snapshots sent", this.snapshots);
    yield counter(
      "full_snapshots",
      "Snapshots sent without a base",
      this.fullSnapshots,
    );
    yield counter(
      "partial_snapshots",
      "Snapshots sent that left something out",
      this.partialSnapshots,
    );
    yield counter(
      "lone_entities",
      "Snapshots of one entity beyond the budget of a message",
      this.loneEntities,
    );
    yield counter(
      "entities_too_large",
      "Times that an entity had no room in any message",
      this.entitiesTooLarge,
    );
    yield counter("bytes_out", "Bytes of snapshots", this.bytesOut);
    yield counter(
      "over_budget",
      "Snapshots put off for the bytes per second",
      this.overBudget,
    );
    yield counter(
      "link_refused",
      "Snapshots that a link had no room for",
      this.linkRefused,
    );
    yield counter(
      "restarts",
      "Times that a client lost all that it had, and began anew",
      this.restarts,
    );
    yield counter("reports", "Reports of clients", this.reports);
    yield counter("bytes_in", "Bytes of reports", this.bytesIn);
    yield counter(
      "reports_over_budget",
      "Reports dropped unread",
      this.reportsOverBudget,
    );
    for (const reason of SYNC_FAULTS) {
      yield {
        ...counter(
          "reports_refused",
          "Reports refused",
          this.faults[reason],
        ),
        labels: { reason },
      };
    }
  }
}

function counter(name: string, help: string, value: number): Metric {
  return { name: `tickwire_sync_${name}`, help, type: "counter", value };
}
