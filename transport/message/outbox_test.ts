import { Channel } from "../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { FixedRedundancy } from "./_testing/fixed_redundancy.ts";
import { numbered, numberOf, type Packet, Pipe } from "./_testing/pipe.ts";
import type { ChannelConfig } from "./channel_config.ts";
import { NORMAL, Outbox, PROBE } from "./outbox.ts";
import { resolveMessageLimits } from "./resolve_limits.ts";

const FOUR: readonly ChannelConfig[] = [
  { delivery: Channel.Reliable },
  { delivery: Channel.Unreliable },
  { delivery: Channel.ReliableOrdered },
  { delivery: Channel.UnreliableOrdered },
];

/** The messages of a packet, of 4 bytes each, as a receiver that has had nothing sees them. */
function numbersIn(packet: Packet, channels = FOUR): [number, number][] {
  const pipe = new Pipe({ channels });
  const numbers: [number, number][] = [];
  assert(pipe.arrive(packet));
  pipe.inbox.poll((bytes, channel) => numbers.push([channel, numberOf(bytes)]));
  return numbers;
}

Deno.test("Outbox.writeFrames() writes what PROTOCOL.md says", () => {
  const channels = Array.from({ length: 256 }, (_, i) => FOUR[i & 3]!);
  const pipe = new Pipe({ channels, firstMessageId: 0x1_fffe });
  pipe.send(2, 10, 11);
  pipe.send(2);
  pipe.send(2, 12);
  const { bytes } = pipe.pack()!;
  assertEquals([...bytes], [
    ...[0x82, 0xfe, 0xff, 2, 10, 11],
    ...[0xc2, 0],
    ...[0xc2, 1, 12],
  ]);
  pipe.send(62, 1);
  pipe.send(63, 2);
  pipe.send(255, 3);
  pipe.send(255, 4);
  // Channels take turns: the second packet begins with the second one.
  assertEquals([...pipe.pack()!.bytes], [
    ...[0xbe, 0xfe, 0xff, 1, 1],
    ...[0xbf, 0, 0xfe, 0xff, 1, 2],
    ...[0xbf, 192, 0xfe, 0xff, 1, 3],
    ...[0xff, 192, 1, 4],
  ]);
  pipe.outbox.send(0, numbered(1, 300), pipe.nowMs);
  assertEquals([...pipe.pack()!.bytes.subarray(0, 6)], [
    ...[0x80, 0xfe, 0xff, 0xac, 0x02, 1],
  ]);
  pipe.outbox.send(4, numbered(1, 1101), pipe.nowMs);
  const fragments = pipe.pack()!.bytes;
  assertEquals([...fragments.subarray(0, 8)], [
    ...[0x03, 4, 0xfe, 0xff, 0xcd, 0x08, 0, 1],
  ]);
  assertEquals([...fragments.subarray(7 + 1100)], [
    ...[0x03, 4, 0xfe, 0xff, 0xcd, 0x08, 1],
    numbered(1, 1101)[1100]!,
  ]);
});

Deno.test("Outbox.send() refuses what is too long, and what is beyond each bound", () => {
  const pipe = new Pipe({
    channels: FOUR,
    limits: {
      maxReliableBytes: 2000,
      maxUnreliableBytes: 1000,
      maxChannelBytes: 3000,
      maxQueuedBytes: 5000,
      maxChannelMessages: 4,
    },
  });
  const { outbox } = pipe;
  const send = (channel: number, size: number) =>
    outbox.send(channel, new Uint8Array(size), pipe.nowMs);
  assertEquals([send(0, 2001), send(1, 1001), send(3, 1001)], [
    false,
    false,
    false,
  ]);
  assertEquals([send(0, 2000), send(0, 1001), send(0, 1000)], [
    true,
    false,
    true,
  ]);
  assertEquals([send(2, 2000), send(2, 1)], [true, false], "all channels");
  assertEquals(outbox.channelStats(0).refused, 2);
  pipe.deliver();
  assertEquals(outbox.isEmpty, true);
  assertEquals([0, 0, 0, 0, 0].map(() => send(2, 0)), [
    true,
    true,
    true,
    true,
    false,
  ]);
  assertThrows(() => send(4, 1), RangeError, "from 0 to 3: current value is 4");
});

