import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { MemoryLinkPair, u8, vec2, vec3 } from "../../protocol/mod.ts";
import { DT, EndsWorld, metricOf, mixed } from "../_testing/ends_world.ts";
import { SyncClient } from "../client/sync_client.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { bitSet, clearBit, hasBit, nextBit } from "../world/bit_set.ts";
import { EntityStore } from "../world/entity_store.ts";
import { AreaInterest } from "./area_interest.ts";
import type { InterestFilter } from "./interest.ts";
import type { SyncPeer } from "./sync_peer.ts";
import { SyncServer } from "./sync_server.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") !== undefined;
const PEER = { id: 1 } as SyncPeer;

const range = { min: -100, max: 100, step: 1 / 8 };
const world = defineWorld({
  cube: defineEntity({ at: vec3(range) }, { maxEntities: 300 }),
  bird: defineEntity({ at: vec2 }, { maxEntities: 100 }),
  rule: defineEntity({ level: u8 }, { maxEntities: 4 }),
});

Deno.test("AreaInterest finds what is near, as looking at each would", () => {
  const seed = 3;
  const random = new SeededRandom(seed);
  const point = (): { x: number; y: number; z: number } => ({
    x: random.nextFloat() * 200 - 100,
    y: random.nextFloat() * 200 - 100,
    z: random.nextFloat() * 20,
  });
  for (let round = 0; round < (IS_SOAK ? 400 : 6); round++) {
    const store = new EntityStore(world);
    for (let i = random.nextU32() % 300; i > 0; i--) {
      store.spawn("cube", { at: point() });
      if (i < 100) store.spawn("bird", { at: point() });
    }
    const radius = 2 ** (random.nextU32() % 8) / 4;
    const leaveRadius = radius * (1 + random.nextFloat());
    let centre = { ...point() };
    const near = new AreaInterest(world, {
      field: "at",
      radius,
      leaveRadius,
      centreOf: () => centre,
    });
    const { tables } = store;
    near.beginTick(tables);
    for (let look = 0; look < 20; look++) {
      centre = point();
      if (look % 5 === 0) centre.x *= 3;
      for (const type of world.types) {
        if (type.name === "rule") continue;
        const name = type.name as "cube";
        const before = bitSet(type.schema.maxEntities).map(() =>
          random.nextU32()
        );
        const places = bitSet(type.schema.maxEntities).fill(0xffff_ffff);
        near.narrow(PEER, type, tables[type.number]!, before, places);
        for (const id of store.ids(name)) {
          const { at } = store.get(id, name)!;
          const slot = id & 0xffff;
          const z = name === "cube" ? at.z - centre.z : 0;
          const distance = Math.hypot(at.x - centre.x, at.y - centre.y, z);
          const reach = hasBit(before, slot) ? leaveRadius : radius;
          if (Math.abs(distance - reach) < 1e-9) continue;
          assertEquals(hasBit(places, slot), distance < reach, `seed ${seed}`);
        }
      }
    }
  }
});

Deno.test("AreaInterest leaves types without the field, and clients without a place, alone", () => {
  const near = new AreaInterest(world, {
    field: "at",
    radius: 1,
    centreOf: (peer) => peer.id === 1 ? { x: 0, y: 0 } : undefined,
  });
  const { tables } = new EntityStore(world);
  near.beginTick(tables);
  const seen = (id: number, name: string): number => {
    const type = world.byName.get(name)!;
    const places = bitSet(32).fill(0xffff_ffff);
    near.narrow({ id } as SyncPeer, type, tables[0]!, bitSet(32), places);
    return places[0]!;
  };
  assertEquals(seen(1, "rule"), 0xffff_ffff);
  assertEquals(seen(2, "cube"), 0xffff_ffff);
  assertEquals(seen(1, "cube"), 0);
});

