// This module is browser compatible.

/** The largest datagram that is ever tried, in bytes: the upper limit of probing. */
export const MTU = 1400;
/** The largest datagram before a larger one was proven to arrive, in bytes. */
export const BASE_MTU = 1200;
/** How long an unacknowledged message waits at first before it is sent again, in milliseconds, until the RTT is known. */
export const RETRANSMIT_BASE_MS = 100;
/** The longest wait between two probes of a silent peer, in milliseconds. */
export const RETRANSMIT_MAX_MS = 8000;
/** After so many probes without an answer a peer is timed out, if {@linkcode PEER_TIMEOUT_MS} has passed too. */
export const MAX_RETRANSMIT = 10;
/** How long a connection is silent at most while it is in use, in milliseconds. */
export const KEEPALIVE_MS = 500;
/** After how much silence of a peer it is timed out, in milliseconds. */
export const PEER_TIMEOUT_MS = 10_000;
/** How much a new sample counts in the smoothed RTT (RFC 6298, section 2). */
export const RTT_ALPHA = 0.125;
/** How much a new sample counts in the RTT's variation (RFC 6298, section 2). */
export const JITTER_ALPHA = 0.25;
/** How long the fragments of an unreliable message wait for the rest, in milliseconds. */
export const FRAGMENT_TIMEOUT_MS = 5000;
/** How many packets up to the largest an acknowledgement without ranges speaks for. */
export const ACK_WINDOW = 32;
