import { assertEquals } from "@std/assert";
import { Keepalive } from "./_keepalive.ts";
import { Patience } from "./_patience.ts";

Deno.test("Patience.tick() never ends by one step", () => {
  for (const stepMs of [600, 1_000, 60_000, Infinity]) {
    const patience = new Patience(1_000);
    assertEquals(patience.tick(stepMs), false);
    assertEquals(patience.tick(stepMs), false);
    assertEquals(patience.tick(stepMs), true);
    patience.restart();
    assertEquals(patience.tick(stepMs), false);
  }
  const patience = new Patience(1_000);
  assertEquals([500, 400, 99, 1].map((ms) => patience.tick(ms)), [
    false,
    false,
    false,
    true,
  ]);
});

Deno.test("Keepalive pings, waits and gives up", () => {
  const keepalive = new Keepalive(1_000, 400);
  const run = (...steps: number[]): string[] =>
    steps.map((ms) => keepalive.tick(ms));
  assertEquals(run(200, 200, 200, 200, 200), [
    "idle",
    "idle",
    "idle",
    "idle",
    "ping",
  ]);
  keepalive.heard();
  assertEquals(run(200, 200, 200, 200, 200), [
    "idle",
    "idle",
    "idle",
    "idle",
    "ping",
  ]);
  assertEquals(run(200, 200), ["idle", "dead"]);
  keepalive.restart();
  assertEquals(run(60_000, 60_000, 60_000, 60_000), [
    "ping",
    "ping",
    "ping",
    "dead",
  ]);
});
