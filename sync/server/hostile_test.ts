import { assert, assertThrows } from "@std/assert";
import { MemoryLinkPair, u32 } from "../../protocol/mod.ts";
import { DT } from "../_testing/ends_world.ts";
import { SyncClient } from "../client/sync_client.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { SyncServer } from "./sync_server.ts";

const world = defineWorld({
  cube: defineEntity({ x: u32, y: u32 }, { maxEntities: 200 }),
});

Deno.test("SyncServer refuses the priority of a type that there is not", () => {
  assertThrows(
    () => new SyncServer(world, { priorities: { cubes: 4 } as never }),
    RangeError,
    "cube",
  );
});

Deno.test("SyncServer goes on after a tick that took for ever", () => {
  const links = new MemoryLinkPair();
  const server = new SyncServer(world);
  server.connect(links.a);
  const client = new SyncClient(world, links.b);
  const run = (): void => {
    for (let i = 0; i < 5; i++) {
      server.tick(DT);
      client.tick(DT);
    }
  };
  run();
  server.tick(Number.MAX_VALUE);
  client.tick(Number.MAX_VALUE);
  server.tick(Number.MAX_VALUE);
  const { tick } = client.newest!;
  run();
  assert(client.newest!.tick > tick);
});
