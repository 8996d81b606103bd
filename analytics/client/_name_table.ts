// This module is browser compatible.
import { Fnv1a64 } from "../../core/mod.ts";
import type { EventCatalog } from "../event/event_catalog.ts";
import type { EventDefinition } from "../event/event_definition.ts";
import type { NameCounts } from "./_entry.ts";
import type { Session } from "./_session.ts";

const UTF_8 = new TextEncoder();

/** What is known of an event's name. */
export interface NameEntry {
  readonly definition: EventDefinition;
  /** The fields, in the order in which they are sent. */
  readonly fields: readonly string[];
  /** Whether a game may record it. */
  readonly isRecordable: boolean;
  /** The share of sessions that send it: 0 to 1. */
  readonly sample: number;
  /** The session for which `isSampledOut` was decided. */
  sampledFor: Session | undefined;
  isSampledOut: boolean;
  /** How many are in the queue. */
  waiting: number;
}

/** The events that there are, by name. */
export class NameTable {
  readonly #entries = new Map<string, NameEntry>();

  constructor(catalog: EventCatalog, sample: Readonly<Record<string, number>>) {
    for (const name of catalog.names) {
      const definition = catalog.get(name)!;
      this.#entries.set(name, {
        definition,
        fields: Object.keys(definition.fields),
        isRecordable: catalog.isRecordable(name),
        sample: Object.hasOwn(sample, name) ? sample[name]! : 1,
        sampledFor: undefined,
        isSampledOut: false,
        waiting: 0,
      });
    }
  }

  get(name: string): NameEntry | undefined {
    return this.#entries.get(name);
  }

  /** How many of each name are in the queue, but for `drop`, which the drops are an account of. */
  waiting(): NameCounts {
    const counts: [string, number][] = [];
    for (const [name, { waiting }] of this.#entries) {
      if (waiting > 0 && name !== "drop") counts.push([name, waiting]);
    }
    return counts;
  }

  /** Decides anew, as the session turned out to be another one. */
  forgetSamples(): void {
    for (const entry of this.#entries.values()) entry.sampledFor = undefined;
  }
}

/**
 * Whether a session leaves out the events of a name. All of a session's are sent or none, so that funnels and counts per
 * session stay whole in those that send them; names are independent of each other.
 */
export function isSampledOut(entry: NameEntry, session: Session): boolean {
  if (entry.sample >= 1) return false;
  if (entry.sampledFor !== session) {
    entry.sampledFor = session;
    entry.isSampledOut = hash01(session.id, entry.definition.name) >=
      entry.sample;
  }
  return entry.isSampledOut;
}

/** A number from 0 to below 1 that depends on both texts alone. */
function hash01(session: string, name: string): number {
  const hash = new Fnv1a64();
  hash.update(UTF_8.encode(`${session}/${name}`));
  // The upper bits of FNV-1a depend little on the last characters: both halves are mixed (murmur3's finalizer).
  let mixed = hash.low ^ hash.high;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
