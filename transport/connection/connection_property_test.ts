// This module is browser compatible.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { AdaptiveRedundancy, Channel, NoRedundancy } from "../mod.ts";
import { LossyPair } from "./_testing/lossy_pair.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SCHEDULES = IS_SOAK ? 4_000 : 20;
/** Next to where numbers outgrow their bytes, and integers those of an engine. */
const FIRSTS = [
  0,
  2 ** 8,
  2 ** 14,
  2 ** 15,
  2 ** 16,
  2 ** 24,
  2 ** 30,
  2 ** 31,
  2 ** 32,
].map((edge) => Math.max(0, edge - 60));
const LATEST = 4;

/** What was sent and has come on each channel, as numbers. */
interface Log {
  readonly sent: number[][];
  readonly got: number[][];
}

function newLog(): Log {
  return {
    sent: [[], [], [], [], []],
    got: [[], [], [], [], []],
  };
}

/** A message that tells its number and is right only as a whole. */
function messageOf(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(4, length));
  new DataView(bytes.buffer).setUint32(0, number);
  for (let i = 4; i < bytes.length; i++) bytes[i] = number + i;
  return bytes;
}

function numberOf(bytes: Uint8Array, label: string): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = view.getUint32(0);
  for (let i = 4; i < bytes.length; i++) {
    if (bytes[i] !== ((number + i) & 0xff)) {
      throw new Error(`${label}: message ${number} is broken at ${i}`);
    }
  }
  return number;
}

function runSchedule(seed: number): void {
  const label = `seed ${seed}`;
  const random = new SeededRandom(seed);
  function chance(most: number): number {
    return random.nextFloat() < 0.5 ? 0 : random.nextFloat() * most;
  }
  const wire = {
    delayMs: random.nextU32() % 60,
    jitterMs: chance(60),
    loss: chance(0.5),
    duplicates: chance(0.3),
  };
  const first = FIRSTS[seed % FIRSTS.length]!;
  const pair = new LossyPair(seed, wire, {
    firstPacketNumber: first,
    firstMessageId: FIRSTS[(seed * 5 + 1) % FIRSTS.length]!,
    channels: [{ delivery: "latest" }],
    redundancy: () =>
      seed % 2 === 0 ? new AdaptiveRedundancy() : new NoRedundancy(),
  }, random.nextU32() % 100_000);
  const logs = [newLog(), newLog()];
  function take(end: number, bytes: Uint8Array, channel: number): void {
    logs[1 - end]!.got[channel]!.push(numberOf(bytes, label));
  }
  const steps = 150;
  const stepMs = 1 + random.nextU32() % 17;
  const longest = random.nextU32() % 4 === 0 ? 6000 : 300;
  for (let i = 0; i < steps; i++) {
    for (let end = 0; end < 2; end++) {
      const log = logs[end]!;
      for (let channel = 0; channel < 5; channel++) {
        if (random.nextFloat() < 0.4) continue;
        const number = log.sent[channel]!.length;
        const length = random.nextU32() % (1 + random.nextU32() % longest);
        const message = messageOf(number, length);
        if (pair.ends[end]!.send(channel, message)) {
          log.sent[channel]!.push(number);
        }
      }
    }
    pair.run(pair.nowMs + stepMs, take);
  }
  // Time enough for whatever is to come.
  pair.wire = { ...wire, loss: Math.min(wire.loss, 0.3) };
  pair.run(pair.nowMs + 20_000, take);

  for (const { sent, got } of logs) {
    assertEquals(
      got[Channel.ReliableOrdered],
      sent[Channel.ReliableOrdered],
      label,
    );
    assertEquals(
      got[Channel.Reliable]!.toSorted((a, b) => a - b),
      sent[Channel.Reliable],
      label,
    );
    const unreliable = got[Channel.Unreliable]!;
    assertEquals(new Set(unreliable).size, unreliable.length, label);
    for (const number of unreliable) {
      assert(number < sent[Channel.Unreliable]!.length, label);
    }
    for (const channel of [Channel.UnreliableOrdered, LATEST]) {
      const numbers = got[channel]!;
      for (let i = 1; i < numbers.length; i++) {
        assert(numbers[i]! > numbers[i - 1]!, `${label}: channel ${channel}`);
      }
    }
    assertEquals(got[LATEST]!.at(-1), sent[LATEST]!.at(-1), label);
  }
  for (const end of pair.ends) {
    const { inFlightBytes, queuedBytes, malformed } = end.stats;
    assertEquals([queuedBytes, malformed], [0, 0], label);
    assert(inFlightBytes <= 1500, label);
  }
}

Deno.test("Connection keeps the promises of all channels on any path", () => {
  for (let seed = 0; seed < SCHEDULES; seed++) runSchedule(seed);
});

Deno.test("Connection counts packets and messages over every wrap", () => {
  for (const edge of [2 ** 16, 2 ** 24, 2 ** 31, 2 ** 32]) {
    const first = edge - 2000;
    const pair = new LossyPair(edge % 97, { delayMs: 5, loss: 0.05 }, {
      firstPacketNumber: first,
      firstMessageId: first,
    });
    const got: number[] = [];
    let sent = 0;
    while (sent < 6000) {
      const message = messageOf(sent, 700);
      if (pair.ends[0].send(Channel.ReliableOrdered, message)) sent++;
      if (sent % 4 === 0) {
        pair.run(pair.nowMs + 1, (end, bytes) => {
          if (end === 1) got.push(numberOf(bytes, `${edge}`));
        });
      }
    }
    pair.run(pair.nowMs + 3000, (end, bytes) => {
      if (end === 1) got.push(numberOf(bytes, `${edge}`));
    });
    assertEquals(got.length, 6000, `${edge}`);
    assert(got.every((number, i) => number === i), `${edge}`);
    assertEquals(pair.ends[0].stats.malformed, 0);
  }
});
