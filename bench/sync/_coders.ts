// Our own coders, behind their port. What one has learnt is kept with each snapshot, at both ends apart, and taken from the base.
import { ByteWriter } from "../../protocol/mod.ts";
import {
  type CoderState,
  FastCoder,
  StrongCoder,
  type TableCoder,
  type TableForm,
} from "../../sync/mod.ts";
import type { Format, Session } from "./_format.ts";
import { bitSet } from "../../sync/world/bit_set.ts";

export const FAST = "tickwire fast";
export const STRONG = "tickwire strong";
export const STRONG_HIGH = "tickwire strong, high effort";

/** Each coder joins by its line. */
export const CODERS: readonly Format[] = [
  formatOf(FAST, (form) => new FastCoder(form)),
  formatOf(STRONG, (form) => new StrongCoder(form)),
  formatOf(STRONG_HIGH, (form) => new StrongCoder(form, { effort: "high" })),
];

/** Snapshots that are kept: more than the oldest base is old. */
const KEPT = 16;

function formatOf(
  name: string,
  create: (form: TableForm) => TableCoder,
): Format {
  return {
    name,
    open: ({ form }, age) => openCoder(create(form), create(form), form, age),
  };
}

function openCoder(
  encoder: TableCoder,
  decoder: TableCoder,
  { maxEntities }: TableForm,
  age: number,
): Session {
  const writer = new ByteWriter();
  const changed = bitSet(maxEntities);
  // Those that nothing was sent for have learnt nothing.
  const ours = Array.from({ length: KEPT }, () => encoder.createState());
  const theirs = Array.from({ length: KEPT }, () => decoder.createState());
  const { byteLength = 0 } = ours[0] ?? {};

  function stateOf(
    states: readonly (CoderState | undefined)[],
    message: number,
  ): CoderState | undefined {
    return states[(message + KEPT) % KEPT];
  }

  return {
    stateBytes: byteLength,
    begin: () => void changed.fill(0),
    encode(step) {
      writer.reset();
      encoder.encode(
        step.base,
        stateOf(ours, step.message - age),
        step.current,
        stateOf(ours, step.message),
        step.changed,
        writer,
      );
      if (!writer.ok) throw new Error(`Cannot encode: ${writer.error}`);
      return writer.view();
    },
    decode(bytes, step) {
      const end = decoder.decode(
        bytes,
        0,
        bytes.length,
        step.held,
        stateOf(theirs, step.message - age),
        step.into,
        stateOf(theirs, step.message),
        changed,
      );
      if (end !== bytes.length) throw new Error(`Cannot decode: ${end}`);
    },
  };
}
