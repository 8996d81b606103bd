// This module is browser compatible.

/** What may wait to be written: beyond, lines are dropped and counted. */
const MAX_WAITING_CHARACTERS = 1_048_576;

/** What lines are written to. */
export interface LineSink {
  /** Writes some of the bytes; resolves with how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * Writes lines of JSON to a pipe that somebody reads, or does not: it never waits, so that a server does not stand still
 * with whatever reads its log.
 */
export class LineLog {
  readonly #sink: LineSink;
  readonly #encoder = new TextEncoder();
  #waiting = "";
  #dropped = 0;
  #writing: Promise<void> | undefined;

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  /** Adds a line, unless there is no room. */
  write(fields: Readonly<Record<string, string | number>>): void {
    if (this.#waiting.length > MAX_WAITING_CHARACTERS) {
      this.#dropped += 1;
      return;
    }
    this.#waiting += `${JSON.stringify(fields)}\n`;
    this.#writing ??= this.#flush();
  }

  /** Resolves when all is written, or cannot be. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #flush(): Promise<void> {
    try {
      while (this.#waiting !== "") {
        let text = this.#waiting;
        this.#waiting = "";
        if (this.#dropped > 0) {
          text += `${JSON.stringify({ droppedLines: this.#dropped })}\n`;
          this.#dropped = 0;
        }
        let bytes = this.#encoder.encode(text);
        while (bytes.length > 0) {
          bytes = bytes.subarray(await this.#sink.write(bytes));
        }
      }
    } catch {
      // Nobody reads any more, which is no reason to stop.
      this.#waiting = "";
    }
    this.#writing = undefined;
  }
}
