// This module is browser compatible.
import { HttpRequest, type HttpTerminalEvent } from "../../http/mod.ts";
import { sha256 } from "../replay/sha256.ts";
import {
  details,
  type FailureDetails,
  failureOf,
  malformed,
} from "./_failure.ts";
import { joinChunks } from "./_join_chunks.ts";
import {
  type RequestEvent,
  type Transfer,
  type TransferContext,
  TransferRetry,
} from "./_transfer.ts";
import type { LeaderboardCallId } from "./event.ts";
import type { ReplayFailureReason } from "./replay_event.ts";

const IDLE_TIMEOUT_MS = 30_000;
const CONTENT_RANGE = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/i;
const LENGTH = /^\d{1,15}$/;

type State = "idle" | "fetching" | "waiting" | "hashing" | "ended";

/**
 * Downloads a replay as a stream, so that a slow line has all the time it needs as long as something comes. `fetch`
 * decompresses by itself: what is counted, bounded and hashed is what the game will get. After a cut it goes on where it
 * was if the server sends ranges, which it does of what is not compressed.
 */
export class ReplayDownload implements Transfer {
  readonly id: LeaderboardCallId;
  readonly #context: TransferContext;
  readonly #sha256: string;
  readonly #retry: TransferRetry;
  #state: State = "idle";
  #chunks: Uint8Array[] = [];
  #heldBytes = 0;
  /** How far it ever was. */
  #highest = 0;
  #totalBytes: number | undefined;
  #hasRanges = false;
  /** Whether what comes is part of the replay, and not what else a server says. */
  #isTaking = false;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  /** The hash of what came, as soon as it is there. */
  #hash: string | undefined;

  constructor(
    id: LeaderboardCallId,
    sha256: string,
    context: TransferContext,
  ) {
    this.id = id;
    this.#sha256 = sha256;
    this.#context = context;
    this.#retry = new TransferRetry(context.random);
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  tick(dt: number): void {
    if (
      this.#state === "idle" ||
      this.#state === "waiting" && this.#retry.tick(dt)
    ) this.#fetch();
    else if (this.#state === "hashing") this.#compare();
  }

  handle(event: RequestEvent): void {
    if (this.#state !== "fetching") return;
    switch (event.type) {
      case "responseStarted":
        this.#onStart(event);
        return;
      case "chunk":
        if (this.#isTaking) this.#take(event.bytes);
        return;
      case "success":
      case "failure":
      case "timeout":
        this.#onEnd(event);
        return;
      case "cancelled":
        // The client was closed.
        this.#context.client.end({ type: "cancelled", id: this.id });
        this.stop();
    }
  }

  stop(): void {
    this.#state = "ended";
    this.#forget();
    this.#bytes = undefined;
  }

  #fetch(): void {
    this.#state = "fetching";
    this.#isTaking = false;
    if (!this.#hasRanges) this.#forget();
    let request = HttpRequest.get(`v1/replays/${this.#sha256}`)
      .withRetries(0)
      .withRedirect("error")
      .withDeadline(Infinity)
      .withStreaming({ idleTimeoutMs: IDLE_TIMEOUT_MS });
    if (this.#heldBytes > 0) {
      request = request.withHeader("range", `bytes=${this.#heldBytes}-`);
    }
    this.#context.send(request, this);
  }

  #onStart(
    { status, headers }: Extract<RequestEvent, { type: "responseStarted" }>,
  ): void {
    const isEncoded = headers.has("content-encoding");
    if (status === 206) {
      const [, first, total] =
        CONTENT_RANGE.exec(headers.get("content-range") ?? "") ?? [];
      if (Number(first) !== this.#heldBytes || isEncoded) {
        this.#refuse(status);
        return;
      }
      this.#totalBytes = Number(total);
    } else if (status === 200) {
      // From its start, whatever was asked for.
      this.#forget();
      const length = headers.get("content-length") ?? "";
      this.#totalBytes = !isEncoded && LENGTH.test(length)
        ? Number(length)
        : undefined;
      this.#hasRanges = !isEncoded &&
        headers.get("accept-ranges")?.toLowerCase() === "bytes";
    } else {
      this.#refuse(status);
      return;
    }
    this.#isTaking = true;
    if ((this.#totalBytes ?? 0) > this.#context.maxReplayBytes) {
      this.#refuseSize();
    }
  }

  #take(bytes: Uint8Array): void {
    if (this.#heldBytes + bytes.length > this.#context.maxReplayBytes) {
      this.#refuseSize();
      return;
    }
    this.#chunks.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.#highest) {
      this.#highest = this.#heldBytes;
      this.#retry.onProgress();
    }
    this.#context.client.inform({
      type: "replayProgress",
      id: this.id,
      direction: "download",
      sha256: this.#sha256,
      bytes: this.#heldBytes,
      totalBytes: this.#totalBytes,
    });
  }

  #onEnd(event: Exclude<HttpTerminalEvent, { type: "cancelled" }>): void {
    if (event.type !== "success" || !event.response.isSuccess) {
      // A range that is not there: what was held is of something else.
      if (event.type === "success" && event.response.status === 416) {
        this.#hasRanges = false;
        this.#fail(malformed(416));
      } else this.#fail(failureOf(event));
      return;
    }
    if (!this.#isTaking) {
      this.#fail(malformed(event.response.status));
      return;
    }
    const bytes = joinChunks(this.#chunks, this.#heldBytes);
    this.#forget();
    this.#bytes = bytes;
    this.#heldBytes = bytes.length;
    this.#state = "hashing";
    sha256(bytes).then(
      (hash) => this.#hash = hash,
      () => this.#hash = "unsupported",
    );
  }

  #compare(): void {
    if (this.#hash === undefined) return;
    if (this.#hash === "unsupported") {
      this.#end({
        ...details(
          "invalidRequest",
          "Cannot verify replay as this page has no crypto.subtle: it must come by https",
        ),
        reason: "unsupported",
        code: "unsupported",
      });
      return;
    }
    if (this.#hash !== this.#sha256) {
      this.#end({
        ...details(
          "malformedResponse",
          `Cannot take replay as its hash must be "${this.#sha256}": current value is "${this.#hash}"`,
        ),
        reason: "hashMismatch",
        code: "hashMismatch",
      });
      return;
    }
    this.#context.client.end({
      type: "replayDownloaded",
      id: this.id,
      sha256: this.#sha256,
      bytes: this.#bytes!,
    });
    this.stop();
  }

  #refuse(status: number): void {
    this.#hasRanges = false;
    this.#context.abort(this);
    this.#fail(malformed(status));
  }

  #refuseSize(): void {
    const { maxReplayBytes } = this.#context;
    this.#context.abort(this);
    this.#end({
      ...details(
        "malformedResponse",
        `Cannot take replay as it must have at most ${maxReplayBytes} bytes`,
      ),
      reason: "tooLarge",
      code: "tooLarge",
    });
  }

  #fail(failure: FailureDetails): void {
    if (this.#retry.onFailure(failure)) this.#state = "waiting";
    else this.#end(failure);
  }

  #end(
    failure: Omit<FailureDetails, "reason"> & { reason: ReplayFailureReason },
  ): void {
    this.#context.client.end({
      type: "replayFailed",
      id: this.id,
      ...failure,
      direction: "download",
      sha256: this.#sha256,
    });
    this.stop();
  }

  #forget(): void {
    this.#chunks = [];
    this.#heldBytes = 0;
  }
}
