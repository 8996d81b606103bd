import { SeededRandom } from "../../core/mod.ts";
import { Channel } from "../../protocol/mod.ts";
import { assert, assertEquals } from "@std/assert";
import { FixedRedundancy } from "./_testing/fixed_redundancy.ts";
import {
  numbered,
  numberOf,
  type Packet,
  pick,
  Pipe,
} from "./_testing/pipe.ts";
import type { ChannelConfig } from "./channel_config.ts";
import { NORMAL, PROBE } from "./outbox.ts";

const SCHEDULES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 4000 : 12;

// Next to where 16 bits, a quarter of them, and what fits into fewer bytes or into a signed
// integer wrap.
const FIRST = [
  0,
  2 ** 8 - 3,
  2 ** 14 - 5,
  2 ** 15 - 7,
  2 ** 16 - 11,
  2 ** 30 - 4,
  2 ** 31 - 5,
  2 ** 32 - 6,
  2 ** 32 + 2 ** 31 - 3,
];

const CHANNELS: readonly ChannelConfig[] = [
  { delivery: Channel.Reliable },
  { delivery: Channel.Unreliable },
  { delivery: Channel.ReliableOrdered },
  { delivery: Channel.UnreliableOrdered },
  { delivery: "latest" },
  { delivery: Channel.ReliableOrdered, priority: 6 },
  { delivery: Channel.Unreliable, redundancy: true, priority: 6 },
  { delivery: Channel.Reliable, priority: 1, bytesPerSecond: 50_000 },
];

interface Flight {
  readonly packet: Packet;
  readonly atMs: number;
  readonly fate: "arrives" | "lost" | "spuriouslyLost" | "ackLost";
}

/** Runs one schedule of sendings, losses, duplicates and delays, and checks every promise. */
function run(seed: number): void {
  const random = new SeededRandom(seed);
  const first = FIRST[seed % FIRST.length]!;
  const redundancy = [
    new FixedRedundancy(),
    new FixedRedundancy(8),
    new FixedRedundancy(3, 11, 40),
  ][pick(random, 3)]!;
  const pipe = new Pipe({
    channels: CHANNELS,
    firstMessageId: first,
    redundancy,
  });
  const { outbox, inbox } = pipe;
  const sent: number[] = CHANNELS.map(() => 0);
  const loss = pick(random, 6) * 0.1;
  const jitterMs = 1 + pick(random, 40);
  const share = 20 + pick(random, 80);
  const flights: Flight[] = [];
  const long = pick(random, 4);
  const steps = 300 + pick(random, 600);

  for (let step = 0; step < steps || !outbox.isEmpty; step++) {
    assert(step < steps + 60_000, "it never ends");
    pipe.nowMs += pick(random, 3);
    if (step < steps) {
      for (let n = pick(random, 7); n > 0; n--) {
        const channel = pick(random, CHANNELS.length);
        const size = 4 +
          (pick(random, 100) < long ? pick(random, 20_000) : pick(random, 250));
        if (outbox.send(channel, numbered(sent[channel]!, size), pipe.nowMs)) {
          sent[channel]!++;
        }
      }
    }
    for (let n = pick(random, 4); n > 0 && pipe.isDue; n--) {
      const mode = pick(random, 15) === 0 ? PROBE : NORMAL;
      const packet = pipe.pack(mode, 1110 + pick(random, 90));
      if (packet === undefined) continue;
      const isLost = random.nextFloat() < loss;
      flights.push({
        packet,
        atMs: pipe.nowMs + 15 + pick(random, jitterMs),
        fate: isLost
          ? (pick(random, 4) === 0 ? "ackLost" : "lost")
          : pick(random, 12) === 0
          ? "spuriouslyLost"
          : "arrives",
      });
    }
    for (let i = 0; i < flights.length; i++) {
      const { packet, atMs, fate } = flights[i]!;
      if (atMs > pipe.nowMs) continue;
      flights.splice(i--, 1);
      if (fate !== "lost") {
        for (let n = pick(random, 8) === 0 ? 2 : 1; n > 0; n--) {
          assert(pipe.arrive(packet), "an honest packet is taken");
        }
      }
      if (fate === "spuriouslyLost") pipe.lose(packet, false);
      if (fate === "lost" || fate === "ackLost") pipe.lose(packet);
      else pipe.acknowledge(packet);
    }
    inbox.tick(pipe.nowMs);
    if (pick(random, 100) < share) pipe.poll();
  }
  for (const { packet } of flights) pipe.arrive(packet);
  pipe.poll();
  inbox.tick(pipe.nowMs + 5000);

  assertEquals(outbox.queuedBytes, 0);
  assertEquals(outbox.heldBytes, 0);
  assertEquals(inbox.heldBytes, 0);
  assertEquals(inbox.nextDueMs(), Infinity);
  CHANNELS.forEach(({ delivery }, channel) => {
    const numbers = pipe.received[channel]!.map(numberOf);
    const all = Array.from({ length: sent[channel]! }, (_, i) => i);
    const stats = outbox.channelStats(channel);
    assertEquals(inbox.channelStats(channel).received, numbers.length);
    assertEquals(stats.sent + stats.dropped >= all.length, true);
    switch (delivery) {
      case Channel.Reliable:
        assertEquals(numbers.toSorted((a, b) => a - b), all);
        assertEquals([stats.sent, stats.delivered], [all.length, all.length]);
        break;
      case Channel.ReliableOrdered:
        assertEquals(numbers, all);
        assertEquals([stats.sent, stats.delivered], [all.length, all.length]);
        break;
      case Channel.Unreliable:
        assertEquals(new Set(numbers).size, numbers.length, "at most once");
        break;
      case "latest":
        assertEquals(numbers.at(-1), all.at(-1), "the newest arrives");
        /* falls through */
      default:
        assert(
          numbers.every((n, i) => i === 0 || n > numbers[i - 1]!),
          "only newer ones",
        );
    }
  });
}

