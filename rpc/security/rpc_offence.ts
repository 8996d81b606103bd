// This module is browser compatible.
import type { ClientId } from "../target/client_id.ts";

/**
 * What a client did that it may not:
 *
 * - `calls`: more calls than `limits.calls`.
 * - `bytes`: more bytes than `limits.bytes`: a packet was dropped unread.
 * - `handlerTime`: its calls took more time than `limits.handlerMs`.
 * - `rate`: a call more often than its `rate`.
 * - `relays`: its calls went to more clients than `limits.relays`.
 * - `unauthorised`: a call that only the server makes.
 * - `notOwner`: a call for what it does not own.
 * - `malformed`: more unreadable packets than `limits.malformed`.
 */
export type RpcOffence =
  | "calls"
  | "bytes"
  | "handlerTime"
  | "rate"
  | "relays"
  | "unauthorised"
  | "notOwner"
  | "malformed";

/**
 * What each offence adds to the score of a client:
 *
 * - What may come of lag, or of something that changed its owner, is 1.
 * - Time in handlers is a tenth: a slow server, too, makes its clients exceed it.
 * - A call of the server's is 10, an unreadable packet beyond the budget 20: no client
 *   that was not tampered with sends them.
 */
export const RPC_OFFENCE_POINTS: Readonly<Record<RpcOffence, number>> = Object
  .freeze({
    calls: 1,
    bytes: 1,
    handlerTime: 0.1,
    rate: 1,
    relays: 1,
    unauthorised: 10,
    notOwner: 1,
    malformed: 20,
  });

/**
 * Why a call or a packet was not let through: an offence, that the client is muted, or
 * that `isOwner` threw.
 */
export type RpcDenial =
  | Exclude<RpcOffence, "malformed">
  | "muted"
  | "ownerCheckFailed";

/**
 * What a server tells of the conduct of its clients. Of each type there is at most one
 * per second and client.
 */
export type RpcGuardEvent =
  | {
    /** A client does what it may not: it is dropped, and it will be muted. */
    readonly type: "peerWarned";
    /** Which. */
    readonly client: ClientId;
    /** What it did last. */
    readonly offence: RpcOffence;
    /** The call, where it is one that was refused. */
    readonly rpc: string | undefined;
    /** Calls and packets refused since it connected. */
    readonly refused: number;
  }
  | {
    /** Nothing of a client is read any more. */
    readonly type: "peerMuted";
    /** Which. */
    readonly client: ClientId;
    /** What it did last. */
    readonly offence: RpcOffence;
    /** The call, where it is one that was refused. */
    readonly rpc: string | undefined;
    /** For how long, in milliseconds. */
    readonly forMs: number;
  }
  | {
    /** What a client sends is read again. */
    readonly type: "peerUnmuted";
    /** Which. */
    readonly client: ClientId;
  }
  | {
    /** A client goes on whatever is done: the game ends its connection, or `limits.closesKicked` does. */
    readonly type: "peerShouldBeKicked";
    /** Which. */
    readonly client: ClientId;
    /** What it did last. */
    readonly offence: RpcOffence;
    /** The call, where it is one that was refused. */
    readonly rpc: string | undefined;
  }
  | {
    /** `isOwner` threw: the call was refused, at no cost to the client. */
    readonly type: "ownerCheckFailed";
    /** Whose call it was. */
    readonly client: ClientId;
    /** The call. */
    readonly rpc: string;
    /** What it threw. */
    readonly cause: unknown;
  };

/** What became of what one client sent, or all of them, in whole numbers. */
export interface RpcGuardCounters {
  /** Calls that were let through. */
  readonly admitted: number;
  /** Packets that could not be read. */
  readonly malformed: number;
  /** Calls and packets that were not let through, by the reason. */
  readonly refused: Readonly<Record<RpcDenial, number>>;
  /** How often a client was warned of, muted, and to be kicked. */
  readonly warnings: number;
  /** How often a client was muted. */
  readonly mutes: number;
  /** How often a client was said to be one to kick. */
  readonly kicks: number;
}
