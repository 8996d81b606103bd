// This module is browser compatible.
import { checkInteger, crc32 } from "../../core/mod.ts";
import { ByteWriter } from "../../protocol/mod.ts";
import { FastCoder } from "../coder/fast/fast_coder.ts";
import type { TableCoder } from "../coder/table_coder.ts";
import type { EntitySchemas, WorldSchema } from "../schema/define_world.ts";
import { EntityTable, type TableContent } from "../snapshot/entity_table.ts";
import { type BodyPart, writeBody } from "../wire/body.ts";
import { viewChecksum } from "../wire/view_checksum.ts";
import { bitSet, setBit } from "../world/bit_set.ts";
import { MAGIC, MAX_RECORD_BYTES, RecordKind, VERSION } from "./_format.ts";

/** The options of {@linkcode MatchRecorder}. */
export interface MatchRecorderOptions {
  /**
   * How many ticks there are from one whole state to the next: 1 or more. Whoever jumps
   * to a tick decodes at most as many records.
   *
   * @default {300}
   */
  readonly keyEveryTicks?: number;
  /**
   * The most bytes of the recording: 1024 or more.
   *
   * @default {268435456}
   */
  readonly maxBytes?: number;
}

/** The most bytes that wait to be taken. */
const MAX_WAITING_BYTES = 2 ** 30;

/** How a recorder codes one type. */
interface Part {
  readonly coder: TableCoder;
  readonly empty: EntityTable;
  /** The state that was recorded last. */
  readonly last: EntityTable;
  readonly written: Uint32Array;
}

/**
 * Records the states of a match, tick after tick, on a server or on a client: to be
 * watched again, and to find out where two machines went apart.
 *
 * The bytes can be written to a file as they come: a recording that is cut off anywhere
 * holds up to its last whole record. See RECORDING.md for the format.
 *
 * @typeParam W The types of entities.
 *
 * @example A match of two ticks
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { u8 } from "@tickwire/net/protocol";
 * import {
 *   defineEntity,
 *   defineWorld,
 *   EntityStore,
 *   MatchPlayer,
 *   MatchRecorder,
 * } from "@tickwire/net/sync";
 *
 * const world = defineWorld({ player: defineEntity({ level: u8 }) });
 * const entities = new EntityStore(world);
 * const recorder = new MatchRecorder(world);
 * const id = entities.spawn("player", { level: 1 })!;
 * recorder.record(0, entities.tables);
 * entities.set(id, "player", { level: 2 });
 * recorder.record(1, entities.tables);
 *
 * const player = new MatchPlayer(world, recorder.takeBytes());
 * const levels: unknown[] = [];
 * while (player.next()) levels.push(player.get(id, "player")?.level);
 * assertEquals(levels, [1, 2]);
 * ```
 */
export class MatchRecorder<W extends EntitySchemas = EntitySchemas> {
  readonly #parts: readonly Part[];
  readonly #keyEveryTicks: number;
  readonly #maxBytes: number;
  readonly #writer = new ByteWriter({ maxBytes: MAX_WAITING_BYTES });
  readonly #body = new ByteWriter({ maxBytes: MAX_RECORD_BYTES });
  #taken = 0;
  #lastTick = -1;
  #keyTick = -1;
  #isFull = false;

  /**
   * Begins a recording.
   *
   * @param world What the entities are.
   * @param options How it is recorded.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(world: WorldSchema<W>, options: MatchRecorderOptions = {}) {
    const { keyEveryTicks = 300, maxBytes = 2 ** 28 } = options;
    this.#keyEveryTicks = checkInteger(
      "keyEveryTicks",
      keyEveryTicks,
      1,
      0xffff_ffff,
    );
    this.#maxBytes = checkInteger("maxBytes", maxBytes, 1_024, 2 ** 40);
    this.#parts = world.types.map(({ schema }) => ({
      coder: new FastCoder(schema),
      empty: new EntityTable(schema),
      last: new EntityTable(schema),
      written: bitSet(schema.maxEntities),
    }));
    const writer = this.#writer;
    for (const byte of MAGIC) writer.u8(byte);
    writer.u8(VERSION);
    writer.u32(world.contract.hashLow);
    writer.u32(world.contract.hashHigh);
    writer.u32(crc32(writer.view()));
  }

  /** How many bytes the recording has, those that were taken included. */
  get byteLength(): number {
    return this.#taken + this.#writer.length;
  }

