// This module is browser compatible.

/**
 * Takes a match: places in the mode's index, of which `size` count, its region, and its map
 * or -1. `false` if one of the tickets waits no more, or the match may not be made.
 */
export type Commit = (
  places: Int32Array,
  size: number,
  region: number,
  map: number,
) => boolean;
