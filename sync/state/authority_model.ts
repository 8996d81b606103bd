// This module is browser compatible.

/**
 * Who says what the state of an entity is: a word for a game's own rules, to be put into a
 * field (`choice`) or a table of the game's.
 *
 * Nothing here looks at it. `SyncServer` has the last word on every entity; whose inputs it
 * takes for which one, and what of them, its `simulate` decides.
 */
export const AuthorityModel = {
  /** The server: clients only predict. */
  Server: "server",
  /** The client that owns the entity: the server passes on what it says. */
  Client: "client",
  /** Both: the owner says it, and the server may overrule it. */
  Shared: "shared",
} as const;

/** One of {@linkcode AuthorityModel}. */
export type AuthorityModel = typeof AuthorityModel[keyof typeof AuthorityModel];
