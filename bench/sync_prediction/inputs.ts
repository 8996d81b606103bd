// Reports of a player who turns all the time, walks, and shoots at times, at 60 ticks a
// second with 100 ms of round trip, so that eight inputs are not acknowledged yet.
import { SeededRandom } from "../../core/mod.ts";
import {
  angle,
  bits,
  ByteWriter,
  type FieldValue,
  float,
  struct,
} from "../../protocol/mod.ts";
import {
  InputQueue,
  InputSender,
  PLAYER_INPUT_BYTES,
  viewStamp,
} from "../../sync/mod.ts";
import { median, quantile, type Section } from "../_report.ts";
import { time } from "../_nanoseconds.ts";

const UNACKED = 8;
const REPORTS = 2_000;

const field = struct({
  x: float({ min: -1, max: 1, step: 1 / 16 }),
  y: float({ min: -1, max: 1, step: 1 / 16 }),
  yaw: angle({ bits: 12 }),
  pitch: angle({ bits: 11 }),
  buttons: bits(8),
});

type Input = FieldValue<typeof field>;

/** A player's inputs: turning in two ticks of three, or standing still. */
function makeInputs(isIdle: boolean): Input[] {
  const random = new SeededRandom(5);
  let yaw = 0;
  let pitch = 0;
  let x = 0;
  let y = 1;
  return Array.from({ length: REPORTS + UNACKED }, () => {
    if (!isIdle) {
      if (random.nextU32() % 3 > 0) {
        yaw += (random.nextFloat() - 0.5) * 0.1;
        pitch += (random.nextFloat() - 0.5) * 0.02;
      }
      if (random.nextU32() % 40 === 0) x = random.nextU32() % 3 - 1;
      if (random.nextU32() % 40 === 0) y = random.nextU32() % 3 - 1;
    }
    const buttons = !isIdle && random.nextU32() % 20 === 0 ? 1 : 0;
    return { x, y, yaw, pitch, buttons };
  });
}

function makeSender(maxBytes: number): InputSender<Input> {
  return new InputSender<Input>(field, { redundancy: 3, maxBytes });
}

function pushTick(sender: InputSender<Input>, input: Input, at: number): void {
  const tick = 10_000 + at;
  const view = tick - 20 + 1 / 3;
  const from = Math.floor(view / 3) * 3;
  sender.push(tick, input, viewStamp(from, from + 3, view));
  sender.ackUpTo(tick - UNACKED);
}

function reportsOf(inputs: readonly Input[], maxBytes: number): Uint8Array[] {
  const sender = makeSender(maxBytes);
  return inputs.map((input, at) => {
    pushTick(sender, input, at);
    const writer = new ByteWriter();
    sender.write(writer);
    return writer.toBytes();
  }).slice(UNACKED);
}

export async function measureInputs(isSmoke: boolean): Promise<Section> {
  const active = makeInputs(false);
  const idle = makeInputs(true);
  const lengths = (inputs: readonly Input[], maxBytes: number): number[] =>
    reportsOf(inputs, maxBytes).map(({ length }) => length);
  const sets = [
    ["turning, 3 copies each", active, 0],
    ["turning, up to 48 bytes", active, 48],
    ["standing, up to 48 bytes", idle, 48],
  ] as const;
  const rows = sets.map(([name, inputs, maxBytes]) => ({
    name,
    "bytes p50": median(lengths(inputs, maxBytes)),
    "bytes p99": quantile(lengths(inputs, maxBytes), 0.99),
  }));

  const sender = makeSender(48);
  const writer = new ByteWriter();
  let written = 0;
  const reports = reportsOf(active, 48);
  let receiver = new InputQueue<Input>(field, { tickRate: 60 });
  let read = 0;
  const timings = await time(
    [
      {
        name: "push and write",
        run(count) {
          let bits = 0;
          for (let i = 0; i < count; i++) {
            pushTick(sender, active[written % active.length]!, written);
            written++;
            writer.reset();
            sender.write(writer);
            bits += writer.length;
          }
          return bits;
        },
      },
      {
        name: "read and take",
        run(count) {
          let sum = 0;
          for (let i = 0; i < count; i++) {
            const at = read++ % reports.length;
            // Those of a new player, once all are read.
            if (at === 0) {
              receiver = new InputQueue<Input>(field, { tickRate: 60 });
            }
            const tick = 10_000 + UNACKED + at;
            receiver.read(reports[at]!, tick);
            sum += receiver.take(tick).input!.buttons;
          }
          return sum;
        },
      },
    ],
    isSmoke,
    200,
  );
  return {
    title: "sync: inputs, sent until acknowledged",
    notes: [
      `Eight inputs of 41 bits are unacknowledged, each with its view; a PlayerInput alone takes ${PLAYER_INPUT_BYTES} bytes.`,
      `push and write: ${
        (timings.ns("push and write") / 1_000).toFixed(2)
      } µs; read and take: ${
        (timings.ns("read and take") / 1_000).toFixed(2)
      } µs a report, with a new object for each input read.`,
    ],
    rows,
    bars: [],
  };
}
