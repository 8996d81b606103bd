import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom, type Vec3 } from "../../core/mod.ts";
import { bits, type Field, quat, vec2, vec3 } from "../../protocol/mod.ts";
import { viewBlend, type ViewStamp, viewStamp } from "../input/view_stamp.ts";
import { defineEntity } from "../schema/define_entity.ts";
import { defineWorld } from "../schema/define_world.ts";
import { hasBit } from "../world/bit_set.ts";
import type { EntityId } from "../world/entity_id.ts";
import { EntityStore } from "../world/entity_store.ts";
import { WorldHistory } from "../world/world_history.ts";
import type { HitShape } from "./hit_shape.ts";
import { rayBox, rayCapsule, rayOrientedBox, raySphere } from "./hit_tests.ts";
import { Rewind } from "./rewind.ts";

const step = { min: -64, max: 64, step: 1 / 512 };
// Steps that are integers of 32 bits, floats, two lanes, and steps that are not.
const fine = { min: -1, max: 30, step: 2 ** -27 };
const FIELDS = [vec3(step), vec3, vec2(step), vec3(fine)];
const CAPACITY = 70;

interface Seen {
  readonly position: Vec3;
  readonly rotation: { x: number; y: number; z: number; w: number };
  readonly jumps: number;
}

/** A world that lives, and what clients were sent of it. */
function live(positionField: typeof FIELDS[number], seed: number) {
  const world = defineWorld({
    other: defineEntity({ jumps: bits(1) }),
    thing: defineEntity({
      jumps: bits(2),
      position: positionField as Field<Vec3>,
      rotation: quat,
    }, { maxEntities: CAPACITY }),
  });
  const random = new SeededRandom(seed);
  const at = (size: number): number => (random.nextFloat() * 2 - 1) * size;
  const store = new EntityStore(world);
  const history = new WorldHistory(world.types, 16);
  const sent: Map<EntityId, Seen>[] = [];
  const turn = () => ({ x: at(1), y: at(1), z: at(1), w: at(1) });
  const spawn = () =>
    store.spawn("thing", {
      jumps: 0,
      position: { x: at(20), y: at(20), z: at(20) },
      rotation: turn(),
    });
  for (let i = 0; i < 60; i++) spawn();
  for (let tick = 0; tick < 40; tick++) {
    for (const id of [...store.ids("thing")]) {
      const now = store.get(id, "thing")!;
      if (random.nextU32() % 30 === 0) store.despawn(id);
      else if (random.nextU32() % 40 === 0) {
        store.set(id, "thing", {
          jumps: now.jumps + 1 & 3,
          position: { x: at(20), y: at(20), z: at(20) },
        });
      } else {
        const { x, y, z } = now.position;
        store.set(id, "thing", {
          position: { x: x + at(1), y: y + at(1), z: z + at(1) },
          rotation: turn(),
        });
      }
    }
    while (store.size < 60) spawn();
    history.record(store);
    sent.push(
      new Map([...store.ids("thing")].map((id) => [
        id,
        store.get(id, "thing") as unknown as Seen,
      ])),
    );
  }
  return { type: world.byName.get("thing")!, history, sent, random, at };
}

/** What a client draws. */
function drawn(sent: Map<EntityId, Seen>[], view: ViewStamp) {
  const blend = viewBlend(view);
  const before = sent[blend === 1 ? view.toTick : view.fromTick]!;
  const after = sent[view.toTick]!;
  const seen = new Map<EntityId, Vec3>();
  for (const [id, { position: a, jumps }] of before) {
    const then = after.get(id);
    const b = then === undefined || then.jumps !== jumps ? a : then.position;
    seen.set(id, {
      x: a.x + (b.x - a.x) * blend,
      y: a.y + (b.y - a.y) * blend,
      z: (a.z ?? 0) + ((b.z ?? 0) - (a.z ?? 0)) * blend,
    });
  }
  return seen;
}

