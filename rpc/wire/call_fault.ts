// This module is browser compatible.
import type { ReadError } from "../../protocol/mod.ts";

/**
 * Why a packet of calls or results was refused: all of it, and nothing of it was used.
 *
 * - `truncated`, `overlong`, `range`, `nan`, `utf8`, `padding`: as `ReadError`.
 * - `memory`: its values would take much more memory than it has bytes.
 * - `kind`: it is of another kind.
 * - `empty`: there is nothing in it.
 * - `sequence`: a call's sequence would be above 2^53 - 1.
 * - `id`: no contract has a call of that number.
 * - `merge`: two runs of one call, one behind the other, which are one run.
 * - `count`: more calls than a packet may have.
 * - `length`: what has a length before it is longer.
 * - `trailing`: what has a length before it is shorter.
 * - `target`: a target that is none, or has an id that it does not need.
 * - `ticket`: a ticket of 0.
 * - `status`: a status that is none, or that of a value where there is none.
 */
export type CallFault =
  | ReadError
  | "memory"
  | "kind"
  | "empty"
  | "sequence"
  | "id"
  | "merge"
  | "count"
  | "length"
  | "trailing"
  | "target"
  | "ticket"
  | "status";
