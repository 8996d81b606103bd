import { assert, assertEquals } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import { MissedMatches } from "./_missed_matches.ts";

Deno.test("MissedMatches forgives some, and forgets all after a while", () => {
  const missed = new MissedMatches();
  const [ada, bob] = [playerId("ada"), playerId("bob")];
  for (let i = 0; i < 2; i++) missed.count(ada, 0);
  assertEquals(missed.waitMs([ada, bob], 0), 0);
  for (let i = 0; i < 5; i++) missed.count(ada, 0);
  assertEquals(missed.waitMs([bob, ada], 0), 30_000);
  assertEquals(missed.waitMs([bob], 0), 0);
  missed.sweep(60_000);
  assertEquals(missed.size, 1);
  assert(missed.waitMs([ada], 30_000) === 0);
  missed.sweep(90_000);
  assertEquals(missed.size, 0);
});
