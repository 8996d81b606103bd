// This module is browser compatible.

/**
 * Takes a match: slots, of which `size` count, its region and map or -1. `false` if one of
 * them waits no more, or the match may not be made.
 */
export type Commit = (
  slots: Int32Array,
  size: number,
  region: number,
  map: number,
) => boolean;
