// This module is browser compatible.

/**
 * Why a call, or the bytes of one, were refused.
 *
 * - `unknownRpc`: there is no handler for its id.
 * - `invalidParams`: it carries another number of parameters than its handler takes.
 * - `wrongParamType`: a parameter has another type than its handler takes.
 * - `rateLimited`: its caller has made too many.
 * - `unauthorised`: its caller may not make it.
 * - `deserializeError`: the bytes are none that a serializer writes.
 * - `handlerFailed`: its handler threw, which is the `cause`.
 * - `tooLarge`: it takes more bytes than it may.
 */
export type RpcErrorCode =
  | "unknownRpc"
  | "invalidParams"
  | "wrongParamType"
  | "rateLimited"
  | "unauthorised"
  | "deserializeError"
  | "handlerFailed"
  | "tooLarge";

/**
 * What the one-shot encoders and decoders of this module throw, and what
 * `RpcRegistry.invoke()` answers with. Receive paths use the `try…` variants, which
 * return a code and throw nothing.
 *
 * @example Bytes that are no call
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RpcCall, RpcError } from "@tickwire/net/rpc";
 *
 * try {
 *   RpcCall.deserialize(new Uint8Array([1]), undefined);
 * } catch (error) {
 *   assertEquals(error instanceof RpcError && error.code, "deserializeError");
 * }
 * ```
 */
export class RpcError extends Error {
  /** Why, for programs. */
  readonly code: RpcErrorCode;

  /**
   * Creates an error.
   *
   * @param code Why, for programs.
   * @param message What happened, for people.
   * @param options The `cause`, where there is one.
   */
  constructor(code: RpcErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RpcError";
    this.code = code;
  }
}
