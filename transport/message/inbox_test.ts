import { SeededRandom } from "../../core/mod.ts";
import { Channel } from "../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { numbered, numberOf, pick, Pipe } from "./_testing/pipe.ts";
import type { ChannelConfig } from "./channel_config.ts";
import { Inbox, MALFORMED, NO_ROOM } from "./inbox.ts";
import { resolveMessageLimits } from "./resolve_limits.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const MUTANTS = IS_SOAK ? 2_000_000 : 24_000;

const CHANNELS: readonly ChannelConfig[] = [
  { delivery: Channel.Reliable },
  { delivery: Channel.Unreliable },
  { delivery: Channel.ReliableOrdered },
  { delivery: Channel.UnreliableOrdered },
  { delivery: "latest" },
];

/** A FRAGMENT frame of a message of zeros. */
function fragment(
  channel: number,
  number: number,
  size: number,
  index: number,
): Uint8Array {
  const varints: number[] = [];
  for (let value of [size, index]) {
    for (; value >= 0x80; value >>= 7) varints.push(value & 0x7f | 0x80);
    varints.push(value);
  }
  const length = Math.max(0, Math.min(1100, size - index * 1100));
  const header = [0x03, channel, number & 0xff, number >> 8, ...varints];
  const frame = new Uint8Array(header.length + length);
  frame.set(header);
  return frame;
}

function message(
  channel: number,
  number: number,
  ...bytes: number[]
): number[] {
  return [0x80 | channel, number & 0xff, number >> 8, bytes.length, ...bytes];
}

