// This module is browser compatible.
import {
  type Channel,
  cutCloseReason,
  type LinkState,
  type MessageLink,
  type MessageSink,
} from "../../protocol/mod.ts";
import type { Recorded } from "./recorded.ts";

type Sent = Recorded & { readonly type: "packetOut" };
type Incoming = Recorded & { readonly type: "packetIn" };

/** What changes the state of a link, and how many packets had gone out before. */
interface Change {
  readonly record: Recorded & { readonly type: "opened" | "closed" };
  readonly sentBefore: number;
}

/** What is told when an endpoint does another thing than was recorded. */
export interface ReplayLinkOwner {
  /** It sent something else, or something more. */
  sentOther(
    peer: number,
    expected: Sent | undefined,
    bytes: Uint8Array,
    channel: Channel,
  ): void;
  /** It did not send something. */
  sentNot(peer: number, expected: Sent): void;
  /** It did not take something in. */
  tookNot(peer: number, packet: Incoming): void;
}

/** Is to an endpoint what the recorded link was. */
export class ReplayLink implements MessageLink {
  readonly #peer: number;
  readonly #owner: ReplayLinkOwner;
  #state: LinkState;
  #maxMessageBytes: number;
  /** Of the span between two ticks, in their order. */
  #incoming: (Incoming | Change)[] = [];
  #taken = 0;
  #outgoing: Sent[] = [];
  #sent = 0;
  #isClosedHere = false;

  constructor(
    record: Recorded & { readonly type: "connected" },
    owner: ReplayLinkOwner,
  ) {
    this.#peer = record.peer;
    this.#owner = owner;
    this.#state = { type: record.isOpen ? "open" : "connecting" };
    this.#maxMessageBytes = record.maxMessageBytes;
  }

  get state(): LinkState {
    this.#change();
    return this.#state;
  }

  get maxMessageBytes(): number {
    return this.#maxMessageBytes;
  }

  /** It is not recorded: no endpoint of rpc goes by it. */
  get rttMs(): number {
    return 0;
  }

  send(bytes: Uint8Array, channel: Channel): boolean {
    const expected = this.#outgoing[this.#sent];
    if (expected !== undefined) this.#sent++;
    if (
      expected === undefined || expected.channel !== channel ||
      !isEqual(expected.bytes, bytes)
    ) this.#owner.sentOther(this.#peer, expected, bytes, channel);
    return expected?.isTaken ?? this.#state.type === "open";
  }

  poll(sink: MessageSink): void {
    for (;;) {
      this.#change();
      const next = this.#incoming[this.#taken];
      if (
        next === undefined || "sentBefore" in next || this.#isClosedHere
      ) return;
      this.#taken++;
      sink(next.bytes, next.channel);
    }
  }

  close(reason: string): void {
    this.#isClosedHere = true;
    if (this.#state.type === "closed") return;
    this.#state = { type: "closed", reason: cutCloseReason(reason) };
  }

  /** Takes what happens in the span that begins. */
  add(record: Recorded): void {
    switch (record.type) {
      case "packetIn":
        this.#incoming.push(record);
        break;
      case "packetOut":
        this.#outgoing.push(record);
        break;
      case "opened":
      case "closed":
        this.#incoming.push({ record, sentBefore: this.#outgoing.length });
        break;
    }
  }

  /** Ends the span: tells what has not come about. */
  settle(): void {
    for (const expected of this.#outgoing.slice(this.#sent)) {
      this.#owner.sentNot(this.#peer, expected);
    }
    for (const next of this.#incoming.slice(this.#taken)) {
      if ("sentBefore" in next) this.#apply(next);
      else this.#owner.tookNot(this.#peer, next);
    }
    this.#incoming = [];
    this.#outgoing = [];
    this.#taken = 0;
    this.#sent = 0;
  }

  #change(): void {
    for (;;) {
      const next = this.#incoming[this.#taken];
      if (next === undefined || !("sentBefore" in next)) return;
      if (next.sentBefore > this.#sent) return;
      this.#taken++;
      this.#apply(next);
    }
  }

  #apply({ record }: Change): void {
    if (record.type === "closed") {
      this.#state = { type: "closed", reason: record.reason };
    } else if (this.#state.type === "connecting") {
      this.#state = { type: "open" };
      this.#maxMessageBytes = record.maxMessageBytes;
    }
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
