import { assert, assertEquals, assertThrows } from "@std/assert";
import { BUILT_IN_EVENTS } from "./built_in_events.ts";
import { defineEvent } from "./define_event.ts";
import { EventCatalog } from "./event_catalog.ts";
import type { EventDefinition } from "./event_definition.ts";

const { definition } = defineEvent("shopOpened", { shop: { kind: "label" } });

Deno.test("EventCatalog has those that are always there, and a game's own", () => {
  const catalog = new EventCatalog([definition]);
  assertEquals(catalog.names, [
    "sessionStart",
    "sessionEnd",
    "death",
    "bossEncounter",
    "achievement",
    "itemPickup",
    "floorComplete",
    "frameTime",
    "memoryUsage",
    "custom",
    "exception",
    "drop",
    "shopOpened",
  ]);
  for (const event of BUILT_IN_EVENTS) {
    assert(catalog.get(event.name) === event);
  }
  assert(catalog.get("shopOpened") === definition);
  for (const name of ["", "toString", "__proto__", "Death"]) {
    assertEquals(catalog.get(name), undefined);
    assert(!catalog.isRecordable(name));
  }
});

Deno.test("EventCatalog keeps what only the client records from a game", () => {
  const catalog = new EventCatalog([definition]);
  const reserved = catalog.names.filter((name) => !catalog.isRecordable(name));
  assertEquals(reserved, ["sessionStart", "sessionEnd", "drop"]);
});

Deno.test("EventCatalog takes plain definitions, and copies them", () => {
  const fields: Record<string, { kind: "label" }> = { a: { kind: "label" } };
  const catalog = new EventCatalog([{ name: "plain", fields }]);
  fields.b = { kind: "label" };
  assertEquals(catalog.get("plain")?.fields, { a: { kind: "label" } });
});

Deno.test("EventCatalog refuses definitions that it could not keep apart, or that are none", () => {
  assertThrows(
    () => new EventCatalog([definition, definition]),
    RangeError,
    "twice",
  );
  assertThrows(() => new EventCatalog([BUILT_IN_EVENTS[0]!]), RangeError);
  const note: EventDefinition = {
    name: "note",
    fields: { text: { kind: "text", maxLength: 9 } },
  };
  assertThrows(() => new EventCatalog([note]), RangeError, "kind");
  const many = Array.from(
    { length: 1_001 },
    (_, i) => ({ name: `e${i}`, fields: {} }),
  );
  assertThrows(() => new EventCatalog(many), RangeError, "at most 1000");
  assertEquals(new EventCatalog(many.slice(1)).names.length, 1_012);
});
