// This module is browser compatible.
import type { ByteWriter } from "../../../protocol/mod.ts";
import type {
  EntityTable,
  TableContent,
  TableForm,
} from "../../snapshot/entity_table.ts";
import { setBit } from "../../world/bit_set.ts";
import type { CoderFault, CoderState, TableCoder } from "../table_coder.ts";
import { BitPacker } from "./_bit_packer.ts";
import { BitUnpacker } from "./_bit_unpacker.ts";
import { type ColumnGroup, groupColumns } from "./_column_group.ts";
import { PrefixCode } from "./_prefix_code.ts";

/** Groups whose changes are told by one symbol. */
const GROUPS_PER_MASK = 4;
const GENERATION_BITS = 16;
/** A gap of 2^16 - 1 places has 17 classes. */
const GAP_CLASSES = 17;
const COUNT_BITS = 17;

/**
 * The coder of few operations: differences in as many bits as they need, nothing learnt.
 *
 * For each entity that differs it writes how many places were passed over, which fields
 * have changed, and for each of those a class (how wide its widest number is) with its
 * numbers in as many bits each. Gaps, masks and classes are in a Huffman code of the
 * message's own; see WIRE.md.
 *
 * @example A difference, and back
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ByteWriter, u16 } from "@tickwire/net/protocol";
 * import { defineEntity, EntityTable, FastCoder } from "@tickwire/net/sync";
 *
 * const form = defineEntity({ level: u16 }, { maxEntities: 8 });
 * const base = new EntityTable(form);
 * const current = new EntityTable(form);
 * current.place(3, 0);
 * current.values[3] = 500;
 *
 * const coder = new FastCoder(form);
 * const writer = new ByteWriter();
 * coder.encode(base, undefined, current, undefined, new Uint32Array([0b1000]), writer);
 *
 * const decoded = new EntityTable(form);
 * const changed = new Uint32Array(1);
 * const bytes = writer.view();
 * coder.decode(bytes, 0, bytes.length, base, undefined, decoded, undefined, changed);
 * assertEquals([decoded, changed], [current, new Uint32Array([0b1000])]);
 * ```
 */
export class FastCoder implements TableCoder {
  readonly #form: TableForm;
  readonly #groups: readonly ColumnGroup[];
  readonly #gaps = new PrefixCode(GAP_CLASSES);
  readonly #masks: readonly PrefixCode[];
  /** By group: the code of its classes. */
  readonly #classes: readonly PrefixCode[];
  readonly #packer = new BitPacker();
  readonly #unpacker = new BitUnpacker();
  /** The most bits of an entity. */
  readonly #maxBits: number;
  // Of the message that is being written, entity after entity.
  readonly #slots: Uint16Array;
  readonly #entityMasks: Uint8Array;
  readonly #entityClasses: Uint8Array;

