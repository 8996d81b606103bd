import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { SendQueue } from "./_send_queue.ts";

interface Expected {
  data: string;
  key: string | undefined;
  expiresAtMs: number;
}

/** The same by arrays and nothing clever. */
function runCase(seed: number): void {
  const random = new SeededRandom(seed);
  const below = (n: number): number => random.nextU32() % n;
  const maxMessages = 1 + below(60);
  const maxBytes = 5 + below(300);
  const overflow = below(2) === 0 ? "dropNewest" : "dropOldest";
  const dropped: Record<string, number> = {};
  const expectedDrops: Record<string, number> = {};
  const drop = (reason: string, bytes: number): void => {
    expectedDrops[reason] = (expectedDrops[reason] ?? 0) + 1;
    expectedDrops[`${reason} bytes`] = (expectedDrops[`${reason} bytes`] ?? 0) +
      bytes;
  };
  const queue = new SendQueue({
    maxMessages,
    maxBytes,
    overflow,
    onDropped: (count, bytes, reason) => {
      dropped[reason] = (dropped[reason] ?? 0) + count;
      dropped[`${reason} bytes`] = (dropped[`${reason} bytes`] ?? 0) + bytes;
    },
  });
  let model: Expected[] = [];
  let nowMs = 0;
  const bytesOf = (entries: Expected[]): number =>
    entries.reduce((sum, { data }) => sum + data.length, 0);
  for (let i = 0; i < 300; i++) {
    switch (below(8)) {
      case 0:
        assertEquals(queue.peek()?.data, model[0]?.data);
        queue.shift();
        model.shift();
        break;
      case 1: {
        const dtMs = below(100);
        nowMs += dtMs;
        queue.tick(dtMs);
        for (const { data, expiresAtMs } of model) {
          if (expiresAtMs <= nowMs) drop("expired", data.length);
        }
        model = model.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
        break;
      }
      default: {
        const data = `${i}${"x".repeat(below(12))}`;
        const key = below(3) === 0 ? `k${below(3)}` : undefined;
        const ttlMs = below(3) === 0 ? 1 + below(300) : Infinity;
        const entry = { data, key, expiresAtMs: nowMs + ttlMs };
        const at = key === undefined
          ? -1
          : model.findIndex((other) => other.key === key);
        const without = model.filter((_, index) => index !== at);
        const fits = without.length < maxMessages &&
          bytesOf(without) + data.length <= maxBytes;
        const isAccepted = data.length <= maxBytes &&
          (fits || overflow === "dropOldest");
        assertEquals(queue.push(data, data.length, key, ttlMs), isAccepted);
        if (!isAccepted) break;
        if (at >= 0) drop("replaced", model[at]!.data.length);
        if (fits && at >= 0) {
          model[at] = entry;
          break;
        }
        model = [...without, entry];
        while (model.length > maxMessages || bytesOf(model) > maxBytes) {
          drop("queueFull", model.shift()!.data.length);
        }
      }
    }
    assertEquals(queue.size, model.length);
    assertEquals(queue.bytes, bytesOf(model));
    assertEquals(queue.peek()?.data, model[0]?.data);
  }
  for (const { data } of model) drop("closed", data.length);
  queue.clear("closed");
  assertEquals(dropped, expectedDrops);
  assertEquals(queue.size + queue.bytes, 0);
}

Deno.test("SendQueue does what a plain list would", () => {
  for (let seed = 1; seed <= 300; seed++) {
    try {
      runCase(seed);
    } catch (error) {
      throw new Error(`Seed ${seed}`, { cause: error });
    }
  }
});

Deno.test("SendQueue.push() copies bytes", () => {
  const queue = new SendQueue({
    maxMessages: 2,
    maxBytes: 10,
    overflow: "dropNewest",
    onDropped: () => assert(false),
  });
  const bytes = new Uint8Array([1]);
  queue.push(bytes, 1);
  bytes[0] = 2;
  assertEquals(queue.peek()?.data, new Uint8Array([1]));
});
