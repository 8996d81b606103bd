// This module is browser compatible.
import {
  decodeBase64Url,
  encodeBase64Url,
  isPlayerId,
  type PlayerId,
  type Random,
} from "../../core/mod.ts";
import { parseScore, type Score, scoreToJson } from "../score.ts";
import type { HeldSubmission } from "../store/store.ts";

const MAX_REASON_LENGTH = 200;

/** What a held submission is when it is decided about, besides what the store knows of it. */
export interface HeldData {
  readonly name: string;
  readonly score: Score;
  readonly subscore: Score;
  readonly className: string;
  /** As it is stored. */
  readonly metadata: string;
  /** How long the run took, in milliseconds. */
  readonly runMs: number | undefined;
  /** Its idempotency key. */
  readonly key: string;
  /** Why it is held, for moderators. */
  readonly reason: string;
}

/** Writes it for the store. */
export function encodeHeld(data: HeldData): string {
  return JSON.stringify({
    ...data,
    score: scoreToJson(data.score),
    subscore: scoreToJson(data.subscore),
    reason: data.reason.slice(0, MAX_REASON_LENGTH),
  });
}

/** Reads it. What it gets wrong only a store can have made. */
export function decodeHeld({ data }: HeldSubmission): HeldData {
  const value = JSON.parse(data);
  return {
    ...value,
    score: parseScore(value.score) ?? 0,
    subscore: parseScore(value.subscore) ?? 0,
    runMs: value.runMs,
  };
}

/** Makes the id of a held submission. The player is in it, as a store finds it by him. */
export function heldIdOf(playerId: PlayerId, random: Random): string {
  const bytes = new Uint8Array(15);
  random.fill(bytes);
  const player = encodeBase64Url(new TextEncoder().encode(playerId));
  return `${encodeBase64Url(bytes)}.${player}`;
}

/** Whose submission it is; `undefined` if the id is none. */
export function playerOfHeld(id: string): PlayerId | undefined {
  const bytes = decodeBase64Url(id.slice(id.indexOf(".") + 1));
  if (bytes === undefined) return undefined;
  const text = new TextDecoder().decode(bytes);
  return isPlayerId(text) ? text : undefined;
}
