// A client and a server play the same game over a network that loses one report in
// twenty and delays each by another time. The whole count is 1,000,000 ticks
// (TICKWIRE_SOAK=1); an ordinary run takes 4,000. A failure names the seed.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { bits, ByteWriter, struct, vec2 } from "../../protocol/mod.ts";
import { InputQueue } from "../input/input_queue.ts";
import { InputSender } from "../input/input_sender.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { EntityStore } from "../world/entity_store.ts";
import { WorldHistory } from "../world/world_history.ts";
import { Predictor } from "./predictor.ts";

const TICKS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 1_000_000 : 4_000;
const LOSS = 0.05;
/** How far ahead the client plays: the last of three copies is in time. */
const LEAD = 9;
const CAPACITY = 4;

const world = defineWorld({
  puck: defineEntity({
    position: vec2({ min: -64, max: 64, step: 1 / 256 }),
    velocity: vec2({ min: -16, max: 16, step: 1 / 64 }),
  }, { maxEntities: CAPACITY }),
});
const field = struct({ push: bits(2), brake: bits(1) });

interface Input {
  readonly push: number;
  readonly brake: number;
}

/** The player, in place 0, drives; the puck, in place 1, is knocked about. */
function play(values: Float64Array, input: Input, dt: number): void {
  const x = 0, y = CAPACITY, vx = 2 * CAPACITY, vy = 3 * CAPACITY;
  values[vx]! += ((input.push & 1) - 0.5) * 8 * dt;
  values[vy]! += ((input.push >> 1) - 0.5) * 8 * dt;
  if (input.brake === 1) {
    values[vx]! *= 0.75;
    values[vy]! *= 0.75;
  }
  const dx = values[x + 1]! - values[x]!;
  const dy = values[y + 1]! - values[y]!;
  if (dx * dx + dy * dy < 1) {
    values[vx + 1]! += dx * 0.5;
    values[vy + 1]! += dy * 0.5;
  }
  for (let i = 0; i < 2; i++) {
    for (const [p, v] of [[x + i, vx + i], [y + i, vy + i]] as const) {
      values[p]! += values[v]! * dt;
      // The rink's wall.
      if (Math.abs(values[p]!) > 8) {
        values[p] = values[p]! > 0 ? 8 : -8;
        values[v] = -values[v]!;
      }
      values[v]! *= 0.99;
    }
  }
}

