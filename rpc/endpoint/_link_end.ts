// This module is browser compatible.
import {
  Channel,
  ContractHandshake,
  type MessageLink,
} from "../../protocol/mod.ts";
import type { Rpc, RpcContract } from "../contract/define_rpc.ts";
import { RpcVersionMap } from "../contract/rpc_version_map.ts";
import type { CallEncoder } from "../outbox/call_encoder.ts";
import { type OutboxResult, RpcOutbox } from "../outbox/rpc_outbox.ts";
import type { PeerGuard } from "../security/call_guard.ts";
import type { ClientId } from "../target/client_id.ts";
import { CallReader, type ReceivedCall } from "../wire/call_reader.ts";
import { RpcPacketKind } from "../wire/packet_kind.ts";
import { type ReceivedResult, ResultReader } from "../wire/result_reader.ts";
import type { EndpointCounters } from "./_counters.ts";
import { ResultOutbox } from "./_result_outbox.ts";
import type { CallRefusal, RpcPacketFault } from "./rpc_event.ts";
import type { RpcTicket } from "./rpc_ticket.ts";

/** The limits of every link of an endpoint. */
export interface EndLimits {
  readonly maxPacketBytes: number;
  readonly maxQueuedBytes: number;
  readonly maxOutstanding: number;
}

/** A call of this end's that waits for its answer. */
export interface PendingCall {
  readonly ticket: RpcTicket;
  readonly rpc: Rpc;
  readonly end: LinkEnd;
  /** Its number on the link. */
  readonly wireTicket: number;
  /** When it times out, in simulation time. */
  readonly deadlineMs: number;
}

/** What a link's end tells its endpoint. */
export interface EndOwner {
  readonly contract: RpcContract;
  readonly limits: EndLimits;
  readonly counters: EndpointCounters;
  /** What this end sends: calls of a client or of a server. */
  readonly sends: RpcPacketKind;
  /** What the other end sends. */
  readonly receives: RpcPacketKind;
  /** Whether a packet of so many bytes is read. */
  admitsPacket(end: LinkEnd, bytes: number): boolean;
  /** A call has come in. */
  handleCall(end: LinkEnd, call: ReceivedCall): void;
  /** An answer has come in; the call does not wait any more. */
  handleResult(pending: PendingCall, result: ReceivedResult): void;
  /** A packet was handled, or refused. */
  packetDone(end: LinkEnd, fault: RpcPacketFault | undefined): void;
  /** The contracts differ: see the map. */
  handleDiffers(end: LinkEnd, message: string): void;
  /** Calls go out from now on. */
  handleReady(end: LinkEnd): void;
}

const MIN_LINK_BYTES = 65;
const MAX_HANDSHAKE_BYTES = 32_768;
/** What the encoder of calls has room for. */
export const MAX_MESSAGE_BYTES = 65_536;

/**
 * One end of a link: the handshake, what waits to be sent, and the calls that wait for
 * their answers in either direction.
 *
 * Nothing but the handshake is sent until the other end has said that its own is over: on
 * other channels calls could overtake it.
 */
export class LinkEnd {
  /** Which client it leads to; `undefined` is the server. */
  readonly client: ClientId | undefined;
  readonly link: MessageLink;
  /** What watches over the client; there is none over a server. */
  guard: PeerGuard | undefined;
  readonly outbox: RpcOutbox;
  readonly results: ResultOutbox;
  /** This end's calls that wait, by their number on the link. */
  readonly pending: Map<number, PendingCall> = new Map();
  /** The other end's calls that wait for this end's answer. */
  readonly answering: Map<number, object> = new Map();
  /** What was told of calls that were refused, until something could be sent. */
  readonly toldRefusals: Set<CallRefusal> = new Set();
  /** The calls of which was told that they differ. */
  readonly toldDifferences: Set<Rpc> = new Set();
  /** How many of the events that have their place were told. */
  eventsUsed = 0;
  /** When a packet that was refused was told last. */
  faultToldMs = -1;
  /** How many calls of each kind were queued before the handshake was over. */
  readonly early: Map<Rpc, number> = new Map();
  readonly #owner: EndOwner;
  readonly #handshake: ContractHandshake;
  /** Handshake messages that the link has not taken yet. */
  #greetings: Uint8Array[] = [];
  readonly #packetBytes: number;
  #isGreeted = false;
  #map: RpcVersionMap | undefined;
  #reader: CallReader | undefined;
  readonly #results = new ResultReader();
  #isOver = false;
  #isHeard = false;
  #isClosed = false;
  #lastWireTicket = 0;
  #nextDeadlineMs = Infinity;
  readonly #sink = (bytes: Uint8Array): void => this.#receive(bytes);
  readonly #out = (bytes: Uint8Array, channel: Channel): boolean =>
    this.#send(bytes, channel);
  readonly #rpcOf = (wireTicket: number): Rpc | undefined =>
    this.pending.get(wireTicket)?.rpc;

