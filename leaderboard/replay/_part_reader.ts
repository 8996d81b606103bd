// This module is browser compatible.
import { BodyBytes } from "../../http/server/mod.ts";
import { Problem } from "../server/problem.ts";

/** The most bytes of a part. */
export const MAX_PART_BYTES = 1_048_576;
/** Parts whose bytes are coming, and are held until they are written. */
const MAX_READING = 64;
/** Who sends more slowly than this allows sends smaller parts. */
const MAX_READING_SECONDS = 120;

/** Of one upload: a part, and the same one sent again by a peer who knows that its connection was cut. */
const MAX_READING_PER_UPLOAD = 2;

interface Reading {
  readonly id: string;
  readonly reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  secondsLeft: number;
  isGivenUp: boolean;
}

/** Reads the bodies of parts: so many at a time, and in bounded time. */
export class PartReader {
  /** The oldest first. */
  readonly #readings = new Set<Reading>();

  /** How many are being read. */
  get size(): number {
    return this.#readings.size;
  }

  /**
   * Reads a body.
   *
   * @param id The upload.
   * @param request The request.
   * @returns A promise of the bytes. It rejects with a {@linkcode Problem}.
   */
  async read(id: string, request: Request): Promise<Uint8Array<ArrayBuffer>> {
    const announced = Number(request.headers.get("content-length") ?? "0");
    if (announced > MAX_PART_BYTES) throw tooLarge();
    if (request.body === null) return new Uint8Array(0);
    const own = [...this.#readings].filter((reading) => reading.id === id);
    if (own.length >= MAX_READING_PER_UPLOAD) this.#giveUp(own[0]!);
    if (this.#readings.size >= MAX_READING) {
      throw new Problem(
        "rateLimited",
        "Cannot take a part now: send it again later",
        { retryAfterMs: 1_000 },
      );
    }
    const reading = {
      id,
      reader: request.body.getReader(),
      secondsLeft: MAX_READING_SECONDS,
      isGivenUp: false,
    };
    this.#readings.add(reading);
    try {
      return await readWhole(reading);
    } finally {
      this.#readings.delete(reading);
    }
  }

  /** Moves on in time: `dt` in seconds. */
  tick(dt: number): void {
    for (const reading of this.#readings) {
      reading.secondsLeft -= dt;
      if (reading.secondsLeft <= 0) this.#giveUp(reading);
    }
  }

  #giveUp(reading: Reading): void {
    reading.isGivenUp = true;
    this.#readings.delete(reading);
    reading.reader.cancel().catch(() => {});
  }
}

async function readWhole(reading: Reading): Promise<Uint8Array<ArrayBuffer>> {
  const { reader } = reading;
  const body = new BodyBytes(MAX_PART_BYTES);
  while (true) {
    let result: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;
    try {
      result = await reader.read();
    } catch {
      throw incomplete();
    }
    // A body that was cancelled seems to end in order.
    if (reading.isGivenUp) throw incomplete();
    if (result.done) break;
    try {
      body.add(result.value);
    } catch (problem) {
      reader.cancel().catch(() => {});
      throw problem;
    }
  }
  return body.take();
}

function incomplete(): Problem {
  return new Problem(
    "invalidRequest",
    "Cannot take the part as it ended before its end, or took too long",
  );
}

function tooLarge(): Problem {
  return new Problem(
    "bodyTooLarge",
    `Cannot take the part as it must be at most ${MAX_PART_BYTES} bytes`,
  );
}