Deno.test("Outbox sends higher priorities first, and starves none", () => {
  const channels: ChannelConfig[] = [
    { delivery: Channel.ReliableOrdered, priority: 1 },
    { delivery: Channel.ReliableOrdered, priority: 7 },
  ];
  const pipe = new Pipe({ channels, packetBytes: 40 });
  const { outbox } = pipe;
  const low: number[] = [];
  for (let i = 0; i < 600; i++) {
    outbox.send(0, numbered(i, 30), pipe.nowMs);
    outbox.send(1, numbered(i, 30), pipe.nowMs);
  }
  for (let i = 0; i < 500; i++) {
    const packet = pipe.pack()!;
    if ((packet.bytes[0]! & 0x3f) === 0) low.push(pipe.nowMs);
    pipe.arrive(packet);
    pipe.acknowledge(packet);
    pipe.nowMs += 2;
  }
  // 1,000 ms: one frame whenever 250 ms have passed.
  assertEquals(low.map((ms) => ms - 1000), [252, 504, 756]);
});

Deno.test("Outbox takes turns with channels of one priority", () => {
  const pipe = new Pipe({ channels: FOUR, packetBytes: 40 });
  for (let i = 0; i < 10; i++) {
    for (const channel of [0, 1, 2, 3]) {
      pipe.outbox.send(channel, numbered(i, 30), pipe.nowMs);
    }
  }
  const order = Array.from({ length: 8 }, () => pipe.pack()!.bytes[0]! & 0x3f);
  assertEquals(order, [0, 1, 2, 3, 0, 1, 2, 3]);
});

Deno.test("Outbox sends what was lost before what is new, at once, and once", () => {
  const pipe = new Pipe({ channels: FOUR, packetBytes: 14 });
  for (let i = 0; i < 6; i++) pipe.outbox.send(2, numbered(i, 4), pipe.nowMs);
  const [first, second] = [pipe.pack()!, pipe.pack()!];
  assertEquals(
    numbersIn(first),
    [[2, 0], [2, 1]],
  );
  assertEquals(pipe.outbox.queuedBytes, 8);
  pipe.lose(first, false);
  pipe.lose(first, false);
  assertEquals(pipe.outbox.queuedBytes, 16);
  const third = pipe.pack()!;
  assertEquals(numbersIn(third), [[2, 0], [2, 1]]);
  // It had arrived after all: nothing of it is due any more, nor when the repetition is lost.
  pipe.acknowledge(first);
  pipe.lose(third);
  assertEquals(pipe.outbox.queuedBytes, 8);
  pipe.acknowledge(second);
  pipe.deliver();
  assertEquals(pipe.outbox.isEmpty, true);
  assertEquals(pipe.outbox.channelStats(2).resent, 2);
});

Deno.test("Outbox does not repeat what is in another packet under way", () => {
  const pipe = new Pipe({ channels: FOUR, redundancy: new FixedRedundancy(5) });
  pipe.send(0, 1);
  const first = pipe.pack()!;
  pipe.nowMs += 5;
  const copy = pipe.pack()!;
  pipe.lose(first);
  assertEquals(pipe.outbox.nextDueMs(pipe.nowMs), Infinity);
  pipe.lose(copy);
  assertEquals(pipe.outbox.nextDueMs(pipe.nowMs), pipe.nowMs);
  assertEquals(pipe.pack()!.bytes, first.bytes);
});

Deno.test("Outbox sends copies when they are due, with other packets, and none of what has arrived", () => {
  const redundancy = new FixedRedundancy(10, 30);
  const pipe = new Pipe({ channels: FOUR, redundancy });
  pipe.outbox.send(2, numbered(0, 4), 1000);
  pipe.nowMs = 1002;
  const first = pipe.pack()!;
  assertEquals(pipe.outbox.nextDueMs(1002), 1012);
  pipe.nowMs = 1011;
  assertEquals(pipe.pack(), undefined);
  pipe.nowMs = 1013;
  pipe.outbox.send(1, numbered(9, 4), 1013);
  const second = pipe.pack()!;
  assertEquals(numbersIn(second), [[1, 9], [2, 0]], "copies come last");
  assertEquals(pipe.outbox.nextDueMs(1013), 1032);
  pipe.acknowledge(second);
  assertEquals(pipe.outbox.nextDueMs(1013), Infinity);
  pipe.acknowledge(first);
  assertEquals(pipe.outbox.channelStats(2).copies, 1);
  assertEquals(redundancy.sentBytes, [16, 8]);
});

