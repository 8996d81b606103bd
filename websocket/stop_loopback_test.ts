// Traffic both ways over real sockets, while connections are cut and one end's process stands
// still for longer than the keepalive allows. The whole count is
// 500 for either end (TICKWIRE_SOAK=1).
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { ServerProcess } from "../tools/process_signal.ts";
import { TcpProxy } from "../tools/tcp_proxy.ts";
import { ClientEnd, HubEnd, Talker } from "./_testing/talker.ts";

const CUTS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 500 : 24;
const DEADLINE_MS = 300_000;
const MS_PER_CUT = 1_000;
const KEEPALIVE_MS = 100;
const HOWS = ["fin", "rst", "blackHole", "stop"] as const;
const PROGRAM = new URL("_testing/talker_process.ts", import.meta.url);

/** Cuts the traffic with whatever is suspended, and compares what the ends have seen. */
async function survive(
  talker: Talker,
  other: ServerProcess,
  proxy: TcpProxy,
  seed: number,
): Promise<void> {
  const random = new SeededRandom(seed);
  const endMs = performance.now() + DEADLINE_MS + CUTS * MS_PER_CUT;
  const { end } = talker;
  const hows: (typeof HOWS)[number][] = [];
  let cuts = 0;
  const step = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    talker.step();
    const { trouble } = talker.report;
    assertEquals(trouble, [], `seed ${seed}, after ${cuts} cuts`);
    assert(
      performance.now() < endMs,
      `It takes too long: seed ${seed}, after ${cuts} cuts, ${
        JSON.stringify([talker.report, talker.heard])
      }`,
    );
  };
  // A client whose welcome is lost by a cut knows no session to resume: what it says first shows that it has one.
  while (talker.taken === 0) await step();
  while (cuts < CUTS) {
    const wanted = end.connections + 1;
    for (let i = random.nextU32() % 20; i >= 0; i--) await step();
    if (!end.isConnected) continue;
    // Every kind as often as the others, in any order.
    if (hows.length === 0) hows.push(...HOWS);
    const [how] = hows.splice(random.nextU32() % hows.length, 1);
    cuts += 1;
    if (how !== "stop") {
      proxy.cut(how!);
    } else {
      other.suspend();
      while (end.isConnected) await step();
      for (let i = random.nextU32() % 50; i >= 0; i--) await step();
      other.resume();
    }
    while (end.connections < wanted) await step();
  }
  talker.isTalking = false;
  talker.ask();
  for (;;) {
    await step();
    if (talker.heard === undefined) continue;
    const { sent, taken, trouble } = talker.heard;
    assertEquals(trouble, [], `the other end, seed ${seed}`);
    if (talker.taken === sent && taken === talker.sent) break;
    talker.ask();
  }
  assert(talker.sent > CUTS && talker.taken > CUTS);
}

Deno.test("WsClient loses nothing and repeats nothing over cuts and a hub that stands still", async () => {
  await using hub = await ServerProcess.start(PROGRAM, {
    args: ["hub", `${KEEPALIVE_MS}`],
  });
  await using proxy = await TcpProxy.listen({ targetPort: hub.port });
  const { port } = proxy;
  const end = new ClientEnd({ port, keepaliveMs: KEEPALIVE_MS });
  try {
    await survive(new Talker(end, new SeededRandom(1)), hub, proxy, 3);
  } finally {
    await end.close();
  }
});

Deno.test("WsHub loses nothing and repeats nothing over cuts and a client that stands still", async () => {
  const end = new HubEnd({ keepaliveMs: KEEPALIVE_MS });
  try {
    await using proxy = await TcpProxy.listen({ targetPort: end.port });
    await using client = await ServerProcess.start(PROGRAM, {
      args: ["client", `${KEEPALIVE_MS}`, `${proxy.port}`],
    });
    await survive(new Talker(end, new SeededRandom(1)), client, proxy, 4);
  } finally {
    await end.close();
  }
});