  constructor(
    owner: EndOwner,
    link: MessageLink,
    client: ClientId | undefined,
  ) {
    this.#owner = owner;
    this.link = link;
    this.client = client;
    const { maxPacketBytes, maxQueuedBytes } = owner.limits;
    const isKnown = link.state.type === "open";
    if (isKnown && link.maxMessageBytes < MIN_LINK_BYTES) {
      throw new RangeError(
        `Cannot connect as the link's maxMessageBytes must be >= ${MIN_LINK_BYTES}: current value is ${link.maxMessageBytes}`,
      );
    }
    // What a link says before it is open may change: see `#sendGreetings` and `#send`.
    const messageBytes = Math.min(
      Math.max(link.maxMessageBytes, MIN_LINK_BYTES),
      MAX_MESSAGE_BYTES,
    );
    const packetBytes = Math.min(maxPacketBytes, messageBytes);
    this.#packetBytes = packetBytes;
    this.outbox = new RpcOutbox(owner.sends, messageBytes, {
      maxBytes: maxQueuedBytes,
      packetBytes,
    });
    const queuedBytes = maxQueuedBytes;
    this.results = new ResultOutbox(
      { packetBytes, messageBytes, queuedBytes },
      owner.counters,
    );
    this.#handshake = new ContractHandshake(owner.contract.contract, {
      maxMessageBytes: Math.min(MAX_HANDSHAKE_BYTES, messageBytes - 1),
    });
    this.#greetings.push(greeting(this.#handshake.hello()));
  }

  /** Whether calls go out. */
  get isReady(): boolean {
    return this.#isOver && this.#isHeard && !this.#isClosed;
  }

  /** Whether it is over with it. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What the two ends have in common, where they differ. */
  get map(): RpcVersionMap | undefined {
    return this.#map;
  }

  /** What comes from now on waits for the next tick. */
  beginTick(dt: number): void {
    this.outbox.tick(dt);
    this.outbox.mark();
  }

  /** Takes in what has come. */
  receive(): void {
    if (this.#isClosed) return;
    this.#sendGreetings();
    this.link.poll(this.#sink);
  }

  /** Sends what is due. */
  flush(): void {
    if (this.#isClosed) return;
    this.#sendGreetings();
    // Also while nothing can be sent: what is too old goes.
    this.outbox.flush(this.#out);
    if (!this.isReady) return;
    this.results.flush(this.link);
    if (this.outbox.waiting === 0) this.toldRefusals.clear();
  }

  /** Queues a call that is not answered. */
  push(call: CallEncoder): OutboxResult {
    const result = this.outbox.push(call);
    if (isTaken(result)) this.#countEarly(call.rpc!);
    return result;
  }

  /** The number on the link of the next call that is answered. */
  get nextWireTicket(): number {
    return this.#lastWireTicket + 1;
  }

  /** Queues a call that is answered, encoded with `nextWireTicket`; what is wrong if it cannot. */
  call(
    call: CallEncoder,
    ticket: RpcTicket,
    deadlineMs: number,
  ): PendingCall | "full" | "tooLarge" {
    const rpc = call.rpc!;
    const result = this.push(call);
    if (result === "full" || result === "tooLarge") return result;
    const wireTicket = this.nextWireTicket;
    this.#lastWireTicket = wireTicket;
    const pending = { ticket, rpc, end: this, wireTicket, deadlineMs };
    this.pending.set(wireTicket, pending);
    if (deadlineMs < this.#nextDeadlineMs) this.#nextDeadlineMs = deadlineMs;
    return pending;
  }

  /** Ends the calls whose time is up. */
  expire(nowMs: number, expired: (pending: PendingCall) => void): void {
    if (nowMs < this.#nextDeadlineMs) return;
    let nextMs = Infinity;
    for (const pending of this.pending.values()) {
      if (pending.deadlineMs <= nowMs) {
        this.pending.delete(pending.wireTicket);
        expired(pending);
      } else if (pending.deadlineMs < nextMs) nextMs = pending.deadlineMs;
    }
    this.#nextDeadlineMs = nextMs;
  }

  /** Ends everything here; the link is closed with the reason. */
  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.link.close(reason);
    this.outbox.clear();
    this.results.clear();
    this.answering.clear();
    this.early.clear();
    this.#greetings = [];
  }

  #countEarly(rpc: Rpc): void {
    if (this.isReady) return;
    this.early.set(rpc, (this.early.get(rpc) ?? 0) + 1);
  }

  #send(bytes: Uint8Array, channel: Channel): boolean {
    if (!this.isReady) return false;
    if (this.link.send(bytes, channel)) return true;
    if (bytes.length <= this.link.maxMessageBytes) return false;
    // It takes less than it said when the call was made, and never this.
    this.#owner.counters.packetsDropped++;
    return true;
  }

  #receive(bytes: Uint8Array): void {
    // The handler of an earlier packet may have ended it.
    if (this.#isClosed) return;
    const { counters } = this.#owner;
    counters.packetsIn++;
    counters.bytesIn += bytes.length;
    if (bytes[0] === RpcPacketKind.Handshake && !this.isReady) {
      return this.#greeted(bytes);
    }
    if (!this.#owner.admitsPacket(this, bytes.length)) {
      counters.countFault("budget");
      return;
    }
    const fault = this.#isOver ? this.#read(bytes) : "early";
    if (fault !== undefined) counters.countFault(fault);
    this.#owner.packetDone(this, fault);
  }

  #read(bytes: Uint8Array): RpcPacketFault | undefined {
    return bytes[0] === RpcPacketKind.Results
      ? this.#readResults(bytes)
      : this.#readCalls(bytes);
  }

  #readCalls(bytes: Uint8Array): RpcPacketFault | undefined {
    const owner = this.#owner;
    const reader = this.#reader!;
    const fault = reader.read(bytes, owner.receives);
    if (fault !== undefined) return fault;
    const { count } = reader;
    owner.counters.callsUnknown += reader.unknownCalls;
    for (let i = 0; i < count && !this.#isClosed; i++) {
      owner.handleCall(this, reader.at(i));
    }
    reader.release();
    return undefined;
  }

  #readResults(bytes: Uint8Array): RpcPacketFault | undefined {
    const reader = this.#results;
    const fault = reader.read(bytes, this.#rpcOf);
    if (fault !== undefined) return fault;
    this.#owner.counters.resultsLate += reader.unknown;
    for (let i = 0; i < reader.count; i++) {
      const result = reader.at(i);
      const pending = this.pending.get(result.ticket);
      // It may be in the packet twice.
      if (pending === undefined) this.#owner.counters.resultsLate++;
      else {
        this.pending.delete(result.ticket);
        this.#owner.handleResult(pending, result);
      }
    }
    reader.release();
    return undefined;
  }

  /** A message of the handshake; an empty one says that the other end is through with it. */
  #greeted(bytes: Uint8Array): void {
    if (bytes.length === 1) {
      if (this.#isHeard) {
        // Before it is over nothing counts its messages: each comes once.
        this.link.close("the handshake was over already");
        return;
      }
      this.#isHeard = true;
      return this.#getReady();
    }
    const step = this.#handshake.handle(bytes.subarray(1));
    switch (step.type) {
      case "reply":
        return this.#greet(step.bytes);
      case "malformed":
        // Whatever follows could not be understood.
        this.link.close(step.message);
        return;
      case "agreed":
        this.#reader = new CallReader(this.#owner.contract.rpcs);
        break;
      case "differs":
        this.#map = new RpcVersionMap(this.#owner.contract, step, {
          toldCount: this.#handshake.toldCount,
        });
        this.#reader = new CallReader(this.#map.rpcs);
        this.#owner.handleDiffers(this, step.message);
        break;
    }
    this.#isOver = true;
    this.#greet(NOTHING);
    this.#getReady();
  }

  #getReady(): void {
    if (!this.isReady || this.#isGreeted) return;
    this.#isGreeted = true;
    this.early.clear();
    this.#owner.handleReady(this);
  }

  #greet(message: Uint8Array): void {
    this.#greetings.push(greeting(message));
    this.#sendGreetings();
  }

  #sendGreetings(): void {
    if (this.#greetings.length === 0 || this.link.state.type !== "open") {
      return;
    }
    const { maxMessageBytes } = this.link;
    if (maxMessageBytes < this.#packetBytes) {
      this.link.close(
        `its messages must have room for ${this.#packetBytes} bytes: it has ${maxMessageBytes}`,
      );
      return;
    }
    while (
      this.#greetings.length > 0 &&
      this.link.send(this.#greetings[0]!, Channel.ReliableOrdered)
    ) {
      const [bytes] = this.#greetings.splice(0, 1);
      this.#owner.counters.packetsOut++;
      this.#owner.counters.bytesOut += bytes!.length;
    }
  }
}

/** Whether a call waits now. */
export function isTaken(result: OutboxResult): boolean {
  return result === "queued" || result === "coalesced";
}

const NOTHING = new Uint8Array(0);

function greeting(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + message.length);
  bytes[0] = RpcPacketKind.Handshake;
  bytes.set(message, 1);
  return bytes;
}
