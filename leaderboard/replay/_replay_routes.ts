// This module is browser compatible.
import { type Clock, encodeBase64Url, type PlayerId } from "../../core/mod.ts";
import { json, methodNotAllowed, readJson } from "../../http/server/mod.ts";
import type { Call, Routes } from "../server/call.ts";
import { Problem } from "../server/problem.ts";
import { matchesTag, readByteRange } from "./_byte_range.ts";
import type { PartReader } from "./_part_reader.ts";
import { KEEP_MS } from "./_replay_sweep.ts";
import type { ReplayVerifier } from "./_replay_verifier.ts";
import { replayBody } from "./_replay_body.ts";
import type {
  ReplayDescription,
  ReplayEncoding,
  ReplayStore,
  ReplayUpload,
} from "./replay_store.ts";
import { isSha256 } from "./sha256.ts";

/**
 * A part that is not the last one is not smaller, as each is a row, an entry, an allocation of its own wherever it is
 * kept.
 */
const MIN_PART_BYTES = 4_096;
const OFFSET = /^\d{1,15}$/;
const UPLOAD_ID_BYTES = 16;

/** What {@linkcode ReplayRoutes} work with. */
export interface ReplayRoutesContext {
  readonly replays: ReplayStore;
  readonly clock: Clock;
  readonly maxReplayBytes: number;
  readonly takeTurn: (playerId: PlayerId) => void;
  readonly parts: PartReader;
  readonly verifier: ReplayVerifier;
}

/** Uploads and downloads: the paths of PROTOCOL.md, section 7, but for the list of a board's replays. */
export class ReplayRoutes implements Routes {
  /** What was done so far. */
  readonly counts = { completed: 0, refused: 0, given: 0, receivedBytes: 0 };
  readonly #context: ReplayRoutesContext;

  constructor(context: ReplayRoutesContext) {
    this.#context = context;
  }

  handle(call: Call): Promise<Response> | undefined {
    const { method, segments: [first, second = ""], request } = call;
    if (first === "replays") {
      if (segmentCount(call, 1)) {
        if (method === "POST") return this.#begin(call);
        throw methodNotAllowed("POST");
      }
      if (!segmentCount(call, 2)) return undefined;
      if (method === "GET") return this.#download(request, second);
      throw methodNotAllowed("GET");
    }
    if (first === "uploads" && segmentCount(call, 2)) {
      if (method === "PATCH") return this.#append(call, second);
      if (method === "GET") return this.#status(call, second);
      if (method === "DELETE") return this.#abort(call, second);
      throw methodNotAllowed("GET", "PATCH", "DELETE");
    }
    return undefined;
  }

