import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import {
  drawFields,
  drawPersonalPayload,
} from "./_testing/personal_samples.ts";
import {
  BUILT_IN_EVENTS,
  DEATH,
  EXCEPTION,
  FRAME_TIME,
} from "./built_in_events.ts";
import { checkFields, type FieldProblemReason } from "./check_fields.ts";
import { defineEvent } from "./define_event.ts";
import type { EventDefinition, FieldValues } from "./event_definition.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
/** The count that the module promises, in an ordinary run as well. */
const PAYLOADS = IS_SOAK ? 1_000_000 : 10_000;

const EMPTY = defineEvent("empty", {}).definition;
const ALL_KINDS = defineEvent("allKinds", {
  int: { kind: "int" },
  bounded: { kind: "int", min: -2, max: 5, optional: true },
  float: { kind: "float" },
  share: { kind: "float", min: 0, max: 1, optional: true },
  bool: { kind: "bool" },
  choice: { kind: "choice", of: ["easy", "hard"] },
  label: { kind: "label" },
  note: { kind: "label", optional: true },
}).definition;
const RIGHT: FieldValues = {
  int: 1,
  float: 0.5,
  bool: true,
  choice: "easy",
  label: "spikes",
};
const DEFINITIONS = [...BUILT_IN_EVENTS, EMPTY, ALL_KINDS];

/** `JSON.parse` makes what no type describes. */
function check(
  definition: EventDefinition,
  fields: unknown,
): ReturnType<typeof checkFields> {
  return checkFields(definition, fields as FieldValues);
}

const CASES: readonly [
  field: string,
  value: unknown,
  reason: FieldProblemReason | undefined,
][] = [
  ["int", 0, undefined],
  ["int", -0, undefined],
  ["int", 2 ** 53 - 1, undefined],
  ["int", -(2 ** 53 - 1), undefined],
  ["int", 2 ** 53, "invalidField"],
  ["int", 1.5, "invalidField"],
  ["int", NaN, "invalidField"],
  ["int", Infinity, "invalidField"],
  ["int", "1", "invalidField"],
  ["int", "NaN", "invalidField"],
  ["int", 1n, "invalidField"],
  ["int", null, "invalidField"],
  ["int", true, "invalidField"],
  ["int", [1], "invalidField"],
  ["int", new Number(1), "invalidField"],
  ["int", { valueOf: () => 1 }, "invalidField"],
  ["int", undefined, "missingField"],
  ["bounded", -2, undefined],
  ["bounded", 5, undefined],
  ["bounded", -3, "invalidField"],
  ["bounded", 6, "invalidField"],
  ["bounded", undefined, undefined],
  ["bounded", null, "invalidField"],
  ["float", 1e308, undefined],
  ["float", -Number.MAX_VALUE, undefined],
  ["float", 5e-324, undefined],
  ["float", Infinity, "invalidField"],
  ["float", -Infinity, "invalidField"],
  ["float", NaN, "invalidField"],
  ["float", "0.5", "invalidField"],
  ["float", "Infinity", "invalidField"],
  ["share", 0, undefined],
  ["share", 1, undefined],
  ["share", 1.0000001, "invalidField"],
  ["share", -1e-9, "invalidField"],
  ["bool", false, undefined],
  ["bool", 0, "invalidField"],
  ["bool", "true", "invalidField"],
  ["bool", new Boolean(true), "invalidField"],
  ["choice", "hard", undefined],
  ["choice", "Hard", "invalidField"],
  ["choice", "", "invalidField"],
  ["choice", ["hard"], "invalidField"],
  ["choice", "constructor", "invalidField"],
  ["choice", "ada@example.com", "invalidField"],
  ["label", "Flame Warden", undefined],
  ["label", "", "invalidField"],
  ["label", "x".repeat(65), "invalidField"],
  ["label", "x".repeat(10_000_000), "invalidField"],
  ["label", "a\0", "invalidField"],
  ["label", new String("spikes"), "invalidField"],
  ["label", ["spikes"], "invalidField"],
  ["label", { toString: () => "spikes" }, "invalidField"],
  ["label", "ada@example.com", "personalData"],
  ["label", "10.0.0.7", "personalData"],
  ["note", "0171 2345678", "personalData"],
];

Deno.test("checkFields() decides about each kind by its bounds", () => {
  for (const [field, value, reason] of CASES) {
    const problem = check(ALL_KINDS, { ...RIGHT, [field]: value });
    const where = `${field} of ${typeof value}`;
    assertEquals(problem?.reason, reason, where);
    assertEquals(
      problem?.field,
      reason === undefined ? undefined : field,
      where,
    );
  }
});

