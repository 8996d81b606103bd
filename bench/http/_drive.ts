// How the clients are driven: the awaited ones by a pool of workers, ours by a loop that
// ticks. A game would tick in every frame, a tool or a server that has none ticks when
// `onWake` says that something has arrived, or simply once per turn of the event loop.
import {
  HttpClient,
  type HttpClientOptions,
  type HttpRequest,
  type HttpResponse,
} from "../../http/mod.ts";

/** Keeps `concurrency` calls under way until `count` are done. */
export async function runPool(
  count: number,
  concurrency: number,
  call: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  async function work(): Promise<void> {
    while (next < count) await call(next++);
  }
  await Promise.all(Array.from({ length: concurrency }, work));
}

/** Ends when the event loop has turned. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A client with the loop that drives it. */
export class Driver {
  readonly client: HttpClient;
  readonly #concurrency: number;
  readonly #pause: () => Promise<void>;
  #resume: (() => void) | undefined;

  /** Ticks when woken, or once per turn of the event loop. */
  constructor(
    concurrency: number,
    when: "woken" | "turn",
    options: HttpClientOptions,
  ) {
    this.#concurrency = concurrency;
    this.client = new HttpClient({
      ...options,
      maxConcurrent: concurrency,
      ...(when === "woken" ? { onWake: () => this.#resume?.() } : undefined),
    });
    this.#pause = when === "turn"
      ? turn
      : () => new Promise((resolve) => this.#resume = resolve);
  }

  /** Keeps requests under way until `count` are answered. None may be answered from the cache. */
  async run(
    count: number,
    request: (index: number) => HttpRequest,
    onResponse: (response: HttpResponse) => void,
  ): Promise<void> {
    const { client } = this;
    let sent = 0;
    let done = 0;
    let dt = 0;
    let lastMs = performance.now();
    while (done < count) {
      while (sent < count && sent - done < this.#concurrency) {
        client.send(request(sent++));
      }
      client.tick(dt);
      dt = 0;
      let event = client.pollEvent();
      if (event === undefined) {
        await this.#pause();
        const nowMs = performance.now();
        dt = (nowMs - lastMs) / 1_000;
        lastMs = nowMs;
      }
      for (; event !== undefined; event = client.pollEvent()) {
        if (event.type !== "success") {
          throw new Error(`Cannot measure as a request ended as ${event.type}`);
        }
        onResponse(event.response);
        done++;
      }
    }
  }
}
