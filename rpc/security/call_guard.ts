// This module is browser compatible.
import type { Metric } from "../../core/mod.ts";
import type { Rpc, RpcContract } from "../contract/define_rpc.ts";
import type { ClientId } from "../target/client_id.ts";
import { Budgets, BudgetSizes } from "./_budgets.ts";
import {
  type ResolvedRpcLimits,
  resolveRpcLimits,
  RPC_PACKET_OVERHEAD_BYTES,
  RPC_RELAY_BYTES,
  type RpcBudget,
  type RpcLimits,
} from "./rpc_limits.ts";
import {
  RPC_OFFENCE_POINTS,
  type RpcDenial,
  type RpcGuardCounters,
  type RpcGuardEvent,
  type RpcOffence,
} from "./rpc_offence.ts";

/** Whether a client owns what its call is about. */
export type IsOwner = (
  client: ClientId,
  rpc: string,
  params: Readonly<Record<string, unknown>>,
) => boolean;

/** Options for {@linkcode CallGuard}. */
export interface CallGuardOptions {
  /** What may be called, and how often. */
  readonly contract: Pick<RpcContract, "rpcs">;
  /** Takes the events, as they come up. */
  readonly emit: (event: RpcGuardEvent) => void;
  /** Asked for each call from an owner that everything else lets through. */
  readonly isOwner?: IsOwner | undefined;
  /** What differs from the defaults. */
  readonly limits?: RpcLimits | undefined;
}

/** The buckets of a client; those of its calls come behind. */
const CALLS = 0;
const BYTES = 1;
const HANDLER_MS = 2;
const MALFORMED = 3;
const REFUSALS = 4;
const RELAYS = 5;
const NO_RATE = -1;

/** Between two events of a type about the same client. */
const MIN_EVENT_INTERVAL_MS = 1_000;
/** What part of the burst of `handlerMs` calls may take before it is a pause. */
const PAUSE_PART = 1 / 4;
/** Of several pauses within this time, the first alone is the machine's. */
const PAUSE_INTERVAL_MS = 10_000;

/** What the guards of all peers have in common. */
interface Common {
  readonly limits: ResolvedRpcLimits;
  readonly sizes: BudgetSizes;
  /** The bucket of each call, by its number. */
  readonly rateOf: readonly number[];
  readonly emit: (event: RpcGuardEvent) => void;
  readonly isOwner: IsOwner;
}

/** Makes a guard for each client of a server, and moves them on. */
export class CallGuard {
  readonly #common: Common;
  readonly #peers = new Set<PeerGuard>();
  readonly #gone = zeroCounters();

