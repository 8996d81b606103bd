// What the load programs of the WebSocket share: a server in a process of its own, and a
// client that is ticked when something comes.
import { WsClient, type WsEvent } from "../../websocket/mod.ts";
import { ROOT } from "../../tools/run.ts";

export const MESSAGE_BYTES = 100;

/** A message of 100 bytes that is also text. */
export function message(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(MESSAGE_BYTES).fill(0x78);
}

/** Ends when the event loop has turned. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Ends when the event loop has come to a timer. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A server of `_server.ts`. */
export class Server {
  readonly port: number;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;

  private constructor(
    child: Deno.ChildProcess,
    answers: ReadableStreamDefaultReader<string>,
    port: number,
  ) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#answers = answers;
    this.port = port;
  }

  static async start(...args: readonly string[]): Promise<Server> {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        `--import-map=${await importMap()}`,
        import.meta.resolve("./_server.ts"),
        ...args,
      ],
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const answers = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    return new Server(child, answers, await answer(answers));
  }

  /** Gives it a command; the answer is a number. One at a time. */
  async ask(command: string): Promise<number> {
    await this.#writer.write(new TextEncoder().encode(command + "\n"));
    return await answer(this.#answers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#answers.cancel();
    await this.#child.status;
  }
}

/** The peers come from npm, whichever import map the benches run with. */
function importMap(): Promise<string> {
  return Promise.resolve(new URL("tools/std/import_map.json", ROOT).href);
}

/** An answer is shorter than a pipe's least, so it comes in one piece. */
async function answer(
  answers: ReadableStreamDefaultReader<string>,
): Promise<number> {
  const { value = "" } = await answers.read();
  const number = Number(value.trim());
  if (value === "" || Number.isNaN(number)) {
    throw new Error(
      `Cannot go on as the server must answer with a number: current value is "${value}"`,
    );
  }
  return number;
}

/** A client of ours that is ticked when something comes: at once, or once a turn. */
export class Arrivals {
  readonly client: WsClient;
  readonly #when: "arrival" | "turn";
  #lastMs = performance.now();
  #isArmed = false;
  /** What takes the events, after each tick. */
  onEvent: (event: WsEvent) => void = () => {};
  /** What is to be sent when all of them were taken. */
  onDrained: () => void = () => {};

  constructor(
    port: number,
    when: "arrival" | "turn",
    mux: NonNullable<ConstructorParameters<typeof WsClient>[0]["mux"]>,
  ) {
    this.#when = when;
    this.client = new WsClient({
      url: `ws://127.0.0.1:${port}/`,
      mux,
      webSocket: (url, protocols) => {
        const socket = new WebSocket(url, [...protocols]);
        // After the client's own listener.
        queueMicrotask(() => {
          socket.addEventListener("message", () => this.#arrive());
        });
        return socket;
      },
    });
  }

  tick(): void {
    const nowMs = performance.now();
    this.client.tick((nowMs - this.#lastMs) / 1_000);
    this.#lastMs = nowMs;
  }

  flush(): void {
    this.client.flush();
  }

  async connect(): Promise<void> {
    this.client.connect();
    while (!this.client.isConnected) {
      this.tick();
      await pause(1);
    }
    for (const _ of this.client.drainEvents());
  }

  #arrive(): void {
    if (this.#when === "arrival") return this.#step();
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(() => {
      this.#isArmed = false;
      this.#step();
    });
  }

  #step(): void {
    this.tick();
    for (const event of this.client.drainEvents()) this.onEvent(event);
    this.onDrained();
  }
}
