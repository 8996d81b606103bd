// What lines are like in the benches of the transport, in each direction.

/** The conditions of one direction; both have the same, each by itself. */
export interface Conditions {
  readonly latencyMs: number;
  /** Beyond `latencyMs`, drawn for each datagram: it reorders. */
  readonly jitterMs: number;
  /** The share of datagrams that is lost, 0 to 1. */
  readonly loss: number;
  /** How many in a row are lost at a time. */
  readonly burst: number;
  readonly bytesPerSecond: number;
  /** What waits for the rate at the most; what is beyond it is dropped. */
  readonly queueBytes: number;
  readonly seed: number;
}

const CLEAN: Conditions = {
  latencyMs: 50,
  jitterMs: 0,
  loss: 0,
  burst: 1,
  bytesPerSecond: Infinity,
  queueBytes: Infinity,
  seed: 7,
};

/** The lines of issue and documentation by name. */
export const LINES = {
  /** 50 ms each way. */
  clean: CLEAN,
  /** 5 % lost at random, 50 ms each way. */
  random: { ...CLEAN, loss: 0.05 },
  /** 25 ms and 0 to 20 ms of jitter each way, 3 % lost, 4 at a time. */
  bursty: { ...CLEAN, latencyMs: 25, jitterMs: 20, loss: 0.03, burst: 4 },
  /** 5 Mbit/s behind a queue of 256 KB, 50 ms there and back. */
  narrow: {
    ...CLEAN,
    latencyMs: 25,
    bytesPerSecond: 625_000,
    queueBytes: 262_144,
  },
} as const satisfies Readonly<Record<string, Conditions>>;

/** As the relays in C take them. */
export function toArguments(conditions: Conditions): string[] {
  const { latencyMs, jitterMs, loss, burst, bytesPerSecond, queueBytes, seed } =
    conditions;
  return [
    latencyMs,
    jitterMs,
    loss,
    burst,
    bytesPerSecond === Infinity ? 0 : bytesPerSecond,
    queueBytes === Infinity ? 0 : queueBytes,
    seed,
  ].map(String);
}
