import { assertEquals, assertThrows } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import { RpcCall } from "../call/rpc_call.ts";
import { RpcId, rpcId } from "../call/rpc_id.ts";
import { type ClientId, clientId } from "../target/client_id.ts";
import { RpcSecurity } from "./rpc_security.ts";

const FIRE = rpcId(100);
const JUMP = rpcId(101);
const ADA = clientId(7);
const BOB = clientId(8);

function guard(
  rate = { perSecond: 10, burst: 3 },
): { clock: ManualClock; security: RpcSecurity } {
  const clock = new ManualClock();
  const security = new RpcSecurity({ clock, rate });
  security.addCaller(ADA);
  security.addCaller(BOB);
  return { clock, security };
}

/** How many of 100 calls are let through. */
function accepted(
  security: RpcSecurity,
  id: RpcId,
  caller: ClientId | undefined,
): number {
  const call = new RpcCall({ id, caller });
  let count = 0;
  for (let i = 0; i < 100; i++) {
    if (security.check(call) === undefined) count++;
  }
  return count;
}

Deno.test("RpcSecurity lets through what the rate allows, of each caller", () => {
  const { clock, security } = guard();
  assertEquals(accepted(security, FIRE, ADA), 3);
  assertEquals(accepted(security, FIRE, BOB), 3);
  assertEquals(security.rateLimited, 194);
  clock.advance(99);
  assertEquals(accepted(security, FIRE, ADA), 0);
  clock.advance(1);
  assertEquals(accepted(security, FIRE, ADA), 1);
  clock.advance(200);
  assertEquals(accepted(security, FIRE, ADA), 2);
  clock.advance(60_000);
  assertEquals(accepted(security, FIRE, ADA), 3);
});

Deno.test("RpcSecurity counts all calls without a rate of their own together", () => {
  const { security } = guard();
  assertEquals(accepted(security, FIRE, ADA), 3);
  assertEquals(accepted(security, JUMP, ADA), 0);
  // Ids that a client makes up open no bucket.
  for (let id = 200; id < 400; id++) {
    assertEquals(accepted(security, rpcId(id), ADA), 0);
  }
});

Deno.test("RpcSecurity.setRate() holds for callers that are connected", () => {
  const { clock, security } = guard();
  assertEquals(accepted(security, FIRE, ADA), 3);
  security.setRate(FIRE, { perSecond: 2, burst: 5 });
  assertEquals(accepted(security, FIRE, ADA), 5);
  // Its calls are none of the common rate any more.
  assertEquals(accepted(security, JUMP, BOB), 3);
  assertEquals(accepted(security, FIRE, BOB), 5);
  clock.advance(1_000);
  assertEquals(accepted(security, FIRE, ADA), 2);
  security.setRate(FIRE, { perSecond: 1 });
  assertEquals(accepted(security, FIRE, ADA), 1);
  clock.advance(10_000);
  assertEquals(accepted(security, FIRE, ADA), 1);
  security.setRate(FIRE, undefined);
  assertEquals(accepted(security, FIRE, ADA), 3);
  assertEquals(accepted(security, JUMP, ADA), 0);
});

Deno.test("RpcSecurity lets the server call whatever and whenever it wants", () => {
  const { security } = guard();
  assertEquals(accepted(security, RpcId.GameEvent, undefined), 100);
  assertEquals(security.callerCount, 2);
});

Deno.test("RpcSecurity leaves the twelve to the server, but for the chat", () => {
  const { security } = guard({ perSecond: 100, burst: 100 });
  for (const id of Object.values(RpcId)) {
    const refusal = security.check(new RpcCall({ id, caller: ADA }));
    assertEquals(refusal, id === RpcId.Chat ? undefined : "unauthorised");
  }
  assertEquals(security.unauthorised, 11);
});

Deno.test("RpcSecurity.addServerOnly() and removeServerOnly() say who may call", () => {
  const { security } = guard();
  security.addServerOnly(FIRE);
  assertEquals(accepted(security, FIRE, ADA), 0);
  assertEquals(security.unauthorised, 100);
  assertEquals(security.removeServerOnly(FIRE), true);
  assertEquals(security.removeServerOnly(FIRE), false);
  // What was refused has cost nothing.
  assertEquals(accepted(security, FIRE, ADA), 3);
  assertEquals(security.removeServerOnly(RpcId.PlaySound), true);
});

Deno.test("RpcSecurity knows connected callers, and keeps nothing of others", () => {
  const { security } = guard();
  const stranger = clientId(99);
  assertEquals(accepted(security, FIRE, stranger), 0);
  assertEquals([security.unauthorised, security.callerCount], [100, 2]);
  assertEquals(security.removeCaller(ADA), true);
  assertEquals(security.removeCaller(ADA), false);
  assertEquals(accepted(security, FIRE, ADA), 0);
  assertEquals(security.callerCount, 1);
  security.addCaller(ADA);
  assertEquals(accepted(security, FIRE, ADA), 3);
  // It does not help to be added twice.
  security.addCaller(ADA);
  assertEquals(accepted(security, FIRE, ADA), 0);
});

Deno.test("RpcSecurity lets 30 calls a second through if nothing is said", () => {
  const clock = new ManualClock();
  const security = new RpcSecurity({ clock });
  security.addCaller(ADA);
  assertEquals(accepted(security, FIRE, ADA), 30);
  // A thirtieth of a second is rounded: what is missing comes with the next millisecond.
  clock.advance(1_001);
  assertEquals(accepted(security, FIRE, ADA), 30);
});

Deno.test("RpcSecurity refuses rates that are none", () => {
  const { security } = guard();
  for (const perSecond of [0, -1, NaN, Infinity]) {
    const rate = { perSecond };
    assertThrows(() => new RpcSecurity({ rate }), RangeError);
    assertThrows(() => security.setRate(FIRE, rate), RangeError);
  }
  const rate = { perSecond: 1, burst: 0.5 };
  assertThrows(() => security.setRate(FIRE, rate), RangeError);
  assertEquals(accepted(security, FIRE, ADA), 3);
});