Deno.test("Outbox sends a copy that is late before new messages of its priority", () => {
  const pipe = new Pipe({
    channels: FOUR,
    packetBytes: 8,
    redundancy: new FixedRedundancy(10),
  });
  pipe.outbox.send(2, numbered(0, 4), pipe.nowMs);
  pipe.pack();
  for (let i = 1; i < 20; i++) pipe.outbox.send(0, numbered(i, 4), pipe.nowMs);
  pipe.nowMs += 19;
  assertEquals(numbersIn(pipe.pack()!), [[0, 1]]);
  pipe.nowMs += 1;
  assertEquals(numbersIn(pipe.pack()!), [[2, 0]]);
  assertEquals(numbersIn(pipe.pack()!), [[0, 2]]);
});

Deno.test("Outbox makes copies before new messages of a lower priority", () => {
  const channels: ChannelConfig[] = [
    { delivery: Channel.Reliable, priority: 1, redundancy: false },
    { delivery: Channel.Unreliable, priority: 5, redundancy: true },
  ];
  const pipe = new Pipe({
    channels,
    packetBytes: 8,
    redundancy: new FixedRedundancy(4),
  });
  pipe.outbox.send(1, numbered(0, 4), pipe.nowMs);
  for (let i = 0; i < 9; i++) pipe.outbox.send(0, numbered(i, 4), pipe.nowMs);
  assertEquals(numbersIn(pipe.pack()!, channels), [[1, 0]]);
  assertEquals(numbersIn(pipe.pack()!, channels), [[0, 0]]);
  pipe.nowMs += 4;
  assertEquals(numbersIn(pipe.pack()!, channels), [[1, 0]]);
  assertEquals(numbersIn(pipe.pack()!, channels), [[0, 1]]);
  assertEquals(
    pipe.outbox.channelStats(1).heldBytes,
    0,
    "an unreliable one is gone then",
  );
});

Deno.test("Outbox repeats the oldest unacknowledged messages when it probes, and nothing new", () => {
  const pipe = new Pipe({ channels: FOUR, packetBytes: 14 });
  for (let i = 0; i < 6; i++) pipe.outbox.send(2, numbered(i, 4), pipe.nowMs);
  assertEquals(pipe.pack(PROBE), undefined, "nothing was sent");
  const first = pipe.pack()!;
  pipe.pack();
  assertEquals(numbersIn(pipe.pack(PROBE)!), [[2, 0], [2, 1]]);
  pipe.acknowledge(first);
  assertEquals(
    pipe.pack(PROBE)!.bytes.subarray(0, 2),
    new Uint8Array([0x82, 2]),
  );
  assertEquals(
    pipe.pack(NORMAL)!.bytes.subarray(0, 2),
    new Uint8Array([0x82, 4]),
  );
  const fragmented = new Pipe({ channels: FOUR });
  fragmented.outbox.send(0, numbered(1, 5000), 1000);
  const fragment = fragmented.pack()!;
  assertEquals(fragmented.pack(PROBE)!.bytes, fragment.bytes);
  assertEquals(fragment.isReliable, true);
});

Deno.test("Outbox repeats the newest message of a latest channel when it probes, and every reliable one", () => {
  const pipe = new Pipe({
    channels: [{ delivery: "latest" }, { delivery: Channel.Reliable }],
  });
  for (let i = 0; i < 10; i++) pipe.send(1, i);
  pipe.send(0, 77);
  pipe.pack();
  assert(pipe.arrive(pipe.pack(PROBE)!));
  pipe.poll();
  assertEquals(pipe.received[0], [new Uint8Array([77])]);
  assertEquals(pipe.received[1]!.length, 10);
});

