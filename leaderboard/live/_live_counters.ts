// This module is browser compatible.
import type { Metric } from "../../core/mod.ts";
import { metricMakers } from "../../http/server/mod.ts";

const { counter, gauge } = metricMakers("tickwire_leaderboard_live_");

/** What the live half of a server has counted since it was made. */
export class LiveCounters {
  changes = 0;
  resets = 0;
  /** Streams that were told to fetch anew as they had fallen behind, or came back too late. */
  missed = 0;
  /** Streams that were ended as nobody read them. */
  stalled = 0;
  readonly refused = { streams: 0, address: 0, feeds: 0, closing: 0 };

  *metrics(
    streams: number,
    feeds: number,
  ): IterableIterator<Metric> {
    yield gauge("streams", "Streams of events that are open", streams);
    yield gauge("feeds", "Rankings that are watched, or were lately", feeds);
    const events = "Events made, each once for all who watch";
    yield counter("events", events, this.changes, { type: "change" });
    yield counter("events", events, this.resets, { type: "reset" });
    yield counter(
      "missed",
      "Streams that were told to fetch anew as more was missed than is kept",
      this.missed,
    );
    yield counter("stalled", "Streams ended as nobody read them", this.stalled);
    for (const [reason, value] of Object.entries(this.refused)) {
      yield counter("refused", "Streams not opened", value, { reason });
    }
  }
}
