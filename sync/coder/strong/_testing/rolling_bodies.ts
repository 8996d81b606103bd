// This module is browser compatible.
import { SeededRandom } from "../../../../core/mod.ts";
import { type ColumnForm, columnsOf } from "../../../schema/column.ts";
import { EntityTable, type TableForm } from "../../../snapshot/entity_table.ts";

const BODIES = 100;
const WIDTH = 4_096;
const PARTS = 511;

/** Bodies with a place, a rotation and a flag, as in the recording of `bench/data`. */
export const BODIES_FORM: TableForm = {
  columns: columnsOf(
    new Map<string, ColumnForm[]>([
      ["position", [
        { kind: "linear", max: WIDTH - 1 },
        { kind: "linear", max: WIDTH - 1 },
        { kind: "linear", max: WIDTH - 1 },
      ]],
      ["rotation", [
        { kind: "largest", max: 3 },
        { kind: "part", max: PARTS },
        { kind: "part", max: PARTS },
        { kind: "part", max: PARTS },
      ]],
      ["pushed", [{ kind: "bits", max: 1 }]],
    ]),
  ),
  blobs: [],
  maxEntities: BODIES,
};

/**
 * Rolls bodies about a plane: now and then those near a point are pushed, and all come to
 * rest. With + - × ÷ and √ alone, so that every engine makes the same of it.
 *
 * @param seed What they do.
 * @param count How many ticks.
 * @returns A table for each tick.
 */
export function rollBodies(seed: number, count: number): EntityTable[] {
  const random = new SeededRandom(seed);
  const place = new Float64Array(3 * BODIES);
  const speed = new Float64Array(2 * BODIES);
  const turn = new Float64Array(4 * BODIES);
  const pushed = new Uint8Array(BODIES);
  for (let b = 0; b < BODIES; b++) {
    place[3 * b] = random.nextFloat() * WIDTH;
    place[3 * b + 1] = random.nextFloat() * WIDTH;
    place[3 * b + 2] = 32;
    turn[4 * b + 3] = 1;
  }
  const tables: EntityTable[] = [];
  for (let tick = 0; tick < count; tick++) {
    pushed.fill(0);
    if (tick % 12 === 0) push(random, place, speed, pushed);
    const table = new EntityTable(BODIES_FORM);
    for (let b = 0; b < BODIES; b++) {
      roll(b, place, speed, turn);
      table.place(b, 0);
      for (let c = 0; c < 3; c++) {
        table.values[c * BODIES + b] = Math.floor(place[3 * b + c]!);
      }
      putRotation(table, b, turn.subarray(4 * b, 4 * b + 4));
      table.values[7 * BODIES + b] = pushed[b]!;
    }
    tables.push(table);
  }
  return tables;
}

function push(
  random: SeededRandom,
  place: Float64Array,
  speed: Float64Array,
  pushed: Uint8Array,
): void {
  const x = random.nextFloat() * WIDTH;
  const y = random.nextFloat() * WIDTH;
  for (let b = 0; b < BODIES; b++) {
    const dx = place[3 * b]! - x;
    const dy = place[3 * b + 1]! - y;
    const distance = Math.sqrt(dx * dx + dy * dy);
    if (distance > 800) continue;
    pushed[b] = 1;
    const force = 40 / (1 + distance / 200) / (1 + distance);
    speed[2 * b]! += dx * force + random.nextFloat();
    speed[2 * b + 1]! += dy * force + random.nextFloat();
  }
}

function roll(
  b: number,
  place: Float64Array,
  speed: Float64Array,
  turn: Float64Array,
): void {
  for (let c = 0; c < 2; c++) {
    const v = speed[2 * b + c]! * 0.97;
    speed[2 * b + c] = v * v < 0.01 ? 0 : v;
    const to = place[3 * b + c]! + v;
    if (to < 0 || to >= WIDTH) speed[2 * b + c] = -v;
    else place[3 * b + c] = to;
  }
  const dx = -speed[2 * b + 1]! / 64;
  const dy = speed[2 * b]! / 64;
  const at = 4 * b;
  const x = turn[at]!, y = turn[at + 1]!, z = turn[at + 2]!, w = turn[at + 3]!;
  const nx = x + dx * w + dy * z;
  const ny = y + dy * w - dx * z;
  const nz = z + dx * y - dy * x;
  const nw = w - dx * x - dy * y;
  const length = Math.sqrt(nx * nx + ny * ny + nz * nz + nw * nw);
  turn[at] = nx / length;
  turn[at + 1] = ny / length;
  turn[at + 2] = nz / length;
  turn[at + 3] = nw / length;
}

function putRotation(table: EntityTable, b: number, turn: Float64Array): void {
  let largest = 0;
  for (let k = 1; k < 4; k++) {
    if (Math.abs(turn[k]!) > Math.abs(turn[largest]!)) largest = k;
  }
  const sign = turn[largest]! < 0 ? -1 : 1;
  table.values[3 * BODIES + b] = largest;
  for (let k = 0, c = 4; k < 4; k++) {
    if (k === largest) continue;
    const part = (turn[k]! * sign * Math.SQRT2 + 1) * 0.5;
    table.values[c * BODIES + b] = Math.floor(part * PARTS + 0.5);
    c += 1;
  }
}
