import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import { bytes, MemoryLinkPair, u32, vec3 } from "../../protocol/mod.ts";
import { DT, EndsWorld } from "../_testing/ends_world.ts";
import { LossyLinks } from "../_testing/lossy_links.ts";
import { SyncClient } from "../client/sync_client.ts";
import { defineEntity } from "../schema/define_entity.ts";
import {
  defineWorld,
  type EntitySchemas,
  type WorldSchema,
} from "../schema/define_world.ts";
import type { EntityId } from "../world/entity_id.ts";
import { AreaInterest } from "./area_interest.ts";
import type { InterestFilter } from "./interest.ts";
import { SyncServer } from "./sync_server.ts";
import type { SyncServerOptions } from "./sync_server_options.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") !== undefined;
const OWNED_FLAG = 64;

const world = defineWorld({
  cube: defineEntity({ x: u32 }, { maxEntities: 40 }),
  player: defineEntity({ x: u32, y: u32 }, { maxEntities: 40 }),
});

function pair<W extends EntitySchemas>(
  schema: WorldSchema<W>,
  options: SyncServerOptions<W> = {},
  latencyMs = 0,
) {
  const clock = new ManualClock();
  const links = new MemoryLinkPair({ latencyMs });
  const server = new SyncServer(schema, { clock, sendRate: 60, ...options });
  const peer = server.connect(links.a)!;
  const client = new SyncClient(schema, links.b, { clock });
  function run(frames: number, simulate?: (tick: number) => void): string[] {
    const told: string[] = [];
    for (let i = 0; i < frames; i++) {
      clock.advance(DT * 1_000);
      links.tick(DT);
      server.tick(DT, simulate);
      client.tick(DT);
      for (const event of client.drainEvents()) told.push(event.type);
    }
    return told;
  }
  return { server, peer, client, links, run };
}

Deno.test("SyncServer.own() and disown() tell a client which entities are its own", () => {
  const { server, peer, client, run } = pair(world);
  const a = server.entities.spawn("player", { x: 1, y: 0 })!;
  const b = server.entities.spawn("cube", { x: 2 })!;
  server.own(peer, a);
  assertEquals(peer.owned, [a]);
  assertEquals(client.owned, []);
  // What comes into view is told of before.
  assertEquals(run(5), [
    "connected",
    "entitySpawned",
    "entitySpawned",
    "ownedChanged",
  ]);
  assertEquals(client.owned, [a]);
  server.own(peer, b);
  server.own(peer, b);
  assertEquals(run(5), ["ownedChanged"]);
  assertEquals(client.owned, [a, b].sort((x, y) => x - y));
  server.disown(peer, a);
  server.disown(peer, a);
  assertEquals(run(5), ["ownedChanged"]);
  assertEquals(client.owned, [b]);
  assertEquals(run(90), []);
  server.entities.despawn(b);
  assertEquals(run(5), ["entityDespawned", "ownedChanged"]);
  assertEquals([client.owned, peer.owned], [[], []]);
  // Another one in the same place is nobody's.
  server.entities.spawn("cube", { x: 3 });
  assertEquals(run(5), ["entitySpawned"]);
});

Deno.test("SyncServer.own() may give one entity to several clients", () => {
  const { server, peer, client, run } = pair(world);
  const links = new MemoryLinkPair();
  const other = server.connect(links.a)!;
  const second = new SyncClient(world, links.b);
  const id = server.entities.spawn("player", { x: 1, y: 0 })!;
  server.own(peer, id);
  server.own(other, id);
  run(5);
  for (let i = 0; i < 3; i++) {
    server.tick(DT);
    second.tick(DT);
  }
  assertEquals([client.owned, second.owned], [[id], [id]]);
});

Deno.test("SyncServer.own() refuses what is not there, and more than 16", () => {
  const { server, peer, links, client, run } = pair(world);
  assertThrows(() => server.own(peer, 3 as EntityId), RangeError, "is 3");
  const ids = Array.from(
    { length: 17 },
    (_, i) => server.entities.spawn("player", { x: i, y: 0 })!,
  );
  for (const id of ids.slice(0, 16)) server.own(peer, id);
  assertThrows(() => server.own(peer, ids[16]!), RangeError, "is 17");
  // One that is removed makes room at once.
  server.entities.despawn(ids[3]!);
  server.own(peer, ids[16]!);
  run(5);
  assertEquals(client.owned.length, 16);
  links.b.close("away");
  run(1);
  server.own(peer, ids[0]!);
  server.disown(peer, ids[1]!);
  assertEquals([peer.isClosed, peer.owned.length], [true, 16]);
});

