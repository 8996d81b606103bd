import { assertEquals, assertThrows } from "@std/assert";
import { encodeBase64, SeededRandom } from "../../core/mod.ts";
import { playerHash } from "./player_hash.ts";

function toId(bytes: Uint8Array): string {
  return encodeBase64(bytes).slice(0, 22)
    .replaceAll("+", "-").replaceAll("/", "_");
}

Deno.test("playerHash() is the beginning of the SHA-256 of an id", async () => {
  const seed = 20_261_126;
  const random = new SeededRandom(seed);
  for (let i = 0; i < 2_000; i++) {
    const id = new Uint8Array(16);
    if (i === 1) id.fill(0xff);
    else if (i > 1) random.fill(id);
    const digest = await crypto.subtle.digest("SHA-256", id);
    assertEquals(
      playerHash(toId(id)),
      toId(new Uint8Array(digest, 0, 16)),
      `seed ${seed}, case ${i}`,
    );
  }
});

Deno.test("playerHash() refuses what is no id", () => {
  for (
    const id of ["", "ada", "A".repeat(21), "A".repeat(23), "B".repeat(22)]
  ) {
    assertThrows(() => playerHash(id), RangeError, "id", id);
  }
});
