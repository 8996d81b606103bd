// This module is browser compatible.
import { checkFinite, type Vec2, type Vec3 } from "../../core/mod.ts";
import type { AnyField, FloatQuantizer } from "../../protocol/mod.ts";
import { fieldColumnsOf } from "../schema/define_entity.ts";
import type { EntityType, WorldSchema } from "../schema/define_world.ts";
import type { TableContent } from "../snapshot/entity_table.ts";
import { hasBit, nextBit } from "../world/bit_set.ts";
import type { InterestFilter } from "./interest.ts";
import type { SyncPeer } from "./sync_peer.ts";

/** The options of {@linkcode AreaInterest}. */
export interface AreaInterestOptions {
  /** The field that holds where an entity is: `vec2` or `vec3`. */
  readonly field: string;
  /** How near an entity comes into view: above 0, in the units of the field. */
  readonly radius: number;
  /**
   * How far it goes out of view: `radius` or more, so that one at the border does not
   * come and go. 1.2 times `radius` if left out.
   */
  readonly leaveRadius?: number;
  /**
   * Tells where a client looks from.
   *
   * @param peer The client.
   * @returns A place, of which `z` counts if there is one at both; `undefined` if the
   * client is to see everything.
   */
  readonly centreOf: (peer: SyncPeer) => Vec2 | Vec3 | undefined;
}

/** The most cells along each side of the grid. */
const MAX_SIDE = 256;

/**
 * Shows clients what is near them. Types without the field are left alone: everybody
 * sees them.
 *
 * Where everything is is put into a grid once a tick; a client costs what is in the
 * cells around it.
 *
 * @example What is within 10 metres
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryLinkPair, vec2 } from "@tickwire/net/protocol";
 * import {
 *   AreaInterest,
 *   defineEntity,
 *   defineWorld,
 *   SyncClient,
 *   SyncServer,
 * } from "@tickwire/net/sync";
 *
 * const at = vec2({ min: -100, max: 100, step: 1 / 8 });
 * const world = defineWorld({ cube: defineEntity({ at }) });
 * const near = new AreaInterest(world, {
 *   field: "at",
 *   radius: 10,
 *   centreOf: () => ({ x: 50, y: 50 }),
 * });
 * const server = new SyncServer(world, { interest: [near] });
 * const pair = new MemoryLinkPair();
 * server.connect(pair.a);
 * const client = new SyncClient(world, pair.b);
 * const id = server.entities.spawn("cube", { at: { x: 55, y: 52 } })!;
 * server.entities.spawn("cube", { at: { x: 0, y: 0 } });
 * for (let frame = 0; frame < 10; frame++) {
 *   server.tick(1 / 30);
 *   client.tick(1 / 30);
 * }
 * assertEquals([...client.ids("cube")], [id]);
 * ```
 */
export class AreaInterest implements InterestFilter {
  readonly #options: AreaInterestOptions;
  readonly #leaveRadius: number;
  readonly #grids: readonly (Grid | undefined)[];

  /**
   * Creates a filter for the clients of one server.
   *
   * @param world The world.
   * @param options Which field, and how far.
   * @throws {RangeError} If a radius is out of its range.
   * @throws {TypeError} If no type has the field, or in one it is no vector.
   */
  constructor(world: WorldSchema, options: AreaInterestOptions) {
    const { field, radius } = options;
    checkFinite("radius", radius);
    const { leaveRadius = radius * 1.2 } = options;
    if (!(leaveRadius >= radius && leaveRadius < Infinity)) {
      throw new RangeError(
        `Cannot use leaveRadius as it must be finite and >= radius (${radius}): current value is ${leaveRadius}`,
      );
    }
    this.#options = options;
    this.#leaveRadius = leaveRadius;
    this.#grids = world.types.map((type) =>
      Object.hasOwn(type.schema.fields, field)
        ? new Grid(type, field, leaveRadius)
        : undefined
    );
    if (this.#grids.every((grid) => grid === undefined)) {
      throw new TypeError(
        `Cannot use field as a type must have it: current value is "${field}"`,
      );
    }
  }

  /**
   * Puts all entities into the grid.
   *
   * @param tables The tables of the tick.
   */
  beginTick(tables: readonly TableContent[]): void {
    this.#grids.forEach((grid, type) => grid?.fill(tables[type]!));
  }

  /**
   * Takes out what is too far away.
   *
   * @param peer The client.
   * @param type The type.
   * @param _table Its table.
   * @param before What the client was to see before.
   * @param places What it is to see.
   */
  narrow(
    peer: SyncPeer,
    type: EntityType,
    _table: TableContent,
    before: Uint32Array,
    places: Uint32Array,
  ): void {
    const grid = this.#grids[type.number];
    if (grid === undefined) return;
    const centre = this.#options.centreOf(peer);
    if (centre === undefined) return;
    grid.narrow(
      centre,
      this.#options.radius,
      this.#leaveRadius,
      before,
      places,
    );
  }
}

/** Where the entities of one type are. */
class Grid {
  readonly #readers: readonly ((values: Int32Array, at: number) => number)[];
  readonly #first: number;
  readonly #cellSize: number;
  /** By axis and place. */
  readonly #points: readonly Float64Array[];
  /** The places, cell by cell. */
  readonly #order: Uint16Array;
  readonly #cellOf: Uint32Array;
  #starts = new Uint32Array(1);
  #minX = 0;
  #minY = 0;
  #columns = 0;
  #rows = 0;
  #size = 1;
  readonly #near: Uint32Array;

