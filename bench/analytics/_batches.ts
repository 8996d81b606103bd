// Batches as clients send them (analytics/PROTOCOL.md, section 4), made by hand so that the collector is measured
// against the protocol and not against our client.
import { encodeBase64Url, SeededRandom } from "../../core/mod.ts";
import { makeEvents } from "./_events.ts";

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  itemPickup: ["item", "floor"],
  death: ["cause", "floor"],
  floorComplete: ["floor", "durationMs", "kills", "items"],
  bossEncounter: ["boss", "floor", "won", "durationMs"],
};
const NAMES = Object.keys(FIELDS);
const BUILDS = ["1.0.0", "1.1.0", "1.2.0"];
const PLATFORMS = ["windows", "linux", "macos", "web"];

/** What batches are made of. */
export interface BatchOptions {
  /** How many batches. */
  readonly count: number;
  /** Events of each. */
  readonly events: number;
  /** Over how many sessions they are spread, which take turns. */
  readonly sessions: number;
  /** The time of the first event, in epoch milliseconds. */
  readonly startMs: number;
}

/** Makes the texts of batches, each with the next numbers of its session. */
export function* makeBatches(
  { count, events, sessions, startMs }: BatchOptions,
): Generator<string> {
  const random = new SeededRandom(11);
  const all = makeEvents(10_000);
  const ids = Array.from(
    { length: sessions },
    () => [idOf(random), idOf(random)],
  );
  const next = new Array<number>(sessions).fill(0);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const which = i % sessions;
    const rows = Array.from({ length: events }, () => {
      const { name, fields } = all[at++ % all.length]!;
      return [
        NAMES.indexOf(name),
        random.nextU32() % 2_000,
        ...FIELDS[name]!.map((field) => fields[field]),
      ];
    });
    yield JSON.stringify({
      v: 1,
      sentAt: startMs + 3_600_000,
      runs: [{
        s: ids[which]![0],
        i: ids[which]![1],
        b: BUILDS[which % BUILDS.length],
        p: PLATFORMS[which % PLATFORMS.length],
        n: next[which],
        t: startMs,
        d: NAMES.map((name) => [name, ...FIELDS[name]!]),
        e: rows,
      }],
    });
    next[which]! += events;
  }
}

/** Compresses a text as clients do. */
export async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function idOf(random: SeededRandom): string {
  const bytes = new Uint8Array(16);
  random.fill(bytes);
  return encodeBase64Url(bytes);
}
