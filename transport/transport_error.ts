// This module is browser compatible.

/**
 * Why something of `transport` that is awaited failed: `"addressInUse"`, another socket
 * has the port; `"addressNotAvailable"`, it is no address of this machine; `"notAllowed"`,
 * the runtime or the system does not permit it; `"unsupported"`, this runtime cannot do
 * it; `"connectFailed"`, the server is not there or does not want it; `"timedOut"`, it took
 * longer than it may; `"aborted"`, the signal was; `"failed"`, anything else, as `cause` says.
 */
export type TransportErrorCode =
  | "addressInUse"
  | "addressNotAvailable"
  | "notAllowed"
  | "unsupported"
  | "connectFailed"
  | "timedOut"
  | "aborted"
  | "failed";

/**
 * What the awaited calls of `transport` reject with, such as binding a socket.
 *
 * @example Ask why
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { TransportError } from "@tickwire/net/transport";
 *
 * const error = new TransportError("addressInUse", "Cannot bind to port 9000 as it is taken");
 * assertEquals(error.code, "addressInUse");
 * ```
 */
export class TransportError extends Error {
  /** Why the call was rejected. */
  readonly code: TransportErrorCode;

  /**
   * Creates an error, for implementations of sockets.
   *
   * @param code Why the call is rejected.
   * @param message What is wrong, for people.
   * @param options The `cause`, where there is one.
   */
  constructor(
    code: TransportErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "TransportError";
    this.code = code;
  }
}