Deno.test("Outbox tells whether a packet has anything that is sent again", () => {
  const channels: ChannelConfig[] = [...FOUR, { delivery: "latest" }];
  const pipe = new Pipe({ channels });
  const isReliable = [0, 1, 2, 3, 4].map((channel) => {
    pipe.send(channel, 1);
    return pipe.pack()!.isReliable;
  });
  assertEquals(isReliable, [true, false, true, false, true]);
});

Deno.test("Outbox keeps a channel to its bytes per second", () => {
  const channels: ChannelConfig[] = [
    { delivery: Channel.ReliableOrdered, bytesPerSecond: 10_000 },
  ];
  const pipe = new Pipe({ channels });
  for (let i = 0; i < 3000; i++) {
    pipe.outbox.send(0, numbered(i, 98), pipe.nowMs);
  }
  let bytes = 0;
  const end = pipe.nowMs + 10_000;
  while (pipe.nowMs < end) {
    for (const packet of pipe.packAll()) {
      bytes += packet.bytes.length;
      pipe.arrive(packet);
      pipe.acknowledge(packet);
    }
    const dueMs = pipe.outbox.nextDueMs(pipe.nowMs);
    assert(dueMs > pipe.nowMs);
    pipe.nowMs = Math.min(end, dueMs);
  }
  // What it may send at once comes on top, and one frame.
  assert(bytes >= 100_000 && bytes < 101_400, `${bytes} bytes`);
  const late = pipe.outbox.lateMessages();
  assertEquals(late.length, 16);
  assert(
    late[15]!.budgetMs > 9_900 && late[15]!.queuedMs < 20,
    JSON.stringify(late[15]),
  );
});

Deno.test("Outbox drops unreliable messages that could not leave, and counts them", () => {
  const pipe = new Pipe({
    channels: FOUR,
    packetBytes: 8,
    limits: { maxUnreliableWaitMs: 100 },
  });
  for (let i = 0; i < 5; i++) {
    pipe.outbox.send(1, numbered(i, 4), pipe.nowMs);
    pipe.nowMs += 40;
  }
  // The first two have waited for 200 and 160 ms, the third for 120.
  const packet = pipe.pack()!;
  assertEquals(pipe.outbox.channelStats(1).dropped, 3);
  assertEquals(
    packet.bytes.subarray(0, 4),
    new Uint8Array([0x81, 0, 0, 4]),
    "numbers have no holes",
  );
  assertEquals(pipe.outbox.queuedBytes, 4);
  // Half of one in fragments has left: the rest is not sent any more.
  const large = new Pipe({ channels: FOUR });
  large.outbox.send(3, numbered(0, 4000), large.nowMs);
  large.pack();
  large.nowMs += 251;
  large.outbox.send(3, numbered(1, 4), large.nowMs);
  assertEquals(large.outbox.queuedBytes, 4);
  assertEquals(
    large.pack()!.bytes.subarray(0, 4),
    new Uint8Array([0x83, 1, 0, 4]),
  );
  assertEquals(large.outbox.isEmpty, true);
});

Deno.test("Outbox sends only the newest message of a latest channel, until it has arrived", () => {
  const channels: ChannelConfig[] = [{ delivery: "latest" }];
  const pipe = new Pipe({ channels });
  pipe.send(0, 1);
  pipe.send(0, 2);
  const first = pipe.pack()!;
  assertEquals([...first.bytes], [0x80, 0, 0, 1, 2]);
  pipe.lose(first, false);
  const second = pipe.pack()!;
  assertEquals(second.bytes, first.bytes);
  pipe.send(0, 3);
  pipe.lose(second);
  assertEquals([...pipe.pack()!.bytes], [0x80, 1, 0, 1, 3]);
  pipe.acknowledge(first);
  assertEquals(pipe.pack(), undefined);
  assertEquals(pipe.outbox.channelStats(0).dropped, 1);
});

Deno.test("Outbox sends no fragments again of a latest message that a newer one replaces", () => {
  const pipe = new Pipe({ channels: [{ delivery: "latest" }] });
  assert(pipe.outbox.send(0, numbered(1, 3_000), pipe.nowMs));
  for (const packet of pipe.packAll()) pipe.lose(packet);
  assertEquals(pipe.outbox.queuedBytes, 3_000);
  assert(pipe.send(0, 2));
  assertEquals(pipe.outbox.queuedBytes, 1);
  pipe.deliver();
  assertEquals(pipe.received[0], [new Uint8Array([2])]);
  assertEquals(pipe.outbox.queuedBytes, 0);
  assert(!pipe.isDue);
  assert(pipe.outbox.isEmpty);
});

