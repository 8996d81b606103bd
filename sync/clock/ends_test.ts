// The clock and the timelines between real ends, each by a clock of its own.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import { type ByteWriter, MemoryLinkPair } from "../../protocol/mod.ts";
import { mixed } from "../_testing/ends_world.ts";
import { LossyLinks } from "../_testing/lossy_links.ts";
import { SyncClient } from "../client/sync_client.ts";
import type { InputFeedback } from "../wire/input_feedback.ts";
import { SyncServer } from "../server/sync_server.ts";
import { InputLeadMeter } from "./input_lead_meter.ts";
import { NetworkClock } from "./network_clock.ts";
import { Timelines } from "./timelines.ts";

const TICK_MS = 1_000 / 60;
const FRAME_MS = 1_000 / 240;
const START_MS = 2 ** 26 - 3_000;

Deno.test("Timelines follow a SyncServer, and have the inputs there in time", () => {
  // 50 ms and up to 25 ms more, each way.
  const links = new LossyLinks({
    random: new SeededRandom(4),
    loss: 0.02,
    delay: 12,
    jitter: 6,
  });
  const serverClock = new ManualClock({ nowMs: START_MS });
  const clientClock = new ManualClock({ nowMs: 77_777 });
  const meter = new InputLeadMeter();
  let serverTick = 0;
  let newestInput = -1;
  let lateLately = 0;
  const server = new SyncServer(mixed, {
    clock: serverClock,
    sendRate: 60,
    inputs: {
      receive: (_, bytes): boolean => {
        const tick = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
        if (tick > newestInput) {
          newestInput = tick;
          // What has come is read before the next tick.
          meter.record(tick, (tick - serverTick - 1) * TICK_MS);
        }
        return true;
      },
      feedback: (_, into: InputFeedback): boolean => {
        const leadMs = meter.take();
        if (leadMs === undefined) return false;
        into.tick = meter.tick;
        into.lead = leadMs / TICK_MS;
        return true;
      },
    },
  });
  const clock = new NetworkClock({ tickRate: 60 });
  const timelines = new Timelines(clock);
  const client = new SyncClient(mixed, links.b, {
    clock: clientClock,
    onTimes: (sample) => timelines.recordTimes(sample),
    inputs: {
      write: (writer: ByteWriter): void => {
        const bytes = new Uint8Array(4);
        new DataView(bytes.buffer).setUint32(
          0,
          Math.floor(timelines.predictionTick),
        );
        writer.raw(bytes);
      },
      acknowledge: (): void => {},
    },
  });
  server.connect(links.a);
  for (let frame = 0; frame < 240 * 30; frame++) {
    serverClock.advance(FRAME_MS * (1 + 100e-6));
    clientClock.advance(FRAME_MS);
    links.tick();
    if (frame % 4 === 0) {
      server.tick(TICK_MS / 1_000, (tick) => {
        serverTick = tick;
      });
    }
    client.tick(FRAME_MS / 1_000);
    const before = timelines.predictionTick;
    timelines.tick(FRAME_MS / 1_000, clientClock.nowMs());
    assert(timelines.predictionTick >= before);
    if (frame < 240 * 15) {
      lateLately = meter.lateInputs;
      continue;
    }
    // A tick lasts four frames.
    assertAlmostEquals(timelines.serverTick, serverTick + 0.5, 1);
    assert(timelines.renderTick < serverTick);
  }
  assertEquals(clock.ignoredStamps + clock.clockSteps + clock.jumps, 0);
  // The server's time begins with its first tick, in the first frame.
  assertAlmostEquals(
    clock.serverTimeAt(clientClock.nowMs()),
    serverClock.nowMs() - START_MS - FRAME_MS,
    5,
  );
  assertAlmostEquals(clock.driftPpm, 100, 60);
  assertAlmostEquals(clock.rttFloorMs, 100, 10);
  assert(meter.inputs > 1_500);
  const late = (meter.lateInputs - lateLately) / (meter.inputs / 2);
  assert(late < 0.04, `${late}`);
  // Neither later than needed nor much earlier: 50 to 75 ms, frames and a lost one.
  assert(timelines.leadMs < 75 + 3 * TICK_MS, `${timelines.leadMs}`);
  assert(timelines.underrunMs < 1_000, `${timelines.underrunMs}`);
});

Deno.test("Timelines take it that snapshots come as often as a SyncServer sends them", () => {
  const clock = new ManualClock();
  const links = new MemoryLinkPair();
  const server = new SyncServer(mixed, { clock });
  server.connect(links.a);
  let snapshots = 0;
  const client = new SyncClient(mixed, links.b, {
    clock,
    onSnapshot: () => snapshots++,
  });
  for (let tick = 0; tick < 600; tick++) {
    clock.advance(1_000 / 60);
    server.tick(1 / 60);
    client.tick(1 / 60);
  }
  const timelines = new Timelines(new NetworkClock());
  timelines.clock.recordPingPong(0, 0, 0);
  timelines.tick(0);
  const intervalMs = timelines.interpolationDelayMs / 1.7;
  assert(Math.abs(snapshots * intervalMs - 10_000) < 100, `${snapshots}`);
});
