// A request that the cache answers: from `send` to the drained event, and as long as the
// awaited clients take for the same. The peers keep their responses in memory, too.
import axios from "axios";
import { buildMemoryStorage, setupCache } from "axios-cache-interceptor";
import { Agent, cacheStores, interceptors, request as undici } from "undici";
import { HttpClient, HttpRequest } from "../../http/mod.ts";
import {
  atMost,
  type Contender,
  median,
  quantile,
  type Section,
  takeTurns,
} from "../_report.ts";
import { turn } from "./_drive.ts";

const BODY = '{"rank":12,"score":4200,"name":"ada"}';

interface Score {
  readonly score: number;
}

export async function measureCacheHit(isSmoke: boolean): Promise<Section> {
  let asked = 0;
  await using server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
  }, () => {
    asked++;
    return new Response(BODY, {
      headers: {
        "content-type": "application/json",
        "cache-control": "max-age=86400",
        "etag": '"1"',
      },
    });
  });
  const url = `http://127.0.0.1:${server.addr.port}/score`;
  const dispatcher = new Agent();
  const contenders = await makeContenders(url, dispatcher);
  for (const { run } of contenders) await run(1);
  const askedToFill = asked;
  const samples = await takeTurns(contenders, {
    count: 64,
    repetitions: isSmoke ? 20 : 400,
    warmUps: isSmoke ? 10 : 60,
  });
  if (asked !== askedToFill) {
    throw new Error(
      `Cannot measure as every request must be a hit: ${
        asked - askedToFill
      } reached the server`,
    );
  }
  await dispatcher.close();
  const name = "ours";
  const ours = median(samples.get(name)!.map(({ us }) => us));
  return {
    title: "http: a cache hit",
    notes: [
      "us per request, one at a time; p10: the fastest tenth of the rounds. Ours makes an",
      "HttpResponse, not a Response, and parses JSON only when asked.",
    ],
    rows: contenders.map(({ name }) => {
      const us = samples.get(name)!.map(({ us }) => us);
      return {
        name,
        "p50": median(us),
        "p10": quantile(us, 0.1),
        "times ours": median(us) / ours,
      };
    }),
    bars: [atMost("ours, a hit", 5, ours, "us")],
  };
}

async function makeContenders(
  url: string,
  dispatcher: Agent,
): Promise<Contender[]> {
  const sink = new Float64Array(1);
  const client = new HttpClient();
  const request = HttpRequest.get(url);
  // The first answer comes over the network.
  client.send(request);
  while (client.pendingCount > 0) {
    client.tick(0);
    await turn();
  }
  client.pollEvent();
  function hit(): Score & { readonly length: number } {
    client.send(request);
    client.tick(0);
    const event = client.pollEvent();
    if (event?.type !== "success" || !event.response.fromCache) {
      throw new Error("Cannot measure as the request was not a hit");
    }
    const { response } = event;
    return {
      length: response.bodyLength,
      get score(): number {
        return response.json<Score>().score;
      },
    };
  }
  function ours(name: string, read: () => number): Contender {
    return {
      name,
      run: (count) => {
        for (let i = 0; i < count; i++) sink[0]! += read();
      },
    };
  }
  function awaited(name: string, call: () => Promise<Score>): Contender {
    return {
      name,
      run: async (count) => {
        for (let i = 0; i < count; i++) sink[0]! += (await call()).score;
      },
    };
  }
  const caching = dispatcher.compose(
    interceptors.cache({ store: new cacheStores.MemoryCacheStore() }),
  );
  const cachingAxios = setupCache(axios.create(), {
    storage: buildMemoryStorage(false),
    interpretHeader: true,
  });
  return [
    ours("ours", () => hit().length),
    ours("ours, JSON read", () => hit().score),
    awaited("undici, JSON read", async () => {
      const { body } = await undici(url, { dispatcher: caching });
      return await body.json() as Score;
    }),
    awaited(
      "axios-cache-interceptor, JSON parsed before",
      async () => (await cachingAxios.get<Score>(url)).data,
    ),
  ];
}
