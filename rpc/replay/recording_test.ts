// The recordings of `vectors/recording.json`, both ways, and what is left of damaged ones.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import type { Channel } from "../../protocol/mod.ts";
import { RpcError } from "../rpc_error.ts";
import vectors from "../vectors/recording.json" with { type: "json" };
import type {
  Recorded,
  RecordingHeader,
  RecordingSubject,
} from "./recorded.ts";
import { loadRecording } from "./recording.ts";
import { RecordingReader } from "./recording_reader.ts";
import { RecordingWriter } from "./recording_writer.ts";

interface Session {
  readonly header: { subject: string; hashLow: number; hashHigh: number };
  readonly headerBytes: string;
  readonly records: readonly {
    readonly bytes: string;
    readonly record: Readonly<Record<string, unknown>>;
  }[];
  readonly end: string;
}

const sessions: readonly Session[] = [
  vectors.server,
  vectors.calls,
] as unknown as readonly Session[];

function hexOf({ headerBytes, records, end }: Session): string {
  return headerBytes + records.map(({ bytes }) => bytes).join("") + end;
}

/** A record as the vectors have it. */
function shown(record: Recorded): unknown {
  return "bytes" in record
    ? { ...record, bytes: encodeHex(record.bytes) }
    : record;
}

function headerOf({ header }: Session): RecordingHeader {
  return { ...header, subject: header.subject as RecordingSubject };
}

/** Writes what the vectors have; a call's time comes first. */
function write(writer: RecordingWriter, session: Session): void {
  for (const { record } of session.records) {
    const recorded = {
      ...record,
      ...(typeof record.bytes === "string"
        ? { bytes: decodeHex(record.bytes) }
        : {}),
    } as unknown as Recorded;
    writeRecord(writer, recorded);
  }
}

function writeRecord(writer: RecordingWriter, record: Recorded): void {
  switch (record.type) {
    case "tick":
      return writer.tick(record.dt);
    case "connected":
      return writer.connected(
        record.peer,
        record.isOpen,
        record.maxMessageBytes,
      );
    case "opened":
      return writer.opened(record.peer, record.maxMessageBytes);
    case "closed":
      return writer.closed(record.peer, record.reason);
    case "disconnected":
      return writer.disconnected(record.peer, record.reason);
    case "packetIn":
      return writer.packetIn(record.peer, record.channel, record.bytes);
    case "packetOut":
      return writer.packetOut(
        record.peer,
        record.channel,
        record.bytes,
        record.isTaken,
      );
    case "rejected":
      return writer.rejected(record.peer, record.rpc, record.reason);
    case "clock":
      return writer.clock(record.elapsedMs * 1_000);
    case "call":
      writer.advanceTo(record.timeMs);
      return writer.call(record.peer, record.bytes);
  }
}

function collect(): { parts: string[]; sink: (bytes: Uint8Array) => void } {
  const parts: string[] = [];
  return { parts, sink: (bytes) => void parts.push(encodeHex(bytes)) };
}

Deno.test("RecordingWriter writes the vectors, one record in each part", () => {
  const { parts, sink } = collect();
  const writer = new RecordingWriter(headerOf(vectors.server), sink);
  write(writer, sessions[0]!);
  writer.stop();
  writer.stop();
  assertEquals(parts, [
    vectors.server.headerBytes,
    ...vectors.server.records.map(({ bytes }) => bytes),
    vectors.server.end,
  ]);
  assertEquals(writer.byteCount, parts.join("").length / 2);
  assertEquals(writer.recordCount, vectors.server.records.length);
  assertEquals([writer.state, writer.droppedCount], ["stopped", 0]);
  assertEquals(writer.timeMs, 33.333);
});

Deno.test("RecordingWriter ends a full recording with its vector, and counts the rest", () => {
  const { parts, sink } = collect();
  const whole = hexOf(sessions[1]!);
  const writer = new RecordingWriter(headerOf(sessions[1]!), sink, {
    maxBytes: whole.length / 2,
  });
  write(writer, sessions[1]!);
  assertEquals(writer.state, "writing");
  writer.call(1, new Uint8Array(1));
  writer.call(1, new Uint8Array(0));
  writer.stop();
  assertEquals(parts.join(""), whole);
  assertEquals([writer.state, writer.droppedCount], ["full", 2]);
});

