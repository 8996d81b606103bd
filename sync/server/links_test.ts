// The same ends over links that are none of sync's business.
import { assert, assertEquals } from "@std/assert";
import { NonBlockingSocket } from "../../transport/deno.ts";
import {
  ConnectionManager,
  InsecureLink,
  SimulatedNetwork,
} from "../../transport/mod.ts";
import { assertSame, DT, mixed } from "../_testing/ends_world.ts";
import { SyncClient } from "../client/sync_client.ts";
import { SyncServer } from "./sync_server.ts";

const DEADLINE_MS = 30_000;

/** What both tests do: a world that changes for a while, and what is left of it. */
class Exchange {
  readonly server = new SyncServer(mixed, { sendRate: 60 });
  readonly ends: string[] = [];
  #frame = 0;
  readonly #ids = Array.from(
    { length: 60 },
    () =>
      this.server.entities.spawn("cube", {
        position: { x: 0, y: 0, z: 0 },
        rotation: { x: 0, y: 0, z: 0, w: 1 },
        held: false,
      })!,
  );

  frame(client: SyncClient<typeof mixed.schemas>, frames: number): void {
    this.server.tick(DT, (tick) => {
      if (++this.#frame > frames) return;
      for (const id of this.#ids) {
        this.server.entities.set(id, "cube", {
          position: { x: Math.sin(tick + id) * 60, y: tick % 60, z: 1 },
          held: tick % 2 === 0,
        });
      }
    });
    for (const event of this.server.drainEvents()) {
      if (event.type === "peerDisconnected") this.ends.push(event.reason);
    }
    client.tick(DT);
  }

  isDone(client: SyncClient<typeof mixed.schemas>, frames: number): boolean {
    const { newest } = client;
    return this.#frame > frames + 5 && newest !== undefined &&
      !newest.isPartial && newest.tick > frames + 5;
  }
}

Deno.test("SyncServer and SyncClient speak over peers of a transport that loses packets", () => {
  const network = new SimulatedNetwork({
    seed: 3,
    conditions: { latencyMs: 20, jitterMs: 10, loss: 0.1, duplication: 0.05 },
  });
  const { clock } = network;
  const at = new ConnectionManager({
    link: new InsecureLink({ protocol: "sync", maxClients: 4 }),
    clock,
  });
  at.bind(network.socket("10.0.0.1", 9000));
  const from = new ConnectionManager({
    link: new InsecureLink({ protocol: "sync" }),
    clock,
  });
  const socket = network.socket("10.0.0.2");
  from.bind(socket);
  const peer = from.connect(socket.address("10.0.0.1", 9000));
  const exchange = new Exchange();
  const client = new SyncClient(mixed, from.link(peer)!, { clock });
  const frame = (): void => {
    network.tick(DT);
    at.poll();
    for (const event of at.drainEvents()) {
      if (event.type !== "peerConnected") continue;
      exchange.server.connect(at.link(event.peer)!);
    }
    from.poll();
    for (const _ of from.drainEvents());
    exchange.frame(client, 200);
  };
  for (let i = 0; i < 2_000 && !exchange.isDone(client, 200); i++) frame();
  assertSame(client.tables, exchange.server.entities.tables, "simulated");
  client.close("enough");
  for (let i = 0; i < 600 && exchange.ends.length === 0; i++) frame();
  assertEquals(exchange.ends, ["enough"]);
});

Deno.test("SyncServer and SyncClient speak over UDP", async () => {
  const hostname = "127.0.0.1";
  const socket = await NonBlockingSocket.bind({ hostname });
  const own = await NonBlockingSocket.bind({ hostname });
  const at = new ConnectionManager({
    link: new InsecureLink({ protocol: "sync", maxClients: 4 }),
  });
  at.bind(socket);
  const from = new ConnectionManager({
    link: new InsecureLink({ protocol: "sync" }),
  });
  from.bind(own);
  const peer = from.connect(own.address(hostname, socket.localAddress.port));
  const exchange = new Exchange();
  const client = new SyncClient(mixed, from.link(peer)!);
  const endMs = performance.now() + DEADLINE_MS;
  const turn = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve));
    assert(performance.now() < endMs, "It takes too long");
    at.poll();
    for (const event of at.drainEvents()) {
      if (event.type !== "peerConnected") continue;
      exchange.server.connect(at.link(event.peer)!);
    }
    from.poll();
    for (const _ of from.drainEvents());
    exchange.frame(client, 60);
  };
  while (!exchange.isDone(client, 60)) await turn();
  assertSame(client.tables, exchange.server.entities.tables, "udp");
  client.close("enough");
  while (exchange.ends.length === 0) await turn();
  assertEquals(exchange.ends, ["enough"]);
  socket.close();
  own.close();
});
