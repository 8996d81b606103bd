import { assert, assertEquals } from "@std/assert";
import { HttpHeaders, invalidHeader } from "./headers.ts";

Deno.test("HttpHeaders is made from pairs, records, Headers and itself", () => {
  const expected = [["a", "1"], ["b", "2"]];
  assertEquals([...new HttpHeaders([["A", "1"], ["b", "2"]])], expected);
  assertEquals([...new HttpHeaders({ A: "1", b: "2" })], expected);
  assertEquals([...new HttpHeaders(new Headers({ A: "1", b: "2" }))], expected);
  const original = new HttpHeaders({ A: "1", b: "2" });
  const copy = new HttpHeaders(original);
  copy.set("A", "9");
  assertEquals([...original], expected);
  assertEquals(copy.size, 2);
});

Deno.test("HttpHeaders combines repeated fields and ignores case", () => {
  const headers = new HttpHeaders();
  headers.append("X", "1");
  headers.append("x", "2");
  assertEquals(headers.get("X"), "1, 2");
  assert(headers.delete("X"));
  assertEquals(headers.delete("x"), false);
  assertEquals(headers.has("x"), false);
  assertEquals(headers.get("x"), undefined);
});

Deno.test("HttpHeaders keeps each Set-Cookie of Headers", () => {
  const headers = new Headers();
  headers.append("set-cookie", "a=1");
  headers.append("set-cookie", "b=2");
  assertEquals(new HttpHeaders(headers).get("set-cookie"), "a=1, b=2");
});

Deno.test("invalidHeader() names what is wrong and shows no value", () => {
  assertEquals(invalidHeader("x-ok", "fine \t é"), undefined);
  for (const name of ["", "a b", "a:", "é", "a\n"]) {
    assert(invalidHeader(name, "x") !== undefined, name);
  }
  for (const value of ["a\nb", "a\rb", "a\0b", "€"]) {
    const problem = invalidHeader("x", value);
    assert(problem !== undefined && !problem.includes(value));
  }
});
