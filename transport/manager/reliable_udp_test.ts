import { assert, assertEquals, assertThrows } from "@std/assert";
import { Channel } from "../../protocol/mod.ts";
import { ConnectionState } from "../connection/connection_state.ts";
import { SimulatedNetwork } from "../simulation/simulated_network.ts";
import type { DatagramSocket } from "../socket/datagram_socket.ts";
import { ReliableUdp } from "./reliable_udp.ts";

class Pair {
  readonly network = new SimulatedNetwork({
    seed: 3,
    conditions: { latencyMs: 20, loss: 0.2 },
  });
  readonly sockets: DatagramSocket[] = [
    this.network.socket("10.0.0.1", 5_000),
    this.network.socket("10.0.0.2", 5_000),
  ];
  readonly a = this.end(0, "10.0.0.2");
  readonly b = this.end(1, "10.0.0.1");
  readonly got: [number[], number][] = [];

  end(index: number, host: string): ReliableUdp {
    const socket = this.sockets[index]!;
    return new ReliableUdp(socket, socket.address(host, 5_000));
  }

  run(ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.network.advance(1);
      this.a.tick(0.001);
      this.b.tick(0.001);
      this.b.receive((bytes, channel) => this.got.push([[...bytes], channel]));
      this.a.receive(() => {});
    }
  }
}

Deno.test("ReliableUdp.sendReliable() delivers in order over a lossy network", () => {
  const pair = new Pair();
  assertEquals(pair.a.state, ConnectionState.Connecting);
  for (let i = 0; i < 200; i++) {
    assert(pair.a.sendReliable(new Uint8Array([i])));
    pair.run(2);
  }
  pair.run(1_000);
  assertEquals(
    pair.got,
    Array.from({ length: 200 }, (_, i) => [[i], Channel.ReliableOrdered]),
  );
  assertEquals(pair.a.state, ConnectionState.Connected);
  assert(pair.a.rttMs >= 40);
  assert(pair.a.stats.packetsSent > 0);
});

Deno.test("ReliableUdp.sendUnreliable() and sendReliable() choose the channel", () => {
  const pair = new Pair();
  pair.network.setConditions({ latencyMs: 5 });
  pair.a.sendUnreliable(new Uint8Array([1]));
  pair.a.sendUnreliable(new Uint8Array([2]), true);
  pair.a.sendReliable(new Uint8Array([3]), false);
  pair.run(50);
  assertEquals(
    pair.got.toSorted(([[a]], [[b]]) => a! - b!),
    [
      [[1], Channel.Unreliable],
      [[2], Channel.UnreliableOrdered],
      [[3], Channel.Reliable],
    ],
  );
});

Deno.test("ReliableUdp.disconnect() delivers what was sent, then ends both", () => {
  const pair = new Pair();
  for (let i = 0; i < 20; i++) pair.a.sendReliable(new Uint8Array([i]));
  pair.a.disconnect("bye");
  assertEquals(pair.a.sendReliable(new Uint8Array(1)), false);
  pair.run(2_000);
  assertEquals(pair.got.length, 20);
  assertEquals([pair.a.state, pair.b.state], [
    ConnectionState.Disconnected,
    ConnectionState.Disconnected,
  ]);
});

Deno.test("ReliableUdp.resetReorder() goes on with an end that was started anew", () => {
  const pair = new Pair();
  pair.network.setConditions({ latencyMs: 5 });
  for (let i = 0; i < 10; i++) pair.a.sendReliable(new Uint8Array([i]));
  pair.run(100);
  pair.a.resetReorder();
  pair.b.resetReorder();
  for (let i = 10; i < 20; i++) pair.a.sendReliable(new Uint8Array([i]));
  pair.run(100);
  assertEquals(
    pair.got.map(([[i]]) => i),
    Array.from({ length: 20 }, (_, i) => i),
  );
});

Deno.test("ReliableUdp hears nobody but its peer", () => {
  const pair = new Pair();
  const stranger = pair.network.socket("10.0.0.3", 5_000);
  const to = stranger.address("10.0.0.2", 5_000);
  stranger.send(new Uint8Array(20), to);
  pair.run(50);
  assertEquals(pair.b.stats.malformed, 0);
  assertThrows(
    () => new ReliableUdp(pair.sockets[0]!, to),
    TypeError,
    "address of socket",
  );
  pair.b[Symbol.dispose]();
  pair.b[Symbol.dispose]();
  assert(pair.sockets[1]!.isClosed);
});
