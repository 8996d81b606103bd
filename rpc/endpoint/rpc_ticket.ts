// This module is browser compatible.

/**
 * Stands for one call that is answered: an integer from 1, which no other call of the
 * same endpoint has. Exactly one outcome with it follows as an event.
 *
 * @typeParam T What the call is answered with.
 */
export type RpcTicket<T = unknown> = number & {
  /** Tells it from other numbers. */
  readonly __brand: "RpcTicket";
  /** Is never there: it holds the type of the answer. */
  readonly __reply?: T;
};
