import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { FRAME_COST_BYTES, SendBacklog } from "./_send_backlog.ts";

Deno.test("SendBacklog.costOf() counts the frames that are still held", () => {
  const backlog = new SendBacklog();
  assertEquals(backlog.costOf(0), 0);
  for (let i = 0; i < 3; i++) backlog.add(100);
  assertEquals(backlog.costOf(300), 300 + 3 * FRAME_COST_BYTES);
  // Of the first a part is gone, then it and part of the second.
  assertEquals(backlog.costOf(299), 299 + 3 * FRAME_COST_BYTES);
  assertEquals(backlog.costOf(150), 150 + 2 * FRAME_COST_BYTES);
  assertEquals(backlog.costOf(0), 0);
  backlog.add(1);
  assertEquals(backlog.costOf(1), 1 + FRAME_COST_BYTES);
});

Deno.test("SendBacklog agrees with a list of the frames", () => {
  const random = new SeededRandom(1);
  const backlog = new SendBacklog();
  const held: number[] = [];
  let buffered = 0;
  for (let i = 0; i < 20_000; i++) {
    if (random.nextU32() % 2 === 0) {
      const length = 1 + random.nextU32() % 100;
      backlog.add(length);
      held.push(length);
      buffered += length;
    } else {
      for (let n = random.nextU32() % 3; n > 0 && held.length > 0; n--) {
        buffered -= held.shift()!;
      }
    }
    assertEquals(
      backlog.costOf(buffered),
      buffered + held.length * FRAME_COST_BYTES,
    );
  }
});
