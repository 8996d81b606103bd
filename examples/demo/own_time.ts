// The usual tick of Linux, 250 times a second. What ran since the last one is not counted yet.
const TICK_MS = 4;

/**
 * Measures how much of a stretch of time was a stretch of code's own work. On a busy or
 * virtual machine a thread may stand still for a quarter of a second in the middle of an
 * addition, and a clock on the wall blames the addition.
 *
 * Linux tells how long the thread ran, to within a tick of its scheduler, and how often
 * it waited of its own accord. A stretch that never waited cost the time the thread ran.
 * One that did wait may have been blocked by something it called, so all its time
 * counts. Elsewhere all time always counts.
 */
export class OwnTime implements Disposable {
  readonly #schedstat = open("/proc/thread-self/schedstat");
  readonly #status = open("/proc/thread-self/status");
  readonly #buffer = new Uint8Array(4096);
  readonly #decoder = new TextDecoder();
  #ranMs = 0;
  #waits = 0;

  /** Begins a stretch. */
  begin(): void {
    this.#waits = this.#readWaits();
    this.#ranMs = this.#readRanMs();
  }

  /**
   * Ends the stretch.
   *
   * @param wallMs How long it took by the clock, in milliseconds.
   * @returns The most that can have been its own work, in milliseconds: `wallMs` or less.
   */
  end(wallMs: number): number {
    const ranMs = this.#readRanMs() - this.#ranMs;
    const waited = this.#readWaits() !== this.#waits;
    return waited || Number.isNaN(ranMs)
      ? wallMs
      : Math.min(ranMs + TICK_MS, wallMs);
  }

  [Symbol.dispose](): void {
    this.#schedstat?.close();
    this.#status?.close();
  }

  // The first number is the time the thread ran, in nanoseconds.
  #readRanMs(): number {
    return Number.parseInt(this.#read(this.#schedstat)) / 1e6;
  }

  #readWaits(): number {
    const match = /^voluntary_ctxt_switches:\s+([0-9]+)$/m
      .exec(this.#read(this.#status));
    return Number(match?.[1]);
  }

  #read(file: Deno.FsFile | undefined): string {
    if (file === undefined) return "";
    file.seekSync(0, Deno.SeekMode.Start);
    const length = file.readSync(this.#buffer) ?? 0;
    return this.#decoder.decode(this.#buffer.subarray(0, length));
  }
}

function open(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path);
  } catch {
    return undefined;
  }
}
