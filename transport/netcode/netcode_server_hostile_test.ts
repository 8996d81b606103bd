import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { MTU } from "../constants.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import { ServerWorld } from "./_testing/server_world.ts";
import { splitEndpoint } from "./_endpoint.ts";
import { PacketType } from "./_packet_type.ts";
import { REQUEST_MARK_AT, ROAMING_MARK } from "./_request.ts";
import { REQUEST_BYTES } from "./_sizes.ts";

const SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
/** Ten million in all in a soak, in parts that can be run alone. */
const SEEDS = SOAK ? 20 : 1;
const DATAGRAMS = SOAK ? 500_000 : 10_000;
const TICK_EVERY = 100;

/** What some of the mutations must have come to. */
const REASONS = [
  "malformed",
  "wrongType",
  "wrongVersion",
  "wrongProtocol",
  "badToken",
  "forged",
  "addressConnected",
  "unknownAddress",
  "unexpected",
  "rateLimited",
] as const;

for (let seed = 1; seed <= SEEDS; seed++) {
  Deno.test(`NetcodeServer survives mutated datagrams in every state: seed ${seed}`, () =>
    attack(seed));
}

/** Something genuine, and where it belongs. */
interface Genuine {
  readonly bytes: Uint8Array;
  readonly from: DatagramAddress;
}

function attack(seed: number): void {
  const about = `seed ${seed}`;
  const world = new ServerWorld({ maxClients: 2 }, seed);
  const random = new SeededRandom(2_000 + seed);
  const { server } = world;
  const expireSeconds = Infinity;
  const timeoutSeconds = -1;
  const addressOf = (key: string): DatagramAddress =>
    world.socket.address(...splitEndpoint(key));

  // One in each state: connected, challenged, unknown.
  const connected = world.client({ expireSeconds, timeoutSeconds });
  const peer = world.connectFully(connected);
  const challenged = world.client({ expireSeconds, timeoutSeconds });
  const unknown = world.client({ expireSeconds, timeoutSeconds });
  const genuine: Genuine[] = [];
  for (const client of [connected, challenged, unknown]) {
    if (client === challenged) {
      client.send(client.request());
      world.settle();
    }
    // The object that the server has, if it has one.
    const from = addressOf(client.socket.key);
    const body = client.of(PacketType.Challenge)[0]?.body ??
      new Uint8Array(308);
    genuine.push(
      { bytes: client.request(), from },
      { bytes: client.packet(PacketType.Response, body), from },
      { bytes: client.packet(PacketType.KeepAlive, new Uint8Array(8)), from },
      { bytes: client.packet(PacketType.Payload, new Uint8Array(60)), from },
      { bytes: client.packet(PacketType.Payload, new Uint8Array(1_200)), from },
      { bytes: client.packet(PacketType.Disconnect), from },
    );
  }
  const froms = [
    ...genuine.map(({ from }) => from),
    addressOf("10.3.0.1:1"),
    addressOf("2001:db8::5:7"),
  ];
  world.end.events.length = 0;
  const retained = world.socket.retained;

  let answers = 0;
  let answerBytes = 0;
  let isTicking = false;
  server.bind((datagram) => {
    if (isTicking) return;
    answers++;
    answerBytes += datagram.length;
  });
  const out = new Uint8Array(MTU);
  for (let i = 0; i < DATAGRAMS; i++) {
    const { bytes, from } = pick(random, genuine);
    const bad = mutated(bytes, random);
    if (isMarked(bad)) bad[REQUEST_MARK_AT] = 2;
    // What belongs to nobody may come from anywhere.
    const isElsewhere = random.nextU32() % 8 === 0;
    const sender = isElsewhere ? pick(random, froms) : from;
    assertEquals(server.open(bad, sender, out), 0, `${about}, ${i}`);
    if (i % TICK_EVERY !== 0) continue;
    assertEquals(answers, 0, `${about}, before ${i}`);
    isTicking = true;
    world.clock.advance(5);
    server.tick(0.005);
    isTicking = false;
  }
  assertEquals([...server.drainEvents()], [], about);
  for (const reason of REASONS) {
    assert(server.counters[reason] > 0, `${about} has met no ${reason}`);
  }
  assertEquals(server.clientCount, 1);
  assertEquals(server.addressOf(peer)?.toString(), connected.socket.key);

  // What is genuine comes between it: then it is answered, with less than a third.
  const sent: Genuine[] = [genuine[6]!, genuine[12]!];
  let sentBytes = 0;
  for (let i = 0; i < DATAGRAMS / 100; i++) {
    const { bytes, from } = pick(random, sent);
    server.open(bytes, from, out);
    sentBytes += bytes.length;
    server.open(mutated(bytes, random), from, out);
    assert(answerBytes * 3 < sentBytes, about);
    isTicking = true;
    server.tick(0.005);
    isTicking = false;
  }
  assert(answers > 0, about);
  assertEquals([...server.drainEvents()], [], about);
  assert(world.socket.retained <= retained + 1, about);

  // All of it has changed nothing for whoever is genuine.
  world.end.link.bind((datagram, to) => to.socket.send(datagram, to));
  const counted = world.counted(() => {
    for (const { bytes, from } of genuine.slice(2, 6)) {
      world.end.take(bytes, from);
    }
  });
  assertEquals(counted, { closed: 1 }, about);
  assertEquals(world.end.payloads.map(({ bytes }) => bytes.length), [
    60,
    1_200,
  ]);
  world.end.take(genuine[7]!.bytes, genuine[7]!.from);
  assertEquals(server.clientCount, 1, about);
}

function pick<T>(random: SeededRandom, from: readonly T[]): T {
  return from[random.nextU32() % from.length]!;
}

/** Whether a request says that its client is somewhere else: whoever has seen one can mark it, and is challenged. */
function isMarked(datagram: Uint8Array): boolean {
  return datagram.length === REQUEST_BYTES &&
    datagram[0] === PacketType.Request &&
    datagram[REQUEST_MARK_AT] === ROAMING_MARK;
}

/** A datagram that is not what it was. */
function mutated(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const kind = random.nextU32() % 8;
  if (kind === 0) return bytes.slice(0, random.nextU32() % bytes.length);
  if (kind === 1) {
    const longer = new Uint8Array(bytes.length + 1 + random.nextU32() % 200);
    random.fill(longer);
    longer.set(bytes);
    return longer;
  }
  if (kind === 2) {
    const noise = new Uint8Array(random.nextU32() % 1_500);
    random.fill(noise);
    if (noise.length > 0) noise[0] = random.nextU32() % 0x90;
    return noise;
  }
  if (kind === 3) {
    // All but its header.
    const copy = bytes.slice();
    random.fill(copy.subarray(Math.min(10, copy.length - 1)));
    return copy;
  }
  const copy = bytes.slice();
  const at = random.nextU32() % copy.length;
  copy[at]! ^= 1 << random.nextU32() % 8;
  if (kind === 4) copy[(at + 1) % copy.length]! ^= random.nextU32();
  // Not where it could undo the first change.
  if (kind === 5 && at > 0) copy[0] = random.nextU32() % 0x90;
  return copy;
}
