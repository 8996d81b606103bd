// This module is browser compatible.
import type { RpcDefinitions } from "../contract/rpc_definition.ts";
import type { RpcDifference } from "../contract/rpc_difference.ts";
import type {
  AnsweredCallName,
  ClientCallName,
  RpcName,
  RpcReply,
  ServerCallName,
} from "../contract/rpc_types.ts";
import type { RpcGuardEvent } from "../security/rpc_offence.ts";
import type { ClientId } from "../target/client_id.ts";
import type { CallFault } from "../wire/call_fault.ts";
import type { RpcTicket } from "./rpc_ticket.ts";

/**
 * Why a call was answered with an error, or not at all:
 *
 * - `failure`: its handler threw an {@linkcode RpcFailure}, or failed a deferred reply:
 *   `code` and `message` are the game's.
 * - `handlerFailed`: its handler threw anything else, or answered with what the reply
 *   does not allow. What it was stays there.
 * - `noHandler`: nobody answers this call there.
 * - `unauthorised`: the caller may not make it.
 * - `rateLimited`: the caller makes it too often, or has used up what it may.
 * - `tooManyOutstanding`: more calls of the caller wait there than may.
 * - `contractDiffers`: the other end has no such call, or another one of that name.
 */
export type RpcFailReason =
  | "failure"
  | "handlerFailed"
  | "noHandler"
  | "unauthorised"
  | "rateLimited"
  | "tooManyOutstanding"
  | "contractDiffers";

/**
 * What came of a call that is answered: exactly one for each ticket.
 *
 * @typeParam D The definitions.
 * @typeParam N The names of the calls.
 */
export type CallOutcome<D extends RpcDefinitions, N extends RpcName<D>> =
  | CallResult<D, N>
  | {
    /** It was answered with an error, or refused. */
    readonly type: "failed";
    /** The ticket of the call. */
    readonly ticket: RpcTicket;
    /** Which call. */
    readonly name: N;
    /** Why. */
    readonly reason: RpcFailReason;
    /** The game's own code if the reason is `failure`: 0 to 65535; else 0. */
    readonly code: number;
    /** For people. */
    readonly message: string;
  }
  | {
    /**
     * No answer came in time; it was cancelled; or the link closed first. The other
     * end may have done what it was asked for all the same.
     */
    readonly type: "timedOut" | "cancelled" | "disconnected";
    /** The ticket of the call. */
    readonly ticket: RpcTicket;
    /** Which call. */
    readonly name: N;
  };

/**
 * The answer of a call: of the type that its name says.
 *
 * @typeParam D The definitions.
 * @typeParam N The names of the calls.
 */
export type CallResult<D extends RpcDefinitions, N extends RpcName<D>> = {
  readonly [K in N]: {
    /** It was answered. */
    readonly type: "result";
    /** The ticket of the call. */
    readonly ticket: RpcTicket;
    /** Which call. */
    readonly name: K;
    /** What with: the receiver's own. */
    readonly value: RpcReply<D[K]>;
  };
}[N];

/**
 * Why a call was not taken:
 *
 * - `closed`: there is no such client, or the link is closed.
 * - `queueFull`: as many bytes wait to be sent as may.
 * - `tooLarge`: it does not fit a message of the link, or its lists would take much more
 *   memory at the other end than it has bytes (`WIRE.md`, 5.1).
 * - `tooManyOutstanding`: as many calls wait for their answers as may.
 * - `eventsFull`: so many events wait to be drained that there is no room for its
 *   outcome.
 * - `contractDiffers`: the other end has no such call, or another one of that name.
 */
export type CallRefusal =
  | "closed"
  | "queueFull"
  | "tooLarge"
  | "tooManyOutstanding"
  | "eventsFull"
  | "contractDiffers";

/**
 * What both ends tell of calls and packets.
 *
 * @typeParam N The names of the calls.
 */
export type RpcNotice<N extends string> =
  | {
    /**
     * A call of this end's was not taken. Told once for each call that differs, and once
     * for each other reason until something could be sent again; the counters have all.
     */
    readonly type: "callRefused";
    /** Which call. */
    readonly name: N;
    /** Why. */
    readonly reason: CallRefusal;
    /** Of a call that is not the same at the other end: what differs, such as a parameter. */
    readonly difference: RpcDifference | undefined;
    /** All of it in a sentence, for people. */
    readonly message: string;
  }
  | {
    /** A handler threw, or its answer is not what the reply allows. */
    readonly type: "handlerFailed";
    /** Which call it handled. */
    readonly name: N;
    /** Whose: `undefined` is the server. */
    readonly caller: ClientId | undefined;
    /** What it threw. */
    readonly error: unknown;
  }
  | {
    /** A call came that nothing handles. Told once for each name. */
    readonly type: "handlerMissing";
    /** Which. */
    readonly name: N;
  };

/** What the two ends do not have in common. */
export interface RpcContractDiffers {
  /** Told before anything else of a link. What both describe alike works. */
  readonly type: "contractDiffers";
  /** What differs in the calls of this end, by their names. */
  readonly differences: readonly RpcDifference[];
  /** The names of the calls that the other end alone has, as far as it told. */
  readonly onlyTheirs: readonly string[];
  /** All of it in a sentence, for people. */
  readonly message: string;
}

/** A packet that was refused, of which nothing was handled. */
export interface RpcPacketRefused {
  /** Told once a tick and link; the counters have all. */
  readonly type: "packetRefused";
  /** What is wrong with it. */
  readonly fault: RpcPacketFault;
}

/** What is wrong with a packet: it cannot be read, or it came before the handshake was over. */
export type RpcPacketFault = CallFault | "early";

/**
 * What a client tells.
 *
 * @typeParam D The definitions.
 */
export type RpcClientEvent<D extends RpcDefinitions> =
  | CallOutcome<D, AnsweredCallName<D, ClientCallName<D>>>
  | RpcNotice<RpcName<D>>
  | RpcContractDiffers
  | RpcPacketRefused
  | {
    /** The handshake is over: calls go out. */
    readonly type: "ready";
  }
  | {
    /** The link has closed. The outcomes of what waited come before. */
    readonly type: "disconnected";
    /** Why, in the words of who closed it. */
    readonly reason: string;
  };

/** Whom an event of a server is about. */
export interface RpcOfClient {
  /** Which client. */
  readonly client: ClientId;
}

/**
 * What a server tells.
 *
 * @typeParam D The definitions.
 */
export type RpcServerEvent<D extends RpcDefinitions> =
  | (CallOutcome<D, AnsweredCallName<D, ServerCallName<D>>> & RpcOfClient)
  | (RpcNotice<RpcName<D>> & RpcOfClient)
  | (RpcContractDiffers & RpcOfClient)
  | (RpcPacketRefused & RpcOfClient)
  | RpcGuardEvent
  | {
    /** The handshake with a client is over: calls go out to it. */
    readonly type: "peerReady";
    /** Which. */
    readonly client: ClientId;
  }
  | {
    /** The link to a client has closed. The outcomes of what waited come before. */
    readonly type: "peerDisconnected";
    /** Which. */
    readonly client: ClientId;
    /** Why, in the words of who closed it. */
    readonly reason: string;
  };
