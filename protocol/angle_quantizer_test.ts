import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { AngleQuantizer } from "./angle_quantizer.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";

Deno.test("AngleQuantizer gives each step again, turns and turns further, too", () => {
  const random = new SeededRandom(2);
  for (let bits = 1; bits <= 32; bits++) {
    const quantizer = new AngleQuantizer(bits);
    const last = 2 ** bits - 1;
    const indices = bits <= 10 && IS_SOAK
      ? Array.from({ length: last + 1 }, (_, i) => i)
      : [
        0,
        1,
        last,
        ...Array.from(
          { length: 200 },
          () => Math.floor(random.nextFloat() * (last + 1)),
        ),
      ];
    for (const index of indices) {
      const radians = quantizer.fromIndex(index);
      assert(radians >= 0 && radians < 2 * Math.PI);
      assertEquals([bits, quantizer.toIndex(radians)], [bits, index]);
      if (bits > 20) continue;
      assertEquals(quantizer.toIndex(radians + 6 * Math.PI), index);
      assertEquals(quantizer.toIndex(radians - 4 * Math.PI), index);
    }
    for (const radians of [NaN, Infinity, -Infinity]) {
      assertEquals(quantizer.toIndex(radians), -1);
    }
    assertEquals(quantizer.toIndex(-1e-300), 0);
    assert(Object.is(quantizer.toIndex(-0), 0));
  }
});

Deno.test("AngleQuantizer refuses bits out of range", () => {
  for (const bits of [0, 33, 1.5, NaN]) {
    assertThrows(() => new AngleQuantizer(bits), RangeError, "1 to 32");
  }
});
