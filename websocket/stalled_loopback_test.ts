// Subscribers that take in nothing beside others that take in all, over real sockets: what the
// hub's process holds for them stays within what its options say.
import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../tools/process_signal.ts";
import type { Footprint } from "./_testing/publishing_hub_process.ts";
import { subscribeAndStall } from "./_testing/stalled_subscriber.ts";
import { Delivery, WsClient } from "./mod.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const HUB = new URL("_testing/publishing_hub_process.ts", import.meta.url);
const CLIENTS = new URL("_testing/subscribing_process.ts", import.meta.url);
const READERS = 20;
const STALLED = 10;
const DEADLINE_MS = 300_000;
const MIB = 1_048_576;
/** What the kernels keep of a connection on loopback, at the most: that much goes by unnoticed. */
const KERNEL_BYTES = 4 * MIB;
/** `maxQueuedBytes`, `sendHighWaterBytes`, and the frame that goes beyond it. */
const QUEUE_BYTES = MIB + 262_144 + 65_536;
/** Of exactly-once messages, what was sent and not acknowledged: the credit of one channel. */
const WINDOW_BYTES = 262_144;

/** How subscribers stand still. */
const HOWS = ["that read nothing", "whose process is stopped"] as const;
type How = (typeof HOWS)[number];

interface Scenario {
  readonly name: string;
  readonly delivery: Delivery;
  readonly slow: "drop" | "disconnect";
  readonly hows: readonly How[];
  /** For each client that stands still. */
  readonly boundBytes: number;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: "drop",
    delivery: Delivery.ExactlyOnce,
    slow: "drop",
    hows: IS_SOAK ? HOWS : HOWS.slice(0, 1),
    boundBytes: QUEUE_BYTES + WINDOW_BYTES,
  },
  {
    name: "drop the oldest",
    delivery: Delivery.AtMostOnce,
    slow: "drop",
    hows: HOWS,
    boundBytes: QUEUE_BYTES,
  },
  {
    name: "latest",
    delivery: Delivery.LatestOnly,
    slow: "drop",
    hows: IS_SOAK ? HOWS : HOWS.slice(0, 1),
    boundBytes: QUEUE_BYTES,
  },
  {
    name: "disconnect",
    delivery: Delivery.ExactlyOnce,
    slow: "disconnect",
    hows: IS_SOAK ? HOWS : HOWS.slice(0, 1),
    boundBytes: QUEUE_BYTES + WINDOW_BYTES,
  },
];

/** Clients that take in what a hub publishes, and tell it how far they are. */
class Readers {
  readonly taken: Uint32Array = new Uint32Array(READERS);
  readonly #clients: WsClient[];
  readonly #delivery: Delivery;
  #subscribed = 0;
  #lastMs = performance.now();

  constructor(port: number, delivery: Delivery) {
    this.#delivery = delivery;
    this.#clients = Array.from(this.taken, () => {
      const client = new WsClient({
        url: `ws://127.0.0.1:${port}/`,
        mux: { pace: { delivery: Delivery.LatestOnly } },
      });
      client.subscribe("news");
      client.connect();
      return client;
    });
  }

  step(): void {
    const nowMs = performance.now();
    const dt = (nowMs - this.#lastMs) / 1_000;
    this.#lastMs = nowMs;
    for (const [i, client] of this.#clients.entries()) {
      client.tick(dt);
      for (const event of client.drainEvents()) {
        if (event.type === "subscribed") this.#subscribed += 1;
        if (event.type !== "message") continue;
        assert(event.message.type === "binary");
        this.#take(i, event.message.bytes);
      }
    }
    if (this.#subscribed === READERS) {
      this.#clients[0]!.sendOnChannel("pace", `${Math.min(...this.taken)}`);
    }
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #take(i: number, { buffer, byteOffset }: Uint8Array): void {
    const number = new DataView(buffer, byteOffset).getUint32(0);
    const last = this.taken[i]!;
    if (this.#delivery === Delivery.LatestOnly) assert(number > last);
    else assertEquals(number, last + 1);
    this.taken[i] = number;
  }
}

/** Publishes to readers and to those that stand still; returns what memory that took. */
async function publish(
  { delivery, slow }: Scenario,
  messages: number,
  byteCount: number,
  how?: How,
): Promise<Footprint> {
  await using stack = new AsyncDisposableStack();
  const hub = stack.use(
    await ServerProcess.start(HUB, {
      args: [delivery, slow, messages, byteCount].map(String),
      flags: ["--v8-flags=--expose-gc"],
    }),
  );
  if (how === "whose process is stopped") {
    const clients = stack.use(
      await ServerProcess.start(CLIENTS, {
        args: [`${hub.port}`, `${STALLED}`],
      }),
    );
    clients.suspend();
  } else if (how === "that read nothing") {
    for (let i = 0; i < STALLED; i++) {
      const conn = await subscribeAndStall(hub.port, "news");
      stack.defer(() => conn.close());
    }
  }
  const readers = new Readers(hub.port, delivery);
  stack.defer(() => readers.close());
  let result: Footprint | undefined;
  void hub.nextLine().then((line) => {
    if (line !== undefined) result = JSON.parse(line);
  });
  const endMs = performance.now() + DEADLINE_MS;
  while (result === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    assert(
      performance.now() < endMs,
      `It takes too long: ${readers.taken} of ${messages}`,
    );
    readers.step();
  }
  // All of it, or the newest.
  assertEquals([...new Set(readers.taken)], [messages]);
  return result;
}

/** Whether a run with subscribers that stand still took no more than one without. */
async function compare(
  scenario: Scenario,
  byteCount: number,
  beyondBytes: number,
): Promise<void> {
  const messages = Math.ceil((KERNEL_BYTES + beyondBytes) / byteCount);
  const { slow, delivery, boundBytes } = scenario;
  const control = await publish(scenario, messages, byteCount);
  for (const how of scenario.hows) {
    const stalled = await publish(scenario, messages, byteCount, how);
    for (const what of ["heldBytes", "rssBytes"] as const) {
      const growth = stalled[what] - control[what];
      assert(
        growth <= 1.1 * boundBytes * STALLED,
        `${what} grows by ${growth} with subscribers ${how}, ${byteCount} bytes`,
      );
      if (IS_SOAK) console.log(`${byteCount} bytes, ${how}: ${what} ${growth}`);
    }
    // It was more than what they had room for.
    const isDisconnected = slow === "disconnect";
    const isRefused = !isDisconnected && delivery === Delivery.ExactlyOnce;
    assertEquals(stalled.slow, isDisconnected ? STALLED : 0);
    assertEquals(stalled.full, isRefused ? STALLED : 0);
  }
}

for (const scenario of SCENARIOS) {
  Deno.test(`WsHub stays within its bytes with subscribers that stand still: ${scenario.name}`, async () => {
    await compare(scenario, 4_000, (IS_SOAK ? 16 : 4) * MIB);
    // Of small messages the bytes are the least part.
    if (IS_SOAK) await compare(scenario, 100, 2 * MIB);
  });
}
