// What the tests of faults record: every event has an id that no other one has, so that each can be followed.
import { defineEvent } from "../event/define_event.ts";

/** An event that is always sent. The note may be one that has to be refused. */
export const PROBE = defineEvent("probe", {
  id: { kind: "int", min: 0 },
  note: { kind: "label", optional: true },
});

/** An event that some sessions leave out. */
export const RARE = defineEvent("rare", { id: { kind: "int", min: 0 } });

/** What a client and its collector have to know. */
export const FAULT_DEFINITIONS = [PROBE.definition, RARE.definition];

/** The names of them. */
export const FAULT_NAMES = ["probe", "rare"] as const;