Deno.test("checkFields() names an unknown field, but not in the words of a stranger", () => {
  for (const name of ["x", "ada@example.com", "toString", "__proto__", ""]) {
    const fields = JSON.parse(
      `{"int":1,"float":1,"bool":true,"choice":"easy","label":"a",${
        JSON.stringify(name)
      }:1}`,
    );
    const problem = check(ALL_KINDS, fields);
    assertEquals(problem?.reason, "unknownField", name);
    assertEquals(problem?.field, "");
    if (name.length > 1) assert(!problem?.message.includes(name));
  }
  assertEquals(check(EMPTY, {}), undefined);
  assertEquals(check(EMPTY, { x: 1 })?.reason, "unknownField");
  // One that is unknown does not make up for one that is left out.
  assertEquals(check(DEATH, { cause: "a", x1: 1 })?.reason, "missingField");
  // What has no value is left out, known or not.
  const left = { x: undefined, z: undefined };
  assertEquals(check(DEATH, { cause: "a", floor: 1, ...left }), undefined);
});

Deno.test("checkFields() survives whatever it is given", () => {
  const throwing = {
    get cause(): string {
      throw new Error("trap");
    },
    floor: 1,
  };
  const proxy = new Proxy({}, {
    get(): never {
      throw new Error("trap");
    },
  });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const values = [
    null,
    undefined,
    1,
    "death",
    true,
    Symbol("x"),
    [],
    ["spikes", 3],
    () => {},
    throwing,
    proxy,
    revoked.proxy,
    Object.create(null),
    JSON.parse('{"__proto__":{"cause":"spikes","floor":1}}'),
    JSON.parse("[".repeat(1_000) + "]".repeat(1_000)),
    { cause: proxy, floor: 1 },
    { cause: "spikes", floor: revoked.proxy },
    new Array(10_000_000),
  ];
  for (const value of values) {
    const problem = check(DEATH, value);
    assert(problem !== undefined);
    assert(problem.message.startsWith('Cannot record "death" as '));
  }
  const bare = Object.assign(Object.create(null), { cause: "a", floor: 1 });
  assertEquals(check(DEATH, bare), undefined);
  const many: Record<string, number> = {};
  for (let i = 0; i < 100_000; i++) many[`f${i}`] = i;
  assertEquals(
    check(DEATH, { cause: "a", floor: 1, ...many })?.reason,
    "unknownField",
  );
});

Deno.test("checkFields() does not repeat a text in its message", () => {
  const secrets = [
    "ada@example.com",
    "10.0.0.7",
    "0171 2345678",
    "not-a-choice",
    "näme",
    "x".repeat(80),
  ];
  for (const definition of DEFINITIONS) {
    for (const field of Object.keys(definition.fields)) {
      for (const secret of secrets) {
        const fields = drawFields(new SeededRandom(1), definition);
        for (const value of [secret, [secret], { [secret]: secret }]) {
          const message = check(definition, { ...fields, [field]: value })
            ?.message ?? "";
          assert(!message.includes(secret), message);
        }
      }
    }
  }
  const message = check(DEATH, { cause: "a", floor: 491712345678 })?.message;
  assert(message !== undefined && !message.includes("491712345678"));
});

Deno.test("checkFields() checks the form of sketches", () => {
  const sketch = new QuantileSketch();
  const right = [sketch.toJson()];
  for (const value of [0, 0, 1, 16.7, 4_194_304, 1e-3]) {
    sketch.add(value);
    right.push(sketch.toJson());
  }
  right.push([1, 1, 1, 0, -1, 1]);
  const buckets = [2_048, 0, 1, 0, -2_048, 1];
  for (let i = 1; i < 2_048; i++) buckets.push(1, 1);
  for (const sketch of right) {
    assertEquals(check(FRAME_TIME, { sketch, hitches: 0 }), undefined);
  }
  const wrong = [
    null,
    "0,0,0,0",
    {},
    { length: 4, 0: 0, 1: 0, 2: 0, 3: 0 },
    [],
    [0, 0, 0],
    [0, 0, 0, 0, 1],
    [0, 0, 0, -1],
    [0, 0, 0, 0.5],
    [NaN, 0, 0, 0],
    [0, Infinity, 0, 0],
    ["0", 0, 0, 0],
    [0, 0, 0, null],
    [0, 0, 0, [0]],
    [, , , ,],
    // Of [1, 1, 1, 0, -1, 1], which is right.
    [1, 1, 1, 0, -1, 0],
    [1, 1, 1, 0, -1, -1],
    [1, 1, 1, 0, -1, 1.5],
    [1, 1, 1, 0, -1, 2 ** 53],
    [1, 1, 1, 0, -0.5, 1],
    [1, 1, 1, 0, 1e9, 1],
    [1, 1, 1, 0, -1e9, 1],
    [1, 1, 1, 0, -1],
    [1, 1, 1, 0, "-1", 1],
    [2, 1, 1, 0, -1, 1, 0, 1],
    [2, 1, 1, 0, -1, 1, -1, 1],
    [2, 1, 1, 0, -1, 1, 0.5, 1],
    [2, 1, 1, 0, -2_049, 1, 2_048, 1],
    [...buckets, 1, 1],
    new Array(10_000_000).fill(0),
    new Array(2 ** 32 - 1),
    new Float64Array(4),
  ];
  for (const sketch of wrong) {
    const problem = check(FRAME_TIME, { sketch, hitches: 0 });
    assertEquals(problem?.reason, "invalidField");
  }
});

