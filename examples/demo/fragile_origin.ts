import { PollLoop } from "../../core/mod.ts";

const HZ = 20;
const MIN_OUTAGE_MS = 50;
const MAX_OUTAGE_MS = 60_000;

/** A server from its start to its end. */
export interface ServerLife {
  /** Answers a request. */
  handler(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Promise<Response>;
  /** Moves the server on. */
  tick(dt: number): void;
  /** Ends it, with all that it has in memory. */
  close(): Promise<void>;
}

/**
 * A server on a free port of 127.0.0.1 that goes down when it is told to: `POST /outage?ms=N` ends it for that long, and
 * with it all that it had in memory; then a new one is there on the same port.
 */
export class FragileOrigin implements AsyncDisposable {
  readonly #make: () => ServerLife;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #life: ServerLife | undefined;
  #http: Deno.HttpServer<Deno.NetAddr> | undefined;
  #stopping = new AbortController();
  #port = 0;
  #outage: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #endOutage: (() => void) | undefined;

  /**
   * Starts the first server.
   *
   * @param make Makes a server, on what those before it have left on the disk.
   */
  constructor(make: () => ServerLife) {
    this.#make = make;
    this.#begin();
    const loop = new PollLoop();
    loop.add({ tick: (dt) => this.#life?.tick(dt) });
    this.#running = loop.run({ hz: HZ, signal: this.#stop.signal });
  }

  /** Where it is. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#endOutage?.();
    await this.#outage;
    await this.#end();
  }

  #begin(): void {
    const life = this.#make();
    this.#life = life;
    this.#stopping = new AbortController();
    this.#http = Deno.serve({
      hostname: "127.0.0.1",
      port: this.#port,
      signal: this.#stopping.signal,
      onListen: () => {},
    }, (request, info) => {
      const { pathname, searchParams } = new URL(request.url);
      return pathname === "/outage" && request.method === "POST"
        ? this.#goDown(Number(searchParams.get("ms")))
        : life.handler(request, info);
    });
    this.#port = this.#http.addr.port;
  }

  async #end(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    // Connections break off, whatever was under way on them.
    this.#stopping.abort();
    await this.#http?.finished;
    await life?.close();
  }

  #goDown(ms: number): Response {
    if (!(ms >= MIN_OUTAGE_MS && ms <= MAX_OUTAGE_MS)) {
      return new Response(
        `ms must be ${MIN_OUTAGE_MS} to ${MAX_OUTAGE_MS}\n`,
        { status: 400 },
      );
    }
    this.#outage ??= this.#outageOf(ms).finally(() => this.#outage = undefined);
    return new Response(null, { status: 202 });
  }

  async #outageOf(ms: number): Promise<void> {
    // After the answer to who has asked for it.
    await new Promise((resolve) => setTimeout(resolve));
    await this.#end();
    await new Promise<void>((resolve) => {
      this.#endOutage = resolve;
      this.#timer = setTimeout(resolve, ms);
    });
    clearTimeout(this.#timer);
    this.#endOutage = undefined;
    this.#begin();
  }
}
