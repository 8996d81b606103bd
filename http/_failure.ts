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
      return `${where}: bearerToken gave no token`;
    case "journalFailed":
      return `${where}: the journal did not take the request`;
    default: {
      const text = cause instanceof Error ? cause.message : "";
      return text === ""
        ? `${where}: ${reason.type}`
        : `${where}: ${reason.type} (${
          text.replaceAll(/\?[^\s)]*/g, "?…").slice(0, 300)
        })`;
    }
  }
}
