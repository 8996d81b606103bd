// This module is browser compatible.
import { assertEquals } from "@std/assert";
import { Channel } from "../mod.ts";
import { LossyPair } from "./_testing/lossy_pair.ts";

Deno.test("Connection delivers a reliable message over a lossy wire", () => {
  for (let seed = 0; seed < 50; seed++) {
    const pair = new LossyPair(seed, { loss: 0.3, jitterMs: 10 });
    const got: number[] = [];
    for (let i = 0; i < 100; i++) {
      pair.ends[0].send(Channel.ReliableOrdered, new Uint8Array([i]));
      pair.run(pair.nowMs + 5, (end, bytes) => {
        if (end === 1) got.push(bytes[0]!);
      });
    }
    pair.run(pair.nowMs + 3000, (_end, bytes) => got.push(bytes[0]!));
    assertEquals(got, Array.from({ length: 100 }, (_, i) => i), `seed ${seed}`);
  }
});
