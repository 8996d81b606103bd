// This module is browser compatible.

import type { HttpBody } from "./request.ts";

/** A body as `send` keeps it: nothing that the game may still change, but for a `FormData`. */
export type PreparedBody =
  | undefined
  | Blob
  | FormData
  | ReadableStream<Uint8Array>;

const UPLOAD_CHUNK_BYTES = 65_536;

/**
 * Takes what it needs of a body, so that the game may reuse its buffers. Text and
 * bytes become a `Blob`: Deno's fetch resends a POST whose pooled connection died
 * when the body is text or bytes, and never when it is a Blob.
 *
 * @param body What the request carries.
 * @returns The body to keep.
 * @throws {TypeError} If it is nothing that can be sent: another kind of value, or bytes whose buffer was given away.
 */
export function prepareBody(body: HttpBody | undefined): PreparedBody {
  if (body === undefined) return undefined;
  if (typeof body === "string") {
    return new Blob([body], { type: "text/plain;charset=UTF-8" });
  }
  if (body instanceof Uint8Array) return bytesBlob(body, body.buffer);
  if (body instanceof ArrayBuffer) return bytesBlob(body, body);
  if (body instanceof URLSearchParams) {
    return new Blob([body.toString()], {
      type: "application/x-www-form-urlencoded;charset=UTF-8",
    });
  }
  if (
    body instanceof Blob || body instanceof FormData ||
    body instanceof ReadableStream
  ) {
    return body;
  }
  throw new TypeError(
    `Cannot send request as its body must be text, bytes, a Blob, a form or a stream: current type is ${
      body === null ? "null" : typeof body
    }`,
  );
}

function bytesBlob(
  bytes: Uint8Array | ArrayBuffer,
  buffer: ArrayBufferLike,
): Blob {
  // A Blob takes no shared memory, which another thread may change while it is copied.
  if (!(buffer instanceof ArrayBuffer)) {
    return new Blob([new Uint8Array(bytes as Uint8Array)]);
  }
  // Not every runtime says so by itself: some would send an empty body.
  if (buffer.detached) {
    throw new TypeError(
      "Cannot send request as the buffer of its body was transferred and is empty now",
    );
  }
  return new Blob([bytes as Uint8Array<ArrayBuffer>]);
}

/** A form as it goes over the wire. */
export interface EncodedForm {
  /** The content type with the boundary. A `Blob` would not do: its own type is in lower case. */
  readonly contentType: string;
  /** The body. */
  readonly body: Promise<Blob>;
}

/**
 * Encodes a form, so that it is sent as a `Blob` too.
 *
 * @param form The form.
 * @returns The encoded form.
 */
export function encodeForm(form: FormData): EncodedForm {
  const response = new Response(form);
  return {
    contentType: response.headers.get("content-type") ?? "",
    body: response.blob(),
  };
}

/**
 * Turns a body into a stream that counts what the connection takes.
 *
 * @param body The body.
 * @param onProgress Called with the bytes taken so far.
 * @returns The stream.
 */
export function countedStream(
  body: Blob | ReadableStream<Uint8Array>,
  onProgress: (sentBytes: number) => void,
): ReadableStream<Uint8Array> {
  let sent = 0;
  const count = (bytes: number): void => {
    sent += bytes;
    onProgress(sent);
  };
  if (!(body instanceof Blob)) {
    return body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller): void {
          controller.enqueue(chunk);
          count(chunk.byteLength);
        },
      }),
    );
  }
  let offset = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const part = body.slice(offset, offset + UPLOAD_CHUNK_BYTES);
      const bytes = new Uint8Array(await part.arrayBuffer());
      offset += bytes.length;
      if (bytes.length > 0) {
        controller.enqueue(bytes);
        count(bytes.length);
      }
      if (offset >= body.size) controller.close();
    },
  }, { highWaterMark: 0 });
}
