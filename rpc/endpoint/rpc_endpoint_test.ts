import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  bool,
  f32,
  MemoryLinkPair,
  string,
  struct,
  u8,
  varint,
  vec3,
} from "../../protocol/mod.ts";
import {
  clientId,
  defineRpc,
  RpcClient,
  type RpcClientEvent,
  RpcFailure,
  RpcServer,
  type RpcServerEvent,
  RpcTarget,
} from "../mod.ts";

const DT = 1 / 60;

const game = defineRpc({
  fire: { params: { at: vec3, weapon: u8 }, from: "client" },
  damage: { params: { amount: f32, crit: bool }, from: "server" },
  buy: {
    params: { item: string({ maxBytes: 32 }) },
    from: "client",
    reply: struct({ ok: bool, gold: varint }),
  },
});

Deno.test("RpcServer and RpcClient call, ask and answer", () => {
  const pair = new MemoryLinkPair();
  const server = new RpcServer(game);
  server.connect(pair.a, clientId(7));
  const client = new RpcClient(game, pair.b);
  server.on("fire", ({ at, weapon }, { caller }) => {
    assertEquals([at.x, weapon, caller], [1, 3, 7]);
    server.send("damage", { amount: 2, crit: true }, RpcTarget.all());
  });
  server.answer("buy", ({ item }) => {
    if (item === "") throw new RpcFailure(9, "nothing");
    return { ok: true, gold: 3 };
  });
  const damage: number[] = [];
  client.on("damage", ({ amount }, { caller }) => {
    assertEquals(caller, undefined);
    damage.push(amount);
  });
  assert(client.send("fire", { at: { x: 1, y: 2, z: 3 }, weapon: 3 }));
  const bought = client.call("buy", { item: "sword" });
  const failed = client.call("buy", { item: "" });
  const events: RpcClientEvent<typeof game.definitions>[] = [];
  const told: RpcServerEvent<typeof game.definitions>[] = [];
  for (let i = 0; i < 8; i++) {
    client.tick(DT);
    server.tick(DT);
    events.push(...client.drainEvents());
    told.push(...server.drainEvents());
  }
  assertEquals(damage, [2]);
  assertEquals(events, [
    { type: "ready" },
    {
      type: "result",
      ticket: bought!,
      name: "buy",
      value: { ok: true, gold: 3 },
    },
    {
      type: "failed",
      ticket: failed!,
      name: "buy",
      reason: "failure",
      code: 9,
      message: "nothing",
    },
  ]);
  assertEquals(told, [{ type: "peerReady", client: clientId(7) }]);
  assertThrows(
    () => client.send("fire", { at: { x: NaN, y: 0, z: 0 }, weapon: 1 }),
    RangeError,
    '"at"',
  );
});
