import { assert } from "@std/assert";
import { RecentInvalidations } from "./recent_invalidations.ts";

Deno.test("RecentInvalidations.has() tells what was sent before", () => {
  const recent = new RecentInvalidations();
  assert(!recent.has("a", 0));
  recent.add("a", 10);
  assert(recent.has("a", 9));
  assert(!recent.has("a", 10));
  assert(!recent.has("b", 9));
  recent.add("a", 5);
  assert(recent.has("a", 9));
});

Deno.test("RecentInvalidations.has() errs on the safe side about what it forgot", () => {
  const recent = new RecentInvalidations();
  for (let i = 0; i < 1_000; i++) recent.add(`${i}`, i);
  assert(recent.has("0", -1));
  assert(recent.has("never", 900));
  assert(!recent.has("never", 940));
  assert(recent.has("999", 998));
  assert(!recent.has("999", 999));
});
