// A client and a server in processes of their own over bad networks of the system's and of a relay's: each channel keeps its
// promise, and an end that is killed is noticed. Namespaces need root, Linux, iproute2 and nft.

import { assert, assertEquals } from "@std/assert";
import { NetworkNamespaces } from "../tools/network_namespace.ts";
import { ServerProcess } from "../tools/process_signal.ts";
import { UdpRelay } from "../tools/udp_relay.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const MESSAGES = IS_SOAK ? 20_000 : 300;
const KILLS = IS_SOAK ? 20 : 1;
const PATIENCE_MS = 60_000;
const SERVER = new URL("_testing/echo_server.ts", import.meta.url);
const CLIENT = new URL("_testing/echo_client.ts", import.meta.url);
const WHY_NOT = await NetworkNamespaces.whyNoLosses();

/** What a client prints when its messages came back as promised. */
interface Kept {
  readonly accepted: number;
  readonly delivered: number;
  readonly packetsLost: number;
  readonly retransmits: number;
  readonly duplicates: number;
  readonly tookMs: number;
}

/** The next line of a program that begins so, and that no line comes before it but what may. */
async function lineOf(
  program: ServerProcess,
  wanted: string,
  allowed: readonly string[] = [],
): Promise<string> {
  const timer = setTimeout(() => void program.kill(), PATIENCE_MS);
  try {
    for (;;) {
      const line = await program.nextLine();
      assert(line !== undefined, `no "${wanted}" before its end`);
      if (line.startsWith(wanted)) return line;
      assert(allowed.includes(line), `"${line}" instead of "${wanted}"`);
    }
  } finally {
    clearTimeout(timer);
  }
}

async function keptBy(client: ServerProcess): Promise<Kept> {
  const line = await lineOf(client, "kept", ["peerConnected", "connectFailed"]);
  return JSON.parse(line.slice("kept".length)) as Kept;
}

Deno.test("ConnectionManager keeps its promises over a bad relay, and notices ends that are killed", async () => {
  let server = await ServerProcess.start(SERVER);
  const { port } = server;
  const bad = {
    latencyMs: 10,
    jitterMs: 15,
    jitterReorders: true,
    loss: 0.1,
    duplication: 0.1,
  };
  try {
    await using relay = await UdpRelay.start({
      targetPort: port,
      toServer: bad,
      toClient: bad,
      clients: 2 * KILLS + 1,
    });
    const args = ["127.0.0.1", `${relay.port}`, `${MESSAGES}`];
    for (let i = 0; i < KILLS; i++) {
      await using client = await ServerProcess.start(CLIENT, { args });
      const { retransmits, duplicates } = await keptBy(client);
      assert(retransmits > 0 && duplicates > 0);
      await lineOf(client, "peerConnected", ["peerDisconnected"]);
      await server[Symbol.asyncDispose]();
      await lineOf(client, "peerTimedOut", ["peerDisconnected"]);
      server = await ServerProcess.start(SERVER, {
        args: ["127.0.0.1", `${port}`],
      });
      await keptBy(client);
      await lineOf(client, "peerConnected", ["peerDisconnected"]);
      await client.kill();
      await lineOf(server, "peerTimedOut", [
        "peerConnected",
        "peerDisconnected",
      ]);
    }
    const { toServer, toClient } = await relay.report();
    for (const { lost, duplicated } of [toServer, toClient]) {
      assert(lost > 0 && duplicated > 0);
    }
  } finally {
    await server[Symbol.asyncDispose]();
  }
});

Deno.test({
  name: `ConnectionManager keeps its promises through tbf and losses of nft (${
    WHY_NOT ?? "as root"
  })`,
  ignore: WHY_NOT !== undefined,
  async fn() {
    await using namespaces = await NetworkNamespaces.open();
    for (const side of ["left", "right"] as const) {
      await namespaces.limit(side, {
        bytesPerSecond: 250_000,
        queueBytes: 30_000,
      });
      await namespaces.lose(side, 0.1);
    }
    const address = namespaces.address("right");
    await using server = await ServerProcess.start(SERVER, {
      args: [address, "0"],
      prefix: namespaces.prefix("right"),
    });
    await using client = await ServerProcess.start(CLIENT, {
      args: [address, `${server.port}`, `${MESSAGES}`],
      prefix: namespaces.prefix("left"),
    });
    const { accepted, packetsLost, retransmits } = await keptBy(client);
    assertEquals(accepted, MESSAGES);
    assert(packetsLost > 0 && retransmits > 0);
  },
});
