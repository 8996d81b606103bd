import { assert, assertEquals, assertThrows } from "@std/assert";
import { EntitySnapshot } from "./entity_snapshot.ts";
import { GameStateSnapshot } from "./game_state_snapshot.ts";
import { StateInterpolator } from "./state_interpolator.ts";

const HERE = { x: 1, y: 2, z: 3 };

Deno.test("StateInterpolator turns the short way round", () => {
  const interpolator = new StateInterpolator();
  const one = new EntitySnapshot({ id: 1, position: HERE, rotation: 3 });
  interpolator.pushSnapshot(new GameStateSnapshot(1, 0, [one]));
  interpolator.pushSnapshot(
    new GameStateSnapshot(2, 100, [one.with({ rotation: -3 })]),
  );
  const turned = interpolator.interpolate(50)!.entities.get(1)!.rotation;
  assert(Math.abs(turned - Math.PI) < 1e-6, `${turned}`);
});

Deno.test("StateInterpolator shows an entity that is not in both as it was before", () => {
  const interpolator = new StateInterpolator();
  const one = new EntitySnapshot({ id: 1, position: HERE });
  const other = new EntitySnapshot({
    id: 1,
    generation: 1,
    position: { x: 9, y: 9, z: 9 },
  });
  const two = new EntitySnapshot({ id: 2, position: HERE });
  interpolator.pushSnapshot(new GameStateSnapshot(1, 0, [one]));
  interpolator.pushSnapshot(new GameStateSnapshot(2, 100, [other, two]));
  assertEquals([...interpolator.interpolate(50)!.entities.values()], [one]);
});

Deno.test("StateInterpolator moves entities on for a while, and does not overflow", () => {
  const interpolator = new StateInterpolator({ maxExtrapolationMs: 500 });
  assertEquals(interpolator.interpolate(0), undefined);
  const one = new EntitySnapshot({
    id: 1,
    position: HERE,
    velocity: { x: 2, y: 0, z: 0 },
  });
  const fast = one.with({
    id: 2,
    velocity: { x: 3e38, y: 0, z: 0 },
    position: { x: 3e38, y: 0, z: 0 },
  });
  interpolator.pushSnapshot(new GameStateSnapshot(1, 1_000, [one, fast]));
  const at = (ms: number): number =>
    interpolator.interpolate(ms)!.entities.get(1)!.position.x;
  assertEquals([at(500), at(1_000), at(1_250), at(1_500), at(9_000)], [
    1,
    1,
    1.5,
    2,
    2,
  ]);
  assertEquals(interpolator.interpolate(1_500)!.entities.get(2), fast);
  assertThrows(
    () => new StateInterpolator({ maxExtrapolationMs: -1 }),
    RangeError,
  );
});
