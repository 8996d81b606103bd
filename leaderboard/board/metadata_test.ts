import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { pick, randomJson, randomObject } from "./_testing/random_json.ts";
import { parseBoard } from "./board.ts";
import type { MetadataSchema } from "./board_options.ts";
import { checkMetadata } from "./metadata.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 500_000 : 10_000;
const FREE = parseBoard("main/free", {});
const SCHEMA: MetadataSchema = {
  fields: {
    level: { type: "integer", min: 1, max: 99, required: true },
    ratio: { type: "number", max: 1 },
    hero: { type: "string", maxBytes: 8 },
    mode: { type: "string", values: ["easy", "hard"] },
    won: { type: "boolean" },
    constructor: { type: "boolean" as const },
  },
};
const STRICT = parseBoard("main/strict", { metadata: SCHEMA });

Deno.test("checkMetadata() gives canonical JSON", () => {
  const cases: [value: unknown, json: string][] = [
    [undefined, ""],
    [null, ""],
    [{}, ""],
    [{ a: undefined }, ""],
    [{ b: 1, a: "x", B: true }, '{"B":true,"a":"x","b":1}'],
    // Not in the order of numbers, as objects have them.
    [{ "9": 1, "10": 2, "1": 3 }, '{"1":3,"10":2,"9":1}'],
    [{ a: -0 }, '{"a":0}'],
    [{ 'a"\\': '"\n\u2028' }, '{"a\\"\\\\":"\\"\\n\u2028"}'],
    [{ constructor: 1, toString: 2 }, '{"constructor":1,"toString":2}'],
    // Code units: a surrogate is below U+FF5E.
    [{ "～": 1, "😀": 2 }, '{"😀":2,"～":1}'],
  ];
  for (const [value, json] of cases) {
    assertEquals(checkMetadata(FREE, value), json);
  }
});

Deno.test("checkMetadata() without a schema takes 16 plain values", () => {
  const cases: [value: unknown, field: string, wanted: string][] = [
    ["x", "metadata", "be an object"],
    [[], "metadata", "be an object"],
    [7, "metadata", "be an object"],
    [{ a: {} }, "metadata.a", "a string, a number or a boolean"],
    [{ a: [] }, "metadata.a", "a string, a number or a boolean"],
    [{ a: null }, "metadata.a", "a string, a number or a boolean"],
    [{ a: 1n }, "metadata.a", "a string, a number or a boolean"],
    [{ a: NaN }, "metadata.a", "finite"],
    [{ a: Infinity }, "metadata.a", "finite"],
    [{ a: "\ud800" }, "metadata.a", "well-formed"],
    [{ "\udc00": 1 }, "metadata", "names"],
    [{ "": 1 }, "metadata", "names"],
    [{ "a\n": 1 }, "metadata", "names"],
    [{ ["é".repeat(33)]: 1 }, "metadata", "names"],
    [JSON.parse('{"__proto__":1}'), "metadata", "names"],
    [
      Object.fromEntries(Array.from({ length: 17 }, (_, i) => [i, i])),
      "metadata",
      "at most 16 fields",
    ],
  ];
  for (const [value, field, wanted] of cases) {
    const result = checkMetadata(FREE, value);
    assert(typeof result !== "string");
    assertEquals([result.code, result.field], ["invalidMetadata", field]);
    assert(result.message.includes(wanted), result.message);
  }
  const most = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [i, i]));
  assert(typeof checkMetadata(FREE, most) === "string");
});

