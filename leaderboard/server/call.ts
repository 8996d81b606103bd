// This module is browser compatible.
import type { Identity } from "../../core/mod.ts";
import type { Ranking } from "../store/store.ts";
import type { ApiRole } from "./server_options.ts";

/** What whoever has a key may do; PROTOCOL.md, section 1. */
export type Role = ApiRole;

/** A request of `/v1/…`, from somebody whose API key, if one is needed, is known, and who is within his limits. */
export interface Call {
  /** The request. Its body is read by `readBody` and `readJson`, which bound it. */
  readonly request: Request;
  /** The request's method; `GET` for `HEAD`, of whose answer the server takes the body away. */
  readonly method: string;
  /** The request's URL. */
  readonly url: URL;
  /** What comes behind `/v1/` in the path, cut at its slashes, then percent-decoded: 1 or more. */
  readonly segments: readonly string[];
  /** What limits by address count by: an IPv4 address, or an IPv6 network. */
  readonly address: string;
  /** The title. */
  readonly title: string;
  /** The role. */
  readonly role: Role;

  /** Finds out once who asks; `undefined` for nobody. Rejects with a {@linkcode Problem} if that fails. */
  identity(): Promise<Identity | undefined>;

  /** The same, but that it is nobody is a {@linkcode Problem} too. */
  player(): Promise<Identity>;

  /** Rejects with a {@linkcode Problem} unless the role is one of these. */
  require(...roles: readonly Role[]): void;

  /**
   * The ranking that the path's board and the query's `period`, `season` and `class` name, as PROTOCOL.md, section 3,
   * says: of a board that is there, with all that is left out filled in.
   */
  ranking(): Promise<Ranking>;
}

/** Part of the server: some of its paths. */
export interface Routes {
  /**
   * Answers, if the path is one of its own.
   *
   * @returns `undefined` if it is none; else a promise of the answer. It may reject with a {@linkcode Problem}, which
   * becomes the answer, a `LeaderboardError` (503) and anything else (500).
   * @throws {Problem} If the path is its own but the method is not: `methodNotAllowed()`.
   */
  handle(call: Call): Promise<Response> | undefined;
}
