import { assert, assertEquals, assertThrows } from "@std/assert";
import { bool, string, struct, u8, varint } from "../../protocol/mod.ts";
import {
  clientId,
  type DeferredReply,
  defineRpc,
  RpcFailure,
  type RpcTicket,
} from "../mod.ts";
import { DT, metricOf, RpcWorld } from "./_testing/rpc_world.ts";

const game = defineRpc({
  buy: {
    params: { item: string({ maxBytes: 32 }) },
    from: "client",
    reply: struct({ gold: varint }),
  },
  ask: { params: { n: u8 }, from: "any", reply: bool },
  long: { params: {}, from: "client", reply: string({ maxBytes: 4_096 }) },
  note: { params: { n: u8 }, from: "any" },
});

function outcome(type: string, ticket: RpcTicket | undefined): unknown {
  return { type, ticket: ticket!, name: "buy" };
}

function failed(
  reason: string,
  ticket: RpcTicket | undefined,
  message: string,
  code = 0,
): unknown {
  return { ...outcome("failed", ticket) as object, reason, code, message };
}

Deno.test("call() has one outcome: the answer, an error, or what became of it", () => {
  const world = new RpcWorld(game).ready();
  world.server.answer("buy", ({ item }) => {
    if (item === "moon") throw new RpcFailure(7, "not for sale");
    if (item === "bug") throw new TypeError("a secret");
    return { gold: item.length };
  });
  const { client } = world;
  const tickets = ["axe", "moon", "bug"].map((item) =>
    client.call("buy", { item })
  );
  assertEquals<unknown>(tickets, [1, 2, 3]);
  assertEquals(client.outstanding, 3);
  world.run(3);
  assertEquals(client.outstanding, 0);
  assertEquals<unknown[]>(world.clients[0]!.events, [
    { ...outcome("result", tickets[0]) as object, value: { gold: 3 } },
    failed("failure", tickets[1], "not for sale", 7),
    failed("handlerFailed", tickets[2], "Its handler failed at the other end"),
  ]);
  const [event] = world.events;
  assert(event?.type === "handlerFailed");
  assertEquals([event.name, event.caller, event.client], [
    "buy",
    clientId(1),
    clientId(1),
  ]);
  assert(event.error instanceof TypeError);
});

Deno.test("call() goes both ways", () => {
  const world = new RpcWorld(game).ready();
  world.client.answer("ask", ({ n }, { caller }) => {
    assertEquals(caller, undefined);
    return n === 7;
  });
  const ticket = world.server.call("ask", { n: 7 }, clientId(1));
  world.run(3);
  assertEquals<unknown[]>(world.events, [{
    type: "result",
    ticket: ticket!,
    name: "ask",
    value: true,
    client: clientId(1),
  }]);
  assertEquals(world.server.call("ask", { n: 7 }, clientId(2)), undefined);
});

Deno.test("call() times out by simulation time, and ignores what comes later", () => {
  const world = new RpcWorld(game).ready();
  let deferred: DeferredReply<{ gold: number }> | undefined;
  world.server.answer("buy", (_, context) => deferred = context.defer());
  const ticket = world.client.call("buy", { item: "" }, { timeoutMs: 100 });
  world.run(50, 0);
  assertEquals(world.clients[0]!.events, []);
  world.run(1, 0.0999);
  assertEquals(world.clients[0]!.events, []);
  world.run(1, 0.0002);
  assertEquals<unknown[]>(world.clients[0]!.events, [
    outcome("timedOut", ticket),
  ]);
  assert(deferred!.settle({ gold: 1 }));
  world.run(3);
  assertEquals(world.clients[0]!.events.length, 1);
  assertEquals(metricOf(world.client, "results_late"), 1);
});

Deno.test("cancel() ends the wait, once", () => {
  const world = new RpcWorld(game).ready();
  world.server.answer("buy", () => ({ gold: 1 }));
  const ticket = world.client.call("buy", { item: "" })!;
  assert(world.client.cancel(ticket));
  assertEquals(world.client.cancel(ticket), false);
  world.run(4);
  assertEquals<unknown[]>(world.clients[0]!.events, [
    outcome("cancelled", ticket),
  ]);
});

