// This module is browser compatible.
import type { Metric } from "../../core/mod.ts";
import type { Deflater } from "../mux/deflater.ts";

/** Why a request or a new socket did not become a client. */
export type Refusal =
  | "notWebSocket"
  | "origin"
  | "closing"
  | "sockets"
  | "address"
  | "unauthorized"
  | "authenticate"
  | "upgrade"
  | "hello"
  | "clients";

/** Why a message went no further. */
export type Drop = "notAllowed" | "noRoom" | "replaced" | "channels";

/** Why a client is gone. */
export type Departure =
  | "closed"
  | "expired"
  | "failed"
  | "protocolError"
  | "removed"
  | "slow";

/** What a hub has counted since it was made. */
export class HubCounters {
  framesIn = 0;
  framesOut = 0;
  bytesIn = 0;
  bytesOut = 0;
  messagesIn = 0;
  messagesOut = 0;
  resumes = 0;
  channelsEvicted = 0;
  readonly refused: Record<Refusal, number> = {
    notWebSocket: 0,
    origin: 0,
    closing: 0,
    sockets: 0,
    address: 0,
    unauthorized: 0,
    authenticate: 0,
    upgrade: 0,
    hello: 0,
    clients: 0,
  };
  readonly dropped: Record<Drop, number> = {
    notAllowed: 0,
    noRoom: 0,
    replaced: 0,
    channels: 0,
  };
  readonly left: Record<Departure, number> = {
    closed: 0,
    expired: 0,
    failed: 0,
    protocolError: 0,
    removed: 0,
    slow: 0,
  };

  envelopesIn = 0;
  envelopesOut = 0;
  envelopeBytesIn = 0;
  envelopeBytesOut = 0;
  /** The backplane did not take them. */
  envelopesRefused = 0;
  envelopesMalformed = 0;
  envelopesRepeated = 0;
  /** Another hub's numbers that never came. */
  envelopesLost = 0;
  /** Of a hub beyond the most that are kept. */
  envelopesUnknown = 0;
  /** Players of another hub beyond the most that are kept. */
  membersRefused = 0;

  /** All of them by the names that they have outside. */
  *metrics(): IterableIterator<Metric> {
    const { refused, dropped, left } = this;
    yield* directions(
      "frames",
      "WebSocket frames",
      this.framesIn,
      this.framesOut,
    );
    yield* directions(
      "bytes",
      "Bytes of WebSocket frames",
      this.bytesIn,
      this.bytesOut,
    );
    yield* directions(
      "messages",
      "Messages of clients, and to clients, each subscriber counted",
      this.messagesIn,
      this.messagesOut,
    );
    yield counter("resumes", "Sessions that went on over another socket", {
      value: this.resumes,
    });
    yield* reasons("refused", "Requests and sockets not let in", refused);
    yield* reasons(
      "dropped_messages",
      "Messages that went no further",
      dropped,
    );
    yield* reasons("clients_left", "Clients that are gone for good", left);
    yield counter("evicted_channels", "Channels that made room for others", {
      value: this.channelsEvicted,
    });
    yield* directions(
      "backplane_envelopes",
      "Envelopes from and to other hubs",
      this.envelopesIn,
      this.envelopesOut,
    );
    yield* directions(
      "backplane_bytes",
      "Bytes of envelopes from and to other hubs",
      this.envelopeBytesIn,
      this.envelopeBytesOut,
    );
    yield* reasons(
      "backplane_dropped",
      "Envelopes, and players told in them, that went no further",
      {
        refused: this.envelopesRefused,
        malformed: this.envelopesMalformed,
        repeated: this.envelopesRepeated,
        lost: this.envelopesLost,
        tooManyHubs: this.envelopesUnknown,
        tooManyMembers: this.membersRefused,
      },
    );
  }
}

/** What deflate did. */
export function* deflateMetrics(
  { savedBytesIn, savedBytesOut, outcomes }: Deflater,
): IterableIterator<Metric> {
  yield* directions(
    "saved_bytes",
    "Bytes of messages, each subscriber counted, that deflate has kept off the network",
    savedBytesIn,
    savedBytesOut,
  );
  for (const [outcome, value] of Object.entries(outcomes)) {
    yield counter(
      "deflate_messages",
      "What became of messages that were large enough to be deflated",
      { value, labels: { outcome } },
    );
  }
}

/** A number that goes up and down. */
export function gauge(name: string, help: string, value: number): Metric {
  return { name: `tickwire_hub_${name}`, help, type: "gauge", value };
}

function counter(
  name: string,
  help: string,
  rest: Pick<Metric, "value" | "labels">,
): Metric {
  return { name: `tickwire_hub_${name}`, help, type: "counter", ...rest };
}

function* directions(
  name: string,
  help: string,
  inward: number,
  outward: number,
): IterableIterator<Metric> {
  yield counter(name, help, { value: inward, labels: { direction: "in" } });
  yield counter(name, help, { value: outward, labels: { direction: "out" } });
}

function* reasons(
  name: string,
  help: string,
  counts: Readonly<Record<string, number>>,
): IterableIterator<Metric> {
  for (const [reason, value] of Object.entries(counts)) {
    yield counter(name, help, { value, labels: { reason } });
  }
}
