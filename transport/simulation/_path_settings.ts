// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import type { NetworkConditions } from "./network_conditions.ts";

/** 2^32: what a probability of 1 is as a threshold for 32 random bits. */
const CERTAIN = 0x1_0000_0000;
const DEFAULT_QUEUE_BYTES = 65_536;
const DEFAULT_REORDERING_MS = 10;

/** {@linkcode NetworkConditions} as they are computed with. Probabilities are thresholds: 0 to 2^32. */
export interface PathSettings {
  readonly isBlackout: boolean;
  readonly mtuBytes: number;
  readonly bytesPerMs: number;
  readonly queueBytes: number;
  readonly loss: number;
  readonly burstStart: number;
  readonly burstLength: number;
  readonly enterBad: number;
  readonly leaveBad: number;
  readonly lossInBad: number;
  readonly lossInGood: number;
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly isGamma: boolean;
  readonly jitterReorders: boolean;
  readonly reordering: number;
  readonly reorderingMs: number;
  readonly corruption: number;
  readonly truncation: number;
  readonly duplication: number;
}

/** Checks conditions and computes what is computed once. */
export function resolveConditions(conditions: NetworkConditions): PathSettings {
  const { burstLoss, gilbertElliott } = conditions;
  return {
    isBlackout: conditions.isBlackout ?? false,
    mtuBytes: atLeastOne("mtuBytes", conditions.mtuBytes ?? Infinity),
    bytesPerMs: rate(conditions.bytesPerSecond ?? Infinity) / 1000,
    queueBytes: atLeastOne(
      "queueBytes",
      conditions.queueBytes ?? DEFAULT_QUEUE_BYTES,
    ),
    loss: threshold("loss", conditions.loss),
    burstStart: burstLoss === undefined ? 0 : burstThreshold(
      burstLoss.share,
      checkInteger("burstLoss.length", burstLoss.length, 1, 1_000_000),
    ),
    burstLength: burstLoss?.length ?? 0,
    enterBad: threshold("gilbertElliott.enterBad", gilbertElliott?.enterBad),
    leaveBad: threshold("gilbertElliott.leaveBad", gilbertElliott?.leaveBad),
    lossInBad: threshold(
      "gilbertElliott.lossInBad",
      gilbertElliott === undefined ? 0 : gilbertElliott.lossInBad ?? 1,
    ),
    lossInGood: threshold(
      "gilbertElliott.lossInGood",
      gilbertElliott?.lossInGood,
    ),
    latencyMs: duration("latencyMs", conditions.latencyMs ?? 0),
    jitterMs: duration("jitterMs", conditions.jitterMs ?? 0),
    isGamma: isGamma(conditions.jitterShape ?? "uniform"),
    jitterReorders: conditions.jitterReorders ?? true,
    reordering: threshold("reordering", conditions.reordering),
    reorderingMs: duration(
      "reorderingMs",
      conditions.reorderingMs ?? DEFAULT_REORDERING_MS,
    ),
    corruption: threshold("corruption", conditions.corruption),
    truncation: threshold("truncation", conditions.truncation),
    duplication: threshold("duplication", conditions.duplication),
  };
}

function threshold(name: string, probability = 0): number {
  if (!(probability >= 0 && probability <= 1)) {
    throw wrong(name, "between 0 and 1", probability);
  }
  // Rounded up, so that nothing that is wanted at all never happens.
  return Math.ceil(probability * CERTAIN);
}

/**
 * A burst begins with probability p before each datagram outside of one, so that on average (1 - p) / p datagrams pass
 * between two bursts of n. Solved for p, where n / (n + (1 - p) / p) is the share.
 */
function burstThreshold(share: number, length: number): number {
  if (!(share >= 0 && share <= 0.99)) {
    throw wrong("burstLoss.share", "between 0 and 0.99", share);
  }
  return Math.ceil(share / (length - share * length + share) * CERTAIN);
}

function atLeastOne(name: string, value: number): number {
  if (!(value >= 1)) throw wrong(name, ">= 1", value);
  return value;
}

function rate(value: number): number {
  if (!(value > 0)) throw wrong("bytesPerSecond", "> 0", value);
  return value;
}

function duration(name: string, value: number): number {
  if (!(value >= 0 && value < Infinity)) {
    throw wrong(name, "finite and >= 0", value);
  }
  return value;
}

function isGamma(shape: string): boolean {
  if (shape !== "uniform" && shape !== "gamma") {
    throw new TypeError(
      `Cannot set network conditions as jitterShape must be "uniform" or "gamma": current value is ${shape}`,
    );
  }
  return shape === "gamma";
}

function wrong(name: string, wanted: string, value: number): RangeError {
  return new RangeError(
    `Cannot set network conditions as ${name} must be ${wanted}: current value is ${value}`,
  );
}
