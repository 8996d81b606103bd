import { assertEquals, assertGreater } from "@std/assert";
import { Channel } from "../../protocol/mod.ts";
import { InsecureLink } from "../link/insecure_link.ts";
import { SimulatedNetwork } from "../simulation/simulated_network.ts";
import type { DatagramSocket } from "../socket/datagram_socket.ts";
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
