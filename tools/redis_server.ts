/** A redis-server of the tests' own, from the PATH. @module */

/**
 * Tells why there is none.
 *
 * @returns A remark for a test's name; `""` if there is one.
 */
export async function whyNoRedis(): Promise<string> {
  try {
    const { success } = await new Deno.Command("redis-server", {
      args: ["--version"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success ? "" : " (redis-server does not run)";
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return " (redis-server is not installed)";
  }
}

/** A server on a socket file of its own, so that no port has to be free. */
export class RedisServer {
  readonly #folder: string;
  readonly #args: readonly string[];
  #process: Deno.ChildProcess;

  private constructor(
    folder: string,
    args: readonly string[],
    process: Deno.ChildProcess,
  ) {
    this.#folder = folder;
    this.#args = args;
    this.#process = process;
  }

  /**
   * Starts one that keeps nothing on disk.
   *
   * @param args What else is on its command line; the last of two settings counts.
   * @returns A promise that resolves when it accepts connections.
   */
  static async start(args: readonly string[] = []): Promise<RedisServer> {
    const folder = await Deno.makeTempDir();
    return new RedisServer(folder, args, await startIn(folder, args));
  }

  /** Where it listens. */
  get socket(): string {
    return `${this.#folder}/redis.sock`;
  }

  /**
   * Ends it.
   *
   * @param signal SIGKILL gives it no time to write anything.
   */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    this.#process.kill(signal);
    await this.#process.status;
  }

  /** Starts it where it was before, with what it kept on disk. */
  async startAgain(): Promise<void> {
    this.#process = await startIn(this.#folder, this.#args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function startIn(
  folder: string,
  args: readonly string[],
): Promise<Deno.ChildProcess> {
  const process = new Deno.Command("redis-server", {
    args: [
      ...["--port", "0", "--unixsocket", `${folder}/redis.sock`],
      ...["--dir", folder, "--save", "", "--appendonly", "no", ...args],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let output = "";
  for await (const chunk of process.stdout.values()) {
    output += new TextDecoder().decode(chunk);
    if (/ready to accept connections/i.test(output)) return process;
  }
  throw new Error(`Cannot start redis-server: ${output}`);
}
