// This module is browser compatible.

/** Requests, responses and keep-alives leave ten times a second, as the reference's. */
export const REPEAT_MS = 100;
/** How often a disconnect is sent, at once, where it may be lost: it is not acknowledged. */
export const DISCONNECT_COPIES = 10;
/** A longer tick of a client is a stall of this end, in which nobody could be heard. */
export const CLIENT_STALL_MS = 250;
