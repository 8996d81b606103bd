// This module is browser compatible.
import type { Quat, Vec3 } from "../../core/mod.ts";
import type { AnyField } from "../../protocol/mod.ts";
import { viewBlend, type ViewStamp } from "../input/view_stamp.ts";
import { fieldColumnsOf } from "../schema/define_entity.ts";
import type { EntityType } from "../schema/define_world.ts";
import { type LaneReader, laneReaders } from "../schema/lanes.ts";
import type { TableContent } from "../snapshot/entity_table.ts";
import { hasBit } from "../world/bit_set.ts";
import { type EntityId, entityIdOf, slotOfId } from "../world/entity_id.ts";
import { holdsEntity } from "../world/table_entities.ts";
import { boundOf, type HitShape, hitShape } from "./hit_shape.ts";

/** Where a {@linkcode Rewind} finds the past: a server's history. */
export interface RewindSource {
  /** Whether a tick is kept. */
  has(tick: number): boolean;
  /**
   * Tells the tables of a tick, by the numbers of the types.
   *
   * @param tick One that is kept.
   * @returns Tables that are not changed while the tick is kept.
   */
  tablesAt(tick: number): readonly TableContent[];
}

/** The options of {@linkcode Rewind}. */
export interface RewindOptions {
  /**
   * The name of the field that says where an entity is: a `vec2` or `vec3`.
   *
   * @default {"position"}
   */
  readonly position?: string;
  /**
   * The name of the field that says how an entity is turned, a `quat`: for shapes that
   * turn. Without one they do not.
   *
   * @default {undefined}
   */
  readonly rotation?: string;
  /**
   * The name of the field that counts an entity's jumps, as in the layout that clients
   * draw by: an entity is not blended from one place to the other.
   *
   * @default {undefined}
   */
  readonly teleport?: string;
}

/** What a ray hits. */
export interface RayHit {
  /** The entity. */
  id: EntityId;
  /** How far from where the ray begins, in the unit of positions. */
  distance: number;
  /** The point where the ray meets the shape. */
  x: number;
  /** The same, along the second axis. */
  y: number;
  /** The same, along the third axis. */
  z: number;
}

/** A line from a point in a direction. */
export interface Ray {
  /** Where it begins. */
  readonly origin: Readonly<Vec3>;
  /** Where it goes: of any length but 0. */
  readonly direction: Readonly<Vec3>;
  /**
   * How far it goes, in the unit of positions.
   *
   * @default {Infinity}
   */
  readonly maxDistance?: number;
}

/**
 * Shows a server one type of its entities as a player saw them: at the tick, and the
 * fraction of a tick, that the player's input tells, blended just as a client blends.
 *
 * Positions are a + (b - a) × blend of what was sent, as `interpolate` has them, to the
 * bit. Whoever draws on a curve aims at something else than what is hit here.
 *
 * Nothing is computed before it is asked for. One rewind may serve all players, one
 * after the other.
 *
 * @example A shot at where the target was
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vec3 } from "@tickwire/net/protocol";
 * import { defineEntity, defineWorld, EntityStore, EntityTable, Rewind, viewStamp } from "@tickwire/net/sync";
 *
 * const position = vec3({ min: -64, max: 64, step: 1 / 512 });
 * const world = defineWorld({ player: defineEntity({ position }, { maxEntities: 8 }) });
 * const entities = new EntityStore(world);
 * const id = entities.spawn("player", { position: { x: 0, y: 0, z: 10 } })!;
 *
 * // A server has such a history; this one has two ticks.
 * const ticks = [0, 1].map((tick) => {
 *   entities.set(id, "player", { position: { x: tick * 2, y: 0, z: 10 } });
 *   const table = new EntityTable(world.schemas.player);
 *   table.copyFrom(entities.tables[0]!);
 *   return [table];
 * });
 * const history = { has: (tick: number) => tick in ticks, tablesAt: (tick: number) => ticks[tick]! };
 *
 * const rewind = new Rewind(history, world.types[0]!);
 * rewind.to(viewStamp(0, 1, 0.5));
 * const ray = { origin: { x: 1, y: 0, z: 0 }, direction: { x: 0, y: 0, z: 1 } };
 * const hit = rewind.raycast(ray, { type: "sphere", radius: 0.5 });
 * assertEquals([hit?.id, hit?.distance], [id, 9.5]);
 * ```
 */
