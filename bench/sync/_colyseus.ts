// @colyseus/schema: objects that note what is set in them. A patch is the difference to the patch before, so each must arrive.
// That the game sets properties is not timed, though the notes are taken there.
import { ArraySchema, Decoder, Encoder, schema, t } from "@colyseus/schema";
import { nextBit } from "../../sync/world/bit_set.ts";
import type { TableContent } from "../../sync/mod.ts";
import type { Format } from "./_format.ts";
import { putCube } from "./_json.ts";
import { Col, type Recording } from "./_recording.ts";

const BUFFER_BYTES = 65_536;

const Cube = schema({
  x: t.uint16(),
  y: t.uint16(),
  z: t.uint16(),
  largest: t.uint8(),
  a: t.uint16(),
  b: t.uint16(),
  c: t.uint16(),
  held: t.boolean(),
}, "Cube");
const World = schema({ cubes: t.array(Cube) }, "World");
type CubeOf = InstanceType<typeof Cube>;

export const COLYSEUS: Format = {
  name: "@colyseus/schema, to the one before",
  isAgeless: true,
  open({ tables }: Recording) {
    Encoder.BUFFER_SIZE = BUFFER_BYTES;
    const first = tables[0]!;
    const world = new World();
    const cubes = new ArraySchema<CubeOf>();
    for (let slot = 0; slot < first.capacity; slot++) {
      const cube = new Cube();
      setCube(cube, first, slot);
      cubes.push(cube);
    }
    world.cubes = cubes;
    const encoder = new Encoder(world);
    const theirs = new World();
    const decoder = new Decoder(theirs);
    decoder.decode(encoder.encodeAll());
    encoder.discardChanges();
    return {
      begin({ current, changed }) {
        for (
          let slot = nextBit(changed, 0);
          slot >= 0;
          slot = nextBit(changed, slot + 1)
        ) {
          setCube(cubes[slot]!, current, slot);
        }
      },
      encode() {
        const bytes = encoder.encode();
        encoder.discardChanges();
        return bytes;
      },
      decode(bytes) {
        decoder.decode(bytes);
      },
      end({ into }) {
        for (let slot = 0; slot < into.capacity; slot++) {
          putCube(into, slot, theirs.cubes[slot]!);
        }
      },
    };
  },
};

/** Sets what differs: to set the same again would be noted in older versions. */
function setCube(
  cube: CubeOf,
  { values, capacity }: TableContent,
  slot: number,
): void {
  const x = values[Col.x * capacity + slot]!;
  const y = values[Col.y * capacity + slot]!;
  const z = values[Col.z * capacity + slot]!;
  const largest = values[Col.largest * capacity + slot]!;
  const a = values[Col.a * capacity + slot]!;
  const b = values[Col.b * capacity + slot]!;
  const c = values[Col.c * capacity + slot]!;
  const held = values[Col.held * capacity + slot] === 1;
  if (cube.x !== x) cube.x = x;
  if (cube.y !== y) cube.y = y;
  if (cube.z !== z) cube.z = z;
  if (cube.largest !== largest) cube.largest = largest;
  if (cube.a !== a) cube.a = a;
  if (cube.b !== b) cube.b = b;
  if (cube.c !== c) cube.c = c;
  if (cube.held !== held) cube.held = held;
}
