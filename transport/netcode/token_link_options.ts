// This module is browser compatible.
import type { Random } from "../../core/mod.ts";

/** Options for {@linkcode TokenLink}. */
export interface TokenLinkOptions {
  /**
   * Where the secrets of sessions come from. Whoever can guess them can take sessions over:
   * only tests give another one.
   *
   * @default {new SecureRandom()}
   */
  readonly random?: Random;
}

/** What a {@linkcode TokenLink} has counted since it was made. Read, never written. */
export interface TokenLinkCounters {
  /** Sessions that a server let in. */
  readonly accepted: number;
  /** Sessions that were moved to another address. */
  readonly moved: number;
  /** Datagrams of no type that a server sends, or of a length that their type does not have. */
  readonly malformed: number;
  /** Datagrams from where there is no session, or of an earlier one there. */
  readonly unknownSession: number;
  /** Datagrams that nobody waits for: payloads before the server let the client in, refusals after it. */
  readonly unexpected: number;
}