  /**
   * Whether a record did not fit any more, as the recording or what was not taken of it
   * would have been too long: nothing is recorded since.
   */
  get isFull(): boolean {
    return this.#isFull;
  }

  /**
   * Records the state of a tick.
   *
   * @param tick The number of the tick: 0 to 4294967295, above that of the call before.
   * @param tables The state, by the numbers of the types: `EntityStore.tables`, or a
   * client's.
   * @returns `false` if the recording is full.
   * @throws {RangeError} If `tick` is no such number.
   */
  record(tick: number, tables: readonly TableContent[]): boolean {
    if (
      !(Number.isInteger(tick) && tick > this.#lastTick && tick <= 0xffff_ffff)
    ) {
      throw new RangeError(
        `Cannot record a tick as it must be an integer above the one before, ${this.#lastTick}: current value is ${tick}`,
      );
    }
    if (this.#isFull) return false;
    const isKey = this.#keyTick < 0 ||
      tick - this.#keyTick >= this.#keyEveryTicks;
    const body = this.#body;
    body.reset();
    body.u8(isKey ? RecordKind.Key : RecordKind.Delta);
    body.varint(isKey ? tick : tick - this.#lastTick);
    body.u32(viewChecksum(tables));
    writeParts(this.#parts, isKey, tables, body);
    const writer = this.#writer;
    // The length takes at most 4 bytes, the CRC-32 as many.
    const isFitting = body.error === undefined &&
      this.byteLength + body.length + 8 <= this.#maxBytes &&
      writer.length + body.length + 8 <= MAX_WAITING_BYTES;
    if (!isFitting) {
      this.#isFull = true;
      return false;
    }
    const start = writer.length;
    writer.varint(body.length);
    writer.raw(body.view());
    writer.u32(crc32(writer.view().subarray(start)));
    this.#parts.forEach(({ last }, type) => last.copyFrom(tables[type]!));
    this.#lastTick = tick;
    if (isKey) this.#keyTick = tick;
    return true;
  }

  /**
   * Hands out what has been recorded since the last call, or the beginning.
   *
   * @returns Bytes that belong to the caller; one call's go behind those of the other.
   */
  takeBytes(): Uint8Array {
    const bytes = this.#writer.toBytes();
    this.#taken += bytes.length;
    this.#writer.reset();
    return bytes;
  }
}

function writeParts(
  parts: readonly Part[],
  isKey: boolean,
  tables: readonly TableContent[],
  body: ByteWriter,
): void {
  const written = parts.map((part, type): BodyPart => {
    const base = isKey ? part.empty : part.last;
    const current = tables[type]!;
    findOthers(base, current, part.written);
    return {
      base,
      baseState: undefined,
      current,
      state: undefined,
      written: part.written,
    };
  });
  writeBody(parts.map(({ coder }) => coder), written, body);
}

/** Finds the places that are not the same. */
function findOthers(
  base: TableContent,
  current: TableContent,
  into: Uint32Array,
): void {
  const { capacity, values, blobs } = current;
  for (let i = 0; i < into.length; i++) {
    into[i] = base.alive[i]! ^ current.alive[i]!;
  }
  for (let slot = 0; slot < capacity; slot++) {
    if ((current.alive[slot >>> 5]! >>> (slot & 31) & 1) === 0) continue;
    let isSame = base.generations[slot] === current.generations[slot];
    for (let at = slot; isSame && at < values.length; at += capacity) {
      isSame = base.values[at] === values[at];
    }
    for (let at = slot; isSame && at < blobs.length; at += capacity) {
      isSame = base.blobs[at] === blobs[at];
    }
    if (!isSame) setBit(into, slot);
  }
}
