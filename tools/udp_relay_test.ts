import { assert, assertEquals, assertRejects } from "@std/assert";
import { NonBlockingSocket } from "../transport/deno.ts";
import {
  type DatagramSocket,
  type NetworkConditions,
  SimulatedNetwork,
} from "../transport/mod.ts";
import { RelayCore } from "./relay_core.ts";
import { UdpRelay } from "./udp_relay.ts";

const DEADLINE_MS = 20_000;

interface Bench {
  readonly network: SimulatedNetwork;
  readonly server: DatagramSocket;
  readonly clients: readonly DatagramSocket[];
  readonly relay: RelayCore;
}

function makeBench(
  toServer: NetworkConditions,
  toClient: NetworkConditions = {},
  seed = 1,
): Bench {
  const network = new SimulatedNetwork();
  const server = network.socket("10.0.0.1", 9000);
  const clients = [1, 2, 3].map((i) => network.socket(`10.0.1.${i}`, 5000));
  const relay = new RelayCore({
    front: network.socket("10.0.0.3", 7000),
    backs: [1, 2].map((i) => network.socket("10.0.0.3", 7000 + i)),
    targetHost: "10.0.0.1",
    targetPort: 9000,
    clock: network.clock,
    seed,
    toServer,
    toClient,
  });
  return { network, server, clients, relay };
}

function send(client: DatagramSocket, bytes: Uint8Array): void {
  client.send(bytes, client.address("10.0.0.3", 7000));
}

/** Lets all of it arrive, and tells when each datagram reached the server. */
function arrivals({ network, server, relay }: Bench): number[] {
  const times: number[] = [];
  for (;;) {
    relay.poll();
    server.poll(() => times.push(network.clock.nowMs()));
    if (relay.nextMs === Infinity) return times;
    network.advanceTo(relay.nextMs);
  }
}

Deno.test("RelayCore gives each client a port, passes answers back, and refuses the rest", () => {
  const { network, server, clients, relay } = makeBench({}, { latencyMs: 5 });
  for (const [i, client] of clients.entries()) {
    send(client, new Uint8Array([i, i]));
  }
  relay.poll();
  const ports = new Set<number>();
  server.poll((datagram, from) => {
    ports.add(from.port);
    server.send(datagram.slice(1), from);
  });
  assertEquals([...ports].sort(), [7001, 7002]);
  // Somebody else than the server sends to a client's port.
  clients[2]!.send(new Uint8Array(9), clients[2]!.address("10.0.0.3", 7001));
  relay.poll();
  network.advance(5);
  relay.poll();
  for (const [i, client] of clients.entries()) {
    const count = client.poll((datagram, from) => {
      assertEquals([...datagram], [i]);
      assertEquals(from.port, 7000);
    });
    assertEquals(count, i === 2 ? 0 : 1);
  }
  const { toServer, toClient, clients: count, refused } = relay.report;
  assertEquals([count, refused], [2, 1]);
  assertEquals([toServer.sent, toServer.sentBytes], [2, 4]);
  assertEquals([toClient.passedOn, toClient.passedOnBytes], [2, 2]);
  relay.close();
});

Deno.test("RelayCore delays, limits and loses as the simulated network does", () => {
  const bench = makeBench({
    latencyMs: 10.25,
    bytesPerSecond: 100_000,
    queueBytes: 3_000,
  });
  for (let i = 0; i < 5; i++) send(bench.clients[0]!, new Uint8Array(1_000));
  assertEquals(arrivals(bench), [20.25, 30.25, 40.25]);
  assertEquals(bench.relay.report.toServer.queueFull, 2);

  bench.relay.setConditions("toServer", {
    latencyMs: 50,
    jitterMs: 20,
    burstLoss: { share: 0.03, length: 4 },
  });
  const startMs = bench.network.clock.nowMs();
  for (let i = 0; i < 2_000; i++) {
    send(bench.clients[0]!, new Uint8Array(10));
    if (i % 100 === 99) bench.relay.poll();
  }
  const times = arrivals(bench);
  const { lostInBurst } = bench.relay.report.toServer;
  assertEquals(times.length, 2_000 - lostInBurst);
  assert(lostInBurst > 20 && lostInBurst < 120, `${lostInBurst}`);
  assert(times.every((ms) => ms - startMs >= 50 && ms - startMs < 70));
});

Deno.test("RelayCore does the same for the same seed", () => {
  const runs = [3, 3, 4].map((seed) => {
    const bench = makeBench({ loss: 0.3, jitterMs: 9 }, {}, seed);
    for (let i = 0; i < 200; i++) send(bench.clients[0]!, new Uint8Array(1));
    return `${arrivals(bench)}`;
  });
  assertEquals(runs[0], runs[1]);
  assert(runs[0] !== runs[2]);
});

Deno.test("UdpRelay delays between real sockets and counts", async () => {
  using server = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
  using client = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
  await using relay = await UdpRelay.start({
    targetPort: server.localAddress.port,
    toServer: { latencyMs: 15 },
    toClient: { latencyMs: 10 },
  });
  const to = client.address("127.0.0.1", relay.port);
  const delays: number[] = [];
  async function roundTrip(): Promise<void> {
    const startMs = performance.now();
    client.send(new Uint8Array(100), to);
    client.flush();
    let isBack = false;
    while (!isBack) {
      assert(performance.now() - startMs < DEADLINE_MS, "nothing came back");
      await new Promise((resolve) => setTimeout(resolve, 0));
      server.poll((datagram, from) => server.send(datagram, from));
      server.flush();
      client.poll((datagram) => isBack = datagram.length === 100);
    }
    delays.push(performance.now() - startMs);
  }
  for (let i = 0; i < 5; i++) await roundTrip();
  // The machine may be slow; it is never early.
  assert(delays.every((delayMs) => delayMs >= 24.9), `${delays}`);
  await assertRejects(
    () => relay.setConditions({ toServer: { loss: 2 } }),
    RangeError,
    "loss",
  );
  const { toServer, toClient } = await relay.setConditions({
    toServer: { loss: 1 },
  });
  assertEquals([toServer.sent, toServer.sentBytes], [5, 500]);
  assertEquals([toClient.passedOn, toClient.passedOnBytes], [5, 500]);
  client.send(new Uint8Array(100), to);
  client.flush();
  const startMs = performance.now();
  while ((await relay.report()).toServer.lost === 0) {
    assert(performance.now() - startMs < DEADLINE_MS, "nothing was lost");
  }
});
