// This module is browser compatible.
import { Fnv1a64 } from "../../core/mod.ts";
import { MAX_SIZE } from "./_messages.ts";
import type { FileFailReason, FileTransferId } from "./file_event.ts";
import type { FileSink } from "./file_source.ts";

const FIRST_BUFFER_BYTES = 4_096;

/** A file that is received, in pieces that may come in any order. */
export class IncomingFile {
  readonly isSending = false;
  readonly id: FileTransferId;
  readonly name: string;
  version = "";
  idleMs = 0;
  hasMoved = false;
  /** Whether it has ended: its sink may have done that. */
  isOver = false;
  /** Whether the other end is to be told how far it may go. */
  needsGrant = false;
  readonly #windowBytes: number;
  readonly #chunkBytes: number;
  readonly #maxBytes: number;
  readonly #hash = new Fnv1a64();
  /** Pieces that wait for those before them, or for the size: no more than the window has. */
  readonly #held = new Map<number, Uint8Array>();
  /** -1 until it is known. */
  #size = -1;
  #from = 0;
  #next = 0;
  #upTo = 0;
  #hasBegun = false;
  #sink: FileSink | undefined;
  /** What has come, if no sink takes it; it grows with what comes, not with what was promised. */
  #bytes: Uint8Array | undefined;
  #end: { low: number; high: number } | undefined;

  constructor(
    id: FileTransferId,
    name: string,
    bounds: { windowBytes: number; chunkBytes: number; maxBytes: number },
  ) {
    this.id = id;
    this.name = name;
    this.#windowBytes = bounds.windowBytes;
    this.#chunkBytes = bounds.chunkBytes;
    this.#maxBytes = bounds.maxBytes;
  }

  get size(): number {
    return Math.max(this.#size, 0);
  }

  get hasSize(): boolean {
    return this.#size >= 0;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Bytes up to which all have come. */
  get position(): number {
    return this.#next;
  }

  get from(): number {
    return this.#from;
  }

  /** Up to where the other end may go. */
  get upTo(): number {
    return this.#upTo;
  }

  get chunkBytes(): number {
    return this.#chunkBytes;
  }

  /** Begins behind what is there already: so many bytes of a sink's, or those in memory. */
  begin(have: Uint8Array | undefined, offset: number, sink?: FileSink): void {
    this.#hasBegun = true;
    this.#sink = sink;
    if (sink === undefined) this.#bytes = have?.slice() ?? new Uint8Array(0);
    this.#from = offset;
    this.#next = offset;
    this.#upTo = Math.min(MAX_SIZE, offset + this.#windowBytes);
  }

  /** The other end has said how many bytes there are. */
  setSize(size: number): FileFailReason | undefined {
    if (this.#size >= 0) return "misbehaved";
    if (size > this.#maxBytes) return "tooLarge";
    if (size < this.#next) return "changed";
    this.#size = size;
    return undefined;
  }

  /** Takes a piece. Returns what is wrong with it. */
  onChunk(offset: number, bytes: Uint8Array): FileFailReason | undefined {
    if (!this.#hasBegun || !this.#fits(offset, bytes.length)) {
      return "misbehaved";
    }
    if (offset < this.#next || this.#held.has(offset)) return "misbehaved";
    if (offset > this.#next || this.#size < 0) {
      this.#held.set(offset, bytes.slice());
      return undefined;
    }
    this.#take(bytes);
    return undefined;
  }

  /** The other end has sent all, of which this is the hash. */
  onEnd(low: number, high: number): FileFailReason | undefined {
    if (!this.#hasBegun || this.#end !== undefined) return "misbehaved";
    this.#end = { low, high };
    return undefined;
  }

  /**
   * Moves on what was held. Returns whether all is there and right, or why not;
   * `undefined` if something is missing.
   */
  settle(): "complete" | FileFailReason | undefined {
    if (this.#size < 0) return undefined;
    while (this.#held.size > 0 && !this.isOver) {
      const bytes = this.#held.get(this.#next);
      if (bytes === undefined) break;
      this.#held.delete(this.#next);
      if (!this.#fits(this.#next, bytes.length)) return "misbehaved";
      this.#take(bytes);
    }
    if (
      this.#upTo < this.#size &&
      this.#upTo - this.#next <= this.#windowBytes / 2
    ) {
      this.#upTo = Math.min(this.#size, this.#next + this.#windowBytes);
      this.needsGrant = true;
    }
    if (this.#next < this.#size || this.#end === undefined) return undefined;
    if (this.#held.size > 0) return "misbehaved";
    const { low, high } = this.#hash;
    return low === this.#end.low && high === this.#end.high
      ? "complete"
      : "corrupt";
  }

  /** What has come in order, if it is in memory: no copy. */
  take(): Uint8Array | undefined {
    if (this.#next === 0 && this.#size !== 0) return undefined;
    return this.#bytes?.subarray(0, this.#next);
  }

  /** Whether a piece lies where one may lie: nothing overlaps then, and none is too short. */
  #fits(offset: number, length: number): boolean {
    const end = offset + length;
    if (end > this.#upTo || offset < this.#from) return false;
    if ((offset - this.#from) % this.#chunkBytes !== 0) return false;
    if (length > this.#chunkBytes) return false;
    if (this.#size < 0) return true;
    return end <= this.#size &&
      (length === this.#chunkBytes || end === this.#size);
  }

  #take(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    if (this.#sink !== undefined) this.#sink(bytes, this.#next);
    else this.#append(bytes);
    this.#next += bytes.length;
    this.hasMoved = true;
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#next + bytes.length;
    let to = this.#bytes!;
    if (needed > to.length) {
      const length = Math.max(FIRST_BUFFER_BYTES, 2 * to.length, needed);
      to = new Uint8Array(Math.min(length, this.#size));
      to.set(this.#bytes!.subarray(0, this.#next));
      this.#bytes = to;
    }
    to.set(bytes, this.#next);
  }
}
