// This module is browser compatible.
import type { Channel, Field, Fields } from "../../protocol/mod.ts";

/**
 * Who may call:
 *
 * - `server`: the server alone, to clients.
 * - `client`: any client, to the server, or through it to other clients.
 * - `owner`: a client, for what it owns: the server's `isOwner` decides on each call.
 * - `any`: both.
 */
export type RpcSource = "server" | "client" | "owner" | "any";

/** How often a client may make a call, as a token bucket at the server. */
export interface RpcRate {
  /** Calls per second on average: above 0, finite, fractions allowed. */
  readonly perSecond: number;
  /**
   * How many may come at once: an integer from 1 to 65535.
   *
   * @default {Math.max(1, Math.ceil(perSecond))}
   */
  readonly burst?: number;
}

/** One call of a contract: what it carries, who may make it, and how it travels. */
export interface RpcDefinition {
  /**
   * What it carries: fields of protocol by name, in the order of the wire; at most 64.
   * A name is a letter and up to 63 further letters, digits and underscores.
   */
  readonly params: Fields;
  /** Who may call. */
  readonly from: RpcSource;
  /**
   * What a call is answered with, a field of protocol. With it each call has one outcome;
   * without it there is none.
   */
  readonly reply?: Field<unknown>;
  /**
   * What is promised about its delivery. A call that is answered goes over a reliable one.
   *
   * @default {Channel.ReliableOrdered}
   */
  readonly channel?: Channel;
  /**
   * How often a client may call; the server's own limits hold besides. Not for a call that
   * the server alone makes.
   */
  readonly rate?: RpcRate;
  /**
   * The newest call alone is sent, of those that wait for the same receiver and have the
   * same values of these parameters; of all that wait for it if there are none. Not for a
   * call that is answered.
   */
  readonly coalesce?: readonly string[];
  /**
   * That it may be left out when there is more to send than fits, and how much it
   * matters: an integer from 0 to 255, the higher goes first. Calls without it always go.
   * Not for a call that is answered.
   */
  readonly cosmetic?: number;
}

/** The definitions of a contract by name. */
export type RpcDefinitions = Readonly<Record<string, RpcDefinition>>;
