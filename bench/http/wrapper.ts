// What a client costs by itself: `fetch` is a stub whose answer is there at once. Each
// contender builds its request, has a time limit on, reads the JSON of the answer and takes
// a number out of it. Ours also has a tag, a priority and a rate limiter on.
import ky from "ky";
import { createFetch } from "ofetch";
import { HttpRequest } from "../../http/mod.ts";
import {
  atMost,
  type Bar,
  type Contender,
  median,
  pairedMedian,
  quantile,
  type Section,
  takeTurns,
} from "../_report.ts";
import { Driver, runPool } from "./_drive.ts";

const CONCURRENCY = 64;
const BODY = '{"rank":12,"score":4200,"name":"ada"}';
const FIELDS = {
  "content-type": "application/json",
  "content-length": String(BODY.length),
  "date": new Date().toUTCString(),
};
const NO_STORE_FIELDS = { ...FIELDS, "cache-control": "no-store" };
const URL_PREFIX = "http://localhost/score?id=";

interface Score {
  readonly score: number;
}

export async function measureWrapper(isSmoke: boolean): Promise<Section[]> {
  const { stub, plain, cached, peers } = makeContenders();
  return [
    await measureNet(
      "http: the wrapper alone, over a stub fetch",
      stub,
      [plain, ...peers],
      isSmoke,
      (netUs) => [atMost("ours, net of the stub", 5, netUs, "us")],
    ),
    // By itself, since a full cache is a heap that others would help to collect.
    await measureNet(
      "http: what the cache adds, over a stub fetch",
      stub,
      [plain, ...cached],
      isSmoke,
      () => [],
    ),
  ];
}

async function measureNet(
  title: string,
  stub: Contender,
  others: readonly Contender[],
  isSmoke: boolean,
  bars: (firstNetUs: number) => Bar[],
): Promise<Section> {
  const samples = await takeTurns([stub, ...others], {
    count: 512,
    repetitions: isSmoke ? 20 : 400,
    warmUps: isSmoke ? 10 : 60,
  });
  const baseline = samples.get(stub.name)!;
  const rows = [stub, ...others].map(({ name }) => {
    const own = samples.get(name)!;
    return {
      name,
      "total": median(own.map(({ us }) => us)),
      "net": pairedMedian(own, baseline, (a, b) => a - b),
      "total p10": quantile(own.map(({ us }) => us), 0.1),
      "net p10": quantile(own.map(({ us }) => us), 0.1) -
        quantile(baseline.map(({ us }) => us), 0.1),
    };
  });
  return {
    title,
    notes: [
      `us per request, ${CONCURRENCY} at a time; net: less the stub in the same round (its`,
      "Response and reading its JSON cost everybody the same); p10: the fastest tenth of",
      "the rounds, what a quiet machine gives. Ours is ticked when it is woken.",
    ],
    rows,
    bars: bars(rows[1]!.net),
  };
}

interface Contenders {
  readonly stub: Contender;
  readonly plain: Contender;
  readonly cached: readonly Contender[];
  readonly peers: readonly Contender[];
}

function makeContenders(): Contenders {
  const sink = new Float64Array(1);
  let id = 0;
  function stub(_input?: unknown, _init?: unknown): Promise<Response> {
    return Promise.resolve(new Response(BODY, { headers: FIELDS }));
  }
  function stubNoStore(): Promise<Response> {
    return Promise.resolve(new Response(BODY, { headers: NO_STORE_FIELDS }));
  }
  function awaited(
    name: string,
    call: (url: string) => Promise<Score>,
  ): Contender {
    return {
      name,
      run: (count) =>
        runPool(count, CONCURRENCY, async () => {
          sink[0]! += (await call(URL_PREFIX + id++)).score;
        }),
    };
  }
  function ticked(name: string, driver: Driver): Contender {
    driver.client.setRateLimit("http://localhost", 1_000_000, 0.001);
    return {
      name,
      run: (count) =>
        driver.run(
          count,
          (index) =>
            HttpRequest.get(URL_PREFIX + id++)
              .withTimeout(5_000)
              .withTag("scores")
              .withPriority(index & 3),
          (response) => sink[0]! += response.json<Score>().score,
        ),
    };
  }
  const ofetch = createFetch({ fetch: stub as typeof fetch });
  const kyOverStub = ky.create({ fetch: stub as typeof fetch });
  return {
    stub: awaited("stub alone", async (url) => await (await stub(url)).json()),
    plain: ticked(
      "ours, no cache",
      new Driver(CONCURRENCY, "woken", { fetch: stub, cache: false }),
    ),
    cached: [
      ticked(
        "ours, cache on, answers with no-store",
        new Driver(CONCURRENCY, "woken", { fetch: stubNoStore }),
      ),
      ticked(
        "ours, cache on, each answer stored",
        new Driver(CONCURRENCY, "woken", { fetch: stub }),
      ),
    ],
    peers: [
      ticked(
        "ours, no cache, ticked once a turn",
        new Driver(CONCURRENCY, "turn", { fetch: stub, cache: false }),
      ),
      awaited("ofetch", (url) => ofetch<Score>(url, { timeout: 5_000 })),
      awaited("ky", (url) => kyOverStub.get(url, { timeout: 5_000 }).json()),
    ],
  };
}
