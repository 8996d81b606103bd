// This module is browser compatible.
import {
  ACHIEVEMENT,
  type AchievementFields,
  BOSS_ENCOUNTER,
  type BossEncounterFields,
  CUSTOM,
  type CustomFields,
  DEATH,
  type DeathFields,
  DROP,
  type DropFields,
  EXCEPTION,
  type ExceptionFields,
  FLOOR_COMPLETE,
  type FloorCompleteFields,
  FRAME_TIME,
  type FrameTimeFields,
  ITEM_PICKUP,
  type ItemPickupFields,
  MEMORY_USAGE,
  type MemoryUsageFields,
  SESSION_END,
  SESSION_START,
  type SessionEndFields,
  type SessionStartFields,
} from "./built_in_events.ts";
import type {
  EventDefinition,
  FieldValues,
  TextField,
} from "./event_definition.ts";
import { scrubText } from "./scrub_text.ts";

/** An event in its form of JSON. */
export interface AnalyticsEventJson {
  /** Its name. */
  readonly name: string;
  /** The values of its fields; those that are left out are not there. */
  readonly fields: FieldValues;
}

/**
 * Something that happened, to be recorded. It has a copy of the values that it is made of, which are not checked before
 * it is recorded: what does not fit its definition is refused then, with a reason.
 *
 * @example One of those that are always there
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsEvent } from "@tickwire/net/analytics";
 *
 * const event = AnalyticsEvent.death({ cause: "spikes", floor: 3 });
 * assertEquals(event.name, "death");
 * assertEquals(event.toJson(), {
 *   name: "death",
 *   fields: { cause: "spikes", floor: 3 },
 * });
 * ```
 */
export class AnalyticsEvent {
  /** What it may hold. */
  readonly definition: EventDefinition;
  /** The values of its fields: they cannot be changed. */
  readonly fields: FieldValues;

  /**
   * Makes an event of any definition, such as one that was read from a file; `defineEvent` gives types to the values.
   *
   * @param definition What it may hold.
   * @param fields The values; they are copied.
   */
  constructor(definition: EventDefinition, fields: FieldValues) {
    this.definition = definition;
    // A class of a game's own, with its prototype, or an object that it goes on using is left behind here.
    // Nothing can be put in between the check and the sending.
    this.fields = Object.freeze({ ...fields });
  }

  /** Its name. */
  get name(): string {
    return this.definition.name;
  }

  /**
   * Gives its form of JSON, as in an export.
   *
   * @returns A new object.
   */
  toJson(): AnalyticsEventJson {
    const values = Object.entries(this.fields);
    // Not by assignment, which would take "__proto__" for something else.
    const fields = Object.fromEntries(
      values.filter(([, value]) => value !== undefined),
    );
    return { name: this.name, fields };
  }

  /**
   * A session began. The client records it by itself.
   *
   * @param fields The values of its fields; they are copied.
   * @returns The event.
   */
  static sessionStart(fields: SessionStartFields): AnalyticsEvent {
    return eventOf(SESSION_START, fields);
  }

  /**
   * A session ended. The client records it by itself.
   *
   * @param fields The values of its fields; they are copied.
   * @returns The event.
   */
  static sessionEnd(fields: SessionEndFields): AnalyticsEvent {
    return eventOf(SESSION_END, fields);
  }

  /**
   * The player died.
   *
   * @param fields The values of its fields; they are copied.
   * @returns The event.
   */
  static death(fields: DeathFields): AnalyticsEvent {
    return eventOf(DEATH, fields);
  }

  /**
   * A fight with a boss is over.
   *
   * @param fields The values of its fields; they are copied.
   * @returns The event.
   */
  static bossEncounter(fields: BossEncounterFields): AnalyticsEvent {
    return eventOf(BOSS_ENCOUNTER, fields);
  }

  /**
   * An achievement was earned.
   *
   * @param fields The values of its fields; they are copied.
   * @returns The event.
   */
  static achievement(fields: AchievementFields): AnalyticsEvent {
    return eventOf(ACHIEVEMENT, fields);
  }

  /**
   * An item was picked up.
   *
   * @param fields The values of its fields; they are copied.
   * @returns The event.
   */
  static itemPickup(fields: ItemPickupFields): AnalyticsEvent {
    return eventOf(ITEM_PICKUP, fields);
  }

  /**
   * A floor was completed.
   *
   * @param fields The values of its fields; they are copied.
   * @returns The event.
   */
  static floorComplete(fields: FloorCompleteFields): AnalyticsEvent {
    return eventOf(FLOOR_COMPLETE, fields);
  }

  /**
   * Frame times were summed up.
   *
   * @param fields The values of its fields; they are copied.
   * @returns The event.
   */
  static frameTime(fields: FrameTimeFields): AnalyticsEvent {
    return new AnalyticsEvent(FRAME_TIME, {
      ...fields,
      sketch: fields.sketch.slice(),
    });
  }

  /**
   * The use of memory was summed up.
   *
   * @param fields The values of its fields; they are copied.
   * @returns The event.
   */
  static memoryUsage(fields: MemoryUsageFields): AnalyticsEvent {
    return new AnalyticsEvent(MEMORY_USAGE, {
      ...fields,
      sketch: fields.sketch.slice(),
    });
  }

  /**
   * Something that has no definition of its own happened.
   *
   * @param fields The values of its fields; they are copied.
   * @returns The event.
   */
  static custom(fields: CustomFields): AnalyticsEvent {
    return eventOf(CUSTOM, fields);
  }

  /**
   * Something was thrown. The texts are scrubbed and cut; `exceptionOf` makes one of whatever was thrown.
   *
   * @param fields The values of its fields; they are copied.
   * @returns The event.
   */
  static exception(fields: ExceptionFields): AnalyticsEvent {
    const { message, stack } = EXCEPTION.fields;
    return new AnalyticsEvent(EXCEPTION, {
      ...fields,
      message: scrubbed(fields.message, message as TextField),
      stack: scrubbed(fields.stack, stack as TextField),
    });
  }

  /**
   * Events were not sent. The client records it by itself.
   *
   * @param fields The values of its fields; they are copied.
   * @returns The event.
   */
  static drop(fields: DropFields): AnalyticsEvent {
    return eventOf(DROP, fields);
  }
}

/** What is no text, as JavaScript may have it, is refused when it is recorded. */
function scrubbed(text: string, { maxLength }: TextField): string {
  return typeof text === "string" ? scrubText(text, maxLength) : text;
}

/** An interface is not taken for a record by itself, although its values are those of one. */
function eventOf(definition: EventDefinition, fields: object): AnalyticsEvent {
  return new AnalyticsEvent(definition, fields as FieldValues);
}
