// This module is browser compatible.

import { invalidHeader, isToken } from "./headers.ts";
import { Method } from "./method.ts";
import type { HttpRequest } from "./request.ts";

/** Says what of a request cannot be sent, the URL left aside. */
export function invalidRequest(request: HttpRequest): string | undefined {
  const { method, body, headers } = request;
  if (!isToken(method)) {
    return `Cannot send request as its method must be a token: current method is "${
      method.slice(0, 40)
    }"`;
  }
  if (body !== undefined && (method === Method.GET || method === Method.HEAD)) {
    return `Cannot send request as ${method} must not have a body`;
  }
  if (body instanceof ReadableStream && isUsed(body)) {
    return "Cannot send request as its body stream is locked or was read already";
  }
  if (headers.size > 0) {
    for (const [name, value] of headers) {
      const problem = invalidHeader(name, value);
      if (problem !== undefined) return problem;
    }
  }
  const { idempotencyKey } = request;
  if (idempotencyKey !== undefined && idempotencyKey !== "") {
    return invalidHeader("idempotency-key", idempotencyKey);
  }
  return undefined;
}

function isUsed(stream: ReadableStream<Uint8Array>): boolean {
  if (stream.locked) return true;
  try {
    // A stream does not tell that it was read before, but a body is not made of such a one (Fetch, "extract a body").
    new Response(stream);
    return false;
  } catch {
    return true;
  }
}
