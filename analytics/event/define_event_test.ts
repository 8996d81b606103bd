import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { GAME_LABELS } from "./_testing/game_labels.ts";
import { AnalyticsEvent } from "./analytics_event.ts";
import { BUILT_IN_EVENTS } from "./built_in_events.ts";
import { checkFields } from "./check_fields.ts";
import { defineEvent, readEventDefinitions } from "./define_event.ts";
import type { FieldDefinition, FieldDefinitions } from "./event_definition.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 20_000 : 300;

const LABEL = { kind: "label" } as const;

/** What no type allows. */
function define(name: unknown, fields: unknown): unknown {
  return defineEvent(name as string, fields as FieldDefinitions);
}

const purchase = defineEvent("purchase", {
  item: { kind: "label" },
  price: { kind: "int", min: 0, max: 10_000 },
  weight: { kind: "float", optional: true },
  currency: { kind: "choice", of: ["gold", "gems"] },
  isGift: { kind: "bool", optional: true },
});

Deno.test("defineEvent() infers the values from the definitions", () => {
  purchase.create({ item: "lantern", price: 1, currency: "gold" });
  purchase.create({
    item: "lantern",
    price: 1,
    weight: 0.5,
    currency: "gems",
    isGift: undefined,
  });
  // @ts-expect-error A field that must be there is left out.
  purchase.create({ item: "lantern", currency: "gold" });
  // @ts-expect-error A choice is not one of them.
  purchase.create({ item: "lantern", price: 1, currency: "silver" });
  // @ts-expect-error A number is no text.
  purchase.create({ item: 1, price: 1, currency: "gold" });
  // @ts-expect-error A text is no number.
  purchase.create({ item: "lantern", price: "1", currency: "gold" });
  // @ts-expect-error A number is no boolean.
  purchase.create({ item: "lantern", price: 1, currency: "gold", isGift: 1 });
  // @ts-expect-error There is no such field.
  purchase.create({ item: "lantern", price: 1, currency: "gold", by: "ada" });
  // @ts-expect-error A field that must be there has no value.
  purchase.create({ item: "lantern", price: undefined, currency: "gold" });
  const nothing = defineEvent("nothing", {});
  nothing.create({});
  // @ts-expect-error There is no such field.
  nothing.create({ by: "ada" });
  const text = { kind: "text", maxLength: 9 } as const;
  // @ts-expect-error Text is not for a game's own.
  assertThrows(() => defineEvent("note", { text }), RangeError);
  const times = { kind: "sketch" } as const;
  // @ts-expect-error Sketches neither.
  assertThrows(() => defineEvent("load", { times }), RangeError);
});

Deno.test("defineEvent() makes events that are copies", () => {
  const values = { item: "lantern", price: 1, currency: "gold" as const };
  const event = purchase.create(values);
  values.item = "rope";
  assertEquals(event.fields, { item: "lantern", price: 1, currency: "gold" });
  assert(event instanceof AnalyticsEvent);
  assert(event.definition === purchase.definition);
  assertEquals(checkFields(event.definition, event.fields), undefined);
});

Deno.test("defineEvent() copies and freezes the definition", () => {
  const fields: Record<string, FieldDefinition> = {
    mode: { kind: "choice", of: ["easy"] },
  };
  const { definition } = defineEvent("modeChosen", fields);
  fields.other = LABEL;
  assertEquals(definition, {
    name: "modeChosen",
    fields: { mode: { kind: "choice", of: ["easy"] } },
  });
  assert(Object.isFrozen(definition) && Object.isFrozen(definition.fields));
  const mode = definition.fields.mode!;
  assert(mode.kind === "choice");
  assert(Object.isFrozen(mode) && Object.isFrozen(mode.of));
});

