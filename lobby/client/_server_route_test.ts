import { assertEquals, assertThrows } from "@std/assert";
import { ServerRoute } from "./_server_route.ts";

Deno.test("ServerRoute keeps path and query of where it began, and TLS", () => {
  for (
    const [from, to, there] of [
      ["wss://a/play?token=1", "wss://b", "wss://b/play?token=1"],
      ["wss://a/play?token=1", "wss://b/x?y", "wss://b/x?y"],
      ["wss://a", "ws://b", undefined],
      ["ws://a", "wss://b", "wss://b/"],
      ["ws://a", "javascript:alert(1)", undefined],
      ["ws://a", "b", undefined],
    ] as const
  ) {
    const route = new ServerRoute(from, undefined);
    assertEquals(route.ofRequest(to, 0), there, `${from} to ${to}`);
    const later = new ServerRoute(() => from, undefined);
    // Where it began is not known before it was asked for.
    assertEquals(later.ofRequest(to, 0), undefined);
    assertEquals(later.url(), from);
    assertEquals(later.ofRequest(to, 0), there);
  }
  assertThrows(() => new ServerRoute("a", undefined), TypeError, '"a"');
});

Deno.test("ServerRoute goes where a function of the game's says, if that can be", () => {
  const route = new ServerRoute("ws://a", (to) => to.replace("b", "c"));
  assertEquals(route.ofRequest("ws://b", 0), "ws://c");
  assertEquals(route.ofRequest("b", 0), undefined);
});

Deno.test("ServerRoute sends a request on four times, and a greeting until the next answer", () => {
  const route = new ServerRoute("ws://a", undefined);
  const went = Array.from(
    { length: 6 },
    (_, i) => route.ofRequest("ws://b", i) !== undefined,
  );
  assertEquals(went, [true, true, true, true, false, false]);
  const greet = (): boolean => route.ofGreeting("ws://b") !== undefined;
  assertEquals([1, 2, 3, 4, 5, 6].map(greet), [
    true,
    true,
    true,
    true,
    false,
    true,
  ]);
  route.onSynced();
  assertEquals([1, 2, 3, 4, 5].map(greet), [true, true, true, true, false]);
});

Deno.test("ServerRoute goes back where it began if the server that was named is not there", () => {
  const route = new ServerRoute("ws://a/", undefined);
  const there = route.ofRequest("ws://b/", 0)!;
  assertEquals(route.isCounted(there), true);
  route.follow(there);
  assertEquals(route.url(), "ws://b/");
  route.onReconnecting(1);
  assertEquals(route.url(), "ws://b/");
  route.onReconnecting(2);
  assertEquals(route.url(), "ws://a/");
  // The first one does not know yet: it is asked once more before that one is tried again.
  assertEquals(route.isCounted(there), false);
  assertEquals(route.ofGreeting("ws://b/"), undefined);
  assertEquals(route.ofGreeting("ws://b/"), there);
  assertEquals(route.isCounted(there), true);
  route.follow(there);
  route.onClosed();
  assertEquals(route.url(), "ws://a/");
});

Deno.test("ServerRoute stays for a second where it was moved to", () => {
  const route = new ServerRoute("ws://a/", undefined);
  assertEquals(route.ofMove("nowhere", 0), undefined);
  assertEquals(route.ofMove("ws://b/", 0), "ws://b/");
  assertEquals(route.ofMove("ws://c/", 999), undefined);
  assertEquals(route.ofMove("ws://c/", 1_000), "ws://c/");
});
