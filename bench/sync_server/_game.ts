// The recording as a world that a server plays.
import { quat, vec3 } from "../../protocol/mod.ts";
import {
  defineEntity,
  defineWorld,
  type EntityId,
  type EntityStore,
  type TableContent,
} from "../../sync/mod.ts";
import { addBits, bitSet, nextBit } from "../../sync/world/bit_set.ts";
import { Col, type Recording } from "../sync/_recording.ts";

const STEP = 1 / 512;
const CENTRE = 16_384;
const MAX_PART = 511;
const ENTITIES = 901;

export const world = defineWorld({
  cube: defineEntity({
    position: vec3({ min: -32, max: 32, step: STEP }),
    rotation: quat({ bits: 9 }),
  }, { maxEntities: ENTITIES }),
});

/** Moves the cubes of a server, tick by tick, and begins anew at its end. */
export class Game {
  readonly #recording: Recording;
  readonly #entities: EntityStore<typeof world.schemas>;
  readonly #ids: EntityId[] = [];
  readonly #all = bitSet(ENTITIES).fill(0xffff_ffff);
  #tick = 0;

  constructor(
    recording: Recording,
    entities: EntityStore<typeof world.schemas>,
  ) {
    this.#recording = recording;
    this.#entities = entities;
    for (let slot = 0; slot < ENTITIES; slot++) {
      this.#ids.push(entities.spawn("cube", cube(recording.tables[0]!, slot))!);
    }
  }

  /** Goes on by a tick. */
  step(): void {
    const { tables, changes } = this.#recording;
    this.#tick = (this.#tick + 1) % tables.length;
    const table = tables[this.#tick]!;
    const changed = this.#tick === 0 ? this.#all : changes[this.#tick]!;
    for (
      let slot = nextBit(changed, 0);
      slot >= 0 && slot < ENTITIES;
      slot = nextBit(changed, slot + 1)
    ) {
      this.#entities.set(this.#ids[slot]!, "cube", cube(table, slot));
    }
  }
}

/** The cubes that differ from one tick to a later one. */
export function changedBetween(
  { changes, form }: Recording,
  from: number,
  to: number,
): Uint32Array {
  const changed = bitSet(form.maxEntities);
  for (let tick = from + 1; tick <= to; tick++) {
    addBits(changed, changes[tick]!);
  }
  return changed;
}

function cube({ values, capacity }: TableContent, slot: number) {
  const at = (column: number): number => values[column * capacity + slot]!;
  const largest = at(Col.largest);
  const parts = [Col.a, Col.b, Col.c].map((column) =>
    (2 * at(column) / MAX_PART - 1) * Math.SQRT1_2
  );
  const rest = 1 - parts.reduce((sum, it) => sum + it * it, 0);
  parts.splice(largest, 0, Math.sqrt(Math.max(0, rest)));
  const [x, y, z, w] = parts as [number, number, number, number];
  return {
    position: {
      x: (at(Col.x) - CENTRE) * STEP,
      y: (at(Col.y) - CENTRE) * STEP,
      z: at(Col.z) * STEP,
    },
    rotation: { x, y, z, w },
  };
}
