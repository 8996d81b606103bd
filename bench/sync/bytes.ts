// The recording, message after message, through each format at one age of the base. Whatever was decoded must be what was encoded,
// to the bit, in every message that counts.
import {
  EntityTable,
  type TableContent,
  type TableForm,
} from "../../sync/mod.ts";
import { addBits, bitSet } from "../../sync/world/bit_set.ts";
import {
  atLeast,
  atMost,
  type Bar,
  median,
  type Row,
  type Section,
} from "../_report.ts";
import { BIT_PACKED } from "./_bit_packed.ts";
import { CODERS, FAST, STRONG, STRONG_HIGH } from "./_coders.ts";
import { COLYSEUS } from "./_colyseus.ts";
import type { Format, Session, Step } from "./_format.ts";
import { GECKOS } from "./_geckos.ts";
import { JSON_CHANGED } from "./_json.ts";
import { MSGPACKR } from "./_msgpackr.ts";
import { loadRecording, type Recording } from "./_recording.ts";

/** The age of the base in the 2015 challenge: 100 ms. */
export const USUAL_AGE = 6;
const FIRST = 6;
/** The last message that anything may be tuned on. */
const LAST_TUNED = 1_421;
const SMOKE_MESSAGES = 120;
const PASSES = 5;
const HZ = 60;
/** Snapshots that both ends keep: more than the oldest base is old. */
const KEPT = 16;

const FORMATS: readonly Format[] = [
  ...CODERS,
  BIT_PACKED,
  COLYSEUS,
  MSGPACKR,
  JSON_CHANGED,
  GECKOS,
];

/** What a format took, message by message of those that count. */
interface Measured {
  /** Every how many messages counts. */
  readonly every: number;
  readonly bytes: Uint32Array;
  /** By pass. */
  readonly encodeUs: Float64Array[];
  readonly decodeUs: Float64Array[];
  stateBytes: number;
}

/** The bench, which loads the recording once, and measures once what no age concerns. */
export class BytesBench {
  #recording: Promise<Recording> | undefined;
  readonly #ageless = new Map<string, Measured>();

  /** Measures all formats with bases of an age. */
  async measure(age: number, isSmoke: boolean): Promise<Section> {
    this.#recording ??= loadRecording();
    const recording = await this.#recording;
    const end = isSmoke ? FIRST + SMOKE_MESSAGES : recording.tables.length;
    const all = new Map<string, Measured>();
    for (let pass = 0; pass < (isSmoke ? 1 : PASSES); pass++) {
      for (let i = 0; i < FORMATS.length; i++) {
        const format = FORMATS[(i + pass) % FORMATS.length]!;
        const { name, isAgeless, every = 1 } = format;
        const known = this.#ageless.get(name);
        if (known !== undefined && !all.has(name)) all.set(name, known);
        if (known !== undefined) continue;
        let measured = all.get(name);
        if (measured === undefined) {
          measured = {
            every,
            bytes: new Uint32Array(Math.ceil((end - FIRST) / every)),
            encodeUs: [],
            decodeUs: [],
            stateBytes: 0,
          };
          all.set(name, measured);
        }
        run(format, recording, isAgeless ? 1 : age, measured);
      }
    }
    for (const { name, isAgeless } of FORMATS) {
      if (isAgeless) this.#ageless.set(name, all.get(name)!);
    }
    return {
      title: `sync: bytes a snapshot, the base ${age} ${
        age === 1 ? "snapshot" : "snapshots"
      } old`,
      notes: [
        `901 cubes, messages ${FIRST} to ${
          end - 1
        }, each decoded to the bit; kbit/s at ${HZ} Hz. Times are medians over passes of each message, averaged; "quiet" are their minima.`,
        "Patches of Colyseus are to the message before whatever the age, and so need each to arrive; that of geckos is the whole world, of which every 16th is measured.",
      ],
      rows: FORMATS.map(({ name }) => row(name, all.get(name)!)),
      bars: barsOf(age, all),
    };
  }
}

function run(
  { name, open }: Format,
  recording: Recording,
  age: number,
  measured: Measured,
): void {
  const { form, tables, changes } = recording;
  const session = open(recording, age);
  // As a server has them: the newest just written, so that it lies in the cache.
  const sent = keptTables(form, tables[0]!);
  const decoded = keptTables(form, tables[0]!);
  const changed = bitSet(form.maxEntities);
  const { every, bytes } = measured;
  const encodeUs = new Float64Array(bytes.length);
  const decodeUs = new Float64Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const message = FIRST + i * every;
    // Before the first snapshot there was the same, for as long as you like.
    const base = Math.max(0, message - age);
    changed.fill(0);
    for (let tick = base + 1; tick <= message; tick++) {
      addBits(changed, changes[tick]!);
    }
    const oldest = (message - age + KEPT) % KEPT;
    const held = decoded[oldest]!;
    const into = decoded[message % KEPT]!;
    into.copyFrom(held);
    const current = sent[message % KEPT]!;
    current.copyFrom(tables[message]!);
    const step: Step = {
      message,
      base: sent[oldest]!,
      current,
      changed,
      held,
      into,
    };
    takeStep(name, session, step, (length, encode, decode) => {
      bytes[i] = length;
      encodeUs[i] = encode;
      decodeUs[i] = decode;
    });
  }
  measured.encodeUs.push(encodeUs);
  measured.decodeUs.push(decodeUs);
  measured.stateBytes = session.stateBytes ?? 0;
}