  constructor({ name, schema }: EntityType, field: string, cellSize: number) {
    const { maxEntities } = schema;
    const columns = fieldColumnsOf(schema).get(field);
    const known = schema.fields[field] as AnyField;
    if (
      columns === undefined || (known.type !== "vec2" && known.type !== "vec3")
    ) {
      throw new TypeError(
        `Cannot use field as it must be a vec2 or vec3 in each type: current value is "${field}" of "${name}"`,
      );
    }
    this.#readers = "quantizers" in known
      ? known.quantizers.map(stepReader)
      : columns.forms.map(() => readFloat);
    this.#first = columns.first;
    this.#cellSize = cellSize;
    this.#points = this.#readers.map(() => new Float64Array(maxEntities));
    this.#order = new Uint16Array(maxEntities);
    this.#cellOf = new Uint32Array(maxEntities);
    this.#near = new Uint32Array((maxEntities + 31) >>> 5);
  }

  fill({ alive, values, capacity }: TableContent): void {
    const [xs, ys] = this.#points;
    let minX = Infinity;
    let minY = Infinity;
    let maxX = -Infinity;
    let maxY = -Infinity;
    for (let at = nextBit(alive, 0); at >= 0; at = nextBit(alive, at + 1)) {
      for (let axis = 0; axis < this.#readers.length; axis++) {
        const column = this.#first + axis;
        this.#points[axis]![at] = this.#readers[axis]!(
          values,
          column * capacity + at,
        );
      }
      minX = Math.min(minX, xs![at]!);
      maxX = Math.max(maxX, xs![at]!);
      minY = Math.min(minY, ys![at]!);
      maxY = Math.max(maxY, ys![at]!);
    }
    this.#minX = minX;
    this.#minY = minY;
    const span = Math.max(maxX - minX, maxY - minY, 0);
    // A world that is wide beside the radius has cells that are larger.
    this.#size = Math.max(this.#cellSize, span / (MAX_SIDE - 1));
    this.#columns = maxX < minX ? 0 : this.#cell(maxX, minX) + 1;
    this.#rows = maxX < minX ? 0 : this.#cell(maxY, minY) + 1;
    const cells = this.#columns * this.#rows;
    if (this.#starts.length < cells + 1) {
      this.#starts = new Uint32Array(cells + 1);
    }
    const starts = this.#starts;
    starts.fill(0, 0, cells + 1);
    for (let at = nextBit(alive, 0); at >= 0; at = nextBit(alive, at + 1)) {
      const cell = this.#cell(ys![at]!, minY) * this.#columns +
        this.#cell(xs![at]!, minX);
      this.#cellOf[at] = cell;
      starts[cell + 1]!++;
    }
    for (let i = 1; i <= cells; i++) starts[i]! += starts[i - 1]!;
    for (let at = nextBit(alive, 0); at >= 0; at = nextBit(alive, at + 1)) {
      this.#order[starts[this.#cellOf[at]!]!++] = at;
    }
    // Each start has become that of the next cell.
    starts.copyWithin(1, 0, cells);
    starts[0] = 0;
  }

  narrow(
    centre: Vec2 | Vec3,
    radius: number,
    leaveRadius: number,
    before: Uint32Array,
    places: Uint32Array,
  ): void {
    const near = this.#near;
    near.fill(0);
    const { x, y } = centre;
    const left = Math.max(0, this.#cell(x - leaveRadius, this.#minX));
    const right = Math.min(
      this.#columns - 1,
      this.#cell(x + leaveRadius, this.#minX),
    );
    const top = Math.max(0, this.#cell(y - leaveRadius, this.#minY));
    const bottom = Math.min(
      this.#rows - 1,
      this.#cell(y + leaveRadius, this.#minY),
    );
    for (let row = top; row <= bottom; row++) {
      const start = this.#starts[row * this.#columns + left]!;
      const end = this.#starts[row * this.#columns + right + 1]!;
      for (let i = start; i < end && left <= right; i++) {
        const at = this.#order[i]!;
        const reach = hasBit(before, at) ? leaveRadius : radius;
        if (this.#squareTo(centre, at) <= reach * reach) {
          near[at >>> 5]! |= 1 << (at & 31);
        }
      }
    }
    for (let i = 0; i < near.length; i++) places[i]! &= near[i]!;
  }

  #squareTo(centre: Vec2 | Vec3, at: number): number {
    const dx = this.#points[0]![at]! - centre.x;
    const dy = this.#points[1]![at]! - centre.y;
    const zs = this.#points[2];
    const dz = zs !== undefined && "z" in centre ? zs[at]! - centre.z : 0;
    return dx * dx + dy * dy + dz * dz;
  }

  #cell(value: number, min: number): number {
    return Math.floor((value - min) / this.#size);
  }
}

const word = new Int32Array(1);
const float = new Float32Array(word.buffer);

function readFloat(values: Int32Array, at: number): number {
  word[0] = values[at]!;
  return float[0]!;
}

function stepReader(
  quantizer: FloatQuantizer,
): (values: Int32Array, at: number) => number {
  return (values, at) => quantizer.fromIndex(values[at]! >>> 0);
}
