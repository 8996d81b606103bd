// Both ends over links that lose a fifth, double and reorder, with the recording as the game. Here and not beside the ends, as
// what is published does not have the recording. An ordinary run plays two seconds of it, TICKWIRE_SOAK=1 all.
import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import { bool, Channel, quat, vec3 } from "../../protocol/mod.ts";
import { metricOf } from "../../sync/_testing/ends_world.ts";
import { LossyLinks } from "../../sync/_testing/lossy_links.ts";
import {
  defineEntity,
  defineWorld,
  type EntityId,
  StrongCoder,
  SyncClient,
  type SyncCoders,
  SyncServer,
} from "../../sync/mod.ts";
import { nextBit } from "../../sync/world/bit_set.ts";
import { SYNC_FAULTS } from "../../sync/wire/packet_kind.ts";
import { Col, loadRecording, type Recording } from "./_recording.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
/** Something happens only then. */
const FIRST_TICK = IS_SOAK ? 0 : 1_200;
const LAST_TICK = IS_SOAK ? Infinity : 1_320;
const RATE = 60;
/** Ticks for what is under way when the recording ends. */
const AFTER = 40;
const BAD = { loss: 0.2, duplication: 0.1, delay: 3, jitter: 6 };
const CODERS: SyncCoders = { strong: (form) => new StrongCoder(form) };

const world = defineWorld({
  cube: defineEntity({
    position: vec3({ min: 0, max: 32_767, step: 1 }),
    rotation: quat({ bits: 9 }),
    held: bool,
  }, { maxEntities: 901 }),
});

/** What a cube is at a tick. */
function cubeAt(
  { values, capacity }: Recording["tables"][number],
  slot: number,
) {
  const at = (column: number): number => values[column * capacity + slot]!;
  const parts = [Col.a, Col.b, Col.c].map((column) =>
    at(column) / 511 * Math.SQRT2 - Math.SQRT1_2
  );
  const sum = parts.reduce((all, part) => all + part * part, 0);
  const [x, y, z, w] = parts.toSpliced(
    at(Col.largest),
    0,
    Math.sqrt(Math.max(0, 1 - sum)),
  ) as [number, number, number, number];
  return {
    position: { x: at(Col.x), y: at(Col.y), z: at(Col.z) },
    rotation: { x, y, z, w },
    held: at(Col.held) === 1,
  };
}

for (const coder of ["fast", "strong"] as const) {
  Deno.test(`SyncServer sends the recording whole once, and every snapshot that comes is exact (${coder})`, async () => {
    const seed = 17;
    const recording = await loadRecording();
    const tables = recording.tables.slice(FIRST_TICK, LAST_TICK);
    const changes = recording.changes.slice(FIRST_TICK, LAST_TICK);
    const clock = new ManualClock();
    const links = new LossyLinks({ random: new SeededRandom(seed), ...BAD });
    const server = new SyncServer(world, {
      clock,
      coders: CODERS,
      sendRate: RATE,
      // Whatever a base's age, all has room.
      messageBytes: 32_768,
      bytesPerSecond: 2 ** 24,
    });
    server.connect(links.a, { coder });
    let whole = 0;
    links.a.onSend = (bytes, channel): void => {
      if (bytes[0] === 1 && channel === Channel.Reliable) whole++;
    };
    let checked = 0;
    let lastTick = -1;
    const client = new SyncClient(world, links.b, {
      clock,
      coders: CODERS,
      onSnapshot: ({ tick, isPartial, tables: [table] }) => {
        const message = `seed ${seed}, tick ${tick}`;
        assert(!isPartial && tick > lastTick, message);
        lastTick = tick;
        // The history is as old as a base can be.
        const [wanted] = server.history.tablesAt(tick);
        assert(isSame(table!.values, wanted!.values), message);
        assert(isSame(table!.alive, wanted!.alive), message);
        assert(isSame(table!.generations, wanted!.generations), message);
        checked++;
      },
    });
    const ids: EntityId[] = [];
    const [first] = tables;
    for (let slot = 0; slot < first!.capacity; slot++) {
      ids.push(server.entities.spawn("cube", cubeAt(first!, slot))!);
    }
    for (let frame = 0; frame < tables.length + AFTER; frame++) {
      clock.advance(1_000 / RATE);
      links.tick();
      server.tick(1 / RATE, () => {
        const changed = changes[frame];
        if (frame === 0 || changed === undefined) return;
        for (
          let slot = nextBit(changed, 0);
          slot >= 0;
          slot = nextBit(changed, slot + 1)
        ) server.entities.set(ids[slot]!, "cube", cubeAt(tables[frame]!, slot));
      });
      client.tick(1 / RATE);
    }
    // A base within 64 ticks is alive all the time: nothing is sent whole again.
    assertEquals([metricOf(server, "full_snapshots"), whole], [1, 1]);
    assertEquals(metricOf(server, "partial_snapshots"), 0);
    for (const fault of [...SYNC_FAULTS, "desync"]) {
      assertEquals(
        metricOf(client, "client_snapshots_dropped", fault),
        0,
        fault,
      );
    }
    // A fifth is lost, and what is overtaken is of no use any more.
    assert(checked > tables.length * 0.2, `${checked} of ${tables.length}`);
    assertEquals(checked, metricOf(client, "client_snapshots"));
    assert(metricOf(client, "client_snapshots_dropped", "stale") > 0);
    assert(isSame(client.tables[0]!.values, server.entities.tables[0]!.values));
  });
}

function isSame(
  a: Int32Array | Uint32Array | Uint16Array,
  b: Int32Array | Uint32Array | Uint16Array,
): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
