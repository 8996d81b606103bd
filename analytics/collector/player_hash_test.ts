import { assertEquals, assertRejects } from "@std/assert";
import { encodeBase64Url } from "../../core/mod.ts";
import { playerHash, PlayerHashes } from "./player_hash.ts";

function idOf(number: number): string {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, number);
  return encodeBase64Url(bytes);
}

Deno.test("playerHash() is the beginning of the SHA-256 of an id", async () => {
  // printf '\0%.0s' {1..16} | sha256sum
  assertEquals(
    await playerHash("A".repeat(22)),
    encodeBase64Url(Uint8Array.fromHex("374708fff7719dd5979ec875d56cd228")),
  );
});

Deno.test("playerHash() refuses what is no id", async () => {
  for (
    const id of ["", "ada", "A".repeat(21), "A".repeat(23), "B".repeat(22)]
  ) {
    await assertRejects(() => playerHash(id), RangeError, "id", id);
  }
});

Deno.test("PlayerHashes remembers the last ones that were asked for", async () => {
  const hashes = new PlayerHashes();
  for (let number = 0; number < 20_000; number++) {
    const hash = await hashes.of(idOf(number));
    if (number % 1_000 > 0) continue;
    assertEquals(hash, await playerHash(idOf(number)));
    assertEquals(await hashes.of(idOf(number)), hash);
  }
  assertEquals(hashes.size, 16_384);
});
