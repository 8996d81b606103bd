// The packets of sections 2 and 3 of PROTOCOL.md, both ways.
import { assert, assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import { Channel } from "../../protocol/mod.ts";
import { NoRedundancy } from "../redundancy/no_redundancy.ts";
import vectors from "../vectors/packets.json" with { type: "json" };
import { AckAccumulator } from "./ack_accumulator.ts";
import { Connection } from "./connection.ts";
import { PacketHeader, writeHeader } from "./_packet_header.ts";

/** Of the first packet of an end that has heard nothing. */
const FIRST_HEADER = "0300000000";
const IDLE_MS = 500;

interface FrameVector {
  readonly name: string;
  readonly bytes: string;
  readonly messages: readonly {
    readonly channel: number;
    readonly bytes: string;
  }[];
  readonly isWritten: boolean;
  readonly isPing?: boolean;
  readonly close?: { readonly code: number; readonly reason: string };
}

const frames: readonly FrameVector[] = vectors.frames;

function connection(): Connection {
  return new Connection({
    channels: new Array(252).fill({ delivery: Channel.ReliableOrdered }),
    redundancy: () => new NoRedundancy(),
    random: new SeededRandom(1),
  });
}

/** The ranges that a header acknowledges, as the vectors have them. */
function ackedOf(header: PacketHeader): number[][] {
  return Array.from(
    { length: header.rangeCount },
    (_, i) => [header.ranges[2 * i]!, header.ranges[2 * i + 1]!],
  );
}

Deno.test("PacketHeader.read() reads the header of every vector, whatever is behind it", () => {
  for (const vector of vectors.headers) {
    const { name, bytes, expected, sent } = vector;
    const packet = new Uint8Array([...decodeHex(bytes), 0xff, 0x00, 0xff]);
    const header = new PacketHeader();
    const end = header.read(packet, packet.length, expected, 0, 0, sent);
    assertEquals([name, end], [name, bytes.length / 2]);
    assertEquals(header.number, vector.number, name);
    assertEquals(ackedOf(header), vector.acked, name);
    if (vector.acked.length > 0) {
      assertEquals(header.delayMs, vector.delayMs, name);
    }
  }
});

Deno.test("PacketHeader.read() refuses every vector that is malformed, and each good one cut", () => {
  for (const { name, bytes, expected, sent } of vectors.refusedHeaders) {
    const packet = decodeHex(bytes);
    const end = new PacketHeader()
      .read(packet, packet.length, expected, 0, 0, sent);
    assertEquals([name, end], [name, -1]);
  }
  for (const { name, bytes, expected, sent } of vectors.headers) {
    const packet = decodeHex(bytes);
    for (let end = 0; end < packet.length; end++) {
      const read = new PacketHeader().read(packet, end, expected, 0, 0, sent);
      assertEquals([name, end, read], [name, end, -1]);
    }
  }
});

Deno.test("writeHeader() writes the header of every vector that has a sender", () => {
  const out = new Uint8Array(64);
  let count = 0;
  for (const vector of vectors.headers) {
    if (!("largestAcked" in vector)) continue;
    count++;
    const { name, bytes, number, largestAcked, acked, delayMs } = vector;
    const acks = new AckAccumulator();
    for (const [top, low] of [...acked].reverse()) {
      for (let arrived = low!; arrived <= top!; arrived++) {
        acks.record(arrived, 0, 0);
      }
    }
    const end = writeHeader(out, number, largestAcked!, acks, delayMs);
    assertEquals([name, encodeHex(out.subarray(0, end))], [name, bytes]);
  }
  assert(count > 15, `${count}`);
});

Deno.test("Connection.receive() takes the frames of every vector", () => {
  for (const { name, bytes, messages, isPing, close } of frames) {
    const taker = connection();
    taker.receive(decodeHex(FIRST_HEADER + bytes), 0);
    const got: FrameVector["messages"][number][] = [];
    taker.poll((message, channel) => {
      got.push({ channel, bytes: encodeHex(message) });
    });
    assertEquals([name, got], [name, messages]);
    assertEquals(taker.stats.malformed, 0, name);
    assertEquals(taker.stats.packetsRecv, 1, name);
    // Only PING asks for an answer at once.
    assertEquals(taker.nextWakeMs === 0, isPing === true, name);
    const [event] = taker.drainEvents();
    assertEquals(
      event && { code: event.code, reason: event.reason },
      close,
      name,
    );
  }
});

Deno.test("Connection.receive() refuses every vector that is malformed, with all of its packet", () => {
  for (const { name, bytes } of vectors.refusedFrames) {
    const taker = connection();
    taker.receive(decodeHex(FIRST_HEADER + bytes), 0);
    assertEquals([name, taker.stats.malformed], [name, 1]);
    assertEquals(taker.stats.packetsRecv, 0, name);
    assertEquals(taker.poll(() => {}), 0, name);
    assertEquals([...taker.drainEvents()], [], name);
  }
});

Deno.test("Connection.flush() writes the frames of every vector that has a sender", () => {
  let count = 0;
  for (const { name, bytes, messages, isWritten, isPing, close } of frames) {
    if (!isWritten) continue;
    count++;
    const giver = connection();
    const packets: string[] = [];
    const take = (packet: Uint8Array): boolean => {
      packets.push(encodeHex(packet));
      return true;
    };
    giver.flush(0, take);
    for (const { channel, bytes } of messages) {
      assert(giver.send(channel, decodeHex(bytes)), name);
    }
    if (close !== undefined) giver.close(close.code, close.reason);
    giver.flush(isPing ? IDLE_MS : 0, take);
    assertEquals([name, packets], [name, [FIRST_HEADER + bytes]]);
  }
  assert(count > 12, `${count}`);
});
