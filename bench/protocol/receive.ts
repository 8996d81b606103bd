// What a server pays for each datagram before it believes it: the replay filter, and refusing
// what is no packet.
import { type Random, SeededRandom } from "../../core/mod.ts";
import {
  Packet,
  PacketDecoder,
  PacketEncoder,
  PacketFilter,
  PacketView,
  ProtocolError,
} from "../../protocol/mod.ts";
import { atMost, type Section } from "../_report.ts";
import { type Loop, time } from "../_nanoseconds.ts";

const CHECKS_PER_TURN = 4_000;
const MUTANTS = 4_096;
const PEERS = 64;

const ONE_PEER = "one peer, in order";
const MANY_PEERS = `${PEERS} peers in turns, in order`;
const LATE = "one peer, every fourth late";
const REPLAYED = "one peer, all replayed";
const UNKNOWN = "unknown peer";

const TRY = "tryDecode()";
const THROW = "decode() in try and catch";

export async function measureReceive(isSmoke: boolean): Promise<Section[]> {
  return [await measureFilter(isSmoke), await measureRefusals(isSmoke)];
}

async function measureFilter(isSmoke: boolean): Promise<Section> {
  const loops = [
    checks(ONE_PEER, 1, (i) => i),
    checks(MANY_PEERS, PEERS, (i) => Math.floor(i / PEERS)),
    // 0, 1, 2, 3 arrive as 1, 2, 3, 0.
    checks(LATE, 1, (i) => (i & ~3) + ((i + 1) & 3)),
    checks(REPLAYED, 1, (i) => i & 511, 512),
    checks(UNKNOWN, 0, (i) => i),
  ];
  const timings = await time(loops, isSmoke, CHECKS_PER_TURN);
  return {
    title: "protocol: PacketFilter.check()",
    notes: ["ns for each."],
    rows: loops.map(({ name }) => ({
      name,
      "p50": timings.ns(name),
      "p10": timings.quietNs(name),
    })),
    bars: [ONE_PEER, MANY_PEERS, LATE].map((name) =>
      atMost(name, 20, timings.ns(name), "ns")
    ),
  };
}

/** Checks numbers that go on from turn to turn, as those of a connection do. */
function checks(
  name: string,
  peers: number,
  sequenceOf: (i: number) => number,
  already = 0,
): Loop {
  const filter = new PacketFilter();
  for (let peer = 0; peer < peers; peer++) filter.registerPeer(peer);
  for (let sequence = 0; sequence < already; sequence++) {
    filter.check(0, sequence);
  }
  // Worked out before, so that nothing but the filter is measured.
  const sequences = Uint32Array.from(
    { length: CHECKS_PER_TURN },
    (_, i) => sequenceOf(i),
  );
  const ids = Int32Array.from(
    { length: CHECKS_PER_TURN },
    (_, i) => peers > 1 ? i % peers : 0,
  );
  const step = already > 0 ? 0 : sequences.reduce((a, b) => Math.max(a, b)) + 1;
  let base = 0;
  return {
    name,
    run(count) {
      let refused = 0;
      for (let i = 0; i < count; i++) {
        const sequence = (base + sequences[i]!) >>> 0;
        if (filter.check(ids[i]!, sequence) !== undefined) refused += 1;
      }
      base += step;
      return refused;
    },
  };
}

async function measureRefusals(isSmoke: boolean): Promise<Section> {
  const mutants = makeMutants();
  const decoder = new PacketDecoder();
  const view = new PacketView();
  const byCode = new Map<string, Uint8Array[]>();
  for (const mutant of mutants) {
    const code = decoder.tryDecode(mutant, view)!;
    byCode.set(code, [...byCode.get(code) ?? [], mutant]);
  }
  const loops = [
    tries(TRY, mutants),
    throws(THROW, mutants),
    ...[...byCode].map(([code, some]) => tries(code, some)),
  ];
  const timings = await time(loops, isSmoke, 1_000);
  return {
    title: "protocol: refuse what is no packet",
    notes: [
      `${MUTANTS} packets in both forms, cut, with bits flipped, bytes changed, put in or taken`,
      "out, or all random, of which none is accepted or compressed; ns for each.",
    ],
    rows: loops.map(({ name }) => ({
      name: byCode.has(name)
        ? `${TRY} is ${name} (${byCode.get(name)!.length})`
        : name,
      "p50": timings.ns(name),
      "p10": timings.quietNs(name),
    })),
    bars: [
      atMost("a refusal", 300, timings.ns(TRY), "ns"),
      atMost(
        "the slowest kind of refusal",
        300,
        Math.max(...[...byCode.keys()].map((code) => timings.ns(code))),
        "ns",
      ),
    ],
  };
}

function tries(name: string, mutants: readonly Uint8Array[]): Loop {
  const decoder = new PacketDecoder();
  const view = new PacketView();
  return {
    name,
    run(count) {
      let refused = 0;
      for (let i = 0; i < count; i++) {
        const mutant = mutants[i % mutants.length]!;
        if (decoder.tryDecode(mutant, view) !== undefined) refused += 1;
      }
      return refused;
    },
  };
}

function throws(name: string, mutants: readonly Uint8Array[]): Loop {
  const decoder = new PacketDecoder();
  return {
    name,
    run(count) {
      let refused = 0;
      for (let i = 0; i < count; i++) {
        try {
          decoder.decode(mutants[i % mutants.length]!);
        } catch (error) {
          if (error instanceof ProtocolError) refused += error.code.length;
        }
      }
      return refused;
    },
  };
}

function makeMutants(): Uint8Array[] {
  const random = new SeededRandom(3);
  const encoders = [new PacketEncoder(), new PacketEncoder({ form: "full" })];
  const decoder = new PacketDecoder();
  const view = new PacketView();
  const mutants: Uint8Array[] = [];
  while (mutants.length < MUTANTS) {
    const encoder = encoders[random.nextU32() & 1]!;
    const mutant = mutate(random, encoder.encode(randomPacket(random)));
    if (isCompressed(mutant)) continue;
    if (decoder.tryDecode(mutant, view) !== undefined) mutants.push(mutant);
  }
  return mutants;
}

function randomPacket(random: Random): Packet {
  const payload = new Uint8Array(random.nextU32() % 200);
  random.fill(payload);
  return new Packet({
    kind: random.nextU32() % 0x1d,
    sequence: random.nextU32() >>> (random.nextU32() & 31),
    flags: random.nextU32() & 7,
    ack: random.nextU32() >>> (random.nextU32() & 31),
    ackBits: random.nextU32(),
    payload,
  });
}

function mutate(random: Random, packet: Uint8Array): Uint8Array {
  const at = random.nextU32() % packet.length;
  const inHeader = Math.min(at, random.nextU32() % 24) % packet.length;
  const before = packet.subarray(0, inHeader);
  switch (random.nextU32() % 6) {
    case 0:
      return packet.slice(0, at);
    case 1:
      packet[inHeader]! ^= 1 << (random.nextU32() & 7);
      return packet;
    case 2:
      packet[inHeader] = random.nextU32();
      return packet;
    case 3:
      return join(before, new Uint8Array([255]), packet.subarray(inHeader));
    case 4:
      return join(before, packet.subarray(inHeader + 1));
    default:
      random.fill(packet);
      return packet;
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function isCompressed(bytes: Uint8Array): boolean {
  const flags = bytes[0]! >= 0x80 ? bytes[0]! : bytes[5] ?? 0;
  return (flags & 0x18) !== 0;
}
