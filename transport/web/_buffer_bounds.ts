// This module is browser compatible.

/** What may wait in the runtime for one other end, if nothing else was said. */
export const DEFAULT_BUFFERED_BYTES = 65_536;
/** The most that may be said. */
export const MAX_BUFFERED_BYTES = 2 ** 30;
/** What may wait to be polled at a client, if nothing else was said. */
export const DEFAULT_RECEIVE_BYTES = 1_048_576;
/** The least that may be said. */
export const MIN_RECEIVE_BYTES = 4_096;
