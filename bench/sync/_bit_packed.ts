// A plain bit-packed delta as it is written by hand in an afternoon: for each cube that has changed its number, a bit for each of
// its three fields, and differences in few bits where they fit.
import { BitReader, BitWriter } from "../../protocol/mod.ts";
import { changedSlots } from "./_changed_slots.ts";
import type { Format } from "./_format.ts";
import { Col } from "./_recording.ts";

const SLOT_BITS = 10;
const AXIS_BITS = 15;
const HEIGHT_BITS = 13;
const LARGEST_BITS = 2;
const PART_BITS = 9;
/** Differences that fit have so many bits with their sign. */
const SMALL_MOVE_BITS = 8;
const SMALL_TURN_BITS = 5;

export const BIT_PACKED: Format = {
  name: "bit-packed by hand",
  open() {
    const writer = new BitWriter();
    const reader = new BitReader();
    return {
      encode(step) {
        const { base: { values: before }, current } = step;
        const { values, capacity } = current;
        const slots = changedSlots(step);
        writer.reset();
        writer.bits(slots.length, SLOT_BITS);
        for (const slot of slots) {
          writer.bits(slot, SLOT_BITS);
          putVector(writer, before, values, slot, capacity);
          putRotation(writer, before, values, slot, capacity);
          const at = Col.held * capacity + slot;
          writer.bits(before[at]! ^ values[at]!, 1);
        }
        return writer.align().view();
      },
      decode(bytes, { held: { values: before }, into }) {
        const { values, capacity } = into;
        reader.reset(bytes);
        for (let left = reader.bits(SLOT_BITS); left > 0; left--) {
          const slot = reader.bits(SLOT_BITS);
          takeVector(reader, before, values, slot, capacity);
          takeRotation(reader, before, values, slot, capacity);
          const at = Col.held * capacity + slot;
          values[at] = before[at]! ^ reader.bits(1);
        }
        if (!reader.ok) throw new Error("Cannot decode");
      },
    };
  },
};

function fits(
  before: Int32Array,
  after: Int32Array,
  slot: number,
  capacity: number,
  first: number,
  bits: number,
): boolean {
  const half = 1 << bits - 1;
  for (let c = first; c < first + 3; c++) {
    const at = c * capacity + slot;
    const difference = after[at]! - before[at]!;
    if (difference < -half || difference >= half) return false;
  }
  return true;
}

function isSame(
  before: Int32Array,
  after: Int32Array,
  slot: number,
  capacity: number,
  first: number,
  end: number,
): boolean {
  for (let c = first; c < end; c++) {
    const at = c * capacity + slot;
    if (before[at] !== after[at]) return false;
  }
  return true;
}

function putDifferences(
  writer: BitWriter,
  before: Int32Array,
  after: Int32Array,
  slot: number,
  capacity: number,
  first: number,
  bits: number,
): void {
  for (let c = first; c < first + 3; c++) {
    const at = c * capacity + slot;
    writer.bits(after[at]! - before[at]! + (1 << bits - 1), bits);
  }
}

function takeDifferences(
  reader: BitReader,
  before: Int32Array,
  after: Int32Array,
  slot: number,
  capacity: number,
  first: number,
  bits: number,
): void {
  for (let c = first; c < first + 3; c++) {
    const at = c * capacity + slot;
    after[at] = before[at]! + reader.bits(bits) - (1 << bits - 1);
  }
}

function putVector(
  writer: BitWriter,
  before: Int32Array,
  after: Int32Array,
  slot: number,
  capacity: number,
): void {
  if (isSame(before, after, slot, capacity, Col.x, Col.z + 1)) {
    writer.bits(0, 1);
    return;
  }
  writer.bits(1, 1);
  const isSmall = fits(before, after, slot, capacity, Col.x, SMALL_MOVE_BITS);
  writer.bits(isSmall ? 1 : 0, 1);
  if (isSmall) {
    putDifferences(
      writer,
      before,
      after,
      slot,
      capacity,
      Col.x,
      SMALL_MOVE_BITS,
    );
    return;
  }
  writer.bits(after[Col.x * capacity + slot]!, AXIS_BITS);
  writer.bits(after[Col.y * capacity + slot]!, AXIS_BITS);
  writer.bits(after[Col.z * capacity + slot]!, HEIGHT_BITS);
}

function takeVector(
  reader: BitReader,
  before: Int32Array,
  after: Int32Array,
  slot: number,
  capacity: number,
): void {
  if (reader.bits(1) === 0) return;
  if (reader.bits(1) === 1) {
    takeDifferences(
      reader,
      before,
      after,
      slot,
      capacity,
      Col.x,
      SMALL_MOVE_BITS,
    );
    return;
  }
  after[Col.x * capacity + slot] = reader.bits(AXIS_BITS);
  after[Col.y * capacity + slot] = reader.bits(AXIS_BITS);
  after[Col.z * capacity + slot] = reader.bits(HEIGHT_BITS);
}

function putRotation(
  writer: BitWriter,
  before: Int32Array,
  after: Int32Array,
  slot: number,
  capacity: number,
): void {
  if (isSame(before, after, slot, capacity, Col.largest, Col.c + 1)) {
    writer.bits(0, 1);
    return;
  }
  writer.bits(1, 1);
  const largest = Col.largest * capacity + slot;
  const isSmall = before[largest] === after[largest] &&
    fits(before, after, slot, capacity, Col.a, SMALL_TURN_BITS);
  writer.bits(isSmall ? 1 : 0, 1);
  if (isSmall) {
    putDifferences(
      writer,
      before,
      after,
      slot,
      capacity,
      Col.a,
      SMALL_TURN_BITS,
    );
    return;
  }
  writer.bits(after[largest]!, LARGEST_BITS);
  for (let c: number = Col.a; c <= Col.c; c++) {
    writer.bits(after[c * capacity + slot]!, PART_BITS);
  }
}

function takeRotation(
  reader: BitReader,
  before: Int32Array,
  after: Int32Array,
  slot: number,
  capacity: number,
): void {
  if (reader.bits(1) === 0) return;
  if (reader.bits(1) === 1) {
    takeDifferences(
      reader,
      before,
      after,
      slot,
      capacity,
      Col.a,
      SMALL_TURN_BITS,
    );
    return;
  }
  after[Col.largest * capacity + slot] = reader.bits(LARGEST_BITS);
  for (let c: number = Col.a; c <= Col.c; c++) {
    after[c * capacity + slot] = reader.bits(PART_BITS);
  }
}