  async #begin(call: Call): Promise<Response> {
    const owner = await ownerOf(call);
    // Some kilobytes of gzip are a replay of full size to decompress and hash, whatever its hash turns out to be.
    if (call.role === "game") {
      this.#context.takeTurn((await call.player()).playerId);
    }
    const described = this.#describe(await readJson(call.request));
    const nowMs = this.#context.clock.epochMs();
    const begun = await this.#context.replays.begin({
      ...described,
      id: newUploadId(),
      owner,
      nowMs,
      expiresMs: nowMs + KEEP_MS,
    });
    switch (begun.type) {
      case "complete":
        return json(200, { replay: described.sha256, isComplete: true });
      case "open":
        this.counts.given += begun.given;
        return json(201, {
          replay: described.sha256,
          isComplete: false,
          upload: begun.upload.id,
          offset: begun.upload.offset,
        });
      default:
        throw noRoom(begun.type);
    }
  }

  #describe(body: Readonly<Record<string, unknown>>): ReplayDescription {
    const { sha256, bytes, encoding, encodedBytes } = body;
    if (!isSha256(sha256)) {
      throw invalid("sha256", "64 hexadecimal digits in lower case");
    }
    if (encoding !== "identity" && encoding !== "gzip") {
      throw invalid("encoding", '"gzip" or "identity"');
    }
    const description = {
      sha256,
      bytes: this.#checkLength("bytes", bytes),
      encoding: encoding as ReplayEncoding,
      encodedBytes: this.#checkLength("encodedBytes", encodedBytes),
    };
    if (encoding === "identity" && bytes !== encodedBytes) {
      throw invalid("encodedBytes", "the same as bytes without compression");
    }
    return description;
  }

  #checkLength(field: string, value: unknown): number {
    if (!Number.isSafeInteger(value) || value as number < 0) {
      throw invalid(field, "an integer of 0 or more");
    }
    const { maxReplayBytes } = this.#context;
    if (value as number <= maxReplayBytes) return value as number;
    throw new Problem(
      "replayTooLarge",
      `Cannot upload as ${field} must be at most ${maxReplayBytes}: current value is ${value}`,
      { field },
    );
  }

  async #append(call: Call, id: string): Promise<Response> {
    const before = await this.#uploadOf(call, id);
    const { request } = call;
    const text = request.headers.get("upload-offset") ?? "";
    if (!OFFSET.test(text)) {
      throw invalid("Upload-Offset", "a header field with an integer");
    }
    const type = request.headers.get("content-type") ?? "";
    if (!/^application\/octet-stream *(?:;|$)/i.test(type)) {
      throw new Problem(
        "unsupportedMediaType",
        "Cannot take the part as its type must be application/octet-stream",
      );
    }
    const offset = Number(text);
    // Told before the bytes have come, where that is possible.
    if (offset !== before.offset) throw mismatch(before);
    const bytes = await this.#context.parts.read(id, request);
    const end = offset + bytes.length;
    if (bytes.length < MIN_PART_BYTES && end < before.encodedBytes) {
      throw new Problem(
        "invalidRequest",
        `Cannot take the part as one that is not the last must be at least ${MIN_PART_BYTES} bytes`,
      );
    }
    const { replays, clock } = this.#context;
    const expiresMs = clock.epochMs() + KEEP_MS;
    const appended = await replays.append(id, offset, bytes, expiresMs);
    switch (appended.type) {
      case "appended":
        this.counts.receivedBytes += bytes.length;
        return await this.#answer(appended.upload);
      case "offsetMismatch":
        throw mismatch(appended.upload);
      case "tooLong":
        throw new Problem(
          "bodyTooLarge",
          `Cannot take the part as the upload has ${appended.upload.encodedBytes} bytes`,
        );
      case "notFound":
        throw uploadNotFound();
      default:
        throw noRoom(appended.type);
    }
  }

  /** Says where an upload is; verifies it when it is at its end. */
  async #answer(upload: ReplayUpload): Promise<Response> {
    const { id, offset, sha256 } = upload;
    if (offset < upload.encodedBytes) {
      return json(200, { offset, isComplete: false, replay: sha256 });
    }
    const { replays, verifier, clock } = this.#context;
    switch (await verifier.verify(upload)) {
      case "busy":
        throw new Problem(
          "rateLimited",
          "Cannot verify the replay now: send an empty part later",
          { retryAfterMs: 1_000 },
        );
      case "wrong":
        this.counts.refused += 1;
        await replays.abort(id);
        throw new Problem(
          "replayInvalid",
          "Cannot take the replay as its bytes are not what their hash and length say",
        );
      case "right":
        if (await replays.complete(id, clock.epochMs()) !== undefined) {
          this.counts.completed += 1;
          break;
        }
        // Another request was told the same verdict, and was faster.
        /* falls through */
      case "gone":
        if (await replays.replay(sha256) === undefined) throw uploadNotFound();
    }
    return json(200, { offset, isComplete: true, replay: sha256 });
  }

  async #status(call: Call, id: string): Promise<Response> {
    const { offset, sha256 } = await this.#uploadOf(call, id);
    return json(200, { offset, isComplete: false, replay: sha256 });
  }

  async #abort(call: Call, id: string): Promise<Response> {
    await this.#uploadOf(call, id);
    if (!await this.#context.replays.abort(id)) throw uploadNotFound();
    return new Response(null, {
      status: 204,
      headers: { "cache-control": "no-store" },
    });
  }

  /** An upload of who asks; others' are not there for him. */
  async #uploadOf(call: Call, id: string): Promise<ReplayUpload> {
    const owner = await ownerOf(call);
    const upload = await this.#context.replays.upload(id);
    if (upload?.owner === owner) return upload;
    throw uploadNotFound();
  }

  async #download(request: Request, sha256: string): Promise<Response> {
    const { replays } = this.#context;
    const replay = isSha256(sha256) ? await replays.replay(sha256) : undefined;
    if (replay === undefined) {
      throw new Problem("replayNotFound", "Cannot find the replay");
    }
    const tag = `"${sha256}"`;
    const { encoding, encodedBytes } = replay;
    const headers = new Headers({
      etag: tag,
      "cache-control": "public, max-age=31536000, immutable",
    });
    const known = request.headers.get("if-none-match");
    if (known !== null && matchesTag(known, sha256)) {
      return new Response(null, { status: 304, headers });
    }
    headers.set("content-type", "application/octet-stream");
    // Nobody's bytes are a page of the server's own origin.
    headers.set("x-content-type-options", "nosniff");
    if (encoding === "gzip") headers.set("content-encoding", encoding);
    else headers.set("accept-ranges", "bytes");
    const wanted = request.headers.get("range");
    const condition = request.headers.get("if-range");
    const range = wanted !== null && encoding === "identity" &&
        request.method === "GET" && (condition === null || condition === tag)
      ? readByteRange(wanted, encodedBytes)
      : undefined;
    if (range === "unsatisfiable") {
      return json(416, {
        code: "invalidRange",
        message:
          `Cannot answer as the range must be within ${encodedBytes} bytes`,
      }, { "content-range": `bytes */${encodedBytes}` });
    }
    const { start, end } = range ?? { start: 0, end: encodedBytes };
    if (range !== undefined) {
      headers.set("content-range", `bytes ${start}-${end - 1}/${encodedBytes}`);
    }
    headers.set("content-length", `${end - start}`);
    const body = request.method === "HEAD"
      ? null
      : await replayBody(replays, sha256, start, end);
    return new Response(body, {
      status: range === undefined ? 200 : 206,
      headers,
    });
  }
}