Deno.test("RecordingWriter never exceeds maxBytes", () => {
  for (let maxBytes = 32; maxBytes < 300; maxBytes++) {
    const { parts, sink } = collect();
    const writer = new RecordingWriter(headerOf(sessions[0]!), sink, {
      maxBytes,
    });
    write(writer, sessions[0]!);
    writer.stop();
    const bytes = decodeHex(parts.join(""));
    assert(bytes.length <= maxBytes, `${bytes.length} > ${maxBytes}`);
    const recording = loadRecording(bytes);
    assertEquals(recording.ending, writer.state);
    assertEquals(recording.count, writer.recordCount);
    assertEquals(
      recording.count + writer.droppedCount,
      sessions[0]!.records.length,
    );
  }
});

Deno.test("RecordingWriter cuts texts, and takes records up to 2^20 bytes", () => {
  const reader = new RecordingReader();
  const writer = new RecordingWriter(
    headerOf(sessions[0]!),
    (part) => reader.push(part),
  );
  writer.closed(1, "é".repeat(600));
  writer.rejected(1, "a".repeat(62) + "👋", "\udc00".repeat(30));
  // Kind, time, peer and channel take a byte each.
  writer.packetIn(1, 0, new Uint8Array(1_048_576 - 4));
  writer.packetIn(1, 0, new Uint8Array(1_048_576 - 3));
  assertEquals([reader.next(), reader.next()], [
    { type: "closed", timeMs: 0, peer: 1, reason: "é".repeat(512) },
    {
      type: "rejected",
      timeMs: 0,
      peer: 1,
      rpc: "a".repeat(62),
      reason: "\ufffd".repeat(21),
    },
  ]);
  const last = reader.next();
  assertEquals(last?.type === "packetIn" && last.bytes.length, 1_048_572);
  assertEquals([reader.next(), reader.ending], [undefined, "full"]);
  assertEquals([writer.state, writer.droppedCount], ["full", 1]);
});

Deno.test("RecordingWriter refuses what no recording can hold", () => {
  const sink = (): void => {};
  const header = headerOf(sessions[0]!);
  assertThrows(
    () => new RecordingWriter(header, sink, { maxBytes: 31 }),
    RangeError,
  );
  assertThrows(
    () => new RecordingWriter({ ...header, hashLow: -1 }, sink),
    RangeError,
  );
  const writer = new RecordingWriter(header, sink);
  for (const dt of [-1, NaN, Infinity]) {
    assertThrows(() => writer.tick(dt), RangeError);
    assertThrows(() => writer.advanceTo(dt), RangeError);
  }
  assertThrows(() => writer.disconnected(-1.5, ""), RangeError);
  assertThrows(() => writer.connected(1, true, NaN), RangeError);
  assertThrows(() => writer.clock(0.5), RangeError);
  assertEquals([writer.recordCount, writer.state], [0, "writing"]);
});

Deno.test("loadRecording() reads the vectors", () => {
  for (const session of sessions) {
    const recording = loadRecording(decodeHex(hexOf(session)));
    const expected = session.records.map(({ record }) => record);
    assertEquals([...recording].map(shown), expected);
    assertEquals([...recording].map(shown), expected, "a second time");
    assertEquals(recording.header, headerOf(session));
    assertEquals(recording.count, session.records.length);
    assertEquals(
      recording.durationMs,
      session.records.at(-1)!.record.timeMs as number,
    );
    assertEquals(encodeHex(recording.toBytes()), hexOf(session));
  }
  const [server, calls] = sessions.map((session) =>
    loadRecording(decodeHex(hexOf(session))).ending
  );
  assertEquals([server, calls], ["stopped", "full"]);
});

Deno.test("loadRecording() recovers what is whole, wherever the file is cut", () => {
  for (const session of sessions) {
    const bytes = decodeHex(hexOf(session));
    let whole = session.headerBytes.length / 2;
    let count = 0;
    for (let length = whole; length < bytes.length; length++) {
      const next = session.records[count];
      if (next !== undefined && length === whole + next.bytes.length / 2) {
        whole = length;
        count++;
      }
      const recording = loadRecording(bytes.subarray(0, length));
      assertEquals(recording.ending, "truncated");
      assertEquals(recording.fault, undefined);
      assertEquals(recording.count, count);
      assertEquals(recording.toBytes(), bytes.slice(0, whole));
    }
  }
});

