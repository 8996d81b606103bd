// Requests per second over loopback: a real server in a process of its own, small JSON, plain
// fetch beside the clients. Every request has a URL of its own, so that neither the cache nor
// the sharing of identical requests saves any.
import ky from "ky";
import { ofetch } from "ofetch";
import { HttpRequest } from "../../http/mod.ts";
import {
  atLeast,
  type Contender,
  median,
  pairedMedian,
  type Section,
  takeTurns,
} from "../_report.ts";
import { Driver, runPool } from "./_drive.ts";

const PLAIN = "plain fetch";
const LIMITED = "plain fetch with a time limit";

interface Score {
  readonly score: number;
}

export async function measureThroughput(isSmoke: boolean): Promise<Section[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", import.meta.resolve("./server.ts")],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const stdout = child.stdout.getReader();
  const { value } = await stdout.read();
  const port = Number(new TextDecoder().decode(value));
  const urlPrefix = `http://127.0.0.1:${port}/scores?id=`;
  try {
    const sections: Section[] = [];
    for (const concurrency of [6, 64]) {
      sections.push(await measureAt(urlPrefix, concurrency, isSmoke));
    }
    return sections;
  } finally {
    await child.stdin.close();
    await stdout.cancel();
    await child.status;
  }
}

async function measureAt(
  urlPrefix: string,
  concurrency: number,
  isSmoke: boolean,
): Promise<Section> {
  const contenders = makeContenders(urlPrefix, concurrency);
  const samples = await takeTurns(contenders, {
    count: isSmoke ? 300 : 1_000,
    repetitions: isSmoke ? 5 : 40,
    warmUps: isSmoke ? 1 : 5,
  });
  function ratio(name: string, baseline: string): number {
    return 100 * pairedMedian(
      samples.get(baseline)!,
      samples.get(name)!,
      (a, b) => a / b,
    );
  }
  return {
    title: `http: throughput over loopback, ${concurrency} at a time`,
    notes: [
      "The server runs in a process of its own. Ours and ky have a time limit of their own;",
      "ours is ticked when it is woken, and keeps each answer in its cache, unless said.",
      "cpu: processor time of the client's process, with its threads.",
    ],
    rows: contenders.map(({ name }) => {
      const own = samples.get(name)!;
      return {
        name,
        "requests/s": Math.round(1e6 / median(own.map(({ us }) => us))),
        "us/request": median(own.map(({ us }) => us)),
        "cpu us/request": median(own.map(({ cpuUs }) => cpuUs)),
        "% of plain": ratio(name, PLAIN),
        "% of limited": ratio(name, LIMITED),
      };
    }),
    bars: ["ours", "ours, no cache"].map((name) =>
      atLeast(
        `${name}, ${concurrency} at a time, against plain fetch`,
        95,
        ratio(name, PLAIN),
        "%",
      )
    ),
  };
}

function makeContenders(urlPrefix: string, concurrency: number): Contender[] {
  const sink = new Float64Array(1);
  let id = 0;
  function awaited(
    name: string,
    call: (url: string) => Promise<Score>,
  ): Contender {
    return {
      name,
      run: (count) =>
        runPool(count, concurrency, async () => {
          sink[0]! += (await call(urlPrefix + id++)).score;
        }),
    };
  }
  function ticked(name: string, driver: Driver): Contender {
    return {
      name,
      run: (count) =>
        driver.run(
          count,
          () => HttpRequest.get(urlPrefix + id++),
          (response) => sink[0]! += response.json<Score>().score,
        ),
    };
  }
  return [
    awaited(PLAIN, async (url) => await (await fetch(url)).json()),
    awaited(LIMITED, async (url) => {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), 30_000);
      try {
        const response = await fetch(url, { signal: controller.signal });
        return await response.json();
      } finally {
        clearTimeout(timer);
      }
    }),
    ticked("ours", new Driver(concurrency, "woken", {})),
    ticked(
      "ours, no cache",
      new Driver(concurrency, "woken", { cache: false }),
    ),
    ticked(
      "ours, no cache, ticked once a turn",
      new Driver(concurrency, "turn", { cache: false }),
    ),
    awaited("ofetch", (url) => ofetch<Score>(url)),
    awaited(
      "ofetch with a time limit",
      (url) => ofetch<Score>(url, { timeout: 30_000 }),
    ),
    awaited("ky", (url) => ky.get(url).json()),
  ];
}
