import { assert, assertEquals, assertThrows } from "@std/assert";
import { LeaderboardError } from "../leaderboard_error.ts";
import { LoadTurns } from "./_load_turns.ts";

class World {
  nowMs = 0;
  running = 0;
  readonly begun: number[] = [];
  readonly turns = new LoadTurns({
    now: () => this.nowMs,
    sleep: (ms) => {
      this.nowMs += ms;
      return Promise.resolve();
    },
  });

  load(ms: number): Promise<number> {
    return this.turns.run(async () => {
      assertEquals(this.running++, 0, "two at a time");
      this.begun.push(this.nowMs);
      await Promise.resolve();
      this.nowMs += ms;
      this.running--;
      return ms;
    });
  }
}

Deno.test("LoadTurns loads one after another, at once while there is credit", async () => {
  const world = new World();
  const loads = await Promise.all(
    [1_000, 2_000, 1_500].map((ms) => world.load(ms)),
  );
  assertEquals(loads, [1_000, 2_000, 1_500]);
  assertEquals(world.begun, [0, 1_000, 3_000]);
});

Deno.test("LoadTurns takes no more than a quarter of the time in the long run", async () => {
  const world = new World();
  const loads = 200;
  for (let i = 0; i < loads; i++) await world.load(1_000);
  const share = loads * 1_000 / world.nowMs;
  assert(share > 0.2 && share < 0.27, `${share}`);
  // After a rest there is credit again, but not for more than before.
  world.nowMs += 3_600_000;
  const fromMs = world.nowMs;
  for (let i = 0; i < 20; i++) await world.load(1_000);
  assert(world.begun.at(-20 + 5)! - fromMs <= 5_000);
  assert(world.nowMs - fromMs > 50_000);
});

Deno.test("LoadTurns goes on after a load that failed", async () => {
  const world = new World();
  const failed = world.turns.run(() => Promise.reject(new Error("no")));
  const after = world.load(1);
  assertEquals(await failed.catch(({ message }) => message), "no");
  assertEquals(await after, 1);
});

Deno.test("LoadTurns refuses when too many wait, and hurries at the end", async () => {
  let sleeps = 0;
  const turns = new LoadTurns({
    now: () => performance.now(),
    sleep: (_ms, signal) => {
      sleeps++;
      return new Promise((resolve) =>
        signal.addEventListener("abort", () => resolve())
      );
    },
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = turns.run(() => promise);
  const others = Array.from(
    { length: 63 },
    () => turns.run(() => Promise.resolve()),
  );
  assertThrows(
    () => turns.run(() => Promise.resolve()),
    LeaderboardError,
    "at most 64",
  );
  turns.hurry();
  resolve();
  await Promise.all([first, ...others]);
  assertEquals(sleeps, 0);
  await turns.run(() => Promise.resolve());
});
