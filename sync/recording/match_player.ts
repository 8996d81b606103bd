// This module is browser compatible.
import { crc32 } from "../../core/mod.ts";
import { ByteReader } from "../../protocol/mod.ts";
import { FastCoder } from "../coder/fast/fast_coder.ts";
import type { EntitySchemas, WorldSchema } from "../schema/define_world.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { readBody } from "../wire/body.ts";
import { viewChecksum } from "../wire/view_checksum.ts";
import { bitSet } from "../world/bit_set.ts";
import { type EntityId, slotOfId } from "../world/entity_id.ts";
import type { ValuesOf } from "../world/entity_store.ts";
import {
  holdsEntity,
  idsOf,
  readEntity,
  typeNamed,
} from "../world/table_entities.ts";
import {
  CRC_BYTES,
  HEADER_BYTES,
  MAGIC,
  MAX_RECORD_BYTES,
  RecordKind,
  VERSION,
} from "./_format.ts";

/**
 * How a recording ends: `complete` at the end of a record, `truncated` within one,
 * `corrupt` where a record is not what a recorder writes.
 */
export type MatchEnding = "complete" | "truncated" | "corrupt";

/** Where a record lies. */
interface Place {
  readonly tick: number;
  readonly isKey: boolean;
  /** Where what follows the tick begins. */
  readonly start: number;
  readonly end: number;
}

/** The tables of one type. */
interface Part {
  readonly coder: FastCoder;
  readonly empty: EntityTable;
  /** What is shown. */
  current: EntityTable;
  /** What the next record is decoded into. */
  next: EntityTable;
  readonly changed: Uint32Array;
}

/**
 * Plays what a {@linkcode MatchRecorder} has recorded, tick after tick, or from any tick
 * on. Each state is checked against the checksum that was recorded with it.
 *
 * @typeParam W The types of entities.
 *
 * @example To a tick, and on from there
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
 * const recorder = new MatchRecorder(world, { keyEveryTicks: 10 });
 * const id = entities.spawn("player", { level: 0 })!;
 * for (let tick = 0; tick < 30; tick++) {
 *   entities.set(id, "player", { level: tick });
 *   recorder.record(tick, entities.tables);
 * }
 *
 * const player = new MatchPlayer(world, recorder.takeBytes());
 * assertEquals([player.firstTick, player.lastTick], [0, 29]);
 * player.seek(17);
 * assertEquals(player.get(id, "player")?.level, 17);
 * player.next();
 * assertEquals(player.tick, 18);
 * ```
 */
export class MatchPlayer<W extends EntitySchemas = EntitySchemas> {
  /** What the entities are. */
  readonly world: WorldSchema<W>;
  readonly #bytes: Uint8Array;
  readonly #places: Place[] = [];
  readonly #parts: readonly Part[];
  readonly #reader = new ByteReader();
  /** The record that is shown; -1 before the first. */
  #at = -1;
  #ending: MatchEnding = "complete";
  #wholeBytes = HEADER_BYTES;

