// A client and a server that stamp what they send each other, over a bad network and by
// clocks that drift: what the clock is measured and tested with.
import { SeededRandom } from "../../../core/mod.ts";
import { toStamp, unwrapStamp } from "../stamp.ts";

/** The delays of one direction change from a time on. */
export interface Step {
  readonly atMs: number;
  readonly upMs: number;
  readonly downMs: number;
}

export interface ExchangeOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Messages a second, each way. */
  readonly hz: number;
  readonly floorUpMs: number;
  readonly floorDownMs: number;
  /** The mean of what comes on top. */
  readonly jitterUpMs: number;
  readonly jitterDownMs: number;
  /** 1: exponential; 3: gamma with that shape, where low delays are rare. */
  readonly shape: 1 | 3;
  readonly spikes: number;
  readonly loss: number;
  readonly driftPpm: number;
  /** The random walk of the drift, in ppm for a second. */
  readonly wanderPpm: number;
  /** What the server's clock is ahead of the client's at the start. */
  readonly offsetMs: number;
  /** Route changes. */
  readonly steps: readonly Step[];
  /** When the client's clock stood still (suspended), and for how long. */
  readonly suspend: Readonly<{ atMs: number; forMs: number }> | undefined;
  /** A time in which one direction delivers nothing. */
  readonly silence:
    | Readonly<{ fromMs: number; toMs: number; direction: "up" | "down" }>
    | undefined;
}

/** What the figures are about. */
export const ORDINARY: ExchangeOptions = {
  seed: 1,
  seconds: 120,
  hz: 60,
  floorUpMs: 50,
  floorDownMs: 50,
  jitterUpMs: 2,
  jitterDownMs: 20,
  shape: 1,
  spikes: 0.01,
  loss: 0.01,
  driftPpm: 40,
  wanderPpm: 0.2,
  offsetMs: 123_456.789,
  steps: [],
  suspend: undefined,
  silence: undefined,
};

/** A message that came to the client, in the order of their coming. */
export interface Arrival {
  /** On the client's clock, as is `upSentMs`. */
  readonly atMs: number;
  readonly sentMs: number;
  /** The newest message of the client's that the server had and had not told about. */
  readonly upSentMs: number;
  readonly upReceivedMs: number;
  readonly hasUp: boolean;
  /** What the server's clock was ahead of the client's. */
  readonly offsetMs: number;
}

const STEP_MS = 10;

/** Makes the messages of a run, with the stamps as they travel. */
export function simulateExchange(options: ExchangeOptions): Arrival[] {
  const random = new SeededRandom(options.seed);
  const { seconds, hz, steps, silence } = options;
  const offsetAt = offsetBy(options, walkOffset(options, random));
  function delay(direction: "up" | "down", trueMs: number): number {
    let ms = direction === "up" ? options.floorUpMs : options.floorDownMs;
    for (const step of steps) {
      if (trueMs >= step.atMs) {
        ms += direction === "up" ? step.upMs : step.downMs;
      }
    }
    const mean = direction === "up" ? options.jitterUpMs : options.jitterDownMs;
    for (let i = 0; i < options.shape; i++) {
      ms -= mean / options.shape * Math.log(1 - random.nextFloat());
    }
    if (random.nextFloat() < options.spikes) {
      ms += 50 + 250 * random.nextFloat();
    }
    return ms;
  }
  function isLost(direction: "up" | "down", trueMs: number): boolean {
    return random.nextFloat() < options.loss ||
      silence?.direction === direction && trueMs >= silence.fromMs &&
        trueMs < silence.toMs;
  }
  const everyMs = 1_000 / hz;
  const ups: { sentMs: number; arrivesMs: number }[] = [];
  const downs: { sentMs: number; arrivesMs: number }[] = [];
  for (let i = 0; i < seconds * hz; i++) {
    const upMs = i * everyMs;
    if (!isLost("up", upMs)) {
      ups.push({ sentMs: upMs, arrivesMs: upMs + delay("up", upMs) });
    }
    const downMs = (i + 0.37) * everyMs;
    downs.push({
      sentMs: downMs,
      arrivesMs: isLost("down", downMs)
        ? Infinity
        : downMs + delay("down", downMs),
    });
  }
  ups.sort((a, b) => a.arrivesMs - b.arrivesMs);
  const arrivals: (Arrival & { trueMs: number })[] = [];
  let up = 0;
  for (const { sentMs, arrivesMs } of downs) {
    let hasUp = false;
    while (up < ups.length && ups[up]!.arrivesMs <= sentMs) {
      up++;
      hasUp = true;
    }
    if (arrivesMs === Infinity) continue;
    const nearMs = arrivesMs + offsetAt(arrivesMs);
    const reported = ups[Math.max(0, up - 1)]!;
    arrivals.push({
      trueMs: arrivesMs,
      atMs: arrivesMs,
      sentMs: travelled(sentMs + offsetAt(sentMs), nearMs),
      hasUp,
      upSentMs: travelled(reported.sentMs, arrivesMs),
      upReceivedMs: travelled(
        reported.arrivesMs + offsetAt(reported.arrivesMs),
        nearMs,
      ),
      offsetMs: offsetAt(arrivesMs),
    });
  }
  return arrivals.sort((a, b) => a.trueMs - b.trueMs);
}

/** What the server's clock is ahead of the client's in a run, at any of its times. */
export function simulateOffset(
  options: ExchangeOptions,
): (atMs: number) => number {
  // The walk is the first that is drawn.
  return offsetBy(
    options,
    walkOffset(options, new SeededRandom(options.seed)),
  );
}

function offsetBy(
  { suspend }: ExchangeOptions,
  offsets: Float64Array,
): (atMs: number) => number {
  return (atMs) => {
    const at = Math.max(0, atMs / STEP_MS);
    const index = Math.min(offsets.length - 2, Math.floor(at));
    const from = offsets[index]!;
    return from + (offsets[index + 1]! - from) * (at - index) +
      (suspend !== undefined && atMs >= suspend.atMs ? suspend.forMs : 0);
  };
}

function travelled(ms: number, nearMs: number): number {
  return unwrapStamp(toStamp(ms), nearMs);
}

function walkOffset(
  { seconds, driftPpm, wanderPpm, offsetMs }: ExchangeOptions,
  random: SeededRandom,
): Float64Array {
  const offsets = new Float64Array((seconds + 5) * 1_000 / STEP_MS);
  let drift = driftPpm;
  let offset = offsetMs;
  for (let i = 0; i < offsets.length; i++) {
    offsets[i] = offset;
    offset += drift * 1e-6 * STEP_MS;
    drift += wanderPpm * Math.sqrt(STEP_MS / 1_000) * normal(random);
  }
  return offsets;
}

function normal(random: SeededRandom): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.nextFloat()));
  return radius * Math.cos(2 * Math.PI * random.nextFloat());
}
