// How clients come back that were thrown off together, on a clock of the test's own.
import { assert } from "@std/assert";
import { fullestWindow } from "./_testing/fullest_window.ts";
import { MemoryNetwork } from "./_testing/memory_network.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SEEDS = IS_SOAK ? 20 : 1;
const CLIENTS = 1_000;
const STEP_MS = 20;

/** Throws all clients off, and has a hub there again after a time. */
async function comeBack(
  how: "kill" | "close",
  downMs: number,
  seed: number,
  options: { readonly firstRetryMaxMs?: number } = {},
): Promise<MemoryNetwork> {
  const network = new MemoryNetwork();
  const clients = Array.from(
    { length: CLIENTS },
    (_, i) => network.client(`p${i}`, seed * CLIENTS + i, options),
  );
  const step = async (): Promise<void> => {
    network.clock.advance(STEP_MS);
    for (const client of clients) {
      client.tick(STEP_MS / 1_000);
      for (const _ of client.drainEvents());
    }
    await network.pump();
    network.hub?.tick(STEP_MS / 1_000);
    for (const _ of network.hub?.drainEvents() ?? []);
  };
  const areThere = (): boolean =>
    clients.every(({ isConnected }) => isConnected);
  network.start();
  for (const client of clients) client.connect();
  while (!areThere()) await step();
  network.attempts.length = 0;
  network.accepted.length = 0;
  if (how === "kill") {
    network.kill();
  } else {
    network.hub!.close();
    await network.pump();
    network.kill();
  }
  for (let ms = 0; ms < downMs; ms += STEP_MS) await step();
  network.start();
  for (
    let steps = 0;
    network.accepted.length < CLIENTS || !areThere();
    steps++
  ) {
    assert(steps < 10_000, `seed ${seed}: not all come back`);
    await step();
  }
  return network;
}

for (
  const [how, firstRetryMaxMs, limit, downs] of [
    ["kill", 1_000, 150, [0, 500, 1_500, 5_000]],
    ["kill", 6_000, 40, [0, 5_000]],
    ["close", 1_000, 40, [0]],
  ] as const
) {
  Deno.test(`WsClient comes back with few others at a time: ${how}, firstRetryMaxMs ${firstRetryMaxMs}`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      for (const downMs of downs) {
        const { attempts, accepted } = await comeBack(how, downMs, seed, {
          firstRetryMaxMs,
        });
        const most = [fullestWindow(attempts), fullestWindow(accepted)];
        assert(
          Math.max(...most) <= limit,
          `${most} within 100 ms, down for ${downMs} ms, seed ${seed}`,
        );
      }
    }
  });
}
