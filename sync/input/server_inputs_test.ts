import { assert, assertEquals, assertThrows } from "@std/assert";
import { bits, bytes, ByteWriter } from "../../protocol/mod.ts";
import type { SyncPeer } from "../server/sync_peer.ts";
import { InputSender } from "./input_sender.ts";
import { ServerInputs } from "./server_inputs.ts";
import { viewStamp } from "./view_stamp.ts";

// Nothing but its identity is looked at.
const ada = { id: 1 } as SyncPeer;
const ben = { id: 2 } as SyncPeer;

function report(tick: number, input: number): Uint8Array {
  const sender = new InputSender(bits(4));
  sender.push(tick, input);
  const writer = new ByteWriter();
  sender.write(writer);
  return writer.toBytes();
}

Deno.test("ServerInputs keeps clients apart, and tells each of its inputs", () => {
  const inputs = new ServerInputs(bits(4), {
    tickRate: 60,
    maxReportsPerSecond: 2,
  });
  const feedback = { tick: 0, lead: 0 };
  assertEquals(inputs.feedback(ada, feedback), false);
  assertEquals(inputs.receive(ada, report(11, 7), 10), true);
  assertEquals(inputs.feedback(ada, feedback), false);
  assertEquals(inputs.take(ada, 10).missing, 1);
  assertEquals(inputs.take(ben, 10).missing, 1);
  assertEquals(inputs.feedback(ada, feedback), true);
  // A tick, rounded down to a quarter of a millisecond.
  assertEquals(feedback, { tick: 11, lead: 0.99 });
  assertEquals(inputs.feedback(ada, feedback), false);
  assertEquals(inputs.feedback(ben, feedback), false);
  assertEquals(inputs.take(ada, 11).input, 7);
  assertEquals(inputs.take(ben, 11).input, undefined);
  // What is wrong is the client's fault; what is too much is only dropped.
  assertEquals(inputs.receive(ben, new Uint8Array([1]), 11), false);
  assertEquals(inputs.receive(ben, report(12, 1), 11), true);
  assertEquals(inputs.receive(ben, report(13, 1), 11), true);
  const { accepted, malformed, flooded } = inputs.of(ben).counts;
  assertEquals([accepted, malformed, flooded], [1, 1, 1]);
});

Deno.test("ServerInputs.take() gives views as a client can have had them", () => {
  const sent = new Set([4, 6, 8, 10, 12]);
  const peer = { id: 3, wasSent: (tick) => sent.has(tick) } as SyncPeer;
  const inputs = new ServerInputs(bits(4), {
    tickRate: 20,
    views: { maxSpan: 4 },
  });
  const sender = new InputSender(bits(4));
  const writer = new ByteWriter();
  const views = [
    viewStamp(0, 0, 0), // before there is anything
    viewStamp(6, 8, 7), // as it was
    viewStamp(7, 9, 8), // 7 was not sent
    viewStamp(12, 14, 13), // still to come
    undefined,
    viewStamp(4, 4, 4), // 8 ticks, 400 ms, are the most
  ];
  const ticks = [0, 11, 12, 13, 14, 15];
  ticks.forEach((tick, i) => sender.push(tick, 1, views[i]));
  sender.write(writer);
  assert(inputs.receive(peer, writer.view(), 0));
  const take = (tick: number) => ({ ...inputs.take(peer, tick).view });
  assertEquals(take(0), {});
  assertEquals(take(11), views[1]);
  assertEquals(take(12), { fromTick: 8, toTick: 9, viewTick: 8 });
  assertEquals(take(13), { fromTick: 12, toTick: 12, viewTick: 12 });
  assertEquals(take(14), {});
  assertEquals(take(15).viewTick, 11.5);
  const { checked, passed, unsent, future, stale } =
    inputs.guardOf(peer).counts;
  assertEquals([checked, passed, unsent, future, stale], [4, 1, 1, 1, 1]);
  // Missing inputs have none.
  assertEquals([inputs.take(peer, 16).missing, take(17)], [1, {}]);
});

Deno.test("ServerInputs refuses wrong options before anybody comes", () => {
  assertThrows(
    () => new ServerInputs(bits(4), { tickRate: 0 }),
    RangeError,
    "tickRate",
  );
  assertThrows(
    () => new ServerInputs(bits(4), { tickRate: 60, views: { maxSpan: 0 } }),
    RangeError,
    "maxSpan",
  );
  assertThrows(
    () => new ServerInputs(bytes({ maxBytes: 999 }), { tickRate: 60 }),
    RangeError,
    "256 bytes",
  );
});