  /**
   * Creates a guard without peers.
   *
   * @param options What may be done, and who is told.
   * @throws {RangeError} If a limit is outside its range.
   * @throws {TypeError} If calls come from owners, and nothing tells who they are.
   */
  constructor(options: CallGuardOptions) {
    const { contract: { rpcs }, emit, limits, isOwner } = options;
    const owned = rpcs.find(({ definition }) => definition.from === "owner");
    if (owned !== undefined && isOwner === undefined) {
      throw new TypeError(
        `Cannot guard rpc "${owned.name}" as isOwner must be given where calls come from owners: current value is undefined`,
      );
    }
    const resolved = resolveRpcLimits(limits);
    const { calls, bytes, handlerMs, malformed, refusals, relays } = resolved;
    const budgets: RpcBudget[] = [
      calls,
      bytes,
      handlerMs,
      malformed,
      refusals,
      relays,
    ];
    const rateOf = rpcs.map(({ definition: { from, rate } }) => {
      if (rate === undefined || from === "server") return NO_RATE;
      const { perSecond } = rate;
      const burst = rate.burst ?? Math.max(1, Math.ceil(perSecond));
      return budgets.push({ perSecond, burst }) - 1;
    });
    this.#common = {
      limits: resolved,
      sizes: new BudgetSizes(budgets),
      rateOf,
      emit,
      isOwner: isOwner ?? nobodyOwns,
    };
  }

  /** How many peers there are. */
  get size(): number {
    return this.#peers.size;
  }

  /** What became of everything, of peers that are gone too. */
  get counters(): RpcGuardCounters {
    const sum = zeroCounters();
    addCounters(sum, this.#gone);
    for (const { counters } of this.#peers) addCounters(sum, counters);
    return sum;
  }

  /**
   * The counters as metrics.
   *
   * @returns An iterator, to be used once.
   */
  *metrics(): IterableIterator<Metric> {
    const { refused, warnings, mutes, kicks } = this.counters;
    for (const [reason, value] of Object.entries(refused)) {
      const help = "Calls and packets that were not let through";
      yield { ...counter("refused", help, value), labels: { reason } };
    }
    yield counter("warnings", "Warnings of clients", warnings);
    yield counter("mutes", "Mutes of clients", mutes);
    yield counter("kicks", "Times that a client was to be kicked", kicks);
  }

  /**
   * Moves on, which brings budgets back and ends mutes.
   *
   * @param dt The time in seconds: finite, 0 or more.
   */
  tick(dt: number): void {
    const { nowMs } = this.#common.sizes;
    nowMs[0] = nowMs[0]! + dt * 1_000;
    for (const peer of this.#peers) peer.settle();
  }

  /**
   * Begins with a client: its budgets are full.
   *
   * @param client Which.
   * @returns Its guard, which the caller keeps.
   */
  connect(client: ClientId): PeerGuard {
    const peer = new PeerGuard(this.#common, client);
    this.#peers.add(peer);
    return peer;
  }

  /**
   * Ends with a client, of which nothing is kept but sums.
   *
   * @param peer Its guard.
   */
  disconnect(peer: PeerGuard): void {
    if (this.#peers.delete(peer)) addCounters(this.#gone, peer.counters);
  }
}

/** What one client may still do. Nothing in it grows, whatever the client sends. */
export class PeerGuard {
  /** Which client. */
  readonly client: ClientId;
  readonly #common: Common;
  readonly #budgets: Budgets;
  readonly #counters = zeroCounters();
  /** As it was at `#scoreAtMs`. */
  #score = 0;
  #scoreAtMs = 0;
  /** 0 if it is not muted. */
  #mutedUntilMs = 0;
  /** Since the score was last 0. */
  #mutes = 0;
  #warnedAtMs = -Infinity;
  #kickedAtMs = -Infinity;
  #failedAtMs = -Infinity;
  #pausedAtMs = -Infinity;

  /** Made by {@linkcode CallGuard.connect}. */
  constructor(common: Common, client: ClientId) {
    this.client = client;
    this.#common = common;
    this.#budgets = new Budgets(common.sizes);
  }

  /** Whether nothing that it sends is read. */
  get isMuted(): boolean {
    return this.#mutedUntilMs !== 0;
  }

  /** Whether the server is to close its link. */
  get mustClose(): boolean {
    return this.#common.limits.closesKicked && this.#counters.kicks > 0;
  }

  /** The score now. */
  get score(): number {
    const { forgivenPerSecond } = this.#common.limits;
    const forgiven = (this.#nowMs - this.#scoreAtMs) * forgivenPerSecond /
      1_000;
    return Math.max(0, this.#score - forgiven);
  }

  /** What became of what it sent: grows on. */
  get counters(): RpcGuardCounters {
    return this.#counters;
  }

  /**
   * Asked for each packet, before it is read.
   *
   * @param bytes How long it is.
   * @returns Why it is to be dropped unread; `undefined` if it is not.
   */
  admitPacket(bytes: number): RpcDenial | undefined {
    const cost = bytes + RPC_PACKET_OVERHEAD_BYTES;
    const isWithin = this.#budgets.take(BYTES, cost);
    if (isWithin && this.#mutedUntilMs === 0) return undefined;
    return this.#deny("bytes", isWithin, undefined);
  }

  /** Told of each packet that was read and is none. */
  malformed(): void {
    this.#counters.malformed++;
    if (this.#budgets.take(MALFORMED, 1)) return;
    this.#offend("malformed", undefined);
  }

  /**
   * Asked for each call of a packet, in their order.
   *
   * @param rpc Which.
   * @param params What it carries.
   * @returns Why it is to be dropped; `undefined` if it is not.
   */
  admit(
    rpc: Rpc,
    params: Readonly<Record<string, unknown>>,
  ): RpcDenial | undefined {
    const { rateOf } = this.#common;
    const budgets = this.#budgets;
    const isWithin = budgets.take(CALLS, 1);
    if (!isWithin || this.#mutedUntilMs !== 0) {
      return this.#deny("calls", isWithin, rpc.name);
    }
    const { from } = rpc.definition;
    if (from === "server") return this.#deny("unauthorised", false, rpc.name);
    if (!budgets.hasAny(HANDLER_MS)) {
      return this.#deny("handlerTime", false, rpc.name);
    }
    const rate = rateOf[rpc.id]!;
    if (rate !== NO_RATE && !budgets.take(rate, 1)) {
      return this.#deny("rate", false, rpc.name);
    }
    // Last, as it is the game's code, which a flood must not reach.
    if (from === "owner") {
      const denial = this.#checkOwner(rpc.name, params);
      if (denial !== undefined) return denial;
    }
    this.#counters.admitted++;
    return undefined;
  }

  /**
   * Told how long the client's calls took.
   *
   * What is measured is the time on the wall: a collection of garbage, or another process
   * on the core, falls into the calls of somebody who did nothing. So a pause that stands
   * alone counts a quarter of the burst; what is the calls' own doing comes again.
   *
   * @param handlerMs In milliseconds. What is no time, as of a clock that went back,
   * counts nothing.
   */
  spend(handlerMs: number): void {
    if (!(handlerMs > 0)) return;
    const { burst } = this.#common.limits.handlerMs;
    let cost = handlerMs;
    if (handlerMs > burst * PAUSE_PART) {
      const nowMs = this.#nowMs;
      const isAlone = nowMs - this.#pausedAtMs >= PAUSE_INTERVAL_MS;
      this.#pausedAtMs = nowMs;
      if (isAlone) cost = burst * PAUSE_PART;
    }
    this.#budgets.spend(HANDLER_MS, cost, burst);
  }

  /**
   * Asked for each call that was let through and is for other clients, before it is handled.
   *
   * @param rpc Which.
   * @returns Why it is to be dropped; `undefined` if it may go to all that it is for.
   */
  admitRelay(rpc: Rpc): RpcDenial | undefined {
    if (this.#budgets.hasAny(RELAYS)) return undefined;
    this.#counters.admitted--;
    return this.#deny("relays", false, rpc.name);
  }

  /**
   * Told of a call that is passed on.
   *
   * @param clients To how many clients: an integer, 0 or more.
   * @param bytes How long it is.
   */
  relayed(clients: number, bytes: number): void {
    const parts = Math.max(1, Math.ceil(bytes / RPC_RELAY_BYTES));
    this.#budgets.spend(RELAYS, clients * parts, Infinity);
  }

  /** Whether one more refused call is answered; asked once for each that could be. */
  takeRefusal(): boolean {
    return this.#budgets.take(REFUSALS, 1);
  }

  /** Ends the mute if it is over. */
  settle(): void {
    if (
      this.#mutedUntilMs === 0 || this.#nowMs < this.#mutedUntilMs
    ) return;
    this.#mutedUntilMs = 0;
    this.#common.emit({ type: "peerUnmuted", client: this.client });
  }

  get #nowMs(): number {
    return this.#common.sizes.nowMs[0]!;
  }

  #checkOwner(
    rpc: string,
    params: Readonly<Record<string, unknown>>,
  ): RpcDenial | undefined {
    const { client } = this;
    const { isOwner, emit } = this.#common;
    const nowMs = this.#nowMs;
    try {
      // Whatever else a game written without types returns is no permission.
      const isOwned: unknown = isOwner(client, rpc, params);
      if (isOwned === true) return undefined;
      if (isOwned instanceof Promise) {
        // What it throws later would end the process.
        isOwned.catch(ignore);
        throw new TypeError(
          `Cannot tell who owns what rpc "${rpc}" is about as isOwner must not be async`,
        );
      }
    } catch (cause) {
      this.#counters.refused.ownerCheckFailed++;
      if (nowMs - this.#failedAtMs >= MIN_EVENT_INTERVAL_MS) {
        this.#failedAtMs = nowMs;
        emit({ type: "ownerCheckFailed", client, rpc, cause });
      }
      return "ownerCheckFailed";
    }
    return this.#deny("notOwner", false, rpc);
  }

  /**
   * Counts a refusal. A muted client does not know that it is: what it sends within its
   * budgets adds nothing to its score.
   */
  #deny(
    offence: Exclude<RpcOffence, "malformed">,
    isWithin: boolean,
    rpc: string | undefined,
  ): RpcDenial {
    const denial = this.#mutedUntilMs === 0 ? offence : "muted";
    this.#counters.refused[denial]++;
    if (!isWithin) this.#offend(offence, rpc);
    return denial;
  }

  #offend(offence: RpcOffence, rpc: string | undefined): void {
    const { limits } = this.#common;
    const nowMs = this.#nowMs;
    const { warnAt, muteAt, kickAt } = limits;
    const before = this.score;
    if (before === 0 && this.#mutedUntilMs === 0) this.#mutes = 0;
    const score = Math.min(kickAt, before + RPC_OFFENCE_POINTS[offence]);
    this.#score = score;
    this.#scoreAtMs = nowMs;
    if (score < warnAt) return;
    if (this.#mutedUntilMs === 0) {
      this.#warn(offence, rpc);
      if (score >= muteAt) this.#mute(offence, rpc);
    }
    if (score >= kickAt || this.#mutes > limits.mutesBeforeKick) {
      this.#kick(offence, rpc);
    }
  }

  #warn(offence: RpcOffence, rpc: string | undefined): void {
    const { client } = this;
    const { emit } = this.#common;
    const nowMs = this.#nowMs;
    if (nowMs - this.#warnedAtMs < MIN_EVENT_INTERVAL_MS) return;
    this.#warnedAtMs = nowMs;
    this.#counters.warnings++;
    let refused = 0;
    for (const count of Object.values(this.#counters.refused)) refused += count;
    emit({ type: "peerWarned", client, offence, rpc, refused });
  }

  #mute(offence: RpcOffence, rpc: string | undefined): void {
    const { client } = this;
    const { emit, limits: { muteMs } } = this.#common;
    const nowMs = this.#nowMs;
    this.#mutedUntilMs = nowMs + muteMs;
    this.#mutes++;
    this.#counters.mutes++;
    emit({ type: "peerMuted", client, offence, rpc, forMs: muteMs });
  }

  #kick(offence: RpcOffence, rpc: string | undefined): void {
    const { client } = this;
    const { emit } = this.#common;
    const nowMs = this.#nowMs;
    if (nowMs - this.#kickedAtMs < MIN_EVENT_INTERVAL_MS) return;
    this.#kickedAtMs = nowMs;
    this.#counters.kicks++;
    emit({ type: "peerShouldBeKicked", client, offence, rpc });
  }
}

interface MutableCounters extends RpcGuardCounters {
  admitted: number;
  malformed: number;
  readonly refused: Record<RpcDenial, number>;
  warnings: number;
  mutes: number;
  kicks: number;
}

function zeroCounters(): MutableCounters {
  return {
    admitted: 0,
    malformed: 0,
    refused: {
      calls: 0,
      bytes: 0,
      handlerTime: 0,
      rate: 0,
      relays: 0,
      unauthorised: 0,
      notOwner: 0,
      muted: 0,
      ownerCheckFailed: 0,
    },
    warnings: 0,
    mutes: 0,
    kicks: 0,
  };
}

function addCounters(sum: MutableCounters, more: RpcGuardCounters): void {
  sum.admitted += more.admitted;
  sum.malformed += more.malformed;
  sum.warnings += more.warnings;
  sum.mutes += more.mutes;
  sum.kicks += more.kicks;
  for (const denial of Object.keys(more.refused) as RpcDenial[]) {
    sum.refused[denial] += more.refused[denial];
  }
}

function counter(name: string, help: string, value: number): Metric {
  return { name: `tickwire_rpc_guard_${name}`, help, type: "counter", value };
}

function ignore(): void {}

function nobodyOwns(): boolean {
  return false;
}