Deno.test("Outbox.send() gives up no message for a newer one that it refuses", () => {
  const pipe = new Pipe({
    channels: [{ delivery: "latest" }, { delivery: Channel.Reliable }],
    limits: {
      maxReliableBytes: 100,
      maxUnreliableBytes: 100,
      maxQueuedBytes: 100,
    },
  });
  const { outbox, nowMs } = pipe;
  assert(outbox.send(0, new Uint8Array([1]), nowMs));
  assert(outbox.send(1, new Uint8Array(90), nowMs));
  assert(!outbox.send(0, new Uint8Array(20), nowMs));
  assertEquals(outbox.channelStats(0).dropped, 0);
  // What it takes the place of makes room for it.
  assert(outbox.send(0, new Uint8Array([2]), nowMs));
  assertEquals(outbox.channelStats(0).dropped, 1);
});

Deno.test("Outbox has no more than 16,384 messages of a channel under way", () => {
  const pipe = new Pipe({ channels: FOUR });
  for (let i = 0; i < 20_000; i++) {
    pipe.outbox.send(0, numbered(i, 4), pipe.nowMs);
  }
  const packets = pipe.packAll();
  assertEquals(pipe.outbox.channelStats(0).sent, 16_384);
  assertEquals(pipe.outbox.nextDueMs(pipe.nowMs), Infinity);
  for (const packet of packets.slice(1)) pipe.acknowledge(packet);
  assertEquals(
    pipe.outbox.nextDueMs(pipe.nowMs),
    Infinity,
    "the oldest is not acknowledged",
  );
  pipe.acknowledge(packets[0]!);
  assertEquals(pipe.outbox.nextDueMs(pipe.nowMs), pipe.nowMs);
});

Deno.test("Outbox has no more under way than the receiver holds out of order or puts together", () => {
  const limits = {
    maxReliableBytes: 20_000,
    maxReorderBytes: 65_536,
    maxReassemblyBytes: 65_536,
  };
  for (
    const [channel, size] of [[2, 1000], [0, 20_000], [2, 20_000]] as const
  ) {
    const pipe = new Pipe({ channels: FOUR, limits });
    for (let i = 0; i < 120; i++) {
      pipe.outbox.send(
        channel,
        numbered(i, size),
        pipe.nowMs,
      );
    }
    let lost: Packet | undefined;
    let got = 0;
    while (!pipe.outbox.isEmpty) {
      const packet = pipe.pack();
      if (packet === undefined) {
        // Everything waits for the first.
        pipe.lose(lost!);
        lost = undefined;
        continue;
      }
      if (lost === undefined && got++ % 50 === 0) {
        lost = packet;
        continue;
      }
      assert(pipe.arrive(packet), "there is room for an honest packet");
      pipe.acknowledge(packet);
    }
    pipe.poll();
    assertEquals(pipe.received[channel]!.length, 120);
  }
});

Deno.test("Outbox has no more messages of ordered channels under way than the receiver holds out of order", () => {
  for (const size of [4, 1_200]) {
    const channels = [...FOUR, { delivery: Channel.ReliableOrdered }];
    const limits = { maxReadyMessages: 300 };
    const pipe = new Pipe({ channels, limits });
    for (let i = 0; i < 400; i++) {
      for (const channel of [2, 4]) {
        assert(pipe.outbox.send(channel, numbered(i, size), pipe.nowMs));
      }
    }
    let lost = pipe.pack();
    while (!pipe.outbox.isEmpty) {
      const packet = pipe.pack();
      if (packet === undefined) {
        // Everything waits for the first.
        pipe.lose(lost!);
        lost = undefined;
        continue;
      }
      assert(pipe.arrive(packet), "there is room for an honest packet");
      pipe.acknowledge(packet);
      pipe.poll();
    }
    for (const channel of [2, 4]) {
      assertEquals(pipe.received[channel]!.length, 400);
    }
  }
});

