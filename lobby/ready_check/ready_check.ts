// This module is browser compatible.
import { checkPositive, type PlayerId } from "../../core/mod.ts";
import type { ReadyCheckResult } from "./ready_check_result.ts";

/** Options for {@linkcode ReadyCheck}. */
export interface ReadyCheckOptions {
  /**
   * How long everybody has to answer, in milliseconds: above 0. `Infinity` for as long
   * as it takes, which is right where the owner keeps the time and calls
   * {@linkcode ReadyCheck.expire}.
   *
   * @default {30_000}
   */
  readonly timeoutMs?: number;
  /**
   * Whether the first no ends it, as a match that one player does not want will not be
   * played; otherwise everybody is heard first.
   *
   * @default {true}
   */
  readonly endsOnDecline?: boolean;
}

const MAX_PLAYERS = 256;

/**
 * Asks some players whether they are ready. Each may answer, and change the answer,
 * until it ends: as all are ready, as somebody is not, as the time is up, or as it is
 * called off. How it ended stays so, whatever is said later.
 *
 * @example A match that one player lets pass
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { playerId } from "@tickwire/net/core";
 * import { ReadyCheck } from "@tickwire/net/lobby";
 *
 * const [ada, bob] = [playerId("ada"), playerId("bob")];
 * const check = new ReadyCheck([ada, bob], { timeoutMs: 10_000 });
 * check.vote(ada, true);
 * assertEquals(check.check(), undefined); // not yet
 * check.tick(10);
 * assertEquals(check.check(), { type: "timedOut", declined: [], silent: [bob] });
 * ```
 */
export class ReadyCheck {
  readonly #votes = new Map<PlayerId, boolean | undefined>();
  readonly #endsOnDecline: boolean;
  #leftMs: number;
  #missing: number;
  #readyCount = 0;
  #result: ReadyCheckResult | undefined;

  /**
   * Begins to ask.
   *
   * @param players Whom: 1 to 256, each once.
   * @param options How.
   * @throws {RangeError} If there are too few or too many players, one is named twice,
   * or `timeoutMs` is not above 0.
   */
  constructor(players: readonly PlayerId[], options: ReadyCheckOptions = {}) {
    const { timeoutMs = 30_000, endsOnDecline = true } = options;
    this.#leftMs = checkPositive("timeoutMs", timeoutMs);
    this.#endsOnDecline = endsOnDecline;
    for (const player of players) this.#votes.set(player, undefined);
    if (players.length < 1 || players.length > MAX_PLAYERS) {
      throw new RangeError(
        `Cannot create a ReadyCheck as there must be 1 to ${MAX_PLAYERS} players: current value is ${players.length}`,
      );
    }
    if (this.#votes.size !== players.length) {
      throw new RangeError(
        `Cannot create a ReadyCheck as each player must be there once: current value is ${
          players.length - this.#votes.size
        } more than once`,
      );
    }
    this.#missing = players.length;
  }

  /** How long there is yet to answer, in milliseconds: 0 when it is over. */
  get leftMs(): number {
    return this.#result === undefined ? this.#leftMs : 0;
  }

  /** Who is asked, with what each has said: `undefined` for nothing yet. */
  get votes(): ReadonlyMap<PlayerId, boolean | undefined> {
    return this.#votes;
  }

  /**
   * Takes an answer.
   *
   * @param player Whose it is.
   * @param isReady What it is.
   * @returns Whether it counts: not if the player is not asked, or all is over.
   */
  vote(player: PlayerId, isReady: boolean): boolean {
    if (this.#result !== undefined || !this.#votes.has(player)) return false;
    const last = this.#votes.get(player);
    if (last === undefined) this.#missing--;
    if (last === true) this.#readyCount--;
    if (isReady) this.#readyCount++;
    this.#votes.set(player, isReady);
    if (this.#readyCount === this.#votes.size) {
      this.#result = { type: "allReady" };
    } else if (!isReady && this.#endsOnDecline || this.#missing === 0) {
      this.cancel("declined");
    }
    return true;
  }

  /**
   * Tells what came of it.
   *
   * @returns The result; `undefined` as long as it is not over.
   */
  check(): ReadyCheckResult | undefined {
    return this.#result;
  }

  /**
   * Calls it off. It does nothing when it is over.
   *
   * @param reason Why, in the owner's words.
   */
  cancel(reason = "cancelled"): void {
    this.#result ??= { type: "cancelled", reason, ...this.#unready() };
  }

  /** Ends it as if the time were up. It does nothing when it is over. */
  expire(): void {
    this.#result ??= { type: "timedOut", ...this.#unready() };
  }

  /**
   * Lets time pass.
   *
   * @param dt How much, in seconds: 0 or more.
   * @throws {RangeError} If `dt` is negative or `NaN`.
   */
  tick(dt: number): void {
    if (!(dt >= 0)) {
      throw new RangeError(
        `Cannot tick a ReadyCheck as dt must be >= 0: current value is ${dt}`,
      );
    }
    this.#leftMs = Math.max(0, this.#leftMs - dt * 1000);
    if (this.#leftMs === 0) this.expire();
  }

  #unready(): { declined: PlayerId[]; silent: PlayerId[] } {
    const declined: PlayerId[] = [];
    const silent: PlayerId[] = [];
    for (const [player, isReady] of this.#votes) {
      if (isReady === false) declined.push(player);
      if (isReady === undefined) silent.push(player);
    }
    return { declined, silent };
  }
}
