/**
 * A server in a process of its own that can be suspended and killed, for the tests of what
 * its clients make of that.
 *
 * @module
 */

import { ROOT } from "./run.ts";

/** Options for {@linkcode ServerProcess.start}. */
export interface ServerProcessOptions {
  /**
   * Arguments of the program.
   *
   * @default {[]}
   */
  readonly args?: readonly string[];
  /**
   * Flags of `deno run` beside `-A`.
   *
   * @default {[]}
   */
  readonly flags?: readonly string[];
  /**
   * What runs the program's command: a command and its first arguments, which must put the program in its own place.
   *
   * @default {[]}
   */
  readonly prefix?: readonly string[];
  /**
   * Milliseconds that the program has to say that it is ready.
   *
   * @default {60000}
   */
  readonly timeoutMs?: number;
}

/**
 * A program that runs in another Deno until it is disposed of. As soon as it accepts
 * connections it prints `ready <port>` as its first line. Signals need a Unix.
 *
 * @example A server that stands still
 * ```ts ignore
 * import { ServerProcess } from "./process_signal.ts";
 *
 * await using server = await ServerProcess.start(
 *   new URL("echo_server.ts", import.meta.url),
 * );
 * const socket = new WebSocket(`ws://127.0.0.1:${server.port}`);
 * socket.onopen = () => server.suspend();
 * ```
 */
export class ServerProcess {
  /** The port that the program says it listens at. */
  readonly port: number;
  readonly #process: Deno.ChildProcess;
  readonly #lines: LineReader;

  private constructor(
    process: Deno.ChildProcess,
    lines: LineReader,
    port: number,
  ) {
    this.#process = process;
    this.#lines = lines;
    this.port = port;
  }

  /**
   * Starts a program and waits until it is ready.
   *
   * @param program The module to run.
   * @param options Arguments, flags and patience.
   * @returns The process.
   * @throws {Error} If the program does not say that it is ready, or not in time.
   */
  static async start(
    program: URL,
    options: ServerProcessOptions = {},
  ): Promise<ServerProcess> {
    const { args = [], flags = [], prefix = [], timeoutMs = 60_000 } = options;
    const [command, ...rest] = [...prefix, Deno.execPath(), "run", "-A"];
    const process = new Deno.Command(command!, {
      args: [...rest, ...flags, program.href, ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = new LineReader(process.stdout);
    const timer = setTimeout(() => kill(process, "SIGKILL"), timeoutMs);
    const line = await lines.next();
    clearTimeout(timer);
    const match = /^ready (\d+)$/.exec(line ?? "");
    if (match === null) {
      kill(process, "SIGKILL");
      await lines.cancel();
      const { code } = await process.status;
      throw new Error(
        `Cannot start the server as its first line must be "ready <port>": current value is ${
          JSON.stringify(line)
        }, exit code ${code}`,
      );
    }
    return new ServerProcess(process, lines, Number(match[1]));
  }

  /** The id of the process. */
  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Reads the next line that the program prints. What nobody reads waits in the pipe, and
   * when that is full, so does the program.
   *
   * @returns The line, or `undefined` if the program has ended.
   */
  nextLine(): Promise<string | undefined> {
    return this.#lines.next();
  }

  /** Resolves to the exit code when it has ended. */
  async ended(): Promise<number> {
    return (await this.#process.status).code;
  }

  /** Lets it stand still (SIGSTOP): its kernel goes on to accept connections and bytes. */
  suspend(): void {
    kill(this.#process, "SIGSTOP");
  }

  /** Goes on after {@linkcode ServerProcess.suspend} (SIGCONT). */
  resume(): void {
    kill(this.#process, "SIGCONT");
  }

  /**
   * Kills it (SIGKILL), suspended or not.
   *
   * @returns Resolves when it has ended, and the kernel has closed its connections.
   */
  async kill(): Promise<void> {
    kill(this.#process, "SIGKILL");
    await this.#process.status;
  }

  /** Kills it, unless it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#lines.cancel();
  }
}

/** Lines of a stream, as they are asked for. */
class LineReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}

/** Sends a signal to a process that may have ended. */
function kill(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch (error) {
    // What a process that has ended throws depends on whether its status was awaited.
    if (
      !(error instanceof TypeError || error instanceof Deno.errors.NotFound)
    ) throw error;
  }
}
