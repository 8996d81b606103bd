// This module is browser compatible.
import { checkInteger, checkPositive, TokenBucket } from "../../core/mod.ts";
import { BitReader, type Field } from "../../protocol/mod.ts";
import { InputLeadMeter } from "../clock/input_lead_meter.ts";
import { readView } from "./_view_bits.ts";
import { checkInputField, MAX_REPORT_INPUTS } from "./input_sender.ts";
import type { ViewStamp } from "./view_stamp.ts";

/** The options of {@linkcode InputQueue}. */
export interface InputQueueOptions {
  /** How many ticks the simulation has in a second: above 0. */
  readonly tickRate: number;
  /**
   * How far ahead of the simulation an input may be, in ticks: an integer from 1 to
   * 1024. As many inputs are held at most.
   *
   * @default {64}
   */
  readonly maxAheadTicks?: number;
  /**
   * How many reports are read in a second: above 0. A client sends about one each tick;
   * late ones may come all at once.
   *
   * @default {2 * tickRate}
   */
  readonly maxReportsPerSecond?: number;
}

/** Why a report was refused as a whole. */
export type InputFault =
  /** Its bits are none that a sender writes. */
  | "malformed"
  /** Too many have come in a second. */
  | "flooded";

/**
 * What to simulate a tick with.
 *
 * @typeParam I The type of the inputs.
 */
export interface TakenInput<I> {
  /** The tick. */
  readonly tick: number;
  /**
   * The input: that of the tick, or the last one again; `undefined` before the first.
   * It must not be changed.
   */
  readonly input: I | undefined;
  /**
   * How many ticks in a row the input was missing, this one included: 0 if it came. A
   * game lets go of what was held when this grows.
   */
  readonly missing: number;
  /**
   * What the player saw, as the player says; as a `ViewGuard` allows, if it is from
   * `ServerInputs`. `undefined` if nothing, or if the input is missing.
   */
  readonly view: ViewStamp | undefined;
}

/** What an {@linkcode InputQueue} has counted. */
export interface InputCounts {
  /** Inputs that came in time, each once. */
  accepted: number;
  /** Copies of inputs that had come, in time or not. */
  duplicates: number;
  /** Inputs that came after their tick only, and copies of those that were taken long ago. */
  late: number;
  /** Copies refused, as their tick was too far ahead. */
  ahead: number;
  /** Ticks that were taken without their input. */
  missing: number;
  /** Reports refused, as their bits were wrong. */
  malformed: number;
  /** Reports refused, as there were too many. */
  flooded: number;
}

/**
 * The server's end of a client's inputs: takes each once, whatever number of copies
 * come in whatever order, and gives the simulation one for each tick.
 *
 * As a tick has one input, and only so many may be ahead, a client that sends more gains
 * nothing by it.
 *
 * @typeParam I The type of the inputs.
 *
 * @example The last input again, told as such
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bits, ByteWriter } from "@tickwire/net/protocol";
 * import { InputQueue, InputSender } from "@tickwire/net/sync";
 *
 * const sender = new InputSender(bits(4));
 * sender.push(10, 0b11);
 * const report = new ByteWriter();
 * sender.write(report);
 *
 * const queue = new InputQueue(bits(4), { tickRate: 60 });
 * assertEquals(queue.read(report.view(), 8), undefined);
 * assertEquals(queue.leads.take(), 33.25); // two ticks early, in milliseconds
 * assertEquals([queue.take(10).input, queue.take(11).missing], [3, 1]);
 * ```
 */
