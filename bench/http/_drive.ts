// How the clients are driven: the awaited ones by a pool of workers, ours by a loop that
// ticks once per turn of the event loop, as a server or a tool would without frames.
import type { HttpClient, HttpRequest, HttpResponse } from "../../http/mod.ts";

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

/** Keeps `concurrency` requests under way until `count` are answered. */
export async function runTicked(
  client: HttpClient,
  count: number,
  concurrency: number,
  request: (index: number) => HttpRequest,
  onResponse: (response: HttpResponse) => void,
): Promise<void> {
  let sent = 0;
  let done = 0;
  let lastMs = performance.now();
  while (true) {
    const nowMs = performance.now();
    client.tick((nowMs - lastMs) / 1_000);
    lastMs = nowMs;
    for (let event = client.pollEvent(); event; event = client.pollEvent()) {
      if (event.type !== "success") {
        throw new Error(`Cannot measure as a request ended as ${event.type}`);
      }
      onResponse(event.response);
      done++;
    }
    if (done === count) return;
    if (sent < count && sent - done < concurrency) {
      while (sent < count && sent - done < concurrency) {
        client.send(request(sent++));
      }
      // What is new goes out now and not a turn later.
      client.tick(0);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
