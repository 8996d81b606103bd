// This module is browser compatible.
import { HttpRequest, type HttpTerminalEvent } from "../../http/mod.ts";
import { isVisible } from "./_checks.ts";
import { details, failureOf, jsonOf, malformed } from "./_failure.ts";
import type { FailureDetails } from "./_failure.ts";
import { isCount } from "./_read_entry.ts";
import { type EncodedReplay, ReplayEncoder } from "./_replay_encoder.ts";
import { MAX_ANSWER_BYTES } from "./_requests.ts";
import {
  type RequestEvent,
  type Transfer,
  type TransferContext,
  TransferRetry,
} from "./_transfer.ts";
import type { LeaderboardCallId } from "./event.ts";

const PART_BYTES = 262_144;
/** On a line on which nothing larger gets through in time. */
const MIN_PART_BYTES = 16_384;
const PART_TIMEOUT_MS = 60_000;
const MAX_UPLOAD_ID_LENGTH = 128;

type State =
  /** It is hashed and compressed. */
  | "encoding"
  /** It has failed, and waits until it asks the server how far it is. */
  | "waiting"
  /** The server is asked how far it is. */
  | "asking"
  /** A part is under way. */
  | "sending"
  | "ended";

/**
 * Uploads a replay. Whatever fails, the server is asked how far it is, which also finds out that all is there already:
 * so one way leads on from a cut, a part whose answer was lost, a restart of either side, and an upload that is gone.
 */
export class ReplayUpload implements Transfer {
  readonly id: LeaderboardCallId;
  readonly #context: TransferContext;
  readonly #retry: TransferRetry;
  #raw: Uint8Array<ArrayBuffer> | undefined;
  #encoder: ReplayEncoder | undefined;
  #replay: EncodedReplay | undefined;
  #state: State = "encoding";
  #upload = "";
  #offset = 0;
  /** How far it ever was. */
  #highest = -1;
  #partBytes = PART_BYTES;
  /** Where the part under way ends. */
  #partEnd = 0;
  #sentBytes = 0;
  /** Whether bytes of an earlier call are in it, which may have been compressed by another library. */
  #isMixed = false;

  /** Keeps the bytes, which must not be changed. */
  constructor(
    id: LeaderboardCallId,
    bytes: Uint8Array<ArrayBuffer>,
    context: TransferContext,
  ) {
    this.id = id;
    this.#raw = bytes;
    this.#context = context;
    this.#retry = new TransferRetry(context.random);
  }

  get heldBytes(): number {
    return (this.#raw?.length ?? 0) + (this.#replay?.encoded.length ?? 0);
  }

  tick(dt: number): void {
    if (this.#state === "encoding") this.#encode();
    else if (this.#state === "waiting" && this.#retry.tick(dt)) this.#ask();
  }

  handle(event: RequestEvent): void {
    switch (event.type) {
      case "success":
      case "failure":
      case "timeout":
        if (this.#state === "asking") this.#onAsked(event);
        else if (this.#state === "sending") this.#onSent(event);
        return;
      case "cancelled":
        // The client was closed.
        this.#context.client.end({ type: "cancelled", id: this.id });
        this.stop();
    }
  }

  stop(): void {
    this.#state = "ended";
    this.#encoder?.stop();
    this.#encoder = undefined;
    this.#raw = undefined;
    this.#replay = undefined;
  }

  #encode(): void {
    this.#encoder ??= new ReplayEncoder(this.#raw!);
    const { result } = this.#encoder;
    if (result === undefined) {
      this.#encoder.tick();
      return;
    }
    this.#encoder = undefined;
    if (result === "unsupported") {
      this.#end({
        ...details(
          "invalidRequest",
          "Cannot upload replay as this page has no crypto.subtle: it must come by https",
        ),
        reason: "unsupported",
        code: "unsupported",
      });
      return;
    }
    this.#raw = undefined;
    this.#replay = result;
    this.#ask();
  }

  #ask(): void {
    const { sha256, bytes, encoding, encoded } = this.#replay!;
    this.#state = "asking";
    this.#context.send(
      common(HttpRequest.postJson("v1/replays", {
        sha256,
        bytes,
        encoding,
        encodedBytes: encoded.length,
      })),
      this,
    );
  }

