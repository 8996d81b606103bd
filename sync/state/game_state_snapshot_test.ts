import { assertThrows } from "@std/assert";
import { EntitySnapshot } from "./entity_snapshot.ts";
import { GameStateSnapshot } from "./game_state_snapshot.ts";

const HERE = { x: 1, y: 2, z: 3 };

Deno.test("GameStateSnapshot refuses the same id twice, and numbers that are none", () => {
  const one = new EntitySnapshot({ id: 1, position: HERE });
  assertThrows(
    () => new GameStateSnapshot(0, 0, [one, one]),
    RangeError,
    "1 twice",
  );
  assertThrows(() => new GameStateSnapshot(0.5, 0), RangeError, "tick");
  assertThrows(() => new GameStateSnapshot(0, NaN), RangeError, "timestamp");
});
