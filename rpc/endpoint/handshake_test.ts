import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import {
  bool,
  Channel,
  f32,
  MemoryLinkPair,
  type MessageLink,
  string,
  u16,
  u8,
} from "../../protocol/mod.ts";
import {
  clientId,
  defineRpc,
  RpcClient,
  RpcServer,
  RpcTarget,
} from "../mod.ts";
import { DT, metricOf, RpcWorld } from "./_testing/rpc_world.ts";

const chat = { params: { text: string }, from: "client" } as const;
const tell = { params: { n: u8 }, from: "server" } as const;
const older = defineRpc({
  chat,
  tell,
  hit: { params: { by: u8, amount: u8 }, from: "server" },
  buy: { params: { id: u8 }, from: "client", reply: bool },
  jump: { params: {}, from: "client" },
});
const newer = defineRpc({
  // Every number moves.
  afk: { params: {}, from: "client" },
  chat,
  hit: { params: { by: u8, amount: f32 }, from: "server" },
  buy: { params: { id: u16 }, from: "client", reply: bool },
  tell,
});

Deno.test("Calls that are made before the handshake is over wait for it", () => {
  for (const isOpen of [true, false]) {
    const world = new RpcWorld(older, { link: { isOpen, latencyMs: 30 } });
    const { client, server } = world;
    const { pair, events } = world.clients[0]!;
    const got: string[] = [];
    server.on("chat", ({ text }) => got.push(text));
    server.answer("buy", () => true);
    client.on("tell", ({ n }) => got.push(`${n}`));
    client.send("chat", { text: "early" });
    client.call("buy", { id: 1 });
    server.send("tell", { n: 5 }, RpcTarget.all());
    world.run(10);
    assertEquals(client.isReady, isOpen);
    pair.open();
    world.run(20);
    assertEquals(got.sort(), ["5", "early"]);
    assertEquals(events.map(({ type }) => type), ["ready", "result"]);
    assertEquals(world.events.map(({ type }) => type), ["peerReady"]);
  }
});

Deno.test("No call overtakes the handshake, on whatever channel", () => {
  const contract = defineRpc({
    a: { params: { n: u8 }, from: "any", channel: Channel.Unreliable },
    b: { params: { n: u8 }, from: "any", channel: Channel.Reliable },
  });
  for (let seed = 1; seed < 30; seed++) {
    const world = new RpcWorld(contract, {
      link: { latencyMs: 5, jitterMs: seed * 8 },
    });
    const got: string[] = [];
    const keep = (name: string) => ({ n }: { n: number }) =>
      void got.push(`${name}${n}`);
    for (const end of [world.client, world.server]) {
      for (const name of ["a", "b"] as const) end.on(name, keep(name));
    }
    for (const name of ["a", "b"] as const) {
      world.client.send(name, { n: 1 });
      world.server.send(name, { n: 2 }, RpcTarget.all());
    }
    world.run(120);
    assertEquals(got.sort(), ["a1", "a2", "b1", "b2"], `seed ${seed}`);
    for (const end of [world.client, world.server]) {
      assertEquals(metricOf(end, "packets_refused"), 0);
    }
  }
});

