// This module is browser compatible.

/**
 * Who says what the state of an entity is.
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
