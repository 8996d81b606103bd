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
import { classify, type Comparison } from "./_classify.ts";
import { type ColumnGroup, groupColumns } from "./_column_group.ts";
import { PrefixCode } from "./_prefix_code.ts";
import { readGroup } from "./_read_group.ts";
import { writeGroup } from "./_write_group.ts";

/** Groups whose changes are told by one symbol. */
const GROUPS_PER_MASK = 4;
const GENERATION_BITS = 16;
/** A gap of 2^16 - 1 places has 17 classes. */
const GAP_CLASSES = 17;
/** The most bits of a symbol, and of what tells a code. */
const SYMBOL_BITS = 8;
const CODE_BITS = 512;

/**
 * The coder of few operations: differences in as many bits as they need, nothing learnt.
 *
 * For each entity that differs it writes how many places were passed over and which
 * fields have changed; then field by field, for each of those entities, a class (how
 * wide the widest number is) with the numbers in as many bits each. Gaps, masks and
 * classes are in a Huffman code of the message's own; see WIRE.md.
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
  readonly #countBits: number;
  readonly #gapCode = new PrefixCode(GAP_CLASSES);
  readonly #maskCodes: readonly PrefixCode[];
  /** By group: the code of its classes. */
  readonly #classCodes: readonly PrefixCode[];
  readonly #packer = new BitPacker();
  readonly #unpacker: BitUnpacker;
  /** The most bits of an entity that is told as a whole. */
  readonly #wholeBits: number;
  // Of the message at hand, entity after entity.
  readonly #slots: Uint16Array;
  /** 1 for those that are told as a whole. */
  readonly #wholes: Uint8Array;
  /** By four groups: which of them have changed. */
  readonly #masks: readonly Uint8Array[];
  /** By group: the class of the difference, 0 for none. */
  readonly #classes: readonly Uint8Array[];
  /** The tables, with the places. One object, as a coder makes none in its work. */
  readonly #comparison: Comparison;
  /** By group: how many differences there are. */
  readonly #changes: Uint32Array;

  /**
   * Creates a coder.
   *
   * @param form What its tables are made for.
   */
  constructor(form: TableForm) {
    const { columns, maxEntities } = form;
    const groups = groupColumns(columns);
    const maskGroups = groupsOfMasks(groups.length);
    this.#form = form;
    this.#groups = groups;
    this.#countBits = 32 - Math.clz32(maxEntities);
    this.#maskCodes = maskGroups.map((it) => new PrefixCode(1 << it));
    this.#classCodes = groups.map(({ classes }) =>
      new PrefixCode(Math.max(2, classes))
    );
    this.#wholeBits = columns.reduce(
      (sum, { bits }) => sum + bits,
      1 + GENERATION_BITS,
    );
    this.#unpacker = new BitUnpacker(
      groups.reduce(
        (most, { maxBits }) => Math.max(most, maxBits),
        Math.max(CODE_BITS, this.#wholeBits),
      ) + SYMBOL_BITS,
    );
    this.#slots = new Uint16Array(maxEntities);
    const none = new Int32Array(0);
    this.#comparison = {
      before: none,
      after: none,
      capacity: maxEntities,
      slots: this.#slots,
      count: 0,
    };
    this.#wholes = new Uint8Array(maxEntities);
    this.#masks = maskGroups.map(() => new Uint8Array(maxEntities));
    this.#classes = groups.map(() => new Uint8Array(maxEntities));
    this.#changes = new Uint32Array(groups.length);
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
    const comparison = this.#compare(base, current);
    comparison.count = this.#findCandidates(base, current, changed);
    this.#classifyAll(comparison);
    comparison.count = this.#dropSame(comparison.count);
    packer.reset();
    packer.reserve(32);
    packer.put(comparison.count, this.#countBits);
    if (comparison.count > 0) {
      this.#writeSlots(comparison.count);
      this.#writeMasks(comparison.count);
      this.#writeWholes(current, comparison.count);
      this.#writeGroups(comparison);
    }
    packer.finish(writer);
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
    const count = unpacker.take(this.#countBits);
    if (count > this.#form.maxEntities) return "range";
    if (count > 0) {
      const comparison = this.#compare(base, current);
      comparison.count = count;
      const fault = this.#readSlots(count, changed) ??
        this.#readMasks(count) ??
        this.#readWholes(base, current, count) ??
        this.#readGroups(comparison);
      // What lies behind the end makes other faults too.
      if (fault !== undefined) {
        return unpacker.isPastEnd ? "truncated" : fault;
      }
    }
    if (unpacker.isPastEnd) return "truncated";
    return unpacker.isPadded() ? unpacker.nextByte : "notCanonical";
  }

  /** Sets what is compared, but for the places. */
  #compare(base: TableContent, current: TableContent): Comparison {
    const comparison = this.#comparison;
    comparison.before = base.values;
    comparison.after = current.values;
    comparison.capacity = current.capacity;
    return comparison;
  }

  /** Lists the places where there is or was an entity; returns how many. */
  #findCandidates(
    base: TableContent,
    current: TableContent,
    changed: Uint32Array,
  ): number {
    const slots = this.#slots;
    const wholes = this.#wholes;
    const before = base.generations;
    const after = current.generations;
    let count = 0;
    for (let word = 0; word < changed.length; word++) {
      let left: number = changed[word]!;
      if (left === 0) continue;
      const isBefore = base.alive[word]! | 0;
      const isAfter = current.alive[word]! | 0;
      left &= isBefore | isAfter;
      const isBoth = isBefore & isAfter;
      while (left !== 0) {
        const bit = left & -left;
        left ^= bit;
        const slot = (word << 5) + 31 - Math.clz32(bit);
        slots[count] = slot;
        wholes[count++] = (isBoth & bit) !== 0 && before[slot] === after[slot]
          ? 0
          : 1;
      }
    }
    return count;
  }

  /** Finds and counts the classes of all groups, and the masks. */
  #classifyAll(comparison: Comparison): void {
    const { count } = comparison;
    for (const masks of this.#masks) masks.fill(0, 0, count);
    for (let g = 0; g < this.#groups.length; g++) {
      const classes = this.#classes[g]!;
      classify(this.#groups[g]!, comparison, classes);
      this.#changes[g] = noteClasses(
        classes,
        this.#wholes,
        this.#masks[g >>> 2]!,
        1 << (g & 3),
        count,
        this.#classCodes[g]!.counts,
      );
    }
  }

  /** Closes up over places where nothing differs; returns how many are left. */
  #dropSame(count: number): number {
    const slots = this.#slots;
    const wholes = this.#wholes;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      if (wholes[i] === 0 && !this.#isAny(i)) continue;
      if (kept < i) {
        slots[kept] = slots[i]!;
        wholes[kept] = wholes[i]!;
        for (const masks of this.#masks) masks[kept] = masks[i]!;
        for (const classes of this.#classes) classes[kept] = classes[i]!;
      }
      kept++;
    }
    return kept;
  }

  /** Whether a mask of an entity has a bit. */
  #isAny(i: number): boolean {
    const masks = this.#masks;
    for (let m = 0; m < masks.length; m++) if (masks[m]![i] !== 0) return true;
    return false;
  }

  #writeSlots(count: number): void {
    const packer = this.#packer;
    const code = this.#gapCode;
    const { counts } = code;
    const slots = this.#slots;
    counts.fill(0);
    for (let i = 0, last = -1; i < count; i++) {
      counts[31 - Math.clz32(slots[i]! - last)]!++;
      last = slots[i]!;
    }
    packer.reserve(CODE_BITS + count * (SYMBOL_BITS + GAP_CLASSES));
    code.write(packer);
    for (let i = 0, last = -1; i < count; i++) {
      const gap = slots[i]! - last;
      const it = 31 - Math.clz32(gap);
      last = slots[i]!;
      code.put(packer, it);
      packer.put(gap - (1 << it), it);
    }
  }

  #readSlots(count: number, changed: Uint32Array): CoderFault | undefined {
    const unpacker = this.#unpacker;
    const code = this.#gapCode;
    const slots = this.#slots;
    const { maxEntities } = this.#form;
    if (!code.read(unpacker)) return "notCanonical";
    for (let i = 0, last = -1; i < count; i++) {
      const it = code.take(unpacker);
      if (it < 0) return "notCanonical";
      last += (1 << it) + unpacker.take(it);
      if (last >= maxEntities) return "range";
      if (unpacker.isPastEnd) return "truncated";
      slots[i] = last;
      setBit(changed, last);
    }
    return undefined;
  }

  #writeMasks(count: number): void {
    const packer = this.#packer;
    for (let m = 0; m < this.#masks.length; m++) {
      const code = this.#maskCodes[m]!;
      const masks = this.#masks[m]!;
      const { counts } = code;
      counts.fill(0);
      for (let i = 0; i < count; i++) counts[masks[i]!]!++;
      packer.reserve(CODE_BITS + count * SYMBOL_BITS);
      code.write(packer);
      for (let i = 0; i < count; i++) code.put(packer, masks[i]!);
    }
  }

  #readMasks(count: number): CoderFault | undefined {
    const unpacker = this.#unpacker;
    for (let m = 0; m < this.#masks.length; m++) {
      const code = this.#maskCodes[m]!;
      const masks = this.#masks[m]!;
      if (!code.read(unpacker)) return "notCanonical";
      for (let i = 0; i < count; i++) {
        const mask = code.take(unpacker);
        if (mask < 0) return "notCanonical";
        if (unpacker.isPastEnd) return "truncated";
        masks[i] = mask;
      }
    }
    return undefined;
  }

  #writeWholes(current: TableContent, count: number): void {
    const packer = this.#packer;
    const { values, capacity, generations, alive } = current;
    const { columns } = this.#form;
    for (let i = 0; i < count; i++) {
      if (this.#wholes[i] === 0) continue;
      const slot = this.#slots[i]!;
      packer.reserve(this.#wholeBits);
      const isAfter = alive[slot >>> 5]! >>> (slot & 31) & 1;
      packer.put(isAfter, 1);
      if (isAfter === 0) continue;
      packer.put(generations[slot]!, GENERATION_BITS);
      for (let c = 0; c < columns.length; c++) {
        packer.put(values[c * capacity + slot]!, columns[c]!.bits);
      }
    }
  }

  #readWholes(
    base: TableContent,
    current: EntityTable,
    count: number,
  ): CoderFault | undefined {
    const unpacker = this.#unpacker;
    for (let i = 0; i < count; i++) {
      const slot = this.#slots[i]!;
      const isBefore = (base.alive[slot >>> 5]! >>> (slot & 31) & 1) === 1;
      if (this.#isAny(i)) {
        if (!isBefore) return "notCanonical";
        continue;
      }
      if (unpacker.take(1) === 0) {
        if (!isBefore) return "notCanonical";
        current.clear(slot);
      } else {
        const fault = this.#readWhole(base, isBefore, current, slot);
        if (fault !== undefined) return fault;
      }
      if (unpacker.isPastEnd) return "truncated";
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
    const { columns } = this.#form;
    const generation = unpacker.take(GENERATION_BITS);
    if (isBefore && base.generations[slot] === generation) {
      return "notCanonical";
    }
    current.place(slot, generation);
    for (let c = 0; c < columns.length; c++) {
      const { bits, max } = columns[c]!;
      const value = unpacker.take(bits);
      if (value >>> 0 > max) return "range";
      values[c * capacity + slot] = value;
    }
    return undefined;
  }

  #writeGroups(comparison: Comparison): void {
    const packer = this.#packer;
    for (let g = 0; g < this.#groups.length; g++) {
      const group = this.#groups[g]!;
      const code = this.#classCodes[g]!;
      const classes = this.#classes[g]!;
      const changes = this.#changes[g]!;
      if (changes === 0) continue;
      packer.reserve(CODE_BITS + changes * (SYMBOL_BITS + group.maxBits));
      if (group.classes > 1) code.write(packer);
      writeGroup(packer, code, group, comparison, classes);
    }
  }

  #readGroups(comparison: Comparison): CoderFault | undefined {
    const unpacker = this.#unpacker;
    for (let g = 0; g < this.#groups.length; g++) {
      const group = this.#groups[g]!;
      const code = this.#classCodes[g]!;
      const masks = this.#masks[g >>> 2]!;
      const bit = 1 << (g & 3);
      if (!hasMask(masks, bit, comparison.count)) continue;
      if (group.classes > 1 && !code.read(unpacker)) return "notCanonical";
      const fault = readGroup(unpacker, code, group, comparison, masks, bit);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
}

/** How many groups each mask tells of. */
function groupsOfMasks(groups: number): number[] {
  return Array.from(
    { length: Math.ceil(groups / GROUPS_PER_MASK) },
    (_, m) => Math.min(GROUPS_PER_MASK, groups - m * GROUPS_PER_MASK),
  );
}

/**
 * Sets a bit of the masks where there is a class, which no whole has, and counts how
 * often each comes; returns how many there are.
 */
function noteClasses(
  classes: Uint8Array,
  wholes: Uint8Array,
  masks: Uint8Array,
  bit: number,
  count: number,
  counts: Uint32Array,
): number {
  counts.fill(0);
  let changes = 0;
  for (let i = 0; i < count; i++) {
    const it = classes[i]!;
    if (it === 0) continue;
    if (wholes[i] !== 0) {
      classes[i] = 0;
      continue;
    }
    masks[i]! |= bit;
    counts[it - 1]!++;
    changes++;
  }
  return changes;
}

function hasMask(masks: Uint8Array, bit: number, count: number): boolean {
  for (let i = 0; i < count; i++) if ((masks[i]! & bit) !== 0) return true;
  return false;
}
