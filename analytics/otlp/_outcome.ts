// This module is browser compatible.

import type { HttpResponse, HttpTerminalEvent } from "../../http/mod.ts";

const MAX_RETRY_AFTER_MS = 3_600_000;
const MAX_ANSWER_BYTES = 65_536;
const MAX_MESSAGE_LENGTH = 1_000;

/**
 * What became of a request: `"accepted"`; `"rejected"`, it would be refused again;
 * `"tooLarge"`, a part of it might be taken; `"retry"`, the same may be taken later;
 * `"doubtful"`, it may be the fault of the data, or not.
 */
export type Verdict =
  | "accepted"
  | "rejected"
  | "tooLarge"
  | "retry"
  | "doubtful";

/** The end of a request. */
export interface Outcome {
  readonly verdict: Verdict;
  /** The status of the answer; `undefined` if there was none. */
  readonly status: number | undefined;
  /** What is wrong, for people; `""` if nothing is. */
  readonly message: string;
  /** What the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number;
  /** How many records of an accepted request were refused. */
  readonly refused: number;
}

/** Reads the end of a request, `nowMs` being the time since 1970. */
export function outcomeOf(event: HttpTerminalEvent, nowMs: number): Outcome {
  switch (event.type) {
    case "success":
      return answered(event.response, nowMs);
    case "failure":
      return event.response === undefined
        ? unanswered(event.message)
        : answered(event.response, nowMs);
    case "timeout":
      return unanswered(`No answer came within ${event.limitMs} ms`);
    case "cancelled":
      return unanswered("The request was cancelled");
  }
}

function unanswered(message: string): Outcome {
  return {
    verdict: "retry",
    status: undefined,
    message,
    retryAfterMs: 0,
    refused: 0,
  };
}

function answered(response: HttpResponse, nowMs: number): Outcome {
  const { status } = response;
  const verdict = verdictOf(status);
  const answer = jsonOf(response);
  if (verdict === "accepted") {
    const partial = objectOf(answer.partialSuccess);
    return {
      verdict,
      status,
      message: textOf(partial.errorMessage),
      retryAfterMs: 0,
      refused: countOf(partial.rejectedLogRecords) +
        countOf(partial.rejectedDataPoints),
    };
  }
  return {
    verdict,
    status,
    // The body of an error is a google.rpc.Status.
    message: textOf(answer.message) || `The server answered ${status}`,
    retryAfterMs: retryAfterOf(response.headers.get("retry-after"), nowMs),
    refused: 0,
  };
}

/**
 * OTLP 1.9 would have everything but 429, 502, 503 and 504 dropped. A wrong key or path is no reason to: it is mended
 * one day, and the events are still there. A 500 is what collectors say of data that they cannot digest, but proxies as
 * well of servers that are down.
 */
function verdictOf(status: number): Verdict {
  if (status >= 200 && status <= 299) return "accepted";
  switch (status) {
    case 400:
    case 422:
      return "rejected";
    case 413:
      return "tooLarge";
    case 500:
    case 501:
      return "doubtful";
    default:
      return "retry";
  }
}

function retryAfterOf(field: string | undefined, nowMs: number): number {
  if (field === undefined) return 0;
  const text = field.trim();
  const waitMs = /^[0-9]{1,15}$/.test(text)
    ? Number(text) * 1000
    : Date.parse(text) - nowMs;
  return waitMs > 0 ? Math.min(waitMs, MAX_RETRY_AFTER_MS) : 0;
}

function jsonOf(response: HttpResponse): Record<string, unknown> {
  if (response.bodyLength === 0 || response.bodyLength > MAX_ANSWER_BYTES) {
    return {};
  }
  try {
    return objectOf(response.json());
  } catch {
    return {};
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null
    ? value as Record<string, unknown>
    : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MAX_MESSAGE_LENGTH) : "";
}

/** An integer of 64 bits comes as a text or as a number. */
function countOf(value: unknown): number {
  const count = typeof value === "string" ? Number(value) : value;
  return Number.isSafeInteger(count) && (count as number) > 0
    ? count as number
    : 0;
}
