// A client that draws and predicts over a simulated exchange, with the server's half of the control of the lead.
import { SeededRandom } from "../../../core/mod.ts";
import { InputLeadMeter } from "../input_lead_meter.ts";
import { NetworkClock } from "../network_clock.ts";
import { Timelines, type TimelinesOptions } from "../timelines.ts";
import { type ExchangeOptions, simulateExchange } from "./simulate_exchange.ts";

const FRAMES_PER_SECOND = 120;
/** From when on is measured. */
const LEARNT_MS = 30_000;
const COPIES = 3;

export interface TimelinesRun {
  /** What was drawn lay behind on average, above the lowest delay. */
  readonly delayMs: number;
  /** The share of the time without a newer snapshot. */
  readonly underruns: number;
  /** The lowest fixed delay with 0.1 % underruns, above the lowest delay. */
  readonly bestFixedMs: number;
  /** 1.7 intervals and 4 jitters on average, and what that would have come to. */
  readonly ruleMs: number;
  readonly ruleUnderruns: number;
  /** The lead on average. */
  readonly leadMs: number;
  /** The share of inputs of which no copy came in time. */
  readonly lateInputs: number;
  /** The furthest that a timeline strayed from the pace of the time: 0.05 is 5 %. */
  readonly worstSlew: number;
}

interface Input {
  readonly arrivesMs: number;
  readonly tick: number;
}

/** Runs a client with a tick for each message of the options. */
export function simulateTimelines(
  options: ExchangeOptions,
  timelinesOptions: TimelinesOptions = {},
): TimelinesRun {
  // Ticks begin at a small number.
  const run = simulateExchange({ ...options, offsetMs: 5_000 });
  const random = new SeededRandom(options.seed + 1_000_000);
  const clock = new NetworkClock({ tickRate: options.hz });
  const timelines = new Timelines(clock, timelinesOptions);
  const meter = new InputLeadMeter();
  const tickMs = 1_000 / options.hz;
  const frameMs = 1_000 / FRAMES_PER_SECOND;
  const ages: number[] = [];
  let inputs: Input[] = [];
  const taken = new Set<number>();
  const counted = new Set<number>();
  let reports: { atMs: number; tick: number; leadMs: number }[] = [];
  let at = 0;
  let newestMs = -Infinity;
  let frames = 0;
  let delay = 0;
  let lead = 0;
  let rule = 0;
  let underruns = 0;
  let ruleUnderruns = 0;
  let sent = 0;
  let inTime = 0;
  let worstSlew = 0;
  let predicted = -1;
  function travelMs(nowMs: number): number {
    if (random.nextFloat() < options.loss) return Infinity;
    let ms = nowMs + options.floorUpMs;
    for (let i = 0; i < options.shape; i++) {
      ms -= options.jitterUpMs / options.shape *
        Math.log(1 - random.nextFloat());
    }
    return random.nextFloat() < options.spikes
      ? ms + 50 + 250 * random.nextFloat()
      : ms;
  }
  const total = options.seconds * FRAMES_PER_SECOND;
  for (let frame = 0; frame < total; frame++) {
    const nowMs = frame * frameMs;
    while (at < run.length && run[at]!.atMs <= nowMs) {
      const arrival = run[at++]!;
      if (arrival.hasUp) {
        clock.recordUp(arrival.upSentMs, arrival.upReceivedMs);
      }
      clock.recordDown(arrival.sentMs, arrival.atMs);
      timelines.recordSnapshot(arrival.sentMs / tickMs, arrival.atMs);
      newestMs = Math.max(newestMs, arrival.sentMs);
    }
    for (const report of reports) {
      if (report.atMs <= nowMs) {
        timelines.recordInputLead(report.tick, report.leadMs);
      }
    }
    reports = reports.filter((it) => it.atMs > nowMs);
    const renderBefore = timelines.renderTick * tickMs;
    const predictionBefore = timelines.predictionTick * tickMs;
    timelines.tick(1 / FRAMES_PER_SECOND, nowMs);
    const renderMs = timelines.renderTick * tickMs;
    const truthMs = nowMs + run[Math.max(0, at - 1)]!.offsetMs;
    const aboveMs = truthMs - options.floorDownMs;
    if (!clock.isSynced) continue;

    // Inputs: one for each tick that the prediction enters, in three messages.
    const tick = Math.floor(timelines.predictionTick);
    for (
      let next = predicted < 0 ? tick : predicted + 1;
      next <= tick;
      next++
    ) {
      const isCounted = nowMs > LEARNT_MS &&
        nowMs < options.seconds * 1_000 - 2_000;
      if (isCounted) {
        sent++;
        counted.add(next);
      }
      for (let copy = 0; copy < COPIES; copy++) {
        const arrivesMs = travelMs(nowMs + copy * tickMs);
        if (arrivesMs < Infinity) inputs.push({ arrivesMs, tick: next });
      }
    }
    predicted = Math.max(predicted, tick);
    inputs.sort((a, b) => a.arrivesMs - b.arrivesMs);
    for (const input of inputs) {
      if (input.arrivesMs > nowMs) break;
      if (taken.has(input.tick)) continue;
      taken.add(input.tick);
      const leadMs = input.tick * tickMs -
        (input.arrivesMs + truthMs - nowMs);
      if (leadMs >= 0 && counted.has(input.tick)) inTime++;
      meter.record(input.tick, leadMs);
      const told = meter.take();
      if (told !== undefined && random.nextFloat() >= options.loss) {
        reports.push({
          atMs: nowMs + options.floorDownMs,
          tick: meter.tick,
          leadMs: told,
        });
      }
    }
    inputs = inputs.filter((it) => it.arrivesMs > nowMs);

    if (nowMs < LEARNT_MS) continue;
    worstSlew = Math.max(
      worstSlew,
      Math.abs((renderMs - renderBefore) / frameMs - 1),
      Math.abs(
        (timelines.predictionTick * tickMs - predictionBefore) / frameMs - 1,
      ),
    );
    frames++;
    ages.push(aboveMs - newestMs);
    delay += aboveMs - renderMs;
    lead += timelines.predictionTick * tickMs - truthMs;
    const ruleMs = 1.7 * tickMs + 4 * clock.jitterDownMs;
    rule += ruleMs;
    if (renderMs > newestMs) underruns++;
    if (aboveMs - ruleMs > newestMs) ruleUnderruns++;
  }
  ages.sort((a, b) => a - b);
  return {
    delayMs: delay / frames,
    underruns: underruns / frames,
    bestFixedMs: ages[Math.floor(ages.length * 0.999)]!,
    ruleMs: rule / frames,
    ruleUnderruns: ruleUnderruns / frames,
    leadMs: lead / frames,
    lateInputs: 1 - inTime / sent,
    worstSlew,
  };
}
