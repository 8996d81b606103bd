// What a row says of its player, as it is in the database.

/** The entry is there. */
export const SEEN = 0;
/** It is there, and kept from everybody. */
export const HIDDEN = 1;
/** It is gone. */
export const REMOVED = 2;