  /**
   * Creates a coder.
   *
   * @param form What its tables are made for.
   */
  constructor(form: TableForm) {
    const groups = groupColumns(form.columns);
    const masks = Math.ceil(groups.length / GROUPS_PER_MASK);
    this.#form = form;
    this.#groups = groups;
    this.#masks = Array.from(
      { length: masks },
      (_, i) =>
        new PrefixCode(
          1 << Math.min(GROUPS_PER_MASK, groups.length - i * GROUPS_PER_MASK),
        ),
    );
    this.#classes = groups.map(({ classes }) => new PrefixCode(classes || 1));
    this.#slots = new Uint16Array(form.maxEntities);
    this.#entityMasks = new Uint8Array(form.maxEntities * masks);
    this.#entityClasses = new Uint8Array(form.maxEntities * groups.length);
    this.#maxBits = groups.reduce((sum, it) => sum + it.maxBits + 8, 64) +
      8 * masks;
  }

  /** This coder learns nothing. */
  createState(): undefined {
    return undefined;
  }

  encode(
    base: TableContent,
    _baseState: CoderState | undefined,
    current: TableContent,
    _state: CoderState | undefined,
    changed: Uint32Array,
    writer: ByteWriter,
  ): void {
    const packer = this.#packer;
    const count = this.#compare(base, current, changed);
    packer.reset();
    packer.reserve(COUNT_BITS + 512 * (this.#groups.length + 2));
    packer.put(count, COUNT_BITS);
    if (count > 0) {
      this.#gaps.write(packer);
      for (const code of this.#masks) code.write(packer);
      for (let g = 0; g < this.#groups.length; g++) {
        if (this.#groups[g]!.classes > 1) this.#classes[g]!.write(packer);
      }
      this.#writeEntities(base, current, count);
    }
    writer.raw(packer.finish());
  }

  decode(
    bytes: Uint8Array,
    start: number,
    end: number,
    base: TableContent,
    _baseState: CoderState | undefined,
    current: EntityTable,
    _state: CoderState | undefined,
    changed: Uint32Array,
  ): number | CoderFault {
    const unpacker = this.#unpacker;
    unpacker.reset(bytes, start, end);
    const count = unpacker.take(COUNT_BITS);
    if (count > this.#form.maxEntities) return "range";
    if (count > 0) {
      let isCode = this.#gaps.read(unpacker);
      for (const code of this.#masks) isCode = isCode && code.read(unpacker);
      for (let g = 0; g < this.#groups.length; g++) {
        if (this.#groups[g]!.classes < 2) continue;
        isCode = isCode && this.#classes[g]!.read(unpacker);
      }
      if (!isCode) return unpacker.isPastEnd ? "truncated" : "notCanonical";
      const fault = this.#readEntities(base, current, count, changed);
      if (fault !== undefined) {
        return unpacker.isPastEnd ? "truncated" : fault;
      }
    }
    if (unpacker.isPastEnd) return "truncated";
    return unpacker.isPadded() ? unpacker.nextByte : "notCanonical";
  }

  /** Finds what differs, and how wide; returns how many entities do. */
  #compare(
    base: TableContent,
    current: TableContent,
    changed: Uint32Array,
  ): number {
    const groups = this.#groups;
    const masks = this.#masks;
    this.#gaps.counts.fill(0);
    for (const { counts } of masks) counts.fill(0);
    for (const { counts } of this.#classes) counts.fill(0);
    let count = 0;
    let next = 0;
    for (let word = 0; word < changed.length; word++) {
      let left = changed[word]!;
      while (left !== 0) {
        const bit = left & -left;
        left ^= bit;
        const slot = (word << 5) + 31 - Math.clz32(bit);
        const isBefore = (base.alive[word]! & bit) !== 0;
        const isAfter = (current.alive[word]! & bit) !== 0;
        if (!isBefore && !isAfter) continue;
        const maskAt = count * masks.length;
        for (let m = 0; m < masks.length; m++) {
          this.#entityMasks[maskAt + m] = 0;
        }
        const isSame = isBefore && isAfter &&
          base.generations[slot] === current.generations[slot];
        if (isSame) {
          let isAny = false;
          for (let g = 0; g < groups.length; g++) {
            const group = groups[g]!;
            const it = classOf(group, base, current, slot);
            if (it === 0) continue;
            isAny = true;
            this.#entityMasks[maskAt + (g >>> 2)]! |= 1 << (g & 3);
            this.#entityClasses[count * groups.length + g] = it - 1;
            this.#classes[g]!.counts[it - 1]!++;
          }
          if (!isAny) continue;
        }
        for (let m = 0; m < masks.length; m++) {
          masks[m]!.counts[this.#entityMasks[maskAt + m]!]!++;
        }
        this.#gaps.counts[31 - Math.clz32(slot - next + 1)]!++;
        next = slot + 1;
        this.#slots[count++] = slot;
      }
    }
    return count;
  }

  #writeEntities(
    base: TableContent,
    current: TableContent,
    count: number,
  ): void {
    const groups = this.#groups;
    const masks = this.#masks;
    const packer = this.#packer;
    const { capacity } = current;
    let next = 0;
    for (let i = 0; i < count; i++) {
      packer.reserve(this.#maxBits);
      const slot = this.#slots[i]!;
      const gap = slot - next + 1;
      next = slot + 1;
      const gapClass = 31 - Math.clz32(gap);
      this.#gaps.put(packer, gapClass);
      packer.put(gap - (1 << gapClass), gapClass);
      let isAny = 0;
      for (let m = 0; m < masks.length; m++) {
        const mask = this.#entityMasks[i * masks.length + m]!;
        masks[m]!.put(packer, mask);
        isAny |= mask;
      }
      if (isAny === 0) {
        const isAfter = (current.alive[slot >>> 5]! >>> (slot & 31) & 1) === 1;
        packer.put(isAfter ? 1 : 0, 1);
        if (isAfter) this.#writeWhole(current, slot);
        continue;
      }
      for (let g = 0; g < groups.length; g++) {
        const mask = this.#entityMasks[i * masks.length + (g >>> 2)]!;
        if ((mask >>> (g & 3) & 1) === 0) continue;
        const group = groups[g]!;
        const it = this.#entityClasses[i * groups.length + g]!;
        if (group.classes > 1) this.#classes[g]!.put(packer, it);
        const at = group.columns[0]!.index * capacity + slot;
        writeGroup(
          packer,
          group,
          it + 1,
          base.values,
          current.values,
          at,
          capacity,
        );
      }
    }
  }

  #writeWhole(current: TableContent, slot: number): void {
    const { values, capacity } = current;
    const { columns } = this.#form;
    this.#packer.put(current.generations[slot]!, GENERATION_BITS);
    for (let c = 0; c < columns.length; c++) {
      this.#packer.putWide(values[c * capacity + slot]!, columns[c]!.bits);
    }
  }

  #readEntities(
    base: TableContent,
    current: EntityTable,
    count: number,
    changed: Uint32Array,
  ): CoderFault | undefined {
    const groups = this.#groups;
    const masks = this.#masks;
    const unpacker = this.#unpacker;
    const { capacity } = current;
    let next = 0;
    for (let i = 0; i < count; i++) {
      const gapClass = this.#gaps.take(unpacker);
      if (gapClass < 0) return "notCanonical";
      const slot = next + (1 << gapClass) + unpacker.take(gapClass) - 1;
      if (slot >= capacity) return "range";
      next = slot + 1;
      setBit(changed, slot);
      let all = 0;
      for (let m = 0; m < masks.length; m++) {
        const mask = masks[m]!.take(unpacker);
        if (mask < 0) return "notCanonical";
        this.#entityMasks[m] = mask;
        all |= mask;
      }
      const isBefore = (base.alive[slot >>> 5]! >>> (slot & 31) & 1) === 1;
      if (all === 0) {
        const fault = this.#readWhole(base, isBefore, current, slot);
        if (fault !== undefined) return fault;
        continue;
      }
      if (!isBefore) return "notCanonical";
      for (let g = 0; g < groups.length; g++) {
        if ((this.#entityMasks[g >>> 2]! >>> (g & 3) & 1) === 0) continue;
        const group = groups[g]!;
        const it = group.classes > 1 ? this.#classes[g]!.take(unpacker) : 0;
        if (it < 0) return "notCanonical";
        const at = group.columns[0]!.index * capacity + slot;
        const fault = readGroup(
          unpacker,
          group,
          it + 1,
          base.values,
          current.values,
          at,
          capacity,
        );
        if (fault !== undefined) return fault;
      }
    }
    return undefined;
  }

  #readWhole(
    base: TableContent,
    isBefore: boolean,
    current: EntityTable,
    slot: number,
  ): CoderFault | undefined {
    const unpacker = this.#unpacker;
    const { values, capacity } = current;
    if (unpacker.take(1) === 0) {
      if (!isBefore) return "notCanonical";
      current.clear(slot);
      return undefined;
    }
    const generation = unpacker.take(GENERATION_BITS);
    if (isBefore && base.generations[slot] === generation) {
      return "notCanonical";
    }
    current.place(slot, generation);
    const { columns } = this.#form;
    for (let c = 0; c < columns.length; c++) {
      const { bits, max } = columns[c]!;
      const value = unpacker.takeWide(bits);
      if (value >>> 0 > max) return "range";
      values[c * capacity + slot] = value;
    }
    return undefined;
  }
}

/** The class of a group's difference: 0 if there is none. */
function classOf(
  group: ColumnGroup,
  base: TableContent,
  current: TableContent,
  slot: number,
): number {
  const { capacity } = current;
  const before = base.values;
  const after = current.values;
  const { columns, kind } = group;
  let at = columns[0]!.index * capacity + slot;
  switch (kind) {
    case "plain":
      return before[at] === after[at] ? 0 : 1;
    case "angle":
      return widthOf(wrapped(after[at]! - before[at]!, group.bits[0]!));
    case "words": {
      let all = 0;
      for (let c = 0; c < columns.length; c++, at += capacity) {
        all |= before[at]! ^ after[at]!;
      }
      return 32 - Math.clz32(all);
    }
    default: {
      let from = 0;
      if (kind === "rotation") {
        if (before[at] !== after[at]) return group.classes;
        at += capacity;
        from = 1;
      }
      let all = 0;
      for (let c = from; c < columns.length; c++, at += capacity) {
        all |= magnitude(after[at]! - before[at]! | 0);
      }
      return 32 - Math.clz32(all);
    }
  }
}

function writeGroup(
  packer: BitPacker,
  group: ColumnGroup,
  it: number,
  before: Int32Array,
  after: Int32Array,
  first: number,
  stride: number,
): void {
  const { columns, kind, bits } = group;
  let at = first;
  switch (kind) {
    case "plain":
      // A flag that has changed is the other one.
      if (bits[0] !== 1) packer.putWide(after[at]!, bits[0]!);
      return;
    case "angle":
      packer.putWide(
        biased(wrapped(after[at]! - before[at]!, bits[0]!), it),
        differenceBits(it),
      );
      return;
    case "words":
      for (let c = 0; c < columns.length; c++, at += stride) {
        packer.putWide(before[at]! ^ after[at]!, it);
      }
      return;
    case "rotation":
      if (it === group.classes) {
        for (let c = 0; c < columns.length; c++, at += stride) {
          packer.putWide(after[at]!, bits[c]!);
        }
        return;
      }
      at += stride;
  }
  const width = differenceBits(it);
  for (
    let c = kind === "rotation" ? 1 : 0;
    c < columns.length;
    c++, at += stride
  ) {
    packer.putWide(biased(after[at]! - before[at]! | 0, it), width);
  }
}

function readGroup(
  unpacker: BitUnpacker,
  group: ColumnGroup,
  it: number,
  before: Int32Array,
  after: Int32Array,
  first: number,
  stride: number,
): CoderFault | undefined {
  const { columns, kind, bits, max } = group;
  let at = first;
  let from = 0;
  switch (kind) {
    case "plain": {
      const value = bits[0] === 1
        ? before[at]! ^ 1
        : unpacker.takeWide(bits[0]!);
      if (value >>> 0 > max[0]!) return "range";
      after[at] = value;
      return value === before[at] ? "notCanonical" : undefined;
    }
    case "angle": {
      const difference = unbiased(unpacker.takeWide(differenceBits(it)), it);
      if (widthOf(wrapped(difference, bits[0]!)) !== it) return "notCanonical";
      const mask = bits[0] === 32 ? -1 : (1 << bits[0]!) - 1;
      after[at] = (before[at]! + difference) & mask;
      return undefined;
    }
    case "words": {
      let all = 0;
      for (let c = 0; c < columns.length; c++, at += stride) {
        const difference = unpacker.takeWide(it);
        after[at] = before[at]! ^ difference;
        all |= difference;
      }
      return 32 - Math.clz32(all) === it ? undefined : "notCanonical";
    }
    case "rotation":
      if (it === group.classes) {
        for (let c = 0; c < columns.length; c++, at += stride) {
          const value = unpacker.takeWide(bits[c]!);
          if (value > max[c]!) return "range";
          if (c === 0 && value === before[at]) return "notCanonical";
          after[at] = value;
        }
        return undefined;
      }
      at += stride;
      from = 1;
  }
  const width = differenceBits(it);
  let all = 0;
  for (let c = from; c < columns.length; c++, at += stride) {
    const difference = unbiased(unpacker.takeWide(width), it);
    const value = before[at]! + difference | 0;
    if (value >>> 0 > max[c]!) return "range";
    after[at] = value;
    all |= magnitude(difference);
  }
  return 32 - Math.clz32(all) === it ? undefined : "notCanonical";
}

/** How many bits a difference of a width takes with its sign. */
function differenceBits(width: number): number {
  return width < 32 ? width + 1 : 32;
}

/** A difference without a sign: 0 to 2^(width + 1) - 2. */
function biased(difference: number, width: number): number {
  return width < 31 ? difference + (1 << width) - 1 : difference;
}

function unbiased(value: number, width: number): number {
  return width < 31 ? value - (1 << width) + 1 : value;
}

// The magnitude of -2^31 is 2^31, whose 32 bits are those of -2^31.
function magnitude(difference: number): number {
  return difference < 0 ? -difference | 0 : difference;
}

function widthOf(difference: number): number {
  return 32 - Math.clz32(magnitude(difference));
}

/** A difference of angles, the short way round. */
function wrapped(difference: number, bits: number): number {
  return difference << (32 - bits) >> (32 - bits);
}