Deno.test(`Predictor is corrected after a divergence only, and no input that came is lost, in ${TICKS} ticks`, () => {
  const seed = 71;
  const random = new SeededRandom(seed);
  const chance = (p: number): boolean => random.nextFloat() < p;
  const store = new EntityStore(world);
  const ids = [1, 3].map((x) =>
    store.spawn("puck", {
      position: { x, y: 0 },
      velocity: { x: 0, y: 0 },
    })!
  );
  const history = new WorldHistory(world.types, 32);
  history.record(store);
  const values = new Float64Array(4 * CAPACITY);

  // Three copies, whatever is acknowledged.
  const sender = new InputSender<Input>(field, { redundancy: 3, maxBytes: 0 });
  const receiver = new InputQueue<Input>(field, { tickRate: 60 });
  const predictor = new Predictor<Input>(world.types[0]!, {
    tickRate: 60,
    maxEntities: CAPACITY,
    step: (state, input, dt) => play(state.values, input, dt),
  });
  for (const id of ids) predictor.add(id, 0, history.tablesAt(0)[0]!);

  // What is under way comes at its own tick.
  const reports: { bytes: Uint8Array; from: number; to: number }[][] = [];
  const snapshots: number[][] = [];
  const inputs = new Map<number, Input>();
  const came = new Set<number>();
  /** Ticks in which the server did what the client could not know. */
  const surprises: number[] = [];
  let input: Input = { push: 0, brake: 0 };
  let serverInput: Input = input;
  let reconciled = 0;
  let missing = 0;
  let corrected = 0;
  let wanted = 0;
  for (let now = 0; now < TICKS; now++) {
    const tick = now + LEAD;
    // The client.
    for (const from of snapshots[now % 16] ?? []) {
      const before = predictor.counts.mispredicted;
      const isLater = from > reconciled;
      predictor.reconcile(from, history.tablesAt(from)[0]!);
      if (!isLater) continue;
      reconciled = from;
      let isSurprise = false;
      while (surprises.length > 0 && surprises[0]! <= from) {
        surprises.shift();
        isSurprise = true;
      }
      // What the client has not played is no prediction.
      if (isSurprise && from > LEAD) wanted++;
      const isCorrected = predictor.counts.mispredicted > before;
      if (isCorrected) corrected++;
      assert(isSurprise || !isCorrected, `seed ${seed}: tick ${from}`);
    }
    snapshots[now % 16] = [];
    if (chance(0.2)) {
      input = { push: random.nextU32() & 3, brake: chance(0.1) ? 1 : 0 };
    }
    // Ticks begin with the first that the server simulates.
    if (tick > predictor.tick) {
      const rounded = sender.push(tick, input);
      predictor.apply(tick, rounded);
      inputs.set(tick, rounded);
      const writer = new ByteWriter();
      const count = sender.write(writer);
      if (!chance(LOSS)) {
        const at = (now + 1 + random.nextU32() % 6) % 16;
        reports[at] ??= [];
        reports[at].push({
          bytes: writer.toBytes(),
          from: tick - count + 1,
          to: tick,
        });
      }
    }
    // The server.
    for (const { bytes, from, to } of reports[now % 16] ?? []) {
      assertEquals(receiver.read(bytes, now + 1), undefined);
      for (let t = from; t <= to; t++) if (t > now) came.add(t);
    }
    reports[now % 16] = [];
    const serverTick = now + 1;
    const taken = receiver.take(serverTick);
    const sent = inputs.get(serverTick);
    if (came.has(serverTick)) {
      assertEquals(taken.missing, 0, `seed ${seed}: tick ${serverTick}`);
      assertEquals(taken.input, sent, `seed ${seed}: tick ${serverTick}`);
    } else {
      assert(taken.missing > 0);
      missing++;
    }
    serverInput = taken.input ?? serverInput;
    const isSame = sent !== undefined && sent.push === serverInput.push &&
      sent.brake === serverInput.brake;
    const isPushed = chance(0.001);
    if (!isSame || isPushed) surprises.push(serverTick);
    inputs.delete(serverTick);
    came.delete(serverTick);
    ids.forEach((id, i) => {
      const { position, velocity } = store.get(id, "puck")!;
      [position.x, position.y, velocity.x, velocity.y].forEach((value, lane) =>
        values[lane * CAPACITY + i] = value
      );
    });
    play(values, serverInput, 1 / 60);
    if (isPushed) values[2 * CAPACITY] = -values[2 * CAPACITY]! - 1;
    ids.forEach((id, i) =>
      store.set(id, "puck", {
        position: { x: values[i]!, y: values[CAPACITY + i]! },
        velocity: {
          x: values[2 * CAPACITY + i]!,
          y: values[3 * CAPACITY + i]!,
        },
      })
    );
    assertEquals(history.record(store), serverTick);
    if (!chance(LOSS)) {
      const at = (now + 1 + random.nextU32() % 6) % 16;
      snapshots[at] ??= [];
      snapshots[at].push(serverTick);
    }
    predictor.tickCorrection(1 / 60);
  }
  // Three losses in a row, and the first ticks, which the client did not play.
  const { accepted, malformed, flooded } = receiver.counts;
  assertEquals([malformed, flooded], [0, 0]);
  assert(accepted > TICKS * 0.9996 - 2 * LEAD, `${accepted}`);
  assert(missing < TICKS * 0.0004 + 2 * LEAD, `${missing}`);
  // Nearly every surprise is seen; a lost input that would have changed nothing is not.
  assert(corrected > 0 && corrected >= wanted * 0.8, `${corrected}, ${wanted}`);
  assertEquals(predictor.counts.mispredicted, corrected);
});
