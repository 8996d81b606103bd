// This module is browser compatible.

/** The most calls of a packet. */
export const MAX_CALLS = 4_096;

/** The most results of a packet. */
export const MAX_RESULTS = 4_096;

/** The most bytes of UTF-8 that say why a call failed. */
export const MAX_FAILURE_TEXT_BYTES = 256;
