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
  /** How often what the schedules are there for came about. */
  readonly coverage: Readonly<Record<string, number>>;
}

/** What both ends count from. */
interface FirstNumbers {
  readonly packet: number;
  readonly message: number;
}

const EXTRA_CHANNELS: readonly ChannelConfig[] = [
  { delivery: "latest" },
  { delivery: Channel.ReliableOrdered, priority: 7 },
  { delivery: Channel.Reliable, priority: 0, bytesPerSecond: 30_000 },
  { delivery: "latest", priority: 6 },
  { delivery: Channel.Unreliable, redundancy: true },
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

/** What is sent by then has crossed them: the least that a schedule sends, or near it. */
const PACKETS_TO_WRAP = 40;
const MESSAGES_TO_WRAP = 8;

/** Small, so that the bounds are met. */
const TIGHT_LIMITS: MessageLimits = {
  maxReliableBytes: 20_000,
  maxUnreliableBytes: 8_000,
  maxChannelBytes: 24_000,
  maxChannelMessages: 40,
  maxQueuedBytes: 50_000,
  maxReadyBytes: 40_000,
  maxReadyMessages: 60,
  maxReorderBytes: 20_000,
  maxReassemblyBytes: 30_000,
};

/** What an end may hold at most, in bytes, with the limits above. */
const TIGHT_HELD_BYTES = 40_000 + 20_000 + 30_000 + 2 * 8_000;

/** Time to heal: what was sent has to arrive within. */
const HEALING_MS = 120_000;
/** How long the network stays as it is at most. */
const MAX_CHANGE_MS = 400;
/** How many messages each end sends at least, and how many times as many at most. */
const MIN_MESSAGES = 20;
const MESSAGES_SPREAD = 15;
/** Now and then there are so many times more: bounds and windows fill up. */
const HEAVY_FACTOR = 6;

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
  const first = {
    packet: nextToWrap(random, PACKETS_TO_WRAP),
    message: nextToWrap(random, MESSAGES_TO_WRAP),
  };
  const connection = connectionOptions(random, seed, first, isTight);
  const world = new ConnectionWorld({ seed }, connection);
  const [a, b] = world.ends;
  if (chance(random, 0.5)) world.network.advanceTo(pick(random, WRAPS));
  const checkers = [0, 1].map((end) =>
    new PromiseChecker(DELIVERIES, seed ^ end)
  );
  world.onMessage = (end, channel, bytes) => {
    if (!isHostile) checkers[1 - end]!.check(channel, bytes);
  };
  const durationMs = 100 + random.nextFloat() * 700;
  const endMs = world.nowMs + durationMs;
  const ticks = 4 + random.nextU32() % 40;
  const tickMs = durationMs / ticks;
  const perTick = MIN_MESSAGES * MESSAGES_SPREAD ** random.nextFloat() *
    (chance(random, 0.06) ? HEAVY_FACTOR : 1) / ticks;
  const largest = pick(random, [100, 1_000, 5_000, 20_000]);
  let changeMs = world.nowMs;
  let isQuiet = false;
  while (world.nowMs < endMs) {
    if (world.nowMs >= changeMs) {
      changeMs = world.nowMs + random.nextFloat() * MAX_CHANGE_MS;
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
      const count = Math.floor(perTick + random.nextFloat());
      for (let i = 0; i < count; i++) {
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
    coverage: coverageOf(world, first, isHostile),
  };
}

function connectionOptions(
  random: SeededRandom,
  seed: number,
  first: FirstNumbers,
  isTight: boolean,
): (end: number) => ConnectionOptions {
  const overheadBytes = pick(random, [0, 5, 25]);
  const hasCopies = chance(random, 0.7);
  return (end) => ({
    channels: EXTRA_CHANNELS,
    random: new SeededRandom(seed * 2 + end),
    firstPacketNumber: first.packet,
    firstMessageId: first.message,
    overheadBytes,
    ...isTight ? { limits: TIGHT_LIMITS } : {},
    ...hasCopies ? { redundancy: () => new AdaptiveRedundancy() } : {},
  });
}

function nextToWrap(random: SeededRandom, before: number): number {
  return Math.max(0, pick(random, WRAPS) - random.nextU32() % before);
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
  if (world.ends[end]!.connection.send(channel, bytes, world.nowMs)) {
    checker.accept(channel, length);
  }
}

function isDone(
  world: ConnectionWorld,
  checkers: readonly PromiseChecker[],
  isHostile: boolean,
): boolean {
  return world.ends.every(({ connection }) => {
    const { queuedBytes, inFlightBytes, heldBytes, channels } =
      connection.stats;
    return connection.state !== ConnectionState.Connected ||
      queuedBytes === 0 && inFlightBytes === 0 && heldBytes === 0 &&
        channels.every((channel) => channel.heldBytes === 0);
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
    const kept = channels.map((channel) => channel.heldBytes);
    const sum = kept.reduce((bytes, more) => bytes + more, queuedBytes) +
      heldBytes + inFlightBytes;
    if (sum !== 0) {
      throw new Error(
        `end ${i} keeps ${queuedBytes} queued, ${heldBytes} held, ${inFlightBytes} in flight, by channel ${kept}`,
      );
    }
    if (malformed !== 0) throw new Error(`end ${i} saw ${malformed} malformed`);
  }
}

/** What has to come about in many schedules together, by name; how often it did. */
function coverageOf(
  world: ConnectionWorld,
  first: FirstNumbers,
  isHostile: boolean,
): Record<string, number> {
  const { blackout, tooLarge, queueFull, lost, lostInBurst, lostInBadState } =
    world.network.counters;
  const { corrupted, truncated, duplicated, heldBack } = world.network.counters;
  const coverage: Record<string, number> = {
    ...{ blackout, tooLarge, queueFull, lost, lostInBurst, lostInBadState },
    ...{ duplicated, heldBack },
    ...isHostile ? { corrupted, truncated } : {},
  };
  function add(name: string, count: number | boolean): void {
    coverage[name] = (coverage[name] ?? 0) + Number(count);
  }
  for (const { connection } of world.ends) {
    const { channels, ...stats } = connection.stats;
    add("duplicates seen", stats.duplicates);
    add("packets refused", stats.refused);
    add("sockets full", stats.socketFull);
    add("probes", stats.probesSent);
    add("spurious losses", stats.spuriousLosses);
    add("larger MTU", stats.pathMtuBytes > 1_200);
    const endPacket = first.packet + stats.packetsSent;
    for (const wrap of WRAPS.slice(1)) {
      add(`packets over ${wrap}`, isBetween(first.packet, wrap, endPacket));
    }
    for (
      const [i, { sent, resent, copies, refused, dropped }] of channels
        .entries()
    ) {
      const delivery = DELIVERIES[i]!;
      add(`${delivery} refused`, refused);
      const isReliable = delivery === Channel.Reliable ||
        delivery === Channel.ReliableOrdered;
      if (!isReliable) add(`${delivery} dropped`, dropped);
      if (isReliable || delivery === Channel.Unreliable) {
        add(`${delivery} copies`, copies);
      }
      if (isReliable || delivery === "latest") {
        add(`${delivery} resent`, resent);
      }
      const end = first.message + sent;
      for (const wrap of WRAPS.slice(1)) {
        add(`${delivery} over ${wrap}`, isBetween(first.message, wrap, end));
      }
    }
  }
  return coverage;
}

function isBetween(first: number, wrap: number, end: number): boolean {
  return first < wrap && wrap < end;
}

function chance(random: SeededRandom, probability: number): boolean {
  return random.nextFloat() < probability;
}

function pick<T>(random: SeededRandom, choices: readonly T[]): T {
  return choices[random.nextU32() % choices.length]!;
}
