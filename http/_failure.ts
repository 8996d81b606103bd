// This module is browser compatible.

import type { HttpError, HttpFailure } from "./event.ts";
import type { Job } from "./_job.ts";
import type { HttpResponse } from "./response.ts";

/** What is known of a failure besides its reason. */
export interface FailureDetails {
  /** What the runtime threw. */
  readonly cause?: unknown;
  /** A better sentence than the one made from the reason. */
  readonly message?: string | undefined;
  /** The server's last answer. */
  readonly response?: HttpResponse;
}

/** The failures that are repeated, so that "retriesExhausted" tells more than they do. */
const REPEATED: ReadonlySet<HttpError["type"]> = new Set([
  "connectionFailed",
  "dnsFailure",
  "tlsError",
  "serverError",
  "readError",
]);

/** Makes the terminal event of a job that failed. */
export function failureEvent(
  job: Job,
  reason: HttpError,
  details: FailureDetails,
): HttpFailure {
  const { attempts } = job;
  return {
    type: "failure",
    id: job.id,
    tag: job.request.tag,
    reason: attempts > 1 && REPEATED.has(reason.type)
      ? { type: "retriesExhausted", attempts, last: reason }
      : reason,
    message: details.message ?? describe(reason, job, details.cause),
    cause: details.cause,
    response: details.response,
  };
}

/** The URL without its query, which may hold secrets. */
export function shownUrl(job: Job): string {
  return job.url.replace(/[?#].*$/s, "");
}

function describe(reason: HttpError, job: Job, cause: unknown): string {
  const where = `${job.request.method} ${shownUrl(job)}`;
  switch (reason.type) {
    case "serverError":
      return `${where}: the server answered with status ${reason.status}`;
    case "bodyTooLarge":
      return `${where}: the body is larger than maxBodyBytes (${reason.maxBodyBytes})`;
    case "circuitOpen":
      return `${where}: not sent as ${job.origin} failed too often; worth another try in ${
        Math.ceil(reason.retryInMs)
      } ms`;
    case "tokenUnavailable":
      return `${where}: bearerToken gave no token${because(cause)}`;
    case "journalFailed":
      return `${where}: the journal did not take the request${because(cause)}`;
    case "expired":
      return `${where}: not sent as its time is over`;
    case "connectionFailed":
      return `${where}: the connection failed${because(cause)}`;
    case "dnsFailure":
      return `${where}: the host was not found${because(cause)}`;
    case "tlsError":
      return `${where}: the secure connection failed${because(cause)}`;
    case "readError":
      return `${where}: the response broke off or is malformed${
        because(cause)
      }`;
    case "tooManyRedirects":
      return `${where}: the redirects do not end${because(cause)}`;
    default:
      return `${where}: ${reason.type}${because(cause)}`;
  }
}

/** What the runtime said, without the queries of URLs, which may hold secrets. */
function because(cause: unknown): string {
  const text = cause instanceof Error ? textOf(cause) : "";
  return text === ""
    ? ""
    : ` (${text.replaceAll(/\?[^\s)]*/g, "?…").slice(0, 300)})`;
}

/** An error as text, whatever it is: a game's own fetch or store may throw anything. */
export function textOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "an error that has no text";
  }
}
