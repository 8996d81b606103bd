// This module is browser compatible.

/** What a writer or reader holds the parts of a rotation in, within one call. */
export const PARTS: Uint32Array = new Uint32Array(4);