Deno.test("A link that closes ends what waits, before it says so", () => {
  const world = new RpcWorld(game).ready();
  world.client.answer("ask", (_, context) => context.defer());
  const ticket = world.client.call("buy", { item: "" });
  const asked = world.server.call("ask", { n: 1 }, clientId(1));
  world.clients[0]!.pair.b.close("gone");
  world.run(2);
  assertEquals<unknown[]>(world.clients[0]!.events, [
    outcome("disconnected", ticket),
    { type: "disconnected", reason: "gone" },
  ]);
  assertEquals<unknown[]>(world.events, [
    {
      type: "disconnected",
      ticket: asked!,
      name: "ask",
      client: clientId(1),
    },
    { type: "peerDisconnected", client: clientId(1), reason: "gone" },
  ]);
  assertEquals(world.client.call("buy", { item: "" }), undefined);
  assertEquals(world.client.send("note", { n: 1 }), false);
  assertEquals(metricOf(world.client, "refused", "closed"), 2);
  assertEquals([world.server.size, world.server.outstanding], [0, 0]);
});

Deno.test("A deferred reply is settled once, and not for a client that is gone", () => {
  const world = new RpcWorld(game).ready();
  const deferred: DeferredReply<{ gold: number }>[] = [];
  world.server.answer("buy", (_, context) => {
    const reply = context.defer();
    deferred.push(reply);
    assertThrows(() => context.defer(), TypeError, "must wait");
    return reply;
  });
  const tickets = ["a", "b", "c"].map((item) =>
    world.client.call("buy", { item })
  );
  world.run(5);
  const [a, b, c] = deferred;
  assertEquals(world.clients[0]!.events, []);
  assertThrows(() => a!.settle({ gold: -1 }), RangeError, "reply");
  assertEquals(a!.isSettled, false);
  assert(a!.settle({ gold: 5 }));
  assertEquals([a!.settle({ gold: 6 }), a!.fail(1)], [false, false]);
  assertThrows(() => b!.fail(65_536), RangeError, "code");
  assertThrows(() => b!.fail(1, "x".repeat(257)), RangeError, "256");
  assert(b!.fail(9, "no"));
  world.run(2);
  world.server.disconnect(world.clients[0]!.peer);
  assertEquals(c!.settle({ gold: 1 }), false);
  world.run(2);
  assertEquals<unknown[]>(world.clients[0]!.events, [
    { ...outcome("result", tickets[0]) as object, value: { gold: 5 } },
    failed("failure", tickets[1], "no", 9),
    outcome("disconnected", tickets[2]),
    { type: "disconnected", reason: "disconnected" },
  ]);
});

Deno.test("A handler that puts its answer off returns what it was given", () => {
  const world = new RpcWorld(game).ready();
  const kept: DeferredReply<{ gold: number }>[] = [];
  world.server.answer("buy", ({ item }, context) => {
    const reply = context.defer();
    kept.push(reply);
    if (item === "throw") throw new RpcFailure(3);
    if (item === "settled") reply.settle({ gold: 4 });
    return item === "other" ? { gold: 1 } : reply;
  });
  const tickets = ["throw", "other", "settled"].map((item) =>
    world.client.call("buy", { item })
  );
  world.run(3);
  assertEquals<unknown[]>(world.clients[0]!.events, [
    failed("failure", tickets[0], "", 3),
    failed(
      "handlerFailed",
      tickets[1],
      "Its handler failed at the other end",
    ),
    { ...outcome("result", tickets[2]) as object, value: { gold: 4 } },
  ]);
  assertEquals(kept.map((reply) => reply.settle({ gold: 2 })), [
    false,
    false,
    false,
  ]);
  world.run(2);
  assertEquals(metricOf(world.client, "results_late"), 0);
});

Deno.test("An answer that its reply does not allow, or no message, is a failure of the handler", () => {
  const world = new RpcWorld(game, { link: { maxMessageBytes: 2_000 } })
    .ready();
  const longs = ["x".repeat(2_000), "y".repeat(1_300)];
  world.server.answer("buy", () => ({ gold: 0.5 }));
  world.server.answer("long", () => longs.shift()!);
  world.client.call("buy", { item: "" });
  world.client.call("long", {});
  world.client.call("long", {});
  world.run(3);
  assertEquals(
    world.clients[0]!.events.map((event) =>
      event.type === "failed" ? event.reason : event.type
    ),
    ["handlerFailed", "handlerFailed", "result"],
  );
  assertEquals(
    world.events.map((event) =>
      event.type === "handlerFailed" && `${event.error}`
    ),
    [
      'RangeError: Cannot answer "buy" as its reply must be allowed by struct(gold:varint): current value is an object',
      'RangeError: Cannot answer "long" as its reply must fit a message of the link: current value does not',
    ],
  );
});

