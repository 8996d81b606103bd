// What a frame pays: `tick()` with a long queue and every slot taken, with answers coming in,
// and with nothing to do.
import { HttpClient, HttpRequest } from "../../http/mod.ts";
import { atMost, quantile, type Section } from "../_report.ts";
import { turn } from "./_drive.ts";

const IN_FLIGHT = 64;
const QUEUED = 1_000;
const ORIGINS = 4;
const DT = 1 / 60;
const BODY = '{"rank":12,"score":4200,"name":"ada"}';
const FIELDS = {
  "content-type": "application/json",
  "content-length": String(BODY.length),
};

export async function measureTick(isSmoke: boolean): Promise<Section> {
  const idle = measureIdle(isSmoke ? 100_000 : 1_000_000);
  const busy = await measureBusy(isSmoke ? 300 : 3_000);
  return {
    title: "http: tick()",
    notes: [
      `busy: ${QUEUED} requests queued for ${ORIGINS} origins with rate limits and ${IN_FLIGHT} in`,
      "flight, all with priorities and time limits; us. In the middle row one answer comes in,",
      "is drained and replaced per tick, in the next one all of them do.",
      `idle: nothing queued, over ${
        idle.ticks.toLocaleString("en-US")
      } ticks. ${idle.bytes.toLocaleString("en-US")} bytes is what`,
      "Deno.memoryUsage().heapUsed grew by over all of them, without a collection between.",
    ],
    rows: [
      ...busy.map(({ name, us }) => ({
        name,
        "p50": quantile(us, 0.5),
        "p99": quantile(us, 0.99),
      })),
      { name: "idle", "p50": idle.us, "p99": "" },
    ],
    bars: [
      atMost(
        "tick, all slots taken, p50",
        50,
        quantile(busy[0]!.us, 0.5),
        "us",
      ),
      atMost("idle tick, heap growth", 0.1, idle.bytes / idle.ticks, "bytes"),
    ],
  };
}

/** Holds every request until it is told to answer. */
class HeldFetch {
  readonly #waiting: ((response: Response) => void)[] = [];

  readonly fetch = (): Promise<Response> =>
    new Promise((resolve) => this.#waiting.push(resolve));

  answer(count: number): void {
    for (const resolve of this.#waiting.splice(0, count)) {
      resolve(new Response(BODY, { headers: FIELDS }));
    }
  }
}

async function measureBusy(
  ticks: number,
): Promise<{ readonly name: string; readonly us: number[] }[]> {
  const held = new HeldFetch();
  const client = new HttpClient({
    fetch: held.fetch,
    maxConcurrent: IN_FLIGHT,
    timeoutMs: Infinity,
  });
  let id = 0;
  function refill(): void {
    while (client.pendingCount < QUEUED + IN_FLIGHT) {
      const origin = `http://host-${id % ORIGINS}.example`;
      client.send(
        HttpRequest.get(`${origin}/score?id=${id}`)
          .withPriority(id % 7)
          .withTimeout(3_600_000),
      );
      id++;
    }
  }
  for (let i = 0; i < ORIGINS; i++) {
    client.setRateLimit(`http://host-${i}.example`, 1_000_000, 1);
  }
  refill();
  client.tick(DT);
  const results = [];
  for (
    const [name, answers] of [
      ["all slots taken", 0],
      ["one answer per tick", 1],
      [`${IN_FLIGHT} answers per tick`, IN_FLIGHT],
    ] as const
  ) {
    const us: number[] = [];
    for (let i = 0; i < ticks; i++) {
      held.answer(answers);
      // The bodies are read in tasks of their own, as between two frames.
      await turn();
      const startMs = performance.now();
      client.tick(DT);
      us.push((performance.now() - startMs) * 1_000);
      for (let event = client.pollEvent(); event; event = client.pollEvent());
      refill();
      client.tick(0);
    }
    // The first tenth warms up.
    results.push({ name, us: us.slice(ticks / 10) });
  }
  const { inFlight, queued } = client.stats;
  if (inFlight !== IN_FLIGHT || queued !== QUEUED) {
    throw new Error(
      `Cannot measure as ${IN_FLIGHT} requests must be in flight and ${QUEUED} queued: current values are ${inFlight} and ${queued}`,
    );
  }
  client.close();
  return results;
}

function measureIdle(
  ticks: number,
): { readonly ticks: number; readonly us: number; readonly bytes: number } {
  const client = new HttpClient();
  function run(count: number): void {
    for (let i = 0; i < count; i++) {
      client.tick(DT);
      for (let event = client.pollEvent(); event; event = client.pollEvent());
    }
  }
  run(100_000);
  const us: number[] = [];
  const bytes: number[] = [];
  for (let i = 0; i < 7; i++) {
    const before = Deno.memoryUsage().heapUsed;
    const startMs = performance.now();
    run(ticks);
    us.push((performance.now() - startMs) * 1_000 / ticks);
    bytes.push(Deno.memoryUsage().heapUsed - before);
  }
  return {
    ticks,
    us: quantile(us, 0.5),
    // A collection makes a difference negative; that of the median is none.
    bytes: Math.max(0, quantile(bytes, 0.5)),
  };
}
