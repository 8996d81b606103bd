// This module is browser compatible.

import type { ProtocolErrorCode } from "../../protocol/mod.ts";

/**
 * Why bytes are no `PlayerInput` or `DeltaSnapshot`:
 *
 * - `bufferTooShort`: they end too early;
 * - `trailingBytes`: something follows the end;
 * - `nonCanonical`: a number is one that none has, or is written in another way.
 */
export type DeserializeFault =
  & ProtocolErrorCode
  & ("bufferTooShort" | "trailingBytes" | "nonCanonical");
