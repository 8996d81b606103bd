import { assert, assertEquals } from "@std/assert";
import { ServerWorld } from "./_testing/server_world.ts";
import { PacketType } from "./_sizes.ts";
import { getU32 } from "./_u64.ts";

Deno.test("NetcodeServer lets a client in, and says who it is", () => {
  const world = new ServerWorld();
  const userData = new Uint8Array(256).fill(7);
  const client = world.client({ clientId: 2n ** 64n - 1n, userData });
  const peer = world.connect(client);
  const [event, ...more] = world.end.events;
  assertEquals(more, []);
  assert(event?.type === "peerConnected");
  assertEquals(event.clientId, 2n ** 64n - 1n);
  assertEquals(event.userData, userData);
  assertEquals(event.address.toString(), client.socket.key);
  const { server } = world;
  assertEquals(server.clientIndexOf(peer), 0);
  assertEquals(server.clientIdOf(peer), 2n ** 64n - 1n);
  assertEquals(server.userDataOf(peer), userData);
  assertEquals(server.clientCount, 1);
  assertEquals(
    client.received.map(({ type, bytes }) => [type, bytes.length]),
    [[PacketType.Challenge, 333], [PacketType.KeepAlive, 26]],
  );
  const [keepAlive] = client.of(PacketType.KeepAlive);
  assertEquals(keepAlive?.sequence, 0n);
  assertEquals(getU32(keepAlive!.body, 0), 0);
  assertEquals(getU32(keepAlive!.body, 4), 4);
  assertEquals(client.strange, []);
});