export class Rewind {
  readonly #source: RewindSource;
  readonly #type: EntityType;
  readonly #readers: readonly LaneReader[];
  readonly #rotation: { read: Reader; first: number } | undefined;
  readonly #teleport: number;
  /** x, y and z of each place, lane by lane. */
  readonly #lanes: Float64Array;
  /** Places that are blended, by words. */
  readonly #steady: Uint32Array;
  #before: TableContent | undefined;
  #after: TableContent | undefined;
  #blend = 0;
  #isFilled = false;
  readonly #centre: Vec3 = { x: 0, y: 0, z: 0 };
  readonly #turn: Quat = { x: 0, y: 0, z: 0, w: 1 };
  readonly #hit: RayHit = {
    id: 0 as EntityId,
    distance: 0,
    x: 0,
    y: 0,
    z: 0,
  };

  /**
   * Creates a rewind.
   *
   * @param source Where the past is.
   * @param type The type of entities.
   * @param options Which fields say where they are.
   * @throws {RangeError} If there is no such field, or it is of another kind.
   */
  constructor(
    source: RewindSource,
    type: EntityType,
    options: RewindOptions = {},
  ) {
    const { position = "position", rotation, teleport } = options;
    const { schema } = type;
    const columns = fieldColumnsOf(schema);
    const find = (
      option: string,
      name: string,
      types: readonly string[],
    ): { first: number; field: AnyField } => {
      const placed = columns.get(name);
      const field = schema.fields[name] as AnyField | undefined;
      if (placed && field && types.includes(field.type)) {
        return { first: placed.first, field };
      }
      throw new RangeError(
        `Cannot rewind entities as ${option} must name a field of type ${
          types.join(" or ")
        }: current value is "${name}"`,
      );
    };
    const where = find("position", position, ["vec2", "vec3"]);
    this.#source = source;
    this.#type = type;
    this.#readers = laneReaders(where.field, where.first);
    this.#teleport = teleport === undefined
      ? -1
      : find("teleport", teleport, WHOLE_NUMBERS).first;
    if (rotation !== undefined) {
      const { first } = find("rotation", rotation, ["quat"]);
      const { read } = columns.get(rotation)!;
      this.#rotation = { read: read as Reader, first };
    }
    this.#lanes = new Float64Array(3 * schema.maxEntities);
    this.#steady = new Uint32Array((schema.maxEntities + 31) >>> 5);
  }

  /**
   * Goes to the moment of a view.
   *
   * @param view What a `ViewGuard` has made of what a player says.
   * @returns `false` if its ticks are not kept: then there is nobody.
   */
  to(view: ViewStamp): boolean {
    const source = this.#source;
    const isKept = source.has(view.fromTick) && source.has(view.toTick);
    this.#isFilled = false;
    this.#before = undefined;
    if (!isKept) return false;
    const blend = viewBlend(view);
    const { number } = this.#type;
    const after = source.tablesAt(view.toTick)[number]!;
    this.#after = after;
    // As clients do: at the end, entities are those of the later snapshot.
    this.#before = blend === 1
      ? after
      : source.tablesAt(view.fromTick)[number]!;
    this.#blend = blend === 1 ? 0 : blend;
    return true;
  }

  /**
   * The places that hold an entity at the moment: place `slot` is bit `slot & 31` of
   * `slot >>> 5`. To be read.
   */
  get alive(): Uint32Array {
    return this.#before?.alive ?? NOBODY;
  }

  /**
   * Where everybody is: x, y and z of place `slot` are at `slot`, `capacity + slot` and
   * `2 * capacity + slot`, with the type's `maxEntities` as the capacity. Places without
   * an entity hold anything. To be read until the next `to()`.
   */
  get positions(): Float64Array {
    if (!this.#isFilled) this.#fill();
    return this.#lanes;
  }

  /**
   * Tells where one entity is, without a look at the others.
   *
   * @param id The entity.
   * @param into Takes the position.
   * @returns `false` if it is not there at the moment.
   */
  position(id: EntityId, into: Vec3): boolean {
    const before = this.#before;
    const isThere = before !== undefined &&
      holdsEntity(before, this.#type.number, id);
    if (!isThere) return false;
    const slot = slotOfId(id);
    const readers = this.#readers;
    const blend = this.#isSteady(slot) ? this.#blend : 0;
    const a = before.values;
    const b = this.#after!.values;
    into.x = readers[0]!.blend(a, b, slot, before.capacity, blend);
    into.y = readers[1]!.blend(a, b, slot, before.capacity, blend);
    into.z = readers.length < 3
      ? 0
      : readers[2]!.blend(a, b, slot, before.capacity, blend);
    return true;
  }

  /**
   * Finds the nearest entity that a ray meets.
   *
   * Each entity is looked at: a thousand take less time than to sort them into a grid.
   *
   * @param ray The ray.
   * @param shape What an entity is, around its position.
   * @param ignored One that is not hit: who shoots.
   * @returns The hit, valid until the next call; `undefined` for a miss.
   */
  raycast(
    ray: Ray,
    shape: HitShape,
    ignored?: EntityId,
  ): RayHit | undefined {
    const before = this.#before;
    if (before === undefined) return undefined;
    const { x: ox, y: oy, z: oz } = ray.origin;
    const { x: dx, y: dy, z: dz } = ray.direction;
    const square = dx * dx + dy * dy + dz * dz;
    const length = Math.sqrt(square);
    if (!(square > 0 && length < Infinity)) return undefined;
    const lanes = this.positions;
    const { alive, capacity, generations } = before;
    const y = capacity;
    const z = 2 * capacity;
    const ux = dx / length;
    const uy = dy / length;
    const uz = dz / length;
    const bound = boundOf(shape);
    const near = bound * bound * MARGIN;
    let best = ray.maxDistance ?? Infinity;
    let found = -1;
    for (let word = 0; word < alive.length; word++) {
      const bits = alive[word]!;
      if (bits === 0) continue;
      const start = word << 5;
      const end = Math.min(start + 32, capacity);
      for (let slot = start; slot < end; slot++) {
        // First of all, whether the line comes near: that sorts out nearly all.
        const mx = lanes[slot]! - ox;
        const my = lanes[y + slot]! - oy;
        const mz = lanes[z + slot]! - oz;
        const along = mx * ux + my * uy + mz * uz;
        const away = mx * mx + my * my + mz * mz;
        if (away - along * along > near + away * ROUNDING) continue;
        if ((bits >>> (slot & 31) & 1) === 0) continue;
        if (along - bound > best || along < 0 && away > near) continue;
        const id = entityIdOf(this.#type.number, slot, generations[slot]!);
        if (id === ignored) continue;
        const t = this.#hitAt(shape, slot, ox, oy, oz, ux, uy, uz);
        if (t < best || t === best && found < 0 && t < Infinity) {
          best = t;
          found = slot;
        }
      }
    }
    if (found < 0) return undefined;
    const hit = this.#hit;
    hit.id = entityIdOf(this.#type.number, found, generations[found]!);
    hit.distance = best;
    hit.x = ox + ux * best;
    hit.y = oy + uy * best;
    hit.z = oz + uz * best;
    return hit;
  }

  #hitAt(
    shape: HitShape,
    slot: number,
    ox: number,
    oy: number,
    oz: number,
    ux: number,
    uy: number,
    uz: number,
  ): number {
    const lanes = this.#lanes;
    const { capacity } = this.#before!;
    const centre = this.#centre;
    const turn = this.#turn;
    centre.x = lanes[slot]!;
    centre.y = lanes[capacity + slot]!;
    centre.z = lanes[2 * capacity + slot]!;
    if (shape.type === "orientedBox" && this.#rotation !== undefined) {
      this.#rotationOf(slot, turn);
    }
    return hitShape(shape, ox, oy, oz, ux, uy, uz, centre, turn);
  }

  /** Computes where everybody is. */
  #fill(): void {
    this.#isFilled = true;
    const before = this.#before;
    if (before === undefined) return;
    const after = this.#after!;
    const lanes = this.#lanes;
    const { alive, capacity } = before;
    let words = alive.length;
    while (words > 0 && alive[words - 1] === 0) words--;
    const end = Math.min(words << 5, capacity);
    const readers = this.#readers;
    const a = before.values;
    const b = after.values;
    const blend = this.#blend;
    for (let i = 0; i < readers.length; i++) {
      const at = i * capacity;
      if (blend === 0) readers[i]!.fill(a, lanes, at, capacity, 0, end);
      else readers[i]!.blendAll(a, b, lanes, at, capacity, end, blend);
    }
    if (blend === 0) return;
    // Those that do not move from one to the other are as they were before.
    this.#findSteady(words);
    for (let word = 0; word < words; word++) {
      let held = alive[word]! & ~this.#steady[word]!;
      while (held !== 0) {
        const bit = held & -held;
        held ^= bit;
        const slot = (word << 5) + 31 - Math.clz32(bit);
        for (let i = 0; i < readers.length; i++) {
          lanes[i * capacity + slot] = readers[i]!.blend(
            a,
            a,
            slot,
            capacity,
            0,
          );
        }
      }
    }
  }

  #findSteady(words: number): void {
    const before = this.#before!;
    const after = this.#after!;
    const { generations, capacity } = before;
    const others = after.generations;
    for (let word = 0; word < words; word++) {
      const start = word << 5;
      const end = Math.min(start + 32, capacity);
      // Mostly none does, which is told without a branch for each.
      let any = 0;
      for (let i = start; i < end; i++) any |= generations[i]! ^ others[i]!;
      let differ = 0;
      for (let i = start; any !== 0 && i < end; i++) {
        if (generations[i] !== others[i]) differ |= 1 << (i & 31);
      }
      if (this.#teleport >= 0) {
        const column = this.#teleport * capacity;
        for (let i = start; i < end; i++) {
          const jumped = before.values[column + i]! ^ after.values[column + i]!;
          if ((jumped & 0xffff) !== 0) differ |= 1 << (i & 31);
        }
      }
      this.#steady[word] = before.alive[word]! & after.alive[word]! & ~differ;
    }
  }

  #isSteady(slot: number): boolean {
    const before = this.#before!;
    const after = this.#after!;
    const jumps = this.#teleport * before.capacity + slot;
    return hasBit(after.alive, slot) &&
      before.generations[slot] === after.generations[slot] &&
      (this.#teleport < 0 ||
        ((before.values[jumps]! ^ after.values[jumps]!) & 0xffff) === 0);
  }

  /** By slerp, which is at most 0.1 mrad from what clients draw. */
  #rotationOf(slot: number, into: Quat): void {
    const before = this.#before!;
    const { capacity } = before;
    const { read, first } = this.#rotation!;
    const at = first * capacity + slot;
    const a = read(before.values, at, capacity);
    let u = 1;
    let v = 0;
    let b = a;
    if (this.#blend > 0 && this.#isSteady(slot)) {
      b = read(this.#after!.values, at, capacity);
      const dot = a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
      const angle = Math.acos(Math.min(1, Math.abs(dot)));
      const sine = Math.sin(angle);
      u = sine > 1e-9 ? Math.sin((1 - this.#blend) * angle) / sine : 1;
      v = sine > 1e-9 ? Math.sin(this.#blend * angle) / sine : 0;
      if (dot < 0) v = -v;
    }
    into.x = a.x * u + b.x * v;
    into.y = a.y * u + b.y * v;
    into.z = a.z * u + b.z * v;
    into.w = a.w * u + b.w * v;
  }
}

type Reader = (values: Int32Array, at: number, stride: number) => Quat;

const WHOLE_NUMBERS = ["bits", "int", "u8", "u16", "u32", "i8", "i16", "i32"];
const NOBODY = new Uint32Array(0);
// What is lost to rounding must not sort out a graze.
const MARGIN = 1 + 1e-9;
const ROUNDING = 1e-14;
