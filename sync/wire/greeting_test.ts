import { assertEquals, assertThrows } from "@std/assert";
import { MemoryLinkPair, u8 } from "../../protocol/mod.ts";
import { SyncClient } from "../client/sync_client.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { SyncServer } from "../server/sync_server.ts";

const world = defineWorld({ door: defineEntity({ state: u8 }) });
const REASON = "the handshake took too long";

Deno.test("SyncServer closes the link of a client that does not greet in time", () => {
  const { a, b } = new MemoryLinkPair();
  const server = new SyncServer(world, { handshakeTimeoutMs: 2_000 });
  const peer = server.connect(a)!;
  for (let i = 0; i < 8; i++) server.tick(0.25);
  assertEquals(server.size, 1);
  server.tick(0.25);
  assertEquals([server.size, peer.isClosed], [0, true]);
  assertEquals([...server.drainEvents()], [
    { type: "peerDisconnected", peer, reason: REASON },
  ]);
  b.poll(() => {});
  assertEquals(b.state, { type: "closed", reason: REASON });
});

Deno.test("SyncClient closes the link to a server that does not greet in time", () => {
  const { a, b } = new MemoryLinkPair();
  const client = new SyncClient(world, b);
  for (let i = 0; i < 40; i++) client.tick(0.25);
  assertEquals([...client.drainEvents()], []);
  client.tick(0.25);
  assertEquals([...client.drainEvents()], [{ type: "ended", reason: REASON }]);
  client.tick(0.25);
  assertEquals([...client.drainEvents()], []);
  a.poll(() => {});
  assertEquals(a.state, { type: "closed", reason: REASON });
});

Deno.test("SyncClient does not count a sleep as waiting, nor time after the handshake", () => {
  const { a, b } = new MemoryLinkPair();
  const client = new SyncClient(world, b);
  const server = new SyncServer(world);
  client.tick(1 / 60);
  client.tick(3_600);
  server.connect(a);
  for (let i = 0; i < 3; i++) {
    server.tick(1 / 60);
    client.tick(1 / 60);
  }
  for (let i = 0; i < 20; i++) {
    server.tick(1);
    client.tick(1);
  }
  assertEquals([client.isReady, server.size], [true, 1]);
});

Deno.test("SyncServer and SyncClient refuse a handshakeTimeoutMs that is not above 0", () => {
  assertThrows(
    () => new SyncServer(world, { handshakeTimeoutMs: 0 }),
    RangeError,
    "handshakeTimeoutMs",
  );
  assertThrows(
    () =>
      new SyncClient(world, new MemoryLinkPair().b, {
        handshakeTimeoutMs: NaN,
      }),
    RangeError,
    "handshakeTimeoutMs",
  );
});
