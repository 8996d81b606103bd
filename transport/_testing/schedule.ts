import { SeededRandom } from "../../core/mod.ts";
import {
  AdaptiveRedundancy,
  Channel,
  type ChannelConfig,
  type ChannelDelivery,
  type ConnectionOptions,
  ConnectionState,
  type MessageLimits,
  type NetworkConditions,
} from "../mod.ts";
import { ConnectionWorld } from "./connection_world.ts";
import { MIN_MESSAGE_BYTES, PromiseChecker } from "./promise_checker.ts";

/** What a schedule is like. */
export interface ScheduleOptions {
  /** Whether damaged datagrams arrive: then no promise is kept, but nothing may throw, grow or hang. */
  readonly isHostile?: boolean;
}

/** How a schedule went. */
export interface ScheduleResult {
  readonly digest: number;
  readonly steps: number;
  readonly accepted: number;
  readonly delivered: number;
  readonly datagrams: number;
  /** Whether a hostile network has ended the connection. */
  readonly isEnded: boolean;
}

const EXTRA_CHANNELS: readonly ChannelConfig[] = [
  { delivery: "latest" },
  { delivery: Channel.ReliableOrdered, priority: 7 },
  { delivery: Channel.Reliable, priority: 0, bytesPerSecond: 30_000 },
  { delivery: "latest", priority: 6 },
];

const DELIVERIES: readonly ChannelDelivery[] = [
  Channel.Reliable,
  Channel.Unreliable,
  Channel.ReliableOrdered,
  Channel.UnreliableOrdered,
  ...EXTRA_CHANNELS.map(({ delivery }) => delivery),
];

/** Both ends count on from just below where numbers outgrow their bytes. */
const WRAPS = [
  0,
  2 ** 8,
  2 ** 14,
  2 ** 15,
  2 ** 16,
  2 ** 24,
  2 ** 30,
  2 ** 31,
  2 ** 32,
];

/** Small, so that the bounds are met. */
const TIGHT_LIMITS: MessageLimits = {
  maxReliableBytes: 20_000,
  maxUnreliableBytes: 8_000,
  maxChannelBytes: 40_000,
  maxChannelMessages: 200,
  maxQueuedBytes: 100_000,
  maxReadyBytes: 60_000,
  maxReadyMessages: 500,
  maxReorderBytes: 30_000,
  maxReassemblyBytes: 40_000,
};

/** What an end may hold at most, in bytes, with the limits above. */
const TIGHT_HELD_BYTES = 60_000 + 30_000 + 40_000;

/** Time to heal: what was sent has to arrive within. */
const HEALING_MS = 120_000;
/** What is lost in a row must not look like the end of the peer. */
const MAX_BLACKOUT_MS = 1_500;

/**
 * Runs one schedule: two connections send each other messages on all channels over a network that is bad, and changes, as the
 * seed says; then it heals. Throws where a promise or a bound is broken.
 */
