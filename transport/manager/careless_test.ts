import { assertEquals, assertThrows } from "@std/assert";
import { InsecureLink } from "../link/insecure_link.ts";
import { SimulatedNetwork } from "../simulation/simulated_network.ts";
import type { DatagramSocket } from "../socket/datagram_socket.ts";
import { ConnectionManager } from "./connection_manager.ts";
import type { PeerOptions } from "./connection_manager_options.ts";
import { PROTOCOL, SERVER_HOST } from "./_testing/manager_world.ts";

Deno.test("ConnectionManager refuses wrong options of connections before there are any", () => {
  const wrong: PeerOptions[] = [
    { keepaliveMs: NaN },
    { peerTimeoutMs: -1 },
    { limits: { maxReliableBytes: 0 } },
    { channels: new Array(300).fill({ delivery: "latest" }) },
  ];
  for (const connection of wrong) {
    const link = new InsecureLink({ protocol: PROTOCOL });
    assertThrows(
      () => new ConnectionManager({ link, connection }),
      RangeError,
      "Cannot",
    );
  }
});

Deno.test("ConnectionManager.bind() refuses a socket that no connection can use", () => {
  const manager = new ConnectionManager({
    link: new InsecureLink({ protocol: PROTOCOL }),
  });
  assertThrows(
    () => manager.bind({ maxDatagramBytes: 1_199 } as DatagramSocket),
    RangeError,
    "1199",
  );
});

/** Connects a client to a manager with two sockets that does something when it is asked whether it may. */
function connectWhile(
  act: (server: ConnectionManager) => void,
): { server: ConnectionManager; thrown: unknown[] } {
  const network = new SimulatedNetwork({ seed: 1 });
  const { clock } = network;
  const thrown: unknown[] = [];
  const server: ConnectionManager = new ConnectionManager({
    link: new InsecureLink({
      protocol: PROTOCOL,
      maxClients: 4,
      authorize() {
        try {
          act(server);
        } catch (error) {
          thrown.push(error);
        }
        return true;
      },
    }),
    clock,
  });
  for (const port of [8_000, 9_000]) {
    server.bind(network.socket(SERVER_HOST, port));
  }
  const link = new InsecureLink({ protocol: PROTOCOL });
  const client = new ConnectionManager({ link, clock });
  const socket = network.socket("10.0.0.2");
  client.bind(socket);
  client.connect(socket.address(SERVER_HOST, 9_000));
  for (let ms = 0; ms < 300; ms++) {
    network.advance(1);
    server.poll(() => {});
    client.poll(() => {});
  }
  return { server, thrown };
}

Deno.test("ConnectionManager.poll() bears being closed by what it asks", () => {
  const closed = connectWhile((server) => server.close());
  assertEquals([closed.server.isClosed, closed.thrown], [true, []]);
  const disposed = connectWhile((server) => server[Symbol.dispose]());
  assertEquals([disposed.server.isClosed, disposed.thrown], [true, []]);
});

Deno.test("ConnectionManager.poll() refuses to be called by what it asks", () => {
  for (
    const act of [
      (server: ConnectionManager) => server.poll(),
      (server: ConnectionManager) => server.receive(() => {}),
    ]
  ) {
    const { server, thrown } = connectWhile(act);
    assertEquals(thrown.map((error) => error instanceof TypeError), [true]);
    assertEquals(server.peerCount, 1);
  }
});
