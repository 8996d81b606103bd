// This module is browser compatible.

/** Where a page ended: before what is later, or at the same time and of a greater id. */
export interface PageCursor {
  readonly timeMs: number;
  readonly id: number;
}

/** Before everything. */
const START: PageCursor = { timeMs: Number.MIN_SAFE_INTEGER, id: 0 };

/**
 * Reads what a page gave as `next`, or anything else that somebody says it did.
 *
 * @throws {RangeError} If it is nothing that a page gives.
 */
export function readPageCursor(after: string | undefined): PageCursor {
  if (after === undefined) return START;
  const match = /^(-?\d{1,16})\.(\d{1,16})$/.exec(after);
  const timeMs = Number(match?.[1]);
  const id = Number(match?.[2]);
  if (!Number.isSafeInteger(timeMs) || !Number.isSafeInteger(id)) {
    throw new RangeError(
      `Cannot read a page as after must be what another page gave: current value is ${
        JSON.stringify(after.slice(0, 64))
      }`,
    );
  }
  return { timeMs, id };
}

/** What the page behind a row begins after. */
export function writePageCursor({ timeMs, id }: PageCursor): string {
  return `${timeMs}.${id}`;
}