Deno.test("Rewind is where the player saw everybody, to the bit", () => {
  for (const [i, field] of FIELDS.entries()) {
    const seed = 50 + i;
    const { type, history, sent, random } = live(field, seed);
    const rewind = new Rewind(history, type, { teleport: "jumps" });
    for (let n = 0; n < 45; n++) {
      const from = 24 + random.nextU32() % 15;
      const to = Math.min(39, from + random.nextU32() % 4);
      const view = viewStamp(
        from,
        to,
        n % 9 === 0 ? to : from + (to - from) * random.nextFloat(),
      );
      assert(rewind.to(view));
      const seen = drawn(sent, view);
      const found = { x: 0, y: 0, z: 0 };
      // One by one before all at once, and after.
      const what = `seed ${seed}, ${JSON.stringify(view)}`;
      if (n % 2 === 0) {
        for (const [id, where] of seen) {
          assert(rewind.position(id, found), what);
          assertEquals(found, where, what);
        }
      }
      let count = 0;
      const { alive, positions } = rewind;
      for (let slot = 0; slot < CAPACITY; slot++) {
        if (hasBit(alive, slot)) count++;
      }
      assertEquals(count, seen.size, what);
      for (const [id, where] of seen) {
        const slot = id & 0xffff;
        assert(hasBit(alive, slot));
        assertEquals(
          [0, 1, 2].map((lane) => positions[lane * CAPACITY + slot]),
          [where.x, where.y, where.z],
          what,
        );
      }
      for (const id of sent[to]!.keys()) {
        assertEquals(rewind.position(id, found), seen.has(id), what);
      }
    }
    assertEquals(rewind.to(viewStamp(23, 25, 24.5)), false);
    assertEquals(rewind.to(viewStamp(39, 40, 39.5)), false);
    assertEquals(
      rewind.position([...sent[39]!.keys()][0]!, { x: 0, y: 0, z: 0 }),
      false,
    );
  }
});

Deno.test("Rewind.raycast() finds the nearest of all, as a look at each does", () => {
  const seed = 60;
  const { type, history, sent, random, at } = live(vec3(step), seed);
  const shapes: HitShape[] = [
    { type: "sphere", radius: 0.8 },
    { type: "box", half: { x: 0.5, y: 1, z: 0.25 } },
    { type: "orientedBox", half: { x: 0.5, y: 1.5, z: 0.25 } },
    {
      type: "capsule",
      from: { x: 0, y: -1, z: 0 },
      to: { x: 0.2, y: 1, z: 0 },
      radius: 0.4,
    },
  ];
  const rewind = new Rewind(history, type, {
    teleport: "jumps",
    rotation: "rotation",
  });
  let hits = 0;
  for (let n = 0; n < 800; n++) {
    const from = 24 + n % 15;
    const view = viewStamp(from, from + 1, from + n % 5 / 4);
    rewind.to(view);
    const seen = drawn(sent, view);
    const [aimedAt, target] = [...seen][random.nextU32() % seen.size]!;
    const o = { x: at(25), y: at(25), z: at(25) };
    const d = {
      x: target.x - o.x + at(1),
      y: target.y - o.y + at(1),
      z: target.z - o.z + at(1),
    };
    const length = Math.hypot(d.x, d.y, d.z);
    const shape = shapes[n % shapes.length]!;
    const ignored = n % 11 === 0 ? aimedAt : undefined;
    const maxDistance = n % 7 === 0 ? 20 : undefined;
    let best = maxDistance ?? Infinity;
    let nearest: EntityId | undefined;
    for (const [id, { x, y, z }] of seen) {
      if (id === ignored) continue;
      const ray = [o.x, o.y, o.z, d.x, d.y, d.z] as const;
      let t: number;
      if (shape.type === "sphere") t = raySphere(...ray, x, y, z, shape.radius);
      else if (shape.type === "capsule") {
        const { from: f, to, radius } = shape;
        t = rayCapsule(
          ...ray,
          x + f.x,
          y + f.y,
          z + f.z,
          x + to.x,
          y + to.y,
          z + to.z,
          radius,
        );
      } else {
        const { x: hx, y: hy, z: hz } = shape.half;
        if (shape.type === "box") t = rayBox(...ray, x, y, z, hx, hy, hz);
        else {
          const q = turned(sent, view, id);
          t = rayOrientedBox(
            ...ray,
            x,
            y,
            z,
            hx,
            hy,
            hz,
            q.x,
            q.y,
            q.z,
            q.w,
          );
        }
      }
      if (t * length < best) {
        best = t * length;
        nearest = id;
      }
    }
    const hit = rewind.raycast(
      {
        origin: o,
        direction: d,
        ...(maxDistance !== undefined && { maxDistance }),
      },
      shape,
      ignored,
    );
    const what = `seed ${seed}, ray ${n}`;
    assertEquals(hit?.id, nearest, what);
    if (hit === undefined) continue;
    hits++;
    assertAlmostEquals(hit.distance, best, 1e-6, what);
    const s = hit.distance / length;
    assertAlmostEquals(hit.x, o.x + d.x * s, 1e-9, what);
    assertAlmostEquals(hit.y, o.y + d.y * s, 1e-9, what);
    assertAlmostEquals(hit.z, o.z + d.z * s, 1e-9, what);
  }
  assert(hits > 250, `${hits}`);
});

