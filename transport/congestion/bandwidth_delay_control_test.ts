import { assert, assertEquals } from "@std/assert";
import {
  type BottleneckOptions,
  type FlowOptions,
  type FlowResult,
  runBottleneck,
} from "./_testing/bottleneck.ts";
import { LossBased } from "./_testing/loss_based.ts";
import { BandwidthDelayControl } from "./bandwidth_delay_control.ts";
import type { AckSample } from "./congestion_control.ts";

/** 5 Mbit/s, 50 ms. */
const DSL: BottleneckOptions = { rate: 625, queueBytes: 256_000, rttMs: 50 };

function rateOf(flow: FlowResult, fromSecond: number, toSecond: number) {
  const bytes = flow.bytesBySecond.slice(fromSecond, toSecond);
  return bytes.reduce((sum, x) => sum + x, 0) / (toSecond - fromSecond) / 1000;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[
    Math.min(sorted.length - 1, Math.floor(share * sorted.length))
  ]!;
}

function flow(options: Partial<FlowOptions> = {}): FlowOptions {
  return { control: new BandwidthDelayControl(), ...options };
}

function sampleOf(fields: Partial<AckSample>): AckSample {
  return {
    nowMs: 0,
    ackedBytes: 0,
    lostBytes: 0,
    ackedPackets: 0,
    lostPackets: 0,
    inFlightBytes: 0,
    rttMs: -1,
    smoothedRttMs: 50,
    minRttMs: 50,
    deliveryRate: 0,
    isAppLimited: false,
    priorDeliveredBytes: 0,
    deliveredBytes: 0,
    ...fields,
  };
}

Deno.test("BandwidthDelayControl fills a path and keeps its queue short", () => {
  for (const [pollMs, p50, p99, worst] of [[1, 56, 70, 95], [4, 60, 76, 100]]) {
    const options = { hasStream: true, pollMs: pollMs! };
    const [bulk] = runBottleneck(DSL, [flow(options)], 30_000);
    const name = `polled each ${pollMs} ms`;
    assert(rateOf(bulk!, 0, 30) > 0.93 * 625, name);
    assert(percentile(bulk!.streamRttMs, 0.5) < p50!, name);
    assert(percentile(bulk!.streamRttMs, 0.99) < p99!, name);
    assert(percentile(bulk!.streamRttMs, 1) < worst!, name);
    assertEquals(bulk!.lost, 0, name);
  }
});

Deno.test("BandwidthDelayControl fills paths of every kind", () => {
  const paths: [Partial<BottleneckOptions>, number, number][] = [
    [{ rttMs: 10 }, 1, 0.97],
    [{ rttMs: 200 }, 1, 0.85],
    [{ rate: 6250 }, 1, 0.9],
    [{ queueBytes: 8000 }, 1, 0.9],
    [{ jitterMs: 20 }, 1, 0.9],
    [{ loss: 0.05 }, 1, 0.86],
    [{ loss: 0.1 }, 1, 0.7],
    [{ rttMs: 0.1, rate: 6250 }, 1, 0.95],
    [{ rttMs: 0.1, rate: 6250 }, 16.7, 0.9],
    [{ rttMs: 50 }, 16.7, 0.9],
  ];
  for (const [path, pollMs, share] of paths) {
    const whole = { ...DSL, ...path };
    const [bulk] = runBottleneck(whole, [flow({ pollMs })], 10_000);
    const rate = rateOf(bulk!, 0, 10);
    assert(
      rate >= share * whole.rate,
      `${
        JSON.stringify(path)
      } polled each ${pollMs} ms: ${rate} of ${whole.rate}`,
    );
  }
});

Deno.test("BandwidthDelayControl reaches 5 MB/s within seconds at 5 % loss and 100 ms", () => {
  for (let seed = 1; seed <= 3; seed++) {
    const path = {
      rate: 6250,
      queueBytes: 2_560_000,
      rttMs: 100,
      loss: 0.05,
      seed,
    };
    const [bulk] = runBottleneck(path, [flow()], 8000);
    assert(rateOf(bulk!, 0, 8) > 4000, `seed ${seed}`);
    assert(rateOf(bulk!, 3, 8) > 5000, `seed ${seed}`);
  }
});

Deno.test("BandwidthDelayControl shares a path with loss-based flows", () => {
  for (const kind of ["reno", "cubic"] as const) {
    for (const queueBytes of [15_000, 30_000, 64_000, 256_000]) {
      for (const isFirst of [true, false]) {
        const flows = [
          flow({ fromMs: isFirst ? 0 : 5000 }),
          flow({
            control: new LossBased(kind),
            fromMs: isFirst ? 5000 : 0,
          }),
        ];
        const [ours, theirs] = runBottleneck(
          { ...DSL, queueBytes },
          flows,
          40_000,
        );
        const a = rateOf(ours!, 15, 40);
        const b = rateOf(theirs!, 15, 40);
        const share = a / (a + b);
        const name = `${kind}, ${queueBytes}, ${isFirst}: ${share}`;
        assert(share > 0.2 && share < 0.75, name);
        assert(a + b > 0.9 * 625, name);
      }
    }
  }
});