const WRONG: readonly [
  name: unknown,
  fields: unknown,
  error: ErrorConstructor,
  message: string,
][] = [
  [1, {}, TypeError, "its name must be a string"],
  [null, {}, TypeError, "current type is null"],
  ["", {}, SyntaxError, "its name must be 1 to 64"],
  ["1st", {}, SyntaxError, "beginning with a letter"],
  ["_x", {}, SyntaxError, "beginning with a letter"],
  ["a b", {}, SyntaxError, "its name"],
  ["a-b", {}, SyntaxError, "its name"],
  ["naïve", {}, SyntaxError, "its name"],
  ["x".repeat(65), {}, SyntaxError, "its name"],
  ["x\n", {}, SyntaxError, "its name"],
  ["id123456789012", {}, SyntaxError, "its name"],
  ...BUILT_IN_EVENTS.map(({ name }) =>
    [name, {}, RangeError, "always there"] as [
      string,
      object,
      ErrorConstructor,
      string,
    ]
  ),
  ["x", undefined, TypeError, "its fields must be an object"],
  ["x", null, TypeError, "its fields must be an object"],
  ["x", [], TypeError, "current type is array"],
  ["x", { "a b": LABEL }, SyntaxError, "the name of a field"],
  ["x", { constructor: LABEL }, RangeError, "all objects have"],
  ["x", JSON.parse('{"__proto__":{"kind":"label"}}'), SyntaxError, "field"],
  ["x", { a: "label" }, TypeError, 'field "a" must be an object'],
  ["x", { a: {} }, RangeError, 'kind of its field "a"'],
  ["x", { a: { kind: "date" } }, RangeError, 'current value is "date"'],
  ["x", { a: { kind: ["label"] } }, RangeError, "kind"],
  ["x", { a: { kind: "label", optional: 1 } }, TypeError, '"optional"'],
  ["x", { a: { kind: "label", min: 1 } }, RangeError, 'current value is "min"'],
  ["x", { a: { kind: "int", of: ["a"] } }, RangeError, "nothing but"],
  ["x", { a: { kind: "int", min: "1" } }, TypeError, '"min"'],
  ["x", { a: { kind: "int", max: 1.5 } }, RangeError, "a safe integer"],
  ["x", { a: { kind: "int", max: 2 ** 53 } }, RangeError, "a safe integer"],
  ["x", { a: { kind: "int", min: 2, max: 1 } }, RangeError, '<= "max", 1'],
  ["x", { a: { kind: "float", max: NaN } }, RangeError, "finite"],
  ["x", { a: { kind: "float", min: -Infinity } }, RangeError, "finite"],
  ["x", { a: { kind: "float", min: 2, max: 1 } }, RangeError, '<= "max", 1'],
  ["x", { a: { kind: "choice" } }, TypeError, '"of"'],
  ["x", { a: { kind: "choice", of: "ab" } }, TypeError, '"of"'],
  ["x", { a: { kind: "choice", of: [] } }, RangeError, "1 to 256"],
  ["x", { a: { kind: "choice", of: labels(257) } }, RangeError, "1 to 256"],
  ["x", { a: { kind: "choice", of: [1] } }, TypeError, "a string"],
  ["x", { a: { kind: "choice", of: ["a", "a"] } }, RangeError, "differ"],
  ["x", { a: { kind: "choice", of: ["ä"] } }, SyntaxError, "a label"],
  ["x", { a: { kind: "choice", of: ["10.0.0.7"] } }, SyntaxError, "a label"],
  ["x", fieldsOf(33), RangeError, "at most 32"],
];

function labels(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `label ${i}`);
}

function fieldsOf(count: number): Record<string, FieldDefinition> {
  return Object.fromEntries(labels(count).map((_, i) => [`f${i}`, LABEL]));
}

Deno.test("defineEvent() refuses what is no definition, and says why", () => {
  for (const [name, fields, error, message] of WRONG) {
    assertThrows(() => define(name, fields), error, message);
    assertThrows(
      () => readEventDefinitions([{ name, fields }]),
      error,
      message,
    );
  }
  define("x", fieldsOf(32));
  define("x".repeat(64), {});
  define("x", { a: { kind: "choice", of: labels(256) } });
  define("x", { a: { kind: "int", min: 1, max: 1, optional: false } });
});

Deno.test("readEventDefinitions() refuses what is no list of definitions", () => {
  const wrong: [unknown, ErrorConstructor, string][] = [
    [undefined, TypeError, "an array"],
    [null, TypeError, "an array"],
    [{}, TypeError, "an array"],
    ["[]", TypeError, "an array"],
    [[null], TypeError, "an object"],
    [[[]], TypeError, "an object"],
    [[{}], TypeError, "its name"],
    [[{ name: "a" }], TypeError, "its fields"],
    [[{ name: "a", fields: {}, version: 1 }], RangeError, '"version"'],
    [
      [{ name: "a", fields: {} }, { name: "a", fields: {} }],
      RangeError,
      "twice",
    ],
    [new Array(1_001).fill({}), RangeError, "at most 1000"],
  ];
  for (const [value, error, message] of wrong) {
    assertThrows(() => readEventDefinitions(value), error, message);
  }
  assertEquals(readEventDefinitions([]), []);
});

const fieldArbitrary: fc.Arbitrary<FieldDefinition> = fc.oneof(
  fc.record({ kind: fc.constantFrom("bool" as const, "label" as const) }),
  fc.tuple(fc.maxSafeInteger(), fc.maxSafeInteger()).map(([a, b]) => ({
    kind: "int" as const,
    min: Math.min(a, b) + 0,
    max: Math.max(a, b) + 0,
  })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((max) => ({
    kind: "float" as const,
    max: max + 0,
    optional: true,
  })),
  fc.uniqueArray(fc.constantFrom(...GAME_LABELS), {
    minLength: 1,
    maxLength: 8,
  }).map((of) => ({ kind: "choice" as const, of })),
);

Deno.test("readEventDefinitions() reads what it has written", () => {
  const fields = fc.array(fieldArbitrary, { maxLength: 32 }).map((list) =>
    Object.fromEntries(list.map((field, i) => [`f${i}`, field]))
  );
  const events = fc.array(fields, { maxLength: 5 }).map((list) =>
    list.map((fields, i) => ({ name: `event${i}`, fields }))
  );
  fc.assert(
    fc.property(events, (list) => {
      const read = readEventDefinitions(list);
      assertEquals(read, list);
      assertEquals(
        readEventDefinitions(JSON.parse(JSON.stringify(read))),
        read,
      );
    }),
    { numRuns: RUNS },
  );
});

Deno.test("readEventDefinitions() and checkFields() survive any JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        readEventDefinitions(value);
      } catch (error) {
        assert(
          error instanceof TypeError || error instanceof RangeError ||
            error instanceof SyntaxError,
        );
        assert(error.message.startsWith("Cannot "));
      }
      for (const definition of [...BUILT_IN_EVENTS, purchase.definition]) {
        checkFields(definition, value as Record<string, string>);
      }
    }),
    { numRuns: RUNS },
  );
});
