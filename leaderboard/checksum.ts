// This module is browser compatible.
import { Fnv1a64 } from "../core/mod.ts";
import { type Score, scoreToJson } from "./score.ts";

/** What a submission's checksum is of; `undefined` for what its body leaves out. */
export interface ChecksumParts {
  readonly playerId: string;
  readonly name: string | undefined;
  readonly score: Score;
  readonly subscore: Score | undefined;
  readonly class: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly replay: string | undefined;
  readonly run: string | undefined;
}

/** The checksum of a submission, 16 hexadecimal digits; PROTOCOL.md, section 4. */
export function submissionChecksum(parts: ChecksumParts): string {
  const { playerId, name, score, subscore, metadata, replay, run } = parts;
  const texts = [
    JSON.stringify(playerId),
    JSON.stringify(name ?? null),
    JSON.stringify(scoreToJson(score)),
    subscore === undefined ? "null" : JSON.stringify(scoreToJson(subscore)),
    JSON.stringify(parts.class ?? null),
    metadata === undefined ? "null" : sortedObject(metadata),
    JSON.stringify(replay ?? null),
    JSON.stringify(run ?? null),
  ];
  const hash = new Fnv1a64();
  hash.update(new TextEncoder().encode(`[${texts.join(",")}]`));
  return hash.hex();
}

/** Written by hand, as objects put names that look like integers first, whatever order they are made in. */
function sortedObject(fields: Readonly<Record<string, unknown>>): string {
  const texts = Object.keys(fields).sort().map((name) =>
    `${JSON.stringify(name)}:${JSON.stringify(fields[name])}`
  );
  return `{${texts.join(",")}}`;
}
