// This module is browser compatible.

/**
 * The one real thing that the packed package has to do in each runtime.
 *
 * @param tickwire The package, as that runtime has loaded it.
 * @param url An address that answers with JSON.
 * @returns What the client got, as one line of text.
 */
export async function probe(
  tickwire: typeof import("../mod.ts"),
  url: string,
): Promise<string> {
  const client = new tickwire.HttpClient();
  client.send(tickwire.HttpRequest.get(url));
  const endMs = performance.now() + 10_000;
  while (performance.now() < endMs) {
    client.tick(1 / 60);
    for (const event of client.drainEvents()) {
      if (event.type !== "success") return JSON.stringify(event);
      return `success ${event.response.status} ${event.response.text}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return "no event";
}
