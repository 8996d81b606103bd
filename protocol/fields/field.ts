// This module is browser compatible.
import type { BitReader } from "../bit_reader.ts";
import type { BitWriter } from "../bit_writer.ts";

/**
 * Describes a value on the wire: what it may be, and its bits. Contracts of rpc and
 * schemas of sync are made of fields, on both ends of a connection.
 *
 * Fields lie one behind the other, without gaps, but for those that take whole
 * bytes, which begin at the next one.
 *
 * @typeParam T The type of the value.
 */
export interface Field<T> {
  /** What kind of field it is: the name of what made it. */
  readonly type: string;
  /**
   * All that both ends must agree on, as text. Equal text means equal bits; see
   * `Contract`.
   */
  readonly descriptor: string;
  /** The fewest bits that a value takes. */
  readonly minBits: number;
  /** The most bits that a value takes, with up to 7 before it begins a byte. */
  readonly maxBits: number;
  /**
   * Writes a value. One that the field does not allow, or that is missing, sets the
   * writer's error.
   *
   * @param writer Where to.
   * @param value The value.
   */
  write(writer: BitWriter, value: T): void;
  /**
   * Reads a value. Bits that the field does not allow set the reader's error; what
   * is returned then means nothing.
   *
   * @param reader Where from.
   * @returns A value that belongs to the caller.
   */
  read(reader: BitReader): T;
}

/**
 * The type of the values of a field.
 *
 * @typeParam F The type of the field.
 */
export type FieldValue<F> = F extends Field<infer T> ? T : never;

/**
 * A field that has no options: its type says it all.
 *
 * @typeParam N The name of its type.
 * @typeParam T The type of the value.
 */
export interface PlainField<N extends string, T> extends Field<T> {
  /** Tells this kind of field from others. */
  readonly type: N;
}
