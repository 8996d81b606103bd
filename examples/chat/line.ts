/**
 * What the page and the server of the chat say to each other, as JSON.
 *
 * @module
 */

/** The channels that there are. */
export const CHANNELS: readonly string[] = ["harbour", "market"];
/** How many of the last lines who joins gets to see. */
export const HISTORY_LINES = 50;
/** The most UTF-16 units of a line. */
export const MAX_TEXT_LENGTH = 500;
const MAX_ID_LENGTH = 40;

/** What a page says. */
export interface Said {
  /** What the page knows it by when it comes back. */
  readonly id: string;
  /** The line. */
  readonly text: string;
}

/** What everybody is told. */
export interface Line extends Said {
  /** Who said it, as the server found out. */
  readonly from: string;
  /** When the server got it: epoch milliseconds. */
  readonly at: number;
}

/** Reads what anybody may have sent. */
export function parseSaid(json: string): Said | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { id, text } = (value ?? {}) as Partial<Record<keyof Said, unknown>>;
  if (typeof id !== "string" || id.length > MAX_ID_LENGTH) return undefined;
  if (typeof text !== "string" || text.length > MAX_TEXT_LENGTH) {
    return undefined;
  }
  return text.trim() === "" ? undefined : { id, text };
}
