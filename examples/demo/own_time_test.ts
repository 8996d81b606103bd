import { assert, assertEquals } from "@std/assert";
import { OwnTime } from "./own_time.ts";

Deno.test("OwnTime.end() counts work", () => {
  using time = new OwnTime();
  let most = 0;
  // The machine may take the thread away in any one try, and for most of it, but not for ever.
  for (let tryMs = 20; tryMs < 60_000 && most <= 10; tryMs *= 2) {
    const startMs = performance.now();
    time.begin();
    while (performance.now() - startMs < tryMs);
    const wallMs = performance.now() - startMs;
    const ownMs = time.end(wallMs);
    assert(ownMs <= wallMs, `${ownMs} of ${wallMs}`);
    most = Math.max(most, ownMs);
  }
  assert(most > 10, `at most ${most} ms`);
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
    let least = Infinity;
    // A try in which the runtime waits for one of its own threads does not count.
    for (let i = 0; i < 100 && least >= 3_600_000; i++) {
      time.begin();
      // As if an hour had passed in which the thread did not run.
      least = Math.min(least, time.end(3_600_000));
    }
    assert(least < 3_600_000, `${least} ms`);
  },
});
