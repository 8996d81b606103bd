import { assert, assertEquals } from "@std/assert";
import { MemoryLinkPair, string, u8 } from "../../protocol/mod.ts";
import { DT, metricOf } from "../_testing/ends_world.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { SyncServer } from "../server/sync_server.ts";
import { SyncClient } from "./sync_client.ts";

const world = defineWorld({
  player: defineEntity({ health: u8, name: string({ maxBytes: 8 }) }),
});

Deno.test("SyncClient.snapshotAt() finds what there was at a moment", () => {
  const links = new MemoryLinkPair();
  const server = new SyncServer(world, { sendRate: 20 });
  server.connect(links.a);
  const client = new SyncClient(world, links.b);
  assertEquals(client.snapshotAt(100), undefined);
  let id = server.entities.spawn("player", { health: 0, name: "n0" })!;
  const first = id;
  for (let frame = 0; frame < 60; frame++) {
    server.tick(DT, (tick) => {
      if (tick === 40) {
        server.entities.despawn(id);
        id = server.entities.spawn("player", { health: 1, name: "new" })!;
      }
      server.entities.set(id, "player", { health: tick, name: `n${tick}` });
    });
    client.tick(DT);
  }
  const ticks = [...client.snapshots()].map(({ tick }) => tick);
  assert(ticks.length > 15 && ticks.at(-1)! > ticks[0]! + 50);
  assertEquals(client.snapshotAt(ticks[0]! - 1), undefined);
  for (let moment = ticks[0]!; moment < 70; moment += 0.25) {
    const snapshot = client.snapshotAt(moment);
    const tick = ticks.findLast((tick) => tick <= moment)!;
    assertEquals(snapshot?.tick, tick);
    const there = tick < 40 ? first : id;
    assertEquals(client.get(there, "player", snapshot), {
      health: tick,
      name: `n${tick}`,
    });
    const other = tick < 40 ? id : first;
    assertEquals(client.get(other, "player", snapshot), undefined);
  }
  assertEquals(client.get(id, "player")?.health, ticks.at(-1));
});

Deno.test("SyncServer, SyncPeer and SyncClient tell the bytes of what they say and hear", () => {
  const server = new SyncServer(world);
  const ends = [1, 2].map(() => {
    const links = new MemoryLinkPair();
    const peer = server.connect(links.a)!;
    const client = new SyncClient(world, links.b);
    return { peer, client, links };
  });
  const sent = { health: 1, name: "Ada" };
  const id = server.entities.spawn("player", sent)!;
  ends[1]!.links.b.close("away");
  for (let i = 0; i < 60; i++) {
    server.tick(DT, (tick) => {
      server.entities.set(id, "player", { health: tick });
    });
    for (const { client } of ends) client.tick(DT);
  }
  const [{ peer, client }, gone] = ends as [typeof ends[0], typeof ends[0]];
  assert(peer.bytesOut > 400 && client.bytesOut > 400);
  assertEquals(
    [server.bytesIn, server.bytesOut],
    [peer.bytesIn + gone.peer.bytesIn, peer.bytesOut + gone.peer.bytesOut],
  );
  assertEquals(server.bytesOut, metricOf(server, "bytes_out"));
  assertEquals(client.bytesIn, metricOf(client, "client_bytes_in"));
  assertEquals(client.bytesOut, metricOf(client, "client_bytes_out"));
  // What comes has the handshake's too; the last report has not come yet.
  assert(client.bytesIn > peer.bytesOut && peer.bytesIn > 400);
});
