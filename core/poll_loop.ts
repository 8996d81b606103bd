// This module is browser compatible.
import { type Clock, SystemClock } from "./clock.ts";

/** Something that lives in time: a client, a server, a game world. */
export interface Pollable {
  /**
   * Lets time pass.
   *
   * @param dt How much time passed since the last call, in seconds: 0 or more.
   */
  tick(dt: number): void;
}

/**
 * How a {@linkcode PollLoop} waits: a port, so that a test can drive a loop
 * through hours without waiting. A loop waits for one thing at a time.
 */
export interface LoopTimer {
  /**
   * Calls `wake` once, in a task of its own, when the time has come; too early
   * is allowed, the loop then waits again.
   *
   * @param delayMs How long to wait: 0 to get back as soon as the runtime has
   * looked after its other work, otherwise whole milliseconds.
   * @param wake What to call.
   */
  wait(delayMs: number, wake: () => void): void;
  /** Forgets the wait under way and frees what it holds. */
  cancel(): void;
}

/** Options for {@linkcode PollLoop}. */
export interface PollLoopOptions {
  /**
   * How many ticks the loop makes up for at most when it is late: an integer, 1
   * or more. The last of them carries all the time that is left.
   *
   * @default {5}
   */
  readonly maxCatchUpTicks?: number;
  /**
   * Told what a pollable threw; the loop goes on. Without it, the loop ends.
   *
   * @param error What was thrown.
   * @param pollable Who threw it.
   */
  readonly onError?: (error: unknown, pollable: Pollable) => void;
  /**
   * The clock that says when a tick is due.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
  /** How the loop waits; by default with the timers of the runtime. */
  readonly timer?: LoopTimer;
}

/** Options for {@linkcode PollLoop.run}. */
export interface PollLoopRunOptions {
  /** How many ticks per second: above 0, up to 1000. */
  readonly hz: number;
  /** Ends the loop. Without it the loop runs until a pollable throws. */
  readonly signal?: AbortSignal;
}

/**
 * How long before a tick the loop stops trusting timeouts, which fire up to 1.4
 * ms late (Deno 2.9), and looks at the clock between the tasks of the runtime.
 */
const FINE_WAIT_MS = 1.5;
/** Timeouts overflow at 2^31 ms; a loop that wakes early just waits again. */
const MAX_WAIT_MS = 60_000;

/**
 * The hand-rolled event loop: it ticks pollables at a fixed rate in servers and
 * tools. In a game the game's own frame does, by {@linkcode PollLoop.step} or by
 * calling each `tick(dt)` itself.
 *
 * Tick n is due at start + n periods, computed anew for every tick, so that
 * being late now does not make all later ticks late. After a tick the runtime
 * always gets its turn, so IO runs even where the ticks take longer than the
 * period.
 *
 * A loop that is late makes up for it with ticks of one period in a row, at most
 * `maxCatchUpTicks`; the last one carries all the remaining time as one larger
 * `dt`. So the sum of all `dt` is the time that passed, even after a machine
 * slept for an hour, and the world does not fall further behind by catching up.
 *
 * A pollable that throws never keeps the others from their tick. What it threw
 * goes to `onError`; where there is none, it ends the loop after this tick:
 * {@linkcode PollLoop.run} rejects with it, {@linkcode PollLoop.step} throws it
 * (an `AggregateError` if several pollables threw).
 *
 * @example Run at 60 ticks per second until aborted
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PollLoop } from "@tickwire/net/core";
 *
 * const loop = new PollLoop();
 * const controller = new AbortController();
 * let ticks = 0;
 * loop.add({
 *   tick(dt) {
 *     assertEquals(dt, 1 / 60);
 *     if (++ticks === 3) controller.abort();
 *   },
 * });
 * await loop.run({ hz: 60, signal: controller.signal });
 * assertEquals(ticks, 3);
 * ```
 */
