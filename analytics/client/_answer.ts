// This module is browser compatible.
import type { HttpResponse, HttpTerminalEvent } from "../../http/mod.ts";
import { isCount } from "../is_count.ts";
import type {
  AnalyticsUploadFailure,
  RefusedEvents,
} from "./analytics_notice.ts";

const MAX_ANSWER_BYTES = 65_536;
const MAX_RETRY_AFTER_MS = 86_400_000;
const MAX_MESSAGE_LENGTH = 1_000;
const MAX_REFUSED = 256;

/** What a collector said to a batch. */
export interface BatchAnswer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly refused: readonly RefusedEvents[];
}

/** Why something did not succeed. */
export interface Failure {
  readonly reason: AnalyticsUploadFailure;
  readonly message: string;
  readonly status: number | undefined;
  /** Not to be asked before this many milliseconds. */
  readonly retryAfterMs: number;
}

/**
 * The answer to a batch. Only what the protocol says counts: the page of a portal comes with 200 as well, and would make
 * everything that waits disappear.
 */
export function batchAnswer(response: HttpResponse): BatchAnswer | undefined {
  if (response.status !== 200) return undefined;
  const json = jsonOf(response);
  if (json === undefined) return undefined;
  const { accepted, duplicates, refused } = json;
  if (!isCount(accepted) || !isCount(duplicates)) return undefined;
  const read: RefusedEvents[] = [];
  for (const row of Array.isArray(refused) ? refused : []) {
    if (read.length === MAX_REFUSED || !Array.isArray(row)) break;
    const [event, reason, count] = row;
    if (
      typeof event === "string" && typeof reason === "string" && isCount(count)
    ) {
      read.push({
        event: event.slice(0, 64),
        reason: reason.slice(0, 64),
        count,
      });
    }
  }
  return { accepted, duplicates, refused: read };
}

/** Whether an answer says how much was erased. */
export function erasureAnswer(
  response: HttpResponse,
): { readonly sessions: number; readonly events: number } | undefined {
  if (response.status !== 200) return undefined;
  const { sessions, events } = jsonOf(response) ?? {};
  return isCount(sessions) && isCount(events)
    ? { sessions, events }
    : undefined;
}

/** Why something did not succeed, of what came instead at an epoch time. */
export function failureOf(
  event: Exclude<HttpTerminalEvent, { type: "cancelled" }>,
  epochMs: number,
): Failure {
  if (event.type === "timeout") {
    return {
      reason: "timeout",
      message: `No answer came within ${event.limitMs} ms`,
      status: undefined,
      retryAfterMs: 0,
    };
  }
  const { response } = event;
  if (response !== undefined) return responseFailure(response, epochMs);
  const { reason, message } = event as Extract<
    HttpTerminalEvent,
    { type: "failure" }
  >;
  return {
    reason: reason.type === "bodyTooLarge"
      ? "malformedResponse"
      : "unreachable",
    message,
    status: undefined,
    retryAfterMs: 0,
  };
}

function responseFailure(response: HttpResponse, epochMs: number): Failure {
  const { status } = response;
  const { code, message, retryAfterMs } = jsonOf(response) ?? {};
  // What a proxy or a portal says with a status like this is not about the batch.
  const isOurs = typeof code === "string";
  return {
    reason: reasonOf(status, isOurs),
    message: isOurs && typeof message === "string"
      ? message.slice(0, MAX_MESSAGE_LENGTH)
      : `What came with status ${status} is no answer of a collector`,
    status,
    retryAfterMs: retryAfter(response, retryAfterMs, epochMs),
  };
}

function reasonOf(status: number, isOurs: boolean): AnalyticsUploadFailure {
  if (status === 413) return "tooLarge";
  if (status === 429) return "rateLimited";
  if (status >= 500) return "serverFailed";
  if (!isOurs) return "malformedResponse";
  if (status === 401 || status === 403) return "unauthorised";
  return status === 400 || status === 415 ? "refused" : "malformedResponse";
}

function retryAfter(
  { headers }: HttpResponse,
  json: unknown,
  epochMs: number,
): number {
  const waitMs = typeof json === "number" && json >= 0
    ? json
    : headerWait(headers.get("retry-after")?.trim() ?? "", headers, epochMs);
  return Math.min(waitMs, MAX_RETRY_AFTER_MS);
}

/** What a proxy asks for as well: a number of seconds or a date (RFC 9110, section 10.2.3). */
function headerWait(
  text: string,
  headers: HttpResponse["headers"],
  epochMs: number,
): number {
  if (/^[0-9]+$/.test(text)) return Number(text) * 1_000;
  const dateMs = dateOf(text);
  if (dateMs === undefined) return 0;
  // By the clock that the date is of, if it is told: a player's may be set to anything.
  return Math.max(0, dateMs - (dateOf(headers.get("date") ?? "") ?? epochMs));
}

/** A date in the form that is sent today; `undefined` for what is none. */
function dateOf(text: string): number | undefined {
  const dateMs = text.endsWith(" GMT") ? Date.parse(text) : NaN;
  return Number.isNaN(dateMs) ? undefined : dateMs;
}

function jsonOf(response: HttpResponse): Record<string, unknown> | undefined {
  if (response.bodyLength > MAX_ANSWER_BYTES) return undefined;
  try {
    const value = response.json();
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : undefined;
  } catch {
    return undefined;
  }
}
