import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { TargetResolver } from "./_target.ts";

const CASES = [
  "/a/b?c=d",
  "/a/../b",
  "/a/./b",
  "/%2e%2e/b",
  "//other.test/x",
  "/a b",
  "/a#frag",
  "/ä",
  "/a?q='x'",
  "/a\\b",
  "a/b",
  "?q=1",
  "http://h.test/a?b",
  "http://h.test",
  "http://h.test/..",
  "HTTP://H.test/a",
  "http://h.test:80/a",
  "https://h.test:8443/a/%2E./b",
  "http://h.test/a|b",
  "http://h.test/a\tb",
  " http://h.test/a",
];

Deno.test("TargetResolver.resolve() agrees with URL, the first time and later", () => {
  const resolver = new TargetResolver("http://base.test/dir/page");
  for (let round = 0; round < 2; round++) {
    for (const url of CASES) {
      const expected = new URL(url, "http://base.test/dir/page");
      expected.hash = "";
      const target = resolver.resolve(url);
      assert(typeof target !== "string", `${url}: ${target}`);
      assertEquals(target.url, expected.href, url);
      assertEquals(target.origin, expected.origin, url);
    }
  }
});

Deno.test("TargetResolver.resolve() agrees with URL for random strings", () => {
  const alphabet = "/.?#%2eE:@\\ a'\"<|[]{}^`~!$&()*+,;=-_\t\u00e9";
  const random = new SeededRandom(7);
  const resolver = new TargetResolver("http://base.test");
  resolver.resolve("http://h.test/");
  for (let i = 0; i < 20_000; i++) {
    let url = ["/", "http://h.test/", "http://h.test"][random.nextU32() % 3]!;
    for (let n = random.nextU32() % 8; n > 0; n--) {
      url += alphabet[random.nextU32() % alphabet.length];
    }
    const target = resolver.resolve(url);
    const expected = URL.parse(url, "http://base.test");
    if (expected === null || expected.username + expected.password !== "") {
      assertEquals(typeof target, "string", url);
      continue;
    }
    expected.hash = "";
    assert(typeof target !== "string", url);
    assertEquals(target.url, expected.href, url);
    assertEquals(target.origin, expected.origin, url);
  }
});

Deno.test("TargetResolver.resolve() says why there is no target, without the query", () => {
  const resolver = new TargetResolver();
  for (
    const [url, reason] of [
      ["/a?secret", "baseUrl"],
      ["ftp://x/?secret", "ftp:"],
      ["http://user:secret@x/", "user name"],
      ["http://[?secret", "must be absolute"],
    ] as const
  ) {
    const target = resolver.resolve(url);
    assert(typeof target === "string" && target.includes(reason), `${target}`);
    assert(!target.includes("secret"), target);
  }
});

Deno.test("TargetResolver refuses a base that is not http(s)", () => {
  for (const base of ["", "/a", "file:///x", "ws://x"]) {
    assertThrows(() => new TargetResolver(base), TypeError, "baseUrl");
  }
});
