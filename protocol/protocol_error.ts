// This module is browser compatible.

/**
 * Why bytes were refused.
 *
 * - `bufferTooShort`: the bytes end inside the header.
 * - `badMagic`: the first bytes are those of neither form of header.
 * - `versionMismatch`: another version of the protocol.
 * - `payloadTruncated`: the bytes end inside the payload.
 * - `payloadTooLarge`: more payload than the receiver takes, sent or inflated.
 * - `unknownPacketKind`: a kind that no version has named.
 * - `invalidCompression`: the compressed payload is corrupt.
 * - `nonCanonical`: the same packet has shorter bytes, or a reserved bit is set.
 * - `trailingBytes`: bytes after the end.
 * - `replayDetected`: a sequence number that was seen before, or too long ago.
 * - `encodeError`: a value that the format cannot hold, or no room for it.
 * - `token…`: see `ConnectionToken.verify`.
 */
export type ProtocolErrorCode =
  | "bufferTooShort"
  | "badMagic"
  | "versionMismatch"
  | "payloadTruncated"
  | "payloadTooLarge"
  | "unknownPacketKind"
  | "invalidCompression"
  | "nonCanonical"
  | "trailingBytes"
  | "replayDetected"
  | "encodeError"
  | "tokenTruncated"
  | "tokenMalformed"
  | "tokenUnknownKey"
  | "tokenForged"
  | "tokenWrongProtocol"
  | "tokenExpired"
  | "tokenWrongAddress"
  | "tokenReplayed"
  | "tokenGuardFull";

/**
 * What the one-shot decoders and encoders of this module throw, and what
 * `ConnectionToken.verify` rejects with. Receive paths use the `try…` variants,
 * which return the code and throw nothing.
 *
 * @example Telling one refusal from another
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { PacketDecoder, ProtocolError } from "@tickwire/net/protocol";
 *
 * try {
 *   new PacketDecoder().decode(new Uint8Array([1, 2, 3]));
 * } catch (error) {
 *   assertEquals(error instanceof ProtocolError && error.code, "badMagic");
 * }
 * ```
 */
export class ProtocolError extends Error {
  /** Why, for programs. */
  readonly code: ProtocolErrorCode;

  /**
   * Creates an error.
   *
   * @param code Why, for programs.
   * @param message What happened, for people.
   * @param options The cause, where there is one.
   */
  constructor(
    code: ProtocolErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "ProtocolError";
    this.code = code;
  }
}
