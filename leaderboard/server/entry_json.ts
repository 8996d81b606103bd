// This module is browser compatible.
import { type Score, scoreToJson } from "../score.ts";
import type { RankedEntry } from "../store/store.ts";

/** An entry in an answer; PROTOCOL.md, section 3. */
export interface EntryJson {
  readonly rank: number;
  readonly playerId: string;
  readonly name: string;
  readonly score: number | string;
  readonly subscore: number | string;
  readonly class?: string;
  readonly metadata?: unknown;
  readonly timestamp: string;
  readonly replayUrl?: string;
}

/** Gives an entry the form that it has in answers and events. */
export function entryToJson({ entry, rank }: RankedEntry): EntryJson {
  return {
    rank,
    playerId: entry.playerId,
    name: entry.name,
    ...scoresToJson(entry),
    ...(entry.className === "" ? {} : { class: entry.className }),
    ...(entry.metadata === "" ? {} : { metadata: JSON.parse(entry.metadata) }),
    timestamp: new Date(entry.submittedMs).toISOString(),
    ...(entry.replay === ""
      ? {}
      : { replayUrl: `/v1/replays/${entry.replay}` }),
  };
}

/** The two numbers of an entry, as JSON has them. */
export function scoresToJson(
  { score, subscore }: { readonly score: Score; readonly subscore: Score },
): { score: number | string; subscore: number | string } {
  return { score: scoreToJson(score), subscore: scoreToJson(subscore) };
}
