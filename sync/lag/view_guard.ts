// This module is browser compatible.
import { checkInteger, checkNotNegative } from "../../core/mod.ts";
import {
  MAX_VIEW_SPAN,
  VIEW_STEPS,
  type ViewStamp,
} from "../input/view_stamp.ts";

/** The options of {@linkcode ViewGuard}. */
export interface ViewGuardOptions {
  /**
   * How many ticks before the newest one a view may be: an integer from 0 to 1024. Who is
   * hit behind a wall was in the open that long ago, at most.
   *
   * An honest view is as old as the round trip and what the client draws behind and
   * plays ahead for jitter's sake. The default, 400 ms at 60 ticks a second, is good for
   * a round trip of 200 ms, 100 ms of interpolation and as much for jitter; the Source
   * engine's `sv_maxunlag`, which counts the same, is a second.
   *
   * @default {24}
   */
  readonly maxRewindTicks?: number;
  /**
   * How many ticks there may be between the two snapshots of a view: an integer from 1 to
   * 63. Make it the distance at which snapshots are sent times the losses in a row that
   * are put up with.
   *
   * @default {8}
   */
  readonly maxSpan?: number;
  /**
   * How far a view may fall behind an earlier one of the same client, in ticks: 0 or
   * more. A picture's time does not run backwards.
   *
   * @default {0.5}
   */
  readonly slackTicks?: number;
}

/** What a {@linkcode ViewGuard} has counted. */
export interface ViewCounts {
  /** Views that were looked at. */
  checked: number;
  /** Those that nothing was wrong with. */
  passed: number;
  /** Views of what is still to come. */
  future: number;
  /** Views too long ago. */
  stale: number;
  /** Views of snapshots too far apart. */
  wide: number;
  /** Views that fell behind an earlier one. */
  backward: number;
  /** Views of snapshots that the client was not sent. */
  unsent: number;
}

/**
 * Makes what a client says that it saw into what it can have seen.
 *
 * A view comes from the client, who gains by a false one: by aiming at a past that suits
 * it. So it is moved to the nearest that is allowed, and counted. One guard is for one
 * client. `ServerInputs` has one for each, and uses it.
 *
 * @example An old view is moved
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ViewGuard, viewStamp } from "@tickwire/net/sync";
 *
 * const guard = new ViewGuard({ maxRewindTicks: 10 });
 * assertEquals(guard.check(viewStamp(94, 97, 95.5), 100, 60).viewTick, 95.5);
 * assertEquals(guard.check(viewStamp(40, 43, 41.5), 100, 60), {
 *   fromTick: 95,
 *   toTick: 96,
 *   viewTick: 95,
 * }); // not behind the view before, but for the slack
 * assertEquals([guard.counts.passed, guard.counts.stale], [1, 1]);
 * ```
 */
export class ViewGuard {
  readonly #maxRewindTicks: number;
  readonly #maxSpan: number;
  readonly #slackTicks: number;
  #lastTick = -Infinity;
  readonly #view: { fromTick: number; toTick: number; viewTick: number } = {
    fromTick: 0,
    toTick: 0,
    viewTick: 0,
  };
  readonly #counts: ViewCounts = {
    checked: 0,
    passed: 0,
    future: 0,
    stale: 0,
    wide: 0,
    backward: 0,
    unsent: 0,
  };

  /**
   * Creates a guard.
   *
   * @param options What a client may do.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: ViewGuardOptions = {}) {
    const { maxRewindTicks = 24, maxSpan = 8, slackTicks = 0.5 } = options;
    this.#maxRewindTicks = checkInteger(
      "maxRewindTicks",
      maxRewindTicks,
      0,
      1024,
    );
    this.#maxSpan = checkInteger("maxSpan", maxSpan, 1, MAX_VIEW_SPAN);
    this.#slackTicks = checkNotNegative("slackTicks", slackTicks);
  }

  /** What was counted. */
  get counts(): Readonly<ViewCounts> {
    return this.#counts;
  }

  /**
   * Tells the nearest view that is allowed.
   *
   * @param view What the client says that it saw.
   * @param newestTick The newest tick that there is.
   * @param oldestTick The oldest tick that is kept: not above `newestTick`.
   * @param peer The client, which knows what it was sent: a view of other snapshots is
   * taken for one of the ticks next to its moment. Not asked if left out.
   * @returns The view, valid until the next call: of ticks from `oldestTick` to
   * `newestTick`.
   */
  check(
    view: ViewStamp,
    newestTick: number,
    oldestTick: number,
    peer?: { wasSent(tick: number): boolean },
  ): ViewStamp {
    const counts = this.#counts;
    const into = this.#view;
    let { fromTick, toTick, viewTick } = view;
    let isRight = true;
    counts.checked++;
    if (toTick > newestTick) {
      isRight = false;
      counts.future++;
    } else if (toTick - fromTick > this.#maxSpan) {
      isRight = false;
      counts.wide++;
    } else if (
      peer !== undefined && !(peer.wasSent(fromTick) && peer.wasSent(toTick))
    ) {
      isRight = false;
      counts.unsent++;
    }
    const earliest = Math.max(oldestTick, newestTick - this.#maxRewindTicks);
    if (viewTick < earliest || fromTick < oldestTick) {
      isRight = false;
      counts.stale++;
    } else if (viewTick < this.#lastTick - this.#slackTicks) {
      isRight = false;
      counts.backward++;
    }
    if (isRight) counts.passed++;
    else {
      viewTick = Math.max(
        viewTick,
        earliest,
        Math.ceil((this.#lastTick - this.#slackTicks) * VIEW_STEPS) /
          VIEW_STEPS,
      );
      viewTick = Math.min(viewTick, newestTick);
      fromTick = Math.floor(viewTick);
      toTick = Math.min(fromTick + 1, newestTick);
    }
    this.#lastTick = Math.max(this.#lastTick, viewTick);
    into.fromTick = fromTick;
    into.toTick = toTick;
    into.viewTick = viewTick;
    return into;
  }
}
