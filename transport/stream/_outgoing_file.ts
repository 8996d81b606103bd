// This module is browser compatible.
import { Fnv1a64 } from "../../core/mod.ts";
import { encodeChunk, encodeControl, Op } from "./_messages.ts";
import type { FileTransferId } from "./file_event.ts";
import type { FileSource } from "./file_source.ts";

/** A file that is sent: as far as the other end has given leave to. */
export class OutgoingFile {
  readonly isSending = true;
  readonly id: FileTransferId;
  readonly name: string;
  /** `undefined` while this end has not said whether it serves it. */
  source: FileSource | undefined;
  version = "";
  /** What a request that waits for its answer wants. */
  wantedVersion = "";
  idleMs = 0;
  hasMoved = false;
  /** Whether it has ended: its source may have done that. */
  isOver = false;
  readonly #hash = new Fnv1a64();
  #chunk = new Uint8Array(0);
  #next = 0;
  #upTo = 0;
  #hasBegun = false;
  /** Whether the hash was sent. */
  #hasEnded = false;

  constructor(
    id: FileTransferId,
    name: string,
    source: FileSource | undefined,
  ) {
    this.id = id;
    this.name = name;
    this.source = source;
  }

  /** Bytes up to which all were given to the link. */
  get position(): number {
    return this.#next;
  }

  get size(): number {
    return this.source?.size ?? 0;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether all was given to the link. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What the other end has already, wants at first, and in which pieces. Once. */
  begin(offset: number, upTo: number, chunkBytes: number): void {
    this.#hasBegun = true;
    this.#next = offset;
    this.#upTo = upTo;
    this.#chunk = new Uint8Array(chunkBytes);
  }

  /** The other end gives leave up to there; less than before means nothing. */
  grant(upTo: number): void {
    if (upTo > this.#upTo) this.#upTo = upTo;
  }

  /**
   * Sends what it may, at most `maxBytes` and a piece.
   *
   * @returns How many bytes were sent; -1 if the link has no room.
   */
  pump(send: (message: Uint8Array) => boolean, maxBytes: number): number {
    const { source } = this;
    if (source === undefined || !this.#hasBegun || this.#hasEnded) return 0;
    const { size } = source;
    let sent = 0;
    while (this.#next < size && sent < maxBytes) {
      const length = Math.min(this.#chunk.length, size - this.#next);
      if (this.#next + length > this.#upTo) return sent;
      const bytes = this.#chunk.subarray(0, length);
      source.read(this.#next, bytes);
      if (this.isOver) return sent;
      if (!send(encodeChunk(this.id, this.#next, bytes))) return -1;
      this.#hash.update(bytes);
      this.#next += length;
      sent += length;
      this.hasMoved = true;
    }
    if (this.#next < size) return sent;
    const { low, high } = this.#hash;
    const isSent = send(encodeControl(this.id, Op.End, (body) => {
      body.u32(low);
      body.u32(high);
    }));
    if (!isSent) return -1;
    this.#hasEnded = true;
    this.hasMoved = true;
    return sent;
  }
}
