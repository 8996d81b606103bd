// This module is browser compatible.
import type { Rpc } from "../contract/define_rpc.ts";
import { MAX_CALLS } from "./_limits.ts";
import { CallPlan } from "./_plan.ts";
import { FULL, HEAVY, PlanWriter, RANGE } from "./_plan_writer.ts";
import { putVarint, varintBytes } from "./_varint.ts";
import { excessOf, MAX_EXCESS } from "./_weight.ts";
import { RpcPacketKind, TargetTag } from "./packet_kind.ts";

/** Kind, and the longest varint of a sequence. */
const MAX_HEADER_BYTES = 1 + 8;
/** Id, count and length of a run. */
const MAX_RUN_HEADER_BYTES = 2 + 2 + 4;
/** Target or caller, and ticket. */
const MAX_CALL_HEADER_BYTES = 8 + 8;
const INITIAL_BYTES = 512;
/** Of a run of many, mostly: a count of one byte, and a second byte of the length. */
const MANY_BYTES = 2;

/**
 * Puts calls into packets, one after another, into one buffer. Nothing of it is
 * allocated per call. `WIRE.md` in the folder above says what it writes.
 */
export class CallWriter {
  readonly #values: PlanWriter;
  readonly #limitBytes: number;
  /** The plans of what was written, by the numbers of the calls. */
  readonly #plans: (CallPlan | undefined)[] = [];
  #isClient = true;
  #count = 0;
  /** By its sequences it may have fewer than other packets. */
  #maxCount = MAX_CALLS;
  #error: "full" | "range" | undefined;
  /** The run that calls are added to, and where it begins. */
  #run: CallPlan | undefined;
  #runAt = 0;
  /** How many calls were before it. */
  #first = 0;
  /** The same run, if it has many calls, and a plan for them, which need not be weighed. */
  #many: CallPlan | undefined;
  /** Where its calls begin: what lies before them is for its header. */
  #bodyAt = 0;
  /** Where they end. */
  #end = 0;
  /** By how much its values weigh more than their bytes allow for, and the last one's part. */
  #excess = 0;
  #added = 0;
  /** Up to here there is room for any header. */
  readonly #easyEnd: number;

