import { assert, assertEquals, assertThrows } from "@std/assert";
import { AnalyticsEvent } from "./analytics_event.ts";
import { BUILT_IN_EVENTS } from "./built_in_events.ts";
import { checkFields } from "./check_fields.ts";

/** One of each, with all of its fields. */
const EVENTS: readonly AnalyticsEvent[] = [
  AnalyticsEvent.sessionStart({ isFirst: true, isResumed: false }),
  AnalyticsEvent.sessionEnd({
    reason: "closed",
    durationMs: 60_000,
    playTimeMs: 50_000,
    deaths: 1,
    kills: 2,
    floors: 3,
    items: 4,
    score: 4200.5,
    bossesSeen: 2,
    bossesKilled: 1,
    maxFloor: 7,
    totalDamageDealt: 99.5,
    totalDamageTaken: 0,
  }),
  AnalyticsEvent.death({ cause: "spikes", floor: 3, level: 2, x: -1.5, y: 2 }),
  AnalyticsEvent.bossEncounter({
    boss: "Flame Warden",
    floor: -3,
    won: true,
    durationMs: 61_000,
    damageDealt: 500,
    damageTaken: 20.5,
  }),
  AnalyticsEvent.achievement({ achievement: "first_blood" }),
  AnalyticsEvent.itemPickup({ item: "potion", floor: 1, rarity: "common" }),
  AnalyticsEvent.floorComplete({
    floor: 1,
    durationMs: 9,
    kills: 0,
    items: 1,
  }),
  AnalyticsEvent.frameTime({ sketch: [16, 16, 16, 0, 255, 1], hitches: 0 }),
  AnalyticsEvent.memoryUsage({ sketch: [0, 0, 0, 0] }),
  AnalyticsEvent.custom({ key: "shop:opened", value: -0.5 }),
  AnalyticsEvent.exception({
    name: "TypeError",
    message: "x is undefined",
    stack: "at main.ts:10:5",
    isFatal: false,
    count: 1,
  }),
  AnalyticsEvent.drop({ event: "death", reason: "rateLimited", count: 2 }),
];

Deno.test("AnalyticsEvent makes each event that is always there, with all of its fields", () => {
  assertEquals(EVENTS.map(({ definition }) => definition), BUILT_IN_EVENTS);
  for (const event of EVENTS) {
    assertEquals(
      Object.keys(event.fields),
      Object.keys(event.definition.fields),
    );
    assertEquals(checkFields(event.definition, event.fields), undefined);
    assertEquals(event.name, event.definition.name);
    const json = event.toJson();
    assertEquals(JSON.parse(JSON.stringify(json)), json);
    assertEquals(json, { name: event.name, fields: event.fields });
  }
});

Deno.test("AnalyticsEvent has a copy of its values", () => {
  const sketch = [16, 16, 16, 0, 255, 1];
  const fields = { sketch, hitches: 0 };
  const event = AnalyticsEvent.frameTime(fields);
  sketch[0] = 99;
  fields.hitches = 7;
  assertEquals(event.fields, { sketch: [16, 16, 16, 0, 255, 1], hitches: 0 });
  const death = { cause: "spikes", floor: 3 };
  const died = AnalyticsEvent.death(death);
  death.floor = 4;
  assertEquals(died.fields.floor, 3);
});

Deno.test("AnalyticsEvent leaves to the check what does not fit", () => {
  const fields = { cause: "ada@example.com", floor: 3 };
  const event = AnalyticsEvent.death(fields);
  const problem = checkFields(event.definition, event.fields);
  assertEquals(problem?.reason, "personalData");
  const more = { ...fields, cause: "spikes", email: "ada@example.com" };
  const other = AnalyticsEvent.death(more);
  assertEquals(
    checkFields(other.definition, other.fields)?.reason,
    "unknownField",
  );
});

Deno.test("AnalyticsEvent.toJson() leaves out what has no value, and is fooled by no name", () => {
  const event = AnalyticsEvent.death({
    cause: "a",
    floor: 1,
    level: undefined,
  });
  assertEquals(Object.keys(event.toJson().fields), ["cause", "floor"]);
  const odd = new AnalyticsEvent(
    event.definition,
    JSON.parse('{"__proto__":{"cause":"a"}}'),
  );
  const { fields } = odd.toJson();
  assert(Object.getPrototypeOf(fields) === Object.prototype);
  assert(Object.hasOwn(fields, "__proto__"));
});

Deno.test("AnalyticsEvent.exception() scrubs and cuts its texts", () => {
  const event = AnalyticsEvent.exception({
    name: "Error",
    message: `ada@example.com ${"x".repeat(5_000)}`,
    stack: "at /home/ada/main.ts:10:5\n".repeat(1_000),
    isFatal: true,
    count: 1,
  });
  const { message, stack } = event.fields as Record<string, string>;
  assert(message!.startsWith("<e-mail> xxx") && message!.length <= 1_024);
  assert(stack!.startsWith("at main.ts:10:5\nat") && stack!.length <= 8_192);
  assertEquals(checkFields(event.definition, event.fields), undefined);
});

Deno.test("AnalyticsEvent.exception() takes what is no text, and has it refused when it is recorded", () => {
  for (const value of [undefined, null, 5, new Error("boom")]) {
    const event = AnalyticsEvent.exception({
      name: "Error",
      message: value as unknown as string,
      stack: "",
      isFatal: true,
      count: 1,
    });
    const problem = checkFields(event.definition, event.fields);
    assertEquals(problem?.field, "message");
  }
});

Deno.test("AnalyticsEvent cannot be changed after it was checked", () => {
  const event = AnalyticsEvent.custom({ key: "door" });
  const fields = event.fields as Record<string, unknown>;
  assertThrows(() => fields.key = "ada@example.com", TypeError);
  assertThrows(() => fields.mail = "ada@example.com", TypeError);
  assertEquals(event.fields, { key: "door" });
});
