// This module is browser compatible.

import type { HttpHeaders } from "./headers.ts";
import type { HttpRequest } from "./request.ts";
import type { HttpResponse } from "./response.ts";

/** Names a request in the events of the client that sent it: an integer, 1 for the first, never reused. */
export type RequestId = number & { readonly "~brand": "RequestId" };

/** Why a request failed. Branch on `type`; new members may be added in a minor version. */
export type HttpError =
  /** No connection, or it was lost before the response header came. Browsers report every network error as this one. */
  | { readonly type: "connectionFailed" }
  /** The host has no address. */
  | { readonly type: "dnsFailure" }
  /** The secure connection could not be made or the certificate is not trusted. */
  | { readonly type: "tlsError" }
  /** The server (or the cache, with 504) answered with a status of 500 or above; the event carries the response. */
  | { readonly type: "serverError"; readonly status: number }
  /** The response broke off or is malformed. */
  | { readonly type: "readError" }
  /** The redirects lead in circles: `fetch` gives up after 20. */
  | { readonly type: "tooManyRedirects" }
  /** The URL, method, a header field or the body cannot be sent; nothing was sent. */
  | { readonly type: "invalidRequest" }
  /** The body is larger than `maxBodyBytes`; reading stopped. */
  | { readonly type: "bodyTooLarge"; readonly maxBodyBytes: number }
  /** The origin failed too often of late; nothing was sent. Worth another try in `retryInMs`. */
  | { readonly type: "circuitOpen"; readonly retryInMs: number }
  /**
   * `maxPending` requests (fewer if some are streams) wait or have undrained results; nothing was sent. The event has no
   * `tag`, as nothing but the ids of refused requests is kept.
   */
  | { readonly type: "queueFull"; readonly maxPending: number }
  /** The client's `bearerToken` provider failed. */
  | { readonly type: "tokenUnavailable" }
  /** The journal did not take the durable request; nothing was sent. */
  | { readonly type: "journalFailed" }
  /** The time of `withExpiry` has come: it was not sent (again). */
  | { readonly type: "expired" }
  /** More than one attempt was made and none succeeded; `last` is why the last one failed. */
  | {
    readonly type: "retriesExhausted";
    readonly attempts: number;
    readonly last: HttpError;
  };

/** What every event of a request has. */
export interface HttpEventBase {
  /** The request. */
  readonly id: RequestId;
  /** The request's tag, if it has one; not in a failure with the reason `queueFull`. */
  readonly tag: string | undefined;
}

/** The server (or the cache) answered with a status below 500. Terminal. */
export interface HttpSuccess extends HttpEventBase {
  /** The discriminant. */
  readonly type: "success";
  /** The answer. A status of 400 to 499 is an answer too: `isSuccess` tells. */
  readonly response: HttpResponse;
}

/** The request failed for good. Terminal. */
export interface HttpFailure extends HttpEventBase {
  /** The discriminant. */
  readonly type: "failure";
  /** Why, for programs. */
  readonly reason: HttpError;
  /** Why, for people. */
  readonly message: string;
  /** What the runtime threw, if it did. */
  readonly cause: unknown;
  /** The last answer, if the reason is a status of 500 or above. */
  readonly response: HttpResponse | undefined;
}

/** Time ran out. Terminal. */
export interface HttpTimeout extends HttpEventBase {
  /** The discriminant. */
  readonly type: "timeout";
  /** Which limit: the last attempt's `timeoutMs`, the `deadlineMs`, or the `idleTimeoutMs` of a stream. */
  readonly limit: "attempt" | "deadline" | "idle";
  /** The limit's length in milliseconds. */
  readonly limitMs: number;
  /** Attempts made. */
  readonly attempts: number;
}

/** The game cancelled the request, or the client was closed. Terminal. */
export interface HttpCancelled extends HttpEventBase {
  /** The discriminant. */
  readonly type: "cancelled";
}

/** A rate limit, the client's or the server's, holds the request back. Reported once per request. */
export interface HttpRateLimited extends HttpEventBase {
  /** The discriminant. */
  readonly type: "rateLimited";
  /** Milliseconds until it may be sent. */
  readonly delayMs: number;
}

/** An attempt failed and another will be made. */
export interface HttpRetrying extends HttpEventBase {
  /** The discriminant. */
  readonly type: "retrying";
  /** The number of the attempt to come: 2 for the first repetition. */
  readonly attempt: number;
  /** Milliseconds until then. */
  readonly delayMs: number;
  /** Why the last attempt failed; a `408`, `425` or `429` is a `serverError` with that status. */
  readonly reason: HttpError | { readonly type: "timeout" };
}

/** Part of the body was sent. */
export interface HttpUploadProgress extends HttpEventBase {
  /** The discriminant. */
  readonly type: "uploadProgress";
  /** Bytes handed to the connection. */
  readonly sentBytes: number;
  /** Bytes in all, if known. */
  readonly totalBytes: number | undefined;
}

/** Part of the body was received. */
export interface HttpDownloadProgress extends HttpEventBase {
  /** The discriminant. */
  readonly type: "downloadProgress";
  /** Decoded bytes so far. */
  readonly receivedBytes: number;
  /** Bytes in all, if the server said so and the body is not compressed. */
  readonly totalBytes: number | undefined;
}

/** A streamed response began. */
export interface HttpResponseStarted extends HttpEventBase {
  /** The discriminant. */
  readonly type: "responseStarted";
  /** The status code: 200 to 299. */
  readonly status: number;
  /** The URL that answered, after redirects. */
  readonly url: string;
  /** The header fields. */
  readonly headers: HttpHeaders;
}

/** A part of a streamed response. Never dropped: reading waits while chunks are not drained. */
export interface HttpChunk extends HttpEventBase {
  /** The discriminant. */
  readonly type: "chunk";
  /** The bytes, which belong to the receiver. */
  readonly bytes: Uint8Array;
}

/** A durable request is in the journal: from now on it survives a restart. */
export interface HttpStored extends HttpEventBase {
  /** The discriminant. */
  readonly type: "stored";
}

/** A durable request of an earlier run was found in the journal and is sent again. */
export interface HttpRestored extends HttpEventBase {
  /** The discriminant. */
  readonly type: "restored";
  /** The request's URL. */
  readonly url: string;
  /** The request's idempotency key. */
  readonly idempotencyKey: string;
  /** The request as it was stored, its body as bytes, which are not to be changed. */
  readonly request: HttpRequest;
}

/** The circuit breaker of an origin changed its state. */
export interface HttpCircuitChanged {
  /** The discriminant. */
  readonly type: "circuitChanged";
  /** The origin: scheme, host and port. */
  readonly origin: string;
  /** The new state. */
  readonly state: "closed" | "open" | "halfOpen";
  /** Milliseconds until a probe is let through, when open; else 0. */
  readonly retryInMs: number;
}

/** The events that end a request: exactly one of them for each `send`. */
export type HttpTerminalEvent =
  | HttpSuccess
  | HttpFailure
  | HttpTimeout
  | HttpCancelled;

/** What a client reports: `success`, `failure`, `timeout` or `cancelled` once per request, the others on the way. */
export type HttpEvent =
  | HttpTerminalEvent
  | HttpRateLimited
  | HttpRetrying
  | HttpUploadProgress
  | HttpDownloadProgress
  | HttpResponseStarted
  | HttpChunk
  | HttpStored
  | HttpRestored
  | HttpCircuitChanged;
