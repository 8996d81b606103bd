import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { ProtocolError } from "../../protocol/mod.ts";
import { PlayerInput, type PlayerInputInit } from "./player_input.ts";

Deno.test("PlayerInput.serialize() writes these bytes", () => {
  const table: [PlayerInputInit, number[]][] = [
    [{ tick: 0 }, new Array<number>(20).fill(0)],
    [
      {
        tick: 0x0102_0304,
        move: { x: 1, y: -1 },
        facing: 0.5,
        actions: 0xffff_fffe,
      },
      // deno-fmt-ignore
      [4, 3, 2, 1, 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0xbf, 0, 0, 0, 0x3f, 0xfe, 255, 255, 255],
    ],
  ];
  for (const [init, bytes] of table) {
    const input = new PlayerInput(init);
    assertEquals([...input.serialize()], bytes);
    assertEquals(PlayerInput.deserialize(new Uint8Array(bytes)), input);
  }
});

Deno.test("PlayerInput.tryDeserialize() takes what is written and nothing else", () => {
  const seed = 3;
  const random = new SeededRandom(seed);
  const bytes = new Uint8Array(20);
  let taken = 0;
  for (let i = 0; i < 20_000; i++) {
    random.fill(bytes);
    // Else hardly any number is small enough.
    for (const at of [7, 11, 15]) bytes[at] = 0x3e | bytes[at]! & 0xc1;
    const input = PlayerInput.tryDeserialize(bytes);
    if (typeof input === "string") {
      assertEquals(input, "nonCanonical");
      continue;
    }
    taken++;
    assertEquals(input.serialize(), bytes, `seed ${seed}, ${i}`);
    assert(Math.abs(input.move.x) <= 1 && Number.isFinite(input.facing));
  }
  assert(taken > 1_000 && taken < 19_000, `${taken}`);
  for (let length = 0; length < 20; length++) {
    assertEquals(
      PlayerInput.tryDeserialize(new Uint8Array(length)),
      "bufferTooShort",
    );
  }
  assertEquals(PlayerInput.tryDeserialize(new Uint8Array(21)), "trailingBytes");
  assertThrows(
    () => PlayerInput.deserialize(new Uint8Array(21)),
    ProtocolError,
    "current value has 21",
  );
});

Deno.test("PlayerInput refuses what no player does", () => {
  const wrong: [PlayerInputInit, string][] = [
    [{ tick: -1 }, "tick"],
    [{ tick: 2 ** 32 }, "tick"],
    [{ tick: 0, actions: 0.5 }, "actions"],
    [{ tick: 0, move: { x: 1.001, y: 0 } }, "move.x"],
    [{ tick: 0, move: { x: 0, y: NaN } }, "move.y"],
    [{ tick: 0, facing: 1e39 }, "facing"],
  ];
  for (const [init, name] of wrong) {
    assertThrows(() => new PlayerInput(init), RangeError, name);
  }
});