export function runSchedule(
  seed: number,
  options: ScheduleOptions = {},
): ScheduleResult {
  const { isHostile = false } = options;
  const random = new SeededRandom(seed);
  const isTight = chance(random, 0.5);
  const connection = connectionOptions(random, seed, isTight);
  const world = new ConnectionWorld({ seed }, connection);
  const [a, b] = world.ends;
  if (chance(random, 0.5)) world.network.advanceTo(pick(random, WRAPS));
  const checkers = [0, 1].map((end) =>
    new PromiseChecker(DELIVERIES, seed ^ end)
  );
  world.onMessage = (end, channel, bytes) => {
    if (!isHostile) checkers[1 - end]!.check(channel, bytes);
  };
  const durationMs = 300 + random.nextFloat() * 1_500;
  const endMs = world.nowMs + durationMs;
  const tickMs = 2 + random.nextFloat() * 40;
  const perTick = 1 + Math.floor(random.nextFloat() ** 3 * 20);
  const largest = pick(random, [100, 1_000, 5_000, 20_000]);
  let changeMs = world.nowMs;
  let isQuiet = false;
  while (world.nowMs < endMs) {
    if (world.nowMs >= changeMs) {
      changeMs = world.nowMs + random.nextFloat() * MAX_BLACKOUT_MS;
      const conditions = badConditions(random, isHostile);
      world.network.setConditions(conditions, a.socket, b.socket);
      world.network.setConditions(
        chance(random, 0.7) ? conditions : badConditions(random, isHostile),
        b.socket,
        a.socket,
      );
      world.isPolling = chance(random, 0.8);
      isQuiet = chance(random, 0.1);
      for (const { socket } of world.ends) {
        world.network.setFull(socket, chance(random, 0.05));
      }
      if (chance(random, 0.1)) {
        for (const end of world.ends) end.connection.onPathChange(world.nowMs);
      }
    }
    for (let end = 0; end < 2 && !isQuiet; end++) {
      for (let i = 0; i < perTick; i++) {
        send(world, checkers[end]!, end, random, largest);
      }
      world.flush(end);
    }
    world.run(Math.min(world.nowMs + tickMs, endMs));
    if (isTight) checkBounds(world);
  }
  for (const { socket } of world.ends) world.network.setFull(socket, false);
  world.network.setConditions({ latencyMs: 10 }, a.socket, b.socket);
  world.network.setConditions({ latencyMs: 10 }, b.socket, a.socket);
  world.isPolling = true;
  for (let end = 0; end < 2; end++) world.poll(end);
  const healedMs = world.nowMs + HEALING_MS;
  while (world.nowMs < healedMs && !isDone(world, checkers, isHostile)) {
    world.run(world.nowMs + 500);
  }
  const isEnded = world.ends.some(({ connection }) =>
    connection.state !== ConnectionState.Connected
  );
  if (!isHostile) checkEnd(world, checkers);
  return {
    digest: world.digest,
    steps: world.steps,
    accepted: checkers[0]!.accepted + checkers[1]!.accepted,
    delivered: checkers[0]!.delivered + checkers[1]!.delivered,
    datagrams: world.network.counters.sent,
    isEnded,
  };
}

function connectionOptions(
  random: SeededRandom,
  seed: number,
  isTight: boolean,
): (end: number) => ConnectionOptions {
  const firstPacketNumber = nextToWrap(random);
  const firstMessageId = nextToWrap(random);
  const overheadBytes = pick(random, [0, 5, 25]);
  const hasCopies = chance(random, 0.7);
  return (end) => ({
    channels: EXTRA_CHANNELS,
    random: new SeededRandom(seed * 2 + end),
    firstPacketNumber,
    firstMessageId,
    overheadBytes,
    ...isTight ? { limits: TIGHT_LIMITS } : {},
    ...hasCopies ? { redundancy: () => new AdaptiveRedundancy() } : {},
  });
}

function nextToWrap(random: SeededRandom): number {
  return Math.max(0, pick(random, WRAPS) - random.nextU32() % 100);
}

