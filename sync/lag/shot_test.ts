// Server and client as a whole, over a bad link: what is predicted is what the server
// makes of the inputs, and what is shot at is what was drawn.
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { bits, bool, struct, vec3 } from "../../protocol/mod.ts";
import { LossyLinks } from "../_testing/lossy_links.ts";
import { SyncClient } from "../client/sync_client.ts";
import { InputSender } from "../input/input_sender.ts";
import { ServerInputs } from "../input/server_inputs.ts";
import { viewBlend, type ViewStamp, viewStamp } from "../input/view_stamp.ts";
import { frameLayout } from "../interpolation/frame_layout.ts";
import { SnapshotPlayer } from "../interpolation/snapshot_player.ts";
import { Predictor } from "../prediction/predictor.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { SyncServer } from "../server/sync_server.ts";
import { hasBit } from "../world/bit_set.ts";
import { type EntityId, entityIdOf } from "../world/entity_id.ts";
import { Rewind } from "./rewind.ts";

const TICKS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 20_000 : 300;
const CAPACITY = 48;
const DT = 1 / 60;
/** How far the client plays ahead, and draws behind what it has. */
const LEAD = 12;
const BEHIND = 5;

const world = defineWorld({
  runner: defineEntity({
    jumps: bits(2),
    position: vec3({ min: -128, max: 128, step: 0.01 }),
  }, { maxEntities: CAPACITY }),
});
const field = struct({ walk: bits(2), fire: bool });

function walk(x: number, by: number): number {
  return Math.min(100, Math.max(-100, x + (by - 1) / 8));
}

Deno.test("Rewind has what SnapshotPlayer drew and Predictor what the server made, over a bad link", () => {
  const seed = 101;
  const random = new SeededRandom(seed);
  const at = (size: number): number => (random.nextFloat() * 2 - 1) * size;
  const anywhere = () => ({ x: at(100), y: at(5), z: at(100) });
  const links = new LossyLinks({
    random,
    loss: 0.15,
    duplication: 0.05,
    delay: 2,
    jitter: 4,
  });
  const inputs = new ServerInputs(field, {
    tickRate: 60,
    views: { maxRewindTicks: 40, maxSpan: 32 },
  });
  const server = new SyncServer(world, {
    inputs,
    sendRate: 20,
  });
  const peer = server.connect(links.a)!;
  const sender = new InputSender(field);
  const client = new SyncClient(world, links.b, { inputs: sender });
  const type = world.types[0]!;
  const player = new SnapshotPlayer(
    frameLayout(type.schema, { teleport: "jumps" }),
    { smoothingMs: 0 },
  );
  const rewind = new Rewind(server.history, type, { teleport: "jumps" });
  const predictor = new Predictor<{ walk: number }>(type, {
    tickRate: 60,
    maxEntities: 1,
    step: ({ values }, input) => {
      // The lanes are jumps, x, y and z.
      values[1] = walk(values[1]!, input.walk);
    },
  });
  const spawn = () =>
    server.entities.spawn("runner", { jumps: 0, position: anywhere() })!;
  const me = spawn();
  for (let i = 1; i < 40; i++) spawn();

  /** What was drawn when the input of a tick was made. */
  const drawn = new Map<
    number,
    { view: ViewStamp; seen: Map<EntityId, number[]> }
  >();
  let moment = 0;
  let shots = 0;
  let compared = 0;
  for (let frame = 0; frame < TICKS; frame++) {
    links.tick();
    const tick = frame + LEAD;
    // The client: draws, then makes an input, then hears and speaks.
    const { newest } = client;
    if (newest !== undefined && newest.tick > player.newestTick) {
      player.push(newest.tick, newest.tables[0]!);
      if (predictor.tick < 0) predictor.add(me, newest.tick, newest.tables[0]!);
      else predictor.reconcile(newest.tick, newest.tables[0]!);
    }
    let view: ViewStamp | undefined;
    if (player.newestTick >= 0) {
      const wanted = player.newestTick - BEHIND + random.nextFloat();
      moment = Math.max(moment, Math.round(wanted * 1024) / 1024);
      if (player.update(moment, DT) === "interpolated") {
        const { beforeTick, afterTick, frame: picture } = player;
        view = viewStamp(beforeTick, afterTick, moment);
        assertEquals(viewBlend(view), player.blend);
        const seen = new Map<EntityId, number[]>();
        for (let slot = 0; slot < CAPACITY; slot++) {
          if (!hasBit(picture.alive, slot)) continue;
          seen.set(
            entityIdOf(type.number, slot, picture.generation(slot)),
            [0, 1, 2].map((lane) => picture.values[lane * CAPACITY + slot]!),
          );
        }
        drawn.set(tick, { view, seen });
      }
    }
    const input = { walk: random.nextU32() % 3, fire: frame % 3 === 0 };
    const rounded = sender.push(tick, input, view);
    if (predictor.tick >= 0) predictor.apply(tick, rounded);
    client.tick(DT);

    server.tick(DT, (now) => {
      const taken = inputs.take(peer, now);
      if (
        taken.missing === 0 && taken.view !== undefined && taken.input?.fire
      ) {
        const allowed = { ...taken.view };
        const what = `seed ${seed}, tick ${now}`;
        assertEquals(allowed, drawn.get(now)!.view, what);
        assert(rewind.to(allowed), what);
        shots++;
        const found = { x: 0, y: 0, z: 0 };
        for (const [id, where] of drawn.get(now)!.seen) {
          assert(rewind.position(id, found), what);
          assertEquals([found.x, found.y, found.z], where, what);
          compared++;
        }
      }
      drawn.delete(now);
      for (const id of [...server.entities.ids("runner")]) {
        const { position, jumps } = server.entities.get(id, "runner")!;
        if (id === me) {
          // A client's first inputs are for later ticks.
          if (taken.input === undefined) continue;
          position.x = walk(position.x, taken.input.walk);
          server.entities.set(id, "runner", { position });
        } else if (random.nextU32() % 300 === 0) server.entities.despawn(id);
        else if (random.nextU32() % 200 === 0) {
          server.entities.set(id, "runner", {
            position: anywhere(),
            jumps: jumps + 1 & 3,
          });
        } else {
          position.x += at(0.3);
          position.z += at(0.3);
          server.entities.set(id, "runner", { position });
        }
      }
      while (server.entities.size < 40) spawn();
    });
  }
  assert(shots > TICKS / 5 && compared > shots * 30, `${shots}, ${compared}`);
  const { passed, checked } = inputs.guardOf(peer).counts;
  assert(checked > shots && passed === checked, `${passed} of ${checked}`);
  const { accepted, malformed, late } = inputs.of(peer).counts;
  assert(accepted > TICKS - LEAD - 10, `${accepted}, late ${late}`);
  assertEquals([malformed, sender.dropped], [0, 0]);
  const { mispredicted, compared: looked } = predictor.counts;
  // Of 15 % that are lost, hardly one input is in all the reports before its tick.
  assert(looked > TICKS / 6 && mispredicted <= 2 + TICKS / 1_000);
});
