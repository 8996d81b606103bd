// This module is browser compatible.
import type { OutboxCounts } from "../outbox/rpc_outbox.ts";
import type { Metric } from "../../core/mod.ts";
import type { CallRefusal, RpcPacketFault } from "./rpc_event.ts";

/** What becomes of a ticket. */
export type OutcomeType =
  | "result"
  | "failed"
  | "timedOut"
  | "cancelled"
  | "disconnected";

/** Why a call that came in was not handled. */
export type Denial =
  | "noHandler"
  | "unauthorised"
  | "rateLimited"
  | "tooManyOutstanding"
  | "repeated"
  | "refused";

type MutableCounts = { -readonly [K in keyof OutboxCounts]: number };

/** What an endpoint has counted since it was made. */
export class EndpointCounters {
  callsIn = 0;
  /** Calls that this end does not know. */
  callsUnknown = 0;
  callsRelayed = 0;
  packetsIn = 0;
  bytesIn = 0;
  /** Packets that were sent, but for those of calls. */
  packetsOut = 0;
  bytesOut = 0;
  handlersFailed = 0;
  /** Answers of calls that do not wait for one: late, or there twice. */
  resultsLate = 0;
  /** Answers for which there was no room. */
  resultsDropped = 0;
  /** Packets of calls that no link ever takes. */
  packetsDropped = 0;
  readonly #gone: MutableCounts = {
    sent: 0,
    sentPackets: 0,
    sentBytes: 0,
    refusedPackets: 0,
    coalesced: 0,
    refused: 0,
    droppedCosmetic: 0,
    droppedUnreliable: 0,
    agedOut: 0,
    cleared: 0,
  };
  readonly refused: Record<CallRefusal, number> = {
    closed: 0,
    queueFull: 0,
    tooLarge: 0,
    tooManyOutstanding: 0,
    eventsFull: 0,
    contractDiffers: 0,
  };
  readonly denied: Record<Denial, number> = {
    noHandler: 0,
    unauthorised: 0,
    rateLimited: 0,
    tooManyOutstanding: 0,
    repeated: 0,
    refused: 0,
  };
  readonly outcomes: Record<OutcomeType, number> = {
    result: 0,
    failed: 0,
    timedOut: 0,
    cancelled: 0,
    disconnected: 0,
  };
  readonly faults = new Map<RpcPacketFault | "budget", number>();

  countFault(fault: RpcPacketFault | "budget"): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  /** Adds what an outbox that is done with has counted. */
  addCounts(counts: OutboxCounts): void {
    addCounts(this.#gone, counts);
  }

  /** The metrics; the outboxes that are in use are given. */
  *metrics(counts: Iterable<OutboxCounts>): IterableIterator<Metric> {
    const outbox = { ...this.#gone };
    for (const more of counts) addCounts(outbox, more);
    yield counter("calls_out", "Calls sent", outbox.sent);
    yield counter("calls_in", "Calls received", this.callsIn);
    yield counter(
      "calls_relayed",
      "Calls of a client passed on to a client",
      this.callsRelayed,
    );
    yield counter(
      "packets_out",
      "Packets sent",
      this.packetsOut + outbox.sentPackets,
    );
    yield counter("packets_in", "Packets received", this.packetsIn);
    yield counter("bytes_out", "Bytes sent", this.bytesOut + outbox.sentBytes);
    yield counter("bytes_in", "Bytes received", this.bytesIn);
    yield counter(
      "calls_unknown",
      "Calls that this end does not know",
      this.callsUnknown,
    );
    yield counter(
      "handlers_failed",
      "Calls whose handler threw",
      this.handlersFailed,
    );
    yield counter(
      "results_late",
      "Answers of calls that do not wait for one",
      this.resultsLate,
    );
    yield counter(
      "results_dropped",
      "Answers for which there was no room",
      this.resultsDropped,
    );
    yield counter(
      "packets_dropped",
      "Packets that no link took",
      this.packetsDropped,
    );
    yield* labelled("calls_dropped", "Calls taken but not sent", "reason", {
      coalesced: outbox.coalesced,
      cosmetic: outbox.droppedCosmetic,
      unreliable: outbox.droppedUnreliable,
      tooOld: outbox.agedOut,
      closed: outbox.cleared,
    });
    yield* labelled("refused", "Calls not taken", "reason", this.refused);
    yield* labelled("denied", "Calls not handled", "reason", this.denied);
    yield* labelled("outcomes", "Outcomes of calls", "type", this.outcomes);
    for (const [fault, value] of this.faults) {
      yield {
        ...counter("packets_refused", "Packets not read", value),
        labels: { fault },
      };
    }
  }
}

function addCounts(sum: MutableCounts, more: OutboxCounts): void {
  for (const key of Object.keys(sum) as (keyof OutboxCounts)[]) {
    sum[key] += more[key];
  }
}

export function gauge(name: string, help: string, value: number): Metric {
  return { name: `tickwire_rpc_${name}`, help, type: "gauge", value };
}

function counter(name: string, help: string, value: number): Metric {
  return { name: `tickwire_rpc_${name}`, help, type: "counter", value };
}

function* labelled(
  name: string,
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
): IterableIterator<Metric> {
  for (const [key, value] of Object.entries(values)) {
    yield { ...counter(name, help, value), labels: { [label]: key } };
  }
}
