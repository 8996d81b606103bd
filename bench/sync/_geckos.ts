// The typed-array schema of geckos: the whole world in each message, without a base.
import {
  BufferSchema,
  Model,
  uint16,
  uint8,
} from "@geckos.io/typed-array-buffer-schema";
import type { Format } from "./_format.ts";
import { putCube } from "./_json.ts";
import { Col } from "./_recording.ts";

const BUFFER_KB = 64;

interface Cube {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly largest: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly held: number;
}

export const GECKOS: Format = {
  name: "geckos schema, whole",
  isAgeless: true,
  every: 16,
  open() {
    const cube = BufferSchema.schema("cube", {
      id: uint16,
      x: uint16,
      y: uint16,
      z: uint16,
      largest: uint8,
      a: uint16,
      b: uint16,
      c: uint16,
      held: uint8,
    });
    const world = BufferSchema.schema("world", { tick: uint16, cubes: [cube] });
    const model = new Model(world, BUFFER_KB);
    let state: { tick: number; cubes: Cube[] } = { tick: 0, cubes: [] };
    let theirs = state;
    return {
      begin({ message, current: { values, capacity } }) {
        state = {
          tick: message,
          cubes: Array.from({ length: capacity }, (_, id) => ({
            id,
            x: values[Col.x * capacity + id]!,
            y: values[Col.y * capacity + id]!,
            z: values[Col.z * capacity + id]!,
            largest: values[Col.largest * capacity + id]!,
            a: values[Col.a * capacity + id]!,
            b: values[Col.b * capacity + id]!,
            c: values[Col.c * capacity + id]!,
            held: values[Col.held * capacity + id]!,
          })),
        };
      },
      encode: () => new Uint8Array(model.toBuffer(state)),
      decode(bytes) {
        theirs = model.fromBuffer(bytes.buffer as ArrayBuffer) as typeof state;
      },
      end({ into }) {
        for (const { id, held, ...parts } of theirs.cubes) {
          putCube(into, id, { ...parts, held: held === 1 });
        }
      },
    };
  },
};