Deno.test("checkMetadata() holds each field to its schema", () => {
  assertEquals(
    checkMetadata(STRICT, {
      won: false,
      level: 99,
      hero: "éééé",
      mode: "hard",
      ratio: -0.5,
    }),
    '{"hero":"éééé","level":99,"mode":"hard","ratio":-0.5,"won":false}',
  );
  const cases: [value: unknown, field: string][] = [
    [undefined, "metadata.level"],
    [{}, "metadata.level"],
    [{ level: 0 }, "metadata.level"],
    [{ level: 100 }, "metadata.level"],
    [{ level: 1.5 }, "metadata.level"],
    [{ level: "5" }, "metadata.level"],
    [{ level: 5, ratio: 1.1 }, "metadata.ratio"],
    [{ level: 5, ratio: -Infinity }, "metadata.ratio"],
    [{ level: 5, hero: "ééééé" }, "metadata.hero"],
    [{ level: 5, hero: "\ud800" }, "metadata.hero"],
    [{ level: 5, mode: "Hard" }, "metadata.mode"],
    [{ level: 5, won: 1 }, "metadata.won"],
    [{ level: 5, constructor: "x" }, "metadata.constructor"],
    [{ level: 5, toString: "x" }, "metadata"],
    [JSON.parse('{"level":5,"__proto__":true}'), "metadata"],
  ];
  for (const [value, field] of cases) {
    const result = checkMetadata(STRICT, value);
    assert(typeof result !== "string", JSON.stringify(value));
    assertEquals(result.field, field, result.message);
  }
});

Deno.test("checkMetadata() counts bytes as they are stored", () => {
  const small = parseBoard("main/x", { maxMetadataBytes: 12 });
  assertEquals(checkMetadata(small, { a: "éé" }), '{"a":"éé"}');
  assertEquals(checkMetadata(small, { a: "xxxx" }), '{"a":"xxxx"}');
  for (const a of ["ééé", "xxxxx", '""""', "x".repeat(1e6)]) {
    const result = checkMetadata(small, { a });
    assert(typeof result !== "string" && result.message.includes("12 bytes"));
    assert(result.message.length < 200);
  }
  const none = parseBoard("main/x", { maxMetadataBytes: 0 });
  assertEquals(checkMetadata(none, {}), "");
  assert(typeof checkMetadata(none, { a: 1 }) !== "string");
});

/** Sorted by inserting each name where it belongs, by its code units one by one. */
function sortedNames(value: Record<string, unknown>): string[] {
  function isBefore(a: string, b: string): boolean {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const difference = a.charCodeAt(i) - b.charCodeAt(i);
      if (difference !== 0) return difference < 0;
    }
    return a.length < b.length;
  }
  const names: string[] = [];
  for (const name of Object.keys(value)) {
    const index = names.findIndex((other) => isBefore(name, other));
    names.splice(index < 0 ? names.length : index, 0, name);
  }
  return names;
}

Deno.test("checkMetadata() takes any JSON or refuses it, and throws nothing", () => {
  const names = [...Object.keys(SCHEMA.fields), "10", "9", "é", "~"];
  let taken = 0;
  for (let seed = 0; seed < CASES; seed++) {
    const random = new SeededRandom(seed);
    const board = seed % 2 === 0 ? FREE : STRICT;
    let value = seed % 8 === 0
      ? randomJson(random, names, 3)
      : randomObject(random, names, pick(random, [1, 1, 1, 3]));
    if (board === STRICT && seed % 3 !== 0) value = { level: 7 };
    const result = checkMetadata(board, value);
    if (typeof result !== "string") {
      assertEquals(result.code, "invalidMetadata", `seed ${seed}`);
      assert(result.message.length < 500, `seed ${seed}: ${result.message}`);
      assert(result.field.startsWith("metadata"), `seed ${seed}`);
      continue;
    }
    taken++;
    if (result === "") {
      assertEquals(Object.keys(value ?? {}), [], `seed ${seed}`);
      continue;
    }
    const parsed = JSON.parse(result);
    assertEquals(parsed, JSON.parse(JSON.stringify(value)), `seed ${seed}`);
    assertEquals(checkMetadata(board, parsed), result, `seed ${seed}`);
    const rebuilt = sortedNames(parsed)
      .map((name) => JSON.stringify({ [name]: parsed[name] }).slice(1, -1));
    assertEquals(`{${rebuilt.join(",")}}`, result, `seed ${seed}`);
    assert(new TextEncoder().encode(result).length <= 1_024, `seed ${seed}`);
  }
  assert(taken > CASES / 20 && taken < CASES, `${taken} taken`);
});
