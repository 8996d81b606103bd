// Programs that benches start: servers, clients, relays, each a process of
// its own, so that its processor time is its own. `_load.ts` says how they are spoken to.
import { ROOT } from "../tools/run.ts";
import type { ClientFigures, ServerFigures } from "./_load.ts";

/** What is started: a program and its arguments. */
export type Command = readonly string[];

/** What a relay has counted, of both directions. */
export interface RelayFigures {
  /** UDP payload bytes, or IP bytes with `tun_relay`, that were given to it. */
  readonly bytes: number;
  readonly passed: number;
  /** Those that the queue had no room for, too. */
  readonly lost: number;
}

/** A program in the Deno that runs this one; `url` is that of its file. */
export function deno(url: string, ...args: readonly string[]): Command {
  return [
    Deno.execPath(),
    "run",
    "-A",
    "--unstable-net",
    "--no-check",
    "--v8-flags=--expose-gc",
    `--import-map=${new URL("tools/std/import_map.json", ROOT).href}`,
    url,
    ...args,
  ];
}

/** A program that runs until it is disposed of. */
export class Program {
  readonly port: number;
  /** What it has said of itself at its start, the port among it. */
  readonly hello: Readonly<Record<string, unknown>>;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: Lines;

  private constructor(
    child: Deno.ChildProcess,
    lines: Lines,
    hello: Readonly<Record<string, unknown>>,
  ) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#lines = lines;
    this.hello = hello;
    this.port = Number(hello["port"]);
  }

  static async start(command: Command): Promise<Program> {
    const child = new Deno.Command(command[0]!, {
      args: command.slice(1),
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = new Lines(child.stdout);
    const hello = await lines.next(command) as Record<string, unknown>;
    return new Program(child, lines, hello);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What it has counted so far, if it is a server; with its memory after a collection. */
  async figures(what: "" | "memory" = ""): Promise<ServerFigures> {
    return await this.#ask(what) as ServerFigures;
  }

  /** What it has counted so far, if it is a relay. */
  async relayed(): Promise<RelayFigures> {
    return await this.#ask("") as RelayFigures;
  }

  /** What it answers, if it is something else. */
  async ask(): Promise<Readonly<Record<string, unknown>>> {
    return await this.#ask("") as Record<string, unknown>;
  }

  async #ask(what: string): Promise<unknown> {
    await this.#writer.write(new TextEncoder().encode(what + "\n"));
    return await this.#lines.next(["a program that was asked"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#lines.cancel();
    await this.#child.status;
  }
}

/** Runs a client to its end. */
export async function run(command: Command): Promise<ClientFigures> {
  const { code, stdout } = await new Deno.Command(command[0]!, {
    args: command.slice(1),
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (code !== 0) {
    throw new Error(
      `Cannot measure as ${
        command.join(" ")
      } must end with 0: current value is ${code}`,
    );
  }
  return JSON.parse(text) as ClientFigures;
}

/** Lines of JSON of a child's output. */
class Lines {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #held = "";

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }

  async next(command: Command): Promise<unknown> {
    for (;;) {
      const end = this.#held.indexOf("\n");
      if (end >= 0) {
        const line = this.#held.slice(0, end);
        this.#held = this.#held.slice(end + 1);
        return JSON.parse(line);
      }
      const { value, done } = await this.#reader.read();
      if (done) {
        throw new Error(
          `Cannot go on as ${
            command.join(" ")
          } must answer with a line: current value is "${this.#held}"`,
        );
      }
      this.#held += value;
    }
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