  #onAsked(event: Exclude<HttpTerminalEvent, { type: "cancelled" }>): void {
    if (event.type !== "success" || !event.response.isSuccess) {
      this.#fail(failureOf(event));
      return;
    }
    const json = jsonOf(event.response, MAX_ANSWER_BYTES);
    const { isComplete, upload, offset } = json ?? {};
    if (isComplete === true) {
      this.#succeed();
      return;
    }
    if (
      !isVisible(upload, MAX_UPLOAD_ID_LENGTH) || !isCount(offset) ||
      offset > this.#replay!.encoded.length
    ) {
      this.#fail(malformed(event.response.status));
      return;
    }
    if (upload !== this.#upload) {
      this.#upload = upload;
      this.#isMixed = offset > 0;
    }
    this.#moveTo(offset);
    this.#sendPart();
  }

  #sendPart(): void {
    const { encoded } = this.#replay!;
    this.#state = "sending";
    this.#partEnd = Math.min(this.#offset + this.#partBytes, encoded.length);
    // The last one may be empty: it has the server verify what is there.
    const part = encoded.subarray(this.#offset, this.#partEnd);
    this.#context.send(
      common(
        HttpRequest.create(
          "PATCH",
          `v1/uploads/${encodeURIComponent(this.#upload)}`,
        ),
      )
        .withHeader("content-type", "application/octet-stream")
        .withHeader("upload-offset", `${this.#offset}`)
        .withBody(part)
        .withTimeout(PART_TIMEOUT_MS),
      this,
    );
    this.#sentBytes += part.length;
  }

  #onSent(event: Exclude<HttpTerminalEvent, { type: "cancelled" }>): void {
    if (event.type === "success" && event.response.isSuccess) {
      const { isComplete, offset } = jsonOf(event.response, MAX_ANSWER_BYTES) ??
        {};
      if (isComplete === true && this.#partEnd === this.#total) {
        this.#succeed();
      } else if (isComplete === false && offset === this.#partEnd) {
        this.#moveTo(offset);
        // An answer that all is there but not complete would be asked for forever.
        if (offset < this.#total) this.#sendPart();
        else this.#fail(malformed(event.response.status));
      } else this.#fail(malformed(event.response.status));
      return;
    }
    const failure = failureOf(event);
    if (failure.reason === "timeout") {
      this.#partBytes = Math.max(MIN_PART_BYTES, this.#partBytes >> 1);
    }
    switch (failure.code) {
      // The answer to this part was lost, somebody else sends the same, or the upload is over.
      case "offsetMismatch":
      case "uploadNotFound":
        this.#fail({ ...failure, reason: "serverFailed" });
        return;
      case "replayInvalid":
        if (this.#isMixed) {
          this.#isMixed = false;
          this.#fail({ ...failure, reason: "serverFailed" });
          return;
        }
    }
    this.#fail(failure);
  }

  get #total(): number {
    return this.#replay!.encoded.length;
  }

  #moveTo(offset: number): void {
    this.#offset = offset;
    if (offset > this.#highest) {
      this.#highest = offset;
      this.#retry.onProgress();
    }
    this.#context.client.inform({
      type: "replayProgress",
      id: this.id,
      direction: "upload",
      sha256: this.#replay!.sha256,
      bytes: offset,
      totalBytes: this.#total,
    });
  }

  #succeed(): void {
    const { sha256, bytes } = this.#replay!;
    this.#context.client.end({
      type: "replayUploaded",
      id: this.id,
      sha256,
      bytes,
      sentBytes: this.#sentBytes,
    });
    this.stop();
  }

  #fail(failure: FailureDetails): void {
    if (this.#retry.onFailure(failure)) this.#state = "waiting";
    else this.#end(failure);
  }

  #end(
    failure: Omit<FailureDetails, "reason"> & {
      reason: FailureDetails["reason"] | "unsupported";
    },
  ): void {
    this.#context.client.end({
      type: "replayFailed",
      id: this.id,
      ...failure,
      direction: "upload",
      sha256: this.#replay?.sha256,
    });
    this.stop();
  }
}

function common(request: HttpRequest): HttpRequest {
  // The wait between attempts is the upload's own, as it asks the server first.
  return request.withRetries(0).withRedirect("error")
    .withMaxBodyBytes(MAX_ANSWER_BYTES);
}
