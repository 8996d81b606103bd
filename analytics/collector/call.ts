// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import type { AnalyticsStore } from "../store/store.ts";

/**
 * What whoever has an API key may do: `"game"` send events, and fetch and erase what is stored of a player whose id he
 * knows, as the key ships in the game and is no secret; `"reader"` query; `"admin"` everything.
 */
export type AnalyticsRole = "game" | "reader" | "admin";

/** The query of a request. What is encoded wrongly is refused. */
export interface CallQuery {
  /** Whether a parameter is there, empty or not. */
  has(name: string): boolean;

  /** Reads a parameter; of several of one name the first. Throws an `HttpProblem` if it is encoded wrongly. */
  get(name: string): string | undefined;

  /**
   * Reads an integer of decimal digits; `otherwise` if the parameter is not there. Throws an `HttpProblem` if it is none
   * or outside of the bounds.
   */
  integer(name: string, otherwise: number, min: number, max: number): number;
}

/** A request of `/v1/…`, from somebody whose API key, if one is needed, is known, and who is within his limits. */
export interface Call {
  /** The request. Its body is read by what bounds it. */
  readonly request: Request;
  /** The request's method; `GET` for `HEAD`, of whose answer the collector takes the body away. */
  readonly method: string;
  /** The request's URL. */
  readonly url: URL;
  /** The URL's query. */
  readonly query: CallQuery;
  /** What comes behind `/v1/` in the path, cut at its slashes, then percent-decoded: 1 or more. */
  readonly segments: readonly string[];
  /** The title. */
  readonly title: string;
  /** The role. */
  readonly role: AnalyticsRole;
  /** The store: what it rejects with is counted and told, and is always an `AnalyticsError`. */
  readonly store: AnalyticsStore;
  /** The names of all events that are defined. */
  readonly eventNames: ReadonlySet<string>;
  /** Where time comes from. */
  readonly clock: Clock;

  /** Throws an `HttpProblem` unless the role is one of these. */
  require(...roles: readonly AnalyticsRole[]): void;
}

/** Part of a collector: some of its paths. */
export interface Routes {
  /**
   * Answers, if the path is one of its own.
   *
   * @returns `undefined` if it is none; else a promise of the answer. It may reject with an `HttpProblem`, which becomes
   * the answer, an `AnalyticsError` (503) and anything else (500).
   * @throws {HttpProblem} If the path is its own but the method is not: `methodNotAllowed()`.
   */
  handle(call: Call): Promise<Response> | undefined;
}
