// This module is browser compatible.
import type { EventDefinition } from "./event_definition.ts";

/** What a `sessionStart` says. */
export interface SessionStartFields {
  /** Whether it is the first session of the install. */
  readonly isFirst: boolean;
  /** Whether a session from before a restart goes on. */
  readonly isResumed: boolean;
}

/** Why a session ended. */
export type SessionEndReason =
  | "closed"
  | "idle"
  | "maxLength"
  | "repaired";

/** What a `sessionEnd` says. */
export interface SessionEndFields {
  /** Why it ended; `"repaired"` where that was found out at the next start. */
  readonly reason: SessionEndReason;
  /** How long it was, in milliseconds: an integer, 0 to 2^53 - 1. */
  readonly durationMs: number;
  /** How much of that was played, in milliseconds: an integer, 0 to 2^53 - 1. */
  readonly playTimeMs: number;
  /** How often the player died: an integer, 0 or more. */
  readonly deaths?: number | undefined;
  /** How many enemies fell: an integer, 0 or more. */
  readonly kills?: number | undefined;
  /** How many floors were completed: an integer, 0 or more. */
  readonly floors?: number | undefined;
  /** How many items were picked up: an integer, 0 or more. */
  readonly items?: number | undefined;
  /** The score. */
  readonly score?: number | undefined;
  /** How many bosses were met: an integer, 0 or more. */
  readonly bossesSeen?: number | undefined;
  /** How many of them fell: an integer, 0 or more. */
  readonly bossesKilled?: number | undefined;
  /** The highest floor: an integer within ±1,000,000. */
  readonly maxFloor?: number | undefined;
  /** All the damage that the player dealt: 0 or more. */
  readonly totalDamageDealt?: number | undefined;
  /** All the damage that the player took: 0 or more. */
  readonly totalDamageTaken?: number | undefined;
}

/** What a `death` says. */
export interface DeathFields {
  /** What the player died of: a label. */
  readonly cause: string;
  /** On which floor: an integer within ±1,000,000. */
  readonly floor: number;
  /** The player's level: an integer, 0 to 1,000,000. */
  readonly level?: number | undefined;
  /** Where, in the game's units. */
  readonly x?: number | undefined;
  /** Where, in the game's units. */
  readonly y?: number | undefined;
}

/** What a `bossEncounter` says. */
export interface BossEncounterFields {
  /** Which boss: a label. */
  readonly boss: string;
  /** On which floor: an integer within ±1,000,000. */
  readonly floor: number;
  /** Whether it fell. */
  readonly won: boolean;
  /** How long it took, in milliseconds: an integer, 0 to 2^53 - 1. */
  readonly durationMs: number;
  /** The damage that the player dealt: 0 or more. */
  readonly damageDealt?: number | undefined;
  /** The damage that the player took: 0 or more. */
  readonly damageTaken?: number | undefined;
}

/** What an `achievement` says. */
export interface AchievementFields {
  /** Which one: a label. */
  readonly achievement: string;
}

/** What an `itemPickup` says. */
export interface ItemPickupFields {
  /** Which item: a label. */
  readonly item: string;
  /** On which floor: an integer within ±1,000,000. */
  readonly floor?: number | undefined;
  /** How rare it is: a label. */
  readonly rarity?: string | undefined;
}

/** What a `floorComplete` says. */
export interface FloorCompleteFields {
  /** Which floor: an integer within ±1,000,000. */
  readonly floor: number;
  /** How long it took, in milliseconds: an integer, 0 to 2^53 - 1. */
  readonly durationMs: number;
  /** How many enemies fell there: an integer, 0 or more. */
  readonly kills?: number | undefined;
  /** How many items were picked up there: an integer, 0 or more. */
  readonly items?: number | undefined;
}

/** What a `frameTime` says. */
export interface FrameTimeFields {
  /** The frame times in milliseconds, at most 2^22 and 10,000,000 of them: a sketch in its form of JSON (PROTOCOL.md, section 3). */
  readonly sketch: readonly number[];
  /** How many frames took too long: an integer, 0 or more. */
  readonly hitches: number;
}

/** What a `memoryUsage` says. */
export interface MemoryUsageFields {
  /** The memory in use, in bytes, at most 2^42: a sketch in its form of JSON (PROTOCOL.md, section 3). */
  readonly sketch: readonly number[];
}

/** What a `custom` says. */
export interface CustomFields {
  /** What happened: a label. */
  readonly key: string;
  /** How much of it. */
  readonly value?: number | undefined;
}

/** What an `exception` says. */
export interface ExceptionFields {
  /** What kind of error it was: a label. */
  readonly name: string;
  /** Its message: at most 1,024 characters are kept, and personal data in it is blanked. */
  readonly message: string;
  /** Where it was: at most 8,192 characters are kept, and personal data in it is blanked. */
  readonly stack: string;
  /** Whether nothing caught it. */
  readonly isFatal: boolean;
  /** How often it was, together: an integer, 1 or more. */
  readonly count: number;
}

/** What a `drop` says. */
export interface DropFields {
  /** The name of the events that were not sent. */
  readonly event: string;
  /** Why. */
  readonly reason: string;
  /** How many: an integer, 1 or more. */
  readonly count: number;
}

