// This module is browser compatible.
import { type DropCount, DropCounts } from "./_drop_counts.ts";
import type { Run } from "./_entry.ts";

/** What was dropped, and how much of it the collector has been told: each drop once, whatever becomes of the telling. */
export class DropAccount {
  /** Everything, those of an earlier process included. */
  readonly all = new DropCounts();
  /** What no event in the queue tells of. */
  readonly #untold = new DropCounts();
  /** What events tell of that are in the queue, or in a run that is not stored yet. */
  readonly #telling = new DropCounts();

  /** Counts what was dropped. Returns `false`, for whoever records. */
  add(event: string, reason: string, count = 1): false {
    this.all.add(event, reason, count);
    this.#untold.add(event, reason, count);
    return false;
  }

  /** Counts what an earlier process has counted, and told nobody. */
  addEarlier(drops: Iterable<DropCount>): void {
    this.#untold.addAll(drops);
  }

  /** What is to be told, oldest name first. */
  untold(): readonly DropCount[] {
    return this.#untold.isEmpty ? NONE : [...this.#untold];
  }

  /** An event that tells of it is in the queue. */
  onTelling(drop: DropCount): void {
    this.#untold.subtractAll([drop]);
    this.#telling.addAll([drop]);
  }

  /** What a run tells of is stored. */
  onStored(run: Run): void {
    this.#telling.subtractAll(run.drops);
  }

  /** A run is lost: its events, and what it told of others. */
  onLost(run: Run, reason: string): void {
    for (const [name, count] of run.names) this.add(name, reason, count);
    this.#untold.addAll(run.drops);
  }

  /** What nobody has been told when this run is stored. */
  leftWith(run: Run | undefined): readonly DropCount[] {
    const drops = new DropCounts();
    drops.addAll(this.#untold);
    drops.addAll(this.#telling);
    if (run !== undefined) drops.subtractAll(run.drops);
    return [...drops];
  }

  clear(): void {
    for (const counts of [this.all, this.#untold, this.#telling]) {
      counts.clear();
    }
  }
}

const NONE: readonly DropCount[] = [];
