/** An example's server, as people start it: in a process that can be killed. */
export class ServerProcess implements AsyncDisposable {
  /** Where its page is. */
  readonly url: string;
  readonly #process: Deno.ChildProcess;
  #isKilled = false;

  private constructor(process: Deno.ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  /**
   * Starts one, and waits until it has printed its URL.
   *
   * @param name The file's, in `examples`.
   * @param port "0" for any.
   * @param args Its other arguments.
   */
  static async start(
    name: string,
    port: string,
    ...args: string[]
  ): Promise<ServerProcess> {
    const file = new URL(`../${name}`, import.meta.url).pathname;
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", file, "--port", port, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    let told = "";
    for await (const bytes of process.stdout) {
      told += new TextDecoder().decode(bytes);
      if (told.includes("\n")) break;
    }
    return new ServerProcess(process, /http\S+/.exec(told)![0]);
  }

  /** Ends it by SIGKILL. */
  async kill(): Promise<void> {
    if (this.#isKilled) return;
    this.#isKilled = true;
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
