import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Random } from "../../core/mod.ts";
import { decodedText } from "./decoded_text.ts";
import {
  eventsOfRun,
  type JournalEvent,
  type RunJson,
} from "./journal_entry.ts";

/** What is done to a request. */
export const FAULTS = [
  // Its connection is cut before anybody has read it, or after it took effect.
  "cut",
  "answerCut",
  // It took effect, and what comes is of a proxy in between.
  "answerLost",
  "failed",
  "rateLimited",
  "unavailable",
  "portal",
] as const;

/** One of them. */
export type Fault = (typeof FAULTS)[number];

/** Answers requests on loopback with a handler, and some of them wrongly. */
export class UnreliableServer implements AsyncDisposable {
  /** How often each was done. */
  readonly faults: Record<Fault, number> = {
    cut: 0,
    answerCut: 0,
    answerLost: 0,
    failed: 0,
    rateLimited: 0,
    unavailable: 0,
    portal: 0,
  };
  /** Requests, those with faults included. */
  requests = 0;
  /** Of how many requests something becomes: 0 to 1. */
  share = 0;
  /** What becomes of them. */
  kinds: readonly Fault[] = FAULTS;
  /** Told of the events of each batch that comes, whatever becomes of it. */
  onEvents: (events: readonly JournalEvent[]) => void = () => {};
  readonly #handler: (request: Request) => Promise<Response>;
  readonly #random: Random;
  readonly #server: Server;
  readonly #errors: unknown[] = [];

  private constructor(
    handler: (request: Request) => Promise<Response>,
    random: Random,
  ) {
    this.#handler = handler;
    this.#random = random;
    this.#server = createServer((incoming, outgoing) => {
      this.#answer(incoming, outgoing).catch((error) => {
        // What a client that is killed leaves is no fault of the test.
        if (!incoming.destroyed) this.#errors.push(error);
        outgoing.destroy();
      });
    });
  }

  static async start(
    handler: (request: Request) => Promise<Response>,
    random: Random,
  ): Promise<UnreliableServer> {
    const server = new UnreliableServer(handler, random);
    await new Promise<void>((resolve) =>
      server.#server.listen(0, "127.0.0.1", resolve)
    );
    return server;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** How many requests something became of. */
  get faultCount(): number {
    return Object.values(this.faults).reduce((sum, count) => sum + count, 0);
  }

  /** Throws what went wrong in the test itself. */
  check(): void {
    if (this.#errors.length > 0) throw this.#errors[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) =>
      this.#server.close(() => resolve())
    );
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    this.requests++;
    const fault = this.#random.nextFloat() < this.share
      ? this.kinds[this.#random.nextU32() % this.kinds.length]!
      : undefined;
    if (fault !== undefined) this.faults[fault]++;
    if (fault === "cut") {
      incoming.socket.destroy();
      return;
    }
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of incoming) chunks.push(new Uint8Array(chunk));
    const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
    const headers = new Headers();
    for (const [name, value] of Object.entries(incoming.headers)) {
      if (typeof value === "string") headers.set(name, value);
    }
    const { runs } = JSON.parse(await decodedText(bytes, headers));
    for (const run of runs as RunJson[]) this.onEvents(eventsOfRun(run));
    const answer = fault === undefined || fault.startsWith("answer")
      ? await this.#handler(
        new Request(`${this.url}${incoming.url}`, {
          method: "POST",
          headers,
          body: bytes,
        }),
      )
      : undefined;
    if (fault === "answerCut") {
      incoming.socket.destroy();
      return;
    }
    await send(outgoing, fault === undefined ? answer! : this.#wrong(fault));
  }

  #wrong(fault: Exclude<Fault, "cut" | "answerCut">): Response {
    switch (fault) {
      case "rateLimited":
        return this.#random.nextU32() % 2 === 0
          ? new Response("Too many", {
            status: 429,
            headers: { "retry-after": "1" },
          })
          : Response.json({
            code: "rateLimited",
            message: "Wait",
            retryAfterMs: 300,
          }, { status: 429, headers: { "retry-after": "1" } });
      case "unavailable":
        return Response.json({
          code: "unavailable",
          message: "The store is full",
          retryAfterMs: 200,
        }, { status: 503, headers: { "retry-after": "1" } });
      case "portal":
        return new Response("<!doctype html><title>Welcome</title>", {
          headers: { "content-type": "text/html" },
        });
      case "answerLost":
        return new Response("Bad gateway", { status: 502 });
      case "failed":
        return new Response("", { status: 500 });
    }
  }
}

async function send(
  outgoing: ServerResponse,
  response: Response,
): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(body);
}
