// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import {
  BitReader,
  BitWriter,
  type ByteWriter,
  type Field,
} from "../../protocol/mod.ts";
import type { InputSource } from "../client/sync_client_options.ts";
import type { InputFeedback } from "../wire/input_feedback.ts";
import { isNearView, writeView } from "./_view_bits.ts";
import type { ViewStamp } from "./view_stamp.ts";

/** The most bytes that a field for inputs may take. */
const MAX_INPUT_BYTES = 256;
/** The most inputs of a report, and the most that an {@linkcode InputSender} keeps. */
export const MAX_REPORT_INPUTS = 64;
/** The most ticks from one input of a report to the next. */
const MAX_INPUT_GAP = 65;

/** The options of {@linkcode InputSender}. */
export interface InputSenderOptions {
  /**
   * In how many reports each input is at least, unless it is acknowledged earlier: an
   * integer from 1 to 64. With three, and one report in twenty lost, one input of 8,000
   * does not arrive in time.
   *
   * @default {3}
   */
  readonly redundancy?: number;
  /**
   * How many bytes a report may have for inputs to be in more reports than `redundancy`
   * says, until they are acknowledged: an integer from 0 to 16384. An input that is the
   * same as the one after it takes less than a byte.
   *
   * @default {48}
   */
  readonly maxBytes?: number;
}

/** An input that has no number on the wire: see {@linkcode InputSender}. */
interface Slot<I> {
  tick: number;
  input: I | undefined;
  view: ViewStamp | undefined;
  /** The input as its field writes it, alone. */
  readonly bytes: Uint8Array;
  bits: number;
}

/**
 * The client's end of inputs: keeps those that the server has not acknowledged, and
 * writes the newest of them into every report, so that one report that arrives makes up
 * for those that were lost.
 *
 * A report has the newest input first; then older ones, of which one that is the same as
 * the one after it takes six bits, if its view has moved on as its tick has. Without
 * inputs it has no bytes. `sync/input/WIRE.md` has the format.
 *
 * It is what a `SyncClient` takes as its `inputs`; `ServerInputs` is its server's.
 *
 * @typeParam I The type of the inputs.
 *
 * @example Two reports, the first of which is lost
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bits, ByteWriter, struct } from "@tickwire/net/protocol";
 * import { InputQueue, InputSender } from "@tickwire/net/sync";
 *
 * const field = struct({ buttons: bits(4) });
 * const sender = new InputSender(field);
 * const queue = new InputQueue(field, { tickRate: 60 });
 *
 * sender.push(100, { buttons: 1 });
 * sender.write(new ByteWriter()); // lost
 * sender.push(101, { buttons: 3 });
 * const report = new ByteWriter();
 * sender.write(report);
 *
 * queue.read(report.view(), 98);
 * assertEquals(queue.take(100).input, { buttons: 1 });
 * assertEquals(queue.take(101).input, { buttons: 3 });
 * sender.ackUpTo(queue.ackTick);
 * assertEquals(sender.size, 0);
 * ```
 */
export class InputSender<I> implements InputSource {
  readonly #field: Field<I>;
  readonly #redundancy: number;
  readonly #maxBits: number;
  readonly #slots: readonly Slot<I>[];
  readonly #writer = new BitWriter();
  readonly #reader = new BitReader();
  // What writes bits into the bytes that were given last.
  #bytes: ByteWriter | undefined;
  #bits: BitWriter | undefined;
  /** Where each input of a report begins. */
  readonly #starts = new Float64Array(MAX_REPORT_INPUTS);
  #first = 0;
  #count = 0;
  #newestTick = -1;
  #dropped = 0;

