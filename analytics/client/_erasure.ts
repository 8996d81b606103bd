// This module is browser compatible.
import { readEndpoint } from "../endpoint.ts";
import { isId } from "../session/id.ts";
import type { AnalyticsErasure } from "./analytics_notice.ts";

const MAX_IDS = 65_536;

/** Checks what an erasure is repeated by, which the game may have kept in a file. */
export function readErasure(erasure: AnalyticsErasure): AnalyticsErasure {
  const { endpoint, ids, isComplete } = erasure;
  if (
    !Array.isArray(ids) || ids.length > MAX_IDS || !ids.every(isId) ||
    typeof isComplete !== "boolean"
  ) {
    throw new TypeError(
      "Cannot delete data as what it is known by must be what a deletionFailed gave",
    );
  }
  return { endpoint: readEndpoint(endpoint), ids: [...ids], isComplete };
}
