// This module is browser compatible.
import type { Metric } from "../../core/mod.ts";
import { noFaults, SYNC_FAULTS, type SyncFault } from "../wire/packet_kind.ts";

/** What a client has counted since it was made. */
export class ClientCounters {
  snapshots = 0;
  bytesIn = 0;
  stale = 0;
  unknownBase = 0;
  desyncs = 0;
  reports = 0;
  /** Reports that the link did not take. */
  linkRefused = 0;
  bytesOut = 0;
  /** Inputs that were more than fits a report. */
  inputsTooLarge = 0;
  readonly faults: Record<SyncFault, number> = noFaults();

  *metrics(): IterableIterator<Metric> {
    yield counter("snapshots", "Snapshots decoded", this.snapshots);
    yield counter("bytes_in", "Bytes that have come", this.bytesIn);
    yield counter("reports", "Reports sent", this.reports);
    yield counter("bytes_out", "Bytes of reports", this.bytesOut);
    yield counter(
      "link_refused",
      "Reports that the link had no room for",
      this.linkRefused,
    );
    yield counter(
      "inputs_too_large",
      "Inputs that were more than fits a report",
      this.inputsTooLarge,
    );
    yield dropped("stale", this.stale);
    yield dropped("unknownBase", this.unknownBase);
    yield dropped("desync", this.desyncs);
    for (const reason of SYNC_FAULTS) {
      yield dropped(reason, this.faults[reason]);
    }
  }
}

function dropped(reason: string, value: number): Metric {
  return {
    ...counter("snapshots_dropped", "Snapshots dropped", value),
    labels: { reason },
  };
}

function counter(name: string, help: string, value: number): Metric {
  return { name: `tickwire_sync_client_${name}`, help, type: "counter", value };
}