  /**
   * Creates a sender without inputs.
   *
   * @param field What an input is: the same one as the receiver's.
   * @param options How often inputs are sent.
   * @throws {RangeError} If an option is out of its range, or an input may take more
   * than 256 bytes.
   */
  constructor(field: Field<I>, options: InputSenderOptions = {}) {
    const { redundancy = 3, maxBytes = 48 } = options;
    const inputBytes = checkInputField(field);
    this.#field = field;
    this.#redundancy = checkInteger(
      "redundancy",
      redundancy,
      1,
      MAX_REPORT_INPUTS,
    );
    this.#maxBits = checkInteger("maxBytes", maxBytes, 0, 16_384) * 8;
    this.#slots = Array.from({ length: MAX_REPORT_INPUTS }, () => ({
      tick: 0,
      input: undefined,
      view: undefined,
      bytes: new Uint8Array(inputBytes),
      bits: 0,
    }));
  }

  /** How many inputs are kept, as they are not acknowledged: 0 to 64. */
  get size(): number {
    return this.#count;
  }

  /** How many were dropped unacknowledged, as 64 newer ones had come. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Adds the input of a tick.
   *
   * @param tick The tick that it is for: an integer from 0 to 2^32 - 1, later than all
   * before it.
   * @param input What the player does.
   * @param view What the player sees: `viewStamp`. One that is more than 1,791 ticks
   * older than the input is left out.
   * @returns The input as the server will read it, which is what to predict with; it
   * belongs to the sender too, and must not be changed.
   * @throws {RangeError} If `tick` is no such integer.
   * @throws {TypeError} If the field does not allow the input.
   */
  push(tick: number, input: I, view?: ViewStamp): I {
    checkInteger("tick", tick, this.#newestTick + 1, 0xffff_ffff);
    const writer = this.#writer;
    writer.reset();
    this.#field.write(writer, input);
    if (!writer.ok) {
      throw new TypeError(
        `Cannot push an input as it must be ${this.#field.descriptor}`,
      );
    }
    const { bitLength } = writer;
    const bytes = writer.align().view();
    this.#reader.reset(bytes);
    const rounded = this.#field.read(this.#reader);
    if (this.#count === MAX_REPORT_INPUTS) {
      this.#first = (this.#first + 1) % MAX_REPORT_INPUTS;
      this.#count--;
      this.#dropped++;
    }
    const slot = this.#at(this.#count++);
    slot.tick = tick;
    slot.input = rounded;
    slot.view = view !== undefined && isNearView(view, tick) ? view : undefined;
    slot.bytes.set(bytes);
    slot.bits = bitLength;
    this.#newestTick = tick;
    return rounded;
  }

  /**
   * Forgets what the server has taken.
   *
   * @param tick The receiver's `ackTick`.
   */
  ackUpTo(tick: number): void {
    while (this.#count > 0 && this.#at(0).tick <= tick) {
      this.#at(0).input = undefined;
      this.#first = (this.#first + 1) % MAX_REPORT_INPUTS;
      this.#count--;
    }
  }

  /**
   * Takes what the server tells of the inputs, and forgets those that it has.
   *
   * @param feedback What it tells.
   */
  acknowledge(feedback: Readonly<InputFeedback>): void {
    this.ackUpTo(feedback.tick);
  }

  /**
   * Writes a report: the newest inputs, as many as the options say.
   *
   * @param writer Where to; nothing if there are no inputs. If it is full, older inputs
   * are left out; its error is set if there is no room for the newest one.
   * @returns How many inputs the report has: 0 to 64.
   */
  write(writer: ByteWriter): number {
    if (this.#count === 0) return 0;
    if (this.#bytes !== writer) {
      this.#bytes = writer;
      this.#bits = new BitWriter(writer);
    }
    const written = this.#writeAll(this.#bits!);
    this.#bits!.align();
    if (writer.ok) return written;
    // Bits that found no room must not begin the next report.
    this.#bytes = undefined;
    return 0;
  }

  #writeAll(writer: BitWriter): number {
    const start = writer.bitLength;
    const starts = this.#starts;
    let later = this.#at(this.#count - 1);
    writer.bits(later.tick & 0xffff, 16);
    this.#field.write(writer, later.input!);
    writeView(writer, later.view, later.tick, undefined, 0);
    if (!writer.ok) return 0;
    let written = 1;
    for (let i = this.#count - 2; i >= 0; i--) {
      const slot = this.#at(i);
      const gap = later.tick - slot.tick;
      if (gap > MAX_INPUT_GAP) break;
      starts[written] = writer.bitLength;
      this.#writeOlder(writer, slot, later, gap);
      const isBeyond = written >= this.#redundancy &&
        writer.bitLength + 1 - start > this.#maxBits;
      if (!writer.ok || isBeyond) {
        writer.rewind(starts[written]!);
        break;
      }
      written++;
      later = slot;
    }
    // The last bits may be those that there is no room for.
    while (!endReport(writer) && written > 1) {
      writer.rewind(starts[--written]!);
    }
    return written;
  }

  #writeOlder(
    writer: BitWriter,
    slot: Slot<I>,
    later: Slot<I>,
    gap: number,
  ): void {
    writer.bool(true);
    writer.bool(gap > 1);
    if (gap > 1) writer.bits(gap - 2, 6);
    const isSame = slot.bits === later.bits && isSameInput(slot, later);
    writer.bool(isSame);
    if (!isSame) this.#field.write(writer, slot.input!);
    writeView(writer, slot.view, slot.tick, later.view, later.tick);
  }

  #at(index: number): Slot<I> {
    return this.#slots[(this.#first + index) % MAX_REPORT_INPUTS]!;
  }
}

/** Ends a report, and returns whether there is room for its last byte. */
function endReport(writer: BitWriter): boolean {
  writer.bool(false);
  const { bitLength } = writer;
  writer.align();
  if (!writer.ok) return false;
  writer.rewind(bitLength);
  return true;
}

/** Refuses a field that is too large for inputs; tells the most bytes it takes. */
export function checkInputField(field: Field<unknown>): number {
  const bytes = Math.ceil(field.maxBits / 8);
  if (bytes <= MAX_INPUT_BYTES) return bytes;
  throw new RangeError(
    `Cannot use a field for inputs as it must take at most ${MAX_INPUT_BYTES} bytes: current value is ${bytes}`,
  );
}

function isSameInput(a: Slot<unknown>, b: Slot<unknown>): boolean {
  const length = (a.bits + 7) >>> 3;
  for (let i = 0; i < length; i++) if (a.bytes[i] !== b.bytes[i]) return false;
  return true;
}
