/** Draws lines over and over in the same place of a terminal. */
export class Terminal {
  readonly #encoder = new TextEncoder();
  #drawn = 0;
  #columns = 0;
  #busy = false;

  /** Whether standard output is a terminal that can be drawn on. */
  static isAvailable(): boolean {
    return Deno.stdout.isTerminal() && Deno.env.get("TERM") !== "dumb";
  }

  /**
   * Asks for the size of the terminal.
   *
   * @returns Characters and lines, 80 by 24 if the terminal does not tell.
   */
  size(): { columns: number; rows: number } {
    try {
      const { columns, rows } = Deno.consoleSize();
      if (columns > 0 && rows > 0) return { columns, rows };
    } catch {
      // Some terminals have no size.
    }
    return { columns: 80, rows: 24 };
  }

  /**
   * Draws lines over those of the last call. Does not wait: while the terminal has
   * not taken the last picture yet, the new one is left out.
   *
   * @param lines The lines, none longer than the terminal is wide.
   */
  draw(lines: readonly string[]): void {
    if (this.#busy) return;
    this.#busy = true;
    void this.#write(this.#picture(lines)).finally(() => this.#busy = false);
  }

  /**
   * Draws for the last time, waits for it, and gives the cursor back.
   *
   * @param lines The lines.
   */
  async close(lines: readonly string[]): Promise<void> {
    while (this.#busy) await new Promise((resolve) => setTimeout(resolve, 1));
    await this.#write(this.#picture(lines) + "\n" + SHOW_CURSOR);
  }

  #picture(lines: readonly string[]): string {
    const { columns } = this.size();
    let picture = "";
    if (this.#drawn === 0) picture = HIDE_CURSOR;
    // After a change of width the old lines may be broken anywhere.
    else if (columns !== this.#columns) picture = CLEAR_SCREEN;
    else if (this.#drawn > 1) picture = `\x1b[${this.#drawn - 1}A`;
    this.#drawn = lines.length;
    this.#columns = columns;
    return picture + "\r" + lines.join(`${CLEAR_LINE}\r\n`) + CLEAR_REST;
  }

  async #write(text: string): Promise<void> {
    let bytes = this.#encoder.encode(text);
    while (bytes.length > 0) {
      bytes = bytes.subarray(await Deno.stdout.write(bytes));
    }
  }
}

/** Gives the cursor back at once, for when the program ends in a hurry. */
export function showCursor(): void {
  Deno.stdout.writeSync(new TextEncoder().encode(SHOW_CURSOR));
}

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_SCREEN = "\x1b[2J\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_REST = "\x1b[J";
