// How 1,000 clients come back over real sockets when their hub's process is killed, or its hub
// closes. Deno raises the limit of open files to what the system allows; each of the two
// processes needs somewhat more than 1,000.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { ServerProcess } from "../tools/process_signal.ts";
import { fullestWindow } from "./_testing/fullest_window.ts";
import { WsClient } from "./mod.ts";

const HUB = new URL("_testing/restarting_hub_process.ts", import.meta.url);
const CLIENTS = 1_000;
const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const RUNS = IS_SOAK ? 10 : 1;
const FRAME_MS = 10;
const DEADLINE_MS = 120_000;

/** 1,000 clients, whose time never goes faster than the clock. */
class Crowd {
  readonly #clients: WsClient[];
  /** When each attempt was begun, in milliseconds of the epoch. */
  attempts: number[] = [];
  /** When the hub took them in, as it said. */
  times: number[] | undefined;
  readonly #sockets: WebSocket[] = [];
  #lastMs = performance.now();
  readonly #endMs = performance.now() + DEADLINE_MS;

  constructor(port: number, seed: number, firstRetryMaxMs: number) {
    this.#clients = Array.from({ length: CLIENTS }, (_, i) =>
      new WsClient({
        url: `ws://127.0.0.1:${port}/p${i}`,
        mux: true,
        firstRetryMaxMs,
        random: new SeededRandom(seed * CLIENTS + i),
        webSocket: (url, protocols) => {
          this.attempts.push(performance.timeOrigin + performance.now());
          const socket = new WebSocket(url, [...protocols]);
          this.#sockets.push(socket);
          return socket;
        },
      }));
    for (const client of this.#clients) client.connect();
  }

  get isThere(): boolean {
    return this.#clients.every(({ isConnected }) => isConnected);
  }

  /** Frames until a condition holds. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      const nowMs = performance.now();
      assert(nowMs < this.#endMs, "It takes too long");
      // What a busy machine holds up does not come all at once.
      const dt = Math.min(nowMs - this.#lastMs, FRAME_MS) / 1_000;
      this.#lastMs = nowMs;
      for (const client of this.#clients) {
        client.tick(dt);
        for (const event of client.drainEvents()) {
          if (event.type !== "message" || event.message.type !== "text") {
            continue;
          }
          this.times = JSON.parse(event.message.text);
        }
      }
      await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
    }
  }

  say(channel: string): void {
    this.#clients[0]!.sendOnChannel(channel, "");
  }

  /** Ends when the runtime has nothing left of it: the hub has to be gone. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    const { CLOSED } = WebSocket;
    await this.until(() =>
      this.#sockets.every(({ readyState }) => readyState === CLOSED)
    );
  }
}

async function comeBack(
  how: "SIGKILL" | "close()",
  firstRetryMaxMs: number,
  seed: number,
): Promise<{ attempts: number[]; accepted: number[] }> {
  let hub = await ServerProcess.start(HUB);
  try {
    const crowd = new Crowd(hub.port, seed, firstRetryMaxMs);
    try {
      await crowd.until(() => crowd.isThere);
      crowd.attempts = [];
      if (how === "close()") {
        crowd.say("close");
      } else {
        await hub.kill();
        let another: ServerProcess | undefined;
        void ServerProcess.start(HUB, { args: [`${hub.port}`] })
          .then((it) => another = it);
        await crowd.until(() => another !== undefined);
        await hub[Symbol.asyncDispose]();
        hub = another!;
      }
      await crowd.until(() =>
        crowd.attempts.length >= CLIENTS && crowd.isThere
      );
      crowd.say("times");
      await crowd.until(() => crowd.times !== undefined);
      return { attempts: crowd.attempts, accepted: crowd.times! };
    } finally {
      await hub.kill();
      await crowd.close();
    }
  } finally {
    await hub[Symbol.asyncDispose]();
  }
}

for (
  const [how, firstRetryMaxMs, limit] of [
    ["SIGKILL", 1_000, 150],
    ...(IS_SOAK ? [["SIGKILL", 6_000, 40] as const] : []),
    ["close()", 1_000, 40],
  ] as const
) {
  Deno.test(`WsClient comes back over real sockets with few others at a time: ${how}, firstRetryMaxMs ${firstRetryMaxMs}`, async () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const { attempts, accepted } = await comeBack(how, firstRetryMaxMs, seed);
      const begun = fullestWindow(attempts);
      if (IS_SOAK) {
        console.log(`${begun} begun, ${fullestWindow(accepted)} taken in`);
      }
      assertEquals(accepted.length, CLIENTS);
      // A hub that a busy machine has held up takes in together what waited for it.
      assert(begun <= limit, `${begun} within 100 ms, seed ${seed}`);
    }
  });
}
