import { assert, assertEquals, assertRejects } from "@std/assert";
import { Turns } from "./_turns.ts";

Deno.test("Turns.run() lets others have the event loop between turns that wait for nothing", async () => {
  const turns = new Turns(2);
  let timeouts = 0;
  const timer = setInterval(() => timeouts++, 0);
  const order: number[] = [];
  await Promise.all(
    Array.from(
      { length: 30 },
      (_, i) => turns.run(() => Promise.resolve(void order.push(i))),
    ),
  );
  clearInterval(timer);
  assertEquals(order, Array.from({ length: 30 }, (_, i) => i));
  assert(timeouts >= 10, `${timeouts}`);
});

Deno.test("Turns.run() rejects with what the work rejects with, and goes on", async () => {
  const turns = new Turns(1);
  const failed = turns.run(() => Promise.reject(new Error("no")));
  const done = turns.run(() => Promise.resolve(1));
  await assertRejects(() => failed, Error, "no");
  assertEquals(await done, 1);
});
