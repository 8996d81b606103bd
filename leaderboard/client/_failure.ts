// This module is browser compatible.
import type {
  HttpError,
  HttpFailure,
  HttpResponse,
  HttpTerminalEvent,
} from "../../http/mod.ts";
import type { LeaderboardFailure, LeaderboardFailureReason } from "./event.ts";
import { isObject, type Json } from "./_read_entry.ts";

const CODE = /^[A-Za-z][A-Za-z0-9]{0,63}$/;
const MAX_MESSAGE_LENGTH = 1_000;
const MAX_ERROR_BYTES = 65_536;
const MAX_FIELD_LENGTH = 128;

/** Why a call failed, without whose it is. */
export type FailureDetails = Omit<LeaderboardFailure, "id">;

/** The body as an object of JSON, or `undefined`. */
export function jsonOf(
  response: HttpResponse,
  maxBytes: number,
): Json | undefined {
  if (response.bodyLength > maxBytes) return undefined;
  try {
    const value = response.json();
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an answer to a submission is of a leaderboard server, and not of a proxy, a portal or whatever else is there. */
export function isServersOwn(_: unknown, response: HttpResponse): boolean {
  const json = jsonOf(response, MAX_ERROR_BYTES);
  if (json === undefined) return false;
  return response.isSuccess
    ? typeof json.status === "string"
    : refusalOf(json, response.status) !== undefined;
}

/** Why a request was not answered as it should have been. */
export function failureOf(
  event: Exclude<HttpTerminalEvent, { type: "cancelled" }>,
): FailureDetails {
  switch (event.type) {
    case "success":
      return responseFailure(event.response);
    case "timeout":
      return details(
        "timeout",
        `No answer came within ${event.limitMs} ms`,
      );
    case "failure":
      return httpFailure(event);
  }
}

/** Why the server refused one thing, as it says itself; `undefined` if it does not say so. */
export function refusalOf(
  json: Json | undefined,
  status: number,
): FailureDetails | undefined {
  if (json === undefined) return undefined;
  const { code, message, field, retryAfterMs } = json;
  if (typeof code !== "string" || !CODE.test(code)) return undefined;
  return {
    reason: status >= 500 ? "serverFailed" : "refused",
    code,
    message: typeof message === "string"
      ? message.slice(0, MAX_MESSAGE_LENGTH)
      : code,
    field: typeof field === "string"
      ? field.slice(0, MAX_FIELD_LENGTH)
      : undefined,
    status,
    retryAfterMs: typeof retryAfterMs === "number" && retryAfterMs >= 0 &&
        retryAfterMs < Infinity
      ? retryAfterMs
      : undefined,
    cause: undefined,
  };
}

/** What came is no answer. */
export function malformed(status: number): FailureDetails {
  return {
    ...details(
      "malformedResponse",
      `What came with status ${status} is no answer of a leaderboard server`,
    ),
    status,
  };
}

/** A failure that no answer tells of. */
export function details(
  reason: LeaderboardFailureReason,
  message: string,
): FailureDetails {
  return {
    reason,
    code: reason,
    message,
    field: undefined,
    status: undefined,
    retryAfterMs: undefined,
    cause: undefined,
  };
}

function responseFailure(response: HttpResponse): FailureDetails {
  const { status } = response;
  return (status >= 400
    ? refusalOf(jsonOf(response, MAX_ERROR_BYTES), status)
    : undefined) ?? malformed(status);
}

function httpFailure(event: HttpFailure): FailureDetails {
  const { response, message, cause } = event;
  const reason = event.reason.type === "retriesExhausted"
    ? event.reason.last
    : event.reason;
  if (reason.type === "serverError") {
    const refusal = response === undefined
      ? undefined
      : refusalOf(jsonOf(response, MAX_ERROR_BYTES), reason.status);
    return refusal ??
      { ...details("serverFailed", message), status: reason.status };
  }
  return {
    ...details(reasonOf(reason), message),
    retryAfterMs: reason.type === "circuitOpen" ? reason.retryInMs : undefined,
    cause,
  };
}

function reasonOf(reason: HttpError): LeaderboardFailureReason {
  switch (reason.type) {
    case "tokenUnavailable":
    case "journalFailed":
    case "expired":
    case "invalidRequest":
    case "queueFull":
      return reason.type;
    case "bodyTooLarge":
      return "malformedResponse";
    default:
      return "unreachable";
  }
}
