import { assert, assertEquals, assertGreater } from "@std/assert";
import { Channel } from "../../protocol/mod.ts";
import { InsecureLink } from "../link/insecure_link.ts";
import { SimulatedNetwork } from "../simulation/simulated_network.ts";
import type { DatagramSocket } from "../socket/datagram_socket.ts";
import {
  ManagerWorld,
  SERVER_HOST,
  SERVER_PORT,
} from "./_testing/manager_world.ts";
import { ConnectionManager } from "./connection_manager.ts";

/** How many copies a client has sent after two seconds, if its socket says that nothing is lost. */
function copiesSent(isLossless: boolean): number {
  const network = new SimulatedNetwork({
    seed: 1,
    conditions: { latencyMs: 20 },
  });
  const { clock } = network;
  const server = new ConnectionManager({
    link: new InsecureLink({ protocol: "lossless", maxClients: 1 }),
    clock,
  });
  server.bind(network.socket("10.0.0.1", 9000));
  const client = new ConnectionManager({
    link: new InsecureLink({ protocol: "lossless" }),
    clock,
  });
  const socket: DatagramSocket = network.socket("10.0.0.2");
  Object.assign(socket, { isLossless });
  client.bind(socket);
  const peer = client.connect(socket.address("10.0.0.1", 9000));
  for (let ms = 0; ms < 2_000; ms += 4) {
    network.tick(4 / 1_000);
    client.poll(() => {});
    server.poll(() => {});
    if (ms % 16 === 0) {
      client.send(peer, new Uint8Array(50), Channel.ReliableOrdered);
    }
  }
  const stats = client.peerStats(peer)!;
  assertGreater(stats.channels[Channel.ReliableOrdered]!.delivered, 100);
  return stats.channels[Channel.ReliableOrdered]!.copies;
}

Deno.test("ConnectionManager sends no copies over a socket that loses nothing", () => {
  assertEquals(copiesSent(true), 0);
  // Before anything is known of a path, others get some.
  assertGreater(copiesSent(false), 0);
});

Deno.test("ConnectionManager.move() goes on with copies or without, as the socket wants", () => {
  const world = new ManagerWorld({ conditions: { latencyMs: 20, loss: 0.1 } });
  const { end, peer } = world.connected();
  const { manager } = end;
  function copiesAfterMove(host: string, isLossless: boolean): number {
    const socket: DatagramSocket = world.network.socket(host);
    Object.assign(socket, { isLossless });
    manager.bind(socket);
    assert(manager.move(peer, socket.address(SERVER_HOST, SERVER_PORT)));
    // What was planned before is over by then.
    world.run(500);
    const { ReliableOrdered } = Channel;
    const copies = () =>
      manager.peerStats(peer)!.channels[ReliableOrdered]!.copies;
    const before = copies();
    for (let i = 0; i < 100; i++) {
      assert(manager.send(peer, new Uint8Array(50), ReliableOrdered));
      world.run(16);
    }
    return copies() - before;
  }
  assertEquals(copiesAfterMove("10.3.0.1", true), 0);
  assertGreater(copiesAfterMove("10.3.0.2", false), 0);
  assertEquals(copiesAfterMove("10.3.0.3", true), 0);
});