Deno.test("Outbox tells why messages were late", () => {
  const pipe = new Pipe({
    channels: FOUR,
    packetBytes: 8,
    redundancy: new FixedRedundancy(500),
  });
  pipe.outbox.setRtt(20, 0);
  pipe.outbox.send(2, numbered(0, 4), 1000);
  pipe.outbox.send(2, numbered(1, 4), 1000);
  pipe.nowMs = 1010;
  const first = pipe.pack()!;
  pipe.nowMs = 1050;
  const second = pipe.pack()!;
  pipe.nowMs = 1060;
  pipe.lose(first);
  const third = pipe.pack()!;
  pipe.nowMs = 1069;
  pipe.acknowledge(second);
  assertEquals(pipe.outbox.channelStats(2).late, 0);
  pipe.nowMs = 1080;
  pipe.acknowledge(third);
  assertEquals(pipe.outbox.lateMessages(), [{
    channel: 2,
    id: 0,
    queuedMs: 10,
    congestionMs: 0,
    budgetMs: 0,
    underWayMs: 70,
    resent: 1,
    copies: 1,
  }]);
  const { late, lateBy } = pipe.outbox.channelStats(2);
  assertEquals([late, lateBy.queuedMs, lateBy.underWayMs], [1, 10, 70]);
});

Deno.test("Outbox counts what waits for room in later packets as congestion", () => {
  const pipe = new Pipe({ channels: FOUR, packetBytes: 8 });
  pipe.outbox.setRtt(20, 0);
  for (let i = 0; i < 3; i++) pipe.outbox.send(2, numbered(i, 4), 1000);
  pipe.nowMs = 1010;
  pipe.acknowledge(pipe.pack()!);
  pipe.nowMs = 1040;
  pipe.acknowledge(pipe.pack()!);
  pipe.nowMs = 1100;
  pipe.acknowledge(pipe.pack()!);
  const [late] = pipe.outbox.lateMessages();
  assertEquals([late!.queuedMs, late!.congestionMs, late!.underWayMs], [
    10,
    90,
    0,
  ]);
});

Deno.test("Outbox and Inbox let go of what a burst needed", () => {
  const pipe = new Pipe({ channels: FOUR });
  const capacity = () => [pipe.outbox.capacityBytes, pipe.inbox.capacityBytes];
  assertEquals(capacity(), [0, 0]);
  for (let i = 0; i < 3; i++) {
    for (const channel of [0, 2]) {
      pipe.outbox.send(channel, numbered(i, 0x10_0000), pipe.nowMs);
    }
    for (let j = 0; j < 10_000; j++) {
      pipe.outbox.send(1, numbered(j, 90), pipe.nowMs);
    }
    // All but the first packet: everything is held out of order.
    const [first, ...rest] = pipe.packAll();
    for (const packet of rest) assert(pipe.arrive(packet));
    assert(pipe.inbox.capacityBytes > 0x10_0000);
    pipe.arrive(first!);
    for (const packet of [first!, ...rest]) pipe.acknowledge(packet);
    pipe.poll();
  }
  const [outbox, inbox] = capacity();
  assert(outbox! < 0x4_0000, `${outbox} bytes`);
  assert(inbox! < 0x8_0000, `${inbox} bytes`);
  for (let i = 0; i < 300; i++) {
    pipe.outbox.send(i & 3, numbered(i, 90), pipe.nowMs);
    pipe.deliver();
  }
  assertEquals(pipe.received.flat().length, 30_306);
  const rest = capacity();
  assert(rest[0]! + rest[1]! < 24_000, `${rest} bytes`);
});

Deno.test("Outbox without messages takes little memory", () => {
  const limits = resolveMessageLimits();
  const redundancy = new FixedRedundancy();
  const all: Outbox[] = [];
  const before = Deno.memoryUsage();
  for (let i = 0; i < 2000; i++) {
    all.push(new Outbox({ channels: FOUR, limits, redundancy }));
  }
  const after = Deno.memoryUsage();
  const each =
    (after.heapUsed + after.external - before.heapUsed - before.external) /
    all.length;
  assert(each < 2000, `${each} bytes`);
});