/** Loss up to 50 %, bursts, reordering, duplicates, narrow and small paths, blackouts. */
function badConditions(
  random: SeededRandom,
  isHostile: boolean,
): NetworkConditions {
  const some = (probability: number, most: number): number =>
    chance(random, probability) ? random.nextFloat() * most : 0;
  const conditions: NetworkConditions = {
    latencyMs: some(0.9, 100),
    jitterMs: some(0.5, 60),
    jitterShape: pick(random, ["uniform", "gamma"] as const),
    jitterReorders: chance(random, 0.7),
    loss: some(0.6, 0.5),
    reordering: some(0.3, 0.5),
    reorderingMs: some(1, 80),
    duplication: some(0.3, 0.5),
    isBlackout: chance(random, 0.05),
    corruption: isHostile ? some(0.8, 0.5) : 0,
    truncation: isHostile ? some(0.5, 0.5) : 0,
  };
  return {
    ...conditions,
    ...chance(random, 0.3)
      ? {
        burstLoss: {
          share: random.nextFloat() * 0.3,
          length: 1 + random.nextU32() % 12,
        },
      }
      : {},
    ...chance(random, 0.2)
      ? { gilbertElliott: { enterBad: 0.02, leaveBad: 0.2, lossInBad: 0.9 } }
      : {},
    ...chance(random, 0.2)
      ? {
        bytesPerSecond: 20_000 + random.nextFloat() * 500_000,
        queueBytes: 3_000 + random.nextFloat() * 60_000,
      }
      : {},
    ...chance(random, 0.3) ? { mtuBytes: 1_200 + random.nextU32() % 300 } : {},
  };
}

function send(
  world: ConnectionWorld,
  checker: PromiseChecker,
  end: number,
  random: SeededRandom,
  largest: number,
): void {
  const channel = random.nextU32() % DELIVERIES.length;
  const isLarge = chance(random, 0.05);
  const most = isLarge ? largest : Math.min(largest, 200);
  const length = MIN_MESSAGE_BYTES + random.nextU32() % most;
  const bytes = checker.make(channel, length);
  if (world.ends[end]!.connection.send(channel, bytes)) {
    checker.accept(channel, length);
  }
}

function isDone(
  world: ConnectionWorld,
  checkers: readonly PromiseChecker[],
  isHostile: boolean,
): boolean {
  return world.ends.every(({ connection }) => {
    const { queuedBytes, inFlightBytes, heldBytes } = connection.stats;
    return connection.state !== ConnectionState.Connected ||
      queuedBytes === 0 && inFlightBytes === 0 && heldBytes === 0;
  }) && (isHostile || checkers.every(({ missing }) => missing === undefined));
}

function checkBounds(world: ConnectionWorld): void {
  for (const { connection } of world.ends) {
    const { queuedBytes, heldBytes, channels } = connection.stats;
    if (queuedBytes > TIGHT_LIMITS.maxQueuedBytes!) {
      throw new Error(`${queuedBytes} bytes are queued`);
    }
    if (heldBytes > TIGHT_HELD_BYTES) {
      throw new Error(`${heldBytes} bytes are held`);
    }
    for (const [i, channel] of channels.entries()) {
      if (channel.heldBytes > TIGHT_LIMITS.maxChannelBytes!) {
        throw new Error(`channel ${i} holds ${channel.heldBytes} bytes`);
      }
    }
  }
}

/** All has arrived, nothing is kept, and the ends are still connected. */
function checkEnd(
  world: ConnectionWorld,
  checkers: readonly PromiseChecker[],
): void {
  for (const [i, { connection }] of world.ends.entries()) {
    if (connection.state !== ConnectionState.Connected) {
      const [event] = connection.drainEvents();
      throw new Error(`end ${i} has ended: ${JSON.stringify(event)}`);
    }
    const { missing } = checkers[i]!;
    if (missing !== undefined) throw new Error(`end ${i} misses ${missing}`);
    const { queuedBytes, heldBytes, inFlightBytes, malformed, channels } =
      connection.stats;
    const kept = queuedBytes + heldBytes + inFlightBytes +
      channels.reduce((sum, channel) => sum + channel.heldBytes, 0);
    if (kept !== 0) {
      throw new Error(
        `end ${i} keeps ${queuedBytes} queued, ${heldBytes} held, ${inFlightBytes} in flight`,
      );
    }
    if (malformed !== 0) throw new Error(`end ${i} saw ${malformed} malformed`);
  }
}

function chance(random: SeededRandom, probability: number): boolean {
  return random.nextFloat() < probability;
}

function pick<T>(random: SeededRandom, choices: readonly T[]): T {
  return choices[random.nextU32() % choices.length]!;
}
