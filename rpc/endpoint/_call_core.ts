// This module is browser compatible.
import {
  checkInteger,
  checkPositive,
  EventQueue,
  type Metric,
} from "../../core/mod.ts";
import type { Rpc, RpcContract } from "../contract/define_rpc.ts";
import type { RpcDifference } from "../contract/rpc_difference.ts";
import type { ClientId } from "../target/client_id.ts";
import { CallEncoder } from "../outbox/call_encoder.ts";
import type { ReceivedCall } from "../wire/call_reader.ts";
import type { RpcPacketKind } from "../wire/packet_kind.ts";
import type { ReceivedResult } from "../wire/result_reader.ts";
import { ResultStatus } from "../wire/result_status.ts";
import { CallContext } from "./_call_context.ts";
import { checkHandler, type EndKind } from "./_check_call.ts";
import { checkParams, show, wrongCall } from "./_check_params.ts";
import {
  type Denial,
  EndpointCounters,
  gauge,
  type OutcomeType,
} from "./_counters.ts";
import {
  type EndLimits,
  isTaken,
  type LinkEnd,
  MAX_MESSAGE_BYTES,
  type PendingCall,
} from "./_link_end.ts";
import { DeferredReply, type ReplySink } from "./deferred_reply.ts";
import type {
  CallRefusal,
  RpcFailReason,
  RpcPacketFault,
} from "./rpc_event.ts";
import { RpcFailure } from "./rpc_failure.ts";
import type { RpcObserver } from "./rpc_observer.ts";
import type { RpcCallOptions, RpcEndpointOptions } from "./rpc_options.ts";
import type { RpcTicket } from "./rpc_ticket.ts";

type Params = Readonly<Record<string, unknown>>;
/** A handler of one call or another, whose types the endpoints have checked. */
type AnyHandler = (params: Params, context: CallContext) => unknown;

const DEFAULT_PACKET_BYTES = 1_200;
const DEFAULT_QUEUED_BYTES = 262_144;
const DEFAULT_OUTSTANDING = 256;
const DEFAULT_EVENTS = 65_536;
const DEFAULT_TIMEOUT_MS = 10_000;
/** That it is ready, that the contracts differ, and that it is closed. */
const EVENTS_PER_LINK = 3;

/** What both endpoints are made of; names and parameters were checked by their types. */
export class CallCore {
  readonly contract: RpcContract;
  readonly limits: EndLimits;
  readonly counters: EndpointCounters = new EndpointCounters();
  readonly events: EventQueue<object>;
  readonly observer: RpcObserver | undefined;
  /** The simulation time. */
  nowMs = 0;
  readonly #ends = new Set<LinkEnd>();
  /** The call that is being queued. */
  readonly #encoder: CallEncoder;
  /** Of which nothing but the name is known, as it is too large for any link. */
  #tooLarge: Rpc | undefined;
  readonly #handlers: (AnyHandler | undefined)[];
  readonly #context: CallContext;
  readonly #tickets = new Map<RpcTicket, PendingCall>();
  readonly #toldMissing = new Set<Rpc>();
  #lastTicket = 0;
  #isTicking = false;
  readonly #expired = (pending: PendingCall): void =>
    this.#settle(pending, { type: "timedOut" });