Deno.test("loadRecording() stops where a bit is flipped", () => {
  const bytes = decodeHex(hexOf(sessions[0]!));
  const headerBytes = vectors.server.headerBytes.length / 2;
  for (let bit = headerBytes * 8; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const recording = loadRecording(bytes);
    // A length that became longer looks like a file that was cut.
    assert(
      recording.ending === "corrupt" || recording.ending === "truncated",
      `bit ${bit}: ${recording.ending}`,
    );
    let at = headerBytes;
    let count = 0;
    for (const record of sessions[0]!.records) {
      at += record.bytes.length / 2;
      if (at > bit >> 3) break;
      count++;
    }
    assertEquals(recording.count, count, `bit ${bit}`);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
});

Deno.test("loadRecording() refuses wrong headers with RpcError", () => {
  for (const { name, bytes, fault } of vectors.wrongHeaders) {
    const error = assertThrows(
      () => loadRecording(decodeHex(bytes)),
      RpcError,
      fault,
      name,
    );
    assertEquals(error.code, "deserializeError");
    const reader = new RecordingReader();
    reader.push(decodeHex(bytes));
    assertEquals(reader.next(), undefined);
    const isCut = fault === "it ends within its header";
    assertEquals(reader.ending, isCut ? "truncated" : "corrupt", name);
    assertEquals(reader.fault, isCut ? undefined : `${fault}, at byte 0`);
  }
});

Deno.test("loadRecording() says what is wrong with a record, and keeps those before", () => {
  const prefix = decodeHex(vectors.prefix);
  for (const { name, bytes, fault } of vectors.wrongRecords) {
    const recording = loadRecording(decodeHex(vectors.prefix + bytes));
    assertEquals(recording.ending, "corrupt", name);
    assertEquals(recording.fault, `${fault}, at byte ${prefix.length}`, name);
    assertEquals([...recording].length, 1, name);
    assertEquals(recording.toBytes(), prefix);
  }
  assertEquals(
    loadRecording(decodeHex(vectors.tickAgainFirst)).ending,
    "corrupt",
  );
  const after = loadRecording(decodeHex(vectors.afterEnd));
  assertEquals([after.ending, after.count], ["corrupt", 1]);
  assert(after.fault!.startsWith("bytes follow its end"));
});

Deno.test("RecordingReader reads in parts of any length what loadRecording() reads", () => {
  const inputs = [
    ...sessions.map(hexOf),
    hexOf(sessions[0]!).slice(0, -20),
    vectors.afterEnd,
    vectors.tickAgainFirst,
    ...vectors.wrongRecords.map(({ bytes }) => vectors.prefix + bytes),
  ];
  for (const hex of inputs) {
    const bytes = decodeHex(hex);
    const recording = loadRecording(bytes);
    for (const step of [1, 2, 7, 64, 10_000]) {
      const reader = new RecordingReader();
      const records: Recorded[] = [];
      for (let at = 0; at < bytes.length; at += step) {
        reader.push(bytes.slice(at, at + step));
        for (
          let record = reader.next();
          record !== undefined;
          record = reader.next()
        ) records.push(record);
      }
      assertEquals(records.map(shown), [...recording].map(shown));
      assertEquals(reader.ending, recording.ending);
      assertEquals(reader.fault, recording.fault);
      assertEquals(reader.header, recording.header);
    }
  }
});

Deno.test("RecordingReader keeps no more than what waits", () => {
  const reader = new RecordingReader();
  const writer = new RecordingWriter(
    headerOf(sessions[0]!),
    (part) => reader.push(part),
  );
  for (let i = 0; i < 10_000; i++) {
    writer.packetIn(1, (i % 4) as Channel, new Uint8Array(100));
    const record = reader.next();
    assert(record?.type === "packetIn" && record.channel === i % 4);
    // The record's own bytes, and nothing of the reader's.
    assertEquals(record.bytes.buffer.byteLength, 100);
  }
  assertEquals(reader.wholeBytes, writer.byteCount);
});
