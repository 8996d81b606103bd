// JSON as everybody begins: the cubes that have changed, as objects.
import type { EntityTable } from "../../sync/mod.ts";
import { changedSlots } from "./_changed_slots.ts";
import type { Format } from "./_format.ts";
import { Col } from "./_recording.ts";

interface Cube {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly largest: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly held: boolean;
}

export const JSON_CHANGED: Format = {
  name: "JSON, changed cubes",
  open() {
    const textEncoder = new TextEncoder();
    const textDecoder = new TextDecoder();
    return {
      encode(step) {
        const { values, capacity } = step.current;
        const cubes = changedSlots(step).map((id): Cube => ({
          id,
          x: values[Col.x * capacity + id]!,
          y: values[Col.y * capacity + id]!,
          z: values[Col.z * capacity + id]!,
          largest: values[Col.largest * capacity + id]!,
          a: values[Col.a * capacity + id]!,
          b: values[Col.b * capacity + id]!,
          c: values[Col.c * capacity + id]!,
          held: values[Col.held * capacity + id] === 1,
        }));
        return textEncoder.encode(JSON.stringify(cubes));
      },
      decode(bytes, { into }) {
        const cubes: Cube[] = JSON.parse(textDecoder.decode(bytes));
        for (const cube of cubes) putCube(into, cube.id, cube);
      },
    };
  },
};

/** Puts a cube into its place. */
export function putCube(
  { values, capacity }: EntityTable,
  slot: number,
  cube: Omit<Cube, "id">,
): void {
  values[Col.x * capacity + slot] = cube.x;
  values[Col.y * capacity + slot] = cube.y;
  values[Col.z * capacity + slot] = cube.z;
  values[Col.largest * capacity + slot] = cube.largest;
  values[Col.a * capacity + slot] = cube.a;
  values[Col.b * capacity + slot] = cube.b;
  values[Col.c * capacity + slot] = cube.c;
  values[Col.held * capacity + slot] = cube.held ? 1 : 0;
}
