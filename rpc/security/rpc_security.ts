// This module is browser compatible.
import { type Clock, SystemClock, TokenBucket } from "../../core/mod.ts";
import { EVENT_LAYOUTS_BY_ID } from "../call/_event_layouts.ts";
import type { RpcCall } from "../call/rpc_call.ts";
import { RpcId } from "../call/rpc_id.ts";
import type { RpcRate } from "../contract/rpc_definition.ts";
import type { ClientId } from "../target/client_id.ts";

/** Options for {@linkcode RpcSecurity}. */
export interface RpcSecurityOptions {
  /**
   * How often a caller may make calls that have no rate of their own, all of them together.
   *
   * @default {{ perSecond: 30, burst: 30 }}
   */
  readonly rate?: RpcRate;
  /**
   * The time that calls are measured by.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
}

/** Why {@linkcode RpcSecurity.check} refuses a call. */
export type RpcCallRefusal = "unauthorised" | "rateLimited";

const DEFAULT_RATE: RpcRate = { perSecond: 30, burst: 30 };

/** What is known of a caller. */
interface CallerState {
  /** What calls without a rate of their own are taken from. */
  common: TokenBucket;
  /** Of those that have one: no more of them than rates. */
  readonly own: Map<RpcId, TokenBucket>;
}

/**
 * Who may make which calls, and how often: at the server, before a call is invoked. It
 * knows callers by their connection alone, and keeps something of those only that are
 * connected.
 *
 * At the beginning the server alone may make the twelve, but for `Chat`.
 *
 * @example Ten shots a second
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ManualClock } from "@tickwire/net/core";
 * import { clientId, RpcCall, rpcId, RpcSecurity } from "@tickwire/net/rpc";
 *
 * const FIRE = rpcId(100);
 * const clock = new ManualClock();
 * const security = new RpcSecurity({ clock });
 * security.setRate(FIRE, { perSecond: 10, burst: 1 });
 *
 * const caller = clientId(7);
 * security.addCaller(caller); // when it connects
 * const shot = new RpcCall({ id: FIRE, caller });
 * assertEquals(security.check(shot), undefined);
 * assertEquals(security.check(shot), "rateLimited");
 * clock.advance(100);
 * assertEquals(security.check(shot), undefined);
 * security.removeCaller(caller); // when it is gone
 * ```
 */
export class RpcSecurity {
  readonly #clock: Clock;
  readonly #rate: RpcRate;
  readonly #rates = new Map<RpcId, RpcRate>();
  readonly #serverOnly = new Set<RpcId>(EVENT_LAYOUTS_BY_ID.keys());
  readonly #callers = new Map<ClientId, CallerState>();
  #unauthorised = 0;
  #rateLimited = 0;

  /**
   * Creates a guard that knows no caller.
   *
   * @param options Its limits.
   * @throws {RangeError} If a number of `rate` is outside its range.
   */
  constructor(options: RpcSecurityOptions = {}) {
    const { rate = DEFAULT_RATE, clock = new SystemClock() } = options;
    // Made for its checks.
    makeBucket(rate);
    this.#clock = clock;
    this.#rate = rate;
    this.#serverOnly.delete(RpcId.Chat);
  }

  /** How many callers are connected. */
  get callerCount(): number {
    return this.#callers.size;
  }

  /** How many calls were refused as their caller may not make them. */
  get unauthorised(): number {
    return this.#unauthorised;
  }

  /** How many calls were refused as there were too many. */
  get rateLimited(): number {
    return this.#rateLimited;
  }

  /**
   * Begins to accept calls of a client. One that is known already is left as it is.
   *
   * @param caller Who has connected.
   */
  addCaller(caller: ClientId): void {
    if (this.#callers.has(caller)) return;
    this.#callers.set(caller, {
      common: makeBucket(this.#rate),
      own: new Map(),
    });
  }

  /**
   * Forgets a client.
   *
   * @param caller Who is gone.
   * @returns Whether it was known.
   */
  removeCaller(caller: ClientId): boolean {
    return this.#callers.delete(caller);
  }

  /**
   * Decides whether a call may be made, and counts it against its caller's rate if so. The
   * server may always call.
   *
   * @param call The call; its caller is the one that its connection gave it.
   * @returns Why it is refused: `unauthorised`, if only the server may make it or the
   * caller is not connected, or `rateLimited`; `undefined` if it is not.
   */
  check(call: RpcCall): RpcCallRefusal | undefined {
    const { caller, id } = call;
    if (caller === undefined) return undefined;
    const state = this.#callers.get(caller);
    if (state === undefined || this.#serverOnly.has(id)) {
      this.#unauthorised++;
      return "unauthorised";
    }
    if (this.#bucketOf(state, id).tryTake(1, this.#clock.nowMs())) {
      return undefined;
    }
    this.#rateLimited++;
    return "rateLimited";
  }

  /**
   * Gives a call a rate of its own, for callers that are connected too: each may begin with
   * a burst of it.
   *
   * @param id Which call.
   * @param rate How often each caller may make it; `undefined` takes the rate away, so that
   * it counts among the others again.
   * @throws {RangeError} If a number of it is outside its range.
   */
  setRate(id: RpcId, rate: RpcRate | undefined): void {
    if (rate === undefined) {
      this.#rates.delete(id);
    } else {
      makeBucket(rate);
      this.#rates.set(id, rate);
    }
    for (const { own } of this.#callers.values()) own.delete(id);
  }

  /**
   * Lets the server alone make a call.
   *
   * @param id Which call.
   */
  addServerOnly(id: RpcId): void {
    this.#serverOnly.add(id);
  }

  /**
   * Lets clients make a call.
   *
   * @param id Which call.
   * @returns Whether they could not before.
   */
  removeServerOnly(id: RpcId): boolean {
    return this.#serverOnly.delete(id);
  }

  #bucketOf(state: CallerState, id: RpcId): TokenBucket {
    const rate = this.#rates.get(id);
    if (rate === undefined) return state.common;
    let bucket = state.own.get(id);
    if (bucket === undefined) {
      bucket = makeBucket(rate);
      state.own.set(id, bucket);
    }
    return bucket;
  }
}

function makeBucket(rate: RpcRate): TokenBucket {
  const { perSecond, burst = Math.max(1, Math.ceil(perSecond)) } = rate;
  return new TokenBucket({ capacity: burst, refillPerSecond: perSecond });
}