Deno.test("BandwidthDelayControl shares a path with its own kind", () => {
  const flows = [flow(), flow({ fromMs: 5000 })];
  const [one, two] = runBottleneck(DSL, flows, 40_000);
  const share = rateOf(one!, 15, 40) / 625;
  assert(share > 0.3 && share < 0.7, `${share}`);
  assert(rateOf(one!, 15, 40) + rateOf(two!, 15, 40) > 0.95 * 625);
});

Deno.test("BandwidthDelayControl never holds a game back that sends little", () => {
  for (const bytesPerFrame of [200, 2000, 10_000]) {
    const path = { ...DSL, rate: 6250 };
    const options = { bytesPerFrame, hasStream: true, pollMs: 16.7 };
    const [game] = runBottleneck(path, [flow(options)], 10_000);
    // A frame to be seen at either end, and the link's own time. What is more than
    // the initial window needs some round trips at first.
    const rtts = game!.streamRttMs.slice(bytesPerFrame > 2000 ? 60 : 0);
    assert(percentile(rtts, 1) < 50 + 2 * 17 + 4, `${bytesPerFrame}`);
  }
});

Deno.test("BandwidthDelayControl follows a path that becomes slower", () => {
  const control = new BandwidthDelayControl();
  runBottleneck({ ...DSL, rate: 6250 }, [{ control }], 5000);
  assert(control.pacingRate > 4000);
  control.onPathChange(5000);
  const [bulk] = runBottleneck(
    { ...DSL, rate: 100 },
    [{ control, hasStream: true }],
    20_000,
  );
  assert(rateOf(bulk!, 5, 20) > 90);
  assert(percentile(bulk!.streamRttMs.slice(400), 0.9) < 150);
});

Deno.test("BandwidthDelayControl has a small window while nothing comes back", () => {
  const control = new BandwidthDelayControl();
  runBottleneck(DSL, [{ control }], 5000);
  const before = control.windowBytes;
  const lost = { lostBytes: 12_000, lostPackets: 10 };
  control.onAck(sampleOf({ nowMs: 5050, ...lost }));
  assertEquals(control.windowBytes, before);
  control.onAck(sampleOf({ nowMs: 5500, ...lost }));
  assertEquals(control.windowBytes, 4800);
  control.onAck(
    sampleOf({ nowMs: 5600, ackedBytes: 1200, ackedPackets: 1 }),
  );
  assert(control.windowBytes > 30_000);
});

Deno.test("BandwidthDelayControl yields to loss that is very high", () => {
  const path = { ...DSL, rate: 6250, loss: 0.3 };
  const [bulk] = runBottleneck(path, [flow()], 10_000);
  assert(rateOf(bulk!, 5, 10) < 1000, `${rateOf(bulk!, 5, 10)}`);
  assert(rateOf(bulk!, 5, 10) > 20, `${rateOf(bulk!, 5, 10)}`);
});

Deno.test("BandwidthDelayControl.onPathChange() forgets what it knew", () => {
  const control = new BandwidthDelayControl();
  runBottleneck(DSL, [{ control }], 2000);
  control.onPathChange(2000);
  const fresh = new BandwidthDelayControl();
  assertEquals(control.windowBytes, fresh.windowBytes);
  assertEquals(control.pacingRate, fresh.pacingRate);
  assertEquals(control.burstBytes, fresh.burstBytes);
  assertEquals(control.phase, "startup");
  const runs = [control, fresh].map((control) =>
    runBottleneck(DSL, [{ control }], 5000)
  );
  assertEquals(runs[0], runs[1]);
});

Deno.test("BandwidthDelayControl gives a peer that hides its RTT no large window", () => {
  const control = new BandwidthDelayControl();
  for (let nowMs = 20; nowMs < 2000; nowMs += 20) {
    control.onAck(sampleOf({
      nowMs,
      ackedBytes: 1200,
      ackedPackets: 1,
      rttMs: 0,
      smoothedRttMs: 0,
      minRttMs: 0,
    }));
    assert(control.windowBytes < 50_000, `${control.windowBytes}`);
  }
});

Deno.test("BandwidthDelayControl counts round trips that end at the same time", () => {
  const control = new BandwidthDelayControl();
  let deliveredBytes = 0;
  for (let i = 0; i < 100; i++) {
    const priorDeliveredBytes = deliveredBytes;
    deliveredBytes += 1200;
    control.onAck(sampleOf({
      // Two acknowledgements at a time, as of one poll.
      nowMs: 20 * (i >> 1),
      ackedBytes: 1200,
      ackedPackets: 1,
      rttMs: 20,
      smoothedRttMs: 20,
      minRttMs: 20,
      priorDeliveredBytes,
      deliveredBytes,
    }));
    assert(control.windowBytes >= 4800, `${control.windowBytes}`);
    assert(control.pacingRate > 0, `${control.pacingRate}`);
  }
});
