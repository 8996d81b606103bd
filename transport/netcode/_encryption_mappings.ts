// This module is browser compatible.
import { TimerWheel } from "../manager/timer_wheel.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { PrivateToken } from "./_private_token.ts";
import type { UsedToken } from "./_used_tokens.ts";

export const MAX_ENCRYPTION_MAPPINGS = 1_024;
/** For how long an address has its keys whose token has no timeout: the table must come free again. */
const LONGEST_MS = 60_000;

/** The keys of an address that was challenged and has not answered yet. */
export interface EncryptionMapping {
  readonly address: DatagramAddress;
  readonly token: PrivateToken;
  readonly used: UsedToken;
  /** The request that brought the token. */
  readonly request: Uint8Array;
  /** The first challenge that was sent for it: an answer to an earlier one is none. */
  readonly firstChallenge: number;
  readonly timer: number;
}

/** Keys by address, of clients that are about to connect; each goes when its time is over. */
export class EncryptionMappings {
  readonly #byAddress = new Map<DatagramAddress, EncryptionMapping>();
  readonly #byTimer: (EncryptionMapping | undefined)[] = [];
  readonly #freeTimers: number[] = [];
  readonly #timers = new TimerWheel();
  readonly #onDue = (timer: number): void => {
    this.remove(this.#byTimer[timer]!);
  };

  get size(): number {
    return this.#byAddress.size;
  }

  /** When the first one goes: `Infinity` if there is none. */
  get nextMs(): number {
    return this.#timers.nextMs;
  }

  get(address: DatagramAddress): EncryptionMapping | undefined {
    return this.#byAddress.get(address);
  }

  /**
   * Gives an address its keys, in place of those that it had.
   *
   * @param request Copied.
   * @returns `undefined` if there is no room.
   */
  add(
    address: DatagramAddress,
    token: PrivateToken,
    used: UsedToken,
    request: Uint8Array,
    firstChallenge: number,
  ): EncryptionMapping | undefined {
    const known = this.#byAddress.get(address);
    if (known !== undefined) this.remove(known);
    if (this.size >= MAX_ENCRYPTION_MAPPINGS) return undefined;
    const timer = this.#freeTimers.pop() ?? this.#byTimer.length;
    const mapping: EncryptionMapping = {
      address,
      token,
      used,
      request: request.slice(),
      firstChallenge,
      timer,
    };
    address.retain();
    this.#byAddress.set(address, mapping);
    this.#byTimer[timer] = mapping;
    return mapping;
  }

  /** Lets the time of one begin anew. */
  touch(mapping: EncryptionMapping, nowMs: number): void {
    const { timeoutSeconds } = mapping.token;
    const ms = timeoutSeconds > 0 ? timeoutSeconds * 1_000 : LONGEST_MS;
    this.#timers.schedule(mapping.timer, nowMs + ms);
  }

  remove(mapping: EncryptionMapping): void {
    const { address, timer } = mapping;
    this.#timers.cancel(timer);
    this.#byTimer[timer] = undefined;
    this.#freeTimers.push(timer);
    this.#byAddress.delete(address);
    address.release();
  }

  /** Removes those whose time is over. */
  expire(nowMs: number): void {
    this.#timers.advance(nowMs, this.#onDue);
  }
}
