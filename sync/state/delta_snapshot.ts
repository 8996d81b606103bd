// This module is browser compatible.
import { ByteReader, ByteWriter, ProtocolError } from "../../protocol/mod.ts";
import {
  readEntity,
  readEntityDelta,
  writeEntity,
  writeEntityDelta,
} from "./_delta_bytes.ts";
import type { DeserializeFault } from "./deserialize_fault.ts";
import {
  applyEntityDelta,
  type EntityDelta,
  entityDelta,
} from "./entity_delta.ts";
import type { EntitySnapshot } from "./entity_snapshot.ts";
import {
  GameStateSnapshot,
  MAX_SNAPSHOT_ENTITIES,
} from "./game_state_snapshot.ts";

/** Room for as many entities as there can be, with all their bytes. */
const MAX_BYTES = 2 ** 27;
const MAX_U32 = 0xffff_ffff;

/** What a {@linkcode DeltaSnapshot} consists of. */
type Parts = Pick<
  DeltaSnapshot,
  "baseTick" | "tick" | "timestamp" | "spawned" | "despawned" | "changed"
>;

/**
 * How one snapshot differs from another: entities that came, went, or changed.
 *
 * Put onto the same base it gives the same snapshot, to the bit. An entity whose id was
 * that of another one before (another generation) goes and comes.
 *
 * Where a link may lose messages, build it against a snapshot that the other end has told
 * to have, or against `new GameStateSnapshot(0, 0)`, which is empty, while there is none:
 * then whatever was lost is in the next one, entities that came and went as well.
 *
 * Bytes, little-endian: `baseTick`, varint; `tick`, varint; `timestamp`, f64; then three
 * lists, each behind its length as a varint: the ids of the despawned, varints; the
 * spawned, each its id and generation, varints, and its fields; the changed, each its id
 * and its fields. Fields: a byte that tells which follow (bits 0 to 5), then `position`,
 * three f32; `velocity`, three f32; `rotation`, f32; `health`, f32; `stateFlags`, u32;
 * `custom`, its length as a varint and the bytes. What is left out is as it was; of a
 * spawned entity, as {@linkcode EntitySnapshotInit} has it by default, and the position 0.
 *
 * @example A step, and nothing else
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DeltaSnapshot, EntitySnapshot, GameStateSnapshot } from "@tickwire/net/sync";
 *
 * const before = new EntitySnapshot({ id: 7, position: { x: 1, y: 0, z: 2 } });
 * const base = new GameStateSnapshot(1, 16, [before]);
 * const after = before.with({ position: { x: 2, y: 0, z: 2 } });
 * const current = new GameStateSnapshot(2, 33, [after]);
 *
 * const delta = DeltaSnapshot.build(base, current);
 * assertEquals([delta.changeCount, delta.spawned.length], [1, 0]);
 * const bytes = delta.serialize();
 * assertEquals(bytes.length, 27);
 * assertEquals(DeltaSnapshot.deserialize(bytes).apply(base), current);
 * ```
 */
export class DeltaSnapshot {
  /** The tick of the snapshot that it is put onto. */
  readonly baseTick: number;
  /** The tick of the snapshot that it gives. */
  readonly tick: number;
  /** When that was, in milliseconds of the server's time. */
  readonly timestamp: number;
  /** The entities that came, as a whole. */
  readonly spawned: readonly EntitySnapshot[];
  /** The ids of the entities that went; an id in `spawned` too is another entity now. */
  readonly despawned: readonly number[];
  /** The entities that changed. */
  readonly changed: readonly EntityDelta[];

  private constructor(parts: Parts) {
    this.baseTick = parts.baseTick;
    this.tick = parts.tick;
    this.timestamp = parts.timestamp;
    this.spawned = parts.spawned;
    this.despawned = parts.despawned;
    this.changed = parts.changed;
  }

  /**
   * Finds how a snapshot differs from another.
   *
   * @param base What the other end has.
   * @param current What it is to have.
   * @returns The difference.
   */
  static build(
    base: GameStateSnapshot,
    current: GameStateSnapshot,
  ): DeltaSnapshot {
    const spawned: EntitySnapshot[] = [];
    const despawned: number[] = [];
    const changed: EntityDelta[] = [];
    for (const [id, entity] of current.entities) {
      const before = base.entities.get(id);
      if (before === undefined) {
        spawned.push(entity);
      } else if (before.generation !== entity.generation) {
        despawned.push(id);
        spawned.push(entity);
      } else {
        const delta = entityDelta(before, entity);
        if (delta !== undefined) changed.push(delta);
      }
    }
    for (const id of base.entities.keys()) {
      if (!current.entities.has(id)) despawned.push(id);
    }
    const { tick, timestamp } = current;
    return new DeltaSnapshot({
      baseTick: base.tick,
      tick,
      timestamp,
      spawned,
      despawned,
      changed,
    });
  }

