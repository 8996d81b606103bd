import { assert, assertEquals, assertRejects } from "@std/assert";
import { hashPassword, verifyPassword } from "./password.ts";

/** RFC 7914, section 11: the first 32 of 64 bytes, as a block of PBKDF2 does not depend on how many follow. */
const PUBLISHED = {
  password: "Password",
  salt: "NaCl",
  iterations: 80_000,
  hash: "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56",
};

Deno.test("WebCrypto's PBKDF2 gives the published answer", async () => {
  const { password, salt, iterations, hash } = PUBLISHED;
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey(
    "raw",
    encoder.encode(password),
    "PBKDF2",
    false,
    ["deriveBits"],
  );
  const bits = await crypto.subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt: encoder.encode(salt), iterations },
    key,
    256,
  );
  assertEquals(new Uint8Array(bits).toHex(), hash);
});

Deno.test("hashPassword() salts each, and verifyPassword() knows its own", async () => {
  const a = await hashPassword("pass w\u00f6rd", 100);
  const b = await hashPassword("pass w\u00f6rd", 100);
  assert(a !== b);
  assert(a.startsWith("pbkdf2-sha256$100$"));
  assert(!a.includes("pass"));
  // Composed or not, as keyboards have it.
  assertEquals(await verifyPassword("pass wo\u0308rd", a), true);
  assertEquals(await verifyPassword("pass word", a), false);
  assertEquals(await verifyPassword("pass w\u00f6rd", b), true);
});

Deno.test("verifyPassword() takes what is no verifier for a wrong one", async () => {
  const good = await hashPassword("x", 10);
  const [algorithm, , salt, hash] = good.split("$");
  for (
    const verifier of [
      "",
      "$$$",
      `${algorithm}$0$${salt}$${hash}`,
      `${algorithm}$1e99$${salt}$${hash}`,
      `${algorithm}$100000000$${salt}$${hash}`,
      `${algorithm}$10$$${hash}`,
      `${algorithm}$10$${salt}$`,
      `${algorithm}$10$${salt}$${hash}$`,
      `md5$10$${salt}$${hash}`,
    ]
  ) assertEquals(await verifyPassword("x", verifier), false, verifier);
  assertEquals(await verifyPassword("", good), false);
  assertEquals(await verifyPassword("x".repeat(129), good), false);
  for (let i = 0; i < good.length; i++) {
    if (good[i] === "$") continue;
    const other = good[i] === "A" ? "B" : "A";
    const mutant = good.slice(0, i) + other + good.slice(i + 1);
    assertEquals(await verifyPassword("x", mutant), false, mutant);
  }
});

Deno.test("hashPassword() refuses what it cannot hash, without repeating it", async () => {
  for (const password of ["", "secret".repeat(100)]) {
    const error = await assertRejects(
      () => hashPassword(password, 10),
      RangeError,
    );
    assert(!error.message.includes("secret"));
  }
  for (const iterations of [0, 1.5, NaN, 10_000_001]) {
    await assertRejects(() => hashPassword("x", iterations), RangeError);
  }
});
