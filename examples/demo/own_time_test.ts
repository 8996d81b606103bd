import { assert, assertEquals } from "@std/assert";
import { OwnTime } from "./own_time.ts";

Deno.test("OwnTime.end() counts work", () => {
  using time = new OwnTime();
  let most = 0;
  // The machine may take the thread away in any one try.
  for (let i = 0; i < 10; i++) {
    const startMs = performance.now();
    time.begin();
    while (performance.now() - startMs < 20);
    const wallMs = performance.now() - startMs;
    const ownMs = time.end(wallMs);
    assert(ownMs <= wallMs, `${ownMs} of ${wallMs}`);
    most = Math.max(most, ownMs);
  }
  assert(most > 10, `at most ${most} of 20 ms`);
});

Deno.test("OwnTime.end() counts all the time of what blocks", () => {
  using time = new OwnTime();
  const cell = new Int32Array(new SharedArrayBuffer(4));
  time.begin();
  Atomics.wait(cell, 0, 0, 20);
  assertEquals(time.end(20), 20);
});

Deno.test({
  name: "OwnTime.end() does not count what the machine gave to others",
  // Other systems do not tell.
  ignore: Deno.build.os !== "linux",
  fn() {
    using time = new OwnTime();
    time.begin();
    // As if a second had passed in which the thread did not run.
    const ownMs = time.end(1_000);
    assert(ownMs < 900, `${ownMs} of 1000 ms`);
  },
});
