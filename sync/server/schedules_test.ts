// Both ends over links that lose, double and reorder, each snapshot compared.
import { assert, assertEquals } from "@std/assert";
import { Channel } from "../../protocol/mod.ts";
import { EndsWorld, metricOf } from "../_testing/ends_world.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") !== undefined;
const FRAMES = IS_SOAK ? 20_000 : 400;
const bad = { loss: 0.2, duplication: 0.1, delay: 3, jitter: 4 };

const SEEDS = IS_SOAK ? [1, 2, 3, 4, 5, 6] : [1];

for (const seed of SEEDS) {
  for (const coder of ["fast", "strong"] as const) {
    Deno.test(`SyncServer has every snapshot of a bad link come out as it was (${coder}, seed ${seed})`, () => {
      const world = new EndsWorld({
        seed,
        link: bad,
        server: { checksumEvery: 5 },
      });
      const first = world.connect({ coder });
      world.run(FRAMES / 2);
      const late = world.connect({ coder });
      world.run(FRAMES / 2);
      world.settle();
      for (const it of [first, late]) {
        assert(it.checked > FRAMES / 12, `${it.checked}`);
        const full = it.sent.filter(({ channel }) =>
          channel === Channel.Reliable
        );
        // A base within 64 ticks is alive all the time: nothing is sent whole again.
        assertEquals(full.length, 1);
        assertEquals(
          metricOf(it.client, "client_snapshots_dropped", "range"),
          0,
        );
        // The first differences may overtake what they are to, and nothing else does.
        const early = metricOf(
          it.client,
          "client_snapshots_dropped",
          "unknownBase",
        );
        assert(early <= bad.jitter, `${early}`);
        assert(metricOf(it.client, "client_snapshots_dropped", "stale") > 0);
        assertEquals(
          metricOf(it.client, "client_snapshots_dropped", "desync"),
          0,
        );
      }
    });
  }
}

for (const seed of SEEDS) {
  for (const coder of ["fast", "strong"] as const) {
    Deno.test(`SyncServer stays within its budgets and leaves nothing out for ever (${coder}, seed ${seed})`, () => {
      const messageBytes = 128;
      const bytesPerSecond = 4_096;
      const world = new EndsWorld({
        seed,
        link: bad,
        server: { messageBytes, bytesPerSecond, checksumEvery: 5 },
      });
      for (let i = 0; i < 60; i++) world.spawn();
      world.activity = 40;
      const it = world.connect({ coder });
      world.run(FRAMES);
      assert(metricOf(world.server, "partial_snapshots") > 50);
      assertEquals(metricOf(world.server, "lone_entities"), 0);
      assert(it.stale > 20, `${it.stale}`);
      assertEquals(
        metricOf(it.client, "client_snapshots_dropped", "desync"),
        0,
      );
      let total = 0;
      let start = 0;
      for (const { frame, bytes, channel } of it.sent) {
        if (channel === Channel.Unreliable) assert(bytes <= messageBytes);
        if (start === 0) start = frame;
        total += bytes;
        const seconds = (frame - start) / 60;
        assert(total <= bytesPerSecond * (1 + seconds) + 1, `seed ${seed}`);
      }
      world.settle(600);
    });
  }
}
