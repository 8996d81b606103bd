// This module is browser compatible.

import type { Vec3 } from "../../core/mod.ts";
import type { ByteReader, ByteWriter } from "../../protocol/mod.ts";
import {
  applyEntityDelta,
  type EntityDelta,
  entityDelta,
} from "./entity_delta.ts";
import { EntitySnapshot, MAX_CUSTOM_BYTES } from "./entity_snapshot.ts";

const POSITION = 1;
const VELOCITY = 2;
const ROTATION = 4;
const HEALTH = 8;
const STATE_FLAGS = 16;
const CUSTOM = 32;
const ALL_FIELDS = 63;
const MAX_U32 = 0xffff_ffff;
const ORIGIN: Readonly<Vec3> = { x: 0, y: 0, z: 0 };

/** Writes what has changed of an entity: id, which fields, and these. */
export function writeEntityDelta(
  delta: EntityDelta,
  writer: ByteWriter,
): void {
  writer.varint(delta.id);
  writeFields(delta, writer);
}

/** Reads what has changed of an entity; `undefined` if there is no such change. */
export function readEntityDelta(reader: ByteReader): EntityDelta | undefined {
  const id = reader.varint();
  const delta = readFields(id, reader);
  // A change of nothing is not written.
  return delta === undefined || Object.keys(delta).length === 1
    ? undefined
    : delta;
}

/** Writes an entity: id, generation, and how it differs from one with all defaults. */
export function writeEntity(entity: EntitySnapshot, writer: ByteWriter): void {
  const { id, generation } = entity;
  writer.varint(id);
  writer.varint(generation);
  const delta = entityDelta(blankEntity(id, generation), entity) ?? { id };
  writeFields(delta, writer);
}

/** Reads an entity; `undefined` if there is none. */
export function readEntity(reader: ByteReader): EntitySnapshot | undefined {
  const id = reader.varint();
  const generation = reader.varint();
  const delta = readFields(id, reader);
  if (delta === undefined || generation > 0xffff) return undefined;
  const blank = blankEntity(id, generation);
  const entity = applyEntityDelta(blank, delta);
  // What is as it is by default is not written.
  const { length } = Object.keys(entityDelta(blank, entity) ?? { id });
  return length === Object.keys(delta).length ? entity : undefined;
}

function blankEntity(id: number, generation: number): EntitySnapshot {
  return new EntitySnapshot({ id, generation, position: ORIGIN });
}

function writeFields(delta: EntityDelta, writer: ByteWriter): void {
  const { position, velocity, rotation, health, stateFlags, custom } = delta;
  writer.u8(
    (position === undefined ? 0 : POSITION) |
      (velocity === undefined ? 0 : VELOCITY) |
      (rotation === undefined ? 0 : ROTATION) |
      (health === undefined ? 0 : HEALTH) |
      (stateFlags === undefined ? 0 : STATE_FLAGS) |
      (custom === undefined ? 0 : CUSTOM),
  );
  if (position !== undefined) writeVector(position, writer);
  if (velocity !== undefined) writeVector(velocity, writer);
  if (rotation !== undefined) writer.f32(rotation);
  if (health !== undefined) writer.f32(health);
  if (stateFlags !== undefined) writer.u32(stateFlags);
  if (custom !== undefined) writer.bytes(custom);
}

function readFields(id: number, reader: ByteReader): EntityDelta | undefined {
  const fields = reader.u8();
  const delta: { -readonly [K in keyof EntityDelta]: EntityDelta[K] } = { id };
  if ((fields & POSITION) !== 0) delta.position = readVector(reader);
  if ((fields & VELOCITY) !== 0) delta.velocity = readVector(reader);
  if ((fields & ROTATION) !== 0) delta.rotation = reader.f32();
  if ((fields & HEALTH) !== 0) delta.health = reader.f32();
  if ((fields & STATE_FLAGS) !== 0) delta.stateFlags = reader.u32();
  if ((fields & CUSTOM) !== 0) {
    delta.custom = reader.bytes(MAX_CUSTOM_BYTES).slice();
  }
  const { position = ORIGIN, velocity = ORIGIN } = delta;
  const { rotation = 0, health = 0 } = delta;
  const isAllowed = reader.ok && id <= MAX_U32 && fields <= ALL_FIELDS &&
    isFiniteVector(position) && isFiniteVector(velocity) &&
    Number.isFinite(rotation) && Number.isFinite(health);
  return isAllowed ? delta : undefined;
}

function writeVector({ x, y, z }: Readonly<Vec3>, writer: ByteWriter): void {
  writer.f32(x);
  writer.f32(y);
  writer.f32(z);
}

function readVector(reader: ByteReader): Readonly<Vec3> {
  return Object.freeze({ x: reader.f32(), y: reader.f32(), z: reader.f32() });
}

function isFiniteVector({ x, y, z }: Readonly<Vec3>): boolean {
  return Number.isFinite(x) && Number.isFinite(y) && Number.isFinite(z);
}