Deno.test("checkFields() refuses texts that are not scrubbed", () => {
  const fields = {
    name: "TypeError",
    message: "Cannot read <path>",
    stack: "at main.ts:10:5",
    isFatal: false,
    count: 1,
  };
  assertEquals(check(EXCEPTION, fields), undefined);
  const texts: [string, FieldProblemReason | undefined][] = [
    ["", undefined],
    ["x".repeat(1_024), undefined],
    ["x".repeat(1_025), "invalidField"],
    ["mail to ada@example.com", "personalData"],
    ["at /home/ada/main.ts:10:5", "personalData"],
    ["half a character: \ud800", "personalData"],
    ["bell \x07", "personalData"],
  ];
  for (const [message, reason] of texts) {
    assertEquals(check(EXCEPTION, { ...fields, message })?.reason, reason);
  }
});

Deno.test("checkFields() accepts what a definition allows", () => {
  const random = new SeededRandom(2);
  for (let i = 0; i < 2_000; i++) {
    const definition = DEFINITIONS[i % DEFINITIONS.length]!;
    const fields = JSON.parse(JSON.stringify(drawFields(random, definition)));
    assertEquals(check(definition, fields), undefined, `case ${i} of seed 2`);
  }
});

Deno.test("checkFields() lets nothing personal through, and nothing outside the schema", () => {
  const random = new SeededRandom(3);
  const counts = new Map<string, number>();
  for (let i = 0; i < PAYLOADS; i++) {
    const { definition, fields, personal } = drawPersonalPayload(
      random,
      DEFINITIONS,
    );
    const where = `payload ${i} of seed 3: ${JSON.stringify(fields)}`;
    // What a collector gets has been JSON.
    const received = JSON.parse(JSON.stringify(fields));
    const reason = check(definition, received)?.reason;
    assertEquals(check(definition, fields)?.reason, reason, where);
    counts.set(`${reason}`, (counts.get(`${reason}`) ?? 0) + 1);
    if (reason !== undefined) continue;
    const text = JSON.stringify(received);
    for (const secret of personal) {
      assert(!text.includes(JSON.stringify(secret).slice(1, -1)), where);
    }
    for (const [name, value] of Object.entries(received)) {
      assert(Object.hasOwn(definition.fields, name), where);
      assert(fits(definition.fields[name]!, value), where);
    }
  }
  // Personal texts in all of their values leave few that may pass: those where a second one replaced the first.
  for (const reason of ["unknownField", "invalidField", "personalData"]) {
    assert((counts.get(reason) ?? 0) > PAYLOADS / 20, `${[...counts]}`);
  }
});

/** The table of PROTOCOL.md, section 2, in other words than those of what is tested. */
function fits(
  field: EventDefinition["fields"][string],
  value: unknown,
): boolean {
  switch (field.kind) {
    case "int":
      return typeof value === "number" && Math.floor(value) === value &&
        Math.abs(value) < 2 ** 53 && !(value < field.min!) &&
        !(value > field.max!);
    case "float":
      return typeof value === "number" && !(value < field.min!) &&
        !(value > field.max!);
    case "bool":
      return value === true || value === false;
    case "choice":
      return field.of.some((choice) => choice === value);
    case "label":
      return typeof value === "string" &&
        /^[A-Za-z0-9 _.:\/+-]{1,64}$/.test(value);
    case "text":
      return typeof value === "string" && value.length <= field.maxLength;
    case "sketch":
      return Array.isArray(value) &&
        value.every((part) => typeof part === "number");
  }
}