Deno.test("What two versions describe alike works, the rest is refused where it is called", () => {
  const pair = new MemoryLinkPair();
  const server = new RpcServer(newer, { clock: new ManualClock() });
  server.connect(pair.a, clientId(1));
  const client = new RpcClient(older, pair.b);
  const got: unknown[] = [];
  server.on("chat", ({ text }) => got.push(text));
  client.on("tell", ({ n }) => got.push(n));
  client.on("hit", () => got.push("hit"));
  // Before it is known that they differ.
  const early = client.call("buy", { id: 1 });
  client.send("jump", {});
  client.send("jump", {});
  client.send("chat", { text: "a" });
  server.send("hit", { by: 1, amount: 1.5 }, RpcTarget.all());
  server.send("tell", { n: 1 }, RpcTarget.all());
  const run = (): void => {
    for (let i = 0; i < 4; i++) {
      client.tick(DT);
      server.tick(DT);
    }
  };
  run();
  const [differs, ...events] = client.drainEvents();
  assert(differs?.type === "contractDiffers");
  assertEquals(differs.differences.map(({ name, type }) => [name, type]), [
    ["buy", "paramType"],
    ["hit", "paramType"],
    ["jump", "missing"],
  ]);
  assertEquals(differs.onlyTheirs, ["afk"]);
  assert(differs.message.includes('"rpc"'));
  const buyMessage =
    'Cannot call "buy" between these versions as parameter "id" is u8 here and u16 there';
  const jump = events.find(({ type, ...event }) =>
    type === "callRefused" && (event as { name: string }).name === "jump"
  );
  assert(jump?.type === "callRefused");
  assertEquals([jump.reason, jump.difference?.type], [
    "contractDiffers",
    "missing",
  ]);
  assertEquals<unknown>(events.find(({ type }) => type === "failed"), {
    type: "failed",
    ticket: early!,
    name: "buy",
    reason: "contractDiffers",
    code: 0,
    message: buyMessage,
  });
  assertEquals(events.at(-1), { type: "ready" });
  assertEquals(metricOf(client, "refused", "contractDiffers"), 3);
  const told = [...server.drainEvents()];
  assertEquals(told.map(({ type }) => type), [
    "contractDiffers",
    "callRefused",
    "peerReady",
  ]);
  // And afterwards.
  assertEquals(client.send("jump", {}), false);
  const late = client.call("buy", { id: 1 });
  assertEquals(
    server.send("hit", { by: 1, amount: 2 }, RpcTarget.all()),
    false,
  );
  assert(client.send("chat", { text: "b" }));
  assert(server.send("tell", { n: 2 }, RpcTarget.all()));
  run();
  assertEquals(got.sort(), [1, 2, "a", "b"].sort());
  assertEquals<unknown[]>([...client.drainEvents()], [{
    type: "failed",
    ticket: late!,
    name: "buy",
    reason: "contractDiffers",
    code: 0,
    message: buyMessage,
  }]);
  assertEquals([...server.drainEvents()], []);
});

Deno.test("A contract that is too large to be told works as far as it was", () => {
  const name = (i: number): string => `call${`${i}`.padStart(3, "0")}`;
  const definitions = (more: object) =>
    Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [
        name(i),
        { params: { number: u8 }, from: "client" as const, ...more },
      ]),
    );
  const ours = defineRpc(definitions({}));
  const theirs = defineRpc({
    ...definitions({}),
    zoo: { params: {}, from: "client" },
  });
  const pair = new MemoryLinkPair({ maxMessageBytes: 700 });
  const server = new RpcServer(theirs as unknown as typeof ours, {
    clock: new ManualClock(),
  });
  server.connect(pair.a, clientId(1));
  const client = new RpcClient(ours, pair.b);
  const got: string[] = [];
  for (const { name } of ours.rpcs) server.on(name, () => got.push(name));
  for (let i = 0; i < 5; i++) {
    client.tick(DT);
    server.tick(DT);
  }
  const taken = ours.rpcs.filter(({ name }) =>
    client.send(name, { number: 1 })
  );
  for (let i = 0; i < 3; i++) {
    client.tick(DT);
    server.tick(DT);
  }
  assertEquals(got, taken.map(({ name }) => name));
  assert(taken.length > 10 && taken.length < 40, `${taken.length}`);
});

Deno.test("What the other end could not be told is refused, though it has it", () => {
  const large = defineRpc(
    Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [
        `call${`${i}`.padStart(3, "0")}`,
        { params: { number: u8 }, from: "client" as const },
      ]),
    ),
  );
  const { call000, call059 } = large.definitions;
  const small = defineRpc({ call000: call000!, call059: call059! });
  const pair = new MemoryLinkPair({ maxMessageBytes: 700 });
  const server = new RpcServer(small, { clock: new ManualClock() });
  server.connect(pair.a, clientId(1));
  const got: string[] = [];
  for (const name of ["call000", "call059"] as const) {
    server.on(name, () => got.push(name));
  }
  const client = new RpcClient(large, pair.b);
  const run = (): void => {
    for (let i = 0; i < 5; i++) {
      client.tick(DT);
      server.tick(DT);
    }
  };
  run();
  assert(client.send("call000", { number: 1 }));
  assertEquals(client.send("call059", { number: 1 }), false);
  run();
  assertEquals(got, ["call000"]);
  const refused = [...client.drainEvents()].at(-1);
  assert(refused?.type === "callRefused");
  assertEquals(refused.difference?.type, "untold");
});

Deno.test("A handshake that the link does not take at once goes on later", () => {
  let takes = 0;
  const world = new RpcWorld(older, {
    wrap: (link): MessageLink => {
      const { send } = link;
      link.send = function (bytes, channel): boolean {
        return (takes++ % 3 === 2) && send.call(link, bytes, channel);
      };
      return link;
    },
  });
  world.run(20);
  assertEquals(world.clients[0]!.events, [{ type: "ready" }]);
});
