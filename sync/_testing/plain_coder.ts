import type { ByteWriter } from "../../protocol/mod.ts";
import { ByteReader } from "../../protocol/mod.ts";
import type {
  CoderFault,
  CoderState,
  TableCoder,
} from "../coder/table_coder.ts";
import type { EntityTable, TableContent } from "../snapshot/entity_table.ts";
import { countBits, hasBit, nextBit, setBit } from "../world/bit_set.ts";

/** Counts, and mixes in, all that it has coded: a state that shows when ends differ. */
class CountState implements CoderState {
  count = 0;
  readonly byteLength = 4;
  copyFrom(other: CoderState): void {
    this.count = (other as CountState).count;
  }
  reset(): void {
    this.count = 0;
  }
}

/** A coder for tests: each changed place whole, byte by byte, or nothing if it is gone. */
export class PlainCoder implements TableCoder {
  readonly #learns: boolean;

  constructor(learns = false) {
    this.#learns = learns;
  }

  createState(): CoderState | undefined {
    return this.#learns ? new CountState() : undefined;
  }

  encode(
    base: TableContent,
    baseState: CoderState | undefined,
    current: TableContent,
    state: CoderState | undefined,
    changed: Uint32Array,
    writer: ByteWriter,
  ): void {
    const { capacity, form: { columns } } = current;
    let sum = (baseState as CountState | undefined)?.count ?? 0;
    if (this.#learns) writer.u32(sum);
    writer.varint(countBits(changed));
    let next = 0;
    for (let at = nextBit(changed, 0); at >= 0; at = nextBit(changed, at + 1)) {
      const isAlive = hasBit(current.alive, at);
      writer.varint((at - next) * 2 + (isAlive ? 1 : 0));
      next = at + 1;
      sum = (sum * 31 + at) >>> 0;
      if (!isAlive) continue;
      const { generations } = current;
      const isSame = hasBit(base.alive, at) &&
        base.generations[at] === generations[at];
      writer.varint(isSame ? 0 : generations[at]! + 1);
      for (let c = 0; c < columns.length; c++) {
        const was = isSame ? base.values[c * capacity + at]! : 0;
        const value = current.values[c * capacity + at]!;
        writer.varint((value ^ was) >>> 0);
        sum = (sum * 31 + value) >>> 0;
      }
    }
    if (state !== undefined) (state as CountState).count = sum;
  }

  decode(
    bytes: Uint8Array,
    start: number,
    end: number,
    base: TableContent,
    baseState: CoderState | undefined,
    current: EntityTable,
    state: CoderState | undefined,
    changed: Uint32Array,
  ): number | CoderFault {
    const { capacity, form: { columns } } = current;
    const reader = new ByteReader();
    reader.reset(bytes, start, end);
    let sum = (baseState as CountState | undefined)?.count ?? 0;
    if (this.#learns && reader.u32() !== sum) return "notCanonical";
    const count = reader.varint();
    let next = 0;
    for (let i = 0; i < count; i++) {
      const head = reader.varint();
      const at = next + Math.floor(head / 2);
      if (!reader.ok) return faultOf(reader);
      if (at >= capacity) return "range";
      next = at + 1;
      sum = (sum * 31 + at) >>> 0;
      setBit(changed, at);
      if (head % 2 === 0) {
        current.clear(at);
        continue;
      }
      const generation = reader.varint();
      if (generation > 65_536) return "range";
      if (generation === 0 && !hasBit(base.alive, at)) return "notCanonical";
      if (generation > 0) current.place(at, generation - 1);
      for (let c = 0; c < columns.length; c++) {
        const was = generation === 0 ? base.values[c * capacity + at]! : 0;
        const raw = reader.varint();
        if (raw > 0xffff_ffff) return "range";
        const value = raw ^ was;
        if ((value >>> 0) > columns[c]!.max) return "range";
        current.values[c * capacity + at] = value;
        sum = (sum * 31 + value) >>> 0;
      }
    }
    if (!reader.ok) return faultOf(reader);
    if (state !== undefined) (state as CountState).count = sum;
    return reader.position;
  }
}

function faultOf(reader: ByteReader): CoderFault {
  return reader.error === "truncated" ? "truncated" : "notCanonical";
}
