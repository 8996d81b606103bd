import { assertEquals, assertThrows } from "@std/assert";
import { resolveRpcLimits, type RpcLimits } from "./rpc_limits.ts";

Deno.test("resolveRpcLimits() has a default for each limit", () => {
  const limits = resolveRpcLimits();
  assertEquals(resolveRpcLimits(limits), limits);
  assertEquals(resolveRpcLimits({ muteMs: 1_000 }), {
    ...limits,
    muteMs: 1_000,
  });
  // The largest message of any link here can be read.
  assertEquals(limits.bytes.burst >= 65_536 + 32, true);
});

Deno.test("resolveRpcLimits() refuses what makes no sense", () => {
  const wrong: [RpcLimits, string][] = [
    [{ calls: { perSecond: 0, burst: 1 } }, "calls.perSecond"],
    [{ calls: { perSecond: NaN, burst: 1 } }, "calls.perSecond"],
    [{ bytes: { perSecond: Infinity, burst: 1 } }, "bytes.perSecond"],
    [{ bytes: { perSecond: 1, burst: 0 } }, "bytes.burst"],
    [{ handlerMs: { perSecond: 1, burst: 0.5 } }, "handlerMs.burst"],
    [{ malformed: { perSecond: 1, burst: Infinity } }, "malformed.burst"],
    [{ refusals: { perSecond: -1, burst: 1 } }, "refusals.perSecond"],
    [{ warnAt: 0 }, "warnAt"],
    [{ warnAt: 121 }, "warnAt as it must be at most muteAt (120)"],
    [{ muteAt: 601 }, "muteAt as it must be at most kickAt (600)"],
    [{ kickAt: Infinity }, "kickAt"],
    [{ muteMs: 999 }, "muteMs"],
    [{ muteMs: Infinity }, "muteMs"],
    [{ forgivenPerSecond: 0 }, "forgivenPerSecond"],
    [{ mutesBeforeKick: -1 }, "mutesBeforeKick"],
  ];
  for (const [limits, message] of wrong) {
    assertThrows(() => resolveRpcLimits(limits), RangeError, message);
  }
});