export class InputQueue<I> {
  /**
   * How early the first copy of each input came: what a client is told, so that its
   * inputs come neither too late nor too early.
   */
  readonly leads: InputLeadMeter = new InputLeadMeter();
  readonly #field: Field<I>;
  readonly #maxAheadTicks: number;
  readonly #tickMs: number;
  readonly #bucket: TokenBucket;
  readonly #reader = new BitReader();
  // What is held: the input of a tick lies at the tick's remainder.
  readonly #ticks: Float64Array;
  readonly #inputs: (I | undefined)[];
  readonly #views: (ViewStamp | undefined)[];
  // What one report brings, before all of it is known to be right.
  readonly #readTicks = new Float64Array(MAX_REPORT_INPUTS);
  readonly #readInputs: (I | undefined)[] = [];
  readonly #readViews: (ViewStamp | undefined)[] = [];
  #takenTick = -1;
  #ackTick = -1;
  readonly #taken: { -readonly [K in keyof TakenInput<I>]: TakenInput<I>[K] } =
    {
      tick: -1,
      input: undefined,
      missing: 0,
      view: undefined,
    };
  readonly #counts: InputCounts = {
    accepted: 0,
    duplicates: 0,
    late: 0,
    ahead: 0,
    missing: 0,
    malformed: 0,
    flooded: 0,
  };

  /**
   * Creates a queue without inputs.
   *
   * @param field What an input is: the same one as the sender's.
   * @param options What a client may do.
   * @throws {RangeError} If an option is out of its range, or an input may take more
   * than 256 bytes.
   */
  constructor(field: Field<I>, options: InputQueueOptions) {
    const { tickRate, maxAheadTicks = 64 } = options;
    const { maxReportsPerSecond = 2 * tickRate } = options;
    checkInputField(field);
    checkPositive("tickRate", tickRate);
    checkInteger("maxAheadTicks", maxAheadTicks, 1, 1024);
    checkPositive("maxReportsPerSecond", maxReportsPerSecond);
    this.#field = field;
    this.#maxAheadTicks = maxAheadTicks;
    this.#tickMs = 1_000 / tickRate;
    this.#bucket = new TokenBucket({
      capacity: Math.ceil(maxReportsPerSecond),
      refillPerSecond: maxReportsPerSecond,
    });
    const capacity = maxAheadTicks + 1;
    this.#ticks = new Float64Array(capacity).fill(-1);
    this.#inputs = new Array<I | undefined>(capacity).fill(undefined);
    this.#views = new Array<ViewStamp | undefined>(capacity).fill(undefined);
  }

  /** What was counted. */
  get counts(): Readonly<InputCounts> {
    return this.#counts;
  }

  /**
   * The last tick whose input the client need not send again: each one up to it has
   * come, or comes too late. -1 before the first.
   */
  get ackTick(): number {
    return this.#ackTick;
  }

  /**
   * Reads a report, which may come from anybody. Nothing of it is taken if any of it is
   * wrong.
   *
   * @param bytes The report, all of it; none are one without inputs.
   * @param nowTick The tick that is simulated next. A fraction of it tells the lead more
   * exactly: 99.25 if the next one is 100, and three quarters of its time have to pass.
   * @returns `undefined`, or why it was refused.
   */
  read(bytes: Uint8Array, nowTick: number): InputFault | undefined {
    if (!this.#bucket.tryTake(1, nowTick * this.#tickMs)) {
      this.#counts.flooded++;
      return "flooded";
    }
    if (bytes.length === 0) return undefined;
    const reader = this.#reader;
    reader.reset(bytes);
    const count = this.#readAll(reader, nowTick);
    // Bits behind the end are as wrong as others.
    if (!reader.atEnd) {
      this.#counts.malformed++;
      return "malformed";
    }
    for (let i = count - 1; i >= 0; i--) this.#accept(i, nowTick);
    this.#advanceAck();
    return undefined;
  }

  /**
   * Tells what to simulate a tick with.
   *
   * @param tick The tick: an integer above that of the call before. Ticks between are
   * those without the client, and their inputs are lost.
   * @returns What to simulate with, valid until the next call.
   * @throws {RangeError} If it is no such integer.
   */
  take(tick: number): TakenInput<I> {
    checkInteger("tick", tick, this.#takenTick + 1, 0xffff_ffff);
    const taken = this.#taken;
    const at = tick % this.#ticks.length;
    taken.tick = tick;
    if (this.#ticks[at] === tick) {
      taken.input = this.#inputs[at];
      taken.view = this.#views[at];
      taken.missing = 0;
    } else {
      taken.view = undefined;
      taken.missing++;
      this.#counts.missing++;
    }
    this.#takenTick = tick;
    this.#advanceAck();
    return taken;
  }

  /** Returns how many inputs were read. */
  #readAll(reader: BitReader, nowTick: number): number {
    let tick = nearestTick(reader.bits(16), Math.floor(nowTick));
    let input = this.#field.read(reader);
    let view = readView(reader, tick, undefined, 0);
    let count = 0;
    this.#keep(count++, tick, input, view);
    // It ends at the first error: the bytes bound what a false report costs.
    while (reader.ok && reader.bool()) {
      if (count === MAX_REPORT_INPUTS) {
        reader.fail("range");
        break;
      }
      const laterTick = tick;
      tick -= reader.bool() ? reader.bits(6) + 2 : 1;
      if (!reader.bool()) input = this.#field.read(reader);
      view = readView(reader, tick, view, laterTick);
      this.#keep(count++, tick, input, view);
    }
    if (tick < 0) reader.fail("range");
    return count;
  }

  #keep(
    at: number,
    tick: number,
    input: I,
    view: ViewStamp | undefined,
  ): void {
    this.#readTicks[at] = tick;
    this.#readInputs[at] = input;
    this.#readViews[at] = view;
  }

  #accept(index: number, nowTick: number): void {
    const counts = this.#counts;
    const tick = this.#readTicks[index]!;
    const at = tick % this.#ticks.length;
    const held = this.#ticks[at]!;
    if (held === tick) counts.duplicates++;
    else if (tick <= this.#takenTick || held > tick) {
      counts.late++;
      // Further copies are of one that has come, and tell nothing of the lead. If nothing
      // was taken for long, it is as late as what has its place by now.
      if (held > tick) return;
      this.#ticks[at] = tick;
      this.#recordLead(tick, nowTick);
    } // What is due from now on has a place of its own each.
    else if (tick > this.#horizon(nowTick)) {
      counts.ahead++;
    } else {
      this.#ticks[at] = tick;
      this.#inputs[at] = this.#readInputs[index];
      this.#views[at] = this.#readViews[index];
      counts.accepted++;
      this.#recordLead(tick, nowTick);
    }
  }

  #recordLead(tick: number, nowTick: number): void {
    this.leads.record(tick, (tick - nowTick) * this.#tickMs);
  }

  /** The last tick whose input may come now. */
  #horizon(nowTick: number): number {
    return Math.floor(nowTick) + this.#maxAheadTicks;
  }

  #advanceAck(): void {
    const ticks = this.#ticks;
    let tick = Math.max(this.#ackTick, this.#takenTick);
    while (ticks[(tick + 1) % ticks.length] === tick + 1) tick++;
    this.#ackTick = tick;
  }
}

/** The tick with these low 16 bits that is nearest to another one, and not below 0. */
function nearestTick(low: number, near: number): number {
  const tick = near + ((low - near) << 16 >> 16);
  return tick < 0 ? tick + 0x1_0000 : tick;
}