  /**
   * Creates a writer.
   *
   * @param limitBytes The most bytes of a packet: an integer, 64 or more.
   */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#easyEnd = limitBytes - MAX_RUN_HEADER_BYTES;
    this.#values = new PlanWriter(
      INITIAL_BYTES,
      limitBytes + MAX_RUN_HEADER_BYTES + MAX_CALL_HEADER_BYTES,
    );
    this.begin(RpcPacketKind.ClientCalls, 0);
  }

  /** By how much its values weigh more than their bytes allow for: at most 65,536. */
  get excess(): number {
    return this.#excess;
  }

  /** How many calls the packet has. */
  get count(): number {
    return this.#count;
  }

  /**
   * Why `add()` last refused a call: the packet is full, by its bytes, by what they
   * weigh, by the number of its calls or by their sequences; or a value is not allowed.
   */
  get error(): "full" | "range" | undefined {
    return this.#error;
  }

  /**
   * Begins a packet.
   *
   * @param kind `ClientCalls` or `ServerCalls`.
   * @param sequence The sequence of its first call: 0 to 2^53 - 1.
   */
  begin(kind: RpcPacketKind, sequence: number): void {
    const { bytes } = this.#values;
    this.#isClient = kind === RpcPacketKind.ClientCalls;
    this.#count = 0;
    this.#maxCount = Math.min(
      MAX_CALLS,
      Number.MAX_SAFE_INTEGER - sequence + 1,
    );
    this.#error = undefined;
    this.#excess = 0;
    this.#run = undefined;
    this.#many = undefined;
    bytes[0] = kind;
    this.#end = putVarint(bytes, 1, sequence);
  }

  /**
   * Adds a call.
   *
   * @param rpc Which.
   * @param tag A client's call: the tag of its target. A server's: 0.
   * @param id A client's call: the client or team of its target. A server's: the caller, 0 for the server.
   * @param ticket Of a call that is answered, 1 to 2^53 - 1; else 0.
   * @param params What it carries.
   * @returns `false` if it was not added, and the packet is as before: see `error`.
   */
  add(
    rpc: Rpc,
    tag: number,
    id: number,
    ticket: number,
    params: Readonly<Record<string, unknown>>,
  ): boolean {
    const run = this.#many;
    if (run === undefined || run.rpc !== rpc) {
      return this.#addFirst(rpc, tag, id, ticket, params);
    }
    // One more of many: nothing but the call itself changes, and most are written here,
    // without a call for each of their parts.
    const values = this.#values;
    const { bytes } = values;
    let at = this.#end;
    if (this.#isClient) {
      if (!isTarget(tag, id)) return this.#refuse(RANGE);
      at = putTarget(bytes, at, tag, id);
    } else if (tag !== 0) return this.#refuse(RANGE);
    else if ((id & 0x7f) === id) bytes[at++] = id;
    else if (isId(id)) at = putVarint(bytes, at, id);
    else return this.#refuse(RANGE);
    if (ticket !== 0) {
      if (!run.isAnswered || !isId(ticket)) return this.#refuse(RANGE);
      at = putVarint(bytes, at, ticket);
    } else if (run.isAnswered) return this.#refuse(RANGE);
    const end = values.writeSteps(run.first!, params, at);
    if (end < 0 || end > this.#easyEnd || this.#count >= this.#maxCount) {
      values.clear();
      return this.#addLast(run, tag, id, ticket, params);
    }
    this.#end = end;
    this.#count++;
    return true;
  }

  /**
   * Ends the packet. One without calls is not for sending: it is refused.
   *
   * @returns Its bytes, the writer's own until the next `begin()`.
   */
  end(): Uint8Array {
    return this.buffer.subarray(0, this.finish());
  }

  /** Where the packet lies, from 0 on, until the next `add()` or `begin()`. */
  get buffer(): Uint8Array {
    return this.#values.bytes;
  }

  /**
   * Ends the packet as `end()` does, without a view of it.
   *
   * @returns How many bytes of `buffer` it has.
   */
  finish(): number {
    this.#close();
    return this.#end;
  }

  /** Adds the first call of a run, or the second, which makes its header longer. */
  #addFirst(
    rpc: Rpc,
    tag: number,
    id: number,
    ticket: number,
    params: Readonly<Record<string, unknown>>,
  ): boolean {
    const plan = this.#planOf(rpc);
    if (!this.#isAllowed(plan, tag, id, ticket)) return this.#refuse(RANGE);
    if (plan === this.#run) {
      const wanted = this.#runAt + plan.idBytes + 1 + MANY_BYTES;
      if (this.#bodyAt < wanted) this.#moveBody(wanted);
    }
    return this.#addLast(plan, tag, id, ticket, params);
  }

  /** Adds a call with all questions asked. */
  #addLast(
    plan: CallPlan,
    tag: number,
    id: number,
    ticket: number,
    params: Readonly<Record<string, unknown>>,
  ): boolean {
    if (this.#count >= this.#maxCount) return this.#refuse(FULL);
    const isSame = plan === this.#run;
    if (!isSame) this.#close();
    const runAt = isSame ? this.#runAt : this.#end;
    const first = isSame ? this.#first : this.#count;
    const bodyAt = isSame ? this.#bodyAt : runAt + plan.idBytes + 1;
    const at = isSame ? this.#end : bodyAt;
    let end = this.#write(plan, at, tag, id, ticket, params);
    while (end === FULL && this.#values.grow()) {
      end = this.#write(plan, at, tag, id, ticket, params);
    }
    if (end < 0) return this.#refuse(end);
    const bodyBytes = end - bodyAt;
    const headerBytes = headerBytesOf(plan, this.#count + 1 - first, bodyBytes);
    if (runAt + headerBytes + bodyBytes > this.#limitBytes) {
      return this.#refuse(FULL);
    }
    this.#run = plan;
    this.#many = isSame && plan.isQuick ? plan : undefined;
    this.#first = first;
    this.#runAt = runAt;
    this.#bodyAt = bodyAt;
    this.#end = end;
    this.#count++;
    this.#excess += this.#added;
    return true;
  }

  #isAllowed(
    plan: CallPlan,
    tag: number,
    id: number,
    ticket: number,
  ): boolean {
    return (this.#isClient ? isTarget(tag, id) : tag === 0 && isId(id)) &&
      plan.isAnswered === (ticket !== 0) && isId(ticket);
  }

  /** Writes a call; returns where it ends, or why it cannot be written. */
  #write(
    plan: CallPlan,
    start: number,
    tag: number,
    id: number,
    ticket: number,
    params: Readonly<Record<string, unknown>>,
  ): number {
    const values = this.#values;
    const { bytes } = values;
    let at = start;
    if (this.#isClient) at = putTarget(bytes, at, tag, id);
    else if (id < 0x80) bytes[at++] = id;
    else at = putVarint(bytes, at, id);
    if (ticket !== 0) at = putVarint(bytes, at, ticket);
    const end = values.write(plan.plan, params, at);
    this.#added = 0;
    return plan.plan.isLight || end < 0 ? end : this.#weigh(end - at, end);
  }

  #weigh(bytes: number, end: number): number {
    this.#added = excessOf(this.#values.weight, bytes);
    return this.#excess + this.#added > MAX_EXCESS ? HEAVY : end;
  }

  /**
   * Writes the header of the run. Calls may still be added to it: if one that was to
   * begin another run is refused, this one goes on.
   */
  #close(): void {
    const run = this.#run;
    if (run === undefined) return;
    const count = this.#count - this.#first;
    const bodyBytes = this.#end - this.#bodyAt;
    const runAt = this.#runAt;
    this.#moveBody(runAt + headerBytesOf(run, count, bodyBytes));
    const { bytes } = this.#values;
    const isMany = count > 1 ? 1 : 0;
    let at = putVarint(bytes, runAt, run.rpc.id * 2 + isMany);
    if (isMany === 1) at = putVarint(bytes, at, count - 2);
    putVarint(bytes, at, bodyBytes);
  }

  #moveBody(to: number): void {
    const from = this.#bodyAt;
    if (to === from) return;
    const { bytes } = this.#values;
    bytes.copyWithin(to, from, this.#end);
    this.#bodyAt = to;
    this.#end += to - from;
  }

  #planOf(rpc: Rpc): CallPlan {
    const known = this.#plans[rpc.id];
    if (known !== undefined && known.rpc === rpc) return known;
    const plan = new CallPlan(rpc);
    this.#plans[rpc.id] = plan;
    return plan;
  }

  #refuse(fault: number): false {
    this.#error = fault === RANGE ? "range" : "full";
    return false;
  }

  /** The fewest bytes that a limit makes sense with. */
  static readonly minLimitBytes: number = MAX_HEADER_BYTES +
    MAX_RUN_HEADER_BYTES + 47;
}

function headerBytesOf(
  plan: CallPlan,
  count: number,
  bodyBytes: number,
): number {
  return plan.idBytes + varintBytes(bodyBytes) +
    (count > 1 ? varintBytes(count - 2) : 0);
}

function putTarget(
  bytes: Uint8Array,
  at: number,
  tag: number,
  id: number,
): number {
  if (id < 16) {
    bytes[at] = id * 8 + tag;
    return at + 1;
  }
  // The tag and four bits; what is above them apart, as the whole may have more bits
  // than a number is exact in.
  const rest = Math.floor(id / 16);
  bytes[at] = 0x80 | (id - rest * 16) * 8 | tag;
  return putVarint(bytes, at + 1, rest);
}

/** 0 to 2^53 - 1. */
function isId(id: number): boolean {
  return id >>> 0 === id || Number.isSafeInteger(id) && id > 0;
}

function isTarget(tag: number, id: number): boolean {
  switch (tag) {
    case TargetTag.All:
    case TargetTag.Server:
      return id === 0;
    case TargetTag.Client:
    case TargetTag.AllExcept:
      return id !== 0 && isId(id);
    case TargetTag.Team:
      return (id & 0xffff) === id;
    default:
      return false;
  }
}
