// This module is browser compatible.
import type { ClientId } from "../target/client_id.ts";
import type { RpcTarget } from "../target/rpc_target.ts";
import type { DeferredReply } from "./deferred_reply.ts";

/**
 * What a handler is told besides the parameters. There is one object for all calls:
 * it is valid until the handler returns.
 */
export interface RpcContext {
  /** Who called: `undefined` is the server. It is who the link is to, whatever the packet says. */
  readonly caller: ClientId | undefined;
  /**
   * The number of the call among those of its link and channel: counts from 0, with
   * gaps where calls were lost.
   */
  readonly sequence: number;
}

/** What a handler of the server is told besides the parameters. */
export interface ServerRpcContext extends RpcContext {
  /** Which client called. */
  readonly caller: ClientId;
  /** Whom the call is for. */
  readonly target: RpcTarget;
  /** Keeps the call from the clients that it is for. */
  refuse(): void;
}

/**
 * What a handler that answers is told besides the parameters.
 *
 * @typeParam T What the call is answered with.
 */
export interface AnswerContext<T> extends RpcContext {
  /**
   * Puts the answer off.
   *
   * @returns What to return now, and to settle later.
   * @throws {TypeError} If the handler has returned, or has put it off already.
   */
  defer(): DeferredReply<T>;
}

/**
 * Handles a call that is not answered.
 *
 * @typeParam P What the call carries.
 * @typeParam C The context.
 */
export type CallHandler<P, C extends RpcContext> = (
  params: P,
  context: C,
) => void;

/**
 * Answers a call: by what it returns, or with an error by throwing an
 * {@linkcode RpcFailure}.
 *
 * @typeParam P What the call carries.
 * @typeParam T What it is answered with.
 */
export type AnswerHandler<P, T> = (
  params: P,
  context: AnswerContext<T>,
) => T | DeferredReply<T>;
