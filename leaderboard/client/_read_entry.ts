// This module is browser compatible.
import { isPlayerId } from "../../core/mod.ts";
import { parseScore } from "../score.ts";
import { isClassName, isDisplayName } from "../board/name.ts";
import type { ScoreEntry, ScoreMetadata } from "./score_entry.ts";

/** Makes an absolute URL of what a server named, if it may be one. */
export type ResolveUrl = (url: string) => string | undefined;

const MAX_META_FIELDS = 64;
const MAX_META_CHARACTERS = 16_384;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const NO_METADATA: ScoreMetadata = Object.freeze({});

/** An object of JSON, which may be anything else. */
export type Json = Readonly<Record<string, unknown>>;

/** Tells whether a value of JSON is an object. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is an integer from `min` on. */
export function isCount(value: unknown, min = 0): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min;
}

/** Whether a value is a time in the one form of PROTOCOL.md. */
export function isTimestamp(value: unknown): value is string {
  return typeof value === "string" && TIMESTAMP.test(value) &&
    !Number.isNaN(Date.parse(value));
}

/** Reads an entry from anybody; `undefined` if it is none. */
export function readEntry(
  value: unknown,
  resolve: ResolveUrl,
): ScoreEntry | undefined {
  if (!isObject(value)) return undefined;
  const { rank, playerId, name, timestamp } = value;
  const score = parseScore(value.score);
  const subscore = parseScore(value.subscore);
  const metadata = readMetadata(value.metadata);
  const replayUrl = typeof value.replayUrl === "string"
    ? resolve(value.replayUrl)
    : undefined;
  if (
    !isCount(rank, 1) || !isPlayerId(playerId) || !isDisplayName(name) ||
    score === undefined || subscore === undefined || metadata === undefined ||
    !(value.class === undefined || isClassName(value.class)) ||
    !isTimestamp(timestamp) ||
    (value.replayUrl !== undefined && replayUrl === undefined)
  ) {
    return undefined;
  }
  return {
    rank,
    playerId,
    name,
    score,
    subscore,
    class: value.class,
    metadata,
    timestamp,
    replayUrl,
  };
}

/** Reads at most so many entries; `undefined` if one of them is none. */
export function readEntries(
  value: unknown,
  limit: number,
  resolve: ResolveUrl,
): ScoreEntry[] | undefined {
  if (!Array.isArray(value) || value.length > limit) return undefined;
  const entries: ScoreEntry[] = [];
  for (const item of value) {
    const entry = readEntry(item, resolve);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return entries;
}

function readMetadata(value: unknown): ScoreMetadata | undefined {
  if (value === undefined) return NO_METADATA;
  if (!isObject(value)) return undefined;
  let fields = 0;
  let characters = 0;
  // What JSON gave has only properties of its own, "__proto__" too: it is handed on as it is.
  for (const [name, field] of Object.entries(value)) {
    fields++;
    characters += name.length;
    if (typeof field === "string") characters += field.length;
    else if (typeof field !== "boolean" && !Number.isFinite(field)) {
      return undefined;
    }
  }
  return fields > MAX_META_FIELDS || characters > MAX_META_CHARACTERS
    ? undefined
    : value as ScoreMetadata;
}