export class PollLoop {
  readonly #maxCatchUpTicks: number;
  readonly #onError: PollLoopOptions["onError"];
  readonly #clock: Clock;
  readonly #timer: LoopTimer;
  // Removing during a tick leaves a hole, so that no index moves meanwhile.
  #pollables: (Pollable | undefined)[] = [];
  #holes = false;
  #ticking = false;
  #running = false;
  #overruns = 0;

  /**
   * Creates a loop without pollables. Nothing runs yet.
   *
   * @param options How the loop catches up, reports errors and waits.
   * @throws {RangeError} If `maxCatchUpTicks` is not an integer of 1 or more.
   */
  constructor(options: PollLoopOptions = {}) {
    const { maxCatchUpTicks = 5, onError, clock, timer } = options;
    if (!Number.isInteger(maxCatchUpTicks) || maxCatchUpTicks < 1) {
      throw new RangeError(
        `Cannot create a PollLoop as maxCatchUpTicks must be an integer >= 1: current value is ${maxCatchUpTicks}`,
      );
    }
    this.#maxCatchUpTicks = maxCatchUpTicks;
    this.#onError = onError;
    this.#clock = clock ?? new SystemClock();
    this.#timer = timer ?? new SystemTimer();
  }

  /**
   * How many ticks came late by a period or more, whether they were made up for
   * one by one or as part of a larger `dt`.
   *
   * @returns A count that only grows; 0 where every tick was on time.
   */
  get overruns(): number {
    return this.#overruns;
  }

