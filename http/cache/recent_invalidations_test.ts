import { assert, assertEquals } from "@std/assert";
import { RecentInvalidations } from "./recent_invalidations.ts";

Deno.test("RecentInvalidations.has() tells what was sent before", () => {
  const recent = new RecentInvalidations();
  assert(!recent.has("a", 0, 20));
  recent.add("a", 10);
  assert(recent.has("a", 9, 20));
  assert(!recent.has("a", 10, 20));
  assert(!recent.has("b", 9, 20));
  recent.add("a", 5);
  assert(recent.has("a", 9, 20));
});

Deno.test("RecentInvalidations.has() errs on the safe side about what it forgot", () => {
  const recent = new RecentInvalidations();
  for (let i = 0; i < 1_000; i++) recent.add(`${i}`, i);
  assert(recent.has("0", -1, 1_000));
  assert(recent.has("never", 900, 1_000));
  assert(!recent.has("never", 940, 1_000));
  assert(recent.has("999", 998, 1_000));
  assert(!recent.has("999", 999, 1_000));
});

Deno.test("RecentInvalidations.has() gets over a wall clock that was ahead", () => {
  const ahead = Date.UTC(2040);
  const now = Date.UTC(2026);
  for (const count of [1, 1_000]) {
    const recent = new RecentInvalidations();
    for (let i = 1; i <= count; i++) recent.add(`${i}`, ahead + i);
    const last = `${count}`;
    // Sent before the clock was set back, so perhaps before the invalidation.
    assert(recent.has(last, now - 1, now));
    assert(!recent.has(last, now, now + 1));
    assertEquals(recent.has("never", now - 1, now), count > 64);
    assert(!recent.has("never", now, now + 1));
    recent.add(last, now + 5);
    assert(recent.has(last, now + 4, now + 6));
    assert(!recent.has(last, now + 5, now + 6));
  }
});

Deno.test("RecentInvalidations.has() tells of what came while a store was asked", () => {
  const recent = new RecentInvalidations();
  recent.add("b", 105);
  // The response came at 100, and the store has answered only now.
  assert(!recent.has("a", 50, 100));
  assert(recent.has("b", 102, 110));
});
