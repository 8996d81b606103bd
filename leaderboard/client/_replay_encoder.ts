// This module is browser compatible.
import { joinChunks } from "./_join_chunks.ts";
import { sha256 } from "../replay/sha256.ts";

/** What is compressed in a frame: a millisecond or two. */
const SLICE_BYTES = 32_768;

/** A replay, ready to be sent. */
export interface EncodedReplay {
  readonly sha256: string;
  readonly bytes: number;
  readonly encoding: "gzip" | "identity";
  readonly encoded: Uint8Array<ArrayBuffer>;
}

/**
 * Hashes and compresses a replay, a slice in each frame. Where compression makes it no smaller, or the runtime has none,
 * it stays as it is.
 */
export class ReplayEncoder {
  /** What came of it, as soon as it is there; `"unsupported"` if the runtime cannot hash. */
  result: EncodedReplay | "unsupported" | undefined;
  #next: (() => void) | undefined;
  #isStopped = false;

  /** Begins. The bytes must not be changed. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    void this.#run(bytes);
  }

  /** Lets the next slice be compressed. */
  tick(): void {
    const next = this.#next;
    this.#next = undefined;
    next?.();
  }

  /** Ends it without a result. */
  stop(): void {
    this.#isStopped = true;
    this.tick();
  }

  async #run(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    let hash: string;
    try {
      hash = await sha256(bytes);
    } catch {
      this.result = "unsupported";
      return;
    }
    const gzip = await this.#gzip(bytes).catch(() => undefined);
    const isSmaller = gzip !== undefined && gzip.length < bytes.length;
    this.result = {
      sha256: hash,
      bytes: bytes.length,
      encoding: isSmaller ? "gzip" : "identity",
      encoded: isSmaller ? gzip : bytes,
    };
  }

  async #gzip(
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const stream = new CompressionStream("gzip");
    const writer = stream.writable.getWriter();
    const output = this.#collect(stream.readable, bytes.length);
    // Each failure is seen where it is awaited.
    output.catch(() => {});
    writer.closed.catch(() => {});
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      await new Promise<void>((resolve) => this.#next = resolve);
      if (this.#isStopped) {
        await writer.abort();
        return undefined;
      }
      await writer.write(bytes.subarray(at, at + SLICE_BYTES));
    }
    await writer.close();
    return await output;
  }

  async #collect(
    readable: ReadableStream<Uint8Array<ArrayBuffer>>,
    maxBytes: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const chunks: Uint8Array[] = [];
    let byteLength = 0;
    for await (const chunk of readable) {
      byteLength += chunk.length;
      // It will not be used: then it need not be held either.
      if (byteLength >= maxBytes) chunks.length = 0;
      else chunks.push(chunk);
    }
    return byteLength < maxBytes ? joinChunks(chunks, byteLength) : undefined;
  }
}
