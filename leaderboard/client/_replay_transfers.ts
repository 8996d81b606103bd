// This module is browser compatible.
import type { Random } from "../../core/mod.ts";
import type { HttpEvent, HttpRequest, RequestId } from "../../http/mod.ts";
import { checkSha256 } from "./_checks.ts";
import type { ClientContext, ClientPart } from "./client_part.ts";
import { details } from "./_failure.ts";
import { ReplayDownload } from "./_replay_download.ts";
import { ReplayUpload } from "./_replay_upload.ts";
import type { Transfer, TransferContext } from "./_transfer.ts";
import type { LeaderboardCallId } from "./event.ts";

/** Transfers that are under way at a time; the others wait in the order of their calls. */
const MAX_RUNNING = 2;
/** So many replays of the largest size may be held for uploads. */
const MAX_HELD_REPLAYS = 4;

/** The uploads and downloads of a client. */
export class ReplayTransfers implements ClientPart {
  readonly #context: TransferContext;
  /** All of them, in the order of their calls: the first ones are under way. */
  readonly #byId = new Map<LeaderboardCallId, Transfer>();
  readonly #byRequest = new Map<RequestId, Transfer>();
  readonly #requests = new Map<Transfer, RequestId>();
  #isClosed = false;

  constructor(client: ClientContext, random: Random, maxReplayBytes: number) {
    this.#context = {
      client,
      random,
      maxReplayBytes,
      send: (request, transfer) => this.#send(request, transfer),
      abort: (transfer) => this.#abort(transfer),
    };
  }

  upload(bytes: Uint8Array): LeaderboardCallId {
    if (!(bytes instanceof Uint8Array)) {
      throw new TypeError(
        `Cannot upload replay as bytes must be a Uint8Array: current value is of type ${typeof bytes}`,
      );
    }
    const { client, maxReplayBytes } = this.#context;
    const id = client.open();
    if (!client.isOpen(id)) return id;
    let held = 0;
    for (const transfer of this.#byId.values()) held += transfer.heldBytes;
    const isTooLarge = bytes.length > maxReplayBytes;
    if (isTooLarge || held + bytes.length > maxReplayBytes * MAX_HELD_REPLAYS) {
      const reason = isTooLarge ? "tooLarge" : "queueFull";
      client.end({
        type: "replayFailed",
        id,
        ...details(
          "queueFull",
          isTooLarge
            ? `Cannot upload replay as it must have at most ${maxReplayBytes} bytes: current length is ${bytes.length}`
            : `Cannot upload replay as those under way must have at most ${
              maxReplayBytes * MAX_HELD_REPLAYS
            } bytes together`,
        ),
        reason,
        code: reason,
        direction: "upload",
        sha256: undefined,
      });
      return id;
    }
    return this.#add(new ReplayUpload(id, bytes.slice(), this.#context));
  }

  download(sha256: string): LeaderboardCallId {
    checkSha256("sha256", sha256);
    const { client } = this.#context;
    const id = client.open();
    return client.isOpen(id)
      ? this.#add(new ReplayDownload(id, sha256, this.#context))
      : id;
  }

  handle(event: HttpEvent): boolean {
    if (event.type === "circuitChanged") return false;
    const transfer = this.#byRequest.get(event.id);
    if (transfer === undefined) return false;
    switch (event.type) {
      case "success":
      case "failure":
      case "timeout":
      case "cancelled":
        this.#byRequest.delete(event.id);
    }
    // What was aborted still tells of its end.
    if (this.#requests.get(transfer) !== event.id) return true;
    if (!this.#byRequest.has(event.id)) this.#requests.delete(transfer);
    transfer.handle(event);
    this.#forgetEnded(transfer);
    return true;
  }

  tick(dt: number): void {
    let running = 0;
    for (const transfer of this.#byId.values()) {
      if (++running > MAX_RUNNING) return;
      transfer.tick(dt);
      this.#forgetEnded(transfer);
    }
  }

  cancel(id: LeaderboardCallId): boolean {
    const transfer = this.#byId.get(id);
    if (transfer === undefined) return false;
    this.#byId.delete(id);
    this.#abort(transfer);
    transfer.stop();
    this.#context.client.end({ type: "cancelled", id });
    return true;
  }

  /** Ends all, also those that wait; later ones are cancelled when they are made. */
  close(): void {
    this.#isClosed = true;
    for (const id of [...this.#byId.keys()]) this.cancel(id);
  }

  #add(transfer: Transfer): LeaderboardCallId {
    this.#byId.set(transfer.id, transfer);
    if (this.#isClosed) this.cancel(transfer.id);
    return transfer.id;
  }

  #send(request: HttpRequest, transfer: Transfer): void {
    const id = this.#context.client.send(request);
    this.#byRequest.set(id, transfer);
    this.#requests.set(transfer, id);
  }

  #abort(transfer: Transfer): void {
    const request = this.#requests.get(transfer);
    if (request === undefined) return;
    this.#requests.delete(transfer);
    this.#context.client.abort(request);
  }

  #forgetEnded(transfer: Transfer): void {
    if (!this.#context.client.isOpen(transfer.id)) {
      this.#byId.delete(transfer.id);
    }
  }
}
