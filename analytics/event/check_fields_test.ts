import { assertEquals } from "@std/assert";
import { AnalyticsEvent } from "./analytics_event.ts";
import { DEATH } from "./built_in_events.ts";
import { checkFields } from "./check_fields.ts";

Deno.test("checkFields() accepts a death", () => {
  const { fields } = AnalyticsEvent.death({ cause: "spikes", floor: 3 });
  assertEquals(checkFields(DEATH, fields), undefined);
});
