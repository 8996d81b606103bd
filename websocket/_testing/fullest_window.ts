const WINDOW_MS = 100;

/**
 * Counts what happened within the fullest 100 ms.
 *
 * @param times When it happened, in milliseconds, in order.
 * @returns The most of them.
 */
export function fullestWindow(times: readonly number[]): number {
  let most = 0;
  for (let from = 0, to = 0; to < times.length; to++) {
    while (times[to]! - times[from]! >= WINDOW_MS) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
