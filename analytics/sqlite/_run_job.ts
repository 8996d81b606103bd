import type { WriteJob } from "../../core/sqlite/mod.ts";
import type { RollUp, StoredRun, WriteOutcome } from "../store/store.ts";
import { readSketch } from "../store/store_checks.ts";
import type { EventTable } from "./_event_table.ts";
import type { SessionTable } from "./_session_table.ts";
import type { SumTable } from "./_sum_table.ts";

/** What a run is written to. */
export interface RunTables {
  readonly sessions: SessionTable;
  readonly events: EventTable;
  readonly sums: SumTable;
  /** Takes ids for events; gives the first one. */
  takeIds(count: number): number;
}

/** Events that cost about as much as a small job. */
const EVENTS_OF_WEIGHT = 16;

/** Writes a run. */
export class RunJob implements WriteJob {
  readonly weight: number;
  readonly #tables: RunTables;
  readonly #run: StoredRun;
  readonly #rollUp: RollUp;
  readonly #resolve: (outcome: WriteOutcome) => void;
  readonly #reject: (error: unknown) => void;
  #outcome: WriteOutcome | undefined;
  #thrown: unknown;

  /** `reject` is given what `rollUp` threw as it is, in an object of its own, to tell it from a failure. */
  constructor(
    tables: RunTables,
    run: StoredRun,
    rollUp: RollUp,
    resolve: (outcome: WriteOutcome) => void,
    reject: (error: unknown) => void,
  ) {
    this.weight = 1 + run.events.length / EVENTS_OF_WEIGHT;
    this.#tables = tables;
    this.#run = run;
    this.#rollUp = rollUp;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  run(): void {
    const { sessions, events, sums, takeIds } = this.#tables;
    const run = this.#run;
    this.#outcome = undefined;
    const session = sessions.find(run);
    if (session === undefined) {
      this.#outcome = { accepted: 0, duplicates: 0, isErased: true };
      return;
    }
    const fresh = run.events.filter(({ number }) =>
      session.numbers.add(number)
    );
    const duplicates = run.events.length - fresh.length;
    const outcome = { accepted: fresh.length, duplicates, isErased: false };
    if (fresh.length > 0) {
      let rollup, sketches;
      try {
        rollup = this.#rollUp(session.info, fresh);
        sketches = rollup.sketches.map((change) =>
          [change, readSketch(change)] as const
        );
      } catch (error) {
        // Nothing is written yet, and the others have nothing to do with it.
        this.#thrown = error;
        return;
      }
      sessions.put(session, fresh, rollup);
      events.put(takeIds(fresh.length), session.id, run, fresh);
      sums.add(session.info, rollup.counts, sketches);
    }
    this.#outcome = outcome;
  }

  settle(): void {
    if (this.#outcome !== undefined) this.#resolve(this.#outcome);
    else this.#reject(new RollUpError(this.#thrown));
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}

/** What `rollUp` threw. */
export class RollUpError extends Error {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    super("Cannot sum up events");
    this.thrown = thrown;
  }
}
