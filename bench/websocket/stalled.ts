// What subscribers that read nothing cost the others: the time from publish to each of 20
// readers, beside one that stands still and in a hub without it. The hubs are in processes of
// their own and take turns.
import { Delivery } from "../../websocket/mod.ts";
import { subscribeAndStall } from "../../websocket/_testing/stalled_subscriber.ts";
import { atMost, median, quantile, type Section } from "../_report.ts";
import { Arrivals, pause, Server } from "./_drive.ts";

const READERS = 20;
const MESSAGE_BYTES = 4_000;
const PER_TICK = 4;
/** Longer than what waits in the kernels lasts: 4 MiB of 3.2 MB a second. */
const WARM_UP_MS = 2_500;
/** Many short ones, as what disturbs the machine shows in the slowest hundredth. */
const ROUNDS = 41;
const ROUND_MS = 250;

interface Policy {
  readonly name: string;
  readonly delivery: Delivery;
  readonly slow: "drop" | "disconnect";
}

const POLICIES: readonly Policy[] = [
  { name: "drop", delivery: Delivery.ExactlyOnce, slow: "drop" },
  { name: "drop the oldest", delivery: Delivery.AtMostOnce, slow: "drop" },
  { name: "latest", delivery: Delivery.LatestOnly, slow: "drop" },
  { name: "disconnect", delivery: Delivery.ExactlyOnce, slow: "disconnect" },
];

export async function measureStalled(isSmoke: boolean): Promise<Section> {
  const results = [];
  for (const policy of POLICIES) {
    results.push({ ...policy, ...await measure(policy, isSmoke) });
  }
  return {
    title: "websocket: a subscriber that reads nothing, and 20 others",
    notes: [
      `${PER_TICK} messages of ${MESSAGE_BYTES} bytes every 5 ms, from publish to the reader's event.`,
      "The ratio is the median over all rounds, of a round with the stalled one and one without.",
    ],
    rows: results.map(({ name, alone, beside, ratio }) => ({
      name,
      "p50 ms": median(alone),
      "p99 ms": quantile(alone, 0.99),
      "p50 ms beside it": median(beside),
      "p99 ms beside it": quantile(beside, 0.99),
      "p99 ratio": ratio,
    })),
    bars: results.map(({ name, ratio }) =>
      atMost(`p99 beside a stalled subscriber, ${name}`, 1.2, ratio, "×")
    ),
  };
}

async function measure(
  { delivery, slow }: Policy,
  isSmoke: boolean,
): Promise<{ alone: number[]; beside: number[]; ratio: number }> {
  await using stack = new AsyncDisposableStack();
  const args = ["hub", "frames", `${delivery}`, slow];
  const without = stack.use(await Crowd.start(args));
  const crowded = stack.use(await Crowd.start(args));
  const conn = await subscribeAndStall(crowded.port, "news");
  stack.defer(() => conn.close());
  for (const crowd of [without, crowded]) {
    await crowd.run(isSmoke ? 100 : WARM_UP_MS);
  }
  const alone: number[] = [];
  const beside: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < (isSmoke ? 3 : ROUNDS); round++) {
    const ms = isSmoke ? 100 : ROUND_MS;
    const first = round % 2 === 0 ? without : crowded;
    const second = first === without ? crowded : without;
    const times = new Map([
      [first, await first.run(ms)],
      [second, await second.run(ms)],
    ]);
    const [a, b] = [times.get(without)!, times.get(crowded)!];
    alone.push(...a);
    beside.push(...b);
    ratios.push(quantile(b, 0.99) / quantile(a, 0.99));
  }
  return { alone, beside, ratio: median(ratios) };
}

/** A hub with readers. */
class Crowd {
  readonly #server: Server;
  readonly #readers: readonly Arrivals[];
  #timesMs: number[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.#readers = Array.from({ length: READERS }, () => {
      const reader = new Arrivals(server.port, "arrival", true);
      reader.client.subscribe("news");
      reader.onEvent = (event) => {
        if (event.type !== "message" || event.message.type !== "binary") return;
        const { buffer, byteOffset } = event.message.bytes;
        this.#timesMs.push(
          performance.timeOrigin + performance.now() -
            new DataView(buffer, byteOffset).getFloat64(0),
        );
      };
      return reader;
    });
  }

  static async start(args: readonly string[]): Promise<Crowd> {
    const crowd = new Crowd(await Server.start(...args));
    for (const reader of crowd.#readers) await reader.connect();
    return crowd;
  }

  get port(): number {
    return this.#server.port;
  }

  /** Publishes for a time; returns how long each message took to each reader. */
  async run(ms: number): Promise<number[]> {
    this.#timesMs = [];
    await this.#server.ask(`stamp ${PER_TICK} ${ms} ${MESSAGE_BYTES}`);
    // What is on its way counts too.
    let count: number;
    do {
      count = this.#timesMs.length;
      await pause(50);
    } while (this.#timesMs.length > count);
    return this.#timesMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#readers) client.close();
    await this.#server[Symbol.asyncDispose]();
  }
}