function join(...parts: (Uint8Array | number[])[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("Inbox.check() refuses what is malformed", () => {
  const many = (size: number) => new Array(size).fill(0);
  const cases: [string, Uint8Array][] = [
    ["no such frame", join([0x04, 0, 0])],
    ["a frame with the reserved half of its first byte", join([0x7f, 0, 0, 0])],
    ["no such channel", join(message(5, 0))],
    ["no such channel, of two bytes", join([0xbf, 0, 0, 0, 0])],
    ["the first one follows", join([0xc0, 0])],
    ["it follows one of another channel", join(message(1, 0), [0xc0, 0])],
    ["a length that is not minimal", join([0x80, 0, 0, 0x81, 0x00, 0])],
    ["a length of three bytes", join([0x80, 0, 0, 0x81, 0x81, 0x01])],
    ["longer than one frame has", join([0x80, 0, 0, 0xcd, 0x08], many(1101))],
    ["reliable, too far ahead", join(message(0, 16_384))],
    ["in order, too far ahead", join(message(2, 30_000))],
    ["before the first number", join(message(0, 0xffff))],
    ["a fragment of no such channel", fragment(5, 0, 2000, 0)],
    ["a fragment of what fits into one frame", fragment(0, 0, 1100, 0)],
    ["a fragment of what is too long", fragment(0, 0, 0x10_0001, 0)],
    [
      "a fragment of what is too long for its channel",
      fragment(1, 0, 0x1_0001, 0),
    ],
    ["a fragment beyond the end", fragment(0, 0, 2200, 2)],
    [
      "a fragment's length that is not minimal",
      join([3, 0, 0, 0, 0xcd, 0x88, 0x00, 1, 0]),
    ],
    [
      "a fragment's index of five bytes",
      join([3, 0, 0, 0, 0xcd, 8, 0x80, 0x80, 0x80, 0x80, 1]),
    ],
    ["a fragment of a message too far ahead", fragment(2, 16_384, 2000, 0)],
  ];
  for (const [what, bytes] of cases) {
    const pipe = new Pipe({ channels: CHANNELS });
    assertEquals(pipe.arriveBytes(bytes), MALFORMED, what);
    assertEquals(pipe.inbox.heldBytes, 0, what);
  }
  const pipe = new Pipe({ channels: CHANNELS });
  pipe.arriveBytes(fragment(0, 5, 2201, 1));
  assertEquals(
    pipe.arriveBytes(fragment(0, 5, 2202, 1)),
    MALFORMED,
    "another length",
  );
  assertEquals(
    pipe.arriveBytes(join(message(0, 5, 1))),
    MALFORMED,
    "not in fragments",
  );
  assertEquals(
    pipe.arriveBytes(join(message(0, 16_383))),
    4,
    "as far ahead as may be",
  );
});

Deno.test("Inbox.check() refuses every cut of every frame", () => {
  const packet = join(
    message(2, 0, 1, 2, 3),
    [0xc2, 0],
    message(4, 7, 9),
    fragment(0, 1, 1105, 1),
    [0x80, 2, 0, 0x80, 0x01],
    new Uint8Array(128),
  );
  const ends = new Set([7, 9, 14, 26, packet.length]);
  for (let length = 1; length <= packet.length; length++) {
    const pipe = new Pipe({ channels: CHANNELS });
    const expected = ends.has(length) ? length : MALFORMED;
    assertEquals(
      pipe.arriveBytes(packet.subarray(0, length)),
      expected,
      `${length}`,
    );
  }
});

Deno.test("Inbox takes what check() passed and nothing else, whatever the bytes are", () => {
  // The packets of a real outbox, mutated, at an inbox that stands anywhere. What lies behind the
  // end must not matter: it differs for the two inboxes.
  const channels = [...CHANNELS, ...CHANNELS];
  const limits = resolveMessageLimits({
    maxReliableBytes: 6000,
    maxUnreliableBytes: 6000,
    maxReassemblyBytes: 20_000,
    maxReorderBytes: 10_000,
    maxReadyBytes: 20_000,
    maxReadyMessages: 500,
  });
  const bound = 20_000 * 2 + 10_000 + 2 * 1400 + 6000;
  let taken = 0;
  for (let seed = 1, done = 0; done < MUTANTS; seed++) {
    const random = new SeededRandom(seed);
    const source = new Pipe({ channels, limits });
    const packets: Uint8Array[] = [];
    for (let i = 0; i < 60; i++) {
      const size = 4 +
        (pick(random, 8) === 0 ? pick(random, 5900) : pick(random, 60));
      source.outbox.send(
        pick(random, channels.length),
        numbered(i, size),
        source.nowMs,
      );
      if (pick(random, 3) > 0) continue;
      for (const packet of source.packAll()) {
        packets.push(packet.bytes);
        source.acknowledge(packet);
      }
    }
    const inboxes = [0, 1].map(() => new Inbox({ channels, limits }));
    const buffers = [new Uint8Array(1400), new Uint8Array(1400)];
    for (let i = 0; i < 400; i++, done++) {
      const bytes = mutate(packets[pick(random, packets.length)]!, random);
      const end = bytes.length;
      const results = inboxes.map((inbox, which) => {
        const buffer = buffers[which]!;
        buffer.fill(which * 0xff);
        buffer.set(bytes);
        const offsets: number[] = [];
        inbox.beginPacket();
        for (let at = 0; at < end;) {
          at = inbox.check(buffer, at, end);
          assert(at <= end, `seed ${seed}: check() goes beyond the end`);
          offsets.push(at);
          if (at < 0) return offsets;
        }
        let at = 0;
        for (const offset of offsets) {
          at = inbox.receive(buffer, at, end, i);
          assertEquals(
            at,
            offset,
            `seed ${seed}: receive() differs from check()`,
          );
        }
        taken++;
        return offsets;
      });
      assertEquals(
        results[0],
        results[1],
        `seed ${seed}: what lies behind the end matters`,
      );
      assert(
        inboxes[0]!.heldBytes <= bound,
        `seed ${seed}: ${inboxes[0]!.heldBytes} held`,
      );
      if (pick(random, 20) > 0) continue;
      const handedOut = inboxes.map((inbox) => {
        const messages: string[] = [];
        inbox.poll((message, channel) =>
          messages.push(`${channel}:${message}`)
        );
        inbox.tick(i);
        return messages;
      });
      assertEquals(handedOut[0], handedOut[1], `seed ${seed}`);
    }
  }
  assert(taken > MUTANTS / 4, `${taken} were taken`);
});

/** Changes some bytes, or the length, or joins a piece of the packet to itself; or nothing. */
function mutate(packet: Uint8Array, random: SeededRandom): Uint8Array {
  let bytes = packet.slice();
  for (let n = pick(random, 4); n > 0; n--) {
    const at = pick(
      random,
      Math.min(bytes.length, pick(random, 2) === 0 ? 16 : 1400),
    );
    switch (pick(random, 4)) {
      case 0:
        bytes[at] = random.nextU32();
        break;
      case 1:
        bytes[at]! ^= 1 << pick(random, 8);
        break;
      case 2:
        bytes = bytes.slice(0, at + 1);
        break;
      default: {
        const from = pick(random, bytes.length);
        bytes = join(bytes.subarray(0, at), bytes.subarray(from)).slice(
          0,
          1300,
        );
        if (bytes.length === 0) bytes = new Uint8Array(1);
      }
    }
  }
  return bytes;
}

Deno.test("Inbox holds no more than its bound of messages that are never whole", () => {
  const pipe = new Pipe({ channels: CHANNELS });
  for (const channel of [1, 3, 4]) {
    for (let number = 0; number < 400; number++) {
      pipe.arriveBytes(fragment(channel, number, 0x1_0000, 3));
      pipe.nowMs += 1;
    }
  }
  // The newest of a latest channel has room of its own.
  assert(pipe.mostHeldBytes <= 0x41_0000);
  assertEquals(
    pipe.inbox.channelStats(4).partial,
    64 + 1,
    "the newest ones are kept",
  );
  // Reliable ones have room before those, but only so much.
  let taken = 0;
  for (let number = 0; number < 9; number++) {
    const said = pipe.arriveBytes(fragment(0, number, 0x10_0000, 900));
    if (said > 0) taken++;
    else assertEquals(said, NO_ROOM);
  }
  assertEquals(taken, 4);
  assert(pipe.mostHeldBytes <= 0x41_0000);
  assertEquals(pipe.inbox.nextDueMs(), Infinity, "all others made way");
  assertEquals(pipe.arriveBytes(fragment(2, 0, 2000, 0)), NO_ROOM);
  assertEquals(
    pipe.arriveBytes(join(message(2, 0, 1))),
    5,
    "messages of one frame have room",
  );
});

Deno.test("Inbox gives up unreliable messages that are not whole after 5 s, and no reliable ones", () => {
  const pipe = new Pipe({ channels: CHANNELS });
  pipe.arriveBytes(fragment(1, 0, 2000, 0));
  pipe.arriveBytes(fragment(0, 0, 2000, 0));
  assertEquals(pipe.inbox.nextDueMs(), 6000);
  pipe.inbox.tick(5999.9);
  assertEquals(pipe.inbox.heldBytes, 4000);
  pipe.inbox.tick(6000);
  assertEquals(pipe.inbox.heldBytes, 2000);
  assertEquals(pipe.inbox.channelStats(1).abandoned, 1);
  pipe.inbox.tick(1e9);
  pipe.arriveBytes(fragment(0, 0, 2000, 1));
  pipe.poll();
  assertEquals(pipe.received[0]!.length, 1);
});

Deno.test("Inbox takes every fragment once, also the last one of a message that was handed out", () => {
  for (const channel of [0, 1, 2, 3, 4]) {
    const pipe = new Pipe({ channels: CHANNELS });
    const last = fragment(channel, 0, 2201, 2);
    for (const index of [2, 0, 0, 2, 1]) {
      pipe.arriveBytes(fragment(channel, 0, 2201, index));
    }
    pipe.poll();
    for (let i = 0; i < 3; i++) pipe.arriveBytes(last);
    pipe.poll();
    assertEquals(pipe.received[channel]!.length, 1);
    assertEquals(pipe.inbox.heldBytes, 0, "no duplicate begins it anew");
  }
});

Deno.test("Inbox holds no more than its bound of what came too early, and always takes what is next", () => {
  const pipe = new Pipe({
    channels: CHANNELS,
    limits: {
      maxReliableBytes: 1000,
      maxUnreliableBytes: 1000,
      maxReorderBytes: 5000,
    },
  });
  const bytes = new Array(100).fill(1);
  let taken = 0;
  for (let number = 1; number < 100; number++) {
    if (pipe.arriveBytes(join(message(2, number, ...bytes))) > 0) taken++;
  }
  assertEquals(taken, 50);
  assertEquals(pipe.inbox.heldBytes, 5000);
  assertEquals(pipe.inbox.channelStats(2).held, 50);
  pipe.arriveBytes(join(message(2, 0)));
  pipe.poll();
  assertEquals(pipe.received[2]!.length, 51);
  assertEquals(pipe.inbox.heldBytes, 0);
});

Deno.test("Inbox refuses packets while the game takes nothing out", () => {
  const pipe = new Pipe({
    channels: CHANNELS,
    limits: {
      maxReliableBytes: 1000,
      maxUnreliableBytes: 1000,
      maxReadyBytes: 5000,
    },
  });
  let number = 0;
  while (
    pipe.arriveBytes(join(message(0, number, ...new Array(100).fill(1)))) > 0
  ) number++;
  assert(
    pipe.inbox.heldBytes <= 6400 && number > 40,
    `${pipe.inbox.heldBytes}`,
  );
  pipe.poll();
  assert(pipe.arriveBytes(join(message(0, number, 1))) > 0);
  assertEquals(pipe.received[0]!.length, number);
});

Deno.test("Inbox holds as much of empty messages as its bound in messages says", () => {
  const pipe = new Pipe({
    channels: CHANNELS,
    limits: { maxReadyMessages: 100 },
  });
  let number = 0;
  while (pipe.arriveBytes(join(message(0, number))) > 0) number++;
  assertEquals(number, 100);
  pipe.poll();
  for (number = 200; pipe.arriveBytes(join(message(2, number))) > 0;) number++;
  assertEquals(number, 300);
});

Deno.test("Inbox gives up the newest message of a latest channel for nothing, and older ones for whatever comes", () => {
  const limits = {
    maxReliableBytes: 5000,
    maxUnreliableBytes: 5000,
    maxReassemblyBytes: 5000,
  };
  const pipe = new Pipe({ channels: CHANNELS, limits });
  assert(pipe.arriveBytes(fragment(4, 7, 3000, 0)) > 0);
  // Neither what takes all the room nor time: what was acknowledged does not come again.
  assert(pipe.arriveBytes(fragment(0, 0, 5000, 0)) > 0);
  assert(pipe.arriveBytes(fragment(1, 0, 5000, 0)) < 0);
  pipe.nowMs += 10_000;
  pipe.inbox.tick(pipe.nowMs);
  assertEquals(pipe.inbox.heldBytes, 8000);
  for (const index of [1, 2]) {
    assert(pipe.arriveBytes(fragment(4, 7, 3000, index)) > 0);
  }
  pipe.poll();
  assertEquals(pipe.received[4]!.length, 1);
  // The older one is still delivered if the rest of it comes first, but not beyond the bound.
  for (const index of [1, 2, 3, 4]) {
    assert(pipe.arriveBytes(fragment(0, 0, 5000, index)) > 0);
  }
  pipe.poll();
  assert(pipe.arriveBytes(fragment(4, 8, 1200, 0)) > 0);
  assert(pipe.arriveBytes(fragment(4, 9, 3000, 0)) > 0);
  assert(pipe.arriveBytes(fragment(4, 8, 1200, 1)) > 0);
  pipe.poll();
  assertEquals(pipe.received[4]!.map(({ length }) => length), [3000, 1200]);
  for (let number = 10; number < 60; number++) {
    assert(pipe.arriveBytes(fragment(4, number, 3000, 0)) > 0);
    assert(pipe.inbox.heldBytes <= 8000, `${pipe.inbox.heldBytes} bytes`);
  }
  // One that comes late makes room for none but itself.
  assert(pipe.arriveBytes(fragment(4, 57, 3000, 0)) > 0);
  assert(pipe.arriveBytes(fragment(4, 59, 3000, 1)) > 0);
  assert(pipe.arriveBytes(fragment(4, 59, 3000, 2)) > 0);
  pipe.poll();
  assertEquals(pipe.received[4]!.length, 3);
  assertEquals(pipe.inbox.heldBytes, 0);
  assertEquals(pipe.inbox.nextDueMs(), Infinity);
});

Deno.test("Inbox takes a packet that alone has more messages than its bound", () => {
  const pipe = new Pipe({
    channels: CHANNELS,
    limits: { maxReadyMessages: 2 },
  });
  const three = [0, 1, 2].flatMap((number) => message(0, number));
  assert(pipe.arriveBytes(join(three)) > 0);
  assert(pipe.arriveBytes(join(message(0, 3))) < 0);
  pipe.poll();
  assert(pipe.arriveBytes(join(message(0, 3))) > 0);
});

Deno.test("Inbox takes what fills a hole beside what it holds already, however full it is", () => {
  const size = new Array<number>(100).fill(7);
  for (
    const limits of [
      { maxReadyMessages: 3 },
      { maxReorderBytes: 300, maxReliableBytes: 100, maxUnreliableBytes: 100 },
    ]
  ) {
    const pipe = new Pipe({ channels: CHANNELS, limits });
    for (const number of [1, 2, 3]) {
      assert(pipe.arriveBytes(join(message(2, number, ...size))) > 0);
    }
    assert(pipe.arriveBytes(join(message(2, 4, ...size))) < 0);
    const again = join(message(2, 0), message(2, 3, ...size));
    assertEquals(pipe.arriveBytes(again), again.length);
    pipe.poll();
    assertEquals(pipe.received[2]!.length, 4);
  }
});

Deno.test("Inbox.poll() hands on what a sink throws, and loses that message only", () => {
  const pipe = new Pipe({ channels: CHANNELS });
  pipe.arriveBytes(
    join(
      message(2, 1, 1),
      message(2, 2, 2),
      message(2, 0, 0),
      message(0, 0, 3),
    ),
  );
  const got: number[] = [];
  const throwing = (bytes: Uint8Array): void => {
    got.push(bytes[0]!);
    if (got.length < 5) throw new Error("sink");
  };
  for (let i = 0; i < 4; i++) {
    assertThrows(() => pipe.inbox.poll(throwing), Error, "sink");
  }
  assertEquals(got, [0, 1, 2, 3]);
  assertEquals(pipe.inbox.poll(throwing), 0);
  assertEquals(pipe.inbox.heldBytes, 0);
});

Deno.test("Inbox.poll() hands out messages in the order in which they came", () => {
  const pipe = new Pipe({ channels: CHANNELS });
  pipe.arriveBytes(join(message(2, 1, 1), message(0, 0, 2)));
  pipe.arriveBytes(join(message(2, 0, 3), message(1, 0, 4), [0xc2, 1, 5]));
  const got: number[] = [];
  // 1 came early and waited for 3; its second coming, as a duplicate, is nothing.
  assertEquals(pipe.inbox.poll((bytes) => got.push(bytes[0]!)), 4);
  assertEquals(got, [2, 3, 1, 4]);
  assertEquals(pipe.inbox.channelStats(2).duplicates, 1);
});

Deno.test("Inbox tells how long messages waited behind one that was missing", () => {
  const pipe = new Pipe({ channels: CHANNELS });
  for (let number = 1; number < 10; number++) {
    pipe.arriveBytes(join(message(2, number, number)));
  }
  pipe.nowMs += 120;
  pipe.arriveBytes(join(message(2, 0, 0)));
  const { headOfLine, headOfLineMs } = pipe.inbox.channelStats(2);
  assertEquals([headOfLine, headOfLineMs], [9, 120]);
});

Deno.test("Inbox tells numbers apart where 16 bits wrap", () => {
  for (
    const first of [0xffff, 0x7fff, 0x7fff_fffe, 0xffff_ffff, 0x1_7fff_ffff]
  ) {
    for (const channel of [0, 1, 2, 3, 4]) {
      const pipe = new Pipe({ channels: CHANNELS, firstMessageId: first });
      const order = channel < 3 && channel !== 1
        ? [1, 0, 2, 5, 4, 3]
        : [0, 1, 2, 3, 4, 5];
      for (const i of order) {
        const low = (first + i) % 0x1_0000;
        for (let twice = 0; twice < 2; twice++) {
          assert(pipe.arriveBytes(join(message(channel, low, i))) > 0);
        }
      }
      pipe.poll();
      const got = pipe.received[channel]!.map((bytes) => bytes[0]!);
      assertEquals(channel === 0 ? got.sort() : got, [0, 1, 2, 3, 4, 5]);
    }
  }
});

Deno.test("Inbox delivers unreliable messages of 1,024 numbers back, and none twice", () => {
  const random = new SeededRandom(5);
  const pipe = new Pipe({ channels: CHANNELS });
  const counts = new Map<number, number>();
  for (let i = 0; i < 20_000; i++) {
    const number = Math.max(0, i * 3 - pick(random, 1500));
    const before = pipe.inbox.channelStats(1).received;
    pipe.arriveBytes(join(message(1, number & 0xffff)));
    if (pipe.inbox.channelStats(1).received > before) {
      counts.set(number, (counts.get(number) ?? 0) + 1);
    }
    if (i % 100 === 0) pipe.poll();
  }
  assert([...counts.values()].every((count) => count === 1));
  assert(counts.size > 13_000, `${counts.size}`);
});

Deno.test("Inbox without messages takes little memory", () => {
  const limits = resolveMessageLimits();
  const four = CHANNELS.slice(0, 4);
  const all: Inbox[] = [];
  const before = Deno.memoryUsage();
  for (let i = 0; i < 2000; i++) {
    all.push(new Inbox({ channels: four, limits }));
  }
  const after = Deno.memoryUsage();
  const each =
    (after.heapUsed + after.external - before.heapUsed - before.external) /
    all.length;
  assert(each < 2000, `${each} bytes`);
});

Deno.test("Inbox hands out what Outbox sent, of every length", () => {
  const pipe = new Pipe({ channels: CHANNELS });
  const sizes = [
    4,
    31,
    40,
    41,
    126,
    127,
    128,
    129,
    255,
    256,
    1099,
    1100,
    1101,
    2199,
    2200,
    2201,
    65_536,
  ];
  sizes.forEach((size, i) =>
    pipe.outbox.send(2, numbered(i, size), pipe.nowMs)
  );
  pipe.deliver();
  assertEquals(pipe.received[2]!.map(numberOf), sizes.map((_, i) => i));
  assertEquals(pipe.received[2]!.map(({ length }) => length), sizes);
});