  /** How many entities came, went or changed. */
  get changeCount(): number {
    return this.spawned.length + this.despawned.length + this.changed.length;
  }

  /**
   * Makes the snapshot that the difference leads to.
   *
   * @param base The snapshot that it was built from, or an equal one.
   * @returns The snapshot; `undefined` if `base` is of another tick, lacks an entity that
   * has changed or gone, has one that came, or there would be more than 65,536.
   */
  apply(base: GameStateSnapshot): GameStateSnapshot | undefined {
    if (base.tick !== this.baseTick) return undefined;
    const entities = new Map(base.entities);
    for (const id of this.despawned) {
      if (!entities.delete(id)) return undefined;
    }
    for (const delta of this.changed) {
      const before = entities.get(delta.id);
      if (before === undefined) return undefined;
      entities.set(delta.id, applyEntityDelta(before, delta));
    }
    for (const entity of this.spawned) {
      if (entities.has(entity.id)) return undefined;
      entities.set(entity.id, entity);
    }
    if (entities.size > MAX_SNAPSHOT_ENTITIES) return undefined;
    return new GameStateSnapshot(this.tick, this.timestamp, entities.values());
  }

  /**
   * Writes it.
   *
   * @returns Bytes that belong to the caller.
   */
  serialize(): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter({ maxBytes: MAX_BYTES });
    writer.varint(this.baseTick);
    writer.varint(this.tick);
    writer.f64(this.timestamp);
    writer.varint(this.despawned.length);
    for (const id of this.despawned) writer.varint(id);
    writer.varint(this.spawned.length);
    for (const entity of this.spawned) writeEntity(entity, writer);
    writer.varint(this.changed.length);
    for (const delta of this.changed) writeEntityDelta(delta, writer);
    return writer.toBytes();
  }

  /**
   * Reads one.
   *
   * @param bytes What `serialize` gave.
   * @returns The difference.
   * @throws {ProtocolError} If the bytes are none, or a number is one that no difference
   * has.
   */
  static deserialize(bytes: Uint8Array): DeltaSnapshot {
    const delta = DeltaSnapshot.tryDeserialize(bytes);
    if (typeof delta !== "string") return delta;
    throw new ProtocolError(
      delta,
      `Cannot deserialize a DeltaSnapshot as it must be bytes that serialize() gives: current value has ${bytes.length} bytes`,
    );
  }

  /**
   * Reads one that may come from anybody. What is kept takes no more memory than its
   * bytes do, by a constant factor.
   *
   * @param bytes Any bytes.
   * @returns The difference, or why there is none.
   */
  static tryDeserialize(bytes: Uint8Array): DeltaSnapshot | DeserializeFault {
    const reader = new ByteReader(bytes);
    const baseTick = reader.varint();
    const tick = reader.varint();
    const timestamp = reader.f64();
    const isAllowed = baseTick <= MAX_U32 && tick <= MAX_U32 &&
      Number.isFinite(timestamp);
    const despawned = isAllowed ? readList(reader, readId) : undefined;
    const spawned = despawned && readList(reader, readEntity);
    const changed = spawned && readList(reader, readEntityDelta);
    if (!reader.ok || changed === undefined) {
      return reader.error === "truncated" ? "bufferTooShort" : "nonCanonical";
    }
    if (!reader.atEnd) return "trailingBytes";
    return new DeltaSnapshot({
      baseTick,
      tick,
      timestamp,
      despawned: despawned!,
      spawned: spawned!,
      changed,
    });
  }
}

/** Reads how many there are, and as many; `undefined` if one is none. */
function readList<T>(
  reader: ByteReader,
  read: (reader: ByteReader) => T | undefined,
): T[] | undefined {
  const count = reader.varint();
  if (count > MAX_SNAPSHOT_ENTITIES) return undefined;
  const list: T[] = [];
  for (let i = 0; i < count; i++) {
    const it = read(reader);
    if (it === undefined) return undefined;
    list.push(it);
  }
  return list;
}

function readId(reader: ByteReader): number | undefined {
  const id = reader.varint();
  return reader.ok && id <= MAX_U32 ? id : undefined;
}
