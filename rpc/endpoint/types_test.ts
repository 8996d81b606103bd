// What TypeScript lets through at the endpoints, and what it must not: an error that is
// expected and does not come is an error of `deno check`.
import { assertEquals, assertThrows } from "@std/assert";
import {
  bool,
  MemoryLinkPair,
  string,
  struct,
  u8,
  varint,
  vec3,
} from "../../protocol/mod.ts";
import {
  type ClientId,
  clientId,
  type DeferredReply,
  defineRpc,
  RpcClient,
  type RpcClientEvent,
  RpcServer,
  type RpcServerEvent,
  RpcTarget,
  type RpcTicket,
  ServerTarget,
} from "../mod.ts";

const game = defineRpc({
  fire: { params: { at: vec3, weapon: u8 }, from: "client" },
  damage: { params: { amount: u8 }, from: "server" },
  wave: { params: {}, from: "any" },
  buy: {
    params: { item: string },
    from: "client",
    reply: struct({ ok: bool, gold: varint }),
  },
  ask: { params: { n: u8 }, from: "server", reply: string },
  echo: { params: { n: u8 }, from: "any", reply: u8 },
});
type D = typeof game.definitions;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;
function assertType<_T extends true>(): void {}

const at = { x: 0, y: 0, z: 0 };
const ONE = clientId(1);

function ends(): [RpcServer<D>, RpcClient<D>] {
  const pair = new MemoryLinkPair();
  const server = new RpcServer(game);
  server.connect(pair.a, ONE);
  return [server, new RpcClient(game, pair.b)];
}

Deno.test("the endpoints infer parameters, replies and events", () => {
  const [server, client] = ends();
  server.on("fire", (params, context) => {
    assertType<Same<typeof params.weapon, number>>();
    assertType<Same<typeof context.caller, ClientId>>();
  });
  client.on("damage", (params, context) => {
    assertType<Same<typeof params.amount, number>>();
    assertType<Same<typeof context.caller, ClientId | undefined>>();
  });
  // Another client's calls come to a client too.
  client.on("fire", ({ at }) => assertType<Same<typeof at.x, number>>());
  server.answer("buy", ({ item }, context) => {
    const later = context.defer();
    assertType<
      Same<typeof later, DeferredReply<{ ok: boolean; gold: number }>>
    >();
    return item === "" ? { ok: true, gold: 1 } : later;
  });
  const bought = client.call("buy", { item: "a" });
  assertType<
    Same<typeof bought, RpcTicket<{ ok: boolean; gold: number }> | undefined>
  >();
  function take(event: RpcClientEvent<D>): number | string | undefined {
    if (event.type === "result" && bought === event.ticket) return event.name;
    if (event.type === "result" && event.name === "buy") {
      return event.value.gold;
    }
    if (event.type === "result" && event.name === "echo") return event.value;
    if (event.type === "failed" && event.reason === "failure") {
      return event.code;
    }
    if (event.type === "callRefused") return event.difference?.type;
    return undefined;
  }
  function took(event: RpcServerEvent<D>): number | string | undefined {
    if (event.type === "result" && event.name === "ask") {
      assertType<Same<typeof event.client, ClientId>>();
      return event.value.length;
    }
    if (event.type === "peerWarned") return event.offence;
    return event.client;
  }
  const common = { ticket: 99 as RpcTicket };
  assertEquals(
    take({
      type: "result",
      name: "buy",
      value: { ok: true, gold: 7 },
      ...common,
    }),
    7,
  );
  assertEquals(
    took({
      type: "result",
      name: "ask",
      value: "abc",
      client: ONE,
      ...common,
    }),
    3,
  );
});

Deno.test("the endpoints refuse what the contract does not have", () => {
  const [server, client] = ends();
  // Each is refused at run time as well, for those who write no types.
  for (
    const mistake of [
      // @ts-expect-error The server does not fire.
      () => server.send("fire", { at, weapon: 1 }, RpcTarget.all()),
      // @ts-expect-error A client does no damage.
      () => client.send("damage", { amount: 1 }),
      // @ts-expect-error It is answered: call() it.
      () => client.send("buy", { item: "" }),
      // @ts-expect-error It is not answered: send() it.
      () => client.call("fire", { at, weapon: 1 }),
      // @ts-expect-error The server asks this.
      () => client.call("ask", { n: 1 }),
      // @ts-expect-error A client asks this.
      () => server.call("buy", { item: "" }, ONE),
      // @ts-expect-error There is no such call.
      () => client.send("jump", {}),
      // @ts-expect-error Nor to be handled.
      () => server.on("jump", () => {}),
      // @ts-expect-error It is to be answered.
      () => server.on("buy", () => {}),
      // @ts-expect-error Nobody waits for an answer.
      () => server.answer("fire", () => 1),
      // @ts-expect-error The wrong parameter.
      () => client.send("fire", { at, weapon: "gun" }),
      // @ts-expect-error One is missing.
      () => client.send("fire", { at }),
      // @ts-expect-error An id is no target.
      () => server.send("damage", { amount: 1 }, ONE),
      // @ts-expect-error Only the server decides who is near.
      () => client.send("wave", {}, ServerTarget.within(at, 1)),
      // @ts-expect-error Only clients fire, and the server does not handle what it calls itself.
      () => server.on("damage", () => {}),
      // @ts-expect-error The client is not asked this.
      () => client.answer("buy", () => ({ ok: true, gold: 1 })),
    ]
  ) assertThrows(mistake);
  // What no run time could tell before it is too late.
  // @ts-expect-error Not the reply.
  server.answer("buy", () => ({ ok: true }));
  // @ts-expect-error A promise is no reply.
  server.answer("echo", ({ n }) => Promise.resolve(n));
  // @ts-expect-error One too many.
  client.send("fire", { at, weapon: 1, ammo: 1 });
  const value = (event: RpcClientEvent<D>): unknown =>
    // @ts-expect-error Of which call is not known.
    event.type === "result" && event.value.gold;
  assertEquals(value({ type: "ready" }), false);
});
