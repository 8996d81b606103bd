// Measures how well `PollLoop` keeps time: how late each tick of a 60 Hz loop
// starts against the sum of the `dt` handed out, for 10 s, with an otherwise idle
// process. Beside it, in the same run, the two loops that games are usually given,
// `setInterval()` and a chain of `setTimeout()`, taken to last one period per
// call: they show what the loop is for.
//
// drift   the median lateness of the last second of ticks minus that of the
//         first: what adds up over time
// p50, p99, worst   how late a tick started
// interval p99   the longest time between two ticks, but for 1 % of them
// cpu     processor time of the process over the time of the run
//
//     deno run -A bench/poll_loop_bench.ts [--smoke] [--json] [--repeat=N]
//
// `--smoke` runs for 1 s instead of 10 s. The rows are medians over the
// repetitions (1 without `--repeat`), `worst` is the worst of all.
import { cpuUsage } from "node:process";
import { PollLoop } from "../core/mod.ts";

const HZ = 60;
const PERIOD_MS = 1000 / HZ;

interface Result {
  name: string;
  ticks: number;
  driftMs: number;
  p50Ms: number;
  p99Ms: number;
  worstMs: number;
  intervalP99Ms: number;
  cpuPercent: number;
}

type Starter = (onTick: (dt: number) => void) => () => Promise<void>;

function startPollLoop(onTick: (dt: number) => void): () => Promise<void> {
  const loop = new PollLoop();
  loop.add({ tick: onTick });
  const controller = new AbortController();
  const run = loop.run({ hz: HZ, signal: controller.signal });
  return () => {
    controller.abort();
    return run;
  };
}

function startInterval(onTick: (dt: number) => void): () => Promise<void> {
  const timer = setInterval(() => onTick(1 / HZ), PERIOD_MS);
  return () => {
    clearInterval(timer);
    return Promise.resolve();
  };
}

function startTimeouts(onTick: (dt: number) => void): () => Promise<void> {
  let timer = setTimeout(tick, PERIOD_MS);
  function tick(): void {
    onTick(1 / HZ);
    timer = setTimeout(tick, PERIOD_MS);
  }
  return () => {
    clearTimeout(timer);
    return Promise.resolve();
  };
}

async function measure(
  name: string,
  start: Starter,
  seconds: number,
): Promise<Result> {
  const lateness: number[] = [];
  const intervals: number[] = [];
  let dueMs = 0;
  const full = Promise.withResolvers<void>();
  const cpuBefore = cpuUsage();
  const startMs = performance.now();
  let lastMs = startMs;
  const stop = start((dt) => {
    const nowMs = performance.now();
    dueMs += dt * 1000;
    lateness.push(nowMs - startMs - dueMs);
    intervals.push(nowMs - lastMs);
    lastMs = nowMs;
    if (dueMs > seconds * 1000 - 1) full.resolve();
  });
  await full.promise;
  await stop();
  const elapsedMs = performance.now() - startMs;
  const cpu = cpuUsage(cpuBefore);

  const perSecond = Math.min(HZ, lateness.length / 2);
  return {
    name,
    ticks: lateness.length,
    driftMs: quantile(lateness.slice(-perSecond), 0.5) -
      quantile(lateness.slice(0, perSecond), 0.5),
    p50Ms: quantile(lateness, 0.5),
    p99Ms: quantile(lateness, 0.99),
    worstMs: quantile(lateness, 1),
    intervalP99Ms: quantile(intervals, 0.99),
    cpuPercent: (cpu.user + cpu.system) / 10 / elapsedMs,
  };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

function summarize(results: Result[]): Result {
  function median(of: (result: Result) => number): number {
    return quantile(results.map(of), 0.5);
  }
  return {
    name: results[0]!.name,
    ticks: results[0]!.ticks,
    driftMs: median((it) => it.driftMs),
    p50Ms: median((it) => it.p50Ms),
    p99Ms: median((it) => it.p99Ms),
    worstMs: Math.max(...results.map((it) => it.worstMs)),
    intervalP99Ms: median((it) => it.intervalP99Ms),
    cpuPercent: median((it) => it.cpuPercent),
  };
}

async function main(args: readonly string[]): Promise<void> {
  const seconds = args.includes("--smoke") ? 1 : 10;
  const repeat = Number(
    args.find((it) => it.startsWith("--repeat="))?.slice(9) ?? 1,
  );
  const loops: [string, Starter][] = [
    ["PollLoop", startPollLoop],
    ["setInterval", startInterval],
    ["setTimeout chain", startTimeouts],
  ];
  const rows: Result[] = [];
  for (const [name, start] of loops) {
    const results: Result[] = [];
    for (let i = 0; i < repeat; i++) {
      results.push(await measure(name, start, seconds));
    }
    rows.push(summarize(results));
  }
  if (args.includes("--json")) {
    console.log(JSON.stringify({ hz: HZ, seconds, repeat, rows }, null, 2));
    return;
  }
  console.log(
    `${HZ} Hz for ${seconds} s, ${repeat}×, Deno ${Deno.version.deno}`,
  );
  console.table(
    Object.fromEntries(rows.map(({ name, ...row }) => [
      name,
      Object.fromEntries(
        Object.entries(row).map(([key, value]) => [key, +value.toFixed(3)]),
      ),
    ])),
  );
}

if (import.meta.main) await main(Deno.args);