Deno.test("SyncServer sends the list of own entities until the client has it", () => {
  const links = new LossyLinks({ random: new SeededRandom(1), delay: 3 });
  const clock = new ManualClock();
  const server = new SyncServer(world, { clock, sendRate: 60 });
  const peer = server.connect(links.a)!;
  const client = new SyncClient(world, links.b, { clock });
  function run(frames: number): void {
    for (let i = 0; i < frames; i++) {
      clock.advance(DT * 1_000);
      links.tick();
      server.tick(DT);
      client.tick(DT);
    }
  }
  const id = server.entities.spawn("player", { x: 1, y: 0 })!;
  let listed = 0;
  links.a.onSend = (bytes): void => {
    // Kind, number, tick of one byte, age of the base.
    if (bytes[0] === 1 && (bytes[5]! & OWNED_FLAG) !== 0) listed++;
  };
  run(40);
  assertEquals(listed, 0);
  server.own(peer, id);
  run(40);
  assertEquals(client.owned, [id]);
  // A round trip of six frames and what both ends take.
  assert(listed >= 6 && listed <= 9, `${listed}`);
  listed = 0;
  server.disown(peer, id);
  run(2);
  server.own(peer, id);
  run(2);
  assert(listed > 0);
  listed = 0;
  run(35);
  assert(listed < 9, `${listed}`);
});

Deno.test("SyncServer lets clients see their own entities whatever the filters say", () => {
  const nothing: InterestFilter = {
    narrow: (_peer, _type, _table, _before, places) => void places.fill(0),
  };
  const { server, peer, client, run } = pair(world, { interest: [nothing] });
  const [a, b] = [1, 2].map((x) =>
    server.entities.spawn("player", { x, y: 0 })!
  ) as [EntityId, EntityId];
  server.own(peer, b);
  run(5);
  assertEquals([client.has(a), client.has(b), client.owned], [false, true, [
    b,
  ]]);
  server.disown(peer, b);
  run(5);
  assertEquals([client.has(b), client.owned], [false, []]);
});

/** How old things are at the client, in ticks, where far more changes than fits. */
function ages(own: number): { own: number; others: number; messages: number } {
  const CROWD = 300;
  const crowd = defineWorld({
    bullet: defineEntity({ x: u32, y: u32 }, { maxEntities: CROWD }),
    player: defineEntity({ x: u32, y: u32 }, { maxEntities: 16 }),
  });
  const { server, peer, client, run } = pair(crowd, { messageBytes: 160 }, 60);
  const { entities } = server;
  const bullets = Array.from(
    { length: CROWD },
    () => entities.spawn("bullet", { x: 0, y: 0 })!,
  );
  const players = Array.from(
    { length: 16 },
    () => entities.spawn("player", { x: 0, y: 0 })!,
  );
  for (const id of players.slice(0, own)) server.own(peer, id);
  function simulate(tick: number): void {
    for (const id of bullets) {
      entities.set(id, "bullet", {
        x: Math.imul(tick ^ id, 0x9e37_79b1) >>> 0,
        y: tick,
      });
    }
    for (const id of players) {
      entities.set(id, "player", {
        x: Math.imul(tick ^ id, 0x9e37_79b1) >>> 0,
        y: tick,
      });
    }
  }
  run(200, simulate);
  const worst = { own: 0, others: 0, messages: 0 };
  let last = client.newest!.tick;
  for (let i = 0; i < 400; i++) {
    run(1, simulate);
    const { tick } = client.newest!;
    if (tick === last) continue;
    last = tick;
    worst.messages++;
    for (const id of client.owned) {
      const { y } = client.get(id, "player")!;
      worst.own = Math.max(worst.own, tick - y);
    }
    for (const id of bullets) {
      const { y } = client.get(id, "bullet")!;
      worst.others = Math.max(worst.others, tick - y);
    }
  }
  return worst;
}

