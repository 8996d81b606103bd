import { assert, assertEquals } from "@std/assert";
import { HttpHeaders } from "../headers.ts";
import { digest } from "./digest.ts";
import { selectingFields, selectingNames, Selector } from "./vary.ts";

Deno.test("selectingNames() reads Vary, in order and lower case, once each", () => {
  assertEquals(selectingNames("B, a,, b", true), ["a", "b"]);
  assertEquals(selectingNames("", true), []);
  assertEquals(selectingNames(undefined, true), []);
});

Deno.test("selectingNames() adds credentials unless the response is public", () => {
  assertEquals(selectingNames(undefined, false), ["authorization"]);
  assertEquals(selectingNames("z", false), ["authorization", "z"]);
});

Deno.test("selectingNames() gives up at a star or too many names", () => {
  assertEquals(selectingNames("*", true), undefined);
  assertEquals(selectingNames("a, *", true), undefined);
  const names = Array.from({ length: 33 }, (_, i) => `x${i}`);
  assertEquals(selectingNames(names.join(), true), undefined);
  assertEquals(selectingNames(names.slice(1).join(), true)?.length, 32);
  assertEquals(selectingNames(`a${",".repeat(2_047)}`, true), ["a"]);
  assertEquals(selectingNames(`a${",".repeat(2_048)}`, true), undefined);
});

Deno.test("selectingFields() keeps no credentials", () => {
  const secret = "Bearer abcdefghijklmnopqrstuvwxyz";
  const fields = selectingFields(
    ["authorization", "cookie", "proxy-authorization", "x"],
    new HttpHeaders({
      authorization: secret,
      cookie: secret,
      "proxy-authorization": secret,
    }),
  );
  assert(!JSON.stringify(fields).includes("abc"));
  assertEquals(fields[0]![1]!.length, 17);
  assertEquals(fields[3], ["x", null]);
});

Deno.test("Selector.matches() compares credentials by their digest", () => {
  const request = new HttpHeaders({ authorization: "Bearer A" });
  const selector = new Selector(selectingFields(["authorization"], request));
  // The first time by digest, then by what matched.
  for (let i = 0; i < 2; i++) {
    assert(selector.matches(request));
    assert(!selector.matches(new HttpHeaders({ authorization: "Bearer B" })));
    assert(!selector.matches(new HttpHeaders()));
  }
  const digested = new HttpHeaders({ authorization: digest("Bearer A") });
  assert(!selector.matches(digested));
});

Deno.test("Selector.matches() does not confuse an absent field with an empty one", () => {
  const selector = new Selector(selectingFields(["a"], new HttpHeaders()));
  assert(selector.matches(new HttpHeaders()));
  assert(!selector.matches(new HttpHeaders({ a: "" })));
  const empty = new Selector(
    selectingFields(["a"], new HttpHeaders({ a: "" })),
  );
  assert(empty.matches(new HttpHeaders({ a: "" })));
  assert(empty.matches(new HttpHeaders({ a: " , " })));
  assert(!empty.matches(new HttpHeaders()));
});

Deno.test("digest() is the 64-bit FNV-1a hash of UTF-16", () => {
  const reference = (text: string): string => {
    let hash = 0xcbf29ce484222325n;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      for (const byte of [unit & 255, unit >> 8]) {
        hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
      }
    }
    return `#${hash.toString(16).padStart(16, "0")}`;
  };
  for (const text of ["", "a", "Bearer A", "Zoë €", "x".repeat(999)]) {
    assertEquals(digest(text), reference(text), text);
  }
});

Deno.test("Selector.matchesCredentials() compares nothing but what is secret", () => {
  const request = new HttpHeaders({ authorization: "A", lang: "en" });
  const names = ["authorization", "cookie", "lang"];
  const selector = new Selector(selectingFields(names, request));
  for (
    const [fields, isMatch] of [
      [{ authorization: "A", lang: "fr" }, true],
      [{ authorization: "B", lang: "en" }, false],
      [{ lang: "en" }, false],
      [{ authorization: "A", cookie: "c" }, false],
    ] as const
  ) {
    assertEquals(selector.matchesCredentials(new HttpHeaders(fields)), isMatch);
  }
  const shared = new Selector(selectingFields(["lang"], request));
  assert(shared.matchesCredentials(new HttpHeaders({ authorization: "B" })));
});
