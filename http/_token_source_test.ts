import { assertEquals, assertRejects } from "@std/assert";
import { TokenSource } from "./_token_source.ts";

Deno.test("TokenSource.get() asks its provider once for many requests", async () => {
  let asked = 0;
  const source = new TokenSource(() => Promise.resolve(`t${++asked}`));
  assertEquals(
    await Promise.all([source.get(), source.get()]),
    ["t1", "t1"],
  );
  assertEquals(source.get(), "t1");
  assertEquals(asked, 1);
});

Deno.test("TokenSource.refuse() makes it ask again, once for each token", async () => {
  const refreshes: boolean[] = [];
  const source = new TokenSource(({ refresh }) => {
    refreshes.push(refresh);
    return `t${refreshes.length}`;
  });
  assertEquals(await source.get(), "t1");
  assertEquals(source.refuse("t1"), true);
  assertEquals(await source.get(), "t2");
  // A request that was sent with the old token comes back late.
  assertEquals(source.refuse("t1"), true);
  assertEquals(await source.get(), "t2");
  assertEquals(refreshes, [false, true]);
});

Deno.test("TokenSource asks again after its provider failed", async () => {
  let asked = 0;
  const source = new TokenSource(() =>
    ++asked === 1 ? Promise.reject(new Error("offline")) : Promise.resolve("t")
  );
  await assertRejects(async () => await source.get(), Error, "offline");
  assertEquals(await source.get(), "t");
});

Deno.test("TokenSource.refuse() says that a fixed token has no other", () => {
  const source = new TokenSource("fixed");
  assertEquals(source.get(), "fixed");
  assertEquals(source.refuse("fixed"), false);
});
