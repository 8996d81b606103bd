// The typical call, alone in a packet and 64 of it, written and read by each format in the way that is fastest for it.
import { atLeast, atMost, type Bar, type Section } from "../_report.ts";
import { time, type Timings } from "../_nanoseconds.ts";
import { makeAvsc } from "./_avsc.ts";
import { BY_HAND, makeByHand } from "./_by_hand.ts";
import { makeJson } from "./_json.ts";
import { makeMsgpackr } from "./_msgpackr.ts";
import { makeProtobufjs } from "./_protobufjs.ts";
import { callsIn, makeTickwire, TICKWIRE } from "./_tickwire.ts";
import {
  BATCH,
  type Call,
  FIRST_SEQUENCE,
  type Format,
  makeCalls,
  STRIKE,
  sumOf,
} from "./_typical.ts";

const CALLS_PER_TURN = 2_048;
const PACKET_BYTES = 1_200;

type Form = "alone" | "batched";
type Direction = "encode" | "decode";

export async function measureCalls(isSmoke: boolean): Promise<Section[]> {
  const calls = makeCalls();
  const formats = [
    makeByHand(calls),
    makeTickwire(calls),
    makeMsgpackr(calls),
    makeProtobufjs(calls),
    makeAvsc(calls),
    makeJson(calls),
  ];
  checkDecoders(formats, calls);
  function timed(form: Form, direction: Direction): Promise<Timings> {
    const operations = form === "alone" ? 1 : BATCH;
    return time(
      formats.map((format) => format[form][direction]),
      isSmoke,
      CALLS_PER_TURN / operations,
      operations,
    );
  }
  const [ours] = formats.filter(({ name }) => name === TICKWIRE);
  const aloneEncode = await timed("alone", "encode");
  const aloneDecode = await timed("alone", "decode");
  const encode = await timed("batched", "encode");
  const decode = await timed("batched", "decode");
  return [
    section(
      "rpc: a call alone in its packet",
      [
        "Id, target or caller, sequence, an integer, a float, 12 characters, a vector; ns a call.",
      ],
      formats,
      "alone",
      [aloneEncode, aloneDecode],
      [
        atMost("a call alone", 40, ours!.alone.bytes, "bytes"),
        ...peerBars("alone", formats, aloneEncode, aloneDecode),
      ],
    ),
    section(
      `rpc: ${BATCH} calls in a packet`,
      ["The same calls, with their id and the first sequence once; ns a call."],
      formats,
      "batched",
      [encode, decode],
      [
        atMost("a call of a batch", 34.2, ours!.batched.bytes, "bytes"),
        atLeast(
          `in ${PACKET_BYTES} bytes`,
          35,
          callsIn(calls, PACKET_BYTES),
          "calls",
        ),
        atMost("encode a call of a batch", 45, encode.ns(TICKWIRE), "ns"),
        atMost("the same, stretch", 30, encode.ns(TICKWIRE), "ns"),
        atMost("decode a call of a batch", 100, decode.ns(TICKWIRE), "ns"),
        atMost("the same, stretch", 70, decode.ns(TICKWIRE), "ns"),
        ...peerBars("batched", formats, encode, decode),
      ],
    ),
  ];
}

function section(
  title: string,
  notes: readonly string[],
  formats: readonly Format[],
  form: Form,
  [encode, decode]: readonly [Timings, Timings],
  bars: readonly Bar[],
): Section {
  return {
    title,
    notes,
    rows: formats.map(({ name, [form]: { bytes } }) => ({
      name,
      "bytes": bytes,
      "encode p50": encode.ns(name),
      "p10": encode.quietNs(name),
      "of ours": encode.ratio(name, TICKWIRE),
      "decode p50": decode.ns(name),
      "decode p10": decode.quietNs(name),
      "decode of ours": decode.ratio(name, TICKWIRE),
    })),
    bars,
  };
}

/** Ahead of each peer, in both directions. */
function peerBars(
  form: string,
  formats: readonly Format[],
  encode: Timings,
  decode: Timings,
): Bar[] {
  return formats.filter(({ name }) => name !== TICKWIRE && name !== BY_HAND)
    .flatMap(({ name }) => [
      atLeast(
        `${form}: encode, ${name} to tickwire`,
        1,
        encode.ratio(name, TICKWIRE),
        "x",
      ),
      atLeast(
        `${form}: decode, ${name} to tickwire`,
        1,
        decode.ratio(name, TICKWIRE),
        "x",
      ),
    ]);
}

/** Each format gives back what it was given, or its figures say nothing. */
function checkDecoders(
  formats: readonly Format[],
  calls: readonly Call[],
): void {
  const wanted = calls.reduce(
    (sum, { caller, params }, i) =>
      sum + STRIKE.id + FIRST_SEQUENCE + i + caller + sumOf(params),
    0,
  );
  for (const { name, alone, batched } of formats) {
    for (const sum of [alone.decode.run(BATCH), batched.decode.run(1)]) {
      if (Math.abs(sum - wanted) < 0.01) continue;
      throw new Error(
        `Cannot measure ${name} as it must give back what it was given: current sum is ${sum} instead of ${wanted}`,
      );
    }
  }
}
