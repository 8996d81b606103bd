import type { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { errorCode } from "./database.ts";

/** The most jobs of one commit, and how long they may take before others have a turn. */
const MAX_BATCH = 1024;
const MAX_BATCH_MS = 20;
/** As much as this is not waited with. */
const ENOUGH_WEIGHT = 256;
/** Where nothing has come for so long, in milliseconds, there is nothing to wait for: all who write may be waiting as well. */
const QUIET_MS = 2;
/**
 * How long turns may follow each other at once, in milliseconds. Where there is always one more, Deno looks at its sockets
 * after 61 of them only.
 */
const MAX_ROW_MS = 8;
/** A pause in which others have had their turn, in milliseconds. */
const PAUSE_MS = 2;

const SQLITE_FULL = 13;

/** What was changed in memory, to be taken back where the database takes back its part. */
export class Undo {
  readonly #steps: (() => void)[] = [];

  add(step: () => void): void {
    this.#steps.push(step);
  }

  run(): void {
    while (this.#steps.length > 0) this.#steps.pop()!();
  }
}

/** Something that writes. */
export interface WriteJob {
  /** How many small jobs it is as long as; 1 if it is not there. */
  readonly weight?: number;
  /** Whether it is not to be kept waiting for others. */
  readonly isUrgent?: boolean;
  /** Does it, in a transaction that others are in as well. It may be called again after what it did was undone. */
  run(undo: Undo): void;
  /** Called when it is committed. */
  settle(): void;
  /** Called when nothing of it is there. */
  fail(error: unknown): void;
}

/**
 * Commits together whatever has come while the last commit was under way, and, where `lingerMs` is given, within that time:
 * a commit takes as long for one job as for hundreds. Between a job's beginning and the commit there
 * is no turn of the event loop, so that nobody sees what may yet be undone.
 */
export class WriteQueue {
  readonly #db: DatabaseSync;
  readonly #prepare: () => void;
  readonly #tend: (undo: Undo) => void;
  readonly #begin;
  readonly #commit;
  #jobs: WriteJob[] = [];
  #next = 0;
  #isArmed = false;
  readonly #lingerMs: number;
  #waitingWeight = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** How long the turns took that followed each other at once, and when the last one ended. */
  #rowMs = 0;
  #endedMs = 0;
  #failure: unknown;

  /**
   * `prepare` is called before each batch, `tend` at its end, within its transaction, for what is to be done bit by bit.
   * `lingerMs` is how long a job may be kept waiting for others, unless there is enough to do or none come.
   */
  constructor(
    db: DatabaseSync,
    prepare: () => void,
    tend: (undo: Undo) => void,
    lingerMs = 0,
  ) {
    this.#db = db;
    this.#lingerMs = lingerMs;
    this.#prepare = prepare;
    this.#tend = tend;
    this.#begin = db.prepare("BEGIN");
    this.#commit = db.prepare("COMMIT");
  }

  push(job: WriteJob): void {
    this.#jobs.push(job);
    this.#waitingWeight += job.isUrgent ? ENOUGH_WEIGHT : job.weight ?? 1;
    if (this.#lingerMs === 0 || this.#waitingWeight >= ENOUGH_WEIGHT) {
      this.#arm();
    } else if (!this.#isArmed && this.#timer === undefined) {
      this.#linger(this.#lingerMs);
    }
  }

  /** Waits for others, for a while or until there are none. */
  #linger(leftMs: number): void {
    const pushed = this.#jobs.length;
    const ms = Math.min(QUIET_MS, leftMs);
    this.#timer = setTimeout(() => {
      const isQuiet = this.#jobs.length === pushed;
      if (isQuiet || leftMs <= ms) this.#arm();
      else this.#linger(leftMs - ms);
    }, ms);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isArmed) return;
    this.#isArmed = true;
    if (performance.now() - this.#endedMs > PAUSE_MS) this.#rowMs = 0;
    if (this.#rowMs < MAX_ROW_MS) setImmediate(() => this.#turn());
    else {
      this.#rowMs = 0;
      setTimeout(() => this.#turn(), 0);
    }
  }

  #turn(): void {
    const beganMs = performance.now();
    const endMs = beganMs + MAX_BATCH_MS;
    const first = this.#next;
    let sinceClock = 0;
    this.#write(() => {
      if (this.#next >= this.#jobs.length) return undefined;
      if (this.#next - first >= MAX_BATCH) return undefined;
      // Reading the clock costs as much as a statement.
      if (sinceClock >= 16) {
        if (performance.now() > endMs) return undefined;
        sinceClock = 0;
      }
      const job = this.#jobs[this.#next++]!;
      sinceClock += job.weight ?? 1;
      return job;
    });
    this.#isArmed = false;
    this.#endedMs = performance.now();
    this.#rowMs += this.#endedMs - beganMs;
    if (this.#next < this.#jobs.length) {
      // What is done is dropped now and then, as it costs what is left.
      if (this.#next > MAX_BATCH * 4) {
        this.#jobs = this.#jobs.slice(this.#next);
        this.#next = 0;
      }
      return this.#arm();
    }
    this.#jobs = [];
    this.#next = 0;
    this.#waitingWeight = 0;
  }

  #write(take: () => WriteJob | undefined): void {
    const batch: WriteJob[] = [];
    const undo = new Undo();
    let isCommitting = false;
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#prepare();
      this.#begin.run();
      for (let job = take(); job !== undefined; job = take()) {
        batch.push(job);
        job.run(undo);
      }
      this.#tend(undo);
      isCommitting = true;
      this.#commit.run();
    } catch (error) {
      this.#takeBack(undo);
      if (this.#failure === undefined && !isCommitting && batch.length > 1) {
        // It is one of them that fails, and no reason for the others to.
        return this.#writeOneByOne(batch);
      }
      // What could not be synced may or may not be on the disk, and the next sync says nothing of it.
      if (isCommitting && errorCode(error) !== SQLITE_FULL) {
        this.#failure = error;
      }
      if (batch.length === 0) {
        for (let job = take(); job !== undefined; job = take()) batch.push(job);
      }
      for (const job of batch) job.fail(error);
      return;
    }
    for (const job of batch) job.settle();
  }

  #writeOneByOne(batch: readonly WriteJob[]): void {
    for (const job of batch) {
      let isTaken = false;
      this.#write(() => {
        if (isTaken) return undefined;
        isTaken = true;
        return job;
      });
    }
  }

  #takeBack(undo: Undo): void {
    undo.run();
    if (!this.#db.isTransaction) return;
    try {
      this.#db.exec("ROLLBACK");
    } catch (error) {
      this.#failure = error;
    }
  }
}
