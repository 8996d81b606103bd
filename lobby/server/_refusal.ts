// This module is browser compatible.
import type { LobbyAnswer, LobbyRequestError } from "../wire/lobby_answer.ts";

/** Tells that a request is not carried out. */
export function refusal(error: LobbyRequestError): LobbyAnswer {
  return { ok: false, error };
}

/** A request's field makes no sense; "" if all of it does not. */
export function invalid(field: string): LobbyRequestError {
  return {
    type: "invalidRequest",
    field,
    message: field === ""
      ? "The request cannot be read"
      : `Cannot take the request as its ${field} is missing, of the wrong kind or out of its range`,
  };
}

/** A request comes too early. */
export function limited(waitMs: number): LobbyRequestError {
  const retryAfterMs = Math.ceil(waitMs);
  return {
    type: "rateLimited",
    retryAfterMs,
    message: `Too often: again in ${retryAfterMs} ms`,
  };
}