function segmentCount(call: Call, count: number): boolean {
  return call.segments.length === count;
}

/** Players own what they upload; what a game server or an admin uploads without being one is the title's. */
async function ownerOf(call: Call): Promise<string> {
  const identity = call.role === "game"
    ? await call.player()
    : await call.identity();
  return identity === undefined
    ? call.title
    : `${call.title}/${identity.playerId}`;
}

function newUploadId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(UPLOAD_ID_BYTES));
  // It is part of a path.
  return encodeBase64Url(bytes);
}

function invalid(field: string, wanted: string): Problem {
  return new Problem(
    "invalidRequest",
    `Cannot upload as ${field} must be ${wanted}`,
    { field },
  );
}

function mismatch({ offset }: ReplayUpload): Problem {
  return new Problem(
    "offsetMismatch",
    `Cannot take the part as its offset must be ${offset}`,
    { offset },
  );
}

function uploadNotFound(): Problem {
  return new Problem("uploadNotFound", "Cannot find the upload");
}

/** Not 503: what has no room now has none in a second, and clients would think that the server is down. */
function noRoom(type: "full" | "quotaExceeded"): Problem {
  return new Problem(
    "quotaExceeded",
    type === "full"
      ? "Cannot upload as the server has no room for more replays"
      : "Cannot upload as the player has too many replays that no score has",
  );
}
