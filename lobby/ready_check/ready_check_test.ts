import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import { ReadyCheck } from "./ready_check.ts";

const ADA = playerId("ada");
const BOB = playerId("bob");
const CY = playerId("cy");

Deno.test("ReadyCheck ends when everybody is ready, and not before", () => {
  const check = new ReadyCheck([ADA, BOB]);
  assert(check.vote(ADA, true));
  // Twice by one is not once by two.
  assert(check.vote(ADA, true));
  assertEquals(check.check(), undefined);
  assertEquals([...check.votes], [[ADA, true], [BOB, undefined]]);
  assert(check.vote(BOB, true));
  assertEquals(check.check(), { type: "allReady" });
  assertEquals(check.leftMs, 0);
});

Deno.test("ReadyCheck ends at the first no, and names who said it and who said nothing", () => {
  const check = new ReadyCheck([ADA, BOB, CY]);
  check.vote(ADA, true);
  check.vote(CY, false);
  assertEquals(check.check(), {
    type: "cancelled",
    reason: "declined",
    declined: [CY],
    silent: [BOB],
  });
});

Deno.test("ReadyCheck hears everybody out if it is told to", () => {
  const check = new ReadyCheck([ADA, BOB, CY], { endsOnDecline: false });
  check.vote(CY, false);
  check.vote(ADA, false);
  assertEquals(check.check(), undefined);
  check.vote(ADA, true);
  check.vote(BOB, true);
  assertEquals(check.check(), {
    type: "cancelled",
    reason: "declined",
    declined: [CY],
    silent: [],
  });
});

Deno.test("ReadyCheck lets a no be taken back while others are silent", () => {
  const check = new ReadyCheck([ADA, BOB], { endsOnDecline: false });
  check.vote(ADA, false);
  check.vote(ADA, true);
  check.vote(BOB, true);
  assertEquals(check.check(), { type: "allReady" });
});

Deno.test("ReadyCheck times out at its time", () => {
  const check = new ReadyCheck([ADA, BOB, CY], {
    timeoutMs: 2000,
    endsOnDecline: false,
  });
  check.vote(BOB, false);
  check.tick(1.5);
  assertEquals(check.check(), undefined);
  assertEquals(check.leftMs, 500);
  check.tick(0.5);
  assertEquals(check.check(), {
    type: "timedOut",
    declined: [BOB],
    silent: [ADA, CY],
  });
});

Deno.test("ReadyCheck.cancel() keeps its reason, and nothing changes what it ended with", () => {
  const check = new ReadyCheck([ADA], { timeoutMs: Infinity });
  check.tick(1e9);
  check.cancel("the server closes");
  const result = {
    type: "cancelled",
    reason: "the server closes",
    declined: [],
    silent: [ADA],
  } as const;
  assertEquals(check.check(), result);
  assertFalse(check.vote(ADA, true));
  check.expire();
  check.cancel("again");
  check.tick(1);
  assertEquals(check.check(), result);
});

Deno.test("ReadyCheck takes no answer of somebody who is not asked", () => {
  const check = new ReadyCheck([ADA]);
  assertFalse(check.vote(BOB, false));
  assertEquals(check.check(), undefined);
});

Deno.test("ReadyCheck refuses what makes no check", () => {
  assertThrows(() => new ReadyCheck([]), RangeError, "1 to 256");
  assertThrows(() => new ReadyCheck([ADA, ADA]), RangeError, "once");
  assertThrows(() => new ReadyCheck([ADA], { timeoutMs: 0 }), RangeError);
  assertThrows(() => new ReadyCheck([ADA]).tick(-1), RangeError, "dt");
  assertThrows(() => new ReadyCheck([ADA]).tick(NaN), RangeError, "dt");
});
