// Queue, batcher, security and registry together, over links in memory.
import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import {
  Channel,
  MemoryLinkPair,
  type MessageLink,
} from "../../protocol/mod.ts";
import { RpcSecurity } from "../security/rpc_security.ts";
import { type ClientId, clientId } from "../target/client_id.ts";
import { RpcTarget } from "../target/rpc_target.ts";
import {
  readGameEvent,
  rpcChat,
  rpcDamageNumber,
  rpcPlayerJoined,
} from "./fixed_events.ts";
import { RpcBatcher } from "./rpc_batcher.ts";
import type { RpcCall } from "./rpc_call.ts";
import { RpcQueue } from "./rpc_queue.ts";
import { RpcRegistry } from "./rpc_registry.ts";

const LIMIT_BYTES = 64;
const batcher = new RpcBatcher();

/** Sends what waits, and says how many packets it were. */
function flush(queue: RpcQueue, link: MessageLink): number {
  const packets = batcher.batch([...queue.drain()], LIMIT_BYTES);
  for (const packet of packets) {
    assert(packet.length <= LIMIT_BYTES);
    assert(link.send(packet, Channel.ReliableOrdered));
  }
  return packets.length;
}

function receive(link: MessageLink, caller: ClientId | undefined): RpcCall[] {
  const calls: RpcCall[] = [];
  link.poll((bytes) => {
    assertEquals(batcher.tryUnbatch(bytes, caller, calls), undefined);
  });
  return calls;
}

Deno.test("A chat goes through the server, in the name of whose connection it came by", () => {
  const ada = clientId(7);
  const bob = clientId(8);
  const ends = [ada, bob].map((id) => ({ id, pair: new MemoryLinkPair() }));
  const security = new RpcSecurity({
    clock: new ManualClock(),
    rate: { perSecond: 1, burst: 2 },
  });
  for (const { id } of ends) security.addCaller(id);

  const toAll = new RpcQueue({ maxCallBytes: LIMIT_BYTES - 1 });
  const registry = new RpcRegistry();
  registry.register("chat", (call) => {
    const event = readGameEvent(call);
    if (event?.type !== "chat") return;
    toAll.enqueue(rpcChat({ sender: event.sender, text: event.text }));
  });
  // Would be believed, if only the handler were asked.
  registry.register("playerJoined", (call) => void toAll.enqueue(call));

  const fromAda = new RpcQueue();
  for (
    const call of [
      rpcChat({ sender: bob, text: "I am Bob 😀" }, RpcTarget.server()),
      rpcPlayerJoined({ player: clientId(99), name: "nobody" }),
      rpcChat({ text: "second" }, RpcTarget.server()),
      rpcChat({ text: "third, and too many" }, RpcTarget.server()),
      rpcDamageNumber({ amount: 1, at: { x: 0, y: 0, z: 0 }, crit: false }),
    ]
  ) assert(fromAda.enqueue(call));
  assertEquals(flush(fromAda, ends[0]!.pair.a), 2);

  const refused: [number, string][] = [];
  for (const { id, pair } of ends) {
    for (const call of receive(pair.b, id)) {
      const refusal = security.check(call);
      if (refusal !== undefined) refused.push([call.sequence, refusal]);
      else assertEquals(registry.invoke(call, undefined).type, "returned");
    }
  }
  assertEquals(refused, [
    [1, "unauthorised"],
    [3, "rateLimited"],
    [4, "unauthorised"],
  ]);

  const calls = [...toAll.drain()];
  for (const { pair } of ends) {
    for (const packet of batcher.batch(calls, LIMIT_BYTES)) {
      pair.b.send(packet, Channel.ReliableOrdered);
    }
    const events = receive(pair.a, undefined).map(readGameEvent);
    assertEquals(events, [
      { type: "chat", sender: ada, text: "I am Bob 😀" },
      { type: "chat", sender: ada, text: "second" },
    ]);
  }
});