Deno.test("AreaInterest refuses what is no place and no distance", () => {
  const centreOf = (): undefined => undefined;
  assertThrows(
    () => new AreaInterest(world, { field: "x", radius: 1, centreOf }),
    TypeError,
  );
  assertThrows(
    () => new AreaInterest(world, { field: "level", radius: 1, centreOf }),
    TypeError,
  );
  for (const radius of [0, NaN, Infinity]) {
    assertThrows(
      () => new AreaInterest(world, { field: "at", radius, centreOf }),
      RangeError,
    );
  }
  assertThrows(
    () =>
      new AreaInterest(world, {
        field: "at",
        radius: 2,
        leaveRadius: 1,
        centreOf,
      }),
    RangeError,
  );
});

Deno.test("SyncServer shows what comes near, and takes away what goes", () => {
  const near = new AreaInterest(world, {
    field: "at",
    radius: 10,
    leaveRadius: 15,
    centreOf: () => ({ x: 0, y: 0, z: 0 }),
  });
  const server = new SyncServer(world, { interest: [near] });
  const links = new MemoryLinkPair();
  server.connect(links.a);
  const client = new SyncClient(world, links.b);
  const id = server.entities.spawn("cube", { at: { x: 90, y: 0, z: 0 } })!;
  const told: string[] = [];
  const at = (x: number): boolean => {
    server.entities.set(id, "cube", { at: { x, y: 0, z: 0 } });
    for (let i = 0; i < 10; i++) {
      server.tick(DT);
      client.tick(DT);
      told.push(...Array.from(client.drainEvents(), ({ type }) => type));
    }
    return client.has(id);
  };
  assertEquals([20, 12, 9, 12, 14, 16, 12, 10].map(at), [
    false,
    false,
    true,
    true,
    true,
    false,
    false,
    true,
  ]);
  assertEquals(told, [
    "connected",
    "entitySpawned",
    "entityDespawned",
    "entitySpawned",
  ]);
});

/** Hides each second place from each second client. */
class Teams implements InterestFilter {
  narrow(
    ...[peer, , , , places]: Parameters<InterestFilter["narrow"]>
  ): void {
    for (let at = nextBit(places, 0); at >= 0; at = nextBit(places, at + 1)) {
      if (at % 2 === peer.id % 2) clearBit(places, at);
    }
  }
}

const bad = { loss: 0.2, duplication: 0.1, delay: 3, jitter: 4 };
for (const seed of IS_SOAK ? [1, 2, 3, 4, 5, 6] : [1]) {
  for (const coder of ["fast", "strong"] as const) {
    Deno.test(`SyncServer has every view of a bad link come out as it was (${coder}, seed ${seed})`, () => {
      let frame = 0;
      const near = new AreaInterest(mixed, {
        field: "position",
        radius: 40,
        centreOf: ({ id }) => ({
          x: ((frame * id) % 120) - 60,
          y: (frame % 70) - 35,
        }),
      });
      const world = new EndsWorld({
        seed,
        link: bad,
        server: {
          messageBytes: 128,
          checksumEvery: 5,
          interest: seed % 2 === 0 ? [near] : [near, new Teams()],
        },
      });
      for (let i = 0; i < 50; i++) world.spawn();
      const clients = [world.connect({ coder }), world.connect({ coder })];
      for (; frame < (IS_SOAK ? 8_000 : 250); frame++) world.run(1);
      assert(metricOf(world.server, "partial_snapshots") > 10);
      for (const { checked, stale, events, client, sent } of clients) {
        assert(checked > frame / 5 && stale > 1, `${checked}, ${stale}`);
        assertEquals(
          metricOf(client, "client_snapshots_dropped", "desync"),
          0,
        );
        assert(events.some(({ type }) => type === "entityDespawned"));
        assertEquals(sent.filter(({ channel }) => channel === 0).length, 1);
        // The first differences may overtake what they are to, and nothing else does.
        const early = metricOf(
          client,
          "client_snapshots_dropped",
          "unknownBase",
        );
        assert(early <= bad.jitter, `${early}`);
      }
    });
  }
}
