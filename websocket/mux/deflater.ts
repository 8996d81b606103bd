// This module is browser compatible.
import {
  deflateRaw,
  type InflateError,
  inflateRawWithin,
} from "../../protocol/mod.ts";

/** Options for {@linkcode Deflater}. */
export interface DeflaterOptions {
  /** Messages of fewer bytes go as they are: an integer, 1 to 2^30. */
  readonly minBytes: number;
  /**
   * Deflates bytes, which stay as they are, to one raw stream (RFC 1951). It must settle;
   * where it rejects or throws, the message goes as it is.
   *
   * @default {deflateRaw}
   */
  readonly deflate?: (bytes: Uint8Array) => Promise<Uint8Array>;
}

/** What is deflated at a time: each takes some 300 kB, and cores are few. */
const MAX_RUNNING = 4;
/** What waits for that. Beyond it, messages go as they are, as nothing can keep up. */
const MAX_WAITING = 1_024;
const MAX_WAITING_BYTES = 8_388_608;
const MAX_BYTES = 2 ** 30;

/**
 * Deflates the messages of one or more {@linkcode Session}s, each message once for all
 * of them, and inflates theirs. What does not become an eighth smaller goes as it is.
 *
 * A message that holds a secret beside text that somebody else has chosen tells by its
 * length whether they have something in common. Do not deflate such messages: see CRIME
 * (Rizzo and Duong, 2012) and BREACH (Gluck, Harris and Prado, 2013).
 */
export class Deflater {
  readonly #minBytes: number;
  readonly #deflate: (bytes: Uint8Array) => Promise<Uint8Array>;
  /** By the bytes themselves: many sessions are given the same. */
  readonly #known = new WeakMap<Uint8Array, Job>();
  readonly #waiting: Job[] = [];
  #waitingBytes = 0;
  #running = 0;
  /** What became of messages that were large enough. */
  readonly outcomes: Record<DeflateOutcome, number> = {
    deflated: 0,
    incompressible: 0,
    skipped: 0,
    failed: 0,
  };
  /** How many bytes fewer were sent than without. */
  savedBytesOut = 0;
  /** How many fewer were received. */
  savedBytesIn = 0;
  /** How many bytes have been made of what was received, wrong streams included. */
  inflatedBytes = 0;

  /**
   * Creates a deflater.
   *
   * @param options From which size on, and by what.
   * @throws {RangeError} If `minBytes` is out of its range.
   */
  constructor(options: DeflaterOptions) {
    const { minBytes, deflate = deflateRaw } = options;
    if (
      !Number.isSafeInteger(minBytes) || minBytes < 1 || minBytes > MAX_BYTES
    ) {
      throw new RangeError(
        `Cannot create a Deflater as minBytes must be an integer from 1 to ${MAX_BYTES}: current value is ${minBytes}`,
      );
    }
    this.#minBytes = minBytes;
    this.#deflate = deflate;
  }

  /**
   * Finds what a message becomes, for whoever sends it.
   *
   * @param bytes The message, which nobody changes any more.
   * @returns The same for the same bytes; `undefined` if they are too few.
   */
  of(bytes: Uint8Array): Deflation | undefined {
    if (bytes.length < this.#minBytes) return undefined;
    let job = this.#known.get(bytes);
    if (job === undefined) {
      job = { bytes, stream: undefined, isDone: false, hasBegun: false };
      this.#known.set(bytes, job);
    }
    return job;
  }

  /**
   * Has a message deflated, if that has not begun yet.
   *
   * @param deflation What `of` has returned.
   */
  begin(deflation: Deflation): void {
    const { bytes } = deflation;
    const job = this.#known.get(bytes);
    if (job === undefined || job.hasBegun) return;
    job.hasBegun = true;
    if (this.#running < MAX_RUNNING) {
      this.#run(job);
      return;
    }
    const waitingBytes = this.#waitingBytes + bytes.length;
    if (
      this.#waiting.length >= MAX_WAITING ||
      this.#waiting.length > 0 && waitingBytes > MAX_WAITING_BYTES
    ) {
      this.outcomes.skipped += 1;
      job.isDone = true;
      return;
    }
    this.#waiting.push(job);
    this.#waitingBytes = waitingBytes;
  }

  /**
   * Inflates a message that came in.
   *
   * @param stream What came.
   * @param maxBytes The most bytes that it may become.
   * @returns The message, or what is wrong with it.
   */
  inflate(
    stream: Uint8Array,
    maxBytes: number,
  ): Uint8Array<ArrayBuffer> | InflateError {
    const bytes = inflateRawWithin(stream, maxBytes);
    if (typeof bytes === "string") {
      this.inflatedBytes += maxBytes;
    } else {
      this.inflatedBytes += bytes.length;
      this.savedBytesIn += bytes.length - stream.length;
    }
    return bytes;
  }

  async #run(job: Job): Promise<void> {
    const { bytes } = job;
    this.#running += 1;
    try {
      const stream = await this.#deflate(bytes);
      const isWorthIt = stream.length > 0 &&
        stream.length <= bytes.length - bytes.length / 8;
      if (isWorthIt) job.stream = stream;
      this.outcomes[isWorthIt ? "deflated" : "incompressible"] += 1;
    } catch {
      // A runtime without it, or without memory: the message itself is whole.
      this.outcomes.failed += 1;
    }
    job.isDone = true;
    this.#running -= 1;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#waitingBytes -= next.bytes.length;
    this.#run(next);
  }
}

/**
 * What became of a message that was large enough: `incompressible` would hardly be
 * smaller, `skipped` came when too many others waited, `failed` the runtime could not.
 */
export type DeflateOutcome =
  | "deflated"
  | "incompressible"
  | "skipped"
  | "failed";

/** A message that may go deflated. */
export interface Deflation {
  /** The message. */
  readonly bytes: Uint8Array;
  /** What to send in its place, once that is known, and if it is worth it. */
  readonly stream: Uint8Array | undefined;
  /** Whether `stream` is as it stays. */
  readonly isDone: boolean;
}

interface Job extends Deflation {
  stream: Uint8Array | undefined;
  isDone: boolean;
  /** Whether anybody has asked for it. */
  hasBegun: boolean;
}
