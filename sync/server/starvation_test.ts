import { assert } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import { MemoryLinkPair, u32 } from "../../protocol/mod.ts";
import { DT } from "../_testing/ends_world.ts";
import { SyncClient } from "../client/sync_client.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import type { EntityId } from "../world/entity_id.ts";
import { SyncServer } from "./sync_server.ts";

const FRAMES = 1_200;
const LATENCY_FRAMES = 8;
/** Bullets that are fired in each tick, and fly for 8 of them. */
const FIRED = 60;

const world = defineWorld({
  bullet: defineEntity({ x: u32, y: u32 }, { maxEntities: 600 }),
  player: defineEntity({ x: u32 }, { maxEntities: 8 }),
});

/** Has somebody fire without an end; returns how many ticks old a player was at most. */
function worstAge(playerPriority: number): number {
  const clock = new ManualClock();
  const links = new MemoryLinkPair({ latencyMs: LATENCY_FRAMES * DT * 1_000 });
  const server = new SyncServer(world, {
    clock,
    sendRate: 60,
    messageBytes: 160,
    priorities: { player: playerPriority },
  });
  server.connect(links.a);
  const client = new SyncClient(world, links.b, { clock });
  const { entities } = server;
  const players = Array.from(
    { length: 8 },
    () => entities.spawn("player", { x: 0 })!,
  );
  const bullets: EntityId[] = [];
  let worst = 0;
  for (let frame = 0; frame < FRAMES; frame++) {
    clock.advance(DT * 1_000);
    links.tick(DT);
    server.tick(DT, (tick) => {
      for (const id of players) entities.set(id, "player", { x: tick });
      while (bullets.length > 7 * FIRED) entities.despawn(bullets.shift()!);
      for (let i = 0; i < FIRED; i++) {
        const x = Math.imul(tick * FIRED + i, 0x9e37_79b1) >>> 0;
        bullets.push(entities.spawn("bullet", { x, y: 0 })!);
      }
      for (const id of bullets) entities.set(id, "bullet", { y: tick });
    });
    client.tick(DT);
    if (frame < 200) continue;
    for (const id of players) {
      const { x } = client.get(id, "player")!;
      worst = Math.max(worst, server.history.newest! - x);
    }
  }
  return worst;
}

Deno.test("SyncServer tells of others however much one spawns and removes", () => {
  // Some 430 entities that change, of which a message has room for a dozen.
  const age = worstAge(1);
  assert(age < LATENCY_FRAMES + 150, `${age} ticks`);
});

Deno.test("SyncServer hardly leaves out what has a high priority, whatever comes and goes", () => {
  const age = worstAge(1_000);
  assert(age < LATENCY_FRAMES + 20, `${age} ticks`);
});
