import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  CHALLENGE_BODY_BYTES,
  type ChallengeToken,
  openChallenge,
  sealChallenge,
} from "./_challenge_token.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const BIT_STEP = IS_SOAK ? 1 : 5;
const RUNS = IS_SOAK ? 20_000 : 200;
const KEY = new Uint8Array(32).fill(7);
const TOKEN: ChallengeToken = {
  clientId: 0xfedc_ba98_7654_3210n,
  userData: Uint8Array.from({ length: 256 }, (_, i) => i),
};

function body(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(CHALLENGE_BODY_BYTES);
  sealChallenge(TOKEN, 5n, KEY, bytes);
  return bytes;
}

Deno.test("openChallenge() opens what sealChallenge() sealed, with the same key only", () => {
  assertEquals(openChallenge(body(), KEY), TOKEN);
  assertEquals(openChallenge(body(), KEY.with(31, 0)), undefined);
});

Deno.test("openChallenge() opens nothing that was cut, prolonged or changed in a bit", () => {
  const bytes = body();
  for (let length = 0; length < bytes.length; length++) {
    assertEquals(openChallenge(bytes.subarray(0, length), KEY), undefined);
  }
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  assertEquals(openChallenge(longer, KEY), undefined);
  for (let bit = 0; bit < 8 * bytes.length; bit += BIT_STEP) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    assertEquals(openChallenge(bytes, KEY), undefined, `bit ${bit}`);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  assertEquals(openChallenge(bytes, KEY), TOKEN);
});

Deno.test("openChallenge() opens no random bytes", () => {
  const random = new SeededRandom(20_005);
  const bytes = new Uint8Array(CHALLENGE_BODY_BYTES);
  for (let run = 0; run < RUNS; run++) {
    random.fill(bytes);
    assertEquals(openChallenge(bytes, KEY), undefined, "seed 20005");
  }
});
