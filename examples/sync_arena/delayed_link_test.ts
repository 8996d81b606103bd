import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { Channel, MemoryLinkPair } from "../../protocol/mod.ts";
import { testMessageLink } from "../../protocol/_testing/message_link_conformance.ts";
import { DelayedLink } from "./delayed_link.ts";

for (
  const [name, latencyMs, jitterMs] of [
    ["DelayedLink", 40, 30],
    ["DelayedLink without a delay", 0, 0],
  ] as const
) {
  testMessageLink(name, (run) => {
    const random = new SeededRandom(1);
    const pair = new MemoryLinkPair();
    const ends = [pair.a, pair.b].map((link) => {
      const end = new DelayedLink(link, () => random.nextFloat());
      end.latencyMs = latencyMs;
      end.jitterMs = jitterMs;
      return end;
    });
    return run({
      a: ends[0]!,
      b: ends[1]!,
      settle() {
        for (let i = 0; i < 4; i++) {
          pair.tick(1);
          for (const end of ends) end.tick(1);
        }
      },
    });
  });
}

Deno.test("DelayedLink keeps messages for as long as it says, in their order", () => {
  const pair = new MemoryLinkPair();
  const link = new DelayedLink(pair.a, () => 0);
  link.latencyMs = 50;
  const sent: number[] = [];
  const came: number[] = [];
  const counts: number[][] = [];
  for (let i = 0; i < 10; i++) {
    link.send(new Uint8Array([i]), Channel.Unreliable);
    pair.b.send(new Uint8Array([i]), Channel.Unreliable);
    link.tick(0.01);
    // What is sent later has no delay, and waits for what is before it.
    if (i === 4) link.latencyMs = 0;
    pair.b.poll((bytes) => sent.push(bytes[0]!));
    link.poll((bytes) => came.push(bytes[0]!));
    counts.push([sent.length, came.length]);
  }
  assertEquals(counts.map(([out]) => out), [0, 0, 0, 0, 1, 2, 3, 4, 9, 10]);
  assertEquals(counts.map(([, into]) => into), [0, 0, 0, 0, 0, 1, 2, 3, 4, 10]);
  assertEquals(sent, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(came, sent);
});
