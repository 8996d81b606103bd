// This module is browser compatible.

/** A longer frame is one of ours that was late: what came meanwhile has waited here. */
export const LONG_FRAME_MS = 150;