  constructor(
    contract: RpcContract,
    options: RpcEndpointOptions,
    kind: RpcPacketKind,
  ) {
    const {
      maxPacketBytes = DEFAULT_PACKET_BYTES,
      maxQueuedBytes = Math.max(DEFAULT_QUEUED_BYTES, maxPacketBytes),
      maxOutstanding = DEFAULT_OUTSTANDING,
      maxEvents = DEFAULT_EVENTS,
    } = options;
    checkInteger("maxPacketBytes", maxPacketBytes, 64, 0xffff);
    checkInteger("maxQueuedBytes", maxQueuedBytes, maxPacketBytes, 2 ** 30);
    checkInteger("maxOutstanding", maxOutstanding, 1, 0xffff);
    checkInteger("maxEvents", maxEvents, 16, 2 ** 24);
    this.contract = contract;
    this.#encoder = new CallEncoder(kind, MAX_MESSAGE_BYTES);
    this.observer = options.observer;
    this.limits = { maxPacketBytes, maxQueuedBytes, maxOutstanding };
    this.events = new EventQueue({ capacity: maxEvents });
    this.#handlers = new Array(contract.rpcs.length);
    this.#context = new CallContext((end, call) =>
      new EndReplySink(this, end, call)
    );
  }

  /** How many calls wait for their answers. */
  get outstanding(): number {
    return this.#tickets.size;
  }

  /** The call of a name. */
  rpc(name: string): Rpc {
    const rpc = this.contract.byName.get(name);
    if (rpc !== undefined) return rpc;
    throw new TypeError(
      `Cannot use an rpc as its name must be defined: current value is "${name}"`,
    );
  }

  handle(
    rpc: Rpc,
    handler: (params: never, context: never) => unknown,
    end: EndKind,
    isAnswer: boolean,
  ): void {
    checkHandler(rpc, end, isAnswer, handler);
    if (this.#handlers[rpc.id] !== undefined) {
      throw new TypeError(
        `Cannot handle "${rpc.name}" as it must have no handler yet: off() takes the current one`,
      );
    }
    this.#handlers[rpc.id] = handler as AnyHandler;
  }

  off(rpc: Rpc): void {
    this.#handlers[rpc.id] = undefined;
  }

  /** The game ends a link. What a handler does so is the handler's own. */
  observeEnd(end: LinkEnd, reason: string): void {
    if (this.#isTicking || end.isClosed) return;
    this.observer?.disconnected(end.client, reason);
  }

  /** Runs a tick. */
  tick(dt: number, body: (dt: number) => void): void {
    if (!(dt >= 0 && dt < Infinity)) {
      throw new RangeError(
        `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    if (this.#isTicking) {
      throw new TypeError(
        "Cannot tick as no tick must be under way: current call is inside of one",
      );
    }
    this.nowMs += dt * 1_000;
    this.observer?.ticked(dt);
    this.#isTicking = true;
    try {
      body(dt);
    } finally {
      this.#isTicking = false;
    }
  }

  /** Sets the places of a link's own events aside. */
  open(end: LinkEnd): boolean {
    if (!this.events.reserve(EVENTS_PER_LINK)) return false;
    this.#ends.add(end);
    return true;
  }

  /** Ends a link, and all that waits on it; the last event is the endpoint's. */
  close(end: LinkEnd, reason: string, event: object): void {
    if (end.isClosed) return;
    const { pending } = end;
    end.close(reason);
    this.#ends.delete(end);
    this.counters.addCounts(end.outbox.counts);
    for (const call of pending.values()) {
      this.#settle(call, { type: "disconnected" });
    }
    pending.clear();
    this.events.pushReserved(event);
    const unused = EVENTS_PER_LINK - 1 - end.eventsUsed;
    if (unused > 0) this.events.release(unused);
  }

  /** One of the events of a link that have their place. */
  tell(end: LinkEnd, event: object): void {
    end.eventsUsed++;
    this.events.pushReserved(of(end, event));
  }

  expire(end: LinkEnd): void {
    end.expire(this.nowMs, this.#expired);
  }

  /** Encodes a call that is not answered, to be sent to one link or several. */
  encode(rpc: Rpc, tag: number, id: number, params: Params): void {
    checkParams(rpc, params);
    const error = this.#encoder.encode(rpc, tag, id, 0, params);
    if (error === "range") throw wrongCall(rpc, params);
    this.#tooLarge = error === undefined ? undefined : rpc;
  }

  /** How long the call that was encoded is; 0 if no link is large enough for it. */
  get encodedBytes(): number {
    return this.#tooLarge === undefined
      ? this.#encoder.end - this.#encoder.start
      : 0;
  }

  /**
   * Queues the call that was encoded; returns whether it was taken. What clients say to
   * each other leaves half of the queue to what this end says itself.
   */
  send(end: LinkEnd, isRelay = false): boolean {
    const rpc = this.#tooLarge ?? this.#encoder.rpc!;
    if (end.isClosed) return this.#refuse(end, rpc, "closed");
    const difference = end.map?.differenceOf(rpc);
    if (difference !== undefined) {
      return this.#refuse(end, rpc, "contractDiffers", difference);
    }
    if (rpc === this.#tooLarge) return this.#refuse(end, rpc, "tooLarge");
    if (isRelay && end.outbox.isHalfFull) {
      return this.#refuse(end, rpc, "queueFull");
    }
    const result = end.push(this.#encoder);
    if (isTaken(result)) return true;
    return this.#refuse(end, rpc, result === "full" ? "queueFull" : "tooLarge");
  }

  /** Queues a call that is answered. */
  call(
    end: LinkEnd | undefined,
    rpc: Rpc,
    tag: number,
    params: Params,
    options: RpcCallOptions,
  ): RpcTicket | undefined {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    checkPositive("timeoutMs", timeoutMs);
    checkParams(rpc, params);
    if (end === undefined || end.isClosed) {
      this.counters.refused.closed++;
      return undefined;
    }
    if (end.pending.size >= this.limits.maxOutstanding) {
      this.#refuse(end, rpc, "tooManyOutstanding");
      return undefined;
    }
    if (!this.events.reserve()) {
      this.#refuse(end, rpc, "eventsFull");
      return undefined;
    }
    const ticket = this.#lastTicket + 1 as RpcTicket;
    const difference = end.map?.differenceOf(rpc);
    if (difference !== undefined) {
      this.#lastTicket = ticket;
      this.#refuse(end, rpc, "contractDiffers", difference);
      const outcome = failed("contractDiffers", difference.message);
      this.#conclude(ticket, rpc, end, outcome);
      return ticket;
    }
    const encoder = this.#encoder;
    const wireTicket = end.nextWireTicket;
    const error = encoder.encode(rpc, tag, 0, wireTicket, params);
    if (error === "range") {
      this.events.release();
      throw wrongCall(rpc, params);
    }
    const pending = error ?? end.call(encoder, ticket, this.nowMs + timeoutMs);
    if (typeof pending === "string") {
      this.events.release();
      this.#refuse(end, rpc, pending === "full" ? "queueFull" : pending);
      return undefined;
    }
    this.#lastTicket = ticket;
    this.#tickets.set(ticket, pending);
    return ticket;
  }

  cancel(ticket: RpcTicket): boolean {
    const pending = this.#tickets.get(ticket);
    if (pending === undefined) return false;
    pending.end.pending.delete(pending.wireTicket);
    this.#settle(pending, { type: "cancelled" });
    return true;
  }

  handleResult(pending: PendingCall, result: ReceivedResult): void {
    const { status, code, text, value } = result;
    if (status === ResultStatus.Value) {
      this.#settle(pending, { type: "result", value });
    } else if (status === ResultStatus.Failure) {
      this.#settle(pending, failed("failure", text, code));
    } else {
      const reason = REASONS[status];
      this.#settle(pending, failed(reason, SENTENCES[reason]));
    }
  }

  /** What was queued before the handshake was over, and the other end does not understand. */
  handleDiffers(end: LinkEnd, message: string): void {
    const map = end.map!;
    const { differences, onlyTheirs } = map;
    const type = "contractDiffers";
    this.tell(end, { type, differences, onlyTheirs, message });
    for (const [rpc, count] of end.early) {
      const difference = map.differenceOf(rpc);
      if (difference === undefined) continue;
      this.#refuse(end, rpc, "contractDiffers", difference);
      this.counters.refused.contractDiffers += count - 1;
    }
    for (const pending of end.pending.values()) {
      const difference = map.differenceOf(pending.rpc);
      if (difference === undefined) continue;
      end.pending.delete(pending.wireTicket);
      this.#settle(pending, failed("contractDiffers", difference.message));
    }
  }

  packetDone(end: LinkEnd, fault: RpcPacketFault | undefined): void {
    if (fault === undefined) return;
    this.observer?.rejected(end.client, "", fault);
    if (end.faultToldMs === this.nowMs) return;
    end.faultToldMs = this.nowMs;
    this.events.push(of(end, { type: "packetRefused", fault }));
  }

  /** A call that is not handled. */
  deny(end: LinkEnd, { rpc, ticket }: ReceivedCall, reason: Denial): void {
    this.counters.denied[reason]++;
    this.observer?.rejected(end.client, rpc.name, reason);
    if (reason === "noHandler" && !this.#toldMissing.has(rpc)) {
      this.#toldMissing.add(rpc);
      this.events.push(of(end, { type: "handlerMissing", name: rpc.name }));
    }
    const status = STATUSES[reason];
    if (ticket === 0 || status === undefined) return;
    if (end.guard?.takeRefusal() === false) {
      this.counters.resultsDropped++;
      return;
    }
    this.#reply(end, rpc, ticket, status);
  }

  /** Whether a call has a handler. */
  handles(rpc: Rpc): boolean {
    return this.#handlers[rpc.id] !== undefined;
  }

  /** Has a call handled; returns whether the handler has not refused it. */
  run(
    end: LinkEnd,
    call: ReceivedCall,
    caller: ClientId | undefined,
  ): boolean {
    const handler = this.#handlers[call.rpc.id]!;
    const context = this.#context;
    context.begin(end, call, caller);
    try {
      const value = handler(call.params, context);
      if (value !== undefined) this.#watch(end, call.rpc, caller, value);
    } catch (error) {
      this.handlerFailed(end, call.rpc, caller, error);
      // What went wrong here is not for others.
      context.isRefused = true;
    } finally {
      context.end();
    }
    return !context.isRefused;
  }

  /** Has a call answered. */
  answer(
    end: LinkEnd,
    call: ReceivedCall,
    caller: ClientId | undefined,
  ): void {
    const { rpc, ticket } = call;
    const { answering } = end;
    if (answering.has(ticket)) return this.deny(end, call, "repeated");
    if (answering.size >= this.limits.maxOutstanding) {
      return this.deny(end, call, "tooManyOutstanding");
    }
    const handler = this.#handlers[rpc.id];
    if (handler === undefined) return this.deny(end, call, "noHandler");
    answering.set(ticket, rpc);
    const context = this.#context;
    context.begin(end, call, caller);
    try {
      const value = handler(call.params, context);
      const { deferred } = context;
      if (deferred !== undefined && value === deferred) return;
      this.#watch(end, rpc, caller, value);
      if (deferred !== undefined || value instanceof DeferredReply) {
        throw new TypeError(
          `Cannot answer "${rpc.name}" as a handler that puts its answer off must return what defer() gave it`,
        );
      }
      // The handler may have ended the link.
      if (!end.isClosed) this.#answerValue(end, rpc, ticket, value);
    } catch (error) {
      this.#answerError(end, rpc, ticket, caller, error);
    } finally {
      context.end();
      if (context.deferred === undefined) answering.delete(ticket);
    }
  }

  /** Sends a value; throws if the reply does not allow it. Returns whether there was room. */
  settleValue(end: LinkEnd, rpc: Rpc, ticket: number, value: unknown): boolean {
    return this.#answerValue(end, rpc, ticket, value);
  }

  settleFailure(
    end: LinkEnd,
    rpc: Rpc,
    ticket: number,
    code: number,
    message: string,
  ): boolean {
    return this.#reply(end, rpc, ticket, ResultStatus.Failure, code, message);
  }

  handlerFailed(
    end: LinkEnd,
    { name }: Rpc,
    caller: ClientId | undefined,
    error: unknown,
  ): void {
    this.counters.handlersFailed++;
    this.events.push(of(end, { type: "handlerFailed", name, caller, error }));
  }

  *metrics(): IterableIterator<Metric> {
    yield gauge(
      "outstanding_calls",
      "Calls that wait for their answers",
      this.#tickets.size,
    );
    yield gauge(
      "undrained_events",
      "Events not drained",
      this.events.size,
    );
    yield {
      name: "tickwire_rpc_events_dropped",
      help: "Events for which there was no room",
      type: "counter",
      value: this.events.dropped,
    };
    let bytes = 0;
    for (const { outbox, results } of this.#ends) {
      bytes += outbox.waitingBytes + results.waitingBytes;
    }
    yield gauge("queued_bytes", "Bytes that wait to be sent", bytes);
    yield* this.counters.metrics(
      [...this.#ends].map(({ outbox }) => outbox.counts),
    );
  }

  #answerError(
    end: LinkEnd,
    rpc: Rpc,
    ticket: number,
    caller: ClientId | undefined,
    error: unknown,
  ): void {
    // A reply that was put off before counts for nothing now.
    this.#context.deferred = undefined;
    // It may be settled, or the link ended.
    const isAwaited = end.answering.has(ticket);
    if (error instanceof RpcFailure) {
      const { code, message } = error;
      if (isAwaited) this.settleFailure(end, rpc, ticket, code, message);
      return;
    }
    this.handlerFailed(end, rpc, caller, error);
    if (isAwaited) this.#reply(end, rpc, ticket, ResultStatus.HandlerFailed);
  }

  #answerValue(
    end: LinkEnd,
    rpc: Rpc,
    ticket: number,
    value: unknown,
  ): boolean {
    if (value instanceof Promise) {
      throw new TypeError(
        `Cannot answer "${rpc.name}" as its handler must not return a promise: return context.defer(), and settle that later`,
      );
    }
    const error = end.results.addValue(rpc, ticket, value);
    if (error === "range") {
      throw new RangeError(
        `Cannot answer "${rpc.name}" as its reply must be allowed by ${
          rpc.definition.reply!.descriptor
        }: current value is ${show(value)}`,
      );
    }
    if (error === "tooLarge") {
      throw new RangeError(
        `Cannot answer "${rpc.name}" as its reply must fit a message of the link: current value does not`,
      );
    }
    if (error === "full") this.counters.resultsDropped++;
    return error === undefined;
  }

  #reply(
    end: LinkEnd,
    rpc: Rpc,
    ticket: number,
    status: ResultStatus,
    code = 0,
    text = "",
  ): boolean {
    if (
      end.results.addStatus(rpc, ticket, status, code, text) === undefined
    ) return true;
    this.counters.resultsDropped++;
    return false;
  }

  /** A handler that is async by mistake: what it throws later would end the process. */
  #watch(
    end: LinkEnd,
    rpc: Rpc,
    caller: ClientId | undefined,
    value: unknown,
  ): void {
    if (!(value instanceof Promise)) return;
    value.catch((error) => this.handlerFailed(end, rpc, caller, error));
  }

  #refuse(
    end: LinkEnd,
    rpc: Rpc,
    reason: CallRefusal,
    difference?: RpcDifference,
  ): false {
    this.counters.refused[reason]++;
    // That it closed was told.
    if (reason === "closed") return false;
    const isTold = difference === undefined
      ? end.toldRefusals.has(reason)
      : end.toldDifferences.has(rpc);
    if (isTold) return false;
    const message = difference?.message ?? REFUSALS[reason];
    const isQueued = this.events.push(
      of(end, {
        type: "callRefused",
        name: rpc.name,
        reason,
        difference,
        message,
      }),
    );
    if (!isQueued) return false;
    if (difference === undefined) end.toldRefusals.add(reason);
    else end.toldDifferences.add(rpc);
    return false;
  }

  #settle(pending: PendingCall, outcome: Outcome): void {
    this.#tickets.delete(pending.ticket);
    this.#conclude(pending.ticket, pending.rpc, pending.end, outcome);
  }

  #conclude(
    ticket: RpcTicket,
    { name }: Rpc,
    end: LinkEnd,
    outcome: Outcome,
  ): void {
    this.counters.outcomes[outcome.type]++;
    this.events.pushReserved(of(end, { ...outcome, ticket, name }));
  }
}

/** What comes of a call, without what the call itself tells. */
interface Outcome {
  readonly type: OutcomeType;
  readonly value?: unknown;
  readonly reason?: RpcFailReason;
  readonly code?: number;
  readonly message?: string;
}

/** Takes the answer of a call that was put off. */
class EndReplySink implements ReplySink {
  readonly #core: CallCore;
  readonly #end: LinkEnd;
  readonly #ticket: number;
  readonly #rpc: Rpc;

  constructor(core: CallCore, end: LinkEnd, { rpc, ticket }: ReceivedCall) {
    this.#core = core;
    this.#end = end;
    this.#ticket = ticket;
    this.#rpc = rpc;
    end.answering.set(ticket, this);
  }

  value(value: unknown): boolean {
    if (!this.#isAwaited) return false;
    const isSent = this.#core.settleValue(
      this.#end,
      this.#rpc,
      this.#ticket,
      value,
    );
    this.#end.answering.delete(this.#ticket);
    return isSent;
  }

  failure(code: number, message: string): boolean {
    if (!this.#isAwaited) return false;
    this.#end.answering.delete(this.#ticket);
    return this.#core.settleFailure(
      this.#end,
      this.#rpc,
      this.#ticket,
      code,
      message,
    );
  }

  /** Not once the peer is gone, or the handler threw after all. */
  get #isAwaited(): boolean {
    return this.#end.answering.get(this.#ticket) === this;
  }
}

/** An event, with whom it is about if this is a server. */
function of({ client }: LinkEnd, event: object): object {
  return client === undefined ? event : { ...event, client };
}

function failed(reason: RpcFailReason, message: string, code = 0): Outcome {
  return { type: "failed", reason, code, message };
}

const REFUSALS: Readonly<Record<CallRefusal, string>> = {
  closed: "The link is closed",
  queueFull: "As many bytes wait to be sent as may",
  tooLarge: "It does not fit a message of the link",
  tooManyOutstanding: "As many calls wait for their answers as may",
  eventsFull: "Too many events wait to be drained",
  contractDiffers: "",
};

const STATUSES: Readonly<Partial<Record<Denial, ResultStatus>>> = {
  noHandler: ResultStatus.NoHandler,
  unauthorised: ResultStatus.Unauthorised,
  rateLimited: ResultStatus.RateLimited,
  tooManyOutstanding: ResultStatus.TooManyOutstanding,
};

type RemoteReason = Exclude<RpcFailReason, "failure" | "contractDiffers">;

const REASONS: Readonly<
  Record<Exclude<ResultStatus, 0 | 1>, RemoteReason>
> = {
  [ResultStatus.HandlerFailed]: "handlerFailed",
  [ResultStatus.NoHandler]: "noHandler",
  [ResultStatus.Unauthorised]: "unauthorised",
  [ResultStatus.RateLimited]: "rateLimited",
  [ResultStatus.TooManyOutstanding]: "tooManyOutstanding",
};

const SENTENCES: Readonly<Record<RemoteReason, string>> = {
  handlerFailed: "Its handler failed at the other end",
  noHandler: "Nothing answers it at the other end",
  unauthorised: "The caller may not make it",
  rateLimited: "The caller makes too many",
  tooManyOutstanding: "Too many calls of the caller wait for their answers",
};