Deno.test("A call without handler fails, and is told once", () => {
  const world = new RpcWorld(game).ready();
  for (let i = 0; i < 3; i++) {
    world.client.call("buy", { item: "" });
    world.client.send("note", { n: i });
  }
  world.run(3);
  assertEquals<unknown[]>(world.events, [
    { type: "handlerMissing", name: "buy", client: clientId(1) },
    { type: "handlerMissing", name: "note", client: clientId(1) },
  ]);
  assertEquals(
    world.clients[0]!.events.map((event) =>
      event.type === "failed" && event.reason
    ),
    ["noHandler", "noHandler", "noHandler"],
  );
  assertEquals(metricOf(world.server, "denied", "noHandler"), 6);
});

Deno.test("call() refuses more than may wait, here and there", () => {
  const world = new RpcWorld(game, {
    client: { maxOutstanding: 3 },
    server: { maxOutstanding: 2 },
  }).ready();
  world.server.answer("buy", (_, context) => context.defer());
  const tickets = Array.from(
    { length: 5 },
    () => world.client.call("buy", { item: "" }),
  );
  assertEquals(tickets, [1, 2, 3, undefined, undefined]);
  world.run(3);
  const [refused, tooMany] = world.clients[0]!.events;
  assert(refused?.type === "callRefused");
  assertEquals([refused.name, refused.reason], ["buy", "tooManyOutstanding"]);
  assertEquals<unknown>(
    tooMany,
    failed(
      "tooManyOutstanding",
      tickets[2],
      "Too many calls of the caller wait for their answers",
    ),
  );
  assertEquals(world.clients[0]!.events.length, 2);
  assertEquals(metricOf(world.client, "refused", "tooManyOutstanding"), 2);
  world.client.cancel(tickets[0]!);
  assertEquals(world.client.call("buy", { item: "" }), 4);
});

Deno.test("call() takes no more than there is room for outcomes", () => {
  const world = new RpcWorld(game, { client: { maxEvents: 16 } });
  const { client } = world;
  world.server.answer("buy", () => ({ gold: 0 }));
  const tickets = Array.from(
    { length: 20 },
    () => client.call("buy", { item: "" }),
  );
  // The events of the link have their places too.
  assertEquals(tickets.filter((ticket) => ticket !== undefined).length, 13);
  for (let i = 0; i < 5; i++) {
    client.tick(DT);
    world.server.tick(DT);
  }
  world.client.close("enough");
  const types = [...client.drainEvents()].map(({ type }) => type);
  assertEquals(types.filter((type) => type === "result").length, 13);
  assertEquals(types.at(-1), "disconnected");
  assertEquals(metricOf(client, "refused", "eventsFull"), 7);
});

Deno.test("reconnect() goes on with the same handlers, and other tickets", () => {
  const world = new RpcWorld(game).ready();
  const { client, server } = world;
  const notes: number[] = [];
  client.on("note", ({ n }) => notes.push(n));
  server.answer("buy", ({ item }) => ({ gold: item.length }));
  const lost = client.call("buy", { item: "ab" });
  const next = world.connect(2);
  client.reconnect(next.pair.b);
  const got = client.call("buy", { item: "abc" });
  world.clients.pop();
  for (let i = 0; i < 5; i++) {
    world.run();
    next.pair.tick(DT);
    server.send("note", { n: i }, { type: "all" });
  }
  assertEquals<unknown[]>(world.clients[0]!.events, [
    outcome("disconnected", lost),
    { type: "disconnected", reason: "reconnecting" },
    { type: "ready" },
    { ...outcome("result", got) as object, value: { gold: 3 } },
  ]);
  assertEquals(notes.length > 0, true);
  assertEquals([...server.peers()].map(({ id }) => id), [clientId(2)]);
});

Deno.test("An async handler by mistake ends nothing", async () => {
  const world = new RpcWorld(game).ready();
  world.server.on("note", () => Promise.reject(new Error("later")));
  world.server.answer(
    "buy",
    (() => Promise.reject(new Error("later"))) as unknown as () => {
      gold: number;
    },
  );
  world.client.send("note", { n: 1 });
  const ticket = world.client.call("buy", { item: "" });
  world.run(3);
  await new Promise((resolve) => setTimeout(resolve));
  world.run();
  assertEquals(metricOf(world.server, "handlers_failed"), 3);
  assertEquals<unknown[]>(world.clients[0]!.events, [
    failed("handlerFailed", ticket, "Its handler failed at the other end"),
  ]);
});
