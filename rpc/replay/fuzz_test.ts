// Mutants of recordings: whatever the bytes, loading throws nothing but RpcError, all readers agree, what is kept is bounded
// by the input, and what was loaded can be played and printed. A mutant keeps right checksums half of the time, so that it
// reaches what is behind them. A failure names its seed.
import { assert, assertEquals } from "@std/assert";
import { decodeHex } from "@std/encoding/hex";
import { crc32, ManualClock, SeededRandom } from "../../core/mod.ts";
import {
  loadRecording,
  type Recorded,
  RecordingPrinter,
  RecordingReader,
  RpcCall,
  RpcError,
  rpcId,
  RpcParam,
  RpcPlayer,
  RpcRecorder,
  RpcReplay,
} from "../mod.ts";
import vectors from "../vectors/recording.json" with { type: "json" };
import { game, recordMatch, ServerGame } from "./_testing/world.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const MUTANTS = IS_SOAK ? 1_000_000 : 3_000;
const PLAYED_EACH = 16;
const HEADER_BYTES = 18;

const corpus = [
  ...[vectors.server, vectors.calls].map(({ headerBytes, records, end }) =>
    decodeHex(headerBytes + records.map(({ bytes }) => bytes).join("") + end)
  ),
  match(),
  calls(),
];

function match(): Uint8Array {
  const clock = new ManualClock();
  const recorder = new RpcRecorder(game, "server", { clock });
  recordMatch(5, recorder, clock, 40);
  return recorder.export();
}

function calls(): Uint8Array {
  const replay = new RpcReplay();
  replay.startRecording();
  for (let i = 0; i < 9; i++) {
    replay.tick(i / 7);
    replay.record(
      new RpcCall({
        id: rpcId(100 + i),
        params: [RpcParam.string("é".repeat(i))],
      }),
    );
  }
  return replay.export();
}

/** Puts right checksums behind whatever records there are. */
function mend(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEADER_BYTES) return;
  view.setUint32(14, crc32(bytes, 0, 14), true);
  for (let at = HEADER_BYTES; at < bytes.length;) {
    let length = 0;
    let start = at;
    for (let shift = 0; start < bytes.length; shift += 7) {
      const byte = bytes[start++]!;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const end = start + length;
    if (end + 4 > bytes.length) return;
    view.setUint32(end, crc32(bytes, at, end), true);
    at = end + 4;
  }
}

function mutate(seed: number): Uint8Array {
  const random = new SeededRandom(seed);
  const source = corpus[random.nextU32() % corpus.length]!;
  let bytes = source.slice();
  const changes = 1 + random.nextU32() % 4;
  for (let i = 0; i < changes; i++) {
    const at = random.nextU32() % bytes.length;
    switch (random.nextU32() % 4) {
      case 0:
        bytes[at]! ^= 1 << (random.nextU32() % 8);
        break;
      case 1:
        bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.nextU32() % 5]!;
        break;
      case 2:
        bytes = bytes.slice(0, Math.max(1, at));
        break;
      case 3: {
        const other = corpus[random.nextU32() % corpus.length]!;
        const from = random.nextU32() % other.length;
        bytes = new Uint8Array([
          ...bytes.subarray(0, at),
          ...other.subarray(from, from + 40),
          ...bytes.subarray(at),
        ]);
      }
    }
  }
  if (random.nextFloat() < 0.5) mend(bytes);
  return bytes;
}

/** What is held by records: their bytes and texts. */
function heldBytes(record: Recorded): number {
  if ("bytes" in record) return record.bytes.buffer.byteLength;
  if (record.type === "rejected") {
    return record.rpc.length + record.reason.length;
  }
  return "reason" in record ? record.reason.length : 0;
}

function check(bytes: Uint8Array, isPlayed: boolean): string {
  const reader = new RecordingReader();
  const records: Recorded[] = [];
  const half = bytes.length >> 1;
  for (const part of [bytes.subarray(0, half), bytes.subarray(half)]) {
    reader.push(part);
    for (
      let record = reader.next();
      record !== undefined;
      record = reader.next()
    ) records.push(record);
  }
  const held = records.reduce((sum, record) => sum + heldBytes(record), 0);
  assert(held <= bytes.length, `${held} bytes held`);
  assert(records.length * 7 <= bytes.length, `${records.length} records`);
  let recording;
  try {
    recording = loadRecording(bytes);
  } catch (error) {
    assert(error instanceof RpcError && error.code === "deserializeError");
    assertEquals(reader.header, undefined);
    return "refused";
  }
  assertEquals(recording.ending, reader.ending);
  assertEquals(recording.count, records.length);
  assertEquals(recording.toBytes().length, reader.wholeBytes);
  if (!isPlayed) return recording.ending;
  const printer = new RecordingPrinter({ contract: game, showsTime: true });
  for (const record of recording) {
    for (const line of printer.lines(record)) {
      // deno-lint-ignore no-control-regex
      assert(line.length < 1_200 && !/[\x00-\x1f\x7f-\x9f]/.test(line), line);
    }
  }
  if (recording.header.subject === "calls") {
    try {
      const replay = new RpcReplay();
      replay.import(bytes);
      assertEquals(replay.replayAll().length, recording.count);
      replay.play().tick(1);
    } catch (error) {
      assert(error instanceof RpcError);
    }
  } else {
    const player = new RpcPlayer(recording);
    const match = new ServerGame(5, player, player.clock, () => {});
    player.playTo(match.server, () => match.update());
  }
  return recording.ending;
}

Deno.test("Mutants of recordings throw nothing but RpcError, and are bounded by their bytes", () => {
  const seen = new Map<string, number>();
  for (let seed = 0; seed < MUTANTS; seed++) {
    const bytes = mutate(seed);
    try {
      const ending = check(bytes, seed % PLAYED_EACH === 0);
      seen.set(ending, (seen.get(ending) ?? 0) + 1);
    } catch (cause) {
      throw new Error(`seed ${seed} fails`, { cause });
    }
  }
  for (
    const ending of ["refused", "stopped", "full", "truncated", "corrupt"]
  ) assert((seen.get(ending) ?? 0) > MUTANTS / 100, JSON.stringify([...seen]));
});

Deno.test("RecordingReader allocates nothing for a length that lies", () => {
  const reader = new RecordingReader();
  reader.push(corpus[0]!.subarray(0, HEADER_BYTES));
  assertEquals(reader.next(), undefined);
  // 2^20 bytes are announced, none come.
  reader.push(new Uint8Array([0x80, 0x80, 0x40, 7]));
  for (let i = 0; i < 1_000; i++) assertEquals(reader.next(), undefined);
  assertEquals([reader.ending, reader.wholeBytes], ["truncated", HEADER_BYTES]);
});
