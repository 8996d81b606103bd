// Bounds under load: the cache under ever new URLs, and a body that expands without end.
import v8 from "node:v8";
import vm from "node:vm";
import { HttpClient, HttpRequest, MemoryCacheStore } from "../../http/mod.ts";
import { FaultServer } from "../../http/_testing/fault_server.ts";
import { atMost, type Section } from "../_report.ts";
import { Driver, turn } from "./_drive.ts";

const CACHE_BYTES = 16 * 1_048_576;
const CAP_BYTES = 1_048_576;
const MEGABYTE = 1e6;

export async function measureUrlFlood(isSmoke: boolean): Promise<Section> {
  const urls = isSmoke ? 50_000 : 1_000_000;
  const body = "x".repeat(200);
  const fields = {
    "content-type": "text/plain",
    "content-length": String(body.length),
    "cache-control": "max-age=86400",
    "date": new Date().toUTCString(),
  };
  const store = new MemoryCacheStore({ maxBytes: CACHE_BYTES });
  const driver = new Driver(64, "woken", {
    fetch: () => Promise.resolve(new Response(body, { headers: fields })),
    cache: store,
  });
  const collectGarbage = garbageCollector();
  collectGarbage();
  const before = Deno.memoryUsage();
  let peakUsed = 0;
  let peakRss = 0;
  const startMs = performance.now();
  let answered = 0;
  await driver.run(
    urls,
    (index) => HttpRequest.get(`http://localhost/asset/${index}`),
    () => {
      peakUsed = Math.max(peakUsed, store.usedBytes);
      if (answered++ % 10_000 === 0) {
        peakRss = Math.max(peakRss, Deno.memoryUsage().rss);
      }
    },
  );
  const seconds = (performance.now() - startMs) / 1_000;
  collectGarbage();
  const heapBytes = Deno.memoryUsage().heapUsed - before.heapUsed;
  const bar = atMost(
    "cache bytes, by its own count",
    CACHE_BYTES / MEGABYTE,
    peakUsed / MEGABYTE,
    "MB",
  );
  return {
    title: "http: ever new URLs",
    notes: [
      `${
        urls.toLocaleString("en-US")
      } distinct URLs with cacheable answers of ${body.length} bytes through a`,
      "client with a stub fetch. The heap was measured behind a full collection, before and after.",
    ],
    rows: [{
      name: "ours",
      "requests/s": Math.round(urls / seconds),
      "entries kept": store.entryCount,
      "peak cache MB": peakUsed / MEGABYTE,
      "heap grown by MB": heapBytes / MEGABYTE,
      "peak RSS MB": peakRss / MEGABYTE,
      "RSS before MB": before.rss / MEGABYTE,
    }],
    bars: [
      bar,
      atMost(
        "heap growth",
        CACHE_BYTES / MEGABYTE,
        heapBytes / MEGABYTE,
        "MB",
      ),
    ],
  };
}

export async function measureBomb(isSmoke: boolean): Promise<Section> {
  const bytes = isSmoke ? 20_000_000 : 200_000_000;
  await using server = await FaultServer.start();
  let readBytes = 0;
  const client = new HttpClient({
    cache: false,
    retries: 0,
    maxBodyBytes: CAP_BYTES,
    fetch: async (url, init) =>
      countReads(await fetch(url, init), (length) => readBytes += length),
  });
  const url = `${server.origin}/bomb?bytes=${bytes}`;
  // The server makes the bomb when it is asked for the first time.
  await (await fetch(url)).body?.cancel();
  const rssBefore = Deno.memoryUsage().rss;
  const startMs = performance.now();
  client.send(HttpRequest.get(url));
  let reason = "";
  let peakRss = rssBefore;
  while (client.pendingCount > 0) {
    client.tick(0.001);
    peakRss = Math.max(peakRss, Deno.memoryUsage().rss);
    await turn();
  }
  const ms = performance.now() - startMs;
  for (const event of client.drainEvents()) {
    if (event.type === "failure") reason = event.reason.type;
  }
  if (reason !== "bodyTooLarge") {
    throw new Error(
      `Cannot measure as the request must end as "bodyTooLarge": current reason is "${reason}"`,
    );
  }
  return {
    title: "http: a gzip bomb",
    notes: [
      `${
        bytes / MEGABYTE
      } MB of zeros in gzip, from a server on loopback, against a cap of 1 MiB.`,
      "Counted are the decoded bytes that the client took out of the response.",
    ],
    rows: [{
      name: "ours",
      "read KiB": readBytes / 1_024,
      "over the cap KiB": (readBytes - CAP_BYTES) / 1_024,
      "ms": ms,
      "RSS grown by MB": (peakRss - rssBefore) / MEGABYTE,
    }],
    bars: [
      atMost("bytes over the cap", 64, (readBytes - CAP_BYTES) / 1_024, "KiB"),
    ],
  };
}

/** Counts what the reader of a response hands out, without another stream between. */
function countReads(
  response: Response,
  onRead: (length: number) => void,
): Response {
  const { body } = response;
  if (body === null) return response;
  const getReader = body.getReader.bind(body) as () =>
    ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  function getCountingReader(): ReadableStreamDefaultReader<
    Uint8Array<ArrayBuffer>
  > {
    const reader = getReader();
    const read = reader.read.bind(reader);
    reader.read = async () => {
      const result = await read();
      onRead(result.value?.length ?? 0);
      return result;
    };
    return reader;
  }
  Object.defineProperty(body, "getReader", { value: getCountingReader });
  return response;
}

function garbageCollector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
}