const MAX_FLOOR = 1_000_000;

const LABEL = { kind: "label" } as const;
const BOOL = { kind: "bool" } as const;
/** Up to 70 minutes, and 4 TiB: above that, what is usual would have no buckets of its own in a sum of sketches. */
const FRAME_SKETCH = { kind: "sketch", max: 2 ** 22 } as const;
const MEMORY_SKETCH = { kind: "sketch", max: 2 ** 42 } as const;
const COUNT = { kind: "int", min: 0 } as const;
const FLOOR = { kind: "int", min: -MAX_FLOOR, max: MAX_FLOOR } as const;
const OPTIONAL_LABEL = { kind: "label", optional: true } as const;
const OPTIONAL_COUNT = { kind: "int", min: 0, optional: true } as const;
const OPTIONAL_FLOOR = { ...FLOOR, optional: true } as const;
const OPTIONAL_FLOAT = { kind: "float", optional: true } as const;
const OPTIONAL_AMOUNT = { kind: "float", min: 0, optional: true } as const;

/** The definition of `sessionStart`. */
export const SESSION_START: EventDefinition = builtIn("sessionStart", {
  isFirst: BOOL,
  isResumed: BOOL,
});

/** The definition of `sessionEnd`. */
export const SESSION_END: EventDefinition = builtIn("sessionEnd", {
  reason: {
    kind: "choice",
    of: ["closed", "idle", "maxLength", "repaired"],
  },
  durationMs: COUNT,
  playTimeMs: COUNT,
  deaths: OPTIONAL_COUNT,
  kills: OPTIONAL_COUNT,
  floors: OPTIONAL_COUNT,
  items: OPTIONAL_COUNT,
  score: OPTIONAL_FLOAT,
  bossesSeen: OPTIONAL_COUNT,
  bossesKilled: OPTIONAL_COUNT,
  maxFloor: OPTIONAL_FLOOR,
  totalDamageDealt: OPTIONAL_AMOUNT,
  totalDamageTaken: OPTIONAL_AMOUNT,
});

/** The definition of `death`. */
export const DEATH: EventDefinition = builtIn("death", {
  cause: LABEL,
  floor: FLOOR,
  level: { kind: "int", min: 0, max: 1_000_000, optional: true },
  x: OPTIONAL_FLOAT,
  y: OPTIONAL_FLOAT,
});

/** The definition of `bossEncounter`. */
export const BOSS_ENCOUNTER: EventDefinition = builtIn("bossEncounter", {
  boss: LABEL,
  floor: FLOOR,
  won: BOOL,
  durationMs: COUNT,
  damageDealt: OPTIONAL_AMOUNT,
  damageTaken: OPTIONAL_AMOUNT,
});

/** The definition of `achievement`. */
export const ACHIEVEMENT: EventDefinition = builtIn("achievement", {
  achievement: LABEL,
});

/** The definition of `itemPickup`. */
export const ITEM_PICKUP: EventDefinition = builtIn("itemPickup", {
  item: LABEL,
  floor: OPTIONAL_FLOOR,
  rarity: OPTIONAL_LABEL,
});

/** The definition of `floorComplete`. */
export const FLOOR_COMPLETE: EventDefinition = builtIn("floorComplete", {
  floor: FLOOR,
  durationMs: COUNT,
  kills: OPTIONAL_COUNT,
  items: OPTIONAL_COUNT,
});

/** The definition of `frameTime`. */
export const FRAME_TIME: EventDefinition = builtIn("frameTime", {
  sketch: FRAME_SKETCH,
  hitches: COUNT,
});

/** The definition of `memoryUsage`. */
export const MEMORY_USAGE: EventDefinition = builtIn("memoryUsage", {
  sketch: MEMORY_SKETCH,
});

/** The definition of `custom`. */
export const CUSTOM: EventDefinition = builtIn("custom", {
  key: LABEL,
  value: OPTIONAL_FLOAT,
});

/** The definition of `exception`. */
export const EXCEPTION: EventDefinition = builtIn("exception", {
  name: LABEL,
  message: { kind: "text", maxLength: 1_024 },
  stack: { kind: "text", maxLength: 8_192 },
  isFatal: BOOL,
  count: { kind: "int", min: 1 },
});

/** The definition of `drop`. */
export const DROP: EventDefinition = builtIn("drop", {
  event: LABEL,
  reason: LABEL,
  count: { kind: "int", min: 1 },
});

/** The definitions that are always there, in the order of PROTOCOL.md, section 2. */
export const BUILT_IN_EVENTS: readonly EventDefinition[] = Object.freeze([
  SESSION_START,
  SESSION_END,
  DEATH,
  BOSS_ENCOUNTER,
  ACHIEVEMENT,
  ITEM_PICKUP,
  FLOOR_COMPLETE,
  FRAME_TIME,
  MEMORY_USAGE,
  CUSTOM,
  EXCEPTION,
  DROP,
]);

function builtIn(
  name: string,
  fields: EventDefinition["fields"],
): EventDefinition {
  for (const field of Object.values(fields)) {
    if (field.kind === "choice") Object.freeze(field.of);
    Object.freeze(field);
  }
  return Object.freeze({ name, fields: Object.freeze(fields) });
}
