import { assertEquals, assertThrows } from "@std/assert";
import { ManualClock } from "../core/mod.ts";
import { EventOutbox } from "./_event_outbox.ts";
import type { HttpEvent, RequestId } from "./event.ts";

/** An outbox with refusals and informative events, and a clock that moves on by 1 ms with each one taken. */
function filled(refusals: number, events: number) {
  const clock = new ManualClock();
  const outbox = new EventOutbox(1, clock, () => {});
  for (let id = 1; id <= refusals; id++) outbox.refuse(id as RequestId);
  for (let i = 0; i < events; i++) {
    outbox.inform({
      type: "circuitChanged",
      origin: "http://a.test",
      state: "open",
      retryInMs: i,
    });
  }
  const drain = (budgetMs?: number): string => {
    let types = "";
    for (const event of outbox.drain(budgetMs)) {
      types += event.type === "failure" ? "r" : "e";
      clock.advance(1);
    }
    return types;
  };
  return { outbox, drain };
}

Deno.test("EventOutbox.drain() keeps its budget over refusals too", () => {
  const { drain } = filled(5, 3);
  assertEquals(drain(0), "r");
  assertEquals(drain(2), "rr");
  assertEquals(drain(3), "rre");
  assertEquals(drain(), "ee");
  assertEquals(drain(0), "");
});

Deno.test("EventOutbox.drain() hands out everything without a budget", () => {
  assertEquals(filled(5, 3).drain(), "rrrrreee");
  assertEquals(filled(5, 3).drain(Infinity), "rrrrreee");
});

Deno.test("EventOutbox.drain() leaves refusals of its own time to the next drain", () => {
  const { outbox, drain } = filled(2, 0);
  const ids: number[] = [];
  for (const event of outbox.drain()) {
    ids.push((event as HttpEvent & { id: RequestId }).id);
    outbox.refuse((2 + ids.length) as RequestId);
    if (ids.length > 10) break;
  }
  assertEquals(ids.length, 2);
  assertEquals(drain(), "rr");
});

for (const budgetMs of [-1, NaN]) {
  Deno.test(`EventOutbox.drain() refuses a budget of ${budgetMs} before it takes anything`, () => {
    const { drain } = filled(2, 1);
    assertThrows(() => drain(budgetMs), RangeError, "budgetMs must be >= 0");
    assertEquals(drain(), "rre");
  });
}
