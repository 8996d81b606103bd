// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import type { ReplayStoreOptions } from "./replay_store.ts";

/** A pebibyte: sums of two such numbers are exact. */
const MAX_BYTES = 2 ** 50;

/**
 * Checks the options of a store and adds the defaults.
 *
 * @param options As given by the user.
 * @returns All of them.
 * @throws {RangeError} If one is out of its range.
 */
export function resolveReplayLimits(
  options: ReplayStoreOptions,
): Required<ReplayStoreOptions> {
  const {
    maxBytes = 2 ** 30,
    maxBytesPerOwner = 64 * 2 ** 20,
    maxUploads = 10_000,
    maxUploadsPerOwner = 8,
  } = options;
  return {
    maxBytes: checkInteger("maxBytes", maxBytes, 1, MAX_BYTES),
    maxBytesPerOwner: checkInteger(
      "maxBytesPerOwner",
      maxBytesPerOwner,
      1,
      MAX_BYTES,
    ),
    maxUploads: checkInteger("maxUploads", maxUploads, 1, 1_000_000),
    maxUploadsPerOwner: checkInteger(
      "maxUploadsPerOwner",
      maxUploadsPerOwner,
      1,
      1024,
    ),
  };
}
