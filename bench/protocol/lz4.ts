// A payload as a game sends it, compressed and back.
import lz4js from "lz4js";
import { SeededRandom } from "../../core/mod.ts";
import {
  ByteWriter,
  decompressLz4,
  Lz4Compressor,
} from "../../protocol/mod.ts";
import type { Section } from "../_report.ts";
import { type Loop, time } from "../_nanoseconds.ts";

const ENTITIES = 40;
const PAYLOADS = 32;
const BLOCKS_PER_TURN = 64;

const TICKWIRE = "tickwire";
const LZ4JS = "lz4js";

/** What lz4js has no types for. */
interface BlockCodec {
  compressBlock(
    source: Uint8Array,
    target: Uint8Array,
    start: number,
    length: number,
    table: Uint32Array,
  ): number;
  decompressBlock(
    source: Uint8Array,
    target: Uint8Array,
    start: number,
    length: number,
    targetStart: number,
  ): number;
}
const peer = lz4js as BlockCodec;

export async function measureLz4(isSmoke: boolean): Promise<Section> {
  const payloads = makePayloads();
  const payloadBytes = payloads[0]!.length;
  const ours = ourBlocks(payloads);
  const theirs = theirBlocks(payloads);
  const compress = await time(
    [ourCompressor(payloads), theirCompressor(payloads)],
    isSmoke,
    BLOCKS_PER_TURN,
  );
  const decompress = await time(
    // Both read the same blocks.
    [
      ourDecompressor(ours, payloadBytes),
      theirDecompressor(ours, payloadBytes),
    ],
    isSmoke,
    BLOCKS_PER_TURN,
  );
  return {
    title: `protocol: LZ4 blocks of ${payloadBytes} bytes`,
    notes: [
      `${ENTITIES} entities of 30 bytes: id, kind, position, velocity, health; MB/s of what is not`,
      "compressed. lz4js is given a table of 256 KiB, which has to be cleared for each block.",
    ],
    rows: [[TICKWIRE, ours], [LZ4JS, theirs]].map(([name, blocks]) => ({
      name: name as string,
      "compress": payloadBytes * 1_000 / compress.ns(name as string),
      "decompress": payloadBytes * 1_000 / decompress.ns(name as string),
      "bytes":
        (blocks as Uint8Array[]).reduce((sum, { length }) => sum + length, 0) /
        PAYLOADS,
    })),
    bars: [],
  };
}

function makePayloads(): Uint8Array[] {
  const random = new SeededRandom(4);
  return Array.from({ length: PAYLOADS }, () => {
    const writer = new ByteWriter({ maxBytes: 4_096 });
    for (let id = 0; id < ENTITIES; id++) {
      const isMoving = random.nextU32() % 3 === 0;
      writer.u16(id);
      writer.u8(id % 5);
      // Positions lie on a grid of 1/16, as most things stand where they were put.
      for (let axis = 0; axis < 3; axis++) {
        writer.f32((random.nextU32() % 4_096) / 16);
      }
      for (let axis = 0; axis < 3; axis++) {
        writer.f32(isMoving ? random.nextFloat() * 5 : 0);
      }
      writer.u16(random.nextU32() % 4 === 0 ? random.nextU32() % 100 : 100);
      writer.u8(isMoving ? 1 : 0);
    }
    return writer.toBytes();
  });
}

function ourBlocks(payloads: readonly Uint8Array[]): Uint8Array[] {
  const compressor = new Lz4Compressor();
  return payloads.map((payload) => {
    const target = new Uint8Array(payload.length * 2);
    const length = compressor.compress(
      payload,
      0,
      payload.length,
      target,
      0,
      target.length,
    );
    return target.slice(0, length);
  });
}

function theirBlocks(payloads: readonly Uint8Array[]): Uint8Array[] {
  return payloads.map((payload) => {
    const target = new Uint8Array(payload.length * 2);
    const table = new Uint32Array(1 << 16);
    const length = peer.compressBlock(
      payload,
      target,
      0,
      payload.length,
      table,
    );
    return target.slice(0, length);
  });
}

function ourCompressor(payloads: readonly Uint8Array[]): Loop {
  const compressor = new Lz4Compressor();
  const target = new Uint8Array(4_096);
  return {
    name: TICKWIRE,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const payload = payloads[i % PAYLOADS]!;
        sum += compressor.compress(
          payload,
          0,
          payload.length,
          target,
          0,
          target.length,
        );
      }
      return sum;
    },
  };
}

function theirCompressor(payloads: readonly Uint8Array[]): Loop {
  const target = new Uint8Array(4_096);
  const table = new Uint32Array(1 << 16);
  return {
    name: LZ4JS,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const payload = payloads[i % PAYLOADS]!;
        table.fill(0);
        sum += peer.compressBlock(payload, target, 0, payload.length, table);
      }
      return sum;
    },
  };
}

function ourDecompressor(
  blocks: readonly Uint8Array[],
  payloadBytes: number,
): Loop {
  const target = new Uint8Array(payloadBytes);
  return {
    name: TICKWIRE,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const block = blocks[i % PAYLOADS]!;
        sum += decompressLz4(block, 0, block.length, target, 0, payloadBytes);
      }
      return sum;
    },
  };
}

function theirDecompressor(
  blocks: readonly Uint8Array[],
  payloadBytes: number,
): Loop {
  const target = new Uint8Array(payloadBytes);
  return {
    name: LZ4JS,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const block = blocks[i % PAYLOADS]!;
        sum += peer.decompressBlock(block, target, 0, block.length, 0);
      }
      return sum;
    },
  };
}
