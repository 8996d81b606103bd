import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { MAX_USED_TOKENS, UsedTokens } from "./_used_tokens.ts";

Deno.test("UsedTokens begins the sequence of a token that it has forgotten elsewhere", () => {
  const used = new UsedTokens(new SeededRandom(1));
  const { sequence } = used.add("a", "10.0.0.2:9");
  assertEquals(used.get("a")!.sequence, sequence);
  for (let i = 0; i < MAX_USED_TOKENS; i++) used.add(`${i}`, "10.0.0.3:9");
  assertEquals(used.get("a"), undefined);
  // Further away than any session gets.
  const again = used.add("a", "10.0.0.2:9").sequence;
  assertNotEquals(again, sequence);
  assert(Math.abs(again - sequence) > 2 ** 40);
});