function keptTables(form: TableForm, first: TableContent): EntityTable[] {
  return Array.from({ length: KEPT }, () => {
    const table = new EntityTable(form);
    table.copyFrom(first);
    return table;
  });
}

function takeStep(
  name: string,
  session: Session,
  step: Step,
  report: (bytes: number, encodeUs: number, decodeUs: number) => void,
): void {
  session.begin?.(step);
  const startMs = performance.now();
  const bytes = session.encode(step);
  const encodedMs = performance.now();
  session.decode(bytes, step);
  const decodedMs = performance.now();
  session.end?.(step);
  const { into, current } = step;
  for (let i = 0; i < current.values.length; i++) {
    if (into.values[i] === current.values[i]) continue;
    throw new Error(
      `Cannot measure ${name} as message ${step.message} must come out as it went in: number ${i} is ${
        into.values[i]
      } instead of ${current.values[i]}`,
    );
  }
  report(
    bytes.length,
    (encodedMs - startMs) * 1_000,
    (decodedMs - encodedMs) * 1_000,
  );
}

function row(name: string, measured: Measured): Row {
  const { every, bytes, encodeUs, decodeUs, stateBytes } = measured;
  const half = Math.ceil((LAST_TUNED + 1 - FIRST) / every);
  const later = bytes.subarray(half);
  const whole = mean(bytes);
  return {
    name,
    "bytes": whole.toFixed(1),
    "of 6–1421": mean(bytes.subarray(0, half)).toFixed(1),
    "of 1422–2836": later.length > 0 ? mean(later).toFixed(1) : "",
    "kbit/s": whole * HZ * 8 / 1_000,
    "encode µs": perMessage(encodeUs, median),
    "quiet": perMessage(encodeUs, least),
    "decode µs": perMessage(decodeUs, median),
    "decode quiet": perMessage(decodeUs, least),
    "state bytes": stateBytes,
  };
}

function barsOf(age: number, all: ReadonlyMap<string, Measured>): Bar[] {
  const fast = all.get(FAST)!;
  const encodeUs = perMessage(fast.encodeUs, median);
  const decodeUs = perMessage(fast.decodeUs, median);
  if (age === USUAL_AGE) {
    return [
      atMost(FAST, 560, mean(fast.bytes), "bytes"),
      atMost("encode, fast", 40, encodeUs, "µs"),
      atMost("decode, fast", 25, decodeUs, "µs"),
      ...strongBars(all.get(STRONG)!, all.get(STRONG_HIGH)!),
    ];
  }
  if (age !== 1) return [];
  const colyseus = all.get(COLYSEUS.name)!;
  return [
    atMost(
      "bytes, fast to Colyseus",
      0.4,
      mean(fast.bytes) / mean(colyseus.bytes),
      "x",
    ),
    atLeast(
      "encode, Colyseus to fast",
      1,
      perMessage(colyseus.encodeUs, median) / encodeUs,
      "x",
    ),
    atLeast(
      "decode, Colyseus to fast",
      1,
      perMessage(colyseus.decodeUs, median) / decodeUs,
      "x",
    ),
  ];
}

function strongBars(usual: Measured, high: Measured): Bar[] {
  const us = perMessage(usual.encodeUs, median) +
    perMessage(usual.decodeUs, median);
  return [
    atMost(STRONG, 430, mean(usual.bytes), "bytes"),
    atMost("encode and decode of it", 250, us, "µs"),
    atMost("a state of it", 8_192, usual.stateBytes, "bytes"),
    atMost(STRONG_HIGH, 380, mean(high.bytes), "bytes"),
    atMost("the same, stretch", 350, mean(high.bytes), "bytes"),
  ];
}

/** What a message takes over the passes, averaged over the messages. */
function perMessage(
  passes: readonly Float64Array[],
  pick: (us: readonly number[]) => number,
): number {
  return mean(passes[0]!.map((_, i) => pick(passes.map((us) => us[i]!))));
}

function least(values: readonly number[]): number {
  return Math.min(...values);
}

function mean(values: Uint32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