/** By halving, where the middle of two rotations is their sum. */
function turned(sent: Map<EntityId, Seen>[], view: ViewStamp, id: EntityId) {
  const blend = viewBlend(view);
  const before = sent[blend === 1 ? view.toTick : view.fromTick]!.get(id)!;
  const then = sent[view.toTick]!.get(id);
  let low = before.rotation;
  if (then === undefined || then.jumps !== before.jumps) return low;
  let high = then.rotation;
  const dot = low.x * high.x + low.y * high.y + low.z * high.z +
    low.w * high.w;
  if (dot < 0) high = { x: -high.x, y: -high.y, z: -high.z, w: -high.w };
  let from = 0;
  let to = 1;
  for (let i = 0; i < 40; i++) {
    const x = low.x + high.x;
    const y = low.y + high.y;
    const z = low.z + high.z;
    const w = low.w + high.w;
    const l = Math.hypot(x, y, z, w);
    const middle = { x: x / l, y: y / l, z: z / l, w: w / l };
    if (blend < (from + to) / 2) {
      high = middle;
      to = (from + to) / 2;
    } else {
      low = middle;
      from = (from + to) / 2;
    }
  }
  return low;
}

Deno.test("Rewind is nowhere before it went anywhere, and refuses other fields", () => {
  const { type, history, sent } = live(vec3(step), 70);
  const rewind = new Rewind(history, type);
  const ray = {
    origin: { x: 0, y: 0, z: 0 },
    direction: { x: 1, y: 0, z: 0 },
  };
  const shape: HitShape = { type: "sphere", radius: 1e3 };
  assertEquals(rewind.raycast(ray, shape), undefined);
  assertEquals(rewind.alive.length, 0);
  rewind.to(viewStamp(38, 39, 38.5));
  assertEquals(rewind.raycast(ray, shape)?.distance, 0);
  // The centre may be beyond what is met.
  const id = [...sent[39]!.keys()][0]!;
  const where = { x: 0, y: 0, z: 0 };
  rewind.to(viewStamp(39, 39, 39));
  assert(rewind.position(id, where));
  const beside = { ...where, x: where.x - 0.01 };
  const small: HitShape = { type: "sphere", radius: 0.004 };
  const near = { ...ray, origin: beside };
  assertEquals(
    rewind.raycast({ ...near, maxDistance: 0.008 }, small)?.id,
    id,
  );
  assertEquals(
    rewind.raycast({ ...near, maxDistance: 0.005 }, small),
    undefined,
  );
  for (const x of [0, NaN, Infinity]) {
    const direction = { x, y: 0, z: 0 };
    assertEquals(rewind.raycast({ ...ray, direction }, shape), undefined);
  }
  for (
    const options of [
      { position: "rotation" },
      { position: "nothing" },
      { rotation: "position" },
      { teleport: "position" },
    ]
  ) {
    assertThrows(
      () => new Rewind(history, type, options),
      RangeError,
      Object.keys(options)[0]!,
    );
  }
});
