import { assertEquals } from "@std/assert";
import { createHmac } from "node:crypto";
import { playerId, SecureRandom, SeededRandom } from "../../core/mod.ts";
import { RUN_TOKEN_LENGTH, RunTokens } from "./run_token.ts";

const ADA = playerId("ada");
const KEY = new Uint8Array(32).map((_, i) => i);

Deno.test("RunTokens.issue() writes the bytes that the protocol names", async () => {
  const tokens = new RunTokens(KEY, new SeededRandom(1));
  const issued = 1_764_072_000_123;
  const player = playerId("ädä");
  const text = await tokens.issue("main/speed", player, issued, 0xfedc_ba98);
  assertEquals(text.length, RUN_TOKEN_LENGTH);
  const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
  const id = new Uint8Array(16);
  new SeededRandom(1).fill(id);
  // By another implementation, from the document.
  const head = new Uint8Array(27);
  head[0] = 1;
  for (let i = 0; i < 6; i++) {
    head[6 - i] = Math.floor(issued / 256 ** i) % 256;
  }
  head.set([0xfe, 0xdc, 0xba, 0x98], 7);
  head.set(id, 11);
  const mac = createHmac("sha256", KEY)
    .update("tickwire run").update(head)
    .update(new Uint8Array([0, 10])).update("main/speed")
    .update(new Uint8Array([0, 5])).update("ädä")
    .digest();
  assertEquals(bytes, new Uint8Array([...head, ...mac]));
  assertEquals(await tokens.verify(text, "main/speed", player), {
    issuedMs: issued,
    expiresMs: issued + 0xfedc_ba98,
    id: id.toHex(),
  });
});

Deno.test("RunTokens.verify() takes no token of another key, board or player", async () => {
  const tokens = new RunTokens(KEY, new SecureRandom());
  const token = await tokens.issue("main/b", ADA, 1_000, 60_000);
  const other = new RunTokens(KEY.map((byte) => byte ^ 1), new SecureRandom());
  assertEquals(await other.verify(token, "main/b", ADA), undefined);
  assertEquals(await tokens.verify(token, "main/bb", ADA), undefined);
  assertEquals(await tokens.verify(token, "other/b", ADA), undefined);
  assertEquals(
    await tokens.verify(token, "main/b", playerId("adb")),
    undefined,
  );
  // What moves from one name to the other is told by the lengths.
  const moved = await tokens.issue("main/ba", playerId("da"), 1_000, 60_000);
  assertEquals(
    await tokens.verify(moved, "main/b", playerId("ada")),
    undefined,
  );
  const same = new RunTokens(
    await crypto.subtle.importKey(
      "raw",
      KEY,
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign", "verify"],
    ),
    new SecureRandom(),
  );
  assertEquals((await same.verify(token, "main/b", ADA))?.issuedMs, 1_000);
});