Deno.test("SyncServer sends a client's own entities first", () => {
  const { own, others, messages } = ages(2);
  assert(messages > 300, `${messages}`);
  // In every message, but for those that others would have nothing of.
  assertEquals(own, 0);
  assert(others < 200, `${others}`);
});

Deno.test("SyncServer does not let others wait for ever for own entities that fill messages", () => {
  const { own, others } = ages(16);
  assert(own > 0 && own < 10, `${own}`);
  assert(others < 300, `${others}`);
});

Deno.test("SyncServer sends others beside an own entity that fits no message", () => {
  const heavy = defineWorld({
    cube: defineEntity({ x: u32 }, { maxEntities: 200 }),
    whale: defineEntity({ body: bytes({ maxBytes: 4_000 }) }, {
      maxEntities: 2,
    }),
  });
  for (const size of [400, 4_000]) {
    const { server, peer, client, run } = pair(heavy, { messageBytes: 200 });
    const cubes = Array.from(
      { length: 200 },
      () => server.entities.spawn("cube", { x: 0 })!,
    );
    run(100);
    const whale = server.entities.spawn("whale", { body: new Uint8Array(9) })!;
    server.own(peer, whale);
    run(10);
    assertEquals(client.owned, [whale]);
    run(300, (tick) => {
      server.entities.set(whale, "whale", {
        body: new Uint8Array(size).fill(tick),
      });
      for (const id of cubes) {
        server.entities.set(id, "cube", {
          x: Math.imul(tick ^ id, 0x9e37_79b1) >>> 0,
        });
      }
    });
    const before = cubes.map((id) => client.get(id, "cube")!.x);
    run(200, (tick) => {
      server.entities.set(whale, "whale", {
        body: new Uint8Array(size).fill(tick),
      });
      for (const id of cubes) {
        server.entities.set(id, "cube", {
          x: Math.imul(tick ^ id, 0x9e37_79b1) >>> 0,
        });
      }
    });
    cubes.forEach((id, i) =>
      assert(client.get(id, "cube")!.x !== before[i], `${size} bytes, ${i}`)
    );
  }
});

for (const coder of ["fast", "strong"] as const) {
  Deno.test(`SyncClient has just the own entities that the server says, over bad links (${coder})`, () => {
    for (let seed = 1; seed <= (IS_SOAK ? 400 : 6); seed++) {
      const ends = new EndsWorld({
        seed,
        owns: true,
        link: { loss: 0.2, duplication: 0.1, delay: 2, jitter: 4 },
        server: {
          checksumEvery: 5,
          messageBytes: seed % 2 === 0 ? 200 : 1_100,
        },
      });
      const near = new AreaInterest(ends.server.entities.world, {
        field: "position",
        radius: 30,
        centreOf: () => ({ x: 0, y: 0, z: 0 }),
      });
      if (seed % 2 === 0) ends.activity = 60;
      for (let i = 0; i < 40; i++) ends.spawn();
      ends.connect({ coder });
      ends.connect({
        coder,
        interest: seed % 3 === 0 ? [near] : [],
      });
      ends.run(300);
      for (const { checked, ownedChanges } of ends.clients) {
        assert(checked > 80 && ownedChanges > 5, `seed ${seed}, ${checked}`);
      }
      // What is far away is not to come.
      if (seed % 3 === 0) ends.clients.pop();
      ends.settle();
    }
  });
}

Deno.test("SyncServer keeps own entities in view of a position that is far away", () => {
  const place = defineWorld({
    ship: defineEntity({ at: vec3({ min: -512, max: 512, step: 1 }) }),
  });
  const near = new AreaInterest(place, {
    field: "at",
    radius: 10,
    centreOf: () => ({ x: 0, y: 0, z: 0 }),
  });
  const { server, peer, client, run } = pair(place, { interest: [near] });
  const id = server.entities.spawn("ship", { at: { x: 400, y: 0, z: 0 } })!;
  run(5);
  assert(!client.has(id));
  server.own(peer, id);
  run(5, (tick) => {
    server.entities.set(id, "ship", { at: { x: 400 + tick, y: 0, z: 0 } });
  });
  assertEquals(client.get(id, "ship")!.at.x, 400 + client.newest!.tick);
  assert(client.isFresh(id));
});
