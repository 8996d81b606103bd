// This module is browser compatible.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { Channel, Connection, ConnectionState } from "../mod.ts";
import { LossyPair } from "./_testing/lossy_pair.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";

/** A connection that has sent and received, and packets of its peer that it has not had. */
function victimAndPackets(
  seed: number,
): { victim: Connection; packets: Uint8Array[]; nowMs: number } {
  const pair = new LossyPair(seed, { delayMs: 10, loss: 0.1 });
  const [victim, peer] = pair.ends;
  for (let i = 0; i < 30; i++) {
    victim.send(i % 4, new Uint8Array(20 + i));
    peer.send(i % 4, new Uint8Array(20 + i));
    pair.run(pair.nowMs + 7);
  }
  const packets: Uint8Array[] = [];
  pair.tap = (packet, from) => {
    if (from === 1) packets.push(packet.slice());
    return from === 0;
  };
  for (let i = 0; i < 12; i++) {
    for (let j = 0; j < 4; j++) peer.send(j, new Uint8Array(3 * i + j).fill(i));
    if (i === 6) peer.send(Channel.Reliable, new Uint8Array(5000).fill(3));
    pair.run(pair.nowMs + 7);
  }
  return { victim, packets, nowMs: pair.nowMs };
}

/** What of its stats a packet without effect leaves alone. */
function effects(connection: Connection): unknown {
  const { malformed: _1, refused: _2, duplicates: _3, ...rest } =
    connection.stats;
  return { ...rest, wakeMs: connection.nextWakeMs };
}

Deno.test("Connection drops cut packets, with no effect but a count", () => {
  const sender = new Connection({ random: new SeededRandom(1) });
  for (let i = 0; i < 12; i++) {
    sender.send(i % 4, new Uint8Array(i * 9).fill(i));
    if (i === 6) sender.send(Channel.Reliable, new Uint8Array(3000).fill(3));
  }
  const packets: Uint8Array[] = [];
  sender.flush(0, (packet) => packets.push(packet.slice()) > 0);
  let cuts = 0;
  for (const packet of packets) {
    for (let end = 0; end < packet.length; end += end < 200 ? 1 : 29) {
      const victim = new Connection({ random: new SeededRandom(1) });
      victim.receive(new Uint8Array([0x01, 99, 0]), 0);
      const before = effects(victim);
      victim.receive(packet, 0, end);
      // The last message of a packet may end earlier, and so may the packet after a frame.
      if (victim.stats.malformed === 0) continue;
      cuts++;
      assertEquals(effects(victim), before);
      assertEquals(victim.poll(() => {}), 0);
      victim.receive(packet, 0);
      assertEquals(victim.stats.packetsRecv, 2);
    }
  }
  assert(cuts > 100, `${cuts}`);
});

Deno.test("Connection refuses frames that there are not", () => {
  const header = [0x01, 0, 0];
  const rows: number[][] = [
    [0x04],
    [0x7f],
    // Something after padding.
    [0x00, 0x01],
    // A reason that is cut, too long, not the end, or no UTF-8.
    [0x02],
    [0x02, 0],
    [0x02, 0, 2, 65],
    [0x02, 0, 124, ...Array(124).fill(65)],
    [0x02, 0, 1, 65, 1],
    [0x02, 0, 1, 0xff],
    [0x02, 0x80, 0, 0],
    // A sound frame before one that is not.
    [0x01, 0x05],
    [0x80, 0, 0, 1, 65, 0x06],
  ];
  for (const row of rows) {
    const connection = new Connection();
    connection.receive(new Uint8Array([...header, ...row]), 0);
    const { malformed, packetsRecv } = connection.stats;
    assertEquals([malformed, packetsRecv], [1, 0], `${row}`);
    connection.poll(() => assert(false));
    assertEquals(connection.state, ConnectionState.Connected);
    // The number is free: the true packet is taken.
    connection.receive(new Uint8Array([...header, 0x01]), 0);
    assertEquals(connection.stats.packetsRecv, 1);
  }
});