  /**
   * Looks through a recording: its records are found, none is decoded.
   *
   * @param world What the entities are, as it was recorded.
   * @param bytes The recording, which nobody writes into while it is played.
   * @throws {SyntaxError} If the bytes do not begin as a recording does, or its world is
   * another one.
   */
  constructor(world: WorldSchema<W>, bytes: Uint8Array) {
    checkHeader(world, bytes);
    this.world = world;
    this.#bytes = bytes;
    this.#parts = world.types.map(({ schema }): Part => ({
      coder: new FastCoder(schema),
      empty: new EntityTable(schema),
      current: new EntityTable(schema),
      next: new EntityTable(schema),
      changed: bitSet(schema.maxEntities),
    }));
    this.#findRecords();
  }

  /** How the recording ends; it may turn `corrupt` while it is played. */
  get ending(): MatchEnding {
    return this.#ending;
  }

  /** How many bytes are whole records, and the header. */
  get wholeBytes(): number {
    return this.#wholeBytes;
  }

  /** How many ticks were recorded. */
  get length(): number {
    return this.#places.length;
  }

  /** The first tick that was recorded; `undefined` if none was. */
  get firstTick(): number | undefined {
    return this.#places[0]?.tick;
  }

  /** The last tick that was recorded; `undefined` if none was. */
  get lastTick(): number | undefined {
    return this.#places.at(-1)?.tick;
  }

  /** The tick that is shown; `undefined` before the first. */
  get tick(): number | undefined {
    return this.#places[this.#at]?.tick;
  }

  /** The state that is shown, by the numbers of the types: to be read, until the next. */
  get tables(): readonly EntityTable[] {
    return this.#parts.map(({ current }) => current);
  }

  /**
   * Shows the next tick.
   *
   * @returns `false` if there is none: look at {@linkcode MatchPlayer.ending}.
   */
  next(): boolean {
    return this.#show(this.#at + 1);
  }

  /**
   * Shows the last tick that was recorded up to a tick.
   *
   * @param tick Any number.
   * @returns `false` if there is none, and what is shown stays; or if the recording turned
   * out to be corrupt on the way.
   */
  seek(tick: number): boolean {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#places[middle]!.tick <= tick) low = middle + 1;
      else high = middle;
    }
    const wanted = low - 1;
    if (wanted < 0) return false;
    let from = wanted;
    while (from !== this.#at + 1 && !this.#places[from]!.isKey) from--;
    // What is shown already is nearer than any whole state.
    if (this.#at <= wanted && this.#at >= from) from = this.#at + 1;
    for (let at = from; at <= wanted; at++) {
      if (!this.#show(at)) return false;
    }
    return true;
  }

  /**
   * Tells the values of an entity.
   *
   * @param id The entity.
   * @param type The name of its type.
   * @returns Values that belong to the caller; `undefined` if there is no such entity of
   * that type in the tick that is shown.
   * @throws {RangeError} If there is no such type.
   */
  get<N extends keyof W & string>(
    id: EntityId,
    type: N,
  ): ValuesOf<W, N> | undefined {
    const found = typeNamed(this.world, type);
    const table = this.#parts[found.number]!.current;
    if (!holdsEntity(table, found.number, id)) return undefined;
    return readEntity(found, table, slotOfId(id)) as ValuesOf<W, N>;
  }

  /**
   * Tells the entities of a type in the tick that is shown, in the order of their places.
   *
   * @param type The name of the type.
   * @returns Their ids.
   * @throws {RangeError} If there is no such type.
   */
  ids<N extends keyof W & string>(type: N): IterableIterator<EntityId> {
    const { number } = typeNamed(this.world, type);
    return idsOf(this.#parts[number]!.current, number);
  }

  #findRecords(): void {
    const bytes = this.#bytes;
    const reader = this.#reader;
    let tick = -1;
    for (let at = HEADER_BYTES; at < bytes.length;) {
      reader.reset(bytes, at);
      const length = reader.varint();
      const start = reader.position;
      const end = start + length;
      if (!reader.ok || end + CRC_BYTES > bytes.length) {
        const isCut = reader.error === undefined
          ? length <= MAX_RECORD_BYTES
          : reader.error === "truncated";
        return this.#stop(isCut ? "truncated" : "corrupt");
      }
      const kind = reader.u8();
      const step = reader.varint();
      const isKey = kind === RecordKind.Key;
      const place: Place = {
        tick: isKey ? step : tick + step,
        isKey,
        start: reader.position,
        end,
      };
      reader.reset(bytes, end);
      const isRight = length <= MAX_RECORD_BYTES && place.start <= end &&
        (isKey || (kind === RecordKind.Delta && tick >= 0)) &&
        place.tick > tick && place.tick <= 0xffff_ffff &&
        reader.u32() === crc32(bytes, at, end);
      if (!isRight) return this.#stop("corrupt");
      this.#places.push(place);
      tick = place.tick;
      at = end + CRC_BYTES;
      this.#wholeBytes = at;
    }
  }

  #stop(ending: MatchEnding): void {
    this.#ending = ending;
  }

  /** Shows a record: one behind that which is shown, or a whole state. */
  #show(at: number): boolean {
    const place = this.#places[at];
    if (place === undefined) return false;
    const reader = this.#reader;
    reader.reset(this.#bytes, place.start, place.end);
    const checksum = reader.u32();
    const parts = this.#parts.map(({ empty, current, next, changed }) => {
      const base = place.isKey ? empty : current;
      next.copyFrom(base);
      changed.fill(0);
      return {
        base,
        baseState: undefined,
        current: next,
        state: undefined,
        changed,
      };
    });
    const fault = readBody(
      reader,
      this.world.types,
      this.#parts.map(({ coder }) => coder),
      parts,
    );
    const tables = this.#parts.map(({ next }) => next);
    if (fault !== undefined || viewChecksum(tables) !== checksum) {
      this.#forgetFrom(at);
      return false;
    }
    for (const part of this.#parts) {
      const { current } = part;
      part.current = part.next;
      part.next = current;
    }
    this.#at = at;
    return true;
  }

  /**
   * Nothing can be shown from a record on: it is not what a recorder writes. What is shown
   * stays.
   */
  #forgetFrom(at: number): void {
    this.#places.length = at;
    if (this.#at >= at) this.#at = -1;
    this.#ending = "corrupt";
  }
}

function checkHeader(world: WorldSchema, bytes: Uint8Array): void {
  const reader = new ByteReader(bytes);
  const isMagic = MAGIC.every((byte) => reader.u8() === byte);
  const version = reader.u8();
  const hashLow = reader.u32();
  const hashHigh = reader.u32();
  const crc = reader.u32();
  if (!isMagic || !reader.ok || crc !== crc32(bytes, 0, HEADER_BYTES - 4)) {
    throw new SyntaxError(
      `Cannot play a recording as it must begin with "TWRS" and a right header: current value has ${bytes.length} bytes`,
    );
  }
  if (version !== VERSION) {
    throw new SyntaxError(
      `Cannot play a recording as its version must be ${VERSION}: current value is ${version}`,
    );
  }
  const { contract } = world;
  if (hashLow !== contract.hashLow || hashHigh !== contract.hashHigh) {
    throw new SyntaxError(
      "Cannot play a recording as it must be of the same world: its fields, their ranges or its types differ",
    );
  }
}
