// A redis-server of the tests' own, from the PATH.

/** Why there is none, for a test's name; "" if there is one. */
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
  #process: Deno.ChildProcess;

  private constructor(folder: string, process: Deno.ChildProcess) {
    this.#folder = folder;
    this.#process = process;
  }

  static async start(): Promise<RedisServer> {
    const folder = await Deno.makeTempDir();
    return new RedisServer(folder, await startIn(folder));
  }

  /** Where it listens. */
  get socket(): string {
    return `${this.#folder}/redis.sock`;
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.status;
  }

  /** Starts it where it was before. */
  async startAgain(): Promise<void> {
    this.#process = await startIn(this.#folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function startIn(folder: string): Promise<Deno.ChildProcess> {
  const process = new Deno.Command("redis-server", {
    args: [
      ...["--port", "0", "--unixsocket", `${folder}/redis.sock`],
      ...["--dir", folder, "--save", "", "--appendonly", "no"],
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
