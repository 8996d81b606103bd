import { assert, assertEquals } from "@std/assert";
import { MemoryLinkPair, string, u8 } from "../../protocol/mod.ts";
import { PlainCoder } from "../_testing/plain_coder.ts";
import { SyncClient } from "../client/sync_client.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { SyncServer } from "./sync_server.ts";

const DT = 1 / 60;
const coders = { fast: () => new PlainCoder() };
const world = defineWorld({
  cube: defineEntity({ level: u8, name: string({ maxBytes: 8 }) }),
});

Deno.test("SyncServer and SyncClient keep a world", () => {
  const pair = new MemoryLinkPair();
  const server = new SyncServer(world, { coders });
  const client = new SyncClient(world, pair.b, { coders });
  const peer = server.connect(pair.a)!;
  const id = server.entities.spawn("cube", { level: 3, name: "a" })!;
  const events: string[] = [];
  for (let i = 0; i < 20; i++) {
    server.tick(DT);
    client.tick(DT);
    for (const event of client.drainEvents()) events.push(event.type);
    if (i === 10) server.entities.set(id, "cube", { level: 4, name: "b" });
    if (i === 9) assertEquals(client.get(id, "cube")?.level, 3);
  }
  assertEquals(client.get(id, "cube"), { level: 4, name: "b" });
  assertEquals([...client.ids("cube")], [id]);
  server.entities.despawn(id);
  for (let i = 0; i < 3; i++) {
    server.tick(DT);
    client.tick(DT);
    for (const event of client.drainEvents()) events.push(event.type);
  }
  assertEquals(client.get(id, "cube"), undefined);
  assertEquals(events, ["connected", "entitySpawned", "entityDespawned"]);
  assert(peer.ackedTick! > 15);
  client.close("enough");
  server.tick(DT);
  assertEquals([...server.drainEvents()].map(({ type }) => type), [
    "peerReady",
    "peerDisconnected",
  ]);
});
