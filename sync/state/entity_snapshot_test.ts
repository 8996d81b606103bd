import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  EntitySnapshot,
  type EntitySnapshotInit,
  StateFlag,
} from "./entity_snapshot.ts";

Deno.test("EntitySnapshot keeps what will be sent, and refuses what cannot be", () => {
  const custom = new Uint8Array([1, 2]);
  const entity = new EntitySnapshot({
    id: 1,
    position: { x: 0.1, y: 0, z: 0 },
    custom,
  });
  custom[0] = 9;
  assertEquals([...entity.custom], [1, 2]);
  assertStrictEquals(entity.position.x, Math.fround(0.1));
  assertEquals(entity.stateFlags, StateFlag.Alive);
  const wrong: Partial<EntitySnapshotInit>[] = [
    { id: -1 },
    { id: 2 ** 32 },
    { generation: 65_536 },
    { position: { x: NaN, y: 0, z: 0 } },
    { velocity: { x: 1e39, y: 0, z: 0 } },
    { rotation: Infinity },
    { health: NaN },
    { stateFlags: 1.5 },
    { custom: new Uint8Array(1_025) },
  ];
  for (const changes of wrong) {
    assertThrows(
      () => entity.with(changes),
      RangeError,
      Object.keys(changes)[0]!,
    );
  }
});
