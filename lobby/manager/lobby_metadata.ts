// This module is browser compatible.

/**
 * What a game says about a lobby or a player in its own words: names of 1 to 64 bytes
 * without control characters and other than `__proto__`, values that are well-formed
 * text, finite numbers or booleans.
 */
export type LobbyMetadata = Readonly<Record<string, string | number | boolean>>;

/** Changes of {@linkcode LobbyMetadata}: what is named is set, or removed by `null`. */
export type LobbyMetadataChanges = Readonly<
  Record<string, string | number | boolean | null>
>;

/** Any value that JSON has. */
export type LobbyJson =
  | string
  | number
  | boolean
  | null
  | readonly LobbyJson[]
  | { readonly [name: string]: LobbyJson };
