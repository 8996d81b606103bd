// The server that all clients of these benches send to.

/** What came from a client. */
export interface Count {
  readonly requests: number;
  readonly bytes: number;
  readonly events: number;
}

/** The process of `_sink_process.ts`. */
export class Sink {
  readonly url: string;
  readonly #child: Deno.ChildProcess;
  readonly #stdout: ReadableStreamDefaultReader<Uint8Array>;

  private constructor(
    url: string,
    child: Deno.ChildProcess,
    stdout: ReadableStreamDefaultReader<Uint8Array>,
  ) {
    this.url = url;
    this.#child = child;
    this.#stdout = stdout;
  }

  static async start(): Promise<Sink> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", import.meta.resolve("./_sink_process.ts")],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const stdout = child.stdout.getReader();
    const { value } = await stdout.read();
    const port = Number(new TextDecoder().decode(value));
    return new Sink(`http://127.0.0.1:${port}`, child, stdout);
  }

  /** What came from a client since this was last asked. */
  async take(name: string): Promise<Count> {
    return await (await fetch(`${this.url}/${name}/count`)).json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#stdout.cancel();
    await this.#child.status;
  }
}