Deno.test("Connection takes any mutated packet without a fault, and stays in its bounds", () => {
  const rounds = IS_SOAK ? 20_000 : 80;
  for (let seed = 0; seed < rounds; seed++) {
    const random = new SeededRandom(seed);
    const { victim, packets, nowMs } = victimAndPackets(seed % 16);
    let timeMs = nowMs;
    for (let i = 0; i < 200; i++) {
      const packet = packets[random.nextU32() % packets.length]!.slice();
      let flips = 1 + random.nextU32() % 4;
      while (flips-- > 0) {
        // Headers more often than the rest.
        const span = random.nextU32() % 2 === 0 ? 12 : packet.length;
        const at = random.nextU32() % Math.min(span, packet.length);
        packet[at] = random.nextU32();
      }
      const end = random.nextU32() % 4 === 0
        ? random.nextU32() % packet.length
        : packet.length;
      victim.receive(packet, timeMs, end);
      if (random.nextU32() % 8 === 0) {
        timeMs += random.nextU32() % 20;
        victim.send(i % 4, new Uint8Array(50));
        victim.flush(timeMs, (out) => {
          assert(out.length <= 1400, `seed ${seed}`);
          return true;
        });
        victim.poll(() => {});
      }
      assert(!(victim.nextWakeMs < 0), `seed ${seed}`);
    }
    const { inFlightBytes, heldBytes } = victim.stats;
    assert(inFlightBytes >= 0 && inFlightBytes < 1_000_000, `seed ${seed}`);
    assert(heldBytes >= 0 && heldBytes <= 16_000_000, `seed ${seed}`);
  }
});

Deno.test("Connection takes any bytes without a fault", () => {
  const random = new SeededRandom(7);
  const connection = new Connection({ random });
  const bytes = new Uint8Array(300);
  const rounds = IS_SOAK ? 10_000_000 : 60_000;
  for (let i = 0; i < rounds; i++) {
    if (i % 16 === 0) random.fill(bytes);
    bytes[0] = random.nextU32() & 0x0f;
    bytes[1] = random.nextU32();
    bytes[random.nextU32() % 40] = random.nextU32() % 5;
    connection.receive(bytes, i / 100, random.nextU32() % bytes.length);
    if (i % 64 === 0) {
      connection.flush(i / 100, () => true);
      connection.poll(() => {});
    }
  }
  assert(connection.stats.malformed > 1000);
});

/** A packet of `number` that acknowledges `largest` and `first` before it. */
function acknowledge(
  number: number,
  largest: number,
  first: number,
): Uint8Array {
  return new Uint8Array([
    0x09,
    number,
    number >>> 8,
    largest,
    largest >>> 8,
    0,
    0,
    ...(first < 0x80 ? [first] : [first & 0x7f | 0x80, first >>> 7]),
  ]);
}

Deno.test("Connection ends with a peer that acknowledges what it cannot have had", () => {
  for (let seed = 0; seed < 20; seed++) {
    const victim = new Connection({ random: new SeededRandom(seed) });
    let sent = 0;
    let number = 0;
    let nowMs = 0;
    // Everything is lost, and acknowledged at once all the same.
    while (victim.nextWakeMs < Infinity && sent < 3000) {
      for (let i = 0; i < 10; i++) {
        victim.send(Channel.Reliable, new Uint8Array(1000));
      }
      victim.flush(nowMs, (packet) => {
        sent = packet[1]! | (packet[2]! << 8);
        return true;
      });
      victim.receive(
        acknowledge(number++, sent, Math.min(sent, 100)),
        nowMs + 1,
      );
      victim.poll(() => {});
      if (victim.state !== ConnectionState.Connected) break;
      nowMs += 2;
    }
    assertEquals(victim.state, ConnectionState.Disconnected, `seed ${seed}`);
    assert(sent < 110, `seed ${seed}: only after ${sent}`);
    const [event] = [...victim.drainEvents()];
    assertEquals(event!.code, 3);
  }
});

Deno.test("Connection gains nothing from acknowledgements of what was never sent", () => {
  const victim = new Connection({ random: new SeededRandom(1) });
  victim.send(Channel.Reliable, new Uint8Array(100));
  victim.flush(0, () => true);
  const before = effects(victim);
  for (let largest = 1; largest < 300; largest++) {
    victim.receive(acknowledge(0, largest, 0), 0);
  }
  assertEquals(victim.stats.malformed, 299);
  assertEquals(effects(victim), before);
});

Deno.test("Connection lets a peer that never acknowledges go, however it talks", () => {
  const victim = new Connection({ random: new SeededRandom(1) });
  let number = 0;
  let nowMs = 0;
  for (; nowMs < 40_000; nowMs += 10) {
    victim.send(Channel.Unreliable, new Uint8Array(100));
    victim.receive(new Uint8Array([0x01, number, number >>> 8, 0x01]), nowMs);
    number++;
    victim.flush(nowMs, () => true);
    victim.poll(() => {});
    if (victim.state !== ConnectionState.Connected) break;
  }
  assertEquals(victim.state, ConnectionState.TimedOut);
  assert(nowMs < 25_000, `${nowMs}`);
});
