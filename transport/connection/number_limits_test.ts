import { assertEquals } from "@std/assert";
import { Channel, Connection } from "../mod.ts";

/** A packet whose number has the lowest four bytes of `number`. */
function packetOf(number: number, ...frames: number[]): Uint8Array {
  const bytes = new Uint8Array([0x03, 0, 0, 0, 0, ...frames]);
  new DataView(bytes.buffer).setUint32(1, number % 0x1_0000_0000, true);
  return bytes;
}

Deno.test("Connection refuses packet numbers that cannot be counted, however it was led there", () => {
  // 2^22 packets, each 2^31 further on, are enough to get there.
  const first = Number.MAX_SAFE_INTEGER - 5_000;
  const connection = new Connection({ firstPacketNumber: first });
  const beyond = [5_001, 5_002, 5_003, 7_100, 0x10_0000, 0x7fff_ffff];
  let malformed = 0;
  let received = 0;
  for (const ahead of [0, 1_000, 4_900, 4_999, 5_000]) {
    for (const far of beyond) {
      // As 2^32 divides 2^53, what lies beyond has the same lowest bytes as its distance.
      connection.receive(packetOf((0xffff_ffff - 5_000 + far) >>> 0, 0x01), 1);
      malformed++;
    }
    connection.receive(packetOf(first + ahead, 0x01), 1);
    received++;
  }
  const { malformed: refused, packetsRecv } = connection.stats;
  assertEquals([refused, packetsRecv], [malformed, received]);
});

/** A message without bytes, and more frames. */
function frames(channel: number, number: number, ...rest: number[]): number[] {
  return [0x80 | channel, number & 0xff, number >> 8 & 0xff, 0, ...rest];
}

Deno.test("Connection refuses message numbers that cannot be counted", () => {
  const firstMessageId = Number.MAX_SAFE_INTEGER - 600;
  for (const channel of [Channel.Unreliable, Channel.UnreliableOrdered]) {
    const connection = new Connection({ firstMessageId });
    const first = 0xffff - 600;
    let number = 0;
    for (const ahead of [599, 600, 601, 605, 700, 20_000]) {
      const message = frames(channel, first + ahead);
      connection.receive(packetOf(number++, ...message), 1);
    }
    // Nor are they come to by counting on.
    const next = [0xc0 | channel, 0, 0xc0 | channel, 0];
    const run = frames(channel, first + 598, ...next);
    connection.receive(packetOf(number++, ...run), 1);
    const { malformed, packetsRecv } = connection.stats;
    assertEquals([malformed, packetsRecv], [6, 1]);
    assertEquals(connection.poll(() => {}), 1);
  }
});
