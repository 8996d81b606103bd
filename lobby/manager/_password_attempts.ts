// This module is browser compatible.
import { checkFinite, checkInteger, type PlayerId } from "../../core/mod.ts";
import type { LobbyRole } from "../lobby_error.ts";
import {
  type AttemptRate,
  countAttempt,
  waitForAttemptUs,
} from "./_attempt_limit.ts";
import { type Checked, checkOpaqueText } from "./_check_input.ts";
import * as errors from "./_errors.ts";
import type { Entrant } from "./_lobby_members.ts";
import type { ManagedLobby } from "./_managed_lobby.ts";
import { leftMsOf, toUs } from "./_microseconds.ts";
import type { PasswordRate } from "./lobby_manager_options.ts";

const MAX_PASSWORD_BYTES = 256;
/** From here on players whose attempts are forgotten are looked for. */
const MANY_PLAYERS = 64;

/** Who wants to come in by a password. */
export interface PasswordEntry {
  readonly record: ManagedLobby;
  readonly entrant: Entrant;
  readonly role: LobbyRole;
  readonly verifier: string;
}

/** A password that waits to be verified. */
export interface PasswordAttempt extends PasswordEntry {
  readonly attempt: number;
  readonly untilUs: number;
}

/** What limits attempts. */
export interface PasswordAttemptOptions {
  /** How many wait at most. */
  readonly capacity: number;
  readonly passwordTimeoutMs: number;
  readonly passwordRatePerPlayer: PasswordRate;
  readonly passwordRatePerLobby: PasswordRate;
}

/** The passwords that wait to be verified, and how often they may be tried. */
export class PasswordAttempts {
  readonly #capacity: number;
  readonly #timeoutUs: number;
  readonly #ratePerPlayer: AttemptRate;
  readonly #ratePerLobby: AttemptRate;
  readonly #attempts = new Map<number, PasswordAttempt>();
  readonly #attemptOf = new Map<PlayerId, PasswordAttempt>();
  #nextAttempt = 1;

  /** @throws {RangeError} If a number is outside its range. */
  constructor(options: PasswordAttemptOptions) {
    const { capacity, passwordTimeoutMs } = options;
    this.#capacity = capacity;
    this.#timeoutUs = toUs(checkFinite("passwordTimeoutMs", passwordTimeoutMs));
    this.#ratePerPlayer = toRate(
      "passwordRatePerPlayer",
      options.passwordRatePerPlayer,
    );
    this.#ratePerLobby = toRate(
      "passwordRatePerLobby",
      options.passwordRatePerLobby,
    );
  }

  /** How many wait. */
  get size(): number {
    return this.#attempts.size;
  }

  /** Counts an attempt, which waits from now on under a number; or tells why not. */
  begin(
    entry: PasswordEntry,
    password: string,
    nowUs: number,
  ): Checked<number> {
    const { record, entrant: { player } } = entry;
    const text = checkOpaqueText("password", password, MAX_PASSWORD_BYTES);
    if (text.error !== undefined) return text;
    const last = this.#attemptOf.get(player);
    if (last !== undefined) {
      return { error: errors.rateLimited(leftMsOf(last.untilUs, nowUs)) };
    }
    if (this.#attempts.size >= this.#capacity) {
      return { error: errors.tooMany("passwordAttempts", this.#capacity) };
    }
    const waitUs = this.#count(record, player, nowUs);
    if (waitUs > 0) return { error: errors.rateLimited(waitUs / 1000) };
    const attempt = this.#nextAttempt++;
    const waiting = { ...entry, attempt, untilUs: nowUs + this.#timeoutUs };
    this.#attempts.set(attempt, waiting);
    this.#attemptOf.set(player, waiting);
    return { value: attempt };
  }

  /** Ends the waiting of an attempt; `undefined` if it does not wait. */
  take(attempt: number): PasswordAttempt | undefined {
    const taken = this.#attempts.get(attempt);
    if (taken === undefined) return undefined;
    this.#attempts.delete(attempt);
    this.#attemptOf.delete(taken.entrant.player);
    return taken;
  }

  /** Iterates over those that have waited for too long, which may be taken meanwhile. */
  *due(nowUs: number): IterableIterator<PasswordAttempt> {
    for (const attempt of this.#attempts.values()) {
      // They all wait for the same time: the first ones are due first.
      if (attempt.untilUs > nowUs) return;
      yield attempt;
    }
  }

  /** Counts an attempt against both limits, or tells how long to wait. */
  #count(record: ManagedLobby, player: PlayerId, nowUs: number): number {
    const { forgottenUsOf } = record;
    const forgottenUs = forgottenUsOf.get(player) ?? 0;
    const waitUs = Math.max(
      waitForAttemptUs(this.#ratePerPlayer, forgottenUs, nowUs),
      waitForAttemptUs(this.#ratePerLobby, record.forgottenUs, nowUs),
    );
    if (waitUs > 0) return waitUs;
    // How many players are remembered is bounded by how many attempts the lobby allows
    // while one of a player's is remembered.
    if (forgottenUsOf.size >= MANY_PLAYERS) {
      for (const [other, us] of forgottenUsOf) {
        if (us <= nowUs) forgottenUsOf.delete(other);
      }
    }
    // In the order of the last attempt, which a snapshot without those that are
    // forgotten has too.
    forgottenUsOf.delete(player);
    forgottenUsOf.set(
      player,
      countAttempt(this.#ratePerPlayer, forgottenUs, nowUs),
    );
    record.forgottenUs = countAttempt(
      this.#ratePerLobby,
      record.forgottenUs,
      nowUs,
    );
    return 0;
  }
}

function toRate(name: string, rate: PasswordRate): AttemptRate {
  const burst = checkInteger(`${name}.burst`, rate.burst, 1, 1000);
  const { intervalMs } = rate;
  if (!(intervalMs >= 1 && intervalMs <= 3_600_000)) {
    throw new RangeError(
      `Cannot use ${name}.intervalMs as it must be 1 to 3600000: current value is ${intervalMs}`,
    );
  }
  return { burst, intervalUs: toUs(intervalMs) };
}
