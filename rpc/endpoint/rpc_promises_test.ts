import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { u8 } from "../../protocol/mod.ts";
import {
  clientId,
  defineRpc,
  RpcCallError,
  RpcFailure,
  RpcPromises,
  type RpcTicket,
} from "../mod.ts";
import { RpcWorld } from "./_testing/rpc_world.ts";

const game = defineRpc({
  ask: { params: { n: u8 }, from: "any", reply: u8 },
});

Deno.test("RpcPromises settles one promise for each ticket", async () => {
  const world = new RpcWorld(game).ready();
  const { client, server } = world;
  server.answer("ask", ({ n }, context) => {
    if (n === 1) throw new RpcFailure(5, "five");
    return n === 2 ? context.defer() : n;
  });
  client.answer("ask", ({ n }) => n + 1);
  const promises = new RpcPromises();
  const tickets = [0, 1, 2, 2, 2].map((n, i) =>
    client.call("ask", { n }, { timeoutMs: i === 2 ? 50 : 1e6 })
  );
  const all = tickets.map((ticket) => promises.of(ticket));
  const settled = Promise.allSettled(all);
  assertThrows(() => promises.of(tickets[0]), TypeError, "no promise yet");
  client.cancel(tickets[3]!);
  world.run(10);
  client.close();
  world.run(1);
  for (const event of world.clients[0]!.events) promises.take(event);
  assertEquals(promises.size, 0);
  assertEquals(
    (await settled).map((result) =>
      result.status === "fulfilled"
        ? result.value
        : [result.reason.outcome, result.reason.reason, result.reason.code]
    ),
    [
      0,
      ["failed", "failure", 5],
      ["timedOut", undefined, 0],
      ["cancelled", undefined, 0],
      ["disconnected", undefined, 0],
    ],
  );
  const error = await assertRejects(
    () => promises.of(client.call("ask", { n: 1 })),
    RpcCallError,
    "not taken",
  );
  assertEquals(error.outcome, "refused");
  assertEquals(
    promises.take({ type: "result", ticket: 99 as RpcTicket }),
    false,
  );
  assertEquals(promises.take({ type: "ready" }), false);
});

Deno.test("RpcPromises takes a server's events too", async () => {
  const world = new RpcWorld(game).ready();
  world.client.answer("ask", ({ n }) => n + 1);
  const promises = new RpcPromises();
  const answer: Promise<number> = promises.of(
    world.server.call("ask", { n: 4 }, clientId(1)),
  );
  world.run(4);
  assert(world.events.some((event) => promises.take(event)));
  assertEquals(await answer, 5);
});
