import type { Span, Tone } from "./scene.ts";

/**
 * Shows a figure and its name.
 *
 * @param name What it is called.
 * @param value The figure.
 * @param tone How it is meant.
 * @param width Columns for the figure.
 * @returns What belongs into a row.
 */
export function figure(
  name: string,
  value: number | string,
  tone: Tone = "plain",
  width = 6,
): Span[] {
  return [[`${name} `, "dim"], [`${value}`.padEnd(width), tone]];
}

/**
 * Tells how a count of what must not happen is meant.
 *
 * @param count How often it happened.
 * @returns The tone.
 */
export function bad(count: number): Tone {
  return count === 0 ? "good" : "bad";
}

/**
 * Says how often something happened.
 *
 * @param count How often.
 * @returns For people.
 */
export function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/**
 * Rounds a time to microseconds, for reports.
 *
 * @param ms Milliseconds.
 * @returns Milliseconds.
 */
export function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
