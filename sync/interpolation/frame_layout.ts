// This module is browser compatible.
import { checkFinite } from "../../core/mod.ts";
import type { AnyField, Field } from "../../protocol/mod.ts";
import { type EntitySchema, fieldColumnsOf } from "../schema/define_entity.ts";
import type { Column } from "../schema/column.ts";
import { type LaneFiller, laneFiller } from "../schema/lanes.ts";

/**
 * How the numbers of a field are blended:
 *
 * - `"point"`: a `vec2` or `vec3`, along a line or a curve;
 * - `"scalar"`: a `float`, `f32` or `f64`, along a line;
 * - `"angle"`: radians, the short way round;
 * - `"rotation"`: a quaternion, the short way round, at a steady speed.
 */
export type LaneKind = "point" | "scalar" | "angle" | "rotation";

/** Where the numbers of a field are in a `Frame`. */
export interface FrameLanes {
  /** The name of the field. */
  readonly field: string;
  /** How they are blended. */
  readonly kind: LaneKind;
  /**
   * The first lane: number `n` of the field (x, y, z, w) at place `slot` is
   * `values[(first + n) * capacity + slot]`.
   */
  readonly first: number;
  /** How many there are: 1 to 4. */
  readonly count: number;
  /** Of a point: the first lane of its velocity; -1 if none is sent. */
  readonly velocity: number;
}

/** The options of {@linkcode frameLayout}. */
export interface FrameLayoutOptions {
  /**
   * The name of a field of whole numbers, such as `bits(2)`, that the game counts up,
   * round and round, when an entity jumps to another place. Between two snapshots in
   * which it differs, the entity is not blended: a lost snapshot does not hide it, as a
   * flag would. Of a wider number, the lower 16 bits count.
   *
   * @default {undefined}
   */
  readonly teleport?: string;
  /**
   * The names of points and of the fields that have their velocities, in the point's
   * unit per second: `{ position: "velocity" }`. Curves and dead reckoning use them
   * in place of differences of snapshots.
   *
   * @default {{}}
   */
  readonly velocities?: Readonly<Record<string, string>>;
  /**
   * Ticks of the world in a second: above 0 and finite.
   *
   * @default {60}
   */
  readonly tickRate?: number;
}

/**
 * Which fields of a type of entities are drawn, and where their numbers are in a
 * `Frame`. Made by {@linkcode frameLayout}.
 */
export interface FrameLayout {
  /** The type of entities. */
  readonly schema: EntitySchema;
  /** How many places a frame has. */
  readonly capacity: number;
  /** How many lanes it has: numbers of each place. */
  readonly laneCount: number;
  /** Each field's lanes, in the order of the fields. */
  readonly fields: readonly FrameLanes[];
  /** Ticks in a second. */
  readonly tickRate: number;
  /** The column that counts an entity's jumps; -1 if there is none. */
  readonly teleportColumn: number;
  /**
   * Finds the lanes of a field.
   *
   * @param field Its name.
   * @returns Where they are.
   * @throws {RangeError} If there is no such field, or it cannot be blended.
   */
  lanes(field: string): FrameLanes;
}

const fillersOf = new WeakMap<FrameLayout, readonly LaneFiller[]>();

/**
 * Lays out what is drawn of a type of entities: vectors, rotations, angles and floats.
 * Whole numbers, flags, choices and what is of any length cannot be blended, and are
 * read from the table.
 *
 * @param schema The type of entities.
 * @param options What the layout cannot see.
 * @returns The layout, which cannot be changed.
 * @throws {RangeError} If an option names a field of another kind, or none.
 *
 * @example Where the height is
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bits, quat, vec3 } from "@tickwire/net/protocol";
 * import { defineEntity, frameLayout } from "@tickwire/net/sync";
 *
 * const cube = defineEntity({ jumps: bits(2), position: vec3, rotation: quat });
 * const layout = frameLayout(cube, { teleport: "jumps" });
 * assertEquals(layout.laneCount, 3 + 4);
 * const { first, kind } = layout.lanes("rotation");
 * assertEquals([first, kind], [3, "rotation"]);
 * ```
 */
export function frameLayout(
  schema: EntitySchema,
  options: FrameLayoutOptions = {},
): FrameLayout {
  const { teleport, velocities = {}, tickRate = 60 } = options;
  checkFinite("tickRate", tickRate);
  const fields: (FrameLanes & { velocity: number })[] = [];
  const fillers: LaneFiller[] = [];
  let laneCount = 0;
  for (const [field, { first }] of fieldColumnsOf(schema)) {
    const descriptor = schema.fields[field]! as AnyField;
    const kind = kindOf(descriptor);
    if (kind === undefined) continue;
    const count = countOf(descriptor);
    fillers.push(laneFiller(descriptor, first));
    fields.push({ field, kind, first: laneCount, count, velocity: -1 });
    laneCount += count;
  }
  const find = (name: string): FrameLanes & { velocity: number } => {
    const found = fields.find(({ field }) => field === name);
    if (found !== undefined) return found;
    throw refusal("field", "one that can be blended", name);
  };
  for (const [point, velocity] of Object.entries(velocities)) {
    const at = find(point);
    const speed = find(velocity);
    if (
      at === speed || at.kind !== "point" || speed.kind !== "point" ||
      at.count !== speed.count
    ) {
      throw refusal(
        "velocities",
        "fields of points with those of as many coordinates",
        `${point}: ${velocity}`,
      );
    }
    at.velocity = speed.first;
  }
  for (const field of fields) Object.freeze(field);
  const layout: FrameLayout = Object.freeze({
    schema,
    capacity: schema.maxEntities,
    laneCount,
    fields: Object.freeze(fields),
    tickRate,
    teleportColumn: teleport === undefined
      ? -1
      : teleportColumn(schema, teleport),
    lanes: find,
  });
  fillersOf.set(layout, fillers);
  return layout;
}

/** What fills the lanes from a table, field by field. */
export function laneFillersOf(layout: FrameLayout): readonly LaneFiller[] {
  return fillersOf.get(layout)!;
}

function teleportColumn(schema: EntitySchema, name: string): number {
  const found = schema.columns.find(({ field }) => field === name);
  if (found !== undefined && isCounter(found)) return found.index;
  throw refusal("teleport", "a field of whole numbers", name);
}

function isCounter({ kind, count }: Column): boolean {
  return count === 1 && (kind === "bits" || kind === "integer");
}

function kindOf(field: Field<unknown>): LaneKind | undefined {
  switch ((field as AnyField).type) {
    case "vec2":
    case "vec3":
      return "point";
    case "quat":
      return "rotation";
    case "angle":
      return "angle";
    case "float":
    case "f32":
    case "f64":
      return "scalar";
    default:
      return undefined;
  }
}

function countOf({ type }: AnyField): number {
  if (type === "quat") return 4;
  return type === "vec3" ? 3 : type === "vec2" ? 2 : 1;
}

function refusal(name: string, wanted: string, value: string): RangeError {
  return new RangeError(
    `Cannot lay out frames as ${name} must be ${wanted}: current value is "${value}"`,
  );
}