  /**
   * Adds a pollable. It is ticked after those that were added before. Adding it
   * during a tick is allowed: it takes part from the next one. Adding it twice
   * has no effect.
   *
   * @param pollable What to tick.
   */
  add(pollable: Pollable): void {
    if (!this.#pollables.includes(pollable)) this.#pollables.push(pollable);
  }

  /**
   * Removes a pollable. Removing it during a tick is allowed, and it is not
   * ticked any more, in this tick either.
   *
   * @param pollable What to tick no longer.
   * @returns `true` if it was there.
   */
  remove(pollable: Pollable): boolean {
    const index = this.#pollables.indexOf(pollable);
    if (index < 0) return false;
    if (this.#ticking) {
      this.#pollables[index] = undefined;
      this.#holes = true;
    } else {
      this.#pollables.splice(index, 1);
    }
    return true;
  }

  /**
   * Ticks every pollable once, by hand: from a game's frame, or in a test.
   *
   * @param dt How much time passed, in seconds: 0 or more.
   * @throws {RangeError} If `dt` is negative or not finite.
   * @throws {TypeError} If it is called during a tick.
   * @throws What a pollable threw, if there is no `onError`, after all others
   * were ticked.
   */
  step(dt: number): void {
    if (!(dt >= 0 && dt < Infinity)) {
      throw new RangeError(
        `Cannot step the loop as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    if (this.#ticking) {
      throw new TypeError("Cannot step the loop as it is in a tick already");
    }
    let errors: unknown[] | undefined;
    this.#ticking = true;
    const end = this.#pollables.length;
    for (let i = 0; i < end; i++) {
      const pollable = this.#pollables[i];
      if (pollable === undefined) continue;
      try {
        pollable.tick(dt);
      } catch (error) {
        errors = this.#report(error, pollable, errors);
      }
    }
    this.#ticking = false;
    if (this.#holes) {
      this.#pollables = this.#pollables.filter((it) => it !== undefined);
      this.#holes = false;
    }
    if (errors === undefined) return;
    if (errors.length === 1) throw errors[0];
    throw new AggregateError(
      errors,
      `Cannot go on as ${errors.length} pollables threw`,
    );
  }

  /**
   * Ticks the pollables at a fixed rate, each time with `dt` = 1 / `hz` but
   * where the loop catches up. The first tick comes one period after the call.
   *
   * @param options The rate, and the signal that ends the loop.
   * @returns A promise that resolves when the signal aborts. No tick follows,
   * and no timer is left.
   * @throws {RangeError} If `hz` is not above 0 and up to 1000.
   * @throws {TypeError} If the loop is running already.
   * @throws What a pollable threw, if there is no `onError`.
   */
  async run(options: PollLoopRunOptions): Promise<void> {
    const { hz, signal } = options;
    if (!(hz > 0 && hz <= 1000)) {
      throw new RangeError(
        `Cannot run the loop as hz must be > 0 and <= 1000: current value is ${hz}`,
      );
    }
    if (this.#running) {
      throw new TypeError("Cannot run the loop as it is running already");
    }
    if (signal?.aborted) return;
    const ended = Promise.withResolvers<void>();
    const onAbort = () => ended.resolve();
    signal?.addEventListener("abort", onAbort);
    this.#running = true;
    try {
      this.#start(hz, signal, ended.reject);
      await ended.promise;
    } finally {
      this.#running = false;
      this.#timer.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #start(
    hz: number,
    signal: AbortSignal | undefined,
    reject: (error: unknown) => void,
  ): void {
    const periodMs = 1000 / hz;
    const startMs = this.#clock.nowMs();
    let ticked = 0;
    const wake = () => {
      if (signal?.aborted) return;
      let due = 0;
      const nowMs = this.#clock.nowMs();
      if (nowMs >= startMs + (ticked + 1) * periodMs) {
        // The quotient may be rounded to just below the tick that is due.
        due = Math.max(1, Math.floor((nowMs - startMs) / periodMs) - ticked);
        ticked += due;
        this.#overruns += due - 1;
      }
      try {
        this.#catchUp(due, hz, signal);
      } catch (error) {
        return reject(error);
      }
      if (signal?.aborted) return;
      const dueMs = startMs + (ticked + 1) * periodMs;
      const waitMs = Math.floor(dueMs - this.#clock.nowMs() - FINE_WAIT_MS);
      this.#timer.wait(Math.min(Math.max(waitMs, 0), MAX_WAIT_MS), wake);
    };
    wake();
  }

  #catchUp(due: number, hz: number, signal: AbortSignal | undefined): void {
    const ticks = Math.min(due, this.#maxCatchUpTicks);
    for (let i = 1; i <= ticks && !signal?.aborted; i++) {
      this.step((i < ticks ? 1 : due - ticks + 1) / hz);
    }
  }

  #report(
    error: unknown,
    pollable: Pollable,
    errors: unknown[] = [],
  ): unknown[] | undefined {
    if (this.#onError === undefined) return [...errors, error];
    try {
      this.#onError(error, pollable);
      return errors.length === 0 ? undefined : errors;
    } catch (error) {
      return [...errors, error];
    }
  }
}

/** Where it exists, it looks after IO; messages to oneself would starve it. */
interface WithSetImmediate {
  setImmediate?: (callback: () => void) => unknown;
}

/** The timers of the runtime: timeouts, and for 0 the quickest task there is. */
class SystemTimer implements LoopTimer {
  #timeout: ReturnType<typeof setTimeout> | undefined;
  #channel: MessageChannel | undefined;
  #wake: (() => void) | undefined;
  readonly #fire = () => {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  };

  wait(delayMs: number, wake: () => void): void {
    this.#wake = wake;
    clearTimeout(this.#timeout);
    if (delayMs > 0) {
      this.#timeout = setTimeout(this.#fire, delayMs);
      return;
    }
    const runtime = globalThis as WithSetImmediate;
    if (runtime.setImmediate !== undefined) {
      runtime.setImmediate(this.#fire);
      return;
    }
    // Browsers have no setImmediate() and make timeouts of 0 ms wait for 4 ms.
    if (this.#channel === undefined) {
      this.#channel = new MessageChannel();
      this.#channel.port1.onmessage = this.#fire;
    }
    this.#channel.port2.postMessage(undefined);
  }

  cancel(): void {
    this.#wake = undefined;
    clearTimeout(this.#timeout);
    this.#channel?.port1.close();
    this.#channel?.port2.close();
    this.#channel = undefined;
  }
}