Deno.test("Outbox and Inbox keep what each channel promises on whatever path", () => {
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    try {
      run(seed);
    } catch (error) {
      throw new Error(`With seed ${seed}`, { cause: error });
    }
  }
});

Deno.test("Outbox and Inbox lose no unreliable message without a loss", () => {
  for (const first of FIRST) {
    const pipe = new Pipe({
      channels: CHANNELS,
      firstMessageId: first,
    });
    for (let i = 0; i < 5000; i++) {
      for (const channel of [Channel.Unreliable, Channel.UnreliableOrdered]) {
        assert(pipe.outbox.send(channel, numbered(i, 4 + i % 40), pipe.nowMs));
      }
      if (i % 7 === 0) pipe.deliver();
      if (i % 500 === 0) pipe.outbox.send(1, numbered(i, 60_000), pipe.nowMs);
    }
    pipe.deliver();
    assertEquals(pipe.received[1]!.length, 5010);
    assertEquals(
      pipe.received[3]!.map(numberOf),
      Array.from({ length: 5000 }, (_, i) => i),
    );
  }
});

Deno.test("Outbox goes on after 70,000 unreliable messages were lost in a row", () => {
  for (
    const delivery of [
      Channel.Unreliable,
      Channel.UnreliableOrdered,
      "latest",
    ] as const
  ) {
    const pipe = new Pipe({ channels: [{ delivery }] });
    pipe.outbox.send(0, numbered(0, 4), pipe.nowMs);
    pipe.deliver();
    for (let i = 1; i < 70_000; i++) {
      pipe.outbox.send(0, numbered(i, 4), pipe.nowMs);
      if (i % 50 !== 0 && delivery !== "latest") continue;
      const packet = pipe.pack();
      if (packet !== undefined) pipe.lose(packet);
      pipe.nowMs += 10;
    }
    pipe.deliver();
    pipe.outbox.send(0, numbered(70_000, 4), pipe.nowMs);
    pipe.deliver();
    assertEquals(pipe.received[0]!.map(numberOf).at(-1), 70_000);
    // Those that had waited for less than 250 ms: 50 for each packet, one of which is lost every 10 ms.
    const { length } = pipe.received[0]!;
    assert(length < 1400, `${length} came`);
  }
});

Deno.test("Outbox and Inbox carry 1 MiB with every third fragment lost, and repeat only those", () => {
  const pipe = new Pipe({ channels: CHANNELS });
  const message = numbered(77, 0x10_0000);
  assert(pipe.outbox.send(2, message, pipe.nowMs));
  let packets = 0;
  while (pipe.isDue) {
    const packet = pipe.pack()!;
    if (packets++ % 3 === 1) {
      pipe.lose(packet);
    } else {
      assert(pipe.arrive(packet));
      pipe.acknowledge(packet);
    }
  }
  pipe.poll();
  assertEquals(pipe.received[2]!.map(numberOf), [77]);
  assertEquals(pipe.received[2]![0]!.length, message.length);
  // 954 fragments, and each of those lost once more.
  assertEquals(pipe.outbox.channelStats(2).resent, packets - 954);
  assert(packets < 954 * 1.52, `${packets} packets`);
});
